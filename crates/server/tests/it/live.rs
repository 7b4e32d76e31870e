//! `/api/live`: open pages are told what changed.

use crate::api::{Api, Stream};
use crate::app::{Database, TestApp, eventually};
use crate::auth::{log_in, person};
use dregs_server::cli::Sidecar;
use dregs_server::clock::Clock;
use dregs_server::config::RunOptions;
use dregs_server::live::WATCHERS_OF_TEAM_MAX;
use dregs_store::{Role, Store};
use serde_json::{Value, json};

on_both!(
    an_open_page_is_told_what_changed,
    what_people_write_is_told_too,
    nothing_of_another_team_is_told,
    who_comes_back_is_told_to_read_everything_anew,
    a_stream_ends_with_the_session_or_the_key,
    a_server_that_stops_ends_its_streams,
    a_team_has_so_many_streams_and_no_more,
);

/// Reads on until a hint of this kind names the thing.
async fn until_named(stream: &mut Stream, kind: &str, id: &str) {
    while !stream.until(kind).await.data["ids"].as_array().unwrap().contains(&json!(id)) {}
}

fn event(id: &str, identity: &str) -> Value {
    json!({"id": id, "type": "login", "identity": {"id": identity}})
}

async fn an_open_page_is_told_what_changed(app: &mut TestApp) {
    let viewer = person(app, &app.team, Role::Viewer).await;
    let mut stream = viewer.watch(&[]).await;
    let header = |name: &str| stream.headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!((header("content-type"), header("x-accel-buffering")), ("text/event-stream".into(), "no".into()));
    assert_eq!((header("cache-control"), header("x-request-id").is_empty()), ("no-cache".into(), false));
    let first = stream.next().await.unwrap();
    assert_eq!((first.name.as_str(), &first.data), ("ready", &json!({})));
    app.api.track(event("e-1", "ada")).await;
    until_named(&mut stream, "identity", "ada").await;
    app.api.track(event("e-2", "bob")).await;
    until_named(&mut stream, "event", "e-2").await;
    let counted = stream.until("ingestion").await;
    assert_eq!(counted.data, json!({"ids": [], "many": true}));
    assert!(counted.id.unwrap().parse::<u64>().unwrap() > 0);
}

async fn what_people_write_is_told_too(app: &mut TestApp) {
    app.track(event("e-1", "ada")).await;
    let mut stream = app.api.watch(&[]).await;
    stream.until("ready").await;
    app.api.put("/identities/ada/label", &json!({"kind": "BOT"})).await.expect(200);
    until_named(&mut stream, "identity", "ada").await;
    let rule = json!({"name": "all", "conditions": [{"type": "SCORE_GTE", "category": "ANY", "threshold": 0}]});
    let made = app.api.post("/escalation-rules", &rule).await.expect(201);
    stream.until_all(&["rule", "escalation"]).await;
    let opened = app.api.get("/escalations").await.expect(200)["content"][0]["id"].to_string();
    app.api.patch(&format!("/escalations/{opened}"), &json!({"status": "ACKNOWLEDGED"})).await.expect(200);
    until_named(&mut stream, "escalation", &opened).await;
    app.api.delete(&format!("/escalation-rules/{}", made["id"].as_str().unwrap())).await.expect(204);
    assert_eq!(stream.until("rule").await.data, json!({"ids": [], "many": true}), "what is gone is not named");
    app.api.put("/identities/ada/label", &json!({"kind": "NONSENSE"})).await.error(400);
    app.api.put("/retention", &json!({"reviewsDays": 7})).await.expect(200);
    assert_eq!(stream.until("settings").await.name, "settings");
}

async fn nothing_of_another_team_is_told(app: &mut TestApp) {
    let other = app.add_team("b").await;
    let theirs = app.with(&other.keys.secret_key);
    let mut stream = theirs.watch(&[]).await;
    app.track(event("e-1", "ada")).await;
    app.api.put("/identities/ada/label", &json!({"kind": "BOT"})).await.expect(200);
    theirs.track(event("e-1", "own")).await;
    assert_eq!(stream.until("identity").await.data, json!({"ids": ["own"], "many": false}));
}

async fn who_comes_back_is_told_to_read_everything_anew(app: &mut TestApp) {
    let mut stream = app.api.watch(&[("last-event-id", "7")]).await;
    assert_eq!(stream.next().await.unwrap().name, "refresh");
}

async fn a_stream_ends_with_the_session_or_the_key(app: &mut TestApp) {
    let admin = log_in(app, &app.team.keys.email, &app.team.keys.password).await;
    let (user, viewer) = (person(app, &app.team, Role::User).await, person(app, &app.team, Role::Viewer).await);
    let made = admin.post("/credentials", &json!({"name": "another"})).await.expect(201);
    let (of_user, of_viewer) = (user.watch(&[]).await, viewer.watch(&[]).await);
    let of_key = app.with(made["secretKey"].as_str().unwrap()).watch(&[]).await;
    let mut of_admin = admin.watch(&[]).await;

    user.post("/auth/logout", &json!({})).await.expect(204);
    of_user.end().await;
    let members = admin.get("/team/members").await.expect(200);
    let is_viewer = |held: &&Value| held["role"] == "VIEWER";
    let id = members.as_array().unwrap().iter().find(is_viewer).unwrap()["id"].as_str().unwrap().to_owned();
    admin.delete(&format!("/team/members/{id}")).await.expect(204);
    of_viewer.end().await;
    admin.delete(&format!("/credentials/{}", made["id"].as_str().unwrap())).await.expect(204);
    of_key.end().await;

    app.api.track(event("e-1", "ada")).await;
    until_named(&mut of_admin, "identity", "ada").await;
    viewer.get("/live").await.error(401);
}

async fn a_server_that_stops_ends_its_streams(app: &mut TestApp) {
    let mut stream = app.api.watch(&[]).await;
    stream.until("ready").await;
    app.stop().await;
    stream.end().await;
    app.restart(RunOptions::default()).await;
}

async fn a_team_has_so_many_streams_and_no_more(app: &mut TestApp) {
    let mut held = Vec::new();
    for _ in 0..WATCHERS_OF_TEAM_MAX {
        held.push(app.api.watch(&[]).await);
    }
    let refused = app.api.get("/live").await;
    assert!(refused.error(429).contains("too many live streams"), "{}", refused.text);
    assert_eq!(refused.header("retry-after"), Some("30"));
    let other = app.add_team("b").await;
    app.with(&other.keys.secret_key).get("/live").await.expect(200);
    drop(held);
    eventually("there is room again", async || app.api.get("/live").await.status == 200).await;
}

#[tokio::test]
async fn a_node_is_told_what_changed_on_another() {
    let Some(database) = Database::postgres().await else { return };
    let app = TestApp::start(database).await;
    let store = Store::open(&app.database.url).await.unwrap();
    let options = RunOptions { node: 1, ..RunOptions::default() };
    let node = Sidecar::start(store, Clock::system(), options, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let mut stream = Api::new(&node.base_url(), Some(&app.team.keys.secret_key)).watch(&[]).await;
    eventually("the first node knows", async || app.app().bells.live.is_watched(&app.team.id)).await;

    app.api.track(event("e-1", "ada")).await;
    until_named(&mut stream, "event", "e-1").await;
    app.api.put("/identities/ada/label", &json!({"kind": "BOT"})).await.expect(200);
    until_named(&mut stream, "identity", "ada").await;
    node.stop().await;
    stream.end().await;
    app.finish().await;
}
