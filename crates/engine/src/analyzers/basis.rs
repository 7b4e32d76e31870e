//! Which remembered events an observation rests on.
//!
//! It is found again from the snapshot when somebody looks: nothing of it is stored with a verdict, so that showing it
//! costs no profile and no cycle a byte, changes no verdict, and works for verdicts of the past. The profile knows an event
//! by its time and name; whoever has the events finds the ids by those.

use super::*;
use crate::profile::{DeviceUse, IpUse, Note, SessionUse};
use crate::text::hash32;
use std::collections::BTreeSet;

type Find = fn(&Snapshot) -> Vec<&Note>;

/// The analyzers whose findings rest on particular events. The others rest on what was said, or on other identities.
const RESTING: [(&str, Find); 12] = [
    (automation::ANALYZER.id, automation::basis),
    (user_agent::ANALYZER.id, user_agent::basis),
    (device_capabilities::ANALYZER.id, device_capabilities::basis),
    (event_timing::ANALYZER.id, event_timing::basis),
    (ip_trust::ANALYZER.id, ip_trust::basis),
    (shared_device::ANALYZER.id, shared_device::basis),
    (shared_ip::ANALYZER.id, shared_ip::basis),
    (velocity::ANALYZER.id, velocity::basis),
    (failed_logins::ANALYZER.id, failed_logins::basis),
    (repetition::ANALYZER.id, repetition::basis),
    (ip_stability::ANALYZER.id, ip_stability::basis),
    (account_takeover::ANALYZER.id, account_takeover::basis),
];

/// The remembered events that an analyzer's observation rests on, oldest first; none for one that rests on other things.
pub fn basis<'a>(snapshot: &'a Snapshot, observation: &str) -> Vec<&'a Note> {
    let found = RESTING.iter().find(|(id, _)| *id == observation);
    let notes = found.map(|(_, find)| find(snapshot)).unwrap_or_default();
    // In their order, and each once.
    snapshot.profile.recent.iter().filter(|note| notes.iter().any(|held| std::ptr::eq(*held, *note))).collect()
}

/// The events that came from some of the devices.
pub(super) fn on_devices(snapshot: &Snapshot, is_meant: impl Fn(&DeviceUse) -> bool) -> Vec<&Note> {
    let meant = snapshot.profile.devices.iter().filter(|held| is_meant(held));
    with_hash(snapshot, meant.map(|held| hash32(&held.fingerprint)), |note| note.device)
}

/// The events of some of the sessions.
pub(super) fn in_sessions(snapshot: &Snapshot, is_meant: impl Fn(&SessionUse) -> bool) -> Vec<&Note> {
    let meant = snapshot.profile.sessions.iter().filter(|held| !held.id.is_empty() && is_meant(held));
    with_hash(snapshot, meant.map(|held| hash32(&held.id)), |note| note.session)
}

/// The events that came from some of the addresses.
pub(super) fn from_addresses(snapshot: &Snapshot, is_meant: impl Fn(&IpUse) -> bool) -> Vec<&Note> {
    let meant = snapshot.profile.ips.iter().filter(|held| is_meant(held));
    with_hash(snapshot, meant.map(|held| hash32(&held.ip)), |note| note.ip)
}

fn with_hash(snapshot: &Snapshot, hashes: impl Iterator<Item = u32>, of: impl Fn(&Note) -> u32) -> Vec<&Note> {
    let hashes: BTreeSet<u32> = hashes.filter(|hash| *hash != 0).collect();
    snapshot.profile.recent.iter().filter(|note| hashes.contains(&of(note))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::assess;
    use crate::testkit::{START_MS, Story};

    /// Seconds into the story and names of what an observation rests on.
    fn found(story: &Story, id: &str) -> Vec<(i64, String)> {
        let snapshot = story.snapshot();
        let assessment = assess(&snapshot);
        let observed = assessment.scores.iter().flat_map(|score| &score.observations).any(|seen| seen.id == id);
        assert!(observed, "{id} says nothing");
        basis(&snapshot, id).iter().map(|note| ((note.at_ms - START_MS) / 1000, note.name.clone())).collect()
    }

    fn times(story: &Story, id: &str) -> Vec<i64> {
        found(story, id).into_iter().map(|(at_s, _)| at_s).collect()
    }

    #[test]
    fn every_analyzer_that_points_is_one_that_there_is() {
        for (id, _) in RESTING {
            assert!(ALL.iter().any(|analyzer| analyzer.id == id), "{id}");
        }
    }

    #[test]
    fn nothing_rests_on_nothing() {
        for analyzer in ALL {
            assert!(basis(&Snapshot::default(), analyzer.id).is_empty(), "{}", analyzer.id);
        }
        assert!(basis(&Story::new().event(0, "signup").snapshot(), "no.such-analyzer").is_empty());
    }

    #[test]
    fn failed_logins_rest_on_their_longest_run() {
        let mut story = Story::new().event(0, "signup").event(10, "login_failed").event(9_000, "page_view");
        for n in 0..6 {
            story = story.event(10_000 + n * 20, "login_failed");
        }
        let story = story.event(10_200, "login").event(90_000, "login_failed");
        let found = found(&story, "behavior.failed-logins");
        assert_eq!(
            found.iter().map(|(at_s, _)| *at_s).collect::<Vec<_>>(),
            [10_000, 10_020, 10_040, 10_060, 10_080, 10_100]
        );
        assert!(found.iter().all(|(_, name)| name == "login_failed"));
        let calm = Story::new().event(0, "login").event(50, "page_view").event(90_000, "login");
        assert_eq!(times(&calm, "behavior.failed-logins"), [0, 90_000], "what went well rests on the logins");
    }

    #[test]
    fn a_burst_rests_on_the_events_in_its_window() {
        let mut story = Story::new().event(0, "signup").event(7_200, "page_view");
        for n in 0..40 {
            story = story.event(20_000 + n, "purchase");
        }
        let found = times(&story, "behavior.velocity");
        assert_eq!((found.first(), found.last(), found.len()), (Some(&20_000), Some(&20_039), 40));
    }

    #[test]
    fn repetition_rests_on_the_copies() {
        let mut story = Story::new().event_with(0, "message_sent", r#"{"text": "hello"}"#);
        for n in 1..6 {
            story = story.event_with(n * 60, "message_sent", r#"{"text": "buy now"}"#);
        }
        assert_eq!(times(&story, "behavior.repetition"), [60, 120, 180, 240, 300]);
    }

    #[test]
    fn a_takeover_rests_on_the_arrival_and_what_followed_it() {
        let day = 86_400;
        let mut story = Story::new().session("s").device("old", "{}").event(0, "signup");
        for n in 1..6 {
            story = story.event(n * day, "login");
        }
        let story = story.device("new", "{}").event(10 * day, "login").event(10 * day + 60, "page_view");
        let story = story.event(10 * day + 120, "email_change").event(10 * day + 180, "password_change");
        let at = 10 * day;
        assert_eq!(times(&story, "behavior.account-takeover-signal"), [at, at + 120, at + 180]);
    }

    #[test]
    fn marks_of_a_device_point_at_what_came_from_it() {
        let story = Story::new().device("clean", r#"{"languages": ["en"]}"#).event(0, "signup");
        let story =
            story.device("robot", r#"{"automation": {"webdriver": true}}"#).event(60, "login").event(120, "page_view");
        assert_eq!(times(&story, "humanity.automation-framework"), [60, 120]);
    }

    #[test]
    fn a_user_agent_points_at_the_sessions_that_came_with_it() {
        let person = "Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0";
        let story = Story::new().user_agent(person).session("one").event(0, "signup");
        let story = story.user_agent("python-requests/2.32.5").session("two").event(60, "login");
        assert_eq!(times(&story, "humanity.user-agent"), [60]);
    }
}
