//! Marks that browser-driving tools leave: in the page, and in the user agent.

use super::basis::{in_sessions, on_devices};
use super::evidence::{agents, grown, join, quoted, share};
use super::{Analyzer, counted};
use crate::intelligence::user_agent::UserAgentFacts;
use crate::profile::Note;
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;
use std::collections::BTreeMap;

pub const ANALYZER: Analyzer = Analyzer {
    id: "humanity.automation-framework",
    label: "Automation framework",
    category: Category::Humanity,
    group: "client",
    weight: 1.4,
    analyze,
};

/// Marks with one cause tell it once: a privacy extension trips every tamper check together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// The browser or a tool says so itself.
    Declared,
    Headless,
    /// Also a person with developer tools open.
    Debugger,
    /// Also privacy extensions.
    Tampering,
    /// Input that hardware does not make.
    Input,
    Environment,
}

const DECLARED: f64 = 0.04;
const MEDIUM: f64 = 0.15;
const WEAK: f64 = 0.3;
/// Most automation leaves no mark at all (42 of 100 cases measured), so a clean device is little more than likely human.
const CLEAN: f64 = 0.68;

/// Tools that say their own name, as parts of a mark's name in lower case.
const TOOLS: [&str; 12] = [
    "webdriver",
    "cdc",
    "selenium",
    "phantom",
    "nightmare",
    "domautomation",
    "playwright",
    "puppeteer",
    "cypress",
    "watir",
    "appium",
    "headless",
];

/// What a mark weighs, by parts of its name; a name we have not seen is a weak mark.
fn weigh(mark: &str) -> (Cause, f64) {
    let folded: String = mark.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| folded.contains(part));
    match () {
        () if has(&["headless"]) => (Cause::Headless, DECLARED),
        () if has(&["mismatch", "tamper", "faked", "proxied", "worker"]) => (Cause::Tampering, WEAK),
        () if has(&TOOLS) => (Cause::Declared, DECLARED),
        () if has(&["protocol", "stacktrace", "console", "debugger", "devtools"]) => (Cause::Debugger, WEAK),
        () if has(&["pressure", "dwell", "shift", "exactcentre", "exactcenter", "approach"]) => (Cause::Input, MEDIUM),
        () if has(&["pageworld", "isolated", "wrappeddom"]) => (Cause::Debugger, WEAK),
        () if has(&["outersize"]) => (Cause::Headless, MEDIUM),
        () => (Cause::Environment, WEAK),
    }
}

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let devices = snapshot.profile.devices.iter().filter(|held| held.traits.signals > 0);
    let (mut seen, mut marked) = (0u64, 0u64);
    let mut marks: BTreeMap<String, (Cause, f64)> = BTreeMap::new();
    for held in devices {
        seen += 1;
        marked += u64::from(!held.traits.automation.is_empty());
        marks.extend(held.traits.automation.iter().map(|mark| (quoted(mark), weigh(mark))));
    }
    let mut agent_marked = false;
    for (agent, _) in agents(snapshot) {
        agent_marked |= agent.headless || agent.automation.is_some();
        if agent.headless {
            marks.insert("a headless user agent".into(), (Cause::Headless, DECLARED));
        }
        if let Some(tool) = &agent.automation {
            marks.insert(format!("the user agent of {}", quoted(tool)), (Cause::Declared, DECLARED));
        }
    }
    if marks.is_empty() {
        return clean(seen);
    }
    // Many devices of which one has a mark: a person who also automates, more often than a robot with clean devices.
    let spread = if agent_marked { 1.0 } else { 0.5 + 0.5 * share(marked, seen) };
    Some(found(&marks, spread).with("devices", seen).with("devicesWithMarks", marked))
}

fn clean(devices: u64) -> Option<Finding> {
    let text = format!("No trace of an automation tool on {}.", counted(devices, "device", "devices"));
    (devices > 0).then(|| Finding::new(CLEAN, 0.6, text).with("devices", devices).with("devicesWithMarks", 0))
}

fn found(marks: &BTreeMap<String, (Cause, f64)>, spread: f64) -> Finding {
    let mut causes: BTreeMap<Cause, f64> = BTreeMap::new();
    for &(cause, value) in marks.values() {
        let held = causes.entry(cause).or_insert(value);
        *held = held.min(value);
    }
    let independent = causes.len() as u64;
    let declared = causes.values().any(|&value| value <= DECLARED);
    let certainty = if declared { 0.92 } else { 0.5 + grown(0.48, independent as f64 - 1.0, 0.5) };
    let names: Vec<&str> = marks.keys().map(String::as_str).take(6).collect();
    let caution = match (independent, declared) {
        (1, false) => " Alone it can be developer tools or a privacy extension.",
        _ => "",
    };
    let text = format!(
        "{} of automation, {}: {}.{caution}",
        counted(marks.len() as u64, "mark", "marks"),
        counted(independent, "independent kind", "independent kinds"),
        names.join(", "),
    );
    let listed: Vec<String> = marks.keys().cloned().collect();
    Finding::new(join(causes.into_values()), certainty * spread, text).with("marks", listed).with("kinds", independent)
}

/// What came from devices with marks, and in sessions whose user agent has one.
pub(super) fn basis(snapshot: &Snapshot) -> Vec<&Note> {
    let mut notes = on_devices(snapshot, |held| !held.traits.automation.is_empty());
    let is_marked = |agent: &UserAgentFacts| agent.headless || agent.automation.is_some();
    notes.extend(in_sessions(snapshot, |held| held.agent.as_ref().is_some_and(is_marked)));
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Story, check, check_silent};

    fn device(automation: &str) -> Story {
        let signals = format!(r#"{{"platform":"Win32","automation":{automation}}}"#);
        Story::new().device("fp", &signals).event(0, "page_view")
    }

    #[test]
    fn a_declared_driver_is_nearly_a_verdict() {
        check(&ANALYZER, &device(r#"{"webdriver":true}"#), 0.0..=0.05);
        let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/150.0.0.0 Safari/537.36";
        check(&ANALYZER, &Story::new().user_agent(agent).event(0, "login"), 0.0..=0.05);
    }

    #[test]
    fn one_weak_mark_is_a_factor_and_two_independent_ones_nearly_a_verdict() {
        let one = check(&ANALYZER, &device(r#"{"protocolAttached":true,"prepareStackTrace":true}"#), 0.25..=0.4);
        let two = check(&ANALYZER, &device(r#"{"prepareStackTrace":true,"zeroPressurePointer":true}"#), 0.0..=0.1);
        assert!(one.confidence <= 0.55 && two.confidence > 0.8);
    }

    #[test]
    fn a_privacy_extension_trips_many_checks_and_counts_once() {
        check(
            &ANALYZER,
            &device(r#"{"nativeToStringTampered":true,"frameMismatch":true,"uaDataMismatch":true}"#),
            0.25..=0.4,
        );
    }

    #[test]
    fn a_clean_device_is_mildly_human_and_no_device_says_nothing() {
        check(&ANALYZER, &device("{}"), 0.6..=0.75);
        check_silent(&ANALYZER, &Story::new().event(0, "signup"));
    }

    #[test]
    fn a_hostile_mark_name_is_cut_and_quoted() {
        let mark = "<script>".repeat(20);
        let finding = check(&ANALYZER, &device(&format!(r#"{{"{mark}":true}}"#)), 0.2..=0.4);
        assert!(finding.explanation.len() < 300);
    }
}
