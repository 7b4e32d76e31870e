//! What a device's signals say, reduced to the traits that analyzers read.

use crate::text::cut;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest trait text kept, in bytes.
const TEXT_BYTES_MAX: usize = 96;
/// Automation marks and languages kept.
const LIST_MAX: usize = 16;

/// Traits of one browser on one machine. Absent means the signals did not say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceTraits {
    /// Names of the automation checks that came out true.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub automation: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renderer: Option<String>,
    /// Screen width and height in CSS pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen: Option<(u32, u32)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cores: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub touch_points: Option<u32>,
    /// Canvas output present; a blocked or absent canvas is `Some(false)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canvas: Option<bool>,
    /// The page's own user agent, when it differs from the request's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_agent: Option<String>,
    /// How many top-level signals were sent.
    pub signals: u32,
}

impl DeviceTraits {
    /// Reads the traits; `request_agent` is the user agent of the request that carried the signals.
    pub fn of(signals: &Map<String, Value>, request_agent: Option<&str>) -> Self {
        let text = |name: &str| signals.get(name).and_then(Value::as_str).map(short);
        let number = |name: &str| signals.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        DeviceTraits {
            automation: automation(signals),
            languages: languages(signals),
            timezone: text("timezone"),
            platform: text("platform"),
            renderer: signals.get("webgl").and_then(|webgl| webgl.get("renderer")).and_then(Value::as_str).map(short),
            screen: screen(signals),
            cores: number("hardwareConcurrency"),
            touch_points: number("touchPoints"),
            canvas: signals.get("canvas").map(|canvas| !matches!(canvas, Value::Null | Value::Bool(false))),
            page_agent: signals
                .get("userAgent")
                .and_then(Value::as_str)
                .filter(|agent| request_agent.is_some_and(|request| request != *agent))
                .map(|agent| cut(agent, 256).to_owned()),
            signals: signals.len() as u32,
        }
    }
}

fn short(text: &str) -> String {
    cut(text, TEXT_BYTES_MAX).to_owned()
}

fn automation(signals: &Map<String, Value>) -> Vec<String> {
    let mut marks: Vec<String> = signals
        .get("automation")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(_, value)| **value == Value::Bool(true))
        .map(|(name, _)| short(name))
        .take(LIST_MAX)
        .collect();
    let tampered = signals.get("automation").and_then(|marks| marks.get("tampered")).and_then(Value::as_array);
    if tampered.is_some_and(|names| !names.is_empty()) {
        marks.push("tampered".into());
    }
    if signals.get("webdriver") == Some(&Value::Bool(true)) && !marks.iter().any(|mark| mark == "webdriver") {
        marks.push("webdriver".into());
    }
    marks
}

fn languages(signals: &Map<String, Value>) -> Vec<String> {
    let listed = signals.get("languages").and_then(Value::as_array).into_iter().flatten();
    listed.filter_map(Value::as_str).map(short).take(LIST_MAX).collect()
}

fn screen(signals: &Map<String, Value>) -> Option<(u32, u32)> {
    let side = |name| signals.get("screen")?.get(name)?.as_u64().and_then(|n| u32::try_from(n).ok());
    Some((side("width")?, side("height")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn traits_are_read_and_hostile_shapes_ignored() {
        let signals = json!({
            "webdriver": true, "automation": {"cdc": true, "phantom": false, "odd": "yes"}, "languages": ["de-DE", 7],
            "timezone": "Europe/Berlin", "screen": {"width": 390, "height": "x"}, "hardwareConcurrency": -3,
            "webgl": {"renderer": "SwiftShader"}, "userAgent": "A", "canvas": null
        });
        let traits = DeviceTraits::of(signals.as_object().unwrap(), Some("B"));
        assert_eq!(traits.automation, ["cdc", "webdriver"]);
        assert_eq!(traits.languages, ["de-DE"]);
        assert_eq!((traits.screen, traits.cores, traits.canvas), (None, None, Some(false)));
        assert_eq!(traits.page_agent.as_deref(), Some("A"));
    }
}
