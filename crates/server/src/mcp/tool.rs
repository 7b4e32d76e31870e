//! What a tool is: the request that it becomes, and what it takes.

use dregs_store::Role;
use serde_json::{Map, Value, json};

/// Offsets that a list takes: deeper ones are for filters.
pub const OFFSET_MAX: i64 = 1_000_000;

/// What a tool does to the team's things, as clients are told to let people decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing.
    Reads,
    /// Makes something; twice makes two.
    Adds,
    /// Sets something that nothing is lost by; twice is as once.
    Sets,
    /// Takes the place of what was there, or takes it away; twice is as once.
    Overwrites,
    /// Reaches somebody outside.
    Tells,
}

impl Effect {
    /// The least role whose person's agents may use the tool.
    pub fn least_role(self) -> Role {
        match self {
            Effect::Reads => Role::Viewer,
            _ => Role::Admin,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Put,
    Post,
    Patch,
    Delete,
}

impl Method {
    pub fn code(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Put => "PUT",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// What an argument may be. The API checks again, and knows more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// A whole number within bounds.
    Whole(i64, i64),
    /// A number that names something, as text or, where a client does not round it, as a number.
    Id,
    /// As [`Kind::Whole`], or null.
    WholeOrNull(i64, i64),
    /// From 0 to 1.
    Share,
    Flag,
    OneOf(&'static [&'static str]),
    /// ISO-8601.
    Time,
    Texts,
    /// The conditions of a rule.
    Conditions,
}

/// Where an argument goes in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
    Body,
    /// Checked and left out: it can have one value only.
    Nowhere,
}

#[derive(Debug, Clone, Copy)]
pub struct Argument {
    pub name: &'static str,
    /// Its name in the request.
    pub wire: &'static str,
    pub kind: Kind,
    pub place: Place,
    pub required: bool,
    /// What is sent in the query when it is not given, if anything.
    pub absent: Option<&'static str>,
    pub about: &'static str,
}

/// How much of a list is given at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    Whole,
    /// The API gives pages; `limit` (by default, at most) and `offset` are made of them.
    Pages(u32, u32),
    /// The API gives all; `limit` (by default, at most) and `offset` cut from it.
    Window(u32, u32),
}

#[derive(Debug, Clone, Copy)]
pub struct Tool {
    pub name: &'static str,
    pub title: &'static str,
    pub about: &'static str,
    pub effect: Effect,
    pub method: Method,
    /// Under `/api`; empty for the manual, which is no route.
    pub path: &'static str,
    pub arguments: &'static [Argument],
    pub paging: Paging,
    /// The page of the dashboard that shows the same; `{name}` stands for an argument or a field of the result.
    pub page: &'static str,
    /// The page of one item of a list.
    pub item_page: &'static str,
}

pub(super) const fn argument(name: &'static str, kind: Kind, place: Place, about: &'static str) -> Argument {
    Argument { name, wire: name, kind, place, required: false, absent: None, about }
}

pub(super) const fn path(name: &'static str, about: &'static str) -> Argument {
    argument(name, Kind::Text, Place::Path, about).required()
}

pub(super) const fn query(name: &'static str, kind: Kind, about: &'static str) -> Argument {
    argument(name, kind, Place::Query, about)
}

pub(super) const fn body(name: &'static str, kind: Kind, about: &'static str) -> Argument {
    argument(name, kind, Place::Body, about)
}

impl Tool {
    pub(super) const fn new(
        effect: Effect,
        method: Method,
        name: &'static str,
        path: &'static str,
        title: &'static str,
    ) -> Self {
        let paging = Paging::Whole;
        Tool { name, title, about: "", effect, method, path, arguments: &[], paging, page: "", item_page: "" }
    }

    pub(super) const fn read(name: &'static str, path: &'static str, title: &'static str) -> Self {
        Tool::new(Effect::Reads, Method::Get, name, path, title)
    }

    pub(super) const fn about(self, about: &'static str) -> Self {
        Tool { about, ..self }
    }

    pub(super) const fn takes(self, arguments: &'static [Argument]) -> Self {
        Tool { arguments, ..self }
    }

    pub(super) const fn listed(self, paging: Paging) -> Self {
        Tool { paging, ..self }
    }

    pub(super) const fn page(self, page: &'static str) -> Self {
        Tool { page, ..self }
    }

    pub(super) const fn item_page(self, item_page: &'static str) -> Self {
        Tool { item_page, ..self }
    }

    /// How many of a list are given by default, and at most.
    pub fn limits(&self) -> Option<(u32, u32)> {
        match self.paging {
            Paging::Whole => None,
            Paging::Pages(default, most) | Paging::Window(default, most) => Some((default, most)),
        }
    }

    /// What it takes, as JSON Schema.
    pub fn schema(&self) -> Map<String, Value> {
        let mut properties: Map<String, Value> =
            self.arguments.iter().map(|argument| (argument.name.to_owned(), argument.schema())).collect();
        if let Some((default, most)) = self.limits() {
            let limit = json!({"type": "integer", "minimum": 1, "maximum": most, "default": default, "description": "How many at most"});
            let offset = json!({"type": "integer", "minimum": 0, "maximum": OFFSET_MAX, "default": 0, "description": "How many to skip"});
            properties.insert("limit".into(), limit);
            properties.insert("offset".into(), offset);
        }
        let required: Vec<&str> =
            self.arguments.iter().filter(|argument| argument.required).map(|argument| argument.name).collect();
        Map::from_iter([
            ("type".to_owned(), json!("object")),
            ("properties".to_owned(), Value::Object(properties)),
            ("required".to_owned(), json!(required)),
            ("additionalProperties".to_owned(), json!(false)),
        ])
    }
}

impl Argument {
    pub(super) const fn required(self) -> Self {
        Argument { required: true, ..self }
    }

    pub(super) const fn sent_as(self, wire: &'static str) -> Self {
        Argument { wire, ..self }
    }

    fn schema(&self) -> Value {
        let mut schema = match self.kind {
            Kind::Text => json!({"type": "string"}),
            Kind::Whole(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
            Kind::WholeOrNull(least, most) => json!({"type": ["integer", "null"], "minimum": least, "maximum": most}),
            Kind::Share => json!({"type": "number", "minimum": 0, "maximum": 1}),
            Kind::Flag => json!({"type": "boolean"}),
            Kind::OneOf(values) => json!({"type": "string", "enum": values}),
            Kind::Time => json!({"type": "string", "format": "date-time"}),
            Kind::Id => json!({"type": ["string", "integer"]}),
            Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Kind::Conditions => conditions_schema(),
        };
        if !self.about.is_empty() {
            schema["description"] = json!(self.about);
        }
        schema
    }

    /// What is wrong with a value, if it cannot be this.
    pub fn problem(&self, value: &Value) -> Option<String> {
        let fits = match self.kind {
            // What names a thing in the path cannot be empty: the path would be another.
            Kind::Text => value.as_str().is_some_and(|text| self.place != Place::Path || !text.is_empty()),
            Kind::Time => value.is_string(),
            Kind::Id => value.as_i64().or_else(|| value.as_str()?.parse().ok()).is_some_and(|id: i64| id > 0),
            Kind::Whole(least, most) => value.as_i64().is_some_and(|n| (least..=most).contains(&n)),
            Kind::WholeOrNull(least, most) => {
                value.is_null() || value.as_i64().is_some_and(|n| (least..=most).contains(&n))
            }
            Kind::Share => value.as_f64().is_some_and(|share| (0.0..=1.0).contains(&share)),
            Kind::Flag => value.is_boolean(),
            Kind::OneOf(values) => value.as_str().is_some_and(|text| values.contains(&text)),
            Kind::Texts => value.as_array().is_some_and(|texts| texts.iter().all(Value::is_string)),
            Kind::Conditions => value.is_array(),
        };
        (!fits).then(|| format!("{} must be {}", self.name, self.expected()))
    }

    fn expected(&self) -> String {
        match self.kind {
            Kind::Text if self.place == Place::Path => "a text that is not empty".into(),
            Kind::Text => "a text".into(),
            Kind::Time => "an ISO-8601 time as text".into(),
            Kind::Id => "an id, as text of digits".into(),
            Kind::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Kind::WholeOrNull(least, most) => format!("null or a whole number from {least} to {most}"),
            Kind::Share => "a number from 0 to 1".into(),
            Kind::Flag => "true or false".into(),
            Kind::OneOf(values) => format!("one of {}", values.join(", ")),
            Kind::Texts => "an array of texts".into(),
            Kind::Conditions => "an array of conditions".into(),
        }
    }
}

fn conditions_schema() -> Value {
    let kinds = [
        "SCORE_LT",
        "SCORE_LTE",
        "SCORE_GT",
        "SCORE_GTE",
        "IDENTITY_AGE_GT",
        "IDENTITY_AGE_LT",
        "BADGE_EXISTS",
        "BADGE_NOT_EXISTS",
    ];
    json!({"type": "array", "minItems": 1, "items": {
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": kinds},
            "category": {"type": "string", "enum": ["HUMANITY", "AUTHENTICITY", "UNIQUENESS", "BEHAVIOR", "ANY"], "description": "Of a SCORE_ condition"},
            "threshold": {"type": "integer", "minimum": 0, "maximum": 100, "description": "Of a SCORE_ condition"},
            "seconds": {"type": "integer", "minimum": 0, "description": "Of an IDENTITY_AGE_ condition"},
            "badge": {"type": "string", "description": "Slug; of a BADGE_ condition, which only escalation rules have"},
        },
        "required": ["type"],
    }})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_checked_by_their_kind() {
        let whole = query("n", Kind::Whole(1, 5), "");
        assert_eq!(whole.problem(&json!(5)), None);
        for wrong in [json!(6), json!(0), json!("5"), json!(1.5), json!(null)] {
            assert!(whole.problem(&wrong).unwrap().contains("n must be a whole number from 1 to 5"), "{wrong}");
        }
        assert!(path("id", "").problem(&json!("")).is_some());
        assert!(query("term", Kind::Text, "").problem(&json!("")).is_none());
        assert!(body("x", Kind::WholeOrNull(0, 9), "").problem(&Value::Null).is_none());
    }
}
