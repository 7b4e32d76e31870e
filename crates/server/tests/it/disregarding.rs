//! The story of the manual, step by step, through the official client: an identity is disregarded, and regarded again.

use crate::app::{TestApp, seen};
use dregs::{Client, IdentityUpdate, ListIdentities};

on_both!(disregarding_takes_an_identity_and_its_devices_out_of_everyones_analysis_until_it_is_undone);

const PEOPLE: [&str; 3] = ["tester", "bob", "carol"];

/// Who an identity is linked to by a device.
async fn on_one_device(client: &Client, id: &str) -> Vec<String> {
    let links = client.identities().links(id).await.unwrap();
    let by_device = links.into_iter().filter(|link| link.link_type.as_deref() == Some("SAME_DEVICE"));
    let mut ids: Vec<String> = by_device.filter_map(|link| link.identity_id).collect();
    ids.sort();
    ids
}

async fn uniqueness(client: &Client, id: &str) -> i64 {
    client.identities().scores(id).await.unwrap().uniqueness().expect("it is scored")
}

async fn cycles(client: &Client, id: &str) -> usize {
    client.identities().history(id, None).await.unwrap().len()
}

async fn disregarding_takes_an_identity_and_its_devices_out_of_everyones_analysis_until_it_is_undone(
    app: &mut TestApp,
) {
    let client = app.client();

    // A tester has used the laptop that two customers use; each was elsewhere else.
    for (n, id) in PEOPLE.iter().enumerate() {
        for visit in 0..3 {
            app.track(seen("login", Some(id), "laptop", &format!("s-{id}-{visit}"), &format!("198.51.{n}.7"))).await;
        }
    }
    for id in PEOPLE {
        client.identities().analyze(id).await.unwrap();
    }
    app.settle().await;
    assert_eq!(on_one_device(&client, "bob").await, ["carol", "tester"]);
    let mut before = Vec::new();
    for id in PEOPLE {
        before.push(uniqueness(&client, id).await);
    }
    assert!(before.iter().all(|score| *score < 60), "three accounts on one laptop: {before:?}");

    // Disregarded: it says so, and is not scored.
    let counted = [cycles(&client, "tester").await, cycles(&client, "bob").await, cycles(&client, "carol").await];
    let tester = client.identities().update("tester", IdentityUpdate::new().disregarded(true)).await.unwrap();
    assert!(tester.disregarded);
    app.settle().await;
    client.identities().analyze("tester").await.unwrap();
    app.settle().await;
    assert_eq!(cycles(&client, "tester").await, counted[0], "scoring is skipped");

    // Whoever is affected was queued, and the tester's laptop is nobody's evidence.
    for (id, cycles_before) in [("bob", counted[1]), ("carol", counted[2])] {
        assert!(cycles(&client, id).await > cycles_before, "{id} is scored again");
        assert_eq!(on_one_device(&client, id).await, [""; 0], "{id}");
        let (low, high) =
            (before[PEOPLE.iter().position(|person| *person == id).unwrap()], uniqueness(&client, id).await);
        assert!(high > low, "{id}: {low} to {high}");
    }
    assert!(client.identities().links("tester").await.unwrap().is_empty());
    let listed = client.identities().list(ListIdentities::new().device("laptop")).await.unwrap();
    assert_eq!(listed.total_elements, 3, "it is left out of the analysis, not out of sight");

    // Undone: links and scores come back for everyone.
    let tester = client.identities().update("tester", IdentityUpdate::new().disregarded(false)).await.unwrap();
    assert!(!tester.disregarded);
    app.settle().await;
    assert_eq!(on_one_device(&client, "tester").await, ["bob", "carol"]);
    assert_eq!(on_one_device(&client, "bob").await, ["carol", "tester"]);
    for (id, score) in PEOPLE.iter().zip(before) {
        assert_eq!(uniqueness(&client, id).await, score, "{id}");
    }

    // Disregarded once more: what it does is recorded all the same.
    client.identities().update("tester", IdentityUpdate::new().disregarded(true)).await.unwrap();
    let scored = cycles(&client, "tester").await;
    app.track(seen("login", Some("tester"), "laptop", "s-later", "198.51.0.7")).await;
    assert_eq!(app.api.get("/events?identity=tester").await.expect(200)["totalElements"], 4);
    assert_eq!(cycles(&client, "tester").await, scored);
    assert_eq!(on_one_device(&client, "bob").await, [""; 0]);
}
