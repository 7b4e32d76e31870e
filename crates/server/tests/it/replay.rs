//! A verdict can be recomputed exactly from what was recorded with it.

use crate::app::{Database, TestApp};
use dregs_engine::score::assess;
use dregs_simulate::{Config, generate};
use serde_json::Value;

/// Bodies in one request.
const BATCH: usize = 250;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_verdicts_on_simulated_traffic_replay_identically() {
    let app = TestApp::start(Database::sqlite()).await;
    let world = generate(&Config { identities: 300, days: 10, ..Config::default() });
    for batch in world.events.chunks(BATCH) {
        app.api.track(Value::from_iter(batch.iter().map(|event| event.body.clone()))).await;
    }
    app.settle().await;
    while app.store.cycle_ids(1000).await.unwrap().len() < 1000 {
        let ids: Vec<&str> = world.identities.iter().map(|label| label.identity.as_str()).collect();
        app.store.request_assessment(&app.team.id, &ids, app.app().clock.now_ms()).await.unwrap();
        app.app().bells.process.notify_one();
        app.settle().await;
    }
    let latest = app.store.cycle_ids(1000).await.unwrap();
    assert_eq!(latest.len(), 1000);
    for (team, identity, id) in latest {
        let cycle = app.store.cycle(&team, &identity, Some(id)).await.unwrap().unwrap();
        let evidence = cycle.evidence.expect("the evidence of late cycles is kept");
        assert_eq!(assess(&evidence.snapshot), evidence.assessment, "cycle {id} of {identity}");
        let scores = dregs_engine::score::Category::ALL.map(|category| evidence.assessment.value(category));
        assert_eq!(scores, cycle.scores, "what is shown is what was concluded");
    }
    app.finish().await;
}
