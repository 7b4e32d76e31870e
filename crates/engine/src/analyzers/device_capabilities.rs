//! Whether the device is complete and agrees with itself.

use super::basis::on_devices;
use super::evidence::{agents, grown, join};
use super::{Analyzer, counted};
use crate::device::DeviceTraits;
use crate::intelligence::user_agent::{DeviceClass, UserAgentFacts};
use crate::profile::Note;
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;

pub const ANALYZER: Analyzer = Analyzer {
    id: "humanity.device-capabilities",
    label: "Device capabilities",
    category: Category::Humanity,
    group: "client",
    weight: 1.0,
    analyze,
};

/// Below this many signals a missing one says nothing: the sender reports few.
const SIGNALS_MIN: u32 = 6;
/// A machine without a graphics card renders in software: every virtual machine's and many offices'.
const SOFTWARE_RENDERERS: [&str; 6] = ["swiftshader", "llvmpipe", "softpipe", "software", "basic render", "swrast"];

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let agents: Vec<&UserAgentFacts> = agents(snapshot).into_iter().map(|(agent, _)| agent).collect();
    let devices: Vec<_> = snapshot.profile.devices.iter().filter(|held| held.traits.signals >= SIGNALS_MIN).collect();
    let total: f64 = devices.iter().map(|held| f64::from(held.seen.count)).sum();
    let judged = devices.iter().map(|held| (judge(&held.traits, &agents), f64::from(held.seen.count)));
    let ((value, faults), sightings) = judged.min_by(|a, b| a.0.0.total_cmp(&b.0.0))?;
    let spread = if total > 0.0 { 0.4 + 0.6 * sightings / total } else { 1.0 };
    let confidence = (0.55 + grown(0.3, sightings, 2.0)) * spread;
    let text = if faults.is_empty() {
        format!(
            "{} with complete signals that agree with each other.",
            counted(devices.len() as u64, "device", "devices")
        )
    } else {
        format!("A device {}.", faults.join(", "))
    };
    Some(Finding::new(value, confidence, text).with("devices", devices.len()).with("faults", faults))
}

/// The value of one device and what is wrong with it.
fn judge(traits: &DeviceTraits, agents: &[&UserAgentFacts]) -> (f64, Vec<String>) {
    let mut faults: Vec<(f64, String)> = [
        traits.languages.is_empty().then(|| (0.25, "reports no languages".into())),
        (traits.canvas == Some(false)).then(|| (0.38, "gives no canvas output".into())),
        screen(traits),
        cores(traits),
        platform(traits, agents),
        touch(traits, agents),
    ]
    .into_iter()
    .flatten()
    .collect();
    faults.extend(virtual_machine(traits));
    if faults.is_empty() {
        let rich = traits.canvas == Some(true) && traits.screen.is_some() && traits.renderer.is_some();
        return (if rich { 0.8 } else { 0.62 }, Vec::new());
    }
    (join(faults.iter().map(|(value, _)| *value)), faults.into_iter().map(|(_, fault)| fault).collect())
}

fn screen(traits: &DeviceTraits) -> Option<(f64, String)> {
    let (width, height) = traits.screen?;
    match (width, height) {
        (0, _) | (_, 0) => Some((0.1, format!("has a screen of {width}×{height}"))),
        (..150, _) | (_, ..150) => Some((0.3, format!("has a screen of only {width}×{height}"))),
        (800, 600) => Some((0.32, "has a screen of 800×600, the default without a window".into())),
        _ => None,
    }
}

fn cores(traits: &DeviceTraits) -> Option<(f64, String)> {
    traits
        .cores
        .filter(|cores| *cores == 0 || *cores > 256)
        .map(|cores| (0.3, format!("reports {cores} processor cores")))
}

/// Software rendering, UTC: each is every virtual machine's, and so is both together. It counts once, and weakly.
fn virtual_machine(traits: &DeviceTraits) -> Option<(f64, String)> {
    let renderer = traits.renderer.as_deref().unwrap_or_default().to_lowercase();
    let software = SOFTWARE_RENDERERS.iter().any(|name| renderer.contains(name));
    let utc = traits.timezone.as_deref().is_some_and(|zone| matches!(zone, "UTC" | "Etc/UTC" | "GMT" | "Etc/GMT"));
    match (software, utc) {
        (true, true) => Some((0.36, "renders in software in time zone UTC, as virtual machines do".into())),
        (true, false) => Some((0.42, "renders in software, as virtual machines do".into())),
        (false, true) => Some((0.47, "is set to time zone UTC, as servers and privacy browsers are".into())),
        (false, false) => None,
    }
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum System {
    Windows,
    Apple,
    /// Linux, Android and ChromeOS report the same platforms.
    Linux,
}

fn of_platform(platform: &str) -> Option<System> {
    let folded = platform.to_lowercase();
    match () {
        () if folded.starts_with("win") => Some(System::Windows),
        () if ["mac", "iphone", "ipad", "ipod"].iter().any(|name| folded.starts_with(name)) => Some(System::Apple),
        () if ["linux", "android", "cros"].iter().any(|name| folded.starts_with(name)) => Some(System::Linux),
        () => None,
    }
}

fn of_agent(os: &str) -> Option<System> {
    let folded = os.to_lowercase();
    let has = |names: &[&str]| names.iter().any(|name| folded.contains(name));
    match () {
        () if has(&["windows phone"]) => None,
        () if has(&["mac", "ios", "ipados", "iphone", "ipad", "os x", "darwin"]) => Some(System::Apple),
        () if folded.starts_with("win") => Some(System::Windows),
        () if has(&["linux", "android", "chrome", "cros", "ubuntu", "debian", "fedora"]) => Some(System::Linux),
        () => None,
    }
}

/// The profile does not say which user agent a device came with: only when none of them fits is it a mismatch.
fn platform(traits: &DeviceTraits, agents: &[&UserAgentFacts]) -> Option<(f64, String)> {
    let platform = of_platform(traits.platform.as_deref()?)?;
    let systems: Vec<System> = agents.iter().filter_map(|agent| of_agent(agent.os.as_deref()?)).collect();
    let mismatch = !systems.is_empty() && systems.len() == agents.len() && !systems.contains(&platform);
    mismatch.then(|| (0.15, "runs on another operating system than its user agent says".into()))
}

fn touch(traits: &DeviceTraits, agents: &[&UserAgentFacts]) -> Option<(f64, String)> {
    let all_mobile = !agents.is_empty() && agents.iter().all(|agent| agent.device == DeviceClass::Mobile);
    (all_mobile && traits.touch_points == Some(0)).then(|| (0.2, "claims to be a phone without a touch screen".into()))
}

/// What came from devices with faults.
pub(super) fn basis(snapshot: &Snapshot) -> Vec<&Note> {
    let agents: Vec<&UserAgentFacts> = agents(snapshot).into_iter().map(|(agent, _)| agent).collect();
    let is_faulty = |traits: &DeviceTraits| traits.signals >= SIGNALS_MIN && !judge(traits, &agents).1.is_empty();
    on_devices(snapshot, |held| is_faulty(&held.traits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Story, check, check_silent};
    use serde_json::{Value, json};

    const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";

    fn story(changes: Value) -> Story {
        let mut signals = json!({
            "platform": "Win32", "languages": ["de-DE"], "timezone": "Europe/Berlin", "screen": {"width": 1920, "height": 1080},
            "hardwareConcurrency": 8, "touchPoints": 0, "canvas": "c0ffee", "webgl": {"renderer": "ANGLE (NVIDIA, GeForce)"}
        });
        changes.as_object().unwrap().iter().for_each(|(name, value)| signals[name] = value.clone());
        Story::new().user_agent(WINDOWS).device("fp", &signals.to_string()).event(0, "page_view").event(5, "page_view")
    }

    #[test]
    fn a_rich_consistent_device_is_human() {
        check(&ANALYZER, &story(json!({})), 0.7..=0.9);
    }

    #[test]
    fn a_virtual_machine_is_weak_and_contradictions_are_not() {
        check(&ANALYZER, &story(json!({"webgl": {"renderer": "llvmpipe"}, "timezone": "UTC"})), 0.33..=0.45);
        check(&ANALYZER, &story(json!({"platform": "Linux x86_64"})), 0.0..=0.2);
        check(&ANALYZER, &story(json!({"screen": {"width": 0, "height": 0}, "languages": []})), 0.0..=0.06);
        check(&ANALYZER, &story(json!({"canvas": false})), 0.3..=0.45);
    }

    #[test]
    fn few_signals_say_nothing() {
        check_silent(&ANALYZER, &Story::new().device("fp", r#"{"platform":"Win32"}"#).event(0, "x"));
        check_silent(&ANALYZER, &Story::new().event(0, "x"));
    }
}
