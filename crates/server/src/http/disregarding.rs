//! Leaving an identity out of the analysis, with all that is told of it.

use crate::app::App;
use crate::http::error::ApiResult;
use crate::jobs::acting::{
    ESCALATION_CLOSED, IDENTITY_BADGES_CHANGED, delivery, identity_json, subscribed, told_by, with_escalation,
};
use dregs_engine::rules::{EscalationRule, Status};
use dregs_store::{Channel, DeliveryWrite, Escalation, Identity, TeamId, Undone};
use serde_json::{Map, Value, json};

/// Takes an identity out of scoring and of everyone's evidence, or back in. Its badges go and its escalations close; who
/// hears of such things is told in the same transaction. Returns whether there is such an identity.
pub async fn set_disregarded(app: &App, team: &TeamId, id: &str, disregarded: bool) -> ApiResult<bool> {
    let Some(identity) = app.store.identity(team, id).await? else { return Ok(false) };
    let now_ms = app.clock.now_ms();
    let farewell = Farewell {
        app,
        identity: &identity,
        rules: app.store.rule_book(team).await?.escalations,
        channels: app.store.channels(team).await?,
        now_ms,
    };
    let exists =
        app.store.set_identity_disregarded(team, id, disregarded, now_ms, |undone| farewell.told(undone)).await?;
    app.act_anew();
    Ok(exists)
}

struct Farewell<'a> {
    app: &'a App,
    identity: &'a Identity,
    rules: Vec<EscalationRule>,
    channels: Vec<Channel>,
    now_ms: i64,
}

impl Farewell<'_> {
    fn told(&self, undone: &Undone) -> Vec<DeliveryWrite> {
        let mut told: Vec<DeliveryWrite> = undone.escalations.iter().flat_map(|closed| self.of_close(closed)).collect();
        if !undone.badges.is_empty() {
            let mut data = self.data();
            data.insert("added".into(), json!([]));
            data.insert("removed".into(), json!(undone.badges));
            let targets = subscribed(&self.channels, IDENTITY_BADGES_CHANGED);
            told.extend(targets.map(|channel_id| self.delivery(channel_id, IDENTITY_BADGES_CHANGED, &data)));
        }
        told
    }

    fn of_close(&self, closed: &Escalation) -> Vec<DeliveryWrite> {
        let Some(rule) = self.rules.iter().find(|rule| rule.id == closed.rule_id && !closed.shadow) else {
            return Vec::new();
        };
        let data = with_escalation(self.data(), (closed.id, Status::Closed), rule, closed.opened_ms, Some(self.now_ms));
        told_by(rule, &self.channels).map(|channel_id| self.delivery(channel_id, ESCALATION_CLOSED, &data)).collect()
    }

    /// What it is then: without badges.
    fn data(&self) -> Map<String, Value> {
        let Identity { id, display_name, scores, .. } = self.identity;
        identity_json(id, display_name.as_deref(), *scores, Vec::new(), &self.app.options.notify)
    }

    fn delivery(&self, channel_id: &str, event: &str, data: &Map<String, Value>) -> DeliveryWrite {
        delivery(&self.app.ids, channel_id, &self.identity.id, event, data, self.now_ms)
    }
}
