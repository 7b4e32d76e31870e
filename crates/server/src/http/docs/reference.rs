//! The reference of the API: every operation of the OpenAPI document with its parameters, bodies and answers.

use super::example::example;
use super::fields::{Field, fields, resolved};
use super::frame::{Page, Place, Text};
use super::markdown::render_inline;
use super::{REFERENCE, explaining, markdown};
use crate::http::error::ErrorBody;
use axum::http::StatusCode;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

pub const TITLE: &str = "API reference";

const INTRODUCTION: &str = "\
All routes are under `/api`, speak JSON, and take a key or the token of a session as `Authorization: Bearer …`. What they \
have in common is told in `api.md`, which keys and roles there are in `credentials.md`. The examples need \
`DREGS_BASE_URL`, with `/api` at its end, and `DREGS_SECRET_KEY`; words in capitals stand for ids.";

/// The methods that an operation may have, as a page shows them.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

struct Operation<'a> {
    method: &'static str,
    path: &'a str,
    about: &'a Value,
}

impl Operation<'_> {
    fn text(&self, name: &str) -> &str {
        self.about.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn id(&self) -> &str {
        self.text("operationId")
    }

    fn tag(&self) -> &str {
        self.about.pointer("/tags/0").and_then(Value::as_str).unwrap_or("others")
    }

    fn needs_key(&self) -> bool {
        self.about.get("security").and_then(Value::as_array).is_some_and(|schemes| !schemes.is_empty())
    }

    fn parameters(&self) -> impl Iterator<Item = &Value> {
        self.about.get("parameters").and_then(Value::as_array).into_iter().flatten()
    }

    fn body(&self) -> Option<(&str, &Value)> {
        self.about.get("requestBody").and_then(content)
    }
}

/// The media type and the schema of a body or an answer.
fn content(of: &Value) -> Option<(&str, &Value)> {
    let (kind, content) = of.get("content")?.as_object()?.iter().next()?;
    Some((kind, content.get("schema")?))
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    paths
        .flat_map(|(path, methods)| {
            METHODS.iter().filter_map(move |method| Some(Operation { method, path, about: methods.get(*method)? }))
        })
        .collect()
}

fn by_tag(document: &Value) -> BTreeMap<String, Vec<Operation<'_>>> {
    let mut groups: BTreeMap<String, Vec<Operation<'_>>> = BTreeMap::new();
    for operation in operations(document) {
        groups.entry(operation.tag().to_owned()).or_default().push(operation);
    }
    groups
}

/// The subjects that operations are grouped by.
pub fn tags(document: &Value) -> Vec<String> {
    by_tag(document).into_keys().collect()
}

/// The whole page.
pub fn page(document: &Value) -> String {
    let groups = by_tag(document);
    let sections: String = groups.iter().map(|(tag, operations)| group(document, tag, operations)).collect();
    let html = format!(
        "<h1 id=\"top\">{TITLE}</h1>\n{}<p>The same for programs: <a href=\"/api/openapi.json\">the OpenAPI 3.1 document</a>.</p>\n\
         <p class=\"filter\" hidden><label for=\"filter\">Show only what contains</label> \
         <input id=\"filter\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\"> \
         <output for=\"filter\" aria-live=\"polite\"></output></p>\n{}{sections}",
        markdown::render(INTRODUCTION).html,
        errors(document),
    );
    let contents = contents(&groups);
    Page { title: TITLE, place: Place::Topic(REFERENCE), html: &html, contents: &contents }.whole()
}

fn contents(groups: &BTreeMap<String, Vec<Operation<'_>>>) -> String {
    let line = |operation: &Operation<'_>| {
        let (id, method) = (Text(operation.id()), operation.method);
        format!(
            "<li data-of=\"{id}\"><a href=\"#{id}\"><span class=\"method {method}\">{method}</span> {}</a></li>",
            Text(operation.text("summary"))
        )
    };
    let group = |(tag, operations): (&String, &Vec<Operation<'_>>)| {
        let (tag, lines) = (Text(tag), operations.iter().map(line).collect::<String>());
        format!("<li class=\"group\"><a href=\"#{tag}\">{tag}</a><ul>{lines}</ul></li>")
    };
    format!("<ul><li><a href=\"#errors\">Errors</a></li>{}</ul>", groups.iter().map(group).collect::<String>())
}

/// What every answer from 400 on looks like.
fn errors(document: &Value) -> String {
    let schema = serde_json::json!({"$ref": format!("#/components/schemas/{}", ErrorBody::name())});
    format!(
        "<section aria-labelledby=\"errors\">\n<h2 id=\"errors\">Errors</h2>\n\
         <p>Every answer from 400 on has this body, and each of them a header <code>X-Request-Id</code>.</p>\n{}</section>\n",
        table("Field", &fields(document, &schema), false)
    )
}

fn group(document: &Value, tag: &str, operations: &[Operation<'_>]) -> String {
    let chapters: Vec<String> = explaining(tag)
        .map(|chapter| format!("<a href=\"/docs/{}\">{}</a>", chapter.topic, Text(chapter.title())))
        .collect();
    let explained = match chapters.is_empty() {
        true => String::new(),
        false => format!("<p>Explained in {}.</p>\n", chapters.join(", ")),
    };
    format!(
        "<section class=\"group\" aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{0}</h2>\n{1}{2}</section>\n",
        Text(tag),
        explained,
        operations.iter().map(|operation| article(document, operation)).collect::<String>()
    )
}

fn article(document: &Value, operation: &Operation<'_>) -> String {
    let (id, summary) = (Text(operation.id()), Text(operation.text("summary")));
    let words = format!("{} {} {} {}", operation.method, operation.path, operation.id(), operation.text("summary"))
        .to_lowercase();
    let description = match operation.text("description") {
        "" => String::new(),
        text => markdown::render(text).html,
    };
    let key = if operation.needs_key() { "" } else { "<p>Needs no key.</p>\n" };
    format!(
        "<section class=\"operation\" aria-labelledby=\"{id}\" data-words=\"{}\">\n\
         <h3 id=\"{id}\">{summary} <a class=\"anchor\" href=\"#{id}\" aria-label=\"Link to {summary}\">#</a></h3>\n\
         <p class=\"route\"><span class=\"method {1}\">{1}</span> <code>/api{2}</code></p>\n{description}{key}{3}{4}{5}{6}</section>\n",
        Text(&words),
        operation.method,
        Text(operation.path),
        parameters(document, operation),
        body(document, operation),
        answers(document, operation),
        curl(document, operation),
    )
}

fn parameters(document: &Value, operation: &Operation<'_>) -> String {
    let listed: Vec<Field> = operation
        .parameters()
        .filter_map(|parameter| {
            let text = |name: &str| parameter.get(name).and_then(Value::as_str).unwrap_or_default();
            let schema = parameter.get("schema")?;
            let mut listed = fields(document, schema);
            let kind = if listed.is_empty() { String::new() } else { listed.remove(0).kind };
            Some(Field {
                path: text("name").to_owned(),
                kind: format!("{}: {kind}", text("in")),
                is_required: parameter.get("required").is_some_and(|required| required == true),
                about: text("description").to_owned(),
            })
        })
        .collect();
    match listed.is_empty() {
        true => String::new(),
        false => format!("<h4>Parameters</h4>\n{}", table("Name", &listed, true)),
    }
}

fn body(document: &Value, operation: &Operation<'_>) -> String {
    let Some((kind, schema)) = operation.body() else { return String::new() };
    let about =
        operation.about.pointer("/requestBody/description").or_else(|| resolved(document, schema).get("description"));
    let about = about.and_then(Value::as_str).map(|about| format!("<p>{}</p>\n", render_inline(about)));
    format!(
        "<h4>Body <small>{}</small></h4>\n{}{}",
        Text(kind),
        about.unwrap_or_default(),
        table("Field", &fields(document, schema), true)
    )
}

/// What it answers when it does what was asked, then why it may not.
fn answers(document: &Value, operation: &Operation<'_>) -> String {
    let empty = Map::new();
    let all = operation.about.get("responses").and_then(Value::as_object).unwrap_or(&empty);
    let (refused, done): (Vec<_>, Vec<_>) = all.iter().partition(|(status, _)| status.as_str() >= "400");
    let mut html = String::from("<h4>Answers</h4>\n");
    for (status, answer) in done {
        let about = render_inline(answer.get("description").and_then(Value::as_str).unwrap_or_default());
        html.push_str(&format!("<p><b class=\"status\">{status}</b> {about}</p>\n"));
        if let Some((_, schema)) = content(answer) {
            let listed = table("Field", &fields(document, schema), false);
            html.push_str(&format!("<details><summary>What is in it</summary>\n{listed}</details>\n"));
        }
    }
    let refused: String = refused.into_iter().map(|(status, answer)| refusal(status, answer)).collect();
    html.push_str(&format!("<ul class=\"refused\">{refused}</ul>\n"));
    html
}

fn refusal(status: &str, answer: &Value) -> String {
    let words =
        status.parse().ok().and_then(|code| StatusCode::from_u16(code).ok()).and_then(|code| code.canonical_reason());
    let words = words.unwrap_or_default();
    let about = answer.get("description").and_then(Value::as_str).filter(|about| !about.is_empty()).unwrap_or(words);
    format!("<li><b class=\"status\">{status}</b> {}</li>", render_inline(about))
}

/// Fields in a table; `asked` are those that somebody has to fill in.
fn table(first: &str, listed: &[Field], asked: bool) -> String {
    if listed.is_empty() {
        return "<p>An object with names of your own.</p>\n".into();
    }
    let row = |field: &Field| {
        let cut = field.path.rfind('.').map_or(0, |dot| dot + 1);
        let (within, name) = field.path.split_at(cut);
        let name = if field.path.is_empty() { "the whole" } else { name };
        let within = if within.is_empty() { String::new() } else { format!("<i>{}</i>", Text(within)) };
        let required = if asked && field.is_required { " <b>required</b>" } else { "" };
        format!(
            "<tr><th scope=\"row\"><code>{within}{}</code></th><td>{}{required}</td><td>{}</td></tr>\n",
            Text(name),
            Text(&field.kind),
            render_inline(&field.about)
        )
    };
    let rows: String = listed.iter().map(row).collect();
    format!(
        "<div class=\"table\" tabindex=\"0\"><table class=\"fields\"><thead><tr><th scope=\"col\">{first}</th><th scope=\"col\">Is</th>\
         <th scope=\"col\">Means</th></tr></thead><tbody>\n{rows}</tbody></table></div>\n"
    )
}

/// The request as a command.
fn curl(document: &Value, operation: &Operation<'_>) -> String {
    let mut command = String::from("curl");
    if operation.method != "get" {
        command.push_str(&format!(" -X {}", operation.method.to_uppercase()));
    }
    command.push_str(&format!(" \"$DREGS_BASE_URL{}{}\"", with_ids(operation.path), query(document, operation)));
    if operation.needs_key() {
        command.push_str(" \\\n  -H \"Authorization: Bearer $DREGS_SECRET_KEY\"");
    }
    if let Some((kind, schema)) = operation.body() {
        let body = serde_json::to_string_pretty(&example(document, schema)).unwrap_or_default();
        command.push_str(&format!(" \\\n  -H 'Content-Type: {kind}' \\\n  -d '{}'", body.replace('\'', r"'\''")));
    }
    format!(
        "<div class=\"code\"><pre tabindex=\"0\"><code class=\"language-sh\">{}</code></pre></div>\n",
        Text(&command)
    )
}

/// A path with words in capitals where ids belong.
fn with_ids(path: &str) -> String {
    let filled =
        path.split('/').map(|segment| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => name
                .chars()
                .flat_map(|letter| match letter.is_uppercase() {
                    true => vec!['_', letter],
                    false => letter.to_uppercase().collect(),
                })
                .collect(),
            None => segment.to_owned(),
        });
    filled.collect::<Vec<String>>().join("/")
}

/// The query parameters without which it is refused.
fn query(document: &Value, operation: &Operation<'_>) -> String {
    let required = operation
        .parameters()
        .filter(|parameter| parameter.get("in").is_some_and(|place| place == "query"))
        .filter(|parameter| parameter.get("required").is_some_and(|required| required == true));
    let pairs = required.filter_map(|parameter| {
        let value = example(document, parameter.get("schema")?);
        Some(format!(
            "{}={}",
            parameter.get("name")?.as_str()?,
            value.as_str().map_or_else(|| value.to_string(), str::to_owned)
        ))
    });
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_a_path_are_words_in_capitals() {
        assert_eq!(with_ids("/identities/{id}/decisions/{otherId}"), "/identities/ID/decisions/OTHER_ID");
    }

    #[test]
    fn an_apostrophe_does_not_end_the_body_of_a_command() {
        let about =
            serde_json::json!({"requestBody": {"content": {"application/json": {"schema": {"example": "it's"}}}}});
        let operation = Operation { method: "post", path: "/x", about: &about };
        assert!(curl(&Value::Null, &operation).contains("-d &#39;&quot;it&#39;\\&#39;&#39;s&quot;&#39;"));
    }
}
