//! What a request looks like, made from its schema: its own example where it has one, else one of what it requires.

use super::fields::{resolved, type_of, variants};
use serde_json::{Map, Value, json};

/// Schemas within schemas.
const DEPTH_MAX: usize = 6;
/// Fields that are shown of a body that requires none.
const FIELDS_MAX: usize = 2;

/// A value that a schema takes.
pub fn example(document: &Value, schema: &Value) -> Value {
    made(document, schema, 0)
}

fn made(document: &Value, given: &Value, depth: usize) -> Value {
    let schema = resolved(document, given);
    let own = [given, schema].into_iter().find_map(|schema| {
        let first = |name: &str| schema.get(name)?.as_array()?.first();
        schema.get("example").or_else(|| first("examples")).or_else(|| schema.get("default")).or_else(|| first("enum"))
    });
    if let Some(own) = own {
        return own.clone();
    }
    if depth > DEPTH_MAX {
        return Value::Null;
    }
    if let Some(first) = variants(schema).first() {
        return made(document, first, depth + 1);
    }
    match type_of(schema) {
        "string" => json!(listed(schema).unwrap_or("…")),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(true),
        "array" => schema.get("items").map_or(json!([]), |items| json!([made(document, items, depth + 1)])),
        "object" => Value::Object(object(document, schema, depth)),
        _ => Value::Null,
    }
}

/// The first word of a pattern that only lists words.
fn listed(schema: &Value) -> Option<&str> {
    schema.get("pattern")?.as_str()?.strip_prefix("^(")?.split('|').next()
}

fn object(document: &Value, schema: &Value, depth: usize) -> Map<String, Value> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Map::new() };
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let shown = properties.iter().filter(|(name, _)| required.is_empty() || required.contains(&name.as_str()));
    let most = if required.is_empty() { FIELDS_MAX } else { usize::MAX };
    shown.take(most).map(|(name, property)| (name.clone(), made(document, property, depth + 1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_has_what_is_required() {
        let schema = json!({"type": "object", "required": ["id", "kind"], "properties": {
            "id": {"type": "string"}, "kind": {"enum": ["A", "B"]}, "more": {"type": "string"},
        }});
        assert_eq!(example(&json!({}), &schema), json!({"id": "…", "kind": "A"}));
    }

    #[test]
    fn an_example_of_its_own_is_taken() {
        let schema = json!({"type": "object", "properties": {"id": {"type": "string"}}, "example": {"id": "user_1"}});
        assert_eq!(example(&json!({}), &schema), json!({"id": "user_1"}));
    }
}
