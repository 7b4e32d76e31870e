//! Webhooks: a signed JSON body, posted to where the team wants it.
//!
//! It is signed twice: in the headers of the official clients (`X-Dregs-…`) and in those of Standard Webhooks
//! (`webhook-…`). Receivers refuse a body that is older than five minutes, so every attempt is stamped and signed anew.

use super::guard::Guard;
use super::{Attempt, Notification, Outcome};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dregs_engine::event::format_time_ms;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, Url, redirect};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;
use std::error::Error;
use std::time::Duration;

/// How long one attempt may take, from the look-up of the name to the end of the answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// Secrets that sign at once: the present one, and while it is being rotated the one before.
pub const SECRETS_MAX: usize = 2;
/// How secrets begin; what follows is Base64.
pub const SECRET_PREFIX: &str = "whsec_";
/// The longest rest that a receiver gets when it asks for one: longer, and people would learn too late what happened.
pub const REST_MAX_S: i64 = 3600;
/// How much of an answer is read. It only serves to say what was wrong.
const ANSWER_BYTES_MAX: usize = 4096;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    id: &'a str,
    event: &'a str,
    timestamp: &'a str,
    channel_id: &'a str,
    data: &'a Value,
}

/// A request that is ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub body: String,
    pub headers: Vec<(&'static str, String)>,
}

/// The body of a notification and the headers that prove whose it is, for an attempt at this moment. `secrets` are those
/// that are live, the newest first.
pub fn signed(notification: &Notification<'_>, secrets: &[String], now_ms: i64) -> Signed {
    let Notification { delivery_id, event, channel_id, data } = *notification;
    let secrets = &secrets[..secrets.len().min(SECRETS_MAX)];
    let timestamp = format_time_ms(now_ms);
    let timestamp_s = now_ms.div_euclid(1000);
    let body = Body { id: delivery_id, event, timestamp: &timestamp, channel_id, data };
    // Texts and a JSON value: there is nothing in it that JSON cannot say.
    let body = serde_json::to_string(&body).expect("a notification is JSON");
    let standard_body = format!("{delivery_id}.{timestamp_s}.{body}");
    let standard: Vec<String> =
        secrets.iter().filter_map(|secret| standard_signature(secret, &standard_body)).collect();

    let mut headers = vec![
        ("X-Dregs-Timestamp", timestamp),
        ("X-Dregs-Event", event.to_owned()),
        ("X-Dregs-Delivery", delivery_id.to_owned()),
        ("webhook-id", delivery_id.to_owned()),
        ("webhook-timestamp", timestamp_s.to_string()),
    ];
    let names = ["X-Dregs-Signature", "X-Dregs-Signature-Previous"];
    let own = names.into_iter().zip(secrets);
    headers.extend(own.map(|(name, secret)| (name, hex::encode(mac(secret.as_bytes(), &body)))));
    if !standard.is_empty() {
        headers.push(("webhook-signature", standard.join(" ")));
    }
    Signed { body, headers }
}

/// `None` for a secret that is not of the kind that Standard Webhooks knows.
fn standard_signature(secret: &str, text: &str) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix(SECRET_PREFIX)?).ok()?;
    Some(format!("v1,{}", STANDARD.encode(mac(&key, text))))
}

fn mac(key: &[u8], text: &str) -> [u8; 32] {
    // HMAC takes keys of every length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Posts JSON to addresses that teams chose.
#[derive(Debug, Clone)]
pub struct Poster {
    client: Client,
    guard: Guard,
}

impl Poster {
    /// # Panics
    /// If the process has no provider for TLS installed.
    pub fn new(guard: Guard) -> Result<Self, String> {
        Self::with_timeout(guard, TIMEOUT)
    }

    /// One that gives an attempt another time than [`TIMEOUT`].
    pub fn with_timeout(guard: Guard, timeout: Duration) -> Result<Self, String> {
        let client = Client::builder()
            .user_agent("Dregs-Webhook/1")
            .timeout(timeout)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .http1_only()
            .dns_resolver(guard)
            .build()
            .map_err(|error| format!("client for webhooks cannot be made: {}", root_cause(&error)))?;
        Ok(Poster { client, guard })
    }

    /// Attempts to deliver a notification to a webhook.
    pub async fn deliver(
        &self,
        url: &str,
        notification: &Notification<'_>,
        secrets: &[String],
        now_ms: i64,
    ) -> Attempt {
        let Signed { body, headers } = signed(notification, secrets, now_ms);
        self.post(url, body, headers).await
    }

    /// Posts a JSON text and says what the answer means.
    pub async fn post(&self, url: &str, body: String, headers: Vec<(&'static str, String)>) -> Attempt {
        let url = match self.guard.check_url(url) {
            Ok(url) => url,
            Err(error) => return Attempt::failed(Outcome::Retry, None, &error),
        };
        let request = self.client.post(url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        match request.send().await {
            Ok(response) => judged(&url, response).await,
            Err(error) => Attempt::failed(Outcome::Retry, None, &said(error)),
        }
    }
}

async fn judged(url: &Url, response: Response) -> Attempt {
    let status = response.status();
    let rest_ms = rest_ms(&response);
    let answer = beginning(response).await;
    let outcome = match status.as_u16() {
        200..=299 => return Attempt::delivered(Some(status.as_u16())),
        410 => Outcome::Gone,
        _ => Outcome::Retry,
    };
    let note = if status.is_redirection() { " (redirects are not followed)" } else { "" };
    let error = format!("receiver answered {status}{note}: {}", masked(&answer, url));
    Attempt { rest_ms, ..Attempt::failed(outcome, Some(status.as_u16()), error.trim_end_matches(": ")) }
}

/// How long whoever answers 429 or 503 wants to be left alone, if it says so in seconds.
pub fn rest_ms(response: &Response) -> Option<i64> {
    if !matches!(response.status().as_u16(), 429 | 503) {
        return None;
    }
    let seconds: i64 = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    (seconds > 0).then_some(seconds.min(REST_MAX_S) * 1000)
}

/// The beginning of an answer; less of it if the connection breaks or time is up.
async fn beginning(mut response: Response) -> String {
    let mut read = Vec::new();
    while read.len() < ANSWER_BYTES_MAX {
        let Ok(Some(chunk)) = response.chunk().await else { break };
        read.extend_from_slice(&chunk[..chunk.len().min(ANSWER_BYTES_MAX - read.len())]);
    }
    String::from_utf8_lossy(&read).into_owned()
}

/// An answer without the path and query of the request, should it repeat them: those of incoming webhooks are secret.
fn masked(answer: &str, url: &Url) -> String {
    let secrets = [Some(url.path()), url.query()].into_iter().flatten().filter(|part| part.len() > 1);
    secrets.fold(answer.to_owned(), |answer, secret| answer.replace(secret, "…"))
}

/// What went wrong with a request, without its address.
fn said(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "receiver did not answer in time".to_owned();
    }
    format!("request failed: {}", root_cause(&error.without_url()))
}

fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::super::testkit::{Then, install_provider, notification, receiver};
    use super::*;
    use serde_json::json;
    use tokio::net::TcpListener;

    const NOW_MS: i64 = 1_790_000_529_000;
    const NEWER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    const OLDER: &str = "whsec_ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7";
    /// Longer than anything here takes, shorter than [`TIMEOUT`].
    const SOON: Duration = Duration::from_secs(5);

    fn poster(allow_private: bool, timeout: Duration) -> Poster {
        install_provider();
        Poster::with_timeout(Guard { allow_private }, timeout).unwrap()
    }

    async fn attempt(poster: &Poster, url: &str) -> Attempt {
        let data = json!({"identityId": "u"});
        poster.deliver(url, &notification("TEST", &data), &[NEWER.to_owned()], NOW_MS).await
    }

    async fn answered(answer: &'static str, then: Then, timeout: Duration) -> Attempt {
        let (port, _requests) = receiver(answer, then).await;
        let poster = poster(true, timeout);
        let url = format!("http://127.0.0.1:{port}/hook/T0/S3cret?key=abc");
        let attempt = tokio::time::timeout(SOON, attempt(&poster, &url)).await.expect("an attempt ends");
        let error = attempt.error.clone().unwrap_or_default();
        assert!(!error.contains("S3cret") && !error.contains("key=abc") && error.len() < 600, "{error}");
        attempt
    }

    #[test]
    fn both_live_secrets_sign_the_body() {
        let data = json!({"identityId": "ü"});
        let made = signed(&notification("IDENTITY_SCORED", &data), &[NEWER, OLDER, NEWER].map(String::from), NOW_MS);
        let body = r#"{"id":"dlv_1","event":"IDENTITY_SCORED","timestamp":"2026-09-21T14:22:09.000Z","channelId":"2000042","data":{"identityId":"ü"}}"#;
        assert_eq!(made.body, body);
        let headers = [
            ("X-Dregs-Timestamp", "2026-09-21T14:22:09.000Z"),
            ("X-Dregs-Event", "IDENTITY_SCORED"),
            ("X-Dregs-Delivery", "dlv_1"),
            ("webhook-id", "dlv_1"),
            ("webhook-timestamp", "1790000529"),
            ("X-Dregs-Signature", "d90dc3237fa2df25a5cf7d4c5000533da4b70005dd3c586e8a0bf0978a68a0eb"),
            ("X-Dregs-Signature-Previous", "57b760bda6131f15f762a8a02df2bc3937e6f8323fe5583b568b7fea5149f3b8"),
            (
                "webhook-signature",
                "v1,U717pkoy/Yn3fhfe9jM5zVhLEmHvphJyU/pc0FKClhM= v1,1sliwf9gzjuoHBc7031SjrQ70jSnHrNUwuHN8Y/iAEo=",
            ),
        ];
        assert_eq!(made.headers, headers.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn the_example_of_standard_webhooks_comes_out() {
        let text = r#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
        let signature = standard_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", text);
        assert_eq!(signature.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        assert_eq!((standard_signature("whsec_?", text), standard_signature("MfKQ", text)), (None, None));
    }

    #[test]
    fn each_attempt_is_stamped_anew_under_the_same_id() {
        let made = |secrets: &[String], now_ms| signed(&notification("TEST", &Value::Null), secrets, now_ms);
        let (first, second) = (made(&[NEWER.into()], NOW_MS), made(&[NEWER.into()], NOW_MS + 300_000));
        assert!(second.body.contains("14:27:09.000Z") && second.headers[2..4] == first.headers[2..4]);
        assert!(second.headers[5] != first.headers[5] && second.headers[6] != first.headers[6]);
        assert_eq!((first.headers.len(), made(&[], NOW_MS).headers.len()), (7, 5));
    }

    #[tokio::test]
    async fn a_receiver_gets_what_was_signed() {
        let (port, mut requests) = receiver("HTTP/1.1 204 No Content\r\n\r\n", Then::Close).await;
        let attempt = attempt(&poster(true, TIMEOUT), &format!("http://localhost:{port}/hook?key=abc")).await;
        assert_eq!(attempt, Attempt::delivered(Some(204)));
        let data = json!({"identityId": "u"});
        let made = signed(&notification("TEST", &data), &[NEWER.to_owned()], NOW_MS);
        let request = requests.recv().await.unwrap();
        assert!(request.starts_with("POST /hook?key=abc HTTP/1.1\r\n") && request.ends_with(&made.body), "{request}");
        let head = request.to_lowercase();
        for (name, value) in made.headers {
            assert!(head.contains(&format!("\r\n{}: {}\r\n", name.to_lowercase(), value.to_lowercase())), "{name}");
        }
        assert!(head.contains("\r\nuser-agent: dregs-webhook/1\r\n"));
        assert!(head.contains("\r\ncontent-type: application/json\r\n"));
    }

    #[tokio::test]
    async fn the_status_says_what_to_do_next() {
        let gone = answered("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", Then::Close, TIMEOUT).await;
        assert_eq!((gone.outcome, gone.http_status), (Outcome::Gone, Some(410)));
        assert_eq!(gone.error.as_deref(), Some("receiver answered 410 Gone"));
        let body = "HTTP/1.1 500 Oops\r\n\r\nno route\r\n/hook/T0/S3cret \u{202e}?key=abc";
        let failed = answered(body, Then::Close, TIMEOUT).await;
        assert_eq!((failed.outcome, failed.http_status), (Outcome::Retry, Some(500)));
        assert_eq!(failed.error.as_deref(), Some("receiver answered 500 Internal Server Error: no route … ?…"));
        let odd = answered("nonsense\r\n\r\n", Then::Close, TIMEOUT).await;
        assert_eq!((odd.outcome, odd.http_status), (Outcome::Retry, None));
    }

    #[tokio::test]
    async fn whoever_is_busy_says_for_how_long() {
        for (answer, rest_ms) in [
            ("HTTP/1.1 429 X\r\nretry-after: 7\r\n\r\n", Some(7_000)),
            ("HTTP/1.1 503 X\r\nretry-after: 999999\r\n\r\n", Some(REST_MAX_S * 1000)),
            ("HTTP/1.1 500 X\r\nretry-after: 7\r\n\r\n", None),
            ("HTTP/1.1 429 X\r\nretry-after: -7\r\n\r\n", None),
            ("HTTP/1.1 429 X\r\nretry-after: soon\r\n\r\n", None),
        ] {
            assert_eq!(answered(answer, Then::Close, TIMEOUT).await.rest_ms, rest_ms, "{answer}");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let (port, mut requests) = receiver("HTTP/1.1 200 OK\r\n\r\n", Then::Close).await;
        let answer = format!("HTTP/1.1 307 T\r\nlocation: http://127.0.0.1:{port}/\r\ncontent-length: 0\r\n\r\n");
        let redirected = answered(answer.leak(), Then::Close, TIMEOUT).await;
        assert_eq!((redirected.outcome, redirected.http_status), (Outcome::Retry, Some(307)));
        assert!(redirected.error.unwrap().ends_with("(redirects are not followed)"));
        assert!(requests.try_recv().is_err());
    }

    #[tokio::test]
    async fn an_answer_without_end_holds_nobody() {
        for (answer, outcome) in
            [("HTTP/1.1 200 OK\r\n\r\n", Outcome::Delivered), ("HTTP/1.1 503 X\r\n\r\n", Outcome::Retry)]
        {
            assert_eq!(answered(answer, Then::GoOn, TIMEOUT).await.outcome, outcome);
            assert_eq!(answered(answer, Then::Stall, Duration::from_millis(200)).await.outcome, outcome);
        }
        let silent = answered("", Then::Stall, Duration::from_millis(200)).await;
        assert_eq!((silent.outcome, silent.http_status), (Outcome::Retry, None));
        assert_eq!(silent.error.as_deref(), Some("receiver did not answer in time"));
    }

    #[tokio::test]
    async fn nothing_inside_is_ever_connected_to() {
        let (port, mut requests) = receiver("HTTP/1.1 200 OK\r\n\r\n", Then::Close).await;
        for host in ["127.0.0.1", "localhost", "0x7f.1", "[::ffff:127.0.0.1]", "LOCALHOST"] {
            let refused = attempt(&poster(false, TIMEOUT), &format!("http://{host}:{port}/")).await;
            assert_eq!((refused.outcome, refused.http_status), (Outcome::Retry, None), "{host}");
            let error = refused.error.unwrap();
            assert!(error.ends_with("target is not at a public address"), "{host}: {error}");
        }
        assert!(requests.try_recv().is_err());
    }

    #[tokio::test]
    async fn nobody_there_is_tried_again() {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let refused = attempt(&poster(true, TIMEOUT), &format!("https://127.0.0.1:{port}/secret")).await;
        assert_eq!((refused.outcome, refused.http_status), (Outcome::Retry, None));
        let error = refused.error.unwrap();
        assert!(error.starts_with("request failed: ") && error.to_lowercase().contains("refused"), "{error}");
        assert!(!error.contains("secret") && !error.contains(&port.to_string()), "{error}");
    }
}
