//! A schema as a list of fields, each with where it is, what it may be and what it means.

use serde_json::{Map, Value};

/// Schemas within schemas; deeper ones would only be a circle.
const DEPTH_MAX: usize = 12;

pub struct Field {
    /// Such as `conditions[].type`; empty for the whole.
    pub path: String,
    /// Such as `string, 1 to 50 characters, or null`.
    pub kind: String,
    pub is_required: bool,
    pub about: String,
}

/// The schema that a reference names, and any other as it is.
pub fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..DEPTH_MAX {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { break };
        schema = document.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
    }
    schema
}

/// What a schema allows beside null.
pub fn variants(schema: &Value) -> Vec<&Value> {
    let listed = ["oneOf", "anyOf"].iter().find_map(|name| schema.get(*name)?.as_array());
    let is_null = |schema: &&Value| schema.get("type").is_some_and(|kind| kind == "null");
    listed.map(|all| all.iter().filter(|schema| !is_null(schema)).collect()).unwrap_or_default()
}

/// All fields of a schema, from the outside in.
pub fn fields(document: &Value, schema: &Value) -> Vec<Field> {
    let mut listing = Listing { document, fields: Vec::new() };
    listing.walk(schema, "", false, 0);
    listing.fields
}

struct Listing<'a> {
    document: &'a Value,
    fields: Vec<Field>,
}

impl<'a> Listing<'a> {
    fn walk(&mut self, given: &'a Value, path: &str, is_required: bool, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        let schema = resolved(self.document, given);
        let about = [given, schema].iter().find_map(|schema| schema.get("description")?.as_str()).unwrap_or_default();
        let kind = self.kind(given, 0);
        if !path.is_empty() || !kind.starts_with("object") {
            self.fields.push(Field { path: path.to_owned(), kind, is_required, about: about.to_owned() });
        }
        self.within(schema, path, depth);
    }

    /// The fields inside of a schema, whichever way it holds them.
    fn within(&mut self, schema: &'a Value, path: &str, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        let all_of = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        for part in variants(schema).into_iter().chain(all_of) {
            self.within(resolved(self.document, part), path, depth + 1);
        }
        if let Some(items) = schema.get("items") {
            self.within(resolved(self.document, items), &format!("{path}[]"), depth + 1);
        }
        if let Some(values) = schema
            .get("additionalProperties")
            .filter(|values| values.get("$ref").is_some() || values.get("properties").is_some())
        {
            self.within(resolved(self.document, values), &joined(path, "*"), depth + 1);
        }
        let required = schema.get("required").and_then(Value::as_array);
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let is_required = required.is_some_and(|names| names.iter().any(|required| required == name));
            self.walk(property, &joined(path, name), is_required, depth + 1);
        }
    }

    /// A schema in words.
    fn kind(&self, given: &Value, depth: usize) -> String {
        let schema = resolved(self.document, given);
        if depth > DEPTH_MAX {
            return "anything".into();
        }
        let several = variants(schema);
        let mut words = match several.is_empty() {
            true => self.simple_kind(schema, depth),
            false => several.iter().map(|schema| self.kind(schema, depth + 1)).collect::<Vec<_>>().join(" or "),
        };
        if is_nullable(schema) {
            words.push_str(", or null");
        }
        words
    }

    fn simple_kind(&self, schema: &Value, depth: usize) -> String {
        let values = |name: &str| Some(schema.get(name)?.as_array()?.iter().map(shown).collect::<Vec<_>>().join(" | "));
        if let Some(choices) = values("enum").or_else(|| choices(schema)) {
            return choices;
        }
        let mut words = match type_of(schema) {
            "array" => match schema.get("items") {
                Some(items) => format!("array of {}", self.kind(items, depth + 1)),
                None => "array".into(),
            },
            "object" => match schema.get("additionalProperties").filter(|values| values.get("type").is_some()) {
                Some(values) => format!("object of {}", self.kind(values, depth + 1)),
                None => "object".into(),
            },
            "" => "anything".into(),
            kind => kind.to_owned(),
        };
        for bound in bounds(schema) {
            words.push_str(", ");
            words.push_str(&bound);
        }
        words
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn is_nullable(schema: &Value) -> bool {
    let types = schema.get("type").and_then(Value::as_array);
    let listed = ["oneOf", "anyOf"].iter().find_map(|name| schema.get(*name)?.as_array());
    types.is_some_and(|types| types.iter().any(|kind| kind == "null"))
        || listed.is_some_and(|all| all.iter().any(|schema| schema.get("type").is_some_and(|kind| kind == "null")))
}

/// The first type that is not null.
pub fn type_of(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or_default()
        }
        _ if schema.get("properties").is_some() || schema.get("allOf").is_some() => "object",
        _ => "",
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What the numbers, lengths and forms of a schema may be.
fn bounds(schema: &Value) -> Vec<String> {
    let Some(schema) = schema.as_object() else { return Vec::new() };
    let mut all: Vec<String> = [
        range(schema, "minimum", "maximum", ""),
        range(schema, "minLength", "maxLength", " characters"),
        range(schema, "minItems", "maxItems", " items"),
        range(schema, "minProperties", "maxProperties", " names"),
    ]
    .into_iter()
    .flatten()
    .collect();
    // How many bits a number has is of no use to those who write JSON.
    if let Some(format) =
        schema.get("format").and_then(Value::as_str).filter(|format| !format.starts_with("int") && *format != "double")
    {
        all.push(format.to_owned());
    }
    for (name, word) in [("pattern", "like"), ("default", "by default")] {
        if let Some(value) = schema.get(name) {
            all.push(format!("{word} {}", shown(value)));
        }
    }
    all
}

/// What a text may be, where its pattern only lists that.
fn choices(schema: &Value) -> Option<String> {
    let listed = schema.get("pattern")?.as_str()?.strip_prefix("^(")?.strip_suffix(")$")?;
    let is_list = listed.chars().all(|letter| letter.is_alphanumeric() || "_|-".contains(letter));
    is_list.then(|| listed.replace('|', " | "))
}

fn range(schema: &Map<String, Value>, low: &str, high: &str, what: &str) -> Option<String> {
    match (schema.get(low).map(shown), schema.get(high).map(shown)) {
        (Some(low), Some(high)) => Some(format!("{low} to {high}{what}")),
        (Some(low), None) => Some(format!("at least {low}{what}")),
        (None, Some(high)) => Some(format!("at most {high}{what}")),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_within_fields_are_named_by_their_way_and_bounds_are_told() {
        let document = json!({"components": {"schemas": {
            "Rule": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": ["string", "null"], "minLength": 1, "maxLength": 50, "description": "What it is called."},
                "conditions": {"type": "array", "maxItems": 10, "items": {"$ref": "#/components/schemas/Condition"}},
                "owner": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Condition"}]},
                "scores": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
            }},
            "Condition": {"type": "object", "properties": {"threshold": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 100}}},
        }}});
        let listed = fields(&document, &json!({"type": "array", "items": {"$ref": "#/components/schemas/Rule"}}));
        let told: Vec<(&str, &str, bool)> =
            listed.iter().map(|field| (field.path.as_str(), field.kind.as_str(), field.is_required)).collect();
        assert_eq!(
            told,
            [
                ("", "array of object", false),
                ("[].conditions", "array of object, at most 10 items", false),
                ("[].conditions[].threshold", "integer, 0 to 100", false),
                ("[].name", "string, 1 to 50 characters, or null", true),
                ("[].owner", "object, or null", false),
                ("[].owner.threshold", "integer, 0 to 100", false),
                ("[].scores", "object of integer, at least 0", false),
            ]
        );
        assert_eq!(listed[3].about, "What it is called.");
    }

    #[test]
    fn a_pattern_that_lists_words_is_shown_as_a_list() {
        let listed = fields(
            &Value::Null,
            &json!({"properties": {"order": {"type": "string", "pattern": "^(ASC|DESC)$"}, "slug": {"type": "string", "pattern": "^[a-z]+$"}}}),
        );
        let kinds: Vec<&str> = listed.iter().map(|field| field.kind.as_str()).collect();
        assert_eq!(kinds, ["ASC | DESC", "string, like ^[a-z]+$"]);
    }

    #[test]
    fn a_schema_that_holds_itself_ends() {
        let document = json!({"components": {"schemas": {
            "Tree": {"type": "object", "properties": {"trees": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}}},
        }}});
        assert!(fields(&document, &json!({"$ref": "#/components/schemas/Tree"})).len() < 2 * DEPTH_MAX);
    }
}
