//! Lists: filters, sorts, pages.

use super::support::*;
use dregs_engine::labels::LabelKind;
use dregs_engine::linkage::KeyKind;
use dregs_engine::score::Category;
use dregs_store::{
    Commit, DEVICE_SORTS, DeviceFilter, EVENT_SORTS, EventFilter, GROUP_SORTS, GroupFilter, GroupWrite, IDENTITY_SORTS,
    IdentityFilter, IdentityWrite, LabelChoice, LabelWrite, ListQuery, Order, Page, ScoreRange, Store, TeamId,
};
use serde_json::json;
use std::collections::BTreeMap;

on_both!(
    identities_are_paged_in_a_total_order_by_every_sort,
    identities_without_a_value_come_last,
    identities_are_found_by_term,
    a_term_is_taken_literally,
    identities_are_filtered_by_score,
    identities_are_filtered_by_device_badge_and_group,
    identities_are_filtered_by_label,
    events_are_found_by_their_moments,
    identities_are_filtered_by_being_disregarded,
    filters_of_identities_add_up,
    events_are_paged_in_a_total_order_by_every_sort,
    events_are_filtered_by_what_they_belong_to,
    events_are_found_by_term,
    an_event_is_read_with_its_labels,
    devices_are_paged_in_a_total_order_by_every_sort,
    devices_are_found_by_identity_and_term,
    a_sighting_of_a_device_keeps_what_it_does_not_say,
    groups_are_paged_in_a_total_order_by_every_sort,
    groups_are_found_by_type_identity_and_term,
    a_sighting_of_a_group_merges_its_attributes,
    several_sightings_of_a_group_in_one_batch_are_folded_in_order,
    members_come_and_go,
);

const ROWS: usize = 23;
const PAGE: u32 = 5;

/// Reads every page by every sort both ways: each row comes exactly once, and one way is the other reversed, but for rows
/// without a value, which come last either way.
macro_rules! assert_total_order {
    ($sorts:expr, $list:expr, $id:expr) => {
        for (name, column) in $sorts {
            let mut both = Vec::new();
            for order in [Order::Asc, Order::Desc] {
                let mut ids = Vec::new();
                for page_number in 0..=(ROWS as u32 / PAGE + 1) {
                    let query = ListQuery { page_number, page_size: PAGE, sort: column, order };
                    let page = $list(query).await.unwrap();
                    assert_eq!(page.total, ROWS as u64, "{name}");
                    ids.extend(page.items.iter().map($id));
                }
                assert_eq!(
                    ids.iter().collect::<std::collections::BTreeSet<_>>().len(),
                    ROWS,
                    "{name} {order:?}: {ids:?}"
                );
                assert_eq!(ids.len(), ROWS, "{name} {order:?}");
                both.push(ids);
            }
            both[1].reverse();
            let shift = (0..ROWS).find(|&shift| {
                let (with, without) = both[0].split_at(ROWS - shift);
                both[1][..shift] == *without && both[1][shift..] == *with
            });
            assert!(shift.is_some(), "{name}: {both:?}");
        }
    };
}

async fn commit(store: &Store, commit: Commit) {
    store.commit(&team(), &commit).await.unwrap();
}

fn term<T>(set: impl FnOnce(Option<String>) -> T, text: &str) -> T {
    set(Some(text.to_owned()))
}

fn ids<T>(page: &Page<T>, id: impl Fn(&T) -> &str) -> Vec<String> {
    page.items.iter().map(|item| id(item).to_owned()).collect()
}

/// Values repeat and are missing, so that only a tie-breaker makes the order total.
fn varied(n: usize) -> IdentityWrite {
    let some = |every: usize, value: i64| (!n.is_multiple_of(every)).then_some(value);
    let text = |every: usize, text: &str| (!n.is_multiple_of(every)).then(|| format!("{text}{}", n % 4));
    IdentityWrite {
        display_name: text(3, "Name"),
        display_email: text(4, "mail"),
        display_username: text(5, "user"),
        scores: [some(2, 50).map(|v| v as u8), some(3, (n % 5) as i64).map(|v| v as u8), None, Some(7)],
        created_ms: (n % 6) as i64,
        updated_ms: (n % 7) as i64,
        last_tracked_ms: some(3, (n % 4) as i64),
        last_scored_ms: some(4, (n % 3) as i64),
        ..identity(&format!("id{n:02}"), 1)
    }
}

async fn identities_are_paged_in_a_total_order_by_every_sort(store: &Store) {
    commit(store, Commit { identities: (0..ROWS).map(varied).collect(), ..Commit::default() }).await;
    let (team, filter) = (&team(), &IdentityFilter::default());
    assert_total_order!(IDENTITY_SORTS, async |query| store.identities(team, filter, &query).await, |item| item
        .id
        .clone());
}

async fn identities_without_a_value_come_last(store: &Store) {
    let mut identities: Vec<IdentityWrite> = ["none", "low", "high"].iter().map(|id| identity(id, 1)).collect();
    for (n, written) in identities.iter_mut().enumerate().skip(1) {
        let value = n as i64 * 10;
        written.scores = [Some(value as u8); 4];
        (written.last_tracked_ms, written.last_scored_ms) = (Some(value), Some(value));
        let text = Some(format!("t{value}"));
        (written.display_name, written.display_email, written.display_username) = (text.clone(), text.clone(), text);
    }
    commit(store, Commit { identities, ..Commit::default() }).await;
    let optional = IDENTITY_SORTS.iter().filter(|(name, _)| !["updatedAt", "createdAt", "id"].contains(name));
    for (name, sort) in optional {
        for (order, expected) in [(Order::Asc, ["low", "high", "none"]), (Order::Desc, ["high", "low", "none"])] {
            let query = ListQuery { order, ..all(sort) };
            let page = store.identities(&team(), &IdentityFilter::default(), &query).await.unwrap();
            assert_eq!(ids(&page, |item| &item.id), expected, "{name} {order:?}");
        }
    }
}

async fn found(store: &Store, filter: IdentityFilter) -> Vec<String> {
    let page = store.identities(&team(), &filter, &all("i.id")).await.unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    ids(&page, |item| &item.id)
}

async fn by_term(store: &Store, text: &str) -> Vec<String> {
    found(store, term(|term| IdentityFilter { term, ..IdentityFilter::default() }, text)).await
}

async fn identities_are_found_by_term(store: &Store) {
    let identities = vec![
        IdentityWrite { display_name: Some("Ælfgifu ÖSTERREICH".into()), ..identity("User-1", 1) },
        IdentityWrite { display_email: Some("Bob@Example.org".into()), ..identity("2", 1) },
        IdentityWrite { display_username: Some("Робот".into()), ..identity("3", 1) },
    ];
    commit(store, Commit { identities, ..Commit::default() }).await;
    for (text, expected) in
        [("æLFG", "User-1"), ("österR", "User-1"), ("user-1", "User-1"), ("bob@EX", "2"), ("РОБОТ", "3")]
    {
        assert_eq!(by_term(store, text).await, [expected], "{text}");
    }
    assert!(by_term(store, "nobody").await.is_empty());
}

async fn a_term_is_taken_literally(store: &Store) {
    let names = ["100%", "a_b", "axb", "back\\slash", "1000"];
    let identities =
        names.iter().map(|name| IdentityWrite { display_name: Some((*name).into()), ..identity(name, 1) }).collect();
    commit(store, Commit { identities, ..Commit::default() }).await;
    for (text, expected) in
        [("0%", "100%"), ("a_b", "a_b"), ("k\\s", "back\\slash"), ("\\", "back\\slash"), ("%", "100%"), ("_", "a_b")]
    {
        assert_eq!(by_term(store, text).await, [expected], "{text}");
    }
}

async fn identities_are_filtered_by_score(store: &Store) {
    let scored =
        |id: &str, humanity, behavior| IdentityWrite { scores: [humanity, None, None, behavior], ..identity(id, 1) };
    let identities = vec![
        scored("a", Some(10), Some(90)),
        scored("b", Some(50), Some(10)),
        scored("c", None, Some(0)),
        scored("d", Some(100), None),
    ];
    commit(store, Commit { identities, ..Commit::default() }).await;
    let range = |category, min, max| ScoreRange { category, min, max };
    let by = async |scores: Vec<ScoreRange>| found(store, IdentityFilter { scores, ..IdentityFilter::default() }).await;
    assert_eq!(by(vec![range(Category::Humanity, Some(10), Some(50))]).await, ["a", "b"]);
    assert_eq!(by(vec![range(Category::Humanity, Some(51), None)]).await, ["d"]);
    assert_eq!(by(vec![range(Category::Behavior, None, Some(0))]).await, ["c"]);
    assert_eq!(
        by(vec![range(Category::Humanity, Some(0), None), range(Category::Behavior, Some(50), None)]).await,
        ["a"]
    );
    assert_eq!(by(vec![range(Category::Humanity, None, None)]).await.len(), 4);
    assert!(by(vec![range(Category::Authenticity, Some(0), None)]).await.is_empty());
    assert!(by(vec![range(Category::Uniqueness, None, Some(100))]).await.is_empty());
}

fn member(kind: &str, group: &str, identity: &str) -> (String, String, String) {
    (kind.into(), group.into(), identity.into())
}

async fn identities_are_filtered_by_device_badge_and_group(store: &Store) {
    let mut written = new_identities(&["a", "b", "c"]);
    written.keys =
        vec![holds("a", KeyKind::Device, "fp"), holds("b", KeyKind::Session, "fp"), holds("c", KeyKind::Device, "x")];
    written.badges = badges("b", &[badge("bot", 1), badge("vpn", 1)]);
    written.members =
        vec![member("team", "1", "a"), member("team", "2", "b"), member("club", "1", "c"), member("team", "2", "a")];
    commit(store, written).await;
    let text = |text: &str| Some(text.to_owned());
    let none = IdentityFilter::default;
    assert_eq!(found(store, IdentityFilter { device: text("fp"), ..none() }).await, ["a"]);
    assert_eq!(found(store, IdentityFilter { badge: text("bot"), ..none() }).await, ["b"]);
    assert_eq!(found(store, IdentityFilter { group: text("1"), ..none() }).await, ["a", "c"]);
    assert_eq!(found(store, IdentityFilter { group_type: text("team"), ..none() }).await, ["a", "b"]);
    assert_eq!(found(store, IdentityFilter { group_type: text("team"), group: text("1"), ..none() }).await, ["a"]);
    assert!(found(store, IdentityFilter { group_type: text("club"), group: text("2"), ..none() }).await.is_empty());
}

async fn identities_are_filtered_by_being_disregarded(store: &Store) {
    commit(store, new_identities(&["a", "b"])).await;
    store.set_identity_disregarded(&team(), "b", true, 1, nobody_told).await.unwrap();
    let by = async |disregarded| found(store, IdentityFilter { disregarded, ..IdentityFilter::default() }).await;
    assert_eq!(by(None).await, ["a", "b"]);
    assert_eq!(by(Some(true)).await, ["b"]);
    assert_eq!(by(Some(false)).await, ["a"]);
}

async fn filters_of_identities_add_up(store: &Store) {
    let mut written = Commit { identities: (0..8).map(varied).collect(), ..Commit::default() };
    written.keys = (0..8).map(|n| holds(&format!("id{n:02}"), KeyKind::Device, "fp")).collect();
    written.badges = badges("id01", &[badge("bot", 1)]);
    written.badges.extend(badges("id02", &[badge("bot", 1)]));
    written.members = vec![member("team", "1", "id01"), member("team", "1", "id02"), member("team", "1", "id03")];
    commit(store, written).await;
    let filter = IdentityFilter {
        term: Some("ID0".into()),
        group: Some("1".into()),
        group_type: Some("team".into()),
        device: Some("fp".into()),
        badge: Some("bot".into()),
        label: None,
        scores: vec![ScoreRange { category: Category::Humanity, min: Some(50), max: Some(50) }],
        disregarded: Some(false),
    };
    assert_eq!(found(store, filter).await, ["id01"]);
}

async fn events_are_paged_in_a_total_order_by_every_sort(store: &Store) {
    let write = |n: usize| {
        let mut write = event(n as i64 + 1, &format!("e{n:02}"), None);
        write.event.timestamp_ms = (n % 4) as i64;
        write.event.name = format!("name{}", n % 3);
        write
    };
    commit(store, Commit { events: (0..ROWS).map(write).collect(), ..Commit::default() }).await;
    let (team, filter) = (&team(), &EventFilter::default());
    assert_total_order!(EVENT_SORTS, async |query| store.events(team, filter, &query).await, |item| item
        .event
        .id
        .clone());
}

async fn events_by(store: &Store, filter: EventFilter) -> Vec<String> {
    let page = store.events(&team(), &filter, &all("e.timestamp_ms")).await.unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    ids(&page, |item| &item.event.id)
}

async fn events_are_filtered_by_what_they_belong_to(store: &Store) {
    let events = vec![
        in_group(on_device(event(1, "1", Some("a")), "fp"), "team", "x"),
        in_group(in_group(in_session(event(2, "2", Some("b")), "s"), "team", "y"), "club", "x"),
        in_session(on_device(event(3, "3", None), "fp"), "s"),
    ];
    commit(store, Commit { events, ..new_identities(&["a", "b"]) }).await;
    let text = |text: &str| Some(text.to_owned());
    let none = EventFilter::default;
    assert_eq!(events_by(store, none()).await, ["1", "2", "3"]);
    assert_eq!(events_by(store, EventFilter { identity: text("a"), ..none() }).await, ["1"]);
    assert_eq!(events_by(store, EventFilter { device: text("fp"), ..none() }).await, ["1", "3"]);
    assert_eq!(events_by(store, EventFilter { session: text("s"), ..none() }).await, ["2", "3"]);
    assert_eq!(events_by(store, EventFilter { group: text("x"), ..none() }).await, ["1", "2"]);
    assert_eq!(events_by(store, EventFilter { group_type: text("team"), ..none() }).await, ["1", "2"]);
    assert_eq!(events_by(store, EventFilter { group_type: text("team"), group: text("x"), ..none() }).await, ["1"]);
    assert_eq!(events_by(store, EventFilter { device: text("fp"), session: text("s"), ..none() }).await, ["3"]);
    assert!(events_by(store, EventFilter { identity: text("a"), group: text("y"), ..none() }).await.is_empty());
}

async fn events_are_found_by_term(store: &Store) {
    let mut events = vec![event(1, "First", Some("Ann")), event(2, "second", None)];
    events[0].event.url = Some("https://example.org/Über/100%_sure".into());
    events[1].event.name = "Проверка".into();
    events[1].event.ip = Some("2001:db8::1".parse().unwrap());
    commit(store, Commit { events, ..new_identities(&["Ann"]) }).await;
    let by =
        async |text: &str| events_by(store, term(|term| EventFilter { term, ..EventFilter::default() }, text)).await;
    for text in ["fir", "ANN", "Über", "LOGin", "0%_S"] {
        assert_eq!(by(text).await, ["First"], "{text}");
    }
    for text in ["Провер", "2001:DB8", "COND"] {
        assert_eq!(by(text).await, ["second"], "{text}");
    }
    assert!(by("0_").await.is_empty());
}

async fn an_event_is_read_with_its_labels(store: &Store) {
    let mut written = new_identities(&["a"]);
    written.identities[0].display_email = Some("a@example.org".into());
    written.events =
        vec![in_group(in_group(event(1, "e", Some("a")), "team", "x"), "club", "y"), event(2, "f", Some("a"))];
    let named = object(json!({"name": "The X"}));
    written.groups =
        vec![GroupWrite { kind: "team".into(), id: "x".into(), attributes: named, at_ms: 1, tracked: true }];
    commit(store, written).await;
    let held = store.event(&team(), "e").await.unwrap().unwrap();
    assert_eq!((held.identity_id.as_deref(), held.identity_label.as_deref()), (Some("a"), Some("a@example.org")));
    assert_eq!(held.group_labels, BTreeMap::from([(("team".to_owned(), "x".to_owned()), "The X".to_owned())]));
    let listed = store.events(&team(), &EventFilter::default(), &all("e.timestamp_ms")).await.unwrap().items;
    assert_eq!(listed[0], held);
    assert!(listed[1].group_labels.is_empty());
    assert_eq!(store.event(&team(), "absent").await.unwrap(), None);
}

async fn devices_are_paged_in_a_total_order_by_every_sort(store: &Store) {
    let seen = |n: usize| {
        let mut write = device(&format!("fp{n:02}"), (n % 5) as i64);
        write.ip = (!n.is_multiple_of(3)).then(|| format!("192.0.2.{}", n % 4));
        write.user_agent = (!n.is_multiple_of(4)).then(|| format!("agent {}", n % 3));
        write.country_code = (!n.is_multiple_of(2)).then(|| "DE".into());
        write.geo.city = (!n.is_multiple_of(5)).then(|| format!("city {}", n % 3));
        write
    };
    commit(store, Commit { devices: (0..ROWS).map(seen).collect(), ..Commit::default() }).await;
    let (team, filter) = (&team(), &DeviceFilter::default());
    assert_total_order!(DEVICE_SORTS, async |query| store.devices(team, filter, &query).await, |item| item
        .fingerprint
        .clone());
}

async fn devices_are_found_by_identity_and_term(store: &Store) {
    let mut devices = vec![device("FP-1", 1), device("fp-2", 1)];
    devices[0].user_agent = Some("Mozilla/5.0 (X11)".into());
    devices[1].geo.city = Some("Zürich".into());
    let keys = vec![holds("a", KeyKind::Device, "FP-1"), holds("a", KeyKind::Session, "fp-2")];
    commit(store, Commit { devices, keys, ..new_identities(&["a"]) }).await;
    let by = async |filter: DeviceFilter| {
        let page = store.devices(&team(), &filter, &all("d.fingerprint")).await.unwrap();
        assert_eq!(page.total, page.items.len() as u64);
        ids(&page, |item| &item.fingerprint)
    };
    assert_eq!(by(DeviceFilter { identity: Some("a".into()), term: None }).await, ["FP-1"]);
    assert!(by(DeviceFilter { identity: Some("b".into()), term: None }).await.is_empty());
    for (text, expected) in [("fp-1", "FP-1"), ("mozilla/5.0 (x", "FP-1"), ("zürich", "fp-2"), ("Zür", "fp-2")] {
        assert_eq!(by(DeviceFilter { identity: None, term: Some(text.into()) }).await, [expected], "{text}");
    }
    assert!(by(DeviceFilter { identity: None, term: Some("%".into()) }).await.is_empty());
}

async fn a_sighting_of_a_device_keeps_what_it_does_not_say(store: &Store) {
    let mut full = device("fp", 10);
    (full.ip, full.user_agent, full.timezone) =
        (Some("192.0.2.1".into()), Some("agent".into()), Some("Europe/Berlin".into()));
    full.country_code = Some("DE".into());
    full.geo = dregs_engine::profile::Geo {
        city: Some("Köln".into()),
        latitude: Some(50.9375),
        longitude: Some(-6.96),
        ..Default::default()
    };
    let (mut later, mut earlier) = (device("fp", 20), device("fp", 5));
    (later.ip, earlier.user_agent) = (Some("192.0.2.2".into()), Some("older".into()));
    let expected = dregs_store::Device {
        fingerprint: "fp".into(),
        ip: Some("192.0.2.2".into()),
        user_agent: Some("older".into()),
        timezone: full.timezone.clone(),
        country_code: full.country_code.clone(),
        geo: full.geo.clone(),
        disregarded: false,
        first_ms: 5,
        last_ms: 20,
    };
    commit(store, Commit { devices: vec![full.clone()], ..Commit::default() }).await;
    commit(store, Commit { devices: vec![later.clone(), earlier.clone()], ..Commit::default() }).await;
    assert_eq!(store.device(&team(), "fp").await.unwrap(), Some(expected.clone()));
    full.fingerprint = "again".into();
    let batch = [full, later, earlier].map(|write| dregs_store::DeviceWrite { fingerprint: "again".into(), ..write });
    commit(store, Commit { devices: batch.to_vec(), ..Commit::default() }).await;
    let folded = dregs_store::Device { fingerprint: "again".into(), ..expected };
    assert_eq!(store.device(&team(), "again").await.unwrap(), Some(folded));
    assert_eq!(store.device(&team(), "absent").await.unwrap(), None);
}

fn group(kind: &str, id: &str, attributes: serde_json::Value, at_ms: i64, tracked: bool) -> GroupWrite {
    GroupWrite { kind: kind.into(), id: id.into(), attributes: object(attributes), at_ms, tracked }
}

async fn groups_are_paged_in_a_total_order_by_every_sort(store: &Store) {
    let write = |n: usize| {
        let attributes = if n.is_multiple_of(3) { json!({}) } else { json!({"name": format!("name {}", n % 4)}) };
        group(["team", "club"][n % 2], &format!("g{:02}", n / 2), attributes, (n % 5) as i64, n.is_multiple_of(4))
    };
    let members =
        (0..ROWS).filter(|n| n % 3 == 1).map(|n| member(["team", "club"][n % 2], &format!("g{:02}", n / 2), "a"));
    commit(
        store,
        Commit { groups: (0..ROWS).map(write).collect(), members: members.collect(), ..new_identities(&["a"]) },
    )
    .await;
    let (team, filter) = (&team(), &GroupFilter::default());
    assert_total_order!(GROUP_SORTS, async |query| store.groups(team, filter, &query).await, |item| format!(
        "{}/{}",
        item.kind, item.id
    ));
}

async fn groups_are_found_by_type_identity_and_term(store: &Store) {
    let groups = vec![
        group("team", "X1", json!({"name": "ÄRZTE"}), 1, true),
        group("team", "y", json!({}), 1, true),
        group("club", "z", json!({"title": "50%"}), 1, true),
    ];
    let members = vec![member("team", "y", "a"), member("club", "z", "a")];
    commit(store, Commit { groups, members, ..new_identities(&["a"]) }).await;
    let by = async |kind: Option<&str>, identity: Option<&str>, term: Option<&str>| {
        let filter =
            GroupFilter { kind: kind.map(Into::into), identity: identity.map(Into::into), term: term.map(Into::into) };
        let page = store.groups(&team(), &filter, &all("g.id")).await.unwrap();
        assert_eq!(page.total, page.items.len() as u64);
        ids(&page, |item| &item.id)
    };
    assert_eq!(by(Some("team"), None, None).await, ["X1", "y"]);
    assert_eq!(by(None, Some("a"), None).await, ["y", "z"]);
    assert_eq!(by(Some("club"), Some("a"), None).await, ["z"]);
    assert_eq!(by(None, None, Some("ärz")).await, ["X1"]);
    assert_eq!(by(None, None, Some("x1")).await, ["X1"]);
    assert_eq!(by(None, None, Some("%")).await, ["z"]);
}

async fn a_sighting_of_a_group_merges_its_attributes(store: &Store) {
    store.put_group(&team(), group("team", "x", json!({"name": "X", "plan": "free"}), 5, true)).await.unwrap();
    store.put_group(&team(), group("team", "x", json!({"plan": "pro"}), 9, false)).await.unwrap();
    let held = store.group(&team(), "team", "x").await.unwrap().unwrap();
    assert_eq!(
        (held.display_name.as_deref(), &held.attributes),
        (Some("X"), &object(json!({"name": "X", "plan": "pro"})))
    );
    assert_eq!((held.created_ms, held.updated_ms, held.last_tracked_ms, held.identity_count), (5, 9, Some(5), 0));
    assert_eq!(store.group(&team(), "club", "x").await.unwrap(), None);
}

async fn several_sightings_of_a_group_in_one_batch_are_folded_in_order(store: &Store) {
    let groups = vec![
        group("team", "x", json!({"a": 1, "b": 1}), 5, false),
        group("team", "x", json!({"b": 2}), 3, true),
        group("team", "x", json!({"c": {"d": null}}), 4, false),
    ];
    commit(store, Commit { groups, ..Commit::default() }).await;
    let held = store.group(&team(), "team", "x").await.unwrap().unwrap();
    assert_eq!((held.attributes["a"].clone(), held.attributes["b"].clone()), (json!(1), json!(2)));
    assert_eq!((held.updated_ms, held.last_tracked_ms), (5, Some(5)));
}

async fn members_come_and_go(store: &Store) {
    let groups = vec![group("team", "x", json!({}), 1, true)];
    commit(store, Commit { groups, ..new_identities(&["a", "b"]) }).await;
    let count = async || store.group(&team(), "team", "x").await.unwrap().unwrap().identity_count;
    for _ in 0..2 {
        assert!(store.add_member(&team(), "team", "x", "a").await.unwrap());
    }
    assert!(store.add_member(&team(), "team", "x", "b").await.unwrap());
    assert!(!store.add_member(&team(), "team", "x", "nobody").await.unwrap());
    assert!(!store.add_member(&team(), "team", "nothing", "a").await.unwrap());
    assert_eq!(count().await, 2);
    assert!(store.remove_member(&team(), "team", "x", "a").await.unwrap());
    assert!(!store.remove_member(&team(), "team", "x", "a").await.unwrap());
    assert_eq!(count().await, 1);
}

async fn identities_are_filtered_by_label(store: &Store) {
    commit(store, new_identities(&["a", "b", "c"])).await;
    for (n, (id, kind)) in
        [("a", LabelKind::Spam), ("a", LabelKind::Bot), ("b", LabelKind::Spam)].into_iter().enumerate()
    {
        let label = LabelWrite { id: n as i64 + 1, kind, note: None, escalation_id: None, by: "ana".into(), now_ms: 5 };
        store.put_label(&team(), id, &label).await.unwrap().unwrap();
    }
    store.end_label(&team(), "b", "ana", 6).await.unwrap();
    let by = async |label| found(store, IdentityFilter { label: Some(label), ..IdentityFilter::default() }).await;
    assert_eq!(by(LabelChoice::Kind(LabelKind::Bot)).await, ["a"]);
    assert!(by(LabelChoice::Kind(LabelKind::Spam)).await.is_empty(), "what was replaced or taken back is none");
    assert_eq!(by(LabelChoice::Any).await, ["a"]);
    assert_eq!(by(LabelChoice::None).await, ["b", "c"]);
}

async fn events_are_found_by_their_moments(store: &Store) {
    let mut same = event(7, "twin", Some("a"));
    same.event.timestamp_ms = 20;
    let mut other = event(8, "other", Some("a"));
    (other.event.timestamp_ms, other.event.name) = (20, "LOGOUT".into());
    let events =
        vec![event(1, "early", Some("a")), event(2, "two", Some("a")), event(3, "theirs", Some("b")), same, other];
    commit(store, Commit { events, ..new_identities(&["a", "b"]) }).await;
    let at = async |team: &TeamId, moments: &[(i64, &str)]| {
        let found = store.events_at(team, "a", &moments.iter().copied().collect()).await.unwrap();
        found.into_iter().map(|event| event.id).collect::<Vec<_>>()
    };
    assert_eq!(at(&team(), &[(10, "LOGIN"), (20, "LOGIN"), (30, "LOGIN")]).await, ["twin", "two", "early"]);
    assert_eq!(at(&team(), &[(20, "LOGOUT")]).await, ["other"]);
    assert!(at(&team(), &[]).await.is_empty());
    assert!(at(&other_team(), &[(10, "LOGIN")]).await.is_empty());
}
