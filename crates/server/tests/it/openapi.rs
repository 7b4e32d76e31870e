//! `/api/openapi.json` is the truth: every route it names answers, and everything it says of them holds.

use crate::app::TestApp;
use dregs_server::http::document;
use hyper::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

on_both!(every_documented_route_answers);

/// One documented operation.
pub struct Operation {
    pub method: Method,
    /// With its `{parameters}`.
    pub path: String,
    pub about: Value,
}

impl Operation {
    pub fn is_secured(&self) -> bool {
        self.about["security"].as_array().is_some_and(|schemes| !schemes.is_empty())
    }

    /// The path with its parameters filled in.
    pub fn path_with(&self, value: impl Fn(&str) -> String) -> String {
        let filled = self.path.split('/').map(|segment| {
            match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(name) => value(name),
                None => segment.to_owned(),
            }
        });
        filled.collect::<Vec<_>>().join("/")
    }
}

pub fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(move |(method, about)| Operation {
            method: method.to_uppercase().parse().unwrap(),
            path: path.clone(),
            about: about.clone(),
        })
    });
    operations.collect()
}

/// Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Of two schemas with one name, the document would hold one.
#[test]
fn no_two_schemas_have_one_name() {
    let mut names = BTreeSet::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for described in text.split("ToSchema)]").skip(1) {
            let words = described.split_whitespace().skip_while(|word| !matches!(*word, "struct" | "enum"));
            let name: String = words.skip(1).take(1).flat_map(str::chars).take_while(|c| c.is_alphanumeric()).collect();
            assert!(names.insert(name.clone()), "{name}, in {}", path.display());
        }
    }
    assert!(names.len() > 50);
}

#[test]
fn every_operation_is_named_once_and_says_what_can_go_wrong() {
    let mut names = BTreeSet::new();
    for operation in operations() {
        let name = operation.about["operationId"].as_str().unwrap_or_default().to_owned();
        assert!(
            !name.is_empty() && names.insert(name.clone()),
            "{} {} has no name of its own",
            operation.method,
            operation.path
        );
        let answers = operation.about["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{name} never succeeds");
        assert!(
            operation.about["tags"][0].is_string() && operation.about["summary"].is_string(),
            "{name} is not described"
        );
        if operation.is_secured() {
            assert!(answers.contains_key("401"), "{name} does not say that it needs a key");
        }
        if operation.about.get("requestBody").is_some() {
            assert!(
                answers.contains_key("400") && answers.contains_key("413") && answers.contains_key("415"),
                "{name} does not say what a wrong body gets"
            );
        }
        if operation.path.contains('{') && operation.method != Method::POST {
            assert!(answers.contains_key("404"), "{name} does not say that the thing may be missing");
        }
        for (status, answer) in answers.iter().filter(|(status, _)| status.as_str() >= "400") {
            let schema = &answer["content"]["application/json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/ErrorBody", "{name} {status}");
        }
    }
    let open: Vec<String> =
        operations().into_iter().filter(|operation| !operation.is_secured()).map(|operation| operation.path).collect();
    let without_key = [
        "/auth/invitations/accept",
        "/auth/invitations/look-up",
        "/auth/login",
        "/auth/methods",
        "/auth/password/reset",
        "/auth/sso",
        "/auth/sso/start",
    ];
    assert_eq!(open, without_key, "only who is about to log in needs no key");
}

#[test]
fn every_reference_of_the_document_resolves() {
    let document = serde_json::to_value(document()).unwrap();
    assert_eq!(document["openapi"].as_str().unwrap()[..4], *"3.1.");
    let mut waiting = vec![&document];
    while let Some(value) = waiting.pop() {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        waiting.extend(value.as_object().into_iter().flat_map(|object| object.values()));
        waiting.extend(value.as_array().into_iter().flatten());
    }
}

/// The copy that the dashboard's types are made from. `DREGS_WRITE_OPENAPI=1` writes it anew; `npm run schema` in
/// `web/dashboard` then makes the types.
#[test]
fn the_dashboard_is_built_for_the_api_as_it_is() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/dashboard/openapi.json");
    let document = serde_json::to_value(document()).unwrap();
    if std::env::var_os("DREGS_WRITE_OPENAPI").is_some() {
        std::fs::write(path, serde_json::to_string_pretty(&document).unwrap() + "\n").unwrap();
    }
    let copy: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(
        copy == document,
        "web/dashboard/openapi.json is not the document: run this test with DREGS_WRITE_OPENAPI=1, then npm run schema in web/dashboard"
    );
}

async fn every_documented_route_answers(app: &mut TestApp) {
    assert_eq!(app.root().get("/api/openapi.json").await.expect(200), serde_json::to_value(document()).unwrap());
    for operation in operations() {
        let path = operation.path_with(|name| if name == "cycleId" { "1".into() } else { "nothing".into() });
        let answer = app.api.json(operation.method.clone(), &path, &json!({})).await;
        assert!(
            answer.status != 405 && answer.status < 500,
            "{} {path}: {} {}",
            operation.method,
            answer.status,
            answer.text
        );
        assert!(!answer.text.contains("nothing at this path"), "{} {path}", operation.method);
        let documented = operation.about["responses"].get(answer.status.to_string());
        assert!(documented.is_some(), "{} {path} answers {}, which is not documented", operation.method, answer.status);
        assert!(answer.header("x-request-id").is_some());
    }
}
