//! A tool call becomes requests to the API, in this process and as the agent's person: it is checked, limited and recorded
//! like any other.

use crate::http::audit::Trail;
use crate::http::auth::Principal;
use crate::http::client_address::FORWARDED;
use crate::http::events::encode;
use crate::mcp::answer::{self, NOTICE};
use crate::mcp::tool::{Argument, Method, OFFSET_MAX, Paging, Place, Tool};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, StatusCode};
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use tower::ServiceExt;

/// The largest answer of the API that is read: its largest lists are far smaller.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Items a page of the API has at most.
const PAGE_SIZE_MAX: u32 = crate::http::extract::PAGE_SIZE_MAX;

/// Why a call failed, for the agent to read.
pub type Outcome<T> = Result<T, String>;

/// Who calls, and what of their request goes along.
pub struct Caller {
    pub principal: Principal,
    address: Option<ConnectInfo<SocketAddr>>,
    /// What proxies say of the address.
    forwarded: Vec<HeaderValue>,
    request_id: String,
}

impl Caller {
    /// The caller that was let in at the endpoint.
    pub fn of(parts: &Parts) -> Option<Self> {
        let principal = parts.extensions.get::<Principal>()?.clone();
        let request_id = parts.extensions.get::<Arc<Trail>>().map(|trail| trail.request_id.clone()).unwrap_or_default();
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().copied();
        let forwarded = parts.headers.get_all(FORWARDED).iter().cloned().collect();
        Some(Caller { principal, address, forwarded, request_id })
    }
}

/// Arguments that passed the tool's own check.
struct Checked {
    given: Map<String, Value>,
    limit: u32,
    offset: u32,
}

/// Runs a tool and gives its result, or what to tell the agent.
pub async fn run(
    api: &Router,
    base: &str,
    tool: &Tool,
    caller: &Caller,
    given: Map<String, Value>,
) -> Outcome<Map<String, Value>> {
    if caller.principal.role() < Some(tool.effect.least_role()) {
        return Err(format!(
            "{} changes things: only an administrator's agent with write access may use it",
            tool.name
        ));
    }
    let checked = check(tool, given)?;
    if tool.path.is_empty() {
        return documentation(checked.given.get("topic").and_then(Value::as_str));
    }
    let answered = match tool.paging {
        Paging::Whole => send(api, tool, caller, &checked, None).await?,
        Paging::Window(..) => window(send(api, tool, caller, &checked, None).await?, &checked),
        Paging::Pages(..) => pages(api, tool, caller, &checked).await?,
    };
    finish(base, tool, &checked, answered)
}

fn check(tool: &Tool, mut given: Map<String, Value>) -> Outcome<Checked> {
    let (default, most) = tool.limits().unwrap_or_default();
    let (mut limit, mut offset) = (default, 0);
    if tool.limits().is_some() {
        limit = number(&mut given, "limit", 1, i64::from(u32::MAX))?.map_or(default, |n| (n as u32).min(most));
        offset = number(&mut given, "offset", 0, OFFSET_MAX)?.unwrap_or(0) as u32;
    }
    // Models write null for what they leave out.
    let nullable = |name: &str| {
        tool.arguments.iter().any(|argument| argument.name == name && argument.problem(&Value::Null).is_none())
    };
    given.retain(|name, value| !value.is_null() || nullable(name));
    if let Some(unknown) = given.keys().find(|name| tool.arguments.iter().all(|argument| argument.name != **name)) {
        let mut known: Vec<&str> = tool.arguments.iter().map(|argument| argument.name).collect();
        known.extend(tool.limits().iter().flat_map(|_| ["limit", "offset"]));
        let unknown = dregs_engine::text::cut(unknown, 40);
        return Err(match known.is_empty() {
            true => format!("{} takes no arguments, so not {unknown:?}", tool.name),
            false => format!("{} has no argument {unknown:?}: it takes {}", tool.name, known.join(", ")),
        });
    }
    for argument in tool.arguments {
        match given.get(argument.name) {
            Some(value) => argument.problem(value).map_or(Ok(()), Err)?,
            None if argument.required => return Err(format!("{} is required", argument.name)),
            None => {}
        }
    }
    Ok(Checked { given, limit, offset })
}

fn number(given: &mut Map<String, Value>, name: &str, least: i64, most: i64) -> Outcome<Option<i64>> {
    match given.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_i64() {
            Some(n) if (least..=most).contains(&n) => Ok(Some(n)),
            _ => Err(format!("{name} must be a whole number from {least} to {most}")),
        },
    }
}

/// The items from `offset` on, from as many pages as they lie on.
async fn pages(api: &Router, tool: &Tool, caller: &Caller, checked: &Checked) -> Outcome<Value> {
    let size = checked.limit.min(PAGE_SIZE_MAX);
    let (mut page, mut skip) = (checked.offset / size, (checked.offset % size) as usize);
    let (mut content, mut total) = (Vec::new(), 0);
    loop {
        let mut answered = send(api, tool, caller, checked, Some((page, size))).await?;
        total = answered["totalElements"].as_u64().unwrap_or(total);
        let Value::Array(items) = answered["content"].take() else { break };
        content.extend(items.into_iter().skip(skip));
        if content.len() >= checked.limit as usize || answered["last"] != false {
            break;
        }
        (page, skip) = (page + 1, 0);
    }
    content.truncate(checked.limit as usize);
    Ok(listed(content, total, checked))
}

fn window(answered: Value, checked: &Checked) -> Value {
    let Value::Array(items) = answered else { return answered };
    let total = items.len() as u64;
    let content = items.into_iter().skip(checked.offset as usize).take(checked.limit as usize).collect();
    listed(content, total, checked)
}

fn listed(content: Vec<Value>, total: u64, checked: &Checked) -> Value {
    let next = u64::from(checked.offset) + content.len() as u64;
    let next_offset = (next < total && !content.is_empty()).then_some(next);
    json!({"totalElements": total, "offset": checked.offset, "nextOffset": next_offset, "content": content})
}

/// One request, and what the API answered.
async fn send(
    api: &Router,
    tool: &Tool,
    caller: &Caller,
    checked: &Checked,
    page: Option<(u32, u32)>,
) -> Outcome<Value> {
    let mut request = request(tool, &checked.given, page)?;
    request.extensions_mut().insert(caller.principal.clone());
    for address in &caller.forwarded {
        request.headers_mut().append(FORWARDED, address.clone());
    }
    let trail = Trail::new(&caller.request_id);
    request.extensions_mut().insert(trail.clone());
    if let Some(address) = caller.address {
        request.extensions_mut().insert(address);
    }
    let Ok(answered) = api.clone().oneshot(request).await;
    let status = answered.status();
    trail.end(status.as_u16());
    let bytes = to_bytes(answered.into_body(), ANSWER_BYTES_MAX).await;
    let bytes = bytes.map_err(|_| "the answer is too large: ask for less".to_owned())?;
    let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    match status.is_success() {
        true => Ok(value),
        false => Err(refusal(status, &value)),
    }
}

fn refusal(status: StatusCode, answered: &Value) -> String {
    let words = status.canonical_reason().unwrap_or("Error");
    match answered["message"].as_str() {
        Some(message) => format!("{words}: {message}"),
        None => words.to_owned(),
    }
}

fn request(tool: &Tool, given: &Map<String, Value>, page: Option<(u32, u32)>) -> Outcome<Request<Body>> {
    let mut uri = format!("/api{}", filled(tool, given));
    let mut separator = '?';
    let mut add = |name: &str, value: &str| {
        uri.push_str(&format!("{separator}{name}={}", encode(value)));
        separator = '&';
    };
    for argument in of(tool, Place::Query) {
        match given.get(argument.name) {
            Some(value) => add(argument.wire, &plain(value)),
            None => argument.absent.into_iter().for_each(|value| add(argument.wire, value)),
        }
    }
    if let Some((number, size)) = page {
        add("pageNumber", &number.to_string());
        add("pageSize", &size.to_string());
    }
    let body: Map<String, Value> = of(tool, Place::Body)
        .filter_map(|argument| Some((argument.wire.to_owned(), given.get(argument.name)?.clone())))
        .collect();
    let body = match tool.method {
        Method::Get | Method::Delete => Body::empty(),
        _ => Body::from(Value::Object(body).to_string()),
    };
    let built =
        Request::builder().method(tool.method.code()).uri(uri).header(CONTENT_TYPE, "application/json").body(body);
    built.map_err(|_| "the arguments are too long".to_owned())
}

fn of(tool: &Tool, place: Place) -> impl Iterator<Item = &'static Argument> {
    tool.arguments.iter().filter(move |argument| argument.place == place)
}

/// The tool's path with its arguments in it, each as one segment.
fn filled(tool: &Tool, given: &Map<String, Value>) -> String {
    let segment = |part: &str| match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(name) => encode(&given.get(name).map(plain).unwrap_or_default()),
        None => part.to_owned(),
    };
    tool.path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The result as the agent gets it.
fn finish(base: &str, tool: &Tool, checked: &Checked, mut answered: Value) -> Outcome<Map<String, Value>> {
    if tool.path.starts_with("/channels") {
        answer::mask_channels(&mut answered);
    }
    answer::spell_ids(&mut answered);
    let cut = answer::cut_texts(&mut answered);
    let mut result = answer::object(answered);
    if let Some(Value::Array(items)) = result.get_mut("content") {
        for item in items {
            let url = answer::page_url(base, tool.item_page, |name| item.get(name).cloned());
            if let (Some(url), Value::Object(fields)) = (url, item) {
                fields.insert("dashboardUrl".into(), json!(url));
            }
        }
    }
    let value = |name: &str| checked.given.get(name).or_else(|| result.get(name)).cloned();
    if let Some(url) = answer::page_url(base, tool.page, value) {
        result.insert("dashboardUrl".into(), json!(url));
    }
    if cut > 0 {
        result.insert("textsCut".into(), json!(cut));
    }
    result.insert("notice".into(), json!(NOTICE));
    answer::fit(result).ok_or_else(|| "the result is too large to be read: ask for less".to_owned())
}

/// A chapter of the manual, which this server's makers wrote.
fn documentation(topic: Option<&str>) -> Outcome<Map<String, Value>> {
    let contents =
        || crate::manual::CHAPTERS.iter().map(|chapter| json!({"topic": chapter.topic, "title": chapter.title()}));
    let Some(topic) = topic else {
        return Ok(Map::from_iter([("topics".to_owned(), contents().collect())]));
    };
    let Some(chapter) = crate::manual::chapter(topic) else {
        let topics: Vec<&str> = crate::manual::CHAPTERS.iter().map(|chapter| chapter.topic).collect();
        return Err(format!("there is no such topic: use one of {}", topics.join(", ")));
    };
    let fields = [("topic", chapter.topic), ("title", chapter.title()), ("text", chapter.text)];
    Ok(fields.into_iter().map(|(name, text)| (name.to_owned(), json!(text))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::tools::tool;

    fn given(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn uri(name: &str, arguments: Value, page: Option<(u32, u32)>) -> String {
        request(tool(name).unwrap(), &given(arguments), page).unwrap().uri().to_string()
    }

    #[test]
    fn arguments_stay_where_they_belong() {
        assert_eq!(uri("get_identity", json!({"id": "../x?a=b#c/d"}), None), "/api/identities/..%2Fx%3Fa%3Db%23c%2Fd");
        assert_eq!(
            uri("list_identities", json!({"term": "a&b=c", "direction": "ASC"}), Some((2, 25))),
            "/api/identities?term=a%26b%3Dc&order=ASC&pageNumber=2&pageSize=25"
        );
        assert_eq!(uri("list_escalations", json!({}), None), "/api/escalations?includeDeletedRules=false");
        assert_eq!(
            uri("list_escalations", json!({"includeDeletedRules": true}), None),
            "/api/escalations?includeDeletedRules=true"
        );
        assert_eq!(
            uri("remove_dataset_entry", json!({"slug": "a b", "key": "x"}), None),
            "/api/datasets/a%20b/entries?key=x"
        );
    }

    #[test]
    fn arguments_that_do_not_fit_are_named() {
        let error = |name: &str, arguments: Value| check(tool(name).unwrap(), given(arguments)).err().unwrap();
        assert_eq!(error("get_identity", json!({})), "id is required");
        assert_eq!(error("get_identity", json!({"id": null})), "id is required");
        assert!(error("get_identity", json!({"id": "a", "team": "b"})).contains("\"team\": it takes id"));
        assert!(error("escalation_summary", json!({"x": 1})).contains("takes no arguments"));
        assert!(error("list_identities", json!({"limit": 0})).starts_with("limit must be"));
        assert!(error("list_identities", json!({"minHumanity": 101})).starts_with("minHumanity must be"));
        assert!(error("update_escalation_rule", json!({"id": "1", "severity": "HIGH"})).contains("CRITICAL"));
    }

    #[test]
    fn null_is_left_out_unless_it_means_something() {
        let checked =
            check(tool("list_identities").unwrap(), given(json!({"term": null, "limit": null}))).ok().unwrap();
        assert_eq!((checked.given, checked.limit), (Map::new(), 25));
        let arguments = given(json!({"id": "1", "closeAfterSeconds": null, "name": null}));
        let checked = check(tool("update_escalation_rule").unwrap(), arguments).ok().unwrap();
        assert_eq!(Value::Object(checked.given), json!({"id": "1", "closeAfterSeconds": null}));
    }

    #[test]
    fn a_limit_beyond_the_largest_counts_as_the_largest() {
        let limit = |name: &str, limit: u32| {
            check(tool(name).unwrap(), given(json!({"slug": "s", "limit": limit}))).ok().map(|checked| checked.limit)
        };
        assert_eq!(limit("list_dataset_entries", 1_000), Some(500));
        assert_eq!(limit("list_channel_deliveries", 1_000), Some(100));
    }

    #[test]
    fn the_manual_is_found_by_topic() {
        assert!(documentation(None).unwrap()["topics"].as_array().unwrap().len() > 10);
        assert!(documentation(Some("events")).unwrap()["text"].as_str().unwrap().starts_with("# "));
        assert!(documentation(Some("magic")).unwrap_err().contains("getting-started"));
    }
}
