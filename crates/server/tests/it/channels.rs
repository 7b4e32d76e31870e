//! `/api/channels` and `/api/deliveries`: what real receivers get, first and on later attempts.

use crate::api::Api;
use crate::app::{TestApp, eventually};
use crate::rules::{anyone, user};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use dregs_server::config::{NotifyOptions, RunOptions};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

on_both!(
    a_webhook_is_signed_as_the_official_client_wants_it,
    scores_badges_and_escalations_are_told,
    what_failed_is_told_again_in_order_under_its_id,
    a_receiver_that_is_gone_switches_its_channel_off,
    during_a_rotation_both_secrets_sign,
    a_finished_delivery_is_sent_again,
    slack_gets_blocks_and_mail_goes_out,
    inner_addresses_are_refused,
    a_channel_that_a_rule_names_cannot_be_deleted,
    wrong_channels_name_their_field,
);

#[derive(Clone)]
pub struct Received {
    headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body, provided that the official client takes it.
    pub fn verified(&self, secret: &str) -> Value {
        let verified = dregs::webhooks::verify(&self.body, self.header("x-dregs-signature"), secret);
        Value::Object(verified.unwrap_or_else(|error| panic!("{error}")))
    }
}

/// Takes what it is sent, and answers with the statuses it was told in turn, then with 200.
#[derive(Clone, Default)]
pub struct Receiver {
    seen: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
    pub url: String,
}

impl Receiver {
    pub async fn start(answers: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(answers.iter().copied().collect()));
        let receiver = Receiver { url, answers, ..Receiver::default() };
        let take = async |State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes| {
            receiver.seen.lock().unwrap().push(Received { headers, body });
            StatusCode::from_u16(receiver.answers.lock().unwrap().pop_front().unwrap_or(200)).unwrap()
        };
        let routes = Router::new().route("/hook", post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        receiver
    }

    pub fn seen(&self) -> Vec<Received> {
        self.seen.lock().unwrap().clone()
    }

    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        eventually("the receiver has got it", async || self.seen.lock().unwrap().len() >= count).await;
        self.seen()
    }
}

/// A server that may send to this machine.
pub async fn open(app: &mut TestApp) {
    let notify = NotifyOptions {
        allow_private_targets: true,
        public_url: Some("https://dregs.example/".into()),
        ..NotifyOptions::default()
    };
    app.restart(RunOptions { notify, ..RunOptions::default() }).await;
}

pub async fn webhook(api: &Api, receiver: &Receiver, events: Value) -> (String, String) {
    let body = json!({"name": "Receiver", "type": "WEBHOOK", "url": receiver.url, "events": events});
    let made = api.post("/channels", &body).await.expect(201);
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    assert!(text("secret").starts_with("whsec_") && text("slug") == "receiver", "{made}");
    (text("id"), text("secret"))
}

async fn log(app: &TestApp) -> Vec<Value> {
    let page = app.api.get("/channels/receiver/deliveries?pageSize=100").await.expect(200);
    page["content"].as_array().unwrap().clone()
}

pub async fn delivered(app: &TestApp, count: usize) {
    eventually("all is delivered", async || {
        let log = log(app).await;
        log.len() >= count && log.iter().all(|delivery| delivery["status"] == "DELIVERED")
    })
    .await;
}

async fn a_webhook_is_signed_as_the_official_client_wants_it(app: &mut TestApp) {
    open(app).await;
    let receiver = Receiver::start(&[]).await;
    let (channel_id, secret) = webhook(&app.api, &receiver, json!([])).await;
    let test = app.api.post("/channels/receiver/actions/test", &json!({})).await.expect(202);
    let got = receiver.wait_for(1).await.remove(0);
    let body = got.verified(&secret);
    assert_eq!((&body["event"], &body["channelId"], &body["id"]), (&json!("TEST"), &json!(channel_id), &test["id"]));
    assert_eq!(got.header("x-dregs-event"), "TEST");
    assert_eq!(got.header("x-dregs-timestamp"), body["timestamp"]);
    assert_eq!(
        (got.header("x-dregs-delivery"), got.header("webhook-id")),
        (test["id"].as_str().unwrap(), test["id"].as_str().unwrap())
    );
    assert!(got.header("webhook-signature").starts_with("v1,"));
    let signature = got.header("x-dregs-signature");
    assert!(signature.len() == 64 && signature.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')), "{signature}");
    dregs::webhooks::verify(&got.body, signature, "whsec_other").unwrap_err();
    delivered(app, 1).await;
    let logged = log(app).await.remove(0);
    assert_eq!(
        (&logged["trigger"], &logged["httpStatus"], &logged["attempt"], &logged["error"]),
        (&json!("TEST"), &json!(200), &json!(1), &Value::Null)
    );
    assert!(!app.api.get("/channels").await.text.contains(&secret), "a secret is shown once");
}

async fn scores_badges_and_escalations_are_told(app: &mut TestApp) {
    open(app).await;
    let receiver = Receiver::start(&[]).await;
    let (_, secret) = webhook(&app.api, &receiver, json!(["IDENTITY_SCORED", "IDENTITY_BADGES_CHANGED"])).await;
    app.api.post("/badge-rules", &json!({"name": "Known", "type": "BAD", "conditions": anyone()})).await.expect(201);
    let rule = json!({"name": "Known to us", "severity": "INFO", "conditions": anyone(), "channels": ["receiver"]});
    let rule = app.api.post("/escalation-rules", &rule).await.expect(201);
    user(app, "tenant/7").await;
    let bodies: Vec<Value> = receiver.wait_for(3).await.iter().map(|got| got.verified(&secret)).collect();
    assert_eq!(bodies.len(), 3);
    let of = |event: &str| bodies.iter().find(|body| body["event"] == event).unwrap()["data"].clone();
    for event in ["IDENTITY_SCORED", "IDENTITY_BADGES_CHANGED", "ESCALATION_OPENED"] {
        let data = of(event);
        assert_eq!((&data["identityId"], &data["displayName"]), (&json!("tenant/7"), &json!("Anna Virtanen")));
        assert_eq!(data["badges"], json!([{"slug": "known", "name": "Known", "type": "BAD"}]));
        assert_eq!(data["dashboardUrl"], "https://dregs.example/identities/tenant%2F7");
        assert!(data["scores"]["authenticity"].is_i64(), "{data}");
    }
    let scored = of("IDENTITY_SCORED");
    let analysis = app.api.get("/identities/tenant%2F7/analysis").await.expect(200);
    assert_eq!((&scored["analysisId"], &scored["previousScores"]["authenticity"]), (&analysis["id"], &Value::Null));
    let badges = of("IDENTITY_BADGES_CHANGED");
    assert_eq!((&badges["added"], &badges["removed"]), (&json!(["known"]), &json!([])));
    let opened = of("ESCALATION_OPENED")["escalation"].clone();
    assert_eq!(
        (&opened["status"], &opened["severity"], &opened["rule"]),
        (&json!("OPEN"), &json!("INFO"), &json!({"id": rule["id"], "name": "Known to us"}))
    );
    app.api.patch(&format!("/escalations/{}", opened["id"]), &json!({"status": "CLOSED"})).await.expect(200);
    let closed = receiver.wait_for(4).await.remove(3).verified(&secret);
    assert_eq!(
        (&closed["event"], &closed["data"]["escalation"]["status"]),
        (&json!("ESCALATION_CLOSED"), &json!("CLOSED"))
    );
    assert!(closed["data"]["escalation"]["closedAt"].is_string(), "{closed}");
    delivered(app, 4).await;
}

async fn what_failed_is_told_again_in_order_under_its_id(app: &mut TestApp) {
    open(app).await;
    let receiver = Receiver::start(&[500]).await;
    let (_, secret) = webhook(&app.api, &receiver, json!(["IDENTITY_BADGES_CHANGED"])).await;
    app.api.post("/badge-rules", &json!({"name": "Known", "conditions": anyone()})).await.expect(201);
    user(app, "a").await;
    receiver.wait_for(1).await;
    app.api.delete("/badge-rules/known").await.expect(204);
    app.settle().await;
    app.api.post("/badge-rules", &json!({"name": "Known again", "conditions": anyone()})).await.expect(201);
    app.settle().await;
    let got = receiver.wait_for(4).await;
    let bodies: Vec<Value> = got.iter().map(|got| got.verified(&secret)).collect();
    assert_eq!((&bodies[0]["id"], &bodies[0]["data"]), (&bodies[1]["id"], &bodies[1]["data"]));
    assert_ne!(bodies[0]["timestamp"], bodies[1]["timestamp"], "every attempt is stamped and signed anew");
    let added: Vec<&Value> = bodies.iter().map(|body| &body["data"]["added"]).collect();
    assert_eq!(added, [&json!(["known"]), &json!(["known"]), &json!([]), &json!(["known-again"])]);
    assert_eq!(bodies[2]["data"]["removed"], json!(["known"]), "a badge that goes with its rule is told");
    delivered(app, 3).await;
    assert_eq!(log(app).await.iter().map(|held| held["attempt"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 1, 2]);
}

async fn a_receiver_that_is_gone_switches_its_channel_off(app: &mut TestApp) {
    open(app).await;
    let receiver = Receiver::start(&[410]).await;
    webhook(&app.api, &receiver, json!([])).await;
    app.api.post("/channels/receiver/actions/test", &json!({})).await.expect(202);
    eventually("the channel is off", async || app.api.get("/channels/receiver").await.json["enabled"] == false).await;
    let off = app.api.get("/channels/receiver").await.expect(200);
    assert!(off["disabledReason"].as_str().unwrap().contains("410"), "{off}");
    app.api.post("/channels/receiver/actions/test", &json!({})).await.error(409);
    let on = app.api.patch("/channels/receiver", &json!({"enabled": true})).await.expect(200);
    assert_eq!((&on["disabledReason"], &on["failingSince"]), (&Value::Null, &Value::Null));
    app.api.post("/channels/receiver/actions/test", &json!({})).await.expect(202);
    receiver.wait_for(2).await;
    eventually("it is delivered", async || log(app).await[0]["status"] == "DELIVERED").await;
    assert_eq!(log(app).await[1]["status"], "FAILED");
}

async fn during_a_rotation_both_secrets_sign(app: &mut TestApp) {
    open(app).await;
    let receiver = Receiver::start(&[]).await;
    let (_, old) = webhook(&app.api, &receiver, json!([])).await;
    let rotated = app.api.post("/channels/receiver/actions/rotate-secret", &json!({})).await.expect(200);
    let fresh = rotated["secret"].as_str().unwrap().to_owned();
    assert!(fresh != old && rotated["previousSecretUntil"].is_string(), "{rotated}");
    app.api.post("/channels/receiver/actions/test", &json!({})).await.expect(202);
    let got = receiver.wait_for(1).await.remove(0);
    got.verified(&fresh);
    dregs::webhooks::verify(&got.body, got.header("x-dregs-signature-previous"), &old).unwrap();
    assert_eq!(got.header("webhook-signature").split(' ').count(), 2);
    app.api.post("/channels/receiver/actions/rotate-secret", &json!({"overlapSeconds": 0})).await.expect(200);
    app.api.post("/channels/receiver/actions/test", &json!({})).await.expect(202);
    let got = receiver.wait_for(2).await.remove(1);
    assert_eq!(got.header("x-dregs-signature-previous"), "");
    delivered(app, 2).await;
    app.api.post("/channels/receiver/actions/rotate-secret", &json!({"overlapSeconds": -1})).await.error(400);
}

async fn a_finished_delivery_is_sent_again(app: &mut TestApp) {
    open(app).await;
    let receiver = Receiver::start(&[]).await;
    webhook(&app.api, &receiver, json!([])).await;
    for count in 1..=2 {
        app.api.post("/channels/receiver/actions/test", &json!({})).await.expect(202);
        receiver.wait_for(count).await;
    }
    delivered(app, 2).await;
    let ids: Vec<Value> = log(app).await.iter().map(|held| held["id"].clone()).collect();
    let path = format!("/deliveries/{}/actions/redeliver", ids[0].as_str().unwrap());
    assert_eq!(app.api.post(&path, &json!({})).await.expect(202)["redelivered"], 1);
    let again = receiver.wait_for(3).await.remove(2);
    assert_eq!(again.header("x-dregs-delivery"), ids[0].as_str().unwrap());
    delivered(app, 2).await;
    let range = json!({"from": ids[1], "to": ids[0]});
    assert_eq!(app.api.post("/channels/receiver/actions/redeliver", &range).await.expect(202)["redelivered"], 2);
    receiver.wait_for(5).await;
    delivered(app, 2).await;
    app.api.post("/deliveries/dlv_1/actions/redeliver", &json!({})).await.error(404);
    app.api.post("/deliveries/x/actions/redeliver", &json!({})).await.error(400);
}

/// As much of a mail server as takes one message.
pub async fn mail_sink() -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let sink = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 sink\r\n").await.unwrap();
        let (mut mail, mut in_data) = (String::new(), false);
        while let Ok(Some(line)) = lines.next_line().await {
            let answer: &[u8] = match line.as_str() {
                "." if in_data => {
                    in_data = false;
                    b"250 kept\r\n"
                }
                text if in_data => {
                    mail.push_str(text);
                    mail.push('\n');
                    continue;
                }
                "DATA" => {
                    in_data = true;
                    b"354 go on\r\n"
                }
                "QUIT" => b"221 bye\r\n",
                _ => b"250 ok\r\n",
            };
            write.write_all(answer).await.unwrap();
        }
        mail
    });
    (url, sink)
}

async fn slack_gets_blocks_and_mail_goes_out(app: &mut TestApp) {
    let (smtp_url, sink) = mail_sink().await;
    let notify = NotifyOptions {
        allow_private_targets: true,
        smtp_url: Some(smtp_url),
        mail_from: "Dregs <dregs@example.com>".into(),
        ..NotifyOptions::default()
    };
    app.restart(RunOptions { notify, ..RunOptions::default() }).await;
    let receiver = Receiver::start(&[]).await;
    let slack = json!({"name": "Slack", "type": "SLACK", "url": receiver.url, "events": ["IDENTITY_SCORED"]});
    let made = app.api.post("/channels", &slack).await.expect(201);
    assert_eq!(made["secret"], Value::Null);
    assert!(!app.api.get("/channels/slack").await.text.contains("/hook"), "the URL of a Slack channel is a secret");
    let mail = json!({"name": "Mail", "type": "EMAIL", "to": ["ops@example.com"], "events": ["IDENTITY_SCORED"]});
    app.api.post("/channels", &mail).await.expect(201);
    app.track(json!({"type": "login", "identity": {"id": "a", "data": {"name": "<!channel> Eve"}}})).await;
    let got = receiver.wait_for(1).await.remove(0);
    let card: Value = serde_json::from_slice(&got.body).unwrap();
    assert!(
        card["blocks"].as_array().unwrap().len() >= 2 && !card["text"].as_str().unwrap().contains("<!channel>"),
        "{card}"
    );
    let mail = tokio::time::timeout(std::time::Duration::from_secs(30), sink).await.unwrap().unwrap();
    for part in
        ["To: ops@example.com", "From: Dregs <dregs@example.com>", "multipart/alternative", "text/plain", "text/html"]
    {
        assert!(mail.contains(part), "{part} in {mail}");
    }
}

async fn inner_addresses_are_refused(app: &mut TestApp) {
    app.restart(RunOptions::default()).await;
    let receiver = Receiver::start(&[]).await;
    let channel = |url: &str| json!({"name": "Inner", "type": "WEBHOOK", "url": url});
    for url in [
        "http://127.0.0.1:9/",
        "http://0x7f.1/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/latest",
        "ftp://x.example/",
        "nowhere",
    ] {
        assert!(app.api.post("/channels", &channel(url)).await.error(400).starts_with("url"), "{url}");
    }
    // A name is looked at when it is resolved.
    let named = receiver.url.replace("127.0.0.1", "localhost");
    app.api.post("/channels", &channel(&named)).await.expect(201);
    app.api.post("/channels/inner/actions/test", &json!({})).await.expect(202);
    let log = async || app.api.get("/channels/inner/deliveries").await.expect(200)["content"][0].clone();
    eventually("it was tried", async || log().await["attempt"] == 1).await;
    let held = log().await;
    assert_eq!((&held["status"], receiver.seen().len()), (&json!("PENDING"), 0));
    assert!(held["error"].is_string() && held["nextAttemptAt"].is_string(), "{held}");
    let failing = async || app.api.get("/channels/inner").await.expect(200)["failingSince"].is_string();
    eventually("the channel is said to fail", failing).await;
    app.api.delete("/channels/inner").await.expect(204);
}

async fn a_channel_that_a_rule_names_cannot_be_deleted(app: &mut TestApp) {
    open(app).await;
    let receiver = Receiver::start(&[]).await;
    webhook(&app.api, &receiver, json!([])).await;
    let rule = json!({"name": "Tells", "conditions": anyone(), "channels": ["receiver"]});
    let rule = app.api.post("/escalation-rules", &rule).await.expect(201);
    assert!(app.api.delete("/channels/receiver").await.error(409).contains("Tells"));
    app.api
        .patch(&format!("/escalation-rules/{}", rule["id"].as_str().unwrap()), &json!({"channels": []}))
        .await
        .expect(200);
    app.api.delete("/channels/receiver").await.expect(204);
    app.api.get("/channels/receiver").await.error(404);
}

async fn wrong_channels_name_their_field(app: &mut TestApp) {
    for (body, expected) in [
        (json!({"type": "WEBHOOK", "url": "https://x.example/"}), "name"),
        (json!({"name": "x", "type": "PIGEON"}), "EMAIL"),
        (json!({"name": "x"}), "type"),
        (json!({"name": "x", "type": "WEBHOOK"}), "url"),
        (json!({"name": "x", "type": "EMAIL", "to": []}), "to"),
        (json!({"name": "x", "type": "EMAIL", "to": ["nobody"]}), "to[0]"),
        (json!({"name": "x", "type": "EMAIL", "to": ["a@b.example"], "events": ["ALL"]}), "IDENTITY_SCORED"),
        (json!({"name": "x", "type": "EMAIL", "to": ["a@b.example"], "maxPerMinute": 0}), "maxPerMinute"),
        (json!({"name": "x", "type": "EMAIL", "to": ["a@b.example"], "maxPerMinute": 60_001}), "maxPerMinute"),
        (json!({"name": "x", "type": "EMAIL", "to": ["a@b.example"], "digestMinutes": 4}), "digestMinutes"),
        (json!({"name": "x", "type": "EMAIL", "to": ["a@b.example"], "digestMinutes": 1441}), "digestMinutes"),
        (json!({"name": "x", "type": "WEBHOOK", "url": "https://x.example/", "digestMinutes": 5}), "EMAIL"),
    ] {
        let answer = app.api.post("/channels", &body).await;
        assert!(answer.error(400).contains(expected), "{body}: {}", answer.text);
    }
    app.api.post("/channels", &json!({"name": "x", "type": "EMAIL", "to": ["a@b.example"]})).await.expect(201);
    app.api.post("/channels", &json!({"name": "X", "type": "EMAIL", "to": ["a@b.example"]})).await.error(409);
    app.api.patch("/channels/x", &json!({"type": "SLACK"})).await.error(400);
    let slack = json!({"name": "S", "type": "SLACK", "url": "https://hooks.slack.example/services/x"});
    let shown = app.api.post("/channels", &slack).await.expect(201)["url"].clone();
    assert!(app.api.patch("/channels/s", &json!({"url": shown})).await.error(400).contains("leave it out"));
    app.api.post("/channels/x/actions/rotate-secret", &json!({})).await.error(400);
    app.api.get("/channels/x/deliveries?status=LOST").await.error(400);
    app.api.get("/channels/none/deliveries").await.error(404);
}
