//! What must not go untold, how fast it is told, and many notifications in one mail.

use crate::app::{TestApp, eventually};
use crate::channels::{Receiver, delivered, open, webhook};
use crate::rules::{anyone, user};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use dregs_server::config::{NotifyOptions, RunOptions};
use dregs_store::DeliveryWrite;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

on_both!(
    badges_and_escalations_that_go_are_told_whatever_makes_them_go,
    a_channel_that_is_switched_off_is_told_to_the_others_and_to_administrators,
    a_channel_to_which_nothing_gets_through_for_five_days_is_switched_off,
    a_channel_is_attempted_at_its_pace_and_says_what_waits,
    a_receiver_that_is_busy_is_left_alone_for_as_long_as_it_says,
    a_test_that_is_stuck_stands_before_no_other,
    a_digest_is_one_mail_and_stays_the_same_when_it_is_tried_again,
    a_digest_waits_for_its_minutes,
);

async fn badges_and_escalations_that_go_are_told_whatever_makes_them_go(app: &mut TestApp) {
    open(app).await;
    let receiver = Receiver::start(&[]).await;
    let (_, secret) = webhook(&app.api, &receiver, json!(["IDENTITY_BADGES_CHANGED"])).await;
    let told = async |count: usize| receiver.wait_for(count).await.remove(count - 1).verified(&secret);
    let known = json!({"name": "Known", "type": "BAD", "conditions": anyone()});
    app.api.post("/badge-rules", &known).await.expect(201);
    user(app, "a").await;
    assert_eq!(told(1).await["data"]["added"], json!(["known"]));

    app.api.delete("/badge-rules/known").await.expect(204);
    let gone = told(2).await;
    assert_eq!((&gone["event"], &gone["data"]["identityId"]), (&json!("IDENTITY_BADGES_CHANGED"), &json!("a")));
    assert_eq!((&gone["data"]["removed"], &gone["data"]["added"]), (&json!(["known"]), &json!([])));
    assert_eq!(gone["data"]["badges"], json!([]));
    app.settle().await;

    app.api.post("/badge-rules", &known).await.expect(201);
    assert_eq!(told(3).await["data"]["added"], json!(["known"]));
    app.settle().await;
    app.api.patch("/badge-rules/known", &json!({"enabled": false})).await.expect(200);
    assert_eq!(told(4).await["data"]["removed"], json!(["known"]), "also when the rule is switched off");
    app.settle().await;

    app.api.patch("/badge-rules/known", &json!({"enabled": true})).await.expect(200);
    told(5).await;
    app.settle().await;
    let rule = json!({"name": "Tells", "severity": "CRITICAL", "conditions": anyone(), "channels": ["receiver"]});
    app.api.post("/escalation-rules", &rule).await.expect(201);
    let opened = told(6).await["data"]["escalation"].clone();
    app.settle().await;
    app.api.patch("/identities/a", &json!({"disregarded": true})).await.expect(200);
    let closed = told(7).await;
    assert_eq!((&closed["event"], &closed["data"]["badges"]), (&json!("ESCALATION_CLOSED"), &json!([])));
    let escalation = &closed["data"]["escalation"];
    assert_eq!(
        (&escalation["id"], &escalation["status"], &escalation["openedAt"]),
        (&opened["id"], &json!("CLOSED"), &opened["openedAt"])
    );
    assert!(escalation["closedAt"].is_string(), "{closed}");
    let gone = told(8).await;
    assert_eq!((&gone["event"], &gone["data"]["removed"]), (&json!("IDENTITY_BADGES_CHANGED"), &json!(["known"])));
    delivered(app, 8).await;
    assert_eq!(receiver.seen().len(), 8, "and nothing else is told");
}

/// A mail server that keeps what it takes, and answers the first messages as it was told.
#[derive(Clone, Default)]
struct MailServer {
    mails: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Vec<&'static str>>>,
    url: String,
}

impl MailServer {
    async fn start(answers: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(answers.iter().rev().copied().collect()));
        let server = MailServer { url, answers, ..MailServer::default() };
        let taking = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(taking.clone().serve(stream));
            }
        });
        server
    }

    async fn serve(self, stream: TcpStream) {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let _ = write.write_all(b"220 sink\r\n").await;
        let (mut mail, mut in_data) = (String::new(), false);
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match line.as_str() {
                "." if in_data => {
                    in_data = false;
                    self.mails.lock().unwrap().push(std::mem::take(&mut mail));
                    self.answers.lock().unwrap().pop().unwrap_or("250 kept\r\n")
                }
                text if in_data => {
                    mail.push_str(text);
                    mail.push('\n');
                    continue;
                }
                "DATA" => {
                    in_data = true;
                    "354 go on\r\n"
                }
                "QUIT" => "221 bye\r\n",
                text => {
                    mail.push_str(text);
                    mail.push('\n');
                    "250 ok\r\n"
                }
            };
            if write.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    async fn wait_for(&self, count: usize) -> Vec<String> {
        eventually("a mail has come", async || self.mails.lock().unwrap().len() >= count).await;
        self.mails.lock().unwrap().clone()
    }
}

async fn with_mail(app: &mut TestApp, server: &MailServer) {
    let notify = NotifyOptions {
        allow_private_targets: true,
        smtp_url: Some(server.url.clone()),
        mail_from: "Dregs <dregs@example.com>".into(),
        public_url: Some("https://dregs.example".into()),
        retry_seconds: vec![0.05; 5],
    };
    app.restart(RunOptions { notify, ..RunOptions::default() }).await;
}

async fn a_channel_that_is_switched_off_is_told_to_the_others_and_to_administrators(app: &mut TestApp) {
    let mail = MailServer::start(&[]).await;
    with_mail(app, &mail).await;
    let (gone, slack, asks, silent) = (
        Receiver::start(&[410]).await,
        Receiver::start(&[]).await,
        Receiver::start(&[]).await,
        Receiver::start(&[]).await,
    );
    webhook(&app.api, &gone, json!([])).await;
    for body in [
        json!({"name": "Slack", "type": "SLACK", "url": slack.url}),
        json!({"name": "Asks", "type": "WEBHOOK", "url": asks.url, "events": ["CHANNEL_DISABLED"]}),
        json!({"name": "Silent", "type": "WEBHOOK", "url": silent.url, "events": ["IDENTITY_SCORED"]}),
    ] {
        app.api.post("/channels", &body).await.expect(201);
    }
    app.api.post("/channels/receiver/actions/test", &json!({})).await.expect(202);
    let card: Value = serde_json::from_slice(&slack.wait_for(1).await[0].body).unwrap();
    assert!(card["text"].as_str().unwrap().contains("switched off"), "{card}");
    assert!(card.to_string().contains("Channel: Receiver") && card.to_string().contains("410"), "{card}");
    let heard: Value = serde_json::from_slice(&asks.wait_for(1).await[0].body).unwrap();
    assert_eq!((&heard["event"], &heard["data"]["channel"]["slug"]), (&json!("CHANNEL_DISABLED"), &json!("receiver")));
    assert!(heard["data"]["reason"].as_str().unwrap().contains("410"), "{heard}");
    assert!(heard["data"]["dashboardUrl"].as_str().unwrap().ends_with("/settings/channels"), "{heard}");
    let got = mail.wait_for(1).await.remove(0);
    assert!(
        got.contains("RCPT TO:<admin@a.test>") && got.contains("Subject: [Dregs] A channel was switched off"),
        "{got}"
    );
    let off = app.api.get("/channels/receiver").await.expect(200);
    assert!(off["enabled"] == false && off["disabledReason"].as_str().unwrap().contains("410"), "{off}");
    assert_eq!((silent.seen().len(), gone.seen().len()), (0, 1), "who does not ask is not told");
}

async fn a_channel_to_which_nothing_gets_through_for_five_days_is_switched_off(app: &mut TestApp) {
    let mail = MailServer::start(&[]).await;
    with_mail(app, &mail).await;
    let (failing, slack) = (Receiver::start(&[500; 9]).await, Receiver::start(&[]).await);
    let (id, _) = webhook(&app.api, &failing, json!([])).await;
    app.api.post("/channels", &json!({"name": "Slack", "type": "SLACK", "url": slack.url})).await.expect(201);
    let since_ms = app.app().clock.now_ms() - 6 * 24 * 3600 * 1000;
    app.store.note_channel_health(&app.team.id, &id, Some(since_ms), None).await.unwrap();
    app.api.post("/channels/receiver/actions/test", &json!({})).await.expect(202);
    slack.wait_for(1).await;
    let off = app.api.get("/channels/receiver").await.expect(200);
    assert!(off["disabledReason"].as_str().unwrap().contains("five days"), "{off}");
    assert_eq!(off["waiting"], 0, "what it had to send has failed");
    mail.wait_for(1).await;
}

async fn a_channel_is_attempted_at_its_pace_and_says_what_waits(app: &mut TestApp) {
    open(app).await;
    let receiver = Receiver::start(&[]).await;
    webhook(&app.api, &receiver, json!([])).await;
    let limit = async |max: Value| app.api.patch("/channels/receiver", &json!({"maxPerMinute": max})).await.expect(200);
    assert_eq!(limit(json!(1)).await["maxPerMinute"], 1);
    for _ in 0..3 {
        app.api.post("/channels/receiver/actions/test", &json!({})).await.expect(202);
    }
    receiver.wait_for(1).await;
    let shown = async || app.api.get("/channels/receiver").await.expect(200);
    eventually("the first is noted", async || shown().await["waiting"] == 2).await;
    let held = shown().await;
    assert!(held["nextAttemptAt"].is_string(), "{held}");
    assert_eq!(receiver.seen().len(), 1, "a minute has one");
    assert_eq!(limit(Value::Null).await["maxPerMinute"], 30_000);
    receiver.wait_for(3).await;
    delivered(app, 3).await;
    assert_eq!((&shown().await["waiting"], &shown().await["nextAttemptAt"]), (&json!(0), &Value::Null));
}

/// Answers the first request 429, to be left alone for so many seconds, and keeps when each came.
#[derive(Clone, Default)]
struct Busy {
    came: Arc<Mutex<Vec<Instant>>>,
    seconds: u64,
}

async fn busy(State(busy): State<Busy>) -> Response {
    let mut came = busy.came.lock().unwrap();
    came.push(Instant::now());
    match came.len() {
        1 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", busy.seconds.to_string())]).into_response(),
        _ => StatusCode::OK.into_response(),
    }
}

async fn a_receiver_that_is_busy_is_left_alone_for_as_long_as_it_says(app: &mut TestApp) {
    let mail = MailServer::start(&[]).await;
    with_mail(app, &mail).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let receiver = Busy { seconds: 2, ..Busy::default() };
    let routes = Router::new().route("/hook", post(busy)).with_state(receiver.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let channel = json!({"name": "Receiver", "type": "WEBHOOK", "url": url});
    app.api.post("/channels", &channel).await.expect(201);
    app.api.post("/channels/receiver/actions/test", &json!({})).await.expect(202);
    let shown = async || app.api.get("/channels/receiver").await.expect(200);
    eventually("it is told to wait", async || shown().await["failingSince"].is_string()).await;
    app.api.post("/channels/receiver/actions/test", &json!({})).await.expect(202);
    let held = shown().await;
    assert_eq!(held["waiting"], 2, "{held}");
    let now = dregs_engine::event::format_time_ms(app.app().clock.now_ms());
    assert!(held["nextAttemptAt"].as_str().unwrap() > now.as_str(), "{held} at {now}");
    delivered(app, 2).await;
    let came = receiver.came.lock().unwrap().clone();
    assert_eq!(came.len(), 3);
    assert!(came[1] - came[0] >= Duration::from_millis(1_900), "the other delivery waits too");
}

async fn a_test_that_is_stuck_stands_before_no_other(app: &mut TestApp) {
    open(app).await;
    let receiver = Receiver::start(&[500]).await;
    webhook(&app.api, &receiver, json!([])).await;
    app.api.post("/channels/receiver/actions/test", &json!({})).await.expect(202);
    receiver.wait_for(1).await;
    let second = app.api.post("/channels/receiver/actions/test", &json!({})).await.expect(202);
    receiver.wait_for(2).await;
    eventually("the second is delivered", async || {
        let log = app.api.get("/channels/receiver/deliveries").await.expect(200)["content"].clone();
        log[0]["id"] == second["id"] && log[0]["status"] == "DELIVERED" && log[1]["status"] == "PENDING"
    })
    .await;
}

const HOSTILE: &str = "\u{202e}<img src=x onerror=alert(1)>\r\nBcc: all@example.org";

async fn a_digest_is_one_mail_and_stays_the_same_when_it_is_tried_again(app: &mut TestApp) {
    let server = MailServer::start(&["451 4.3.0 come again\r\n"]).await;
    with_mail(app, &server).await;
    let body = json!({"name": "Desk", "type": "EMAIL", "to": ["ops@example.com"], "digestMinutes": 5});
    let made = app.api.post("/channels", &body).await.expect(201);
    assert_eq!((&made["digestMinutes"], &made["maxPerMinute"]), (&json!(5), &json!(30)));
    let begun_ms = app.app().clock.now_ms() - 6 * 60 * 1000;
    let write = |n: i64, identity: &str, event: &str, severity: &str| DeliveryWrite {
        id: app.app().ids.next(begun_ms + n),
        channel_id: made["id"].as_str().unwrap().into(),
        identity_id: identity.into(),
        event: event.into(),
        data: json!({"identityId": identity, "displayName": HOSTILE, "scores": {"humanity": 7},
            "escalation": {"severity": severity, "rule": {"name": "Robot"}}})
        .to_string(),
        created_ms: begun_ms + n,
    };
    let told = [
        write(1, "first", "IDENTITY_SCORED", ""),
        write(2, "second", "ESCALATION_OPENED", "CRITICAL"),
        write(3, "first", "ESCALATION_CLOSED", "INFO"),
    ];
    app.store.add_deliveries(&app.team.id, &told).await.unwrap();
    app.app().bells.deliver.notify_one();
    let mails = server.wait_for(2).await;
    let header = |mail: &str, name: &str| mail.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert_eq!(header(&mails[0], "Message-ID:"), header(&mails[1], "Message-ID:"));
    let mail = &mails[1];
    assert!(mail.contains("Subject: [Dregs] 3 notifications about 2 identities, 1 critical"), "{mail}");
    assert!(mail.find("(second)") < mail.find("(first)"), "the most severe comes first: {mail}");
    let html = mail.split("text/html").nth(1).unwrap();
    assert!(!mail.contains("\nBcc:") && !html.contains("<img") && !mail.contains('\u{202e}'), "{mail}");
    let log = async || app.api.get("/channels/desk/deliveries").await.expect(200)["content"].clone();
    eventually("all of them are delivered", async || {
        log().await.as_array().unwrap().iter().all(|held| held["status"] == "DELIVERED")
    })
    .await;
    let log = log().await;
    let attempts: Vec<i64> = log.as_array().unwrap().iter().map(|held| held["attempt"].as_i64().unwrap()).collect();
    assert_eq!(attempts, [2, 2, 2]);
    assert_eq!(server.mails.lock().unwrap().len(), 2);
}

async fn a_digest_waits_for_its_minutes(app: &mut TestApp) {
    let server = MailServer::start(&[]).await;
    with_mail(app, &server).await;
    let body = json!({"name": "Desk", "type": "EMAIL", "to": ["ops@example.com"], "digestMinutes": 60, "events": ["IDENTITY_SCORED"]});
    app.api.post("/channels", &body).await.expect(201);
    user(app, "a").await;
    app.api.post("/channels/desk/actions/test", &json!({})).await.expect(202);
    let mail = server.wait_for(1).await.remove(0);
    assert!(mail.contains("Subject: [Dregs] Test message from Dregs"), "a test does not wait: {mail}");
    let log = app.api.get("/channels/desk/deliveries?identity=a").await.expect(200)["content"][0].clone();
    assert_eq!((&log["trigger"], &log["status"]), (&json!("IDENTITY_SCORED"), &json!("PENDING")));
    let soon = dregs_engine::event::format_time_ms(app.app().clock.now_ms() + 50 * 60 * 1000);
    assert!(log["nextAttemptAt"].as_str().unwrap() > soon.as_str(), "{log}");
    app.api.patch("/channels/desk", &json!({"digestMinutes": 0})).await.expect(200);
    let mail = server.wait_for(2).await.remove(1);
    assert!(mail.contains("Subject: [Dregs] New scores for Anna Virtanen"), "{mail}");
}
