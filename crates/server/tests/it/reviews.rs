//! `/api/identities/{id}/reviews`: an analysis in a few sentences.

use crate::app::{TestApp, eventually};
use crate::rules::user;
use serde_json::json;

on_both!(a_review_is_written_from_the_evidence, wrong_requests_are_refused);

async fn a_review_is_written_from_the_evidence(app: &mut TestApp) {
    user(app, "ada@example.com").await;
    let client = app.client();
    let asked = client.identities().review("ada@example.com", Some("a real customer")).await.unwrap();
    assert_eq!((asked.status.as_deref(), asked.feedback.as_deref()), (Some("PENDING"), Some("a real customer")));
    let reviews = async || client.identities().reviews("ada@example.com").await.unwrap();
    eventually("it is written", async || reviews().await[0].status.as_deref() == Some("FINISHED")).await;
    let review = reviews().await.remove(0);
    assert_eq!((review.id, review.identity_id.as_deref()), (asked.id, Some("ada@example.com")));
    assert!(review.summary.unwrap().contains("authenticity"), "{}", review.raw);
    assert!(review.completed_at.is_some() && review.error_message.is_none());
}

async fn wrong_requests_are_refused(app: &mut TestApp) {
    app.api.get("/identities/nobody/reviews").await.error(404);
    app.api.post("/identities/nobody/actions/review", &json!({})).await.error(404);
    user(app, "a").await;
    app.api.post("/identities/a/actions/review", &json!({"feedback": "x".repeat(2001)})).await.error(400);
    app.api.post("/identities/a/actions/review", &json!({"feedback": 7})).await.error(400);
}
