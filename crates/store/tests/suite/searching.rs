//! Searching and filtering identities: exactly what is asked for, however it is found.

use super::support::*;
use dregs_engine::labels::LabelKind;
use dregs_engine::score::Category;
use dregs_store::{
    Commit, ErasedFrom, Erasure, ErasureStatus, IDENTITY_SORTS, IdentityFilter, IdentityWrite, LabelChoice, LabelWrite,
    ListQuery, Order, ScoreRange, Store, Trail,
};
use sqlx::Connection as _;
use std::cmp::Ordering;

on_both!(
    a_term_is_found_anywhere_in_what_an_identity_shows,
    nothing_in_a_term_is_a_command,
    random_terms_find_what_holds_them,
    every_filter_sort_and_page_is_exact,
    who_was_seen_last_comes_first_in_a_large_team,
    a_changed_name_is_found_by_itself_and_not_by_what_it_was,
    a_search_stays_within_its_team,
    somebody_who_is_erased_is_not_found,
);

fn named(id: &str, name: &str) -> IdentityWrite {
    IdentityWrite { display_name: Some(name.into()), ..identity(id, 1) }
}

async fn commit(store: &Store, identities: Vec<IdentityWrite>) {
    store.commit(&team(), &Commit { identities, ..Commit::default() }).await.unwrap();
}

fn searching(term: &str) -> IdentityFilter {
    IdentityFilter { term: Some(term.into()), ..IdentityFilter::default() }
}

async fn found(store: &Store, term: &str) -> Vec<String> {
    let page = store.identities(&team(), &searching(term), &all("i.id")).await.unwrap();
    assert_eq!(page.total, page.items.len() as u64, "{term:?}");
    page.items.into_iter().map(|item| item.id).collect()
}

/// What a term is searched in.
fn shown(identity: &IdentityWrite) -> String {
    let names = [&identity.display_name, &identity.display_email, &identity.display_username];
    names.into_iter().flatten().fold(identity.id.to_lowercase(), |text, name| text + "\n" + &name.to_lowercase())
}

async fn a_term_is_found_anywhere_in_what_an_identity_shows(store: &Store) {
    let email = |id: &str, email: &str| IdentityWrite { display_email: Some(email.into()), ..identity(id, 1) };
    let identities = vec![
        named("Customer-0042-EU", "Maria von Österreich"),
        email("2", "jane.DOE+spam@Example.org"),
        named("3", "Робот Иванов"),
        named("4", "王伟"),
        named("5", "IŞIK Yıldırım"),
        named("6", "İstanbul"),
        named("7", "Zoë 👩‍👩‍👧"),
    ];
    commit(store, identities).await;
    let expected = [
        ("0042", "Customer-0042-EU"),
        ("omer-00", "Customer-0042-EU"),
        ("VON ö", "Customer-0042-EU"),
        ("+SPAM@exa", "2"),
        ("e.d", "2"),
        ("ОБОТ и", "3"),
        ("王伟", "4"),
        ("伟", "4"),
        ("yıldı", "5"),
        ("İSTAN", "6"),
        ("👩‍👧", "7"),
        ("ë", "7"),
    ];
    for (term, id) in expected {
        assert_eq!(found(store, term).await, [id], "{term}");
    }
    for term in ["yildi", "王 伟", "nobody", "0042-eu maria", "doe+spam@example.orgs"] {
        assert!(found(store, term).await.is_empty(), "{term}");
    }
}

async fn nothing_in_a_term_is_a_command(store: &Store) {
    let texts = [
        "%%%",
        "___",
        "\\\\\\",
        "\"\"\"",
        "'''",
        "***",
        "a AND b",
        "NEAR(a b)",
        "x OR y",
        "-minus",
        "^caret",
        "search:x",
        "(paren)",
        "{col}",
        "a*b*",
        "\"quoted\" term",
        "100% sure",
        "a_b_c",
        "back\\slash\\",
        "$1 ?1 :a",
        "--x; drop",
        "tab\tnew\nline",
        "\u{fffd}\u{fffd}\u{fffd}x",
        "\u{202e}evil",
        "a+b-c~d",
        "null",
    ];
    let written: Vec<IdentityWrite> =
        texts.iter().enumerate().map(|(n, text)| named(&format!("i{n:02}"), text)).collect();
    let held: Vec<(String, String)> = written.iter().map(|identity| (identity.id.clone(), shown(identity))).collect();
    commit(store, written).await;
    let others =
        ["\"", "'", "*", "%", "_", "\\", "a", "AND", " or ", "NEAR(", "abc*", "\"abc\"", "\u{ffff}\u{fffd}x", "(", ")"];
    for term in texts.iter().chain(&others) {
        let lower = term.to_lowercase();
        let expected: Vec<&String> = held.iter().filter(|(_, text)| text.contains(&lower)).map(|(id, _)| id).collect();
        assert_eq!(found(store, term).await.iter().collect::<Vec<_>>(), expected, "{term:?}");
    }
    assert!(found(store, "a\0b").await.is_empty(), "no text holds a NUL");
    assert_eq!(found(store, "").await.len(), texts.len(), "nothing is in everything");
    let long = "long name ".repeat(1_000);
    commit(store, vec![named("long", &long), named("longer", &(long.clone() + "x"))]).await;
    assert_eq!(found(store, &long).await, ["long", "longer"]);
    assert_eq!(found(store, &(long.clone() + "x")).await, ["longer"]);
    assert!(found(store, &(long + "y")).await.is_empty());
}

/// Numbers that look random, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn text(&mut self, letters: &[char], length: u64) -> String {
        (0..length).map(|_| letters[self.below(letters.len() as u64) as usize]).collect()
    }
}

const LETTERS: [char; 12] = ['a', 'b', 'B', 'é', 'ı', 'ж', '王', '👩', '"', '%', '_', ' '];

async fn random_terms_find_what_holds_them(store: &Store) {
    let mut dice = Dice(7);
    let written: Vec<IdentityWrite> = (0..200)
        .map(|n| {
            let length = dice.below(12);
            let name = dice.text(&LETTERS, length);
            IdentityWrite { display_username: Some(dice.text(&LETTERS[..4], 5)), ..named(&format!("r{n:03}"), &name) }
        })
        .collect();
    let held: Vec<(String, String)> = written.iter().map(|identity| (identity.id.clone(), shown(identity))).collect();
    commit(store, written).await;
    let mut hits = 0;
    for round in 0..150 {
        let term = dice.text(&LETTERS[..if round % 2 == 0 { 4 } else { 12 }], 1 + round % 5);
        let lower = term.to_lowercase();
        let expected: Vec<&String> = held.iter().filter(|(_, text)| text.contains(&lower)).map(|(id, _)| id).collect();
        hits += expected.len();
        assert_eq!(found(store, &term).await.iter().collect::<Vec<_>>(), expected, "{term:?}");
    }
    assert!(hits > 1_000, "the terms hardly find anything");
}

/// So many that lists are counted, walked and gathered in every way.
const CROWD: usize = 3_000;
const DISREGARDED_MS: i64 = 9_000_000;

/// One of the crowd, as it is to be listed.
struct One {
    write: IdentityWrite,
    badge: bool,
    label: Option<LabelKind>,
    disregarded: bool,
}

fn one(n: usize, dice: &mut Dice) -> One {
    let mut some = |most: u64, value: i64| (dice.below(most) > 0).then_some(value);
    let score = |value: Option<i64>| value.map(|value| value as u8);
    let place = n as i64;
    // The first half is older, scores lower and is called alike: what is sorted by tells of what is filtered by.
    let name = some(9, 0).map(|_| format!("{} {}", ["Maria", "王伟"][n * 2 / CROWD], n % 17));
    let scores = [
        score(some(20, place * 100 / CROWD as i64)),
        score(some(20, place % 101)),
        score(some(2, place * 7 % 101)),
        None,
    ];
    let tracked = some(10, 5_000 + place / 3);
    let write = IdentityWrite {
        display_name: name,
        display_email: some(5, 0).map(|_| format!("p{}@Mail.example", place * 31 % 997)),
        scores,
        created_ms: 1_000 + place / 5,
        updated_ms: 2_000 + place / 2,
        last_tracked_ms: tracked,
        last_scored_ms: tracked.filter(|_| !n.is_multiple_of(4)),
        ..identity(&format!("user_{:05x}", n * 7_919 % 100_003), 1)
    };
    let label = match n % 50 {
        0 => Some(LabelKind::Bot),
        1 => Some(LabelKind::Legitimate),
        _ => None,
    };
    One { write, badge: n.is_multiple_of(3), label, disregarded: n % 200 == 5 }
}

async fn crowd(store: &Store) -> Vec<One> {
    let mut dice = Dice(3);
    let mut all: Vec<One> = (0..CROWD).map(|n| one(n, &mut dice)).collect();
    for (part, some) in all.chunks_mut(700).enumerate() {
        let badges = some.iter().filter(|one| one.badge).map(|one| (one.write.id.clone(), vec![badge("bot", 1)]));
        let badges = badges.collect();
        let identities = some.iter().map(|one| copy(&one.write)).collect();
        store.commit(&team(), &Commit { identities, badges, ..Commit::default() }).await.unwrap();
        // Another team's come in between.
        store.commit(&other_team(), &new_identities(&[&format!("user_maria_{part}")])).await.unwrap();
        for (n, one) in some.iter_mut().enumerate() {
            if let Some(kind) = one.label {
                let id = (part * 1_000 + n) as i64 + 1;
                let label = LabelWrite { id, kind, note: None, escalation_id: None, by: "ana".into(), now_ms: 5 };
                store.put_label(&team(), &one.write.id, &label).await.unwrap().unwrap();
            }
            if one.disregarded {
                let done =
                    store.set_identity_disregarded(&team(), &one.write.id, true, DISREGARDED_MS, nobody_told).await;
                assert!(done.unwrap());
                (one.write.updated_ms, one.badge) = (DISREGARDED_MS, false);
            }
        }
    }
    all
}

fn copy(write: &IdentityWrite) -> IdentityWrite {
    IdentityWrite {
        id: write.id.clone(),
        display_name: write.display_name.clone(),
        display_email: write.display_email.clone(),
        display_username: write.display_username.clone(),
        body: write.body.clone(),
        trace: write.trace.clone(),
        ..*write
    }
}

fn is_left(one: &One, filter: &IdentityFilter) -> bool {
    let within = |range: &ScoreRange| {
        let Some(value) = one.write.scores[Category::ALL.iter().position(|known| *known == range.category).unwrap()]
        else {
            return range.min.is_none() && range.max.is_none();
        };
        range.min.is_none_or(|min| value >= min) && range.max.is_none_or(|max| value <= max)
    };
    let label = match filter.label {
        None => true,
        Some(LabelChoice::Any) => one.label.is_some(),
        Some(LabelChoice::None) => one.label.is_none(),
        Some(LabelChoice::Kind(kind)) => one.label == Some(kind),
    };
    label
        && filter.scores.iter().all(within)
        && filter.term.as_ref().is_none_or(|term| shown(&one.write).contains(&term.to_lowercase()))
        && filter.disregarded.is_none_or(|disregarded| one.disregarded == disregarded)
        && (filter.badge.is_none() || one.badge)
}

/// What an identity is sorted by.
#[derive(PartialEq, PartialOrd)]
enum Value {
    Number(i64),
    Text(String),
}

fn value(write: &IdentityWrite, sort: &str) -> Option<Value> {
    let number = |value: Option<i64>| value.map(Value::Number);
    let text = |value: &Option<String>| value.clone().map(Value::Text);
    match sort {
        "updatedAt" => number(Some(write.updated_ms)),
        "createdAt" => number(Some(write.created_ms)),
        "lastTrackedAt" => number(write.last_tracked_ms),
        "lastScoredAt" => number(write.last_scored_ms),
        "id" => text(&Some(write.id.clone())),
        "displayName" => text(&write.display_name),
        "displayEmail" => text(&write.display_email),
        "displayUsername" => text(&write.display_username),
        "humanityScore" => number(write.scores[0].map(i64::from)),
        "authenticityScore" => number(write.scores[1].map(i64::from)),
        "uniquenessScore" => number(write.scores[2].map(i64::from)),
        "behaviorScore" => number(write.scores[3].map(i64::from)),
        other => panic!("{other} is not known here"),
    }
}

fn compared(a: &IdentityWrite, b: &IdentityWrite, sort: &str, order: Order) -> Ordering {
    let turned = |ordering: Ordering| if order == Order::Desc { ordering.reverse() } else { ordering };
    let values = match (value(a, sort), value(b, sort)) {
        (Some(a), Some(b)) => turned(a.partial_cmp(&b).unwrap()),
        (a, b) => a.is_none().cmp(&b.is_none()),
    };
    values.then_with(|| turned(a.id.cmp(&b.id)))
}

fn filters() -> Vec<IdentityFilter> {
    let none = IdentityFilter::default;
    let range = |category, min, max| ScoreRange { category, min, max };
    let (low, high) = (range(Category::Humanity, None, Some(2)), range(Category::Humanity, Some(30), None));
    let even = range(Category::Authenticity, Some(20), Some(80));
    let badge = || Some("bot".to_owned());
    vec![
        none(),
        searching("maria"),
        searching("maria 11"),
        searching("王伟"),
        searching("USER_0"),
        searching("mail.example"),
        searching("p@"),
        IdentityFilter { scores: vec![low], ..none() },
        IdentityFilter { scores: vec![high], ..none() },
        IdentityFilter { scores: vec![high, even], ..none() },
        IdentityFilter { scores: vec![low, even], ..none() },
        IdentityFilter { disregarded: Some(true), ..none() },
        IdentityFilter { disregarded: Some(false), ..none() },
        IdentityFilter { label: Some(LabelChoice::Any), ..none() },
        IdentityFilter { label: Some(LabelChoice::None), ..none() },
        IdentityFilter { label: Some(LabelChoice::Kind(LabelKind::Bot)), ..none() },
        IdentityFilter { badge: badge(), ..none() },
        IdentityFilter { badge: badge(), scores: vec![even], ..searching("mail") },
        IdentityFilter { scores: vec![high], ..searching("maria") },
        IdentityFilter { label: Some(LabelChoice::None), disregarded: Some(false), ..searching("伟") },
        IdentityFilter { label: Some(LabelChoice::Any), scores: vec![even], ..none() },
    ]
}

async fn every_filter_sort_and_page_is_exact(store: &Store) {
    let all = crowd(store).await;
    for filter in filters() {
        let left: Vec<&IdentityWrite> = all.iter().filter(|one| is_left(one, &filter)).map(|one| &one.write).collect();
        for (name, sort) in IDENTITY_SORTS {
            for order in [Order::Asc, Order::Desc] {
                let mut sorted = left.clone();
                sorted.sort_by(|a, b| compared(a, b, name, order));
                let last = (left.len() / 20) as u32;
                for page_number in [0, 1, last / 2, last, last + 1] {
                    let query = ListQuery { page_number, page_size: 20, sort, order };
                    let page = store.identities(&team(), &filter, &query).await.unwrap();
                    let expected =
                        sorted.iter().skip(page_number as usize * 20).take(20).map(|write| write.id.as_str());
                    let what = format!("{filter:?} by {name} {order:?}, page {page_number}");
                    assert_eq!(page.total, left.len() as u64, "{what}");
                    let ids: Vec<&str> = page.items.iter().map(|item| item.id.as_str()).collect();
                    assert_eq!(ids, expected.collect::<Vec<_>>(), "{what}");
                }
            }
        }
    }
}

async fn a_changed_name_is_found_by_itself_and_not_by_what_it_was(store: &Store) {
    commit(store, vec![named("a", "Formerly Known"), named("b", "Formerly Alike")]).await;
    let change = IdentityWrite { display_name: Some("Presently Known".into()), ..identity("a", 2) };
    commit(store, vec![change]).await;
    assert_eq!(found(store, "formerly").await, ["b"]);
    assert_eq!(found(store, "ently k").await, ["a"]);
    let renamed = |_: &mut _| [Some("Third Name".to_owned()), None, Some("nick".to_owned())];
    store.change_profile(&team(), "a", 9, renamed).await.unwrap().unwrap();
    assert!(found(store, "presently").await.is_empty());
    assert_eq!(found(store, "third n").await, ["a"]);
    assert_eq!(found(store, "nick").await, ["a"]);
    let silent = IdentityWrite { scores: [Some(1); 4], created_ms: 500, ..identity("a", 4) };
    commit(store, vec![silent]).await;
    let held = store.identity(&team(), "a").await.unwrap().unwrap();
    assert_eq!((held.display_name, held.display_username, held.scores[3], held.created_ms), (None, None, Some(1), 500));
    assert!(found(store, "nick").await.is_empty());
    assert_sound(store).await;
}

async fn a_search_stays_within_its_team(store: &Store) {
    commit(store, vec![named("a", "Somebody Searched")]).await;
    let theirs = Commit { identities: vec![named("b", "Nobody Searched")], ..Commit::default() };
    store.commit(&other_team(), &theirs).await.unwrap();
    commit(store, vec![named("c", "Another Searched")]).await;
    assert_eq!(found(store, "searched").await, ["a", "c"]);
    assert_eq!(found(store, "ed").await, ["a", "c"]);
    let page = store.identities(&other_team(), &searching("searched"), &all("i.id")).await.unwrap();
    assert_eq!((page.total, page.items[0].id.as_str()), (1, "b"));
    let nobody = dregs_store::TeamId::new("without anybody");
    assert_eq!(store.identities(&nobody, &searching("searched"), &all("i.id")).await.unwrap().total, 0);
}

async fn erase(store: &Store, id: &str) {
    let trail = Trail { identity_id: id.into(), ..Trail::default() };
    let erasure = Erasure {
        team: team(),
        id: 77,
        salt: "salt".into(),
        digest: "digest".into(),
        status: ErasureStatus::Pending,
        trail: Some(trail.clone()),
        requested_ms: 5,
        unlogged_ms: None,
        finished_ms: None,
    };
    store.add_erasure(&erasure).await.unwrap();
    let trail = store.follow(&team(), &trail, 5).await.unwrap();
    store.erase_identity(&erasure, &trail, &ErasedFrom::default(), 6).await.unwrap();
}

async fn somebody_who_is_erased_is_not_found(store: &Store) {
    commit(store, vec![named("gone-1", "Quixworth"), named("kept-1", "Quince")]).await;
    erase(store, "gone-1").await;
    for term in ["quixworth", "gone", "xw", "one-1"] {
        assert!(found(store, term).await.is_empty(), "{term}");
    }
    assert_eq!(found(store, "qui").await, ["kept-1"]);
    assert_sound(store).await;
}

/// What the search index of a file holds: three characters and the number of an identity; and of how many parts it is. Of
/// one part everything is seen: a part hides what an older one holds of whoever was deleted since.
fn indexed(folder: &std::path::Path) -> (Vec<(String, i64)>, i64) {
    let connection = rusqlite::Connection::open(folder.join("dregs.db")).unwrap();
    connection.execute("create virtual table temp.held using fts5vocab (main, identity_search, instance)", ()).unwrap();
    let mut select = connection.prepare("select term, doc from temp.held").unwrap();
    let rows = select.query_map((), |row| Ok((row.get("term")?, row.get("doc")?))).unwrap();
    let parts = "select count(distinct segid) from identity_search_idx";
    (rows.map(Result::unwrap).collect(), connection.query_row(parts, (), |row| row.get(0)).unwrap())
}

#[tokio::test]
async fn the_search_index_keeps_no_letters_of_somebody_who_is_erased() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&sqlite_url(folder.path())).await.unwrap();
    let others = |part: usize| (0..20).map(|n| named(&format!("other-{part}-{n}"), "Quite Another")).collect();
    for part in 0..10 {
        commit(&store, others(part)).await;
    }
    commit(&store, vec![named("gone-1", "Quixworth")]).await;
    let number = indexed(folder.path()).0.into_iter().find(|(term, _)| term == "xwo").unwrap().1;
    commit(&store, vec![IdentityWrite { display_name: Some("Xylophon".into()), ..identity("gone-1", 2) }]).await;
    commit(&store, others(10)).await;
    erase(&store, "gone-1").await;
    commit(&store, others(11)).await;
    assert!(indexed(folder.path()).1 > 1, "the test has nothing to put together");
    assert!(store.scrub().await.unwrap());
    let (held, parts) = indexed(folder.path());
    assert_eq!(parts, 1);
    assert!(held.iter().any(|(term, _)| term == "ite"));
    assert!(held.iter().all(|(term, doc)| *doc != number && term != "xwo" && term != "xyl"), "some of it is left");
    assert_sound(&store).await;
}

#[tokio::test]
async fn a_copy_that_is_restored_finds_what_it_holds() {
    let (folder, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (main, copy) = (folder.path().join("dregs.db"), copies.path().join("copy.db"));
    let store = Store::open(&sqlite_url(folder.path())).await.unwrap();
    commit(&store, (0..50).map(|n| named(&format!("first-{n}"), &format!("Person {n}"))).collect()).await;
    erase(&store, "first-7").await;
    store.backup(&copy).await.unwrap();
    commit(&store, vec![named("later", "Person Later")]).await;
    store.close().await;
    Store::restore(&copy, &main).unwrap();
    let restored = Store::open(&sqlite_url(folder.path())).await.unwrap();
    assert_eq!(found(&restored, "person 41").await, ["first-41"]);
    assert_eq!(found(&restored, "person").await.len(), 49);
    commit(&restored, vec![named("afterwards", "Person After")]).await;
    assert_eq!(found(&restored, "person after").await, ["afterwards"]);
    assert_sound(&restored).await;
}

#[tokio::test]
async fn a_check_says_when_the_search_index_holds_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&sqlite_url(folder.path())).await.unwrap();
    commit(&store, vec![named("a", "Somebody")]).await;
    let connection = rusqlite::Connection::open(folder.path().join("dregs.db")).unwrap();
    connection.execute("insert into identity_search (rowid, search) values (99, 'nobody')", ()).unwrap();
    let problems = store.check().await.unwrap().problems.join("; ");
    assert!(problems.contains("search index"), "{problems:?}");
}

/// The migrations before the search index, as they are applied.
const BEFORE: [[&str; 2]; 11] = [
    [include_str!("../../migrations/sqlite/0001_first.sql"), include_str!("../../migrations/postgres/0001_first.sql")],
    [
        include_str!("../../migrations/sqlite/0002_acting.sql"),
        include_str!("../../migrations/postgres/0002_acting.sql"),
    ],
    [include_str!("../../migrations/sqlite/0003_audit.sql"), include_str!("../../migrations/postgres/0003_audit.sql")],
    [
        include_str!("../../migrations/sqlite/0004_agents.sql"),
        include_str!("../../migrations/postgres/0004_agents.sql"),
    ],
    [
        include_str!("../../migrations/sqlite/0005_people.sql"),
        include_str!("../../migrations/postgres/0005_people.sql"),
    ],
    [
        include_str!("../../migrations/sqlite/0006_notify.sql"),
        include_str!("../../migrations/postgres/0006_notify.sql"),
    ],
    [
        include_str!("../../migrations/sqlite/0007_labels.sql"),
        include_str!("../../migrations/postgres/0007_labels.sql"),
    ],
    [
        include_str!("../../migrations/sqlite/0008_datasets.sql"),
        include_str!("../../migrations/postgres/0008_datasets.sql"),
    ],
    [
        include_str!("../../migrations/sqlite/0009_privacy.sql"),
        include_str!("../../migrations/postgres/0009_privacy.sql"),
    ],
    [
        include_str!("../../migrations/sqlite/0010_inviters.sql"),
        include_str!("../../migrations/postgres/0010_inviters.sql"),
    ],
    [include_str!("../../migrations/sqlite/0011_sso.sql"), include_str!("../../migrations/postgres/0011_sso.sql")],
];
const STORED_BEFORE: &str = "create table schema_migrations (version bigint primary key, name text not null);
  insert into schema_migrations (version, name) values (11, 'sso');
  insert into team_counts (team_id, identities) values ('other', 1), ('team', 2);
  insert into identities (team_id, id, display_name, search, humanity, created_ms, updated_ms, disregarded, cycles, version) values
    ('team', 'a', 'Aged Person', 'a' || '\n' || 'aged person', 7, 1, 2, 0, 0, 1), ('other', 'b', 'Aged Other', 'b' || '\n' || 'aged other', 7, 1, 2, 0, 0, 1),
    ('team', 'c', null, 'c', null, 3, 4, 1, 0, 1);
  insert into profiles (team_id, identity_id, body) values ('team', 'a', '{}'), ('other', 'b', '{}'), ('team', 'c', '{}');";

/// What is found in a store that had people before it had a search index.
async fn everybody_is_found(store: &Store) {
    assert_eq!(found(store, "aged").await, ["a"]);
    assert_eq!(found(store, "").await, ["a", "c"]);
    let low = ScoreRange { category: Category::Humanity, min: None, max: Some(7) };
    let filter = IdentityFilter { scores: vec![low], ..searching("ged p") };
    assert_eq!(store.identities(&team(), &filter, &all("i.created_ms")).await.unwrap().total, 1);
    commit(store, vec![named("d", "Younger Person")]).await;
    commit(store, vec![IdentityWrite { display_name: Some("Ageless Person".into()), ..identity("a", 2) }]).await;
    assert_eq!(found(store, "person").await, ["a", "d"]);
    assert!(found(store, "aged").await.is_empty());
    assert_eq!(store.identities(&other_team(), &searching("aged"), &all("i.id")).await.unwrap().total, 1);
}

#[tokio::test]
async fn a_sqlite_store_of_before_is_searched() {
    let folder = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("dregs.db")).unwrap();
    for [sqlite, _] in BEFORE {
        connection.execute_batch(sqlite).unwrap();
    }
    connection.execute_batch(STORED_BEFORE).unwrap();
    drop(connection);
    everybody_is_found(&Store::open(&sqlite_url(folder.path())).await.unwrap()).await;
}

#[tokio::test]
async fn a_postgres_store_of_before_is_searched() {
    let Some(cluster) = crate::postgres::postgres() else { return };
    let url = cluster.new_database();
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    for [_, postgres] in BEFORE {
        sqlx::raw_sql(postgres).execute(&mut connection).await.unwrap();
    }
    sqlx::raw_sql(STORED_BEFORE).execute(&mut connection).await.unwrap();
    everybody_is_found(&Store::open(&url).await.unwrap()).await;
}

#[tokio::test]
async fn postgres_without_the_extension_finds_the_same_and_says_what_is_missing() {
    let Some(cluster) = crate::postgres::postgres() else { return };
    let url = cluster.new_database();
    let store = Store::open(&url).await.unwrap();
    assert_eq!(store.check().await.unwrap().advice, Vec::<String>::new());
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("drop extension pg_trgm cascade").execute(&mut connection).await.unwrap();
    commit(&store, vec![named("a", "Somebody")]).await;
    assert_eq!(found(&store, "ebod").await, ["a"]);
    let advice = store.check().await.unwrap().advice.join("; ");
    assert!(advice.contains("pg_trgm"), "{advice:?}");
}

/// More than are looked at of those who changed last.
const LARGE: i64 = 8_200;

async fn who_was_seen_last_comes_first_in_a_large_team(store: &Store) {
    const HOUR_MS: i64 = 3_600_000;
    // Most of those who changed last were only scored again.
    let seen_ms = |n: i64| (n - n % 40 * 200).max(0) * HOUR_MS;
    let one = |n: i64| IdentityWrite {
        updated_ms: n * HOUR_MS,
        last_tracked_ms: (n % 9 > 0).then_some(seen_ms(n)),
        ..identity(&format!("u{n:04}"), 1)
    };
    let all: Vec<i64> = (0..LARGE).collect();
    for part in all.chunks(1_000) {
        commit(store, part.iter().map(|n| one(*n)).collect()).await;
    }
    let mut expected: Vec<(i64, String)> =
        all.iter().filter(|n| **n % 9 > 0).map(|n| (seen_ms(*n), format!("u{n:04}"))).collect();
    expected.sort_by(|a, b| b.cmp(a));
    for page_number in [0, 1, 20, 60] {
        let query = ListQuery { page_number, page_size: 25, sort: "i.last_tracked_ms", order: Order::Desc };
        let page = store.identities(&team(), &IdentityFilter::default(), &query).await.unwrap();
        let ids: Vec<String> = page.items.into_iter().map(|item| item.id).collect();
        let from = page_number as usize * 25;
        let wanted: Vec<String> = expected[from..from + 25].iter().map(|(_, id)| id.clone()).collect();
        assert_eq!((page.total, ids), (LARGE as u64, wanted), "{page_number}");
    }
}
