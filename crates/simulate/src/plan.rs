//! Decides how many of each segment a world has.

use crate::ledger::Ledger;
use crate::random::Random;
use crate::{Config, World, abuse, honest};

/// One segment: its name, its weight among its kind, and how one group of it comes to life.
pub(crate) struct Segment {
    pub name: &'static str,
    pub weight: f64,
    pub play: fn(&mut Ledger, &mut Random),
}

pub(crate) fn carry_out(config: &Config) -> World {
    let mut ledger = Ledger::new(config.seed, config.start_ms, config.days, config.skill);
    let abusive = (config.identities as f64 * config.abuse_share.clamp(0.0, 1.0)).round() as usize;
    // Abuse comes second: takeovers and stuffing bring their own honest history.
    fill(honest::ALL, config.identities - abusive, config.seed, 1, &mut ledger);
    fill(abuse::ALL, abusive, config.seed, 2, &mut ledger);
    ledger.into_world()
}

/// Always plays the segment that is furthest behind its share, so that small worlds have every kind too.
fn fill(segments: &[Segment], target: usize, seed: u64, purpose: u64, ledger: &mut Ledger) {
    let total: f64 = segments.iter().map(|segment| segment.weight).sum();
    let mut made = vec![0usize; segments.len()];
    let mut groups = 0u64;
    while made.iter().sum::<usize>() < target {
        let behind = |i: usize| (made[i] as f64 + 0.5) / (segments[i].weight / total);
        let next = (0..segments.len()).min_by(|&a, &b| behind(a).total_cmp(&behind(b))).unwrap_or(0);
        let before = ledger.count();
        // Each group has its own chance: another group more or less changes nobody else.
        let mut rng = Random::new(seed, purpose << 56 | (next as u64) << 40 | groups);
        (segments[next].play)(ledger, &mut rng);
        made[next] += (ledger.count() - before).max(1);
        groups += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{Tier, generate};

    fn world() -> &'static World {
        static WORLD: std::sync::OnceLock<World> = std::sync::OnceLock::new();
        WORLD.get_or_init(|| generate(&Config { identities: 2_000, ..Config::default() }))
    }

    #[test]
    fn one_config_is_one_world() {
        let text = |seed| {
            let world = generate(&Config { identities: 300, seed, ..Config::default() });
            world.events.iter().map(|event| event.body.to_string()).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(text(5), text(5));
        assert_ne!(text(5), text(6));
    }

    #[test]
    fn events_are_in_time_order_with_unique_ids() {
        let world = world();
        assert!(world.events.windows(2).all(|pair| pair[0].at_ms <= pair[1].at_ms));
        let ids: std::collections::BTreeSet<&str> =
            world.events.iter().filter_map(|event| event.body["id"].as_str()).collect();
        assert_eq!(ids.len(), world.events.len());
        assert!(ids.iter().all(|id| id.len() <= 64 && !id.starts_with("dregs-")));
    }

    #[test]
    fn every_label_refers_to_an_identity_in_the_events() {
        let world = world();
        let seen: std::collections::BTreeSet<&str> =
            world.events.iter().filter_map(|event| event.identity.as_deref()).collect();
        assert!(world.identities.iter().all(|label| seen.contains(label.identity.as_str())));
        assert!(
            world
                .pairs
                .iter()
                .all(|pair| pair.a < pair.b && seen.contains(pair.a.as_str()) && seen.contains(pair.b.as_str()))
        );
        assert!(
            world
                .hard
                .iter()
                .all(|pair| pair.a < pair.b && seen.contains(pair.a.as_str()) && seen.contains(pair.b.as_str()))
        );
        let labelled: std::collections::BTreeSet<&str> =
            world.identities.iter().map(|label| label.identity.as_str()).collect();
        assert_eq!(seen, labelled, "nobody is without a label");
    }

    #[test]
    fn every_segment_and_every_tier_occurs() {
        let world = world();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for class in world.identities.iter().flat_map(|label| &label.classes) {
            *counts.entry(class).or_default() += 1;
        }
        for segment in honest::ALL.iter().chain(abuse::ALL) {
            assert!(counts.get(segment.name).is_some_and(|&n| n >= 2), "{} in {counts:?}", segment.name);
        }
        for tier in [Tier::Naive, Tier::Skilled, Tier::Expert] {
            assert!(world.identities.iter().filter(|label| label.tier == Some(tier)).count() > 20);
        }
    }

    #[test]
    fn size_and_share_are_as_asked() {
        let world = world();
        let abusers = world.identities.iter().filter(|label| label.abuser).count();
        assert!((1_950..2_150).contains(&world.identities.len()), "{}", world.identities.len());
        assert!((230..380).contains(&abusers), "{abusers}");
    }

    #[test]
    fn honest_people_take_their_time() {
        let world = world();
        let honest: std::collections::BTreeSet<&str> =
            world.identities.iter().filter(|label| !label.abuser).map(|label| label.identity.as_str()).collect();
        let mut last: BTreeMap<&str, i64> = BTreeMap::new();
        let mut hasty = 0;
        for event in world.events.iter().filter(|event| event.identity.as_deref().is_some_and(|id| honest.contains(id)))
        {
            let Some(session) = event.body["session"].as_str() else { continue };
            hasty += usize::from(last.insert(session, event.at_ms).is_some_and(|before| event.at_ms - before < 20));
        }
        assert_eq!(hasty, 0);
    }

    #[test]
    fn every_event_has_an_identity_or_a_device() {
        for event in &world().events {
            assert_eq!(event.identity.as_deref(), event.body["identity"]["id"].as_str());
            assert!(event.identity.is_some() || event.body["device"]["fingerprint"].is_string());
        }
    }

    #[test]
    fn one_tier_when_asked() {
        let world = generate(&Config { identities: 300, skill: Some(Tier::Expert), ..Config::default() });
        assert!(world.identities.iter().all(|label| label.tier.is_none_or(|tier| tier == Tier::Expert)));
    }

    #[test]
    fn a_tiny_world_is_possible() {
        assert!(generate(&Config { identities: 0, ..Config::default() }).events.is_empty());
        assert!(!generate(&Config { identities: 1, days: 1, ..Config::default() }).events.is_empty());
    }
}
