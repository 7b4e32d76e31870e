//! The device fingerprint: 32 hex characters of SHA-256 over the canonical JSON of a browser's stable signals.
//!
//! The tracker computes the same value; here it is recomputed, because what a client says about itself is a claim.
//! `testdata/fingerprint-vectors.json` holds both implementations together.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Signals the fingerprint rests on. The screen is handled apart: turning a phone must not make another device.
const STABLE: [&str; 12] = [
    "platform", "vendor", "languages", "timezone", "hardwareConcurrency", "deviceMemory", "touchPoints", "canvas",
    "webgl", "audio", "fonts", "mathHash",
];

/// The version of the signal names that [`fingerprint`] understands.
pub const SIGNALS_VERSION: u64 = 1;

/// The part of `signals` that stays the same from visit to visit.
pub fn stable_subset(signals: &Map<String, Value>) -> Map<String, Value> {
    let mut stable: Map<String, Value> =
        STABLE.iter().filter_map(|&name| signals.get(name).map(|value| (name.to_owned(), value.clone()))).collect();
    if let Some(screen) = signals.get("screen").and_then(Value::as_object) {
        stable.insert("screen".into(), Value::Object(stable_screen(screen)));
    }
    stable
}

fn stable_screen(screen: &Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    let side = |name| screen.get(name).and_then(Value::as_f64);
    match (side("width"), side("height")) {
        (Some(width), Some(height)) if width < height => {
            out.insert("width".into(), screen["height"].clone());
            out.insert("height".into(), screen["width"].clone());
        }
        _ => copy(screen, &mut out, &["width", "height"]),
    }
    copy(screen, &mut out, &["depth", "pixelRatio"]);
    out
}

fn copy(from: &Map<String, Value>, to: &mut Map<String, Value>, names: &[&str]) {
    for &name in names {
        if let Some(value) = from.get(name) {
            to.insert(name.to_owned(), value.clone());
        }
    }
}

/// The fingerprint of a device from its signals: 32 lower-case hex characters.
pub fn fingerprint(signals: &Map<String, Value>) -> String {
    digest(&canonical_json(&Value::Object(stable_subset(signals))))
}

/// JSON without spaces and with the keys of every object in code-point order.
pub fn canonical_json(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let fields: Vec<String> =
                keys.iter().map(|key| format!("{}:{}", Value::from(key.as_str()), canonical_json(&map[*key]))).collect();
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
    use serde_json::json;

    #[test]
    fn turning_the_screen_keeps_the_fingerprint() {
        let upright = json!({"screen": {"width": 390, "height": 844, "depth": 24}, "platform": "iPhone"});
        let sideways = json!({"screen": {"width": 844, "height": 390, "depth": 24}, "platform": "iPhone", "voices": 3});
        let of = |value: Value| fingerprint(value.as_object().unwrap());
        assert_eq!(of(upright), of(sideways));
    }

    #[test]
    fn every_stable_signal_counts() {
        let base = json!({"platform": "Linux x86_64", "timezone": "UTC"});
        let other = json!({"platform": "Linux x86_64", "timezone": "Europe/Paris"});
        assert_ne!(fingerprint(base.as_object().unwrap()), fingerprint(other.as_object().unwrap()));
    }
}
