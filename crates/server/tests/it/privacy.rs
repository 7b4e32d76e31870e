//! `DELETE /api/identities/{id}`, `/export`, `/erasures` and `/retention`: who is erased is nowhere, and begins from nothing.

use crate::app::{TestApp, eventually, seen};
use crate::auth::log_in;
use crate::rules::anyone;
use dregs_engine::event::{Event, IdentityInput};
use dregs_server::clock::Clock;
use dregs_server::config::RunOptions;
use dregs_server::http::erasures::{digest, request};
use dregs_server::ids::Ids;
use dregs_server::ingest::log::write_line;
use dregs_server::jobs::erase::out_of_tables;
use dregs_server::jobs::lease::{Hold, Lease};
use dregs_server::jobs::retention::Remover;
use dregs_store::{ActorKind, AuditEntry, Usage};
use serde_json::{Value, json};
use std::path::Path;

on_both!(
    who_is_erased_is_nowhere,
    an_export_holds_everything,
    who_is_tracked_again_begins_from_nothing,
    an_erased_event_is_not_recorded_again,
    events_that_wait_are_erased_with_their_identity,
    an_erasure_that_broke_off_goes_on,
    others_are_scored_without_who_is_erased,
    a_team_sets_how_long_it_keeps_data,
    what_is_too_old_goes,
    a_line_of_the_audit_log_that_is_on_its_way_names_nobody,
);

const ID: &str = "quixworth-7@example.com";
/// Words that stand in the person's data and in nobody else's.
const WORDS: [&str; 8] =
    ["quixworth-7", "Zebulina", "zebulina", "203.0.113.77", "998877665", "QuixBrowser", "fp-quix", "quix-session"];

fn visit(id: &str) -> Value {
    let mut event = seen("login", Some(ID), "fp-quix", "quix-session", "203.0.113.77");
    event["id"] = json!(id);
    event["userAgent"] = json!("QuixBrowser/9");
    event["url"] = json!("https://shop.example/of/zebulina");
    event["data"] = json!({"note": "for zebulina"});
    event["groups"] = json!([{"type": "team", "id": "quixworth-7-home", "data": {"name": "Zebulina's"}}]);
    event["identity"]["data"] =
        json!({"name": "Zebulina Quix", "email": "zebulina@quix.example", "phone": "+49 151 998877665"});
    event
}

/// A person who has left something everywhere, and another who has to do with them.
async fn furnish(app: &TestApp) {
    app.api.post("/badge-rules", &json!({"name": "All", "conditions": anyone()})).await.expect(201);
    let bad = json!({"name": "Bad", "type": "BAD", "conditions": anyone()});
    app.api.post("/badge-rules", &bad).await.expect(201);
    let mut slugs = Vec::new();
    for name in ["tried", "given up"] {
        let events = ["IDENTITY_SCORED", "IDENTITY_BADGES_CHANGED"];
        let channel = json!({"name": name, "type": "EMAIL", "to": ["ops@example.com"], "events": events});
        slugs.push(app.api.post("/channels", &channel).await.expect(201)["slug"].as_str().unwrap().to_owned());
    }
    let rule = json!({"name": "Everybody", "conditions": anyone(), "channels": slugs});
    app.api.post("/escalation-rules", &rule).await.expect(201);
    // What they did before they said who they are.
    let mut anonymous = visit("quix-0");
    anonymous.as_object_mut().unwrap().retain(|field, _| field != "identity" && field != "groups");
    app.track(anonymous).await;
    app.track(visit("quix-1")).await;
    for (n, owner) in [ID, "neighbour"].into_iter().enumerate() {
        app.track(seen("login", Some(owner), "shared-fp", &format!("shared-{n}"), "198.51.100.9")).await;
    }
    let path = "/identities/quixworth-7%40example.com";
    let decided = json!({"verdict": "SAME", "note": "zebulina is the neighbour"});
    app.api.put(&format!("{path}/decisions/neighbour"), &decided).await.expect(200);
    app.settle().await;
    app.api.put(&format!("{path}/label"), &json!({"kind": "BOT", "note": "zebulina is a bot"})).await.expect(200);
    for id in [path, "/identities/neighbour"] {
        let asked = json!({"feedback": "as Zebulina Quix says"});
        app.api.post(&format!("{id}/actions/review"), &asked).await.expect(201);
        let reviews = format!("{id}/reviews");
        eventually("a review is written", async || app.api.get(&reviews).await.json[0]["status"] == "FINISHED").await;
    }
    for escalation in app.api.get("/escalations").await.expect(200)["content"].as_array().unwrap() {
        let path = format!("/escalations/{}/notes", escalation["id"]);
        app.api.post(&path, &json!({"body": "asked Zebulina Quix about it"})).await.expect(201);
    }
    let given_up = app.store.channel(&app.team.id, "given-up").await.unwrap().unwrap();
    app.store.give_up_deliveries(&app.team.id, &given_up.id, "given up", 1).await.unwrap();
}

async fn erase(app: &TestApp, id: &str) {
    let path = format!("/identities/{}", dregs_server::http::events::encode(id));
    let asked = app.api.delete(&path).await.expect(202);
    let path = format!("/erasures/{}", asked["id"]);
    eventually("it is erased", async || app.api.get(&path).await.json["status"] == "DONE").await;
    app.settle().await;
}

fn spells(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

fn spelt_in(folder: &Path) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        found.extend(WORDS.iter().filter(|word| spells(&bytes, word)).map(|word| (name.clone(), *word)));
    }
    found
}

/// Evidence is packed: it is read through the store.
async fn quoted(app: &TestApp) -> Vec<(i64, &'static str)> {
    let mut found = Vec::new();
    for (team, identity, id) in app.store.cycle_ids(10_000).await.unwrap() {
        let cycle = app.store.cycle(&team, &identity, Some(id)).await.unwrap().unwrap();
        let text = serde_json::to_string(&cycle.evidence).unwrap();
        found.extend(WORDS.iter().filter(|word| text.contains(**word)).map(|word| (id, *word)));
    }
    found
}

/// Every row as PostgreSQL would hand it over to a copy.
fn dumped(url: &str) -> Option<Vec<u8>> {
    let dumped = std::process::Command::new("pg_dump").args(["--inserts", url]).output().ok()?;
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    Some(dumped.stdout)
}

async fn who_is_erased_is_nowhere(app: &mut TestApp) {
    furnish(app).await;
    assert!(!quoted(app).await.is_empty());
    let folder = app.database.folder.as_ref().map(|folder| folder.path().to_owned());
    match &folder {
        Some(folder) => assert!(spelt_in(folder).len() > WORDS.len()),
        None => assert!(dumped(&app.database.url).is_none_or(|text| WORDS.iter().all(|word| spells(&text, word)))),
    }
    erase(app, ID).await;

    assert_eq!(quoted(app).await, []);
    match &folder {
        Some(folder) => {
            assert_eq!(spelt_in(folder), [], "in the files of the running server");
            let copies = tempfile::tempdir().unwrap();
            app.store.backup(&copies.path().join("copy.db")).await.unwrap();
            assert_eq!(spelt_in(copies.path()), [], "in a copy");
        }
        None => {
            let text = dumped(&app.database.url).unwrap_or_default();
            let found: Vec<_> = WORDS.iter().filter(|word| spells(&text, word)).collect();
            assert!(found.is_empty(), "{found:?}");
        }
    }
    for path in ["", "/export", "/history", "/links", "/reviews", "/analysis"] {
        app.api.get(&format!("/identities/quixworth-7%40example.com{path}")).await.error(404);
    }
    for path in ["/events?term=zebulina", "/identities?term=quix", "/devices?term=fp-quix", "/groups?term=quix"] {
        assert_eq!(app.api.get(path).await.expect(200)["totalElements"], 0, "{path}");
    }
    let done = app.api.get("/erasures").await.expect(200)["content"][0].clone();
    let salt = app.store.erasure_salt(&app.team.id).await.unwrap().unwrap();
    assert_eq!((&done["status"], &done["digest"]), (&json!("DONE"), &json!(digest(&salt, ID))));
    app.api.delete("/identities/quixworth-7%40example.com").await.error(404);
    app.api.get("/erasures/1").await.error(404);
    app.api.get("/erasures/none").await.error(404);

    app.restart(RunOptions::default()).await;
    app.settle().await;
    if let Some(folder) = &folder {
        assert_eq!(spelt_in(folder), [], "after a restart");
    }
}

async fn an_export_holds_everything(app: &mut TestApp) {
    furnish(app).await;
    let answer = app.api.get("/identities/quixworth-7%40example.com/export").await;
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"identity.json\""));
    assert!(answer.header("content-type").unwrap().starts_with("application/json"));
    let export = answer.expect(200);
    assert_eq!((&export["format"], &export["identityId"]), (&json!(1), &json!(ID)));
    let lists: Vec<&String> =
        export.as_object().unwrap().keys().filter(|name| *name != "format" && *name != "identityId").collect();
    for name in &lists {
        let rows = export[name.as_str()].as_array().unwrap();
        let may_be_empty = ["parkedEvents", "waitingEvents", "mainAccounts"].contains(&name.as_str());
        assert!(may_be_empty || !rows.is_empty(), "{name}");
    }
    let document = serde_json::to_value(dregs_server::http::document()).unwrap();
    let described = document["components"]["schemas"]["ExportView"]["properties"].as_object().unwrap();
    assert!(lists.iter().all(|name| described.contains_key(*name)) && described.len() == lists.len() + 2);
    let events: Vec<&str> =
        export["events"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert!(events.contains(&"quix-0") && events.contains(&"quix-1"), "{events:?}");
    assert_eq!(export["profiles"][0]["profile"]["attributes"]["phone"], "+49 151 998877665");
    assert_eq!(export["evidence"][0]["evidence"]["snapshot"]["identity_id"], ID);
    assert_eq!(export["escalationNotes"][0]["body"], "asked Zebulina Quix about it");
    let text = export.to_string();
    assert!(WORDS.iter().all(|word| text.contains(word)));
    app.api.get("/identities/nobody/export").await.error(404);
    app.settle().await;
}

async fn who_is_tracked_again_begins_from_nothing(app: &mut TestApp) {
    for n in 0..3 {
        app.track(visit(&format!("quix-{n}"))).await;
    }
    let asked = app.api.delete("/identities/quixworth-7%40example.com").await.expect(202);
    assert_eq!(asked["status"], "PENDING");
    app.api.track(json!({"type": "login", "identity": {"id": ID, "data": {"name": "Ana Again"}}})).await;
    let path = format!("/erasures/{}", asked["id"]);
    eventually("it is erased", async || app.api.get(&path).await.json["status"] == "DONE").await;
    app.settle().await;
    let identity = app.api.identity(ID).await;
    assert_eq!((&identity["displayName"], &identity["data"]), (&json!("Ana Again"), &json!({"name": "Ana Again"})));
    let events = app.api.get("/events?identity=quixworth-7%40example.com").await.expect(200);
    assert_eq!(events["totalElements"], 1, "what was sent after the answer stays");
    assert_eq!(app.api.get("/devices").await.expect(200)["totalElements"], 0);
}

async fn an_erased_event_is_not_recorded_again(app: &mut TestApp) {
    app.track(visit("quix-1")).await;
    erase(app, ID).await;
    let answer = app.api.post("/events", &visit("quix-1")).await.expect(200);
    assert_eq!(answer["id"], "quix-1", "the sender is told the same as when it tries again");
    app.settle().await;
    app.api.get("/identities/quixworth-7%40example.com").await.error(404);
    assert_eq!(app.api.get("/events").await.expect(200)["totalElements"], 0);
}

/// An event that was recorded and not processed, with what its sender was counted for.
async fn append(app: &TestApp, events: &[Event]) {
    let mut payload = Vec::new();
    events.iter().for_each(|event| write_line(&mut payload, &app.team.id, event));
    let usage = Usage { team: app.team.id.clone(), month: "2026-11".into(), events: events.len() as i64 };
    app.store.append(payload, &[usage]).await.unwrap();
}

fn logged(id: &str, identity: Option<&str>, session: &str, received_ms: i64) -> Event {
    Event {
        id: id.into(),
        name: "login".into(),
        timestamp_ms: received_ms,
        received_ms,
        identity: identity.map(|id| IdentityInput { id: id.into(), ..IdentityInput::default() }),
        session: Some(session.into()),
        ..Event::default()
    }
}

async fn events_that_wait_are_erased_with_their_identity(app: &mut TestApp) {
    app.track(visit("quix-1")).await;
    let now_ms = app.app().clock.now_ms();
    app.stop().await;
    app.store = dregs_store::Store::open(&app.database.url).await.unwrap();
    let later_ms = now_ms + 2;
    append(
        app,
        &[
            logged("waiting", Some(ID), "zebulina-session", now_ms),
            logged("anonymous", None, "quix-session", now_ms),
            logged("only-logged", None, "zebulina-session", now_ms),
            logged("other", Some("other"), "other-session", now_ms),
        ],
    )
    .await;
    append(app, &[logged("later", Some(ID), "later-session", later_ms)]).await;
    request(&app.store, &Ids::new(0), &app.team.id, ID, now_ms + 1).await.unwrap();
    app.restart(RunOptions::default()).await;
    eventually("it is erased", async || app.api.get("/erasures").await.json["content"][0]["status"] == "DONE").await;
    app.settle().await;
    let mut left = app.api.ids("/events").await;
    left.sort();
    assert_eq!(left, ["later", "other"], "what came after the request is somebody new");
    let fates = app.api.get("/ingestion").await.expect(200)["fates"].clone();
    assert_eq!((&fates["erased"], &fates["applied"], &fates["duplicate"]), (&json!(3), &json!(3), &json!(0)));
    if let Some(folder) = &app.database.folder {
        let found: Vec<_> = spelt_in(folder.path()).into_iter().filter(|(_, word)| *word != "quixworth-7").collect();
        assert_eq!(found, []);
    }
}

async fn an_erasure_that_broke_off_goes_on(app: &mut TestApp) {
    app.track(visit("quix-1")).await;
    app.stop().await;
    app.store = dregs_store::Store::open(&app.database.url).await.unwrap();
    let erasure = request(&app.store, &Ids::new(0), &app.team.id, ID, i64::MAX / 2).await.unwrap();
    append(app, &[logged("waiting", Some(ID), "s", 1)]).await;
    // As if the server had been killed after the tables and before the log.
    let (clock, mut lease) = (Clock::manual(5), Lease::new(app.store.clone(), "processor"));
    assert_ne!(lease.hold(5).await.unwrap(), Hold::No);
    out_of_tables(&app.store, &clock, &mut lease, &erasure).await.unwrap();
    lease.release().await;
    assert_eq!(app.store.log_depth().await.unwrap(), 1);
    app.restart(RunOptions::default()).await;
    eventually("it is erased", async || app.api.get("/erasures").await.json["content"][0]["status"] == "DONE").await;
    app.settle().await;
    assert_eq!(app.api.get("/events").await.expect(200)["totalElements"], 0);
    app.api.get("/identities/quixworth-7%40example.com").await.error(404);
}

async fn others_are_scored_without_who_is_erased(app: &mut TestApp) {
    for visit in 0..3 {
        for id in ["a", "b"] {
            app.track(seen("login", Some(id), "laptop", &format!("{id}-{visit}"), "198.51.100.7")).await;
        }
    }
    app.api.post("/identities/b/actions/analyze", &json!({})).await.expect(201);
    app.settle().await;
    let before = app.api.identity("b").await["uniquenessScore"].as_i64().unwrap();
    assert!(!app.api.get("/identities/b/links").await.expect(200).as_array().unwrap().is_empty());
    erase(app, "a").await;
    assert_eq!(app.api.get("/identities/b/links").await.expect(200), json!([]));
    let after = app.api.identity("b").await["uniquenessScore"].as_i64().unwrap();
    assert!(after > before, "{before} to {after}");
    let analysis = app.api.get("/identities/b/analysis").await.expect(200);
    assert!(!analysis["scores"][0]["observations"].as_array().unwrap().is_empty(), "it has evidence of its own again");
    assert_eq!(app.api.ids("/identities").await, ["b"]);
}

async fn a_team_sets_how_long_it_keeps_data(app: &mut TestApp) {
    let held = app.api.get("/retention").await.expect(200);
    assert_eq!((&held["deliveriesDays"], &held["eventsDays"]), (&json!(90), &json!(null)));
    assert_eq!(held["auditDays"], 400);
    let set = app.api.put("/retention", &json!({"eventsDays": 30, "deliveriesDays": null})).await.expect(200);
    assert_eq!((&set["deliveriesDays"], &set["eventsDays"]), (&json!(null), &json!(30)));
    assert_eq!(app.api.put("/retention", &json!({})).await.expect(200), set);
    assert_eq!(app.api.get("/retention").await.expect(200), set);
    for wrong in [json!(0), json!(3651), json!("x"), json!(-1)] {
        let answer = app.api.put("/retention", &json!({"reviewsDays": wrong})).await;
        assert!(answer.error(400).contains("reviewsDays"), "{}", answer.text);
    }
    app.api.get("/retention/preview?eventsDays=0").await.error(400);
    let soon = app.api.put("/retention", &json!({"auditDays": 89})).await;
    assert!(soon.error(400).contains("auditDays must be 90"), "{}", soon.text);
    assert_eq!(app.api.put("/retention", &json!({"auditDays": 90})).await.expect(200)["auditDays"], 90);
}

async fn what_is_too_old_goes(app: &mut TestApp) {
    let old = |id: &str, owner: &str| json!({"type": "login", "id": id, "timestamp": "2020-01-01T00:00:00Z", "identity": {"id": owner}});
    app.track(old("old-1", "a")).await;
    app.track(json!({"type": "login", "id": "young", "identity": {"id": "a"}})).await;
    let preview = app.api.get("/retention/preview?eventsDays=365").await.expect(200);
    assert_eq!((&preview["counts"]["events"], &preview["counts"]["cycles"]), (&json!(1), &json!(0)));
    assert_eq!(app.api.get("/retention/preview").await.expect(200)["counts"]["events"], 0);
    let long_ago = AuditEntry {
        id: 1,
        created_ms: 1,
        actor_kind: ActorKind::Key,
        actor_id: "k".into(),
        actor: "key".into(),
        action: "longAgo".into(),
        path: "/x".into(),
        subject: None,
        other_subject: None,
        ip: None,
        request_id: "r".into(),
        fields: Vec::new(),
        status: Some(200),
    };
    app.store.add_audit_entries(&app.team.id, &[long_ago]).await.unwrap();
    assert_eq!(app.api.get("/retention/preview").await.expect(200)["counts"]["audit"], 1, "it is kept for 400 days");
    app.api.put("/retention", &json!({"eventsDays": 365})).await.expect(200);
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    let running = app.app();
    let mut remover =
        Remover::new(&app.store, &running.clock, &running.ids, &running.watermark, &running.bells.process);
    remover.look(&stopped).await.unwrap();
    assert_eq!(app.api.ids("/events").await, ["young"]);
    app.api.get("/identities/a").await.expect(200);
    assert_eq!(app.api.get("/audit-log?action=longAgo").await.expect(200)["totalElements"], 0);
}

async fn a_line_of_the_audit_log_that_is_on_its_way_names_nobody(app: &mut TestApp) {
    app.track(visit("quix-1")).await;
    let admin = log_in(app, &app.team.keys.email, &app.team.keys.password).await;
    admin.get("/identities/quixworth-7%40example.com").await.expect(200);
    erase(app, ID).await;
    app.app().audit.flush(&app.store).await;
    let lines = app.api.get("/audit-log?pageSize=100").await.expect(200);
    let seen =
        |action: &str| lines["content"].as_array().unwrap().iter().filter(|line| line["action"] == action).count();
    assert_eq!((seen("getIdentity"), seen("eraseIdentity")), (1, 1));
    assert!(!lines.to_string().contains("quixworth-7"), "{lines}");
}
