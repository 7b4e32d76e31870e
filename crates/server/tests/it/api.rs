//! A plain HTTP client: what is sent is what the test says, however wrong.

use dregs_server::http::events::encode;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use hyper::{Method, Request};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// The longest that a stream is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// One caller: a key, or nobody.
#[derive(Clone)]
pub struct Api {
    pub base: String,
    key: Option<String>,
    http: Client<HttpConnector, Full<Bytes>>,
}

/// What came back. `json` is null where the body is none.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub json: Value,
}

impl Answer {
    /// The body, provided the status is as expected.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json
    }

    /// The message of an error, provided it has the contract's shape.
    #[track_caller]
    pub fn error(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{}", self.text);
        self.assert_error_shape();
        self.json["message"].as_str().unwrap()
    }

    #[track_caller]
    pub fn assert_error_shape(&self) {
        assert_eq!(self.json["status"], self.status, "{}", self.text);
        for field in ["timestamp", "error", "message"] {
            assert!(self.json[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {}", self.text);
        }
        assert!(self.json["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// A stream of server-sent events.
pub struct Stream {
    pub headers: HeaderMap,
    body: Incoming,
    text: String,
}

/// One of its events.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    pub name: String,
    pub id: Option<String>,
    pub data: Value,
}

impl Stream {
    /// The next event; none when the stream has ended.
    pub async fn next(&mut self) -> Option<Sent> {
        // That the stream is there, it says every now and then.
        tokio::time::timeout(PATIENCE, self.read()).await.expect("something is sent")
    }

    async fn read(&mut self) -> Option<Sent> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                if let Some(sent) = sent(&block) {
                    return Some(sent);
                }
                continue;
            }
            let frame = self.body.frame().await?;
            self.text.push_str(std::str::from_utf8(frame.ok()?.data_ref()?).unwrap());
        }
    }

    /// The next event of this name.
    pub async fn until(&mut self, name: &str) -> Sent {
        loop {
            let sent = self.next().await.unwrap_or_else(|| panic!("the stream ended before {name}"));
            if sent.name == name {
                return sent;
            }
        }
    }

    /// Reads on until there was one of each, in whichever order.
    pub async fn until_all(&mut self, names: &[&str]) {
        let mut left: Vec<&str> = names.to_vec();
        while !left.is_empty() {
            let sent = self.next().await.unwrap_or_else(|| panic!("the stream ended before {left:?}"));
            left.retain(|name| *name != sent.name);
        }
    }

    /// Reads on until the stream has ended.
    pub async fn end(mut self) {
        while self.next().await.is_some() {}
    }
}

/// None for a comment.
fn sent(block: &str) -> Option<Sent> {
    let field = |name: &str| {
        let mut lines = block.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(held, _)| *held == name).map(|(_, value)| value.to_owned())
    };
    let data = serde_json::from_str(&field("data")?).unwrap();
    Some(Sent { name: field("event").unwrap_or_default(), id: field("id"), data })
}

impl Api {
    pub fn new(base: &str, key: Option<&str>) -> Self {
        let http = Client::builder(TokioExecutor::new()).build_http();
        Api { base: base.to_owned(), key: key.map(str::to_owned), http }
    }

    /// Sends bytes as they are.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let answer = self.http.request(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        // A stream does not end by itself.
        let is_stream = parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let bytes = if is_stream { Bytes::new() } else { body.collect().await.unwrap().to_bytes() };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text, json }
    }

    /// Opens the stream of what changes.
    pub async fn watch(&self, headers: &[(&str, &str)]) -> Stream {
        let mut request = Request::builder().uri(format!("{}/live", self.base));
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.http.request(request.body(Full::default()).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        assert_eq!(parts.status, 200);
        Stream { headers: parts.headers, body, text: String::new() }
    }

    pub async fn json(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send(method, path, &[("content-type", "application/json")], body.to_string()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::POST, path, body).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::PATCH, path, body).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::PUT, path, body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], "").await
    }

    /// Sends events that must all be recorded.
    #[track_caller]
    pub fn track(&self, body: Value) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.post("/events", &body).await;
            assert_eq!(answer.status, 200, "{caller}: {}", answer.text);
            answer.json
        }
    }

    /// An identity's path, its id as one segment.
    pub async fn identity(&self, id: &str) -> Value {
        self.get(&format!("/identities/{}", encode(id))).await.expect(200)
    }

    /// The ids in a list's first page.
    pub async fn ids(&self, path: &str) -> Vec<String> {
        let page = self.get(path).await.expect(200);
        let items = page["content"].as_array().unwrap().clone();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }
}
