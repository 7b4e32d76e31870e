//! The device fingerprint: 32 hex characters of SHA-256 over the canonical JSON of a browser's stable signals.
//!
//! The tracker computes the same value; here it is recomputed, because what a client says about itself is a claim. The
//! recipe is in `web/tracker/README.md`; `testdata/fingerprint-vectors.json` holds both implementations together.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The version of the signal names that [`fingerprint`] understands.
pub const SIGNALS_VERSION: u64 = 1;
/// Largest integer that every language prints alike.
const SAFE_INTEGER_MAX: i64 = (1 << 53) - 1;

/// The part of `signals` that stays the same from visit to visit. Every key is always present; a value that is absent
/// or of another type is null.
pub fn stable_subset(signals: &Map<String, Value>) -> Value {
    let part = |name: &str| signals.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let (screen, canvas, webgl) = (part("screen"), part("canvas"), part("webgl"));
    json!({
        "audio": text(signals, "audio"),
        "canvas": {"geometry": text(&canvas, "geometry"), "text": text(&canvas, "text")},
        "deviceMemory": text(signals, "deviceMemory"),
        "fonts": texts(signals, "fonts", usize::MAX),
        "hardwareConcurrency": integer(signals, "hardwareConcurrency"),
        // Private windows hide all but the first language.
        "languages": texts(signals, "languages", 1),
        "mathHash": text(signals, "mathHash"),
        "platform": text(signals, "platform"),
        "screen": {
            "depth": integer(&screen, "depth"),
            "pixelRatio": text(&screen, "pixelRatio"),
            "size": long_side_first(integer(&screen, "width"), integer(&screen, "height")),
        },
        "timezone": text(signals, "timezone"),
        "touchPoints": integer(signals, "touchPoints"),
        "vendor": text(signals, "vendor"),
        "webgl": {"hash": text(&webgl, "hash"), "renderer": text(&webgl, "renderer"), "vendor": text(&webgl, "vendor")},
    })
}

/// Turning a phone does not make another device of it.
fn long_side_first(width: Option<i64>, height: Option<i64>) -> Option<[i64; 2]> {
    let (width, height) = (width?, height?);
    Some([width.max(height), width.min(height)])
}

fn text<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    map.get(name)?.as_str()
}

fn texts<'a>(map: &'a Map<String, Value>, name: &str, max: usize) -> Option<Vec<&'a str>> {
    let texts: Option<Vec<&str>> = map.get(name)?.as_array()?.iter().map(Value::as_str).collect();
    texts.map(|texts| texts.into_iter().take(max).collect())
}

fn integer(map: &Map<String, Value>, name: &str) -> Option<i64> {
    let number = map.get(name)?;
    // JavaScript does not tell 2 from 2.0; both print as 2 there.
    let whole =
        number.as_i64().or_else(|| number.as_f64().filter(|value| value.fract() == 0.0).map(|value| value as i64));
    whole.filter(|value| value.abs() <= SAFE_INTEGER_MAX)
}

/// The fingerprint of a device from its signals: 32 lower-case hex characters.
pub fn fingerprint(signals: &Map<String, Value>) -> String {
    digest(&canonical_json(&stable_subset(signals)))
}

/// JSON without spaces and with the keys of every object in order.
pub fn canonical_json(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let fields: Vec<String> = keys
                .iter()
                .map(|key| format!("{}:{}", Value::from(key.as_str()), canonical_json(&map[*key])))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical_json).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

/// The first 32 hex characters of the SHA-256 of `text`.
pub fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Vector {
        name: String,
        signals: Map<String, Value>,
        canonical: String,
        fingerprint: String,
    }

    #[test]
    fn the_tracker_and_the_server_agree() {
        let vectors: Vec<Vector> =
            serde_json::from_str(include_str!("../../../testdata/fingerprint-vectors.json")).unwrap();
        assert!(vectors.len() >= 3);
        for vector in vectors {
            assert_eq!(canonical_json(&stable_subset(&vector.signals)), vector.canonical, "{}", vector.name);
            assert_eq!(fingerprint(&vector.signals), vector.fingerprint, "{}", vector.name);
        }
    }

    #[test]
    fn turning_the_screen_keeps_the_fingerprint() {
        let of = |value: Value| fingerprint(value.as_object().unwrap());
        let upright = json!({"screen": {"width": 390, "height": 844, "depth": 24}, "platform": "iPhone"});
        let sideways = json!({"screen": {"width": 844, "height": 390, "depth": 24}, "platform": "iPhone", "voices": 3});
        assert_eq!(of(upright.clone()), of(sideways));
        assert_ne!(of(upright), of(json!({"platform": "iPhone"})));
    }
}
