//! Channels: how a team is told outside the dashboard ([`webhook`], [`slack`], [`email`]).
//!
//! A delivery is attempted at once and then after each of [`RETRIES_S`], or what the operator says, under one delivery id.
//! Nothing here remembers or reads a clock: the caller keeps the log of deliveries, the time and the chance. What a
//! notification says was in part written by the people being judged, so every channel shows it cleaned, cut and escaped.

pub mod digest;
pub mod email;
pub mod guard;
pub mod invitation;
pub mod pace;
pub mod slack;
pub mod webhook;

use dregs_engine::text::is_hidden;
use reqwest::Url;
use serde_json::Value;

/// Seconds between one attempt and the next, after the first one at once: a receiver that restarts is met again within
/// seconds, one that is down over night is met the day after.
pub const RETRIES_S: [f64; 7] = [5.0, 30.0, 120.0, 600.0, 3600.0, 21_600.0, 86_400.0];
/// The share of a wait that chance may add, so that what failed together does not come back together.
const JITTER_MAX: f64 = 0.1;

/// Longest error kept with an attempt: a sentence and what the other side said.
pub const ERROR_CHARS_MAX: usize = 500;
/// Longest name and longest other value shown: enough to recognise, too short to push the rest off the screen.
const NAME_CHARS_MAX: usize = 80;
const VALUE_CHARS_MAX: usize = 200;
/// Badges named in one list; the others are counted.
const LISTED_MAX: usize = 10;
/// Longest address of a target or of a page in the dashboard: what every client and proxy still takes.
const URL_CHARS_MAX: usize = 2048;

/// What is to be told: one event, for one channel.
#[derive(Debug, Clone, Copy)]
pub struct Notification<'a> {
    /// The same over all attempts.
    pub delivery_id: &'a str,
    /// `IDENTITY_SCORED`, `IDENTITY_BADGES_CHANGED`, `ESCALATION_OPENED`, `ESCALATION_CLOSED`, `CHANNEL_DISABLED` or `TEST`.
    pub event: &'a str,
    pub channel_id: &'a str,
    pub data: &'a Value,
}

/// What an attempt means for the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Delivered,
    /// To be tried again, while [`next_attempt_ms`] gives a time.
    Retry,
    /// The receiver wants no more: the channel is to be disabled.
    Gone,
}

/// How one attempt went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub outcome: Outcome,
    pub http_status: Option<u16>,
    /// At most [`ERROR_CHARS_MAX`] characters, without the target's address.
    pub error: Option<String>,
    /// How long the receiver wants to be left alone, in milliseconds.
    pub rest_ms: Option<i64>,
}

impl Attempt {
    fn delivered(http_status: Option<u16>) -> Self {
        Attempt { outcome: Outcome::Delivered, http_status, error: None, rest_ms: None }
    }

    pub fn failed(outcome: Outcome, http_status: Option<u16>, error: &str) -> Self {
        Attempt { outcome, http_status, error: Some(clean(error, ERROR_CHARS_MAX)), rest_ms: None }
    }
}

/// When a delivery that was attempted so many times is due again, with these waits; `None` when it has failed for good.
/// `jitter` is a random number from 0 to 1.
pub fn next_attempt_ms(retries_s: &[f64], attempts_made: u32, now_ms: i64, jitter: f64) -> Option<i64> {
    let Some(failures) = attempts_made.checked_sub(1) else { return Some(now_ms) };
    let wait_s = *retries_s.get(failures as usize)?;
    let wait_ms = wait_s * 1000.0 * (1.0 + JITTER_MAX * jitter.clamp(0.0, 1.0));
    Some(now_ms.saturating_add(wait_ms as i64))
}

/// The four scores, as `data` names them and as people read them.
const CATEGORIES: [(&str, &str); 4] = [
    ("humanity", "Humanity"),
    ("authenticity", "Authenticity"),
    ("uniqueness", "Uniqueness"),
    ("behavior", "Behavior"),
];
/// Single values that are shown, by their place in `data`.
const FACTS: [(&str, &str); 8] = [
    ("Identity", "/identityId"),
    ("Rule", "/escalation/rule/name"),
    ("Severity", "/escalation/severity"),
    ("Status", "/escalation/status"),
    ("Opened", "/escalation/openedAt"),
    ("Closed", "/escalation/closedAt"),
    ("Channel", "/channel/name"),
    ("Reason", "/reason"),
];
/// Lists of badges that are shown.
const LISTS: [(&str, &str); 3] = [("Badges", "/badges"), ("Added", "/added"), ("Removed", "/removed")];

/// What people are shown of a notification, for every channel that people read: cleaned and cut, not escaped.
struct Card {
    title: String,
    /// Each category with its score in words; empty if the notification has no scores.
    scores: Vec<(&'static str, String)>,
    facts: Vec<(&'static str, String)>,
    /// The identity's page in the dashboard.
    url: Option<String>,
}

impl Card {
    fn of(notification: &Notification<'_>) -> Self {
        let data = notification.data;
        let fact = |(label, place): &(&'static str, &str)| Some((*label, words(data.pointer(place)?)?));
        let list = |(label, place): &(&'static str, &str)| Some((*label, listed(data.pointer(place)?.as_array()?)?));
        Card {
            title: title(notification.event, data),
            scores: scores(data),
            facts: FACTS.iter().filter_map(fact).chain(LISTS.iter().filter_map(list)).collect(),
            url: page_url(&data["dashboardUrl"]),
        }
    }
}

fn title(event: &str, data: &Value) -> String {
    let name = name(data);
    match event {
        "IDENTITY_SCORED" => format!("New scores for {name}"),
        "IDENTITY_BADGES_CHANGED" => format!("Badges changed for {name}"),
        "ESCALATION_OPENED" => format!("Escalation opened for {name}"),
        "ESCALATION_CLOSED" => format!("Escalation closed for {name}"),
        "TEST" => "Test message from Dregs".to_owned(),
        "CHANNEL_DISABLED" => "A channel was switched off".to_owned(),
        other => format!("{} for {name}", clean(other, NAME_CHARS_MAX)),
    }
}

fn name(data: &Value) -> String {
    let named = ["displayName", "identityId"].iter().find_map(|key| words(&data[*key]));
    named.map_or_else(|| "an identity".to_owned(), |name| clean(&name, NAME_CHARS_MAX))
}

fn scores(data: &Value) -> Vec<(&'static str, String)> {
    let in_words = |(key, label): &(&str, &'static str)| {
        let (score, before) = (data["scores"][*key].as_i64(), data["previousScores"][*key].as_i64());
        (*label, score_in_words(score, before))
    };
    if data["scores"].is_object() { CATEGORIES.iter().map(in_words).collect() } else { Vec::new() }
}

fn score_in_words(score: Option<i64>, before: Option<i64>) -> String {
    let Some(score) = score else { return "no evidence".to_owned() };
    let band = match score {
        ..25 => "critical",
        25..50 => "poor",
        50..75 => "fair",
        _ => "good",
    };
    match before.filter(|before| *before != score) {
        Some(before) => format!("{score} {band}, was {before}"),
        None => format!("{score} {band}"),
    }
}

/// Badges by name, with their type, the first [`LISTED_MAX`] of them.
fn listed(badges: &[Value]) -> Option<String> {
    let mut names: Vec<String> = badges.iter().take(LISTED_MAX).filter_map(badge).collect();
    if badges.len() > LISTED_MAX {
        names.push(format!("and {} more", badges.len() - LISTED_MAX));
    }
    (!names.is_empty()).then(|| names.join(", "))
}

fn badge(badge: &Value) -> Option<String> {
    let name = [&badge["name"], &badge["slug"], badge].into_iter().find_map(words)?;
    let name = clean(&name, NAME_CHARS_MAX);
    Some(words(&badge["type"]).map_or_else(|| name.clone(), |kind| format!("{name} ({})", kind.to_lowercase())))
}

/// A text or number as it is shown; `None` for what is neither, or shows nothing.
fn words(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => clean(text, VALUE_CHARS_MAX),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn page_url(value: &Value) -> Option<String> {
    let url = Url::parse(value.as_str()?).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    (url.as_str().len() <= URL_CHARS_MAX).then(|| url.into())
}

/// Text that somebody else wrote, fit to be shown on one line: no control characters, none that turn the direction of
/// writing or cannot be seen, no runs of spaces, and cut.
pub fn clean(text: &str, chars_max: usize) -> String {
    let mut shown = String::new();
    let mut chars = 0;
    let mut space = false;
    for char in text.chars().filter(|char| !is_hidden(*char)) {
        if char.is_control() || char.is_whitespace() {
            space = chars > 0;
            continue;
        }
        let needed = 1 + usize::from(space);
        if chars + needed > chars_max {
            if chars == chars_max {
                shown.pop();
            }
            shown.push('…');
            break;
        }
        if std::mem::take(&mut space) {
            shown.push(' ');
        }
        shown.push(char);
        chars += needed;
    }
    shown
}

/// Notifications as somebody with bad intentions would have them, and somebody to send them to.
#[cfg(test)]
mod testkit {
    use super::*;
    use serde_json::json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    pub const HOSTILE_NAME: &str =
        "\u{202e}<!channel> <script>alert(\"1\")</script> & 'x'\r\nBcc: all@example.org\u{0} *_`~";

    pub fn hostile() -> Value {
        json!({
            "identityId": "<img src=x onerror=alert(1)>", "displayName": HOSTILE_NAME,
            "scores": {"humanity": 12, "authenticity": 49, "uniqueness": null, "behavior": 75},
            "previousScores": {"humanity": 55, "authenticity": 49, "uniqueness": 3, "behavior": 74},
            "badges": [{"slug": "a", "name": "<@U123> & co", "type": "BAD"}],
            "added": ["plain-slug"], "removed": [],
            "escalation": {"id": 7, "severity": "HIGH", "status": "OPEN",
                "rule": {"id": "1", "name": "\u{2066}</td><td>\"rule\""}, "openedAt": "2026-09-21T14:22:09.000Z", "closedAt": null},
            "dashboardUrl": "https://dregs.example/identities/a%3Cb\"onmouseover=x",
        })
    }

    pub fn notification<'a>(event: &'a str, data: &'a Value) -> Notification<'a> {
        Notification { delivery_id: "dlv_1", event, channel_id: "2000042", data }
    }

    /// Requests are made over TLS by the provider of the process.
    pub fn install_provider() {
        let _ = rustls::crypto::ring::default_provider().install_default();
    }

    /// What a receiver does after its answer.
    #[derive(Clone, Copy)]
    pub enum Then {
        Close,
        Stall,
        GoOn,
    }

    async fn request(stream: &mut TcpStream) -> String {
        let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let n = stream.read(&mut buffer).await.unwrap();
            read.extend_from_slice(&buffer[..n]);
            let text = String::from_utf8_lossy(&read).into_owned();
            let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if n == 0 || length.is_some_and(|length| body.len() >= length.parse().unwrap()) {
                return text;
            }
        }
    }

    /// A receiver of webhooks: its port and the requests it gets.
    pub async fn receiver(answer: &'static str, then: Then) -> (u16, UnboundedReceiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, requests) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                sender.send(request(&mut stream).await).unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
                match then {
                    Then::Close => {}
                    Then::Stall => std::future::pending().await,
                    Then::GoOn => while stream.write_all(&[b'x'; 1024]).await.is_ok() {},
                }
            }
        });
        (port, requests)
    }
}

#[cfg(test)]
mod tests {
    use super::testkit::{hostile, notification};
    use super::*;
    use serde_json::json;

    #[test]
    fn attempts_follow_the_schedule_and_end() {
        let waits = |jitter| {
            (0..9).map(|made| next_attempt_ms(&RETRIES_S, made, 1000, jitter).map(|at| at - 1000)).collect::<Vec<_>>()
        };
        let plain = [0, 5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000, 86_400_000].map(Some);
        assert_eq!(waits(0.0), [&plain[..], &[None]].concat());
        assert_eq!(waits(1.0)[1..4], [Some(5_500), Some(33_000), Some(132_000)]);
        assert_eq!((waits(99.0), waits(f64::NAN)[8]), (waits(1.0), None));
    }

    #[test]
    fn what_others_wrote_is_cleaned_and_cut() {
        assert_eq!(clean("  a\r\n\tb\u{0}c\u{2028}d ", 80), "a b c d");
        assert_eq!(clean("\u{202e}\u{2066}moc.live\u{feff}\u{200b}\u{e0041}", 80), "moc.live");
        assert_eq!(clean("می‌خواهم 👩‍🚀", 80), "می‌خواهم 👩‍🚀");
        assert_eq!((clean("abcdef", 6), clean("abcdefg", 6)), ("abcdef".into(), "abcde…".into()));
        assert_eq!(clean("abcde fgh", 6), "abcde…");
        assert_eq!((clean("", 6), clean("\u{200b}\n", 6), clean("abc", 0)), ("".into(), "".into(), "…".into()));
    }

    #[test]
    fn a_card_says_scores_in_words_and_only_what_there_is() {
        let data = hostile();
        let card = Card::of(&notification("ESCALATION_OPENED", &data));
        let scores: Vec<&str> = card.scores.iter().map(|(_, words)| words.as_str()).collect();
        assert_eq!(scores, ["12 critical, was 55", "49 poor", "no evidence", "75 good, was 74"]);
        let labels: Vec<&str> = card.facts.iter().map(|(label, _)| *label).collect();
        assert_eq!(labels, ["Identity", "Rule", "Severity", "Status", "Opened", "Badges", "Added"]);
        assert_eq!(card.facts[5].1, "<@U123> & co (bad)");
        assert_eq!(score_in_words(Some(24), None), "24 critical");
        assert_eq!(score_in_words(Some(50), Some(50)), "50 fair");

        let empty = Card::of(&notification("TEST", &Value::Null));
        assert_eq!((empty.title.as_str(), empty.scores.len(), empty.facts.len()), ("Test message from Dregs", 0, 0));
    }

    #[test]
    fn lists_are_counted_beyond_ten_and_pages_are_on_the_web() {
        let badges: Vec<Value> = (0..13).map(|n| json!({"name": format!("b{n}"), "type": "GOOD"})).collect();
        let shown = listed(&badges).unwrap();
        assert!(shown.starts_with("b0 (good), b1 (good)") && shown.ends_with("b9 (good), and 3 more"), "{shown}");
        assert_eq!(page_url(&json!("javascript:alert(1)")), None);
        assert_eq!(page_url(&json!("https://x.example/a\"b")).as_deref(), Some("https://x.example/a%22b"));
        assert_eq!(page_url(&json!(format!("https://x.example/{}", "a".repeat(URL_CHARS_MAX)))), None);
    }
}
