//! The order in which evidence arrives does not matter: the same events make the same links and rings.

use crate::app::Database;
use dregs_engine::event::{Event, Intake};
use dregs_server::clock::Clock;
use dregs_server::config::RunOptions;
use dregs_server::ids::Ids;
use dregs_server::jobs::claims::{BatchOfSubjects, Claimed, Owner};
use dregs_server::jobs::enrich::Enricher;
use dregs_server::jobs::pipeline::Pipeline;
use dregs_simulate::{Config, generate};
use dregs_store::{ListQuery, Order, RingFilter, Store, TeamId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Events processed together, and identities scored again at once.
const BATCH: usize = 40;
/// Rounds after which nobody may be due any more.
const ROUNDS_MAX: usize = 40;

/// How far a link's probability may be off: a smaller change of a stored link is not written.
const TOLERANCE: f64 = 0.005;

/// Probability by (identity, other, type), and the members of every ring.
type Picture = (BTreeMap<(String, String, String), f64>, BTreeSet<Vec<String>>);

/// What all events come to when they arrive in this order.
async fn arrive(team: &TeamId, events: &[Event], now_ms: i64) -> Picture {
    let database = Database::sqlite();
    let store = Store::open(&database.url).await.unwrap();
    let (ids, enricher) = (Arc::new(Ids::new(0)), Enricher::new(None));
    let pipeline = Pipeline::new(store.clone(), Clock::manual(now_ms), ids, enricher, &RunOptions::default());
    let mut left: Vec<&Event> = events.iter().collect();
    while !left.is_empty() {
        let mut owners: BTreeMap<Owner, Vec<Claimed>> = BTreeMap::new();
        for event in left.drain(..left.len().min(BATCH)) {
            let claimed = Claimed { event: event.clone(), segment: 0, read_ms: now_ms, repeated: false };
            owners.entry(Owner::of(team, event)).or_default().push(claimed);
        }
        pipeline.run(&BatchOfSubjects { owners: owners.into_iter().collect() }).await.unwrap();
    }
    rest(&store, &pipeline, now_ms).await;
    // Who is not felt to have changed is scored again in its time: here, at once.
    let everyone = store.identities(team, &Default::default(), &all("i.id")).await.unwrap().items;
    let ids: Vec<&str> = everyone.iter().map(|identity| identity.id.as_str()).collect();
    store.request_assessment(team, &ids, now_ms).await.unwrap();
    rest(&store, &pipeline, now_ms).await;
    let picture = picture(&store, team, now_ms).await;
    store.close().await;
    picture
}

/// Scores whoever is due until nobody is.
async fn rest(store: &Store, pipeline: &Pipeline, now_ms: i64) {
    for _ in 0..ROUNDS_MAX {
        let due = store.due(now_ms, 100_000).await.unwrap();
        if due.is_empty() {
            return;
        }
        for ids in due.chunks(BATCH) {
            let owners = ids.iter().map(|(team, id)| (Owner::identity(team, id), Vec::new())).collect();
            pipeline.run(&BatchOfSubjects { owners }).await.unwrap();
        }
    }
    panic!("some identities send each other round for ever");
}

fn all(sort: &'static str) -> ListQuery {
    ListQuery { page_number: 0, page_size: 100_000, sort, order: Order::Asc }
}

async fn picture(store: &Store, team: &TeamId, now_ms: i64) -> Picture {
    let identities = store.identities(team, &Default::default(), &all("i.id")).await.unwrap().items;
    let mut links = BTreeMap::new();
    for identity in &identities {
        for link in store.links(team, &identity.id).await.unwrap() {
            links.insert((identity.id.clone(), link.target_id, link.link_type), link.probability);
        }
    }
    let mut rings = BTreeSet::new();
    for ring in store.rings(team, &RingFilter::default(), &all("r.id"), now_ms).await.unwrap().items {
        let mut members: Vec<String> =
            store.ring_members(team, &ring.id).await.unwrap().into_iter().map(|(id, _)| id).collect();
        members.sort();
        rings.insert(members);
    }
    (links, rings)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shuffled_events_make_the_same_links_and_rings() {
    let world = generate(&Config { identities: 150, days: 6, abuse_share: 0.4, ..Config::default() });
    let now_ms = world.events.iter().map(|event| event.at_ms).max().unwrap() + 1;
    let parsed = world.events.iter().enumerate().map(|(n, event)| {
        let intake = Intake { now_ms, trusted: true, fallback_id: format!("e{n}"), ..Intake::default() };
        Event::parse(event.body.clone(), &intake).unwrap()
    });
    let events: Vec<Event> = parsed.collect();
    let team = TeamId::new("team");
    let (links, rings) = arrive(&team, &events, now_ms).await;
    assert!(links.len() > 100 && rings.len() >= 3, "{} links, {} rings", links.len(), rings.len());
    for seed in 1..=2 {
        let mut shuffled = events.clone();
        shuffled.sort_by_key(|event| dregs_engine::text::hash32(&format!("{seed} {}", event.id)));
        let (other_links, other_rings) = arrive(&team, &shuffled, now_ms).await;
        let off = |(link, probability): &(&(String, String, String), &f64)| {
            other_links.get(*link).is_none_or(|other| (*other - **probability).abs() > TOLERANCE)
        };
        let differing: Vec<_> = links.iter().filter(off).map(|(link, p)| (link, p, other_links.get(link))).collect();
        let more: Vec<_> = other_links.keys().filter(|link| !links.contains_key(*link)).collect();
        assert!(differing.is_empty() && more.is_empty(), "seed {seed}: {differing:#?} {more:#?}");
        assert_eq!(other_rings, rings, "seed {seed}");
    }
}
