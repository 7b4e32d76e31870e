//! Who is told that a channel was switched off: the team's other channels that people read, webhooks that ask for it, and the
//! administrators by mail.
//!
//! Mail to administrators goes through the outbox like everything else, to a channel that no table has.

use crate::channels::email::RECIPIENTS_MAX;
use crate::config::NotifyOptions;
use crate::ids::Ids;
use crate::jobs::acting::delivery;
use dregs_engine::event::format_time_ms;
use dregs_store::{Channel, ChannelConfig, DeliveryWrite, Result, Store, TeamId};
use serde_json::{Map, Value, json};

pub const CHANNEL_DISABLED: &str = "CHANNEL_DISABLED";
/// How the id of a team's administrators begins where a channel's id is asked for. Those of channels are numbers.
const ADMINS: &str = "admins:";

fn admins_id(team: &TeamId) -> String {
    format!("{ADMINS}{}", team.as_str())
}

/// Whether this is the mail to administrators, which is no channel of the team's.
pub fn is_for_admins(channel_id: &str) -> bool {
    channel_id.starts_with(ADMINS)
}

/// Where deliveries under this id go.
pub async fn channel_of(store: &Store, team: &TeamId, channel_id: &str) -> Result<Option<Channel>> {
    if !is_for_admins(channel_id) {
        return store.channel_by_id(team, channel_id).await;
    }
    let to = store.admin_emails(team, RECIPIENTS_MAX as i64).await?;
    let enabled = !to.is_empty();
    Ok(Some(Channel {
        id: channel_id.to_owned(),
        slug: String::new(),
        name: "Administrators".into(),
        config: ChannelConfig::Email { to },
        secrets: Vec::new(),
        events: Vec::new(),
        enabled,
        disabled_reason: None,
        failing_since_ms: None,
        max_per_minute: None,
        digest_minutes: 0,
        resting_until_ms: None,
        created_ms: 0,
        updated_ms: 0,
    }))
}

/// What to tell, and whom, when a channel is switched off.
pub async fn of_switching_off(
    store: &Store,
    team: &TeamId,
    off: &Channel,
    reason: &str,
    (ids, options, now_ms): (&Ids, &NotifyOptions, i64),
) -> Result<Vec<DeliveryWrite>> {
    let data = data(off, reason, options, now_ms);
    let others = store.channels(team).await?;
    let mut told: Vec<String> =
        others.into_iter().filter(|other| other.id != off.id && hears(other)).map(|other| other.id).collect();
    if options.smtp_url.is_some() {
        told.push(admins_id(team));
    }
    let told = told.iter().map(|id| delivery(ids, id, "", CHANNEL_DISABLED, &data, now_ms));
    Ok(told.collect())
}

fn hears(channel: &Channel) -> bool {
    let people = !matches!(channel.config, ChannelConfig::Webhook { .. });
    channel.enabled && (people || channel.events.iter().any(|event| event == CHANNEL_DISABLED))
}

fn data(off: &Channel, reason: &str, options: &NotifyOptions, now_ms: i64) -> Map<String, Value> {
    Map::from_iter([
        ("channel".to_owned(), json!({"slug": off.slug, "name": off.name, "type": off.config.code()})),
        ("reason".to_owned(), json!(reason)),
        ("disabledAt".to_owned(), json!(format_time_ms(now_ms))),
        ("dashboardUrl".to_owned(), json!(options.page_url("settings/channels"))),
    ])
}
