//! One event: parsed from a `POST /api/events` body, redacted, bounded, ready to be stored.

use crate::limits::*;
use crate::redact::{clean_attributes, clean_url};
use crate::rejection::{Fate, Rejection};
use crate::text::{cut, snake_case, without_nul};
use crate::{fingerprint, text};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::net::IpAddr;

/// What the server knows about a request that the body cannot be believed about.
#[derive(Debug, Clone, Default)]
pub struct Intake {
    /// Time of arrival, epoch milliseconds.
    pub now_ms: i64,
    /// Whether a secret key sent it: a server that forwards what it saw may name the end user's address.
    pub trusted: bool,
    /// The connection's address, used when the body's is absent or not believed.
    pub ip: Option<IpAddr>,
    pub user_agent: Option<String>,
    /// Makes the id of an event that came without one; must be unique.
    pub fallback_id: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    pub id: String,
    /// The customer's name for it.
    pub name: String,
    pub timestamp_ms: i64,
    pub received_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityInput>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// Values that were cut or dropped because they were over a limit.
    #[serde(skip_serializing_if = "is_zero")]
    pub truncated: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IdentityInput {
    pub id: String,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupInput {
    /// lower_snake_case.
    pub kind: String,
    pub id: String,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceInput {
    /// Recomputed from the signals where they are the tracker's; otherwise the sender's claim.
    pub fingerprint: String,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub signals: Map<String, Value>,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// The group type used when none is given.
pub const DEFAULT_GROUP_TYPE: &str = "organization";

impl Event {
    /// Reads one event. Unknown fields are ignored; every error names its field.
    pub fn parse(body: Value, intake: &Intake) -> Result<Event, Rejection> {
        let Value::Object(mut body) = body else {
            return Err(Rejection::Invalid("an event must be a JSON object".into()));
        };
        let mut event = Event { received_ms: intake.now_ms, ..Event::default() };
        event.name = name(&mut body)?;
        event.source = optional_text(&mut body, "source", NAME_CHARS_MAX)?;
        event.identity = event.read_identity(body.remove("identity"))?;
        event.groups = event.read_groups(body.remove("groups"))?;
        event.data = event.attributes(body.remove("data"), "data")?;
        event.timestamp_ms = timestamp(body.remove("timestamp"), intake.now_ms)?;
        event.session = optional_text(&mut body, "session", ID_CHARS_MAX)?;
        event.url = event.cut_text(&mut body, "url", URL_CHARS_MAX)?.map(|url| clean_url(&url));
        event.referrer = event.cut_text(&mut body, "referrer", URL_CHARS_MAX)?.map(|url| clean_url(&url));
        event.read_origin(&mut body, intake)?;
        event.device = device(body.remove("device"))?;
        if event.user_agent.is_none() {
            event.user_agent = event.agent_of_signals();
        }
        if event.identity.is_none() && event.device.is_none() {
            return Err(Rejection::Invalid("identity or device is required".into()));
        }
        event.id = id(body.remove("id"), &intake.fallback_id)?;
        Ok(event)
    }

    fn read_identity(&mut self, value: Option<Value>) -> Result<Option<IdentityInput>, Rejection> {
        match value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(mut identity)) => {
                let id = key(identity.remove("id"), "identity.id")?;
                let data = self.attributes(identity.remove("data"), "identity.data")?;
                Ok(Some(IdentityInput { id, data }))
            }
            Some(_) => Err(Rejection::invalid("identity", "must be an object with an id")),
        }
    }

    fn read_groups(&mut self, value: Option<Value>) -> Result<Vec<GroupInput>, Rejection> {
        let items = match value {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(Rejection::invalid("groups", "must be an array")),
        };
        if items.len() > GROUPS_MAX {
            return Err(Rejection::Invalid(format!(
                "groups has {} entries, at most {GROUPS_MAX} are allowed",
                items.len()
            )));
        }
        let mut groups: Vec<GroupInput> = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let group = self.read_group(item, index)?;
            if groups.iter().any(|held| held.kind == group.kind) {
                return Err(Rejection::Invalid(format!("groups[{index}].type {:?} appears twice", group.kind)));
            }
            groups.push(group);
        }
        Ok(groups)
    }

    fn read_group(&mut self, item: Value, index: usize) -> Result<GroupInput, Rejection> {
        let Value::Object(mut group) = item else {
            return Err(Rejection::Invalid(format!("groups[{index}] must be an object")));
        };
        let kind = group_type(group.remove("type"), &format!("groups[{index}].type"))?;
        let id = key(group.remove("id"), &format!("groups[{index}].id"))?;
        let data = self.attributes(group.remove("data"), &format!("groups[{index}].data"))?;
        Ok(GroupInput { kind, id, data })
    }

    fn attributes(&mut self, value: Option<Value>, field: &str) -> Result<Map<String, Value>, Rejection> {
        let (attributes, truncated) = attributes(value, field)?;
        self.truncated += truncated;
        Ok(attributes)
    }

    /// A text that is shortened rather than refused.
    fn cut_text(
        &mut self,
        body: &mut Map<String, Value>,
        field: &str,
        chars_max: usize,
    ) -> Result<Option<String>, Rejection> {
        match body.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => {
                if text.chars().count() > chars_max {
                    self.truncated += 1;
                }
                Ok(Some(without_nul(&text).chars().take(chars_max).collect()))
            }
            Some(_) => Err(Rejection::invalid(field, "must be a string")),
        }
    }

    fn read_origin(&mut self, body: &mut Map<String, Value>, intake: &Intake) -> Result<(), Rejection> {
        let (ip, user_agent) = match intake.trusted {
            true => (ip(body.remove("ip"))?, self.cut_text(body, "userAgent", USER_AGENT_CHARS_MAX)?),
            // A page does not get to name its own address: the connection's counts.
            false => (
                intake.ip,
                intake.user_agent.as_deref().map(|agent| cut(&without_nul(agent), USER_AGENT_CHARS_MAX).to_owned()),
            ),
        };
        self.ip = ip.map(|ip| ip.to_canonical());
        self.user_agent = user_agent;
        Ok(())
    }

    /// What the device says of itself, where nobody else said it.
    fn agent_of_signals(&self) -> Option<String> {
        let agent = self.device.as_ref()?.signals.get("userAgent")?.as_str()?;
        Some(agent.chars().take(USER_AGENT_CHARS_MAX).collect())
    }

    /// What events are ordered by: the identity, else the session, else the device.
    pub fn subject(&self) -> Subject<'_> {
        match (&self.identity, &self.session, &self.device) {
            (Some(identity), ..) => Subject::Identity(&identity.id),
            (None, Some(session), _) => Subject::Session(session),
            (None, None, Some(device)) => Subject::Device(&device.fingerprint),
            (None, None, None) => Subject::Device(""),
        }
    }

    pub fn fingerprint(&self) -> Option<&str> {
        self.device.as_ref().map(|device| device.fingerprint.as_str())
    }
}

/// Whose queue an event stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject<'a> {
    Identity(&'a str),
    Session(&'a str),
    Device(&'a str),
}

fn name(body: &mut Map<String, Value>) -> Result<String, Rejection> {
    match optional_text(body, "type", NAME_CHARS_MAX)? {
        Some(name) if !name.trim().is_empty() => Ok(name),
        _ => Err(Rejection::invalid("type", "is required")),
    }
}

fn optional_text(body: &mut Map<String, Value>, field: &str, chars_max: usize) -> Result<Option<String>, Rejection> {
    match body.remove(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) if text.chars().count() > chars_max => {
            Err(Rejection::Invalid(format!("{field} is longer than {chars_max} characters")))
        }
        Some(Value::String(text)) => Ok(Some(without_nul(&text).into_owned())),
        Some(_) => Err(Rejection::invalid(field, "must be a string")),
    }
}

/// A caller's id: a string, or a number that is taken as one.
pub fn key(value: Option<Value>, field: &str) -> Result<String, Rejection> {
    let text = match value {
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        None | Some(Value::Null) => return Err(Rejection::invalid(field, "is required")),
        Some(_) => return Err(Rejection::invalid(field, "must be a string")),
    };
    match () {
        () if text.is_empty() => Err(Rejection::invalid(field, "is required")),
        () if text.chars().count() > ID_CHARS_MAX => {
            Err(Rejection::Invalid(format!("{field} is longer than {ID_CHARS_MAX} characters")))
        }
        () if text.contains('\0') => Err(Rejection::invalid(field, "must not contain NUL")),
        () => Ok(text),
    }
}

/// A group type in lower_snake_case; absent or empty means `organization`.
pub fn group_type(value: Option<Value>, field: &str) -> Result<String, Rejection> {
    match value {
        None | Some(Value::Null) => Ok(DEFAULT_GROUP_TYPE.into()),
        Some(Value::String(text)) if text.is_empty() => Ok(DEFAULT_GROUP_TYPE.into()),
        Some(Value::String(text)) if text.chars().count() > NAME_CHARS_MAX => {
            Err(Rejection::Invalid(format!("{field} is longer than {NAME_CHARS_MAX} characters")))
        }
        Some(Value::String(text)) => match snake_case(&text) {
            folded if folded.is_empty() => Err(Rejection::invalid(field, "needs a letter or digit")),
            folded => Ok(folded),
        },
        Some(_) => Err(Rejection::invalid(field, "must be a string")),
    }
}

/// An attributes object as it may be stored, and how many of its values were cut.
pub fn attributes(value: Option<Value>, field: &str) -> Result<(Map<String, Value>, u32), Rejection> {
    match value {
        None | Some(Value::Null) => Ok((Map::new(), 0)),
        Some(Value::Object(map)) => Ok(clean_attributes(map)),
        Some(_) => Err(Rejection::invalid(field, "must be an object")),
    }
}

fn timestamp(value: Option<Value>, now_ms: i64) -> Result<i64, Rejection> {
    let parsed = match value {
        None | Some(Value::Null) => return Ok(now_ms),
        Some(Value::String(text)) => parse_time_ms(&text),
        Some(Value::Number(number)) => number.as_i64(),
        Some(_) => None,
    };
    match parsed {
        None => Err(Rejection::invalid("timestamp", "must be an ISO-8601 time such as 2026-09-21T14:22:09Z")),
        Some(ms) if ms < TIMESTAMP_MIN_MS => Err(Rejection::invalid("timestamp", "is before the year 2000")),
        Some(ms) if ms > now_ms + CLOCK_AHEAD_MAX_MS => Ok(now_ms),
        Some(ms) => Ok(ms),
    }
}

/// ISO-8601 to epoch milliseconds; without an offset it is UTC.
pub fn parse_time_ms(text: &str) -> Option<i64> {
    let with_offset = text.parse::<jiff::Timestamp>().ok();
    let instant = with_offset.or_else(|| {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    });
    instant.map(|instant| instant.as_millisecond())
}

/// Epoch milliseconds as ISO-8601 UTC with `Z`, millisecond precision.
pub fn format_time_ms(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map(|instant| format!("{instant:.3}")).unwrap_or_default()
}

fn ip(value: Option<Value>) -> Result<Option<IpAddr>, Rejection> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => {
            text.trim().parse().map(Some).map_err(|_| Rejection::invalid("ip", "must be an IPv4 or IPv6 address"))
        }
        Some(_) => Err(Rejection::invalid("ip", "must be a string")),
    }
}

fn id(value: Option<Value>, fallback: &str) -> Result<String, Rejection> {
    let unusable = Err(Rejection::Quiet(Fate::UnusableId));
    match value {
        None | Some(Value::Null) => Ok(fallback.to_owned()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::String(id))
            if id.is_empty()
                || id.chars().count() > EVENT_ID_CHARS_MAX
                || id.starts_with(EVENT_ID_RESERVED_PREFIX)
                || id.contains('\0') =>
        {
            unusable
        }
        Some(Value::String(id)) => Ok(id),
        Some(_) => unusable,
    }
}

fn device(value: Option<Value>) -> Result<Option<DeviceInput>, Rejection> {
    let malformed = || Rejection::Quiet(Fate::MalformedDevice);
    let mut device = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(device)) => device,
        Some(_) => return Err(malformed()),
    };
    let claimed = match device.remove("fingerprint") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if is_fingerprint(&text) => Some(text),
        Some(_) => return Err(malformed()),
    };
    let signals = match device.remove("signals") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(signals)) => signals,
        Some(_) => return Err(malformed()),
    };
    if signals.len() > ATTRIBUTE_KEYS_MAX || json_bytes(&signals) > SIGNALS_BYTES_MAX {
        return Err(malformed());
    }
    let fingerprint = match claimed {
        // Signals in the tracker's own form decide; any other form is the word of a server that did its own reading.
        _ if signals.get("v").and_then(Value::as_u64) == Some(fingerprint::SIGNALS_VERSION) => {
            fingerprint::fingerprint(&signals)
        }
        Some(claimed) => claimed,
        None if signals.is_empty() => return Err(malformed()),
        None => fingerprint::digest(&fingerprint::canonical_json(&Value::Object(signals.clone()))),
    };
    let (signals, _) = clean_attributes(signals);
    Ok(Some(DeviceInput { fingerprint, signals }))
}

fn is_fingerprint(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn json_bytes(map: &Map<String, Value>) -> usize {
    serde_json::to_string(map).map_or(usize::MAX, |text| text.len())
}

/// Merges `new` into `held`, key by key, keeping the whole within [`ATTRIBUTES_BYTES_MAX`]. Returns how many keys did
/// not fit. A value of null is kept: it says that the field is known to be empty.
pub fn merge_attributes(held: &mut Map<String, Value>, new: &Map<String, Value>) -> u32 {
    let mut dropped = 0;
    let mut bytes = json_bytes(held);
    for (key, value) in new {
        let before = held.get(key).map_or(0, |old| old.to_string().len() + key.len() + 4);
        let after = value.to_string().len() + key.len() + 4;
        if bytes + after > ATTRIBUTES_BYTES_MAX + before {
            dropped += 1;
            continue;
        }
        bytes = bytes + after - before.min(bytes);
        held.insert(key.clone(), value.clone());
    }
    dropped
}

/// A short stable digest of an event's data: tells repeated content apart without keeping it.
pub fn data_digest(data: &Map<String, Value>) -> u32 {
    if data.is_empty() { 0 } else { text::hash32(&fingerprint::canonical_json(&Value::Object(data.clone()))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const NOW: i64 = 1_790_000_000_000;

    fn intake(trusted: bool) -> Intake {
        Intake {
            now_ms: NOW,
            trusted,
            ip: Some("203.0.113.9".parse().unwrap()),
            user_agent: Some("Mozilla/5.0".into()),
            fallback_id: "fallback".into(),
        }
    }

    fn parse(body: Value) -> Result<Event, Rejection> {
        Event::parse(body, &intake(true))
    }

    fn message(body: Value) -> String {
        match parse(body) {
            Err(Rejection::Invalid(message)) => message,
            other => panic!("expected a named error, got {other:?}"),
        }
    }

    #[test]
    fn an_sdk_event_is_read() {
        let event = parse(json!({
            "id": "signup-991", "type": "user.signup", "data": {"plan": "pro", "note": null},
            "identity": {"id": "user_1", "data": {"email": "ada@example.com"}},
            "groups": [{"type": "Work Space", "id": 7, "data": {}}], "source": "python-sdk",
            "timestamp": "2026-09-21T14:02:09", "ip": "::ffff:198.51.100.7", "unknown": {"is": "ignored"}
        }))
        .unwrap();
        assert_eq!(event.id, "signup-991");
        assert_eq!(event.groups[0].kind, "work_space");
        assert_eq!(event.groups[0].id, "7");
        assert_eq!(event.timestamp_ms, 1_789_999_329_000);
        assert_eq!(event.ip.unwrap().to_string(), "198.51.100.7");
        assert_eq!(event.data["note"], Value::Null);
    }

    #[test]
    fn every_error_names_its_field() {
        let ok = json!({"type": "t", "identity": {"id": "u"}});
        let with = |field: &str, value: Value| {
            let mut body = ok.clone();
            body[field] = value;
            message(body)
        };
        assert_eq!(message(json!([])), "an event must be a JSON object");
        assert_eq!(message(json!({"identity": {"id": "u"}})), "type is required");
        assert_eq!(with("type", json!(7)), "type must be a string");
        assert_eq!(with("type", json!("x".repeat(129))), "type is longer than 128 characters");
        assert_eq!(with("identity", json!("u")), "identity must be an object with an id");
        assert_eq!(with("identity", json!({"id": ""})), "identity.id is required");
        assert_eq!(with("identity", json!({"id": "x".repeat(257)})), "identity.id is longer than 256 characters");
        assert_eq!(with("identity", json!({"id": "a\u{0}"})), "identity.id must not contain NUL");
        assert_eq!(with("data", json!([1])), "data must be an object");
        assert_eq!(
            with("timestamp", json!("yesterday")),
            "timestamp must be an ISO-8601 time such as 2026-09-21T14:22:09Z"
        );
        assert_eq!(with("timestamp", json!("1970-01-01T00:00:00Z")), "timestamp is before the year 2000");
        assert_eq!(with("ip", json!("localhost")), "ip must be an IPv4 or IPv6 address");
        assert_eq!(
            with("groups", json!([{"type": "Team", "id": "a"}, {"type": "team", "id": "b"}])),
            "groups[1].type \"team\" appears twice"
        );
        assert_eq!(with("groups", json!([{"type": "team"}])), "groups[0].id is required");
        assert_eq!(message(json!({"type": "t"})), "identity or device is required");
    }

    #[test]
    fn quiet_rejections() {
        let quiet = |body| parse(body).unwrap_err();
        let unusable = Rejection::Quiet(Fate::UnusableId);
        let identity = json!({"id": "u"});
        assert_eq!(quiet(json!({"id": "dregs-1", "type": "t", "identity": identity})), unusable);
        assert_eq!(quiet(json!({"id": "x".repeat(65), "type": "t", "identity": identity})), unusable);
        for device in
            [json!("x"), json!({}), json!({"fingerprint": 7}), json!({"fingerprint": "a b"}), json!({"signals": []})]
        {
            assert_eq!(quiet(json!({"type": "t", "device": device})), Rejection::Quiet(Fate::MalformedDevice));
        }
    }

    #[test]
    fn a_page_cannot_name_its_own_address() {
        let body = json!({"type": "t", "identity": {"id": "u"}, "ip": "8.8.8.8", "userAgent": "fake"});
        let event = Event::parse(body, &intake(false)).unwrap();
        assert_eq!(event.ip.unwrap().to_string(), "203.0.113.9");
        assert_eq!(event.user_agent.unwrap(), "Mozilla/5.0");
    }

    #[test]
    fn a_clock_ahead_is_clamped_and_the_past_is_believed() {
        let at =
            |time: &str| parse(json!({"type": "t", "identity": {"id": "u"}, "timestamp": time})).unwrap().timestamp_ms;
        assert_eq!(at("2031-01-01T00:00:00Z"), NOW);
        assert_eq!(at("2019-05-01T00:00:00+02:00"), 1_556_661_600_000);
    }

    #[test]
    fn the_tracker_s_fingerprint_is_recomputed() {
        let signals = json!({"v": 1, "platform": "Linux", "timezone": "UTC"});
        let body = json!({"type": "t", "device": {"fingerprint": "forged", "signals": signals}});
        let event = parse(body).unwrap();
        assert_eq!(event.fingerprint().unwrap(), fingerprint::fingerprint(signals.as_object().unwrap()));
    }

    #[test]
    fn times_round_trip() {
        assert_eq!(format_time_ms(1_790_000_529_000), "2026-09-21T14:22:09.000Z");
        assert_eq!(parse_time_ms(&format_time_ms(NOW)), Some(NOW));
    }

    #[test]
    fn merging_keeps_the_bound() {
        let mut held = Map::new();
        let big: Map<String, Value> = (0..20).map(|i| (format!("k{i:02}"), json!("x".repeat(8000)))).collect();
        assert!(merge_attributes(&mut held, &big) > 0);
        assert!(json_bytes(&held) <= ATTRIBUTES_BYTES_MAX);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,40}".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::btree_map("[a-z.]{1,12}", inner, 0..8)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Whatever arrives in whatever field, parsing answers, and what it accepts is bounded and can be stored.
        #[test]
        fn parsing_is_total(
            fields in prop::collection::btree_map(
                prop::sample::select(vec!["id", "type", "identity", "device", "groups", "data", "timestamp", "ip", "session", "url"]),
                any_json(), 0..10),
            named in any::<bool>(),
        ) {
            let mut body: Map<String, Value> = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            if named {
                body.insert("type".into(), json!("t"));
                body.insert("identity".into(), json!({"id": "u"}));
            }
            if let Ok(event) = parse(Value::Object(body)) {
                prop_assert!(event.timestamp_ms <= NOW + CLOCK_AHEAD_MAX_MS);
                let text = serde_json::to_string(&event).unwrap();
                prop_assert!(!text.contains("\\u0000"));
                prop_assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
            }
        }
    }
}
