//! E-mail: notifications as text and HTML, sent through the operator's SMTP server.
//!
//! What the people being judged wrote is escaped wherever HTML is made, and cannot begin a header. Colours are left to the
//! reader's programme, so that it reads as well on dark as on light.

use super::webhook::TIMEOUT;
use super::{Attempt, Card, Notification, Outcome, clean};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use reqwest::Url;
use std::time::Duration;

/// Longest subject: about what a list of messages shows.
const SUBJECT_CHARS_MAX: usize = 120;
/// Recipients of one message: what every SMTP server must take.
pub const RECIPIENTS_MAX: usize = 100;

const PAGE_STYLE: &str = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:15px;\
    line-height:1.5;max-width:36em;margin:0 auto;padding:16px";
pub(super) const LABEL_STYLE: &str = "padding:4px 16px 4px 0;vertical-align:top;white-space:nowrap;opacity:.75";
pub(super) const VALUE_STYLE: &str = "padding:4px 0;vertical-align:top;word-break:break-word";
pub(super) const BUTTON_STYLE: &str = "display:inline-block;padding:10px 18px;border-radius:6px;background-color:#1d4ed8;\
    color:#ffffff;text-decoration:none";
const FOOT_STYLE: &str = "font-size:12px;opacity:.75;border-top:1px solid #888888;margin-top:24px;padding-top:8px";

/// Subject, text and HTML of a message about one notification.
pub fn render(notification: &Notification<'_>) -> (String, String, String) {
    let card = Card::of(notification);
    let foot = format!("Dregs, delivery {}", clean(notification.delivery_id, SUBJECT_CHARS_MAX));
    let lines = || card.scores.iter().chain(&card.facts);

    let mut text = format!("{}\n\n", card.title);
    lines().for_each(|(label, words)| text.push_str(&format!("{label}: {words}\n")));
    card.url.iter().for_each(|url| text.push_str(&format!("\n{url}\n")));
    text.push_str(&format!("\n-- \n{foot}\n"));

    let row = |(label, words): &(&str, String)| {
        let words = html_escaped(words);
        format!("<tr><td style=\"{LABEL_STYLE}\">{label}</td><td style=\"{VALUE_STYLE}\">{words}</td></tr>")
    };
    let rows: String = lines().map(row).collect();
    let mut html = format!("<table role=\"presentation\" style=\"border-collapse:collapse\">{rows}</table>");
    if let Some(url) = &card.url {
        let url = html_escaped(url);
        html.push_str(&format!("<p><a href=\"{url}\" style=\"{BUTTON_STYLE}\">Open in Dregs</a></p>"));
    }
    (subject(&card.title), text, page(&card.title, &html, &foot))
}

pub(super) fn subject(title: &str) -> String {
    clean(&format!("[Dregs] {title}"), SUBJECT_CHARS_MAX)
}

/// A whole document; `title` and `foot` are plain text, `content` is HTML.
pub(super) fn page(title: &str, content: &str, foot: &str) -> String {
    let (title, foot) = (html_escaped(title), html_escaped(foot));
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"color-scheme\" content=\"light dark\"><meta name=\"supported-color-schemes\" content=\"light dark\">\
         <title>{title}</title></head><body style=\"margin:0\"><div style=\"{PAGE_STYLE}\">\
         <h1 style=\"font-size:20px;line-height:1.3;word-break:break-word\">{title}</h1>{content}\
         <p style=\"{FOOT_STYLE}\">{foot}</p></div></body></html>"
    )
}

pub(super) fn html_escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

/// Sends e-mail through one SMTP server.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
}

impl Mailer {
    /// `smtps://user:password@host` or `smtp://user:password@host?tls=required` (STARTTLS); `smtp://host:1025` is not
    /// encrypted. A user name and password are never sent unencrypted: with them, STARTTLS is required unless the URL
    /// says otherwise. A path is the name to say HELO with. `from` is `dregs@example.org` or `Dregs <dregs@example.org>`.
    pub fn new(smtp_url: &str, from: &str) -> Result<Self, String> {
        Self::with_timeout(smtp_url, from, TIMEOUT)
    }

    /// One that gives an attempt another time than [`TIMEOUT`].
    pub fn with_timeout(smtp_url: &str, from: &str, timeout: Duration) -> Result<Self, String> {
        let mut url = Url::parse(smtp_url).map_err(|error| format!("smtp url is not usable: {error}"))?;
        if url.scheme() == "smtp" && url.password().is_some() && !url.query_pairs().any(|(key, _)| key == "tls") {
            url.query_pairs_mut().append_pair("tls", "required");
        }
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())
            .map_err(|error| format!("smtp url is not usable: {error}"))?
            .timeout(Some(timeout))
            .build();
        let from = from.parse().map_err(|error| format!("sender is not an e-mail address: {error}"))?;
        Ok(Mailer { transport, from, timeout })
    }

    /// Attempts to send a notification to all of these, in one message.
    pub async fn send(&self, to: &[String], notification: &Notification<'_>) -> Attempt {
        self.send_rendered(to, notification.delivery_id, render(notification)).await
    }

    /// Attempts to send several notifications to all of these, in one message under one id.
    pub async fn send_digest(&self, to: &[String], id: &str, notifications: &[Notification<'_>]) -> Attempt {
        self.send_rendered(to, id, super::digest::render(id, notifications)).await
    }

    /// Attempts to send a subject, a text and its HTML.
    pub(super) async fn send_rendered(&self, to: &[String], id: &str, rendered: (String, String, String)) -> Attempt {
        let message = match self.message(to, id, rendered) {
            Ok(message) => message,
            Err(error) => return Attempt::failed(Outcome::Retry, None, &error),
        };
        match tokio::time::timeout(self.timeout, self.transport.send(message)).await {
            Ok(Ok(_)) => Attempt::delivered(None),
            Ok(Err(error)) => Attempt::failed(Outcome::Retry, None, &format!("smtp server: {error}")),
            Err(_) => Attempt::failed(Outcome::Retry, None, "smtp server did not answer in time"),
        }
    }

    fn message(
        &self,
        to: &[String],
        id: &str,
        (subject, text, html): (String, String, String),
    ) -> Result<Message, String> {
        if to.is_empty() || to.len() > RECIPIENTS_MAX {
            return Err(format!("message has {} recipients, must have 1 to {RECIPIENTS_MAX}", to.len()));
        }
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(subject)
            .message_id(Some(self.message_id(id)))
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()));
        for (number, address) in (1..).zip(to) {
            let mailbox = address.parse().map_err(|_| format!("recipient {number} is not an e-mail address"))?;
            message = message.to(mailbox);
        }
        message
            .multipart(MultiPart::alternative_plain_html(text, html))
            .map_err(|error| format!("message cannot be made: {error}"))
    }

    /// The same over all attempts, so that who gets a message twice sees it once.
    fn message_id(&self, id: &str) -> String {
        let id: String = id.chars().filter(|char| char.is_ascii_alphanumeric() || "-_.".contains(*char)).collect();
        format!("<{id}@{}>", self.from.email.domain())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testkit::{hostile, install_provider, notification};
    use super::*;
    use serde_json::Value;
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    /// An SMTP server that answers one command in its own way, and the lines it is sent.
    async fn sink(command: &'static str, answer: &'static str) -> (u16, UnboundedReceiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, lines) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = BufReader::new(stream);
                let (mut line, mut is_data) = (String::new(), false);
                stream.write_all(b"220 sink\r\n").await.unwrap();
                while stream.read_line(&mut line).await.is_ok_and(|n| n > 0) {
                    let said = std::mem::take(&mut line);
                    let reply = match said.trim_end() {
                        "." => "250 taken\r\n",
                        _ if is_data => "",
                        line if !command.is_empty() && line.starts_with(command) => answer,
                        line if line.starts_with("EHLO") => "250-sink\r\n250 8BITMIME\r\n",
                        "DATA" => "354 go on\r\n",
                        "QUIT" => "221 bye\r\n",
                        _ => "250 ok\r\n",
                    };
                    is_data = reply.starts_with("354") || is_data && reply.is_empty();
                    let _ = sender.send(said);
                    stream.write_all(reply.as_bytes()).await.unwrap();
                }
            }
        });
        (port, lines)
    }

    fn mailer(url: &str) -> Mailer {
        install_provider();
        Mailer::new(url, "Dregs <dregs@example.org>").unwrap()
    }

    fn said(mut lines: UnboundedReceiver<String>) -> String {
        std::iter::from_fn(|| lines.try_recv().ok()).collect()
    }

    async fn attempt(command: &'static str, answer: &'static str) -> Attempt {
        let (port, _lines) = sink(command, answer).await;
        let mailer = mailer(&format!("smtp://127.0.0.1:{port}"));
        mailer.send(&["a@example.org".to_owned()], &notification("TEST", &Value::Null)).await
    }

    #[test]
    fn a_hostile_name_is_only_text() {
        let data = hostile();
        let (subject, text, html) = render(&notification("ESCALATION_OPENED", &data));
        assert!(subject.starts_with("[Dregs] Escalation opened for <!channel> <script>"), "{subject}");
        assert!(!subject.contains(['\r', '\n', '\u{0}', '\u{202e}']) && subject.chars().count() <= SUBJECT_CHARS_MAX);
        assert!(
            text.contains("Humanity: 12 critical, was 55\n") && text.contains("\nhttps://dregs.example/identities/")
        );
        for markup in
            ["<script", "<img", "<!channel", "<@U", "</td><td>\"", "alert(\"", "\u{202e}", "\u{2066}", "\nBcc"]
        {
            assert!(!html.contains(markup), "{markup}: {html}");
        }
        assert!(html.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;"), "{html}");
        assert!(html.contains("href=\"https://dregs.example/identities/a%3Cb%22onmouseover=x\""), "{html}");
        assert!(html.contains("<tr><td") && html.contains("light dark"));
    }

    #[test]
    fn settings_that_cannot_work_are_refused_without_telling_the_password() {
        install_provider();
        for (url, from) in [
            ("http://u:S3cret@mail.example", "a@b.example"),
            ("mail.example", "a@b.example"),
            ("smtp://u:S3cret@mail.example?tls=maybe", "a@b.example"),
            ("smtp://mail.example", "nobody"),
            ("smtp://mail.example", "a@b.example\r\nBcc: c@d.example"),
        ] {
            let error = Mailer::new(url, from).err().unwrap_or_else(|| panic!("{url} {from}"));
            assert!(!error.contains("S3cret"), "{error}");
        }
        assert!(Mailer::new("smtps://u:p%40ss@mail.example", "a@b.example").is_ok());
    }

    #[tokio::test]
    async fn a_message_arrives_as_text_and_html() {
        let (port, lines) = sink("", "").await;
        let data = hostile();
        let mailer = mailer(&format!("smtp://127.0.0.1:{port}"));
        let to = ["a@example.org".to_owned(), "Bé <b@example.org>".to_owned()];
        let attempt = mailer.send(&to, &notification("ESCALATION_OPENED", &data)).await;
        assert_eq!(attempt, Attempt::delivered(None));
        let said = said(lines);
        let envelope = ["MAIL FROM:<dregs@example.org>", "RCPT TO:<a@example.org>", "RCPT TO:<b@example.org>"];
        let from = ["From: Dregs <dregs@example.org>", "Message-ID: <dlv_1@example.org>"];
        let header = ["Subject: [Dregs] Escalation opened for", "Auto-Submitted: auto-generated"];
        let parts = ["multipart/alternative;", "text/plain;", "text/html;"].map(|kind| format!("Content-Type: {kind}"));
        for line in envelope.into_iter().chain(from).chain(header).chain(parts.iter().map(String::as_str)) {
            assert!(said.contains(&format!("\n{line}")), "{line} is not in {said}");
        }
        assert!(!said.contains("\nBcc:"), "{said}");
    }

    #[tokio::test]
    async fn refusals_are_tried_again_and_say_the_code() {
        let permanent = attempt("RCPT", "550 5.1.1 no such user\r\n").await;
        assert_eq!((permanent.outcome, permanent.http_status), (Outcome::Retry, None));
        let error = permanent.error.unwrap();
        assert!(error.contains("550") && error.contains("no such user"), "{error}");
        let transient = attempt("MAIL", "451 4.3.0 come again\r\n").await;
        assert!(transient.outcome == Outcome::Retry && transient.error.unwrap().contains("451"));
    }

    #[tokio::test]
    async fn a_silent_server_holds_nobody() {
        install_provider();
        let (port, _lines) = sink("RCPT", "").await;
        let timeout = Duration::from_millis(200);
        let mailer = Mailer::with_timeout(&format!("smtp://127.0.0.1:{port}"), "a@b.example", timeout).unwrap();
        let (to, notification) = (["a@example.org".to_owned()], notification("TEST", &Value::Null));
        let attempt =
            tokio::time::timeout(TIMEOUT / 2, mailer.send(&to, &notification)).await.expect("an attempt ends");
        assert_eq!(attempt.outcome, Outcome::Retry);
        assert_eq!(attempt.error.as_deref(), Some("smtp server did not answer in time"));
    }

    #[tokio::test]
    async fn a_password_is_not_sent_unencrypted() {
        let (port, lines) = sink("EHLO", "250-sink\r\n250 AUTH PLAIN LOGIN\r\n").await;
        let mailer = mailer(&format!("smtp://user:S3cret@127.0.0.1:{port}"));
        let attempt = mailer.send(&["a@example.org".to_owned()], &notification("TEST", &Value::Null)).await;
        assert_eq!(attempt.outcome, Outcome::Retry);
        assert!(attempt.error.unwrap().contains("STARTTLS"));
        assert!(!said(lines).contains("AUTH"));
    }

    #[tokio::test]
    async fn recipients_are_counted_and_checked() {
        let mailer = mailer("smtp://127.0.0.1:9");
        let data = Value::Null;
        for (to, error) in [
            (vec![], "message has 0 recipients, must have 1 to 100"),
            (vec!["a@example.org".to_owned(); 101], "message has 101 recipients, must have 1 to 100"),
            (vec!["a@example.org".to_owned(), "b\r\nDATA".to_owned()], "recipient 2 is not an e-mail address"),
        ] {
            let attempt = mailer.send(&to, &notification("TEST", &data)).await;
            assert_eq!((attempt.outcome, attempt.error.as_deref()), (Outcome::Retry, Some(error)));
        }
    }
}
