//! What the user agent says, and whether page and request say the same.

use super::Analyzer;
use super::basis::{in_sessions, on_devices};
use super::evidence::{DAY_MS, agents, grown, quoted, share};
use crate::intelligence::user_agent::{DeviceClass, UserAgentFacts};
use crate::profile::Note;
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;

pub const ANALYZER: Analyzer = Analyzer {
    id: "humanity.user-agent",
    label: "User agent",
    category: Category::Humanity,
    group: "client",
    weight: 1.0,
    analyze,
};

/// Version and release day of a browser, and days between its releases: what is current is computed from the
/// assessment's own time. Source: the public release calendars of Chrome and Firefox.
const RELEASES: [(&str, f64, i64, f64); 3] =
    [("chrome", 144.0, 20_466, 28.0), ("edge", 144.0, 20_468, 28.0), ("firefox", 147.0, 20_466, 28.0)];
/// Releases behind; old systems stay on Chrome 109 and Firefox 115, so being behind is weak for a long time.
const OLD: f64 = 30.0;
const VERY_OLD: f64 = 60.0;
/// Releases ahead of the calendar that no channel offers.
const AHEAD: f64 = 8.0;

struct Verdict {
    value: f64,
    confidence: f64,
    reason: String,
}

fn verdict(value: f64, confidence: f64, reason: impl Into<String>) -> Verdict {
    Verdict { value, confidence, reason: reason.into() }
}

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let agents = agents(snapshot);
    let total: u64 = agents.iter().map(|(_, sightings)| u64::from(*sightings)).sum();
    let judged = agents.iter().map(|(agent, n)| (judge(agent, snapshot.now_ms), u64::from(*n)));
    let differing = differing(snapshot).map(|verdict| (verdict, total));
    let (worst, sightings) = judged.chain(differing).min_by(|(a, _), (b, _)| a.value.total_cmp(&b.value))?;
    let share = share(sightings, total.max(sightings));
    let confidence = worst.confidence * (0.4 + 0.6 * share) * (0.5 + grown(0.5, sightings as f64, 1.0));
    let of = if agents.len() > 1 { format!(" ({sightings} of {total} sightings)") } else { String::new() };
    let text = format!("{}{of}.", worst.reason);
    Some(Finding::new(worst.value, confidence, text).with("userAgents", agents.len()).with("sightings", total))
}

fn judge(agent: &UserAgentFacts, now_ms: i64) -> Verdict {
    if agent.own {
        return verdict(0.66, 0.5, "The user agent is your own application's, by your list");
    }
    let named = |name: &Option<String>| name.as_deref().map(quoted);
    if let Some(crawler) = named(&agent.crawler) {
        return verdict(0.04, 0.9, format!("The user agent is the crawler {crawler}"));
    }
    if let Some(library) = named(&agent.library) {
        return verdict(0.05, 0.9, format!("The user agent is the program library {library}, not a browser"));
    }
    if agent.headless {
        return verdict(0.03, 0.9, "The user agent says it runs without a window");
    }
    match agent.device {
        DeviceClass::Bot => return verdict(0.05, 0.9, "The user agent calls itself a robot"),
        DeviceClass::Library => return verdict(0.06, 0.85, "The user agent is a program library's, not a browser's"),
        _ => {}
    }
    match () {
        () if agent.malformed => verdict(0.15, 0.7, "The user agent is not one that a browser would send"),
        () if agent.browser.is_none() => verdict(0.45, 0.3, "The user agent names no browser we know"),
        () => browser(agent, now_ms),
    }
}

fn browser(agent: &UserAgentFacts, now_ms: i64) -> Verdict {
    let name = agent.browser.as_deref().unwrap_or_default();
    let shown = [Some(quoted(name)), agent.browser_major.map(|n| n.to_string())];
    let shown = shown.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let Some(behind) = agent.browser_major.and_then(|major| behind(name, major, now_ms)) else {
        return verdict(0.66, 0.5, format!("The user agent is a browser's: {shown}"));
    };
    match behind {
        _ if behind < -AHEAD => verdict(0.2, 0.6, format!("The user agent claims {shown}, not yet released")),
        _ if behind > VERY_OLD => {
            verdict(0.22, 0.6, format!("The user agent is {shown}, about {behind:.0} releases old"))
        }
        _ if behind > OLD => verdict(0.42, 0.5, format!("The user agent is {shown}, about {behind:.0} releases old")),
        _ => verdict(0.7, 0.65, format!("The user agent is a plausible current browser: {shown}")),
    }
}

/// How many releases a version lies behind the one current at `now_ms`, for browsers with a calendar.
fn behind(name: &str, major: u32, now_ms: i64) -> Option<f64> {
    let folded = name.to_lowercase();
    let &(_, version, day, days) = RELEASES.iter().find(|(known, ..)| folded == *known)?;
    let current = version + (now_ms / DAY_MS - day) as f64 / days;
    Some(current - f64::from(major))
}

/// Stealth plugins change what the page reads and forget what the request sends.
fn differing(snapshot: &Snapshot) -> Option<Verdict> {
    let agent = snapshot.profile.devices.iter().find_map(|held| held.traits.page_agent.as_deref())?;
    let reason = format!("The page's own user agent {} is not the one its requests carry", quoted(agent));
    Some(verdict(0.18, 0.7, reason))
}

/// What came with the user agent that is worst, where that speaks against somebody.
pub(super) fn basis(snapshot: &Snapshot) -> Vec<&Note> {
    let agents = agents(snapshot).into_iter();
    let judged = agents.map(|(agent, _)| (judge(agent, snapshot.now_ms).value, Some(agent)));
    let worst = judged.chain(differing(snapshot).map(|verdict| (verdict.value, None)));
    match worst.min_by(|(a, _), (b, _)| a.total_cmp(b)).filter(|(value, _)| *value < 0.5) {
        Some((_, Some(agent))) => in_sessions(snapshot, |held| held.agent.as_ref() == Some(agent)),
        Some((_, None)) => on_devices(snapshot, |held| held.traits.page_agent.is_some()),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Story, check, check_silent};

    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";

    fn story(agent: &str) -> Story {
        Story::new().user_agent(agent).session("s").event(0, "signup").event(9, "login")
    }

    #[test]
    fn programs_and_crawlers_are_not_people() {
        check(&ANALYZER, &story("python-requests/2.32.5"), 0.0..=0.08);
        check(
            &ANALYZER,
            &story("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
            0.0..=0.08,
        );
        check(&ANALYZER, &story(&CHROME.replace("Chrome/", "HeadlessChrome/")), 0.0..=0.08);
    }

    #[test]
    fn a_current_browser_is_mildly_human_and_an_ancient_one_is_not() {
        check(&ANALYZER, &story(CHROME), 0.6..=0.75);
        check(&ANALYZER, &story(&CHROME.replace("150", "109")), 0.4..=0.5);
        check(&ANALYZER, &story(&CHROME.replace("150", "41")), 0.1..=0.3);
        check(&ANALYZER, &story(&CHROME.replace("150", "999")), 0.1..=0.3);
    }

    #[test]
    fn page_and_request_that_disagree_are_suspicious() {
        let signals = r#"{"userAgent":"Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0.0.0","platform":"Win32"}"#;
        check(&ANALYZER, &Story::new().user_agent(CHROME).device("fp", signals).event(0, "x"), 0.1..=0.25);
    }

    #[test]
    fn servers_that_forward_no_user_agent_say_nothing() {
        check_silent(&ANALYZER, &Story::new().event(0, "signup"));
    }
}
