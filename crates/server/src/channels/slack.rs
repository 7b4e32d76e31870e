//! Slack: a notification as a card, for an incoming webhook.
//!
//! What the people being judged wrote is only ever plain text here, never Slack's markup, and lengths are counted as they
//! are after escaping: Slack refuses a message with one field too long, and a name must not be able to silence it.

use super::webhook::Poster;
use super::{Attempt, Card, Notification};
use serde_json::{Value, json};

/// Slack's limits for the parts of a message, in characters.
const HEADER_CHARS_MAX: usize = 150;
const FIELD_CHARS_MAX: usize = 2000;
const SECTION_CHARS_MAX: usize = 3000;
const BUTTON_CHARS_MAX: usize = 75;
const CONTEXT_CHARS_MAX: usize = 300;
/// Notifications on a telephone show no more.
const FALLBACK_CHARS_MAX: usize = 300;

/// What is posted to Slack.
pub fn message(notification: &Notification<'_>) -> Value {
    let card = Card::of(notification);
    let mut blocks = vec![json!({"type": "header", "text": plain(&card.title, HEADER_CHARS_MAX)})];
    if !card.scores.is_empty() {
        let fields: Vec<Value> = card.scores.iter().map(|score| plain(&line(score), FIELD_CHARS_MAX)).collect();
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    if !card.facts.is_empty() {
        let facts: Vec<String> = card.facts.iter().map(line).collect();
        blocks.push(json!({"type": "section", "text": plain(&facts.join("\n"), SECTION_CHARS_MAX)}));
    }
    let context = format!("Dregs, {}, delivery {}", notification.event, notification.delivery_id);
    blocks.push(json!({"type": "context", "elements": [plain(&context, CONTEXT_CHARS_MAX)]}));
    if let Some(url) = &card.url {
        let text = plain("Open in Dregs", BUTTON_CHARS_MAX);
        let button = json!({"type": "button", "action_id": "open", "url": url, "text": text});
        blocks.push(json!({"type": "actions", "elements": [button]}));
    }
    let text = escaped(&fallback(&card), FALLBACK_CHARS_MAX);
    json!({"text": text, "mrkdwn": false, "unfurl_links": false, "unfurl_media": false, "blocks": blocks})
}

/// Attempts to post a notification to an incoming webhook of Slack.
pub async fn post(poster: &Poster, url: &str, notification: &Notification<'_>) -> Attempt {
    poster.post(url, message(notification).to_string(), Vec::new()).await
}

fn line((label, words): &(&str, String)) -> String {
    format!("{label}: {words}")
}

/// One line for where blocks are not shown.
fn fallback(card: &Card) -> String {
    let scores: Vec<String> = card.scores.iter().map(line).collect();
    if scores.is_empty() { card.title.clone() } else { format!("{} ({})", card.title, scores.join(", ")) }
}

fn plain(text: &str, chars_max: usize) -> Value {
    json!({"type": "plain_text", "emoji": false, "text": escaped(text, chars_max)})
}

/// Text in which nothing is a mention, a link or markup to Slack, no longer than `chars_max` when it is escaped.
fn escaped(text: &str, chars_max: usize) -> String {
    let (mut shown, mut length) = (String::new(), 0);
    for char in text.chars() {
        let piece = match char {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            other => other.to_string(),
        };
        // As JavaScript counts, so that it is not too long however Slack counts.
        length += piece.encode_utf16().count();
        if length >= chars_max {
            shown.push('…');
            break;
        }
        shown.push_str(&piece);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::super::testkit::{Then, hostile, install_provider, notification, receiver};
    use super::super::{Outcome, guard::Guard};
    use super::*;

    /// Every text in a message.
    fn texts(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) => found.push(text.clone()),
            Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
            Value::Object(values) => values.values().for_each(|value| texts(value, found)),
            _ => {}
        }
    }

    #[test]
    fn a_hostile_name_is_only_text() {
        let data = hostile();
        let message = message(&notification("ESCALATION_OPENED", &data));
        let mut found = Vec::new();
        texts(&message, &mut found);
        for text in found {
            assert!(!text.contains(['<', '>', '\r', '\u{0}', '\u{202e}', '\u{2066}']), "{text}");
            let entities = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
            assert!(!entities.contains('&'), "{text}");
            assert!(!text.contains("mrkdwn"), "{text}");
        }
        let header = message["blocks"][0]["text"]["text"].as_str().unwrap();
        assert!(header.starts_with("Escalation opened for &lt;!channel&gt; &lt;script&gt;"), "{header}");
        let facts = message["blocks"][2]["text"]["text"].as_str().unwrap();
        assert!(facts.contains("Identity: &lt;img src=x onerror=alert(1)&gt;\nRule: &lt;/td&gt;"), "{facts}");
        assert!(facts.contains("\nBadges: &lt;@U123&gt; &amp; co (bad)\nAdded: plain-slug"), "{facts}");
    }

    #[test]
    fn a_card_has_scores_and_a_way_to_the_dashboard() {
        let data = hostile();
        let message = message(&notification("IDENTITY_SCORED", &data));
        assert_eq!(message["blocks"][1]["fields"][0]["text"], "Humanity: 12 critical, was 55");
        assert_eq!(message["blocks"][1]["fields"].as_array().map(Vec::len), Some(4));
        let button = &message["blocks"][4]["elements"][0];
        assert_eq!(button["url"], "https://dregs.example/identities/a%3Cb%22onmouseover=x");
        assert!(message["text"].as_str().unwrap().contains("Humanity: 12 critical"), "{message}");

        let bare = super::message(&notification("TEST", &Value::Null));
        let kinds: Vec<&str> = bare["blocks"].as_array().unwrap().iter().filter_map(|b| b["type"].as_str()).collect();
        assert_eq!((kinds, &bare["text"]), (vec!["header", "context"], &json!("Test message from Dregs")));
    }

    #[test]
    fn no_name_makes_a_message_too_long() {
        for filler in ["&", "<", "😀", "a"] {
            let long = filler.repeat(5000);
            let badges: Vec<Value> = (0..50).map(|_| json!({"name": long, "type": long})).collect();
            let data = json!({"displayName": long, "identityId": long, "badges": badges, "added": badges,
                "removed": badges, "scores": {}, "escalation": {"rule": {"name": long}, "severity": long}});
            let message = message(&notification("ESCALATION_OPENED", &data));
            let length = |text: &Value| text.as_str().unwrap().encode_utf16().count();
            assert!(length(&message["text"]) <= FALLBACK_CHARS_MAX);
            assert!(length(&message["blocks"][0]["text"]["text"]) <= HEADER_CHARS_MAX);
            assert!(length(&message["blocks"][2]["text"]["text"]) <= SECTION_CHARS_MAX);
            assert!(!message["text"].as_str().unwrap().ends_with("&am…"));
        }
        assert_eq!(
            (escaped("a&b", 9), escaped("a&b", 7), escaped("a&b", 6)),
            ("a&amp;b".into(), "a&amp;…".into(), "a…".into())
        );
    }

    #[tokio::test]
    async fn a_message_is_posted_as_json_where_the_guard_allows_it() {
        install_provider();
        let (port, mut requests) = receiver("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", Then::Close).await;
        let (url, data) = (format!("http://127.0.0.1:{port}/services/T0/S3cret"), hostile());
        let notification = notification("ESCALATION_CLOSED", &data);
        let attempt = async |allow_private| {
            let poster = Poster::new(Guard { allow_private }).unwrap();
            post(&poster, &url, &notification).await
        };
        let refused = attempt(false).await;
        assert_eq!((refused.outcome, refused.http_status), (Outcome::Retry, None));
        assert_eq!(refused.error.as_deref(), Some("target is not at a public address"));
        assert!(requests.try_recv().is_err());
        assert_eq!(attempt(true).await.outcome, Outcome::Delivered);
        let request = requests.recv().await.unwrap();
        assert!(request.contains("content-type: application/json\r\n") && !request.contains("x-dregs"), "{request}");
        let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(body, message(&notification));
    }
}
