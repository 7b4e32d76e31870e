//! Asks the language model that the operator named, over the chat-completions API that many servers speak.
//!
//! The operator chose the address: it may be in their own network. Redirects are not followed, and no key appears in an error.

use crate::channels::clean;
use crate::channels::webhook::rest_ms;
use crate::config::ReviewOptions;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use serde_json::{Value, json};
use std::time::Duration;

/// How much of an answer is read: pages of text, with all that is around them.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How much of what the other side says about a refusal is shown.
const SAID_CHARS_MAX: usize = 200;
/// What is asked for below the address of the API.
const PATH: &str = "chat/completions";

/// One message of a conversation.
pub fn messages(system: &str, user: &str) -> Value {
    json!([{"role": "system", "content": system}, {"role": "user", "content": user}])
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub error: String,
    /// Whether it may be another time.
    pub passing: bool,
    /// How long the other side wants to be left alone, in milliseconds.
    pub rest_ms: Option<i64>,
}

impl Refusal {
    fn passing(error: impl Into<String>) -> Self {
        Refusal { error: error.into(), passing: true, rest_ms: None }
    }
}

pub struct ReviewClient {
    client: Client,
    url: Url,
    key: Option<String>,
    pub model: String,
}

impl ReviewClient {
    /// None when no language model is set up.
    pub fn new(options: &ReviewOptions) -> Option<Result<Self, String>> {
        let url = options.review_url.as_deref()?;
        Some(Self::of(url, options))
    }

    fn of(url: &str, options: &ReviewOptions) -> Result<Self, String> {
        // Somebody else in this process may have done so.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let model = options.review_model.clone().filter(|model| !model.is_empty());
        let model = model.ok_or("no model is named: start the server with --review-model")?;
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let key = options.review_key.clone().filter(|key| !key.is_empty());
        if let Some(key) = &key {
            let value = HeaderValue::from_str(&format!("Bearer {key}"));
            let mut value = value.map_err(|_| "the key of --review-key has characters that no key has")?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let client = Client::builder()
            .user_agent("Dregs-Review/1")
            .default_headers(headers)
            .timeout(Duration::from_secs(options.review_timeout))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| format!("client for the language model cannot be made: {error}"))?;
        Ok(ReviewClient { client, url: endpoint(url)?, key, model })
    }

    /// What the model answers.
    pub async fn ask(&self, messages: &Value) -> Result<String, Refusal> {
        let body = json!({"model": self.model, "messages": messages, "stream": false}).to_string();
        let response = self.client.post(self.url.clone()).body(body).send().await.map_err(unreached)?;
        let (status, rest_ms) = (response.status(), rest_ms(&response));
        let text = read(response).await?;
        if !status.is_success() {
            return Err(Refusal { rest_ms, ..self.refused(status, &text) });
        }
        let answer: Value = serde_json::from_str(&text)
            .map_err(|_| Refusal::passing("the language model's server answered something that is not JSON"))?;
        match answer["choices"][0]["message"]["content"].as_str() {
            Some(text) => Ok(text.to_owned()),
            None => {
                Err(Refusal::passing("the answer of the language model's server has no choices[0].message.content"))
            }
        }
    }

    fn refused(&self, status: StatusCode, text: &str) -> Refusal {
        let said: Value = serde_json::from_str(text).unwrap_or_default();
        let said = said["error"]["message"].as_str().or(said["error"].as_str()).unwrap_or_default();
        let said = self.key.as_deref().map_or_else(|| said.to_owned(), |key| said.replace(key, "…"));
        let hint = match status.as_u16() {
            401 | 403 => " (check --review-key)",
            404 => " (check --review-url and --review-model)",
            300..=399 => " (redirects are not followed)",
            _ => "",
        };
        let passing = matches!(status.as_u16(), 408 | 425 | 429 | 500..=599);
        let error = format!("the language model's server answered {status}{hint}: {}", clean(&said, SAID_CHARS_MAX));
        Refusal { error: error.trim_end_matches(": ").to_owned(), passing, rest_ms: None }
    }
}

fn endpoint(url: &str) -> Result<Url, String> {
    let base = url.trim_end_matches('/');
    let full = if base.ends_with(PATH) { base.to_owned() } else { format!("{base}/{PATH}") };
    Url::parse(&full).map_err(|error| format!("--review-url is not usable: {error}"))
}

fn unreached(error: reqwest::Error) -> Refusal {
    match error.is_timeout() {
        true => Refusal::passing("the language model did not answer in time (--review-timeout)"),
        false => Refusal::passing(format!("the language model's server cannot be reached: {}", error.without_url())),
    }
}

async fn read(mut response: Response) -> Result<String, Refusal> {
    let mut read = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if read.len() + chunk.len() > ANSWER_BYTES_MAX => {
                return Err(Refusal::passing("the language model's answer is too long"));
            }
            Ok(Some(chunk)) => read.extend_from_slice(&chunk),
            Ok(None) => return Ok(String::from_utf8_lossy(&read).into_owned()),
            Err(error) => return Err(unreached(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(key: &str) -> ReviewClient {
        let options = ReviewOptions {
            review_url: Some("http://127.0.0.1:9/v1/".into()),
            review_key: Some(key.into()),
            review_model: Some("m".into()),
            ..ReviewOptions::default()
        };
        ReviewClient::new(&options).unwrap().unwrap()
    }

    #[test]
    fn the_address_may_be_the_apis_or_the_whole() {
        for url in ["https://x.example/v1", "https://x.example/v1/", "https://x.example/v1/chat/completions"] {
            assert_eq!(endpoint(url).unwrap().as_str(), "https://x.example/v1/chat/completions");
        }
    }

    #[test]
    fn a_refusal_says_what_to_do_and_not_the_key() {
        let client = client("S3cret");
        let refused = client.refused(StatusCode::UNAUTHORIZED, r#"{"error": {"message": "wrong key S3cret\u202e"}}"#);
        assert_eq!(
            refused.error,
            "the language model's server answered 401 Unauthorized (check --review-key): wrong key …"
        );
        assert!(!refused.passing);
        let busy = client.refused(StatusCode::TOO_MANY_REQUESTS, "<html>");
        assert_eq!(
            (busy.error.as_str(), busy.passing),
            ("the language model's server answered 429 Too Many Requests", true)
        );
    }

    #[test]
    fn nothing_is_asked_where_nothing_is_set_up() {
        assert!(ReviewClient::new(&ReviewOptions::default()).is_none());
        let unnamed = ReviewOptions { review_url: Some("http://x.example".into()), ..ReviewOptions::default() };
        assert!(ReviewClient::new(&unnamed).unwrap().err().unwrap().contains("--review-model"));
    }
}
