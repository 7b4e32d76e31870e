//! Recorded events: reading and listing.

use crate::TeamId;
use crate::db::{Batch, Row, args};
use crate::error::Result;
use crate::open::Store;
use crate::paging::{ListQuery, Page, Where, page};
use dregs_engine::event::{DeviceInput, Event, GroupInput, IdentityInput};
use std::collections::{BTreeMap, BTreeSet};

/// An event as it is read back: with the labels of what it points at.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Signals and attributes of identity and groups are not part of a recorded event.
    pub event: Event,
    pub identity_id: Option<String>,
    pub identity_label: Option<String>,
    /// Display names of the event's groups, where they have one, by (type, id).
    pub group_labels: BTreeMap<(String, String), String>,
}

#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub identity: Option<String>,
    pub group: Option<String>,
    pub group_type: Option<String>,
    pub device: Option<String>,
    pub session: Option<String>,
    pub term: Option<String>,
}

/// API fields that events can be sorted by, and their columns.
pub const EVENT_SORTS: &[(&str, &str)] = &[("timestamp", "e.timestamp_ms"), ("eventName", "e.name")];

const COLUMNS: &str = "e.seq, e.id, e.timestamp_ms, e.received_ms, e.name, e.source, e.identity_id, e.fingerprint, e.session, e.ip, e.url, e.referrer,
  e.user_agent, e.groups, e.data,
  (select coalesce(i.display_name, i.display_email, i.display_username) from identities i where i.team_id = e.team_id and i.id = e.identity_id) as identity_label";

/// An event as little as names it and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventMoment {
    pub id: String,
    pub timestamp_ms: i64,
    pub name: String,
}

/// Events that are read by their moments at once; a batch may have many of one name at one time.
const MOMENTS_MAX: i64 = 500;

impl Store {
    /// The events of an identity that are of these times and names, newest first.
    pub async fn events_at(
        &self,
        team: &TeamId,
        identity: &str,
        moments: &BTreeSet<(i64, &str)>,
    ) -> Result<Vec<EventMoment>> {
        if moments.is_empty() {
            return Ok(Vec::new());
        }
        let batch: Batch = moments.iter().collect();
        let rows = self
            .db
            .rows(
                "select e.id, e.timestamp_ms, e.name from json_each($3) j cross join events e
                 where e.team_id = $1 and e.identity_id = $2 and e.timestamp_ms = cast(j.value->>0 as bigint) and e.name = j.value->>1
                 order by e.timestamp_ms desc, e.seq desc limit $4",
                args![team, identity, batch, MOMENTS_MAX],
            )
            .await?;
        let read = |row: &Row| {
            Ok(EventMoment { id: row.text("id")?, timestamp_ms: row.int("timestamp_ms")?, name: row.text("name")? })
        };
        rows.iter().map(read).collect()
    }

    pub async fn event(&self, team: &TeamId, id: &str) -> Result<Option<StoredEvent>> {
        let sql = sqlx::AssertSqlSafe(format!("select {COLUMNS} from events e where e.team_id = $1 and e.id = $2"));
        let Some(row) = self.db.row(sql, args![team, id]).await? else { return Ok(None) };
        let mut events = vec![read_event(&row)?];
        self.label_groups(team, &mut events).await?;
        Ok(events.pop())
    }

    pub async fn events(&self, team: &TeamId, filter: &EventFilter, query: &ListQuery) -> Result<Page<StoredEvent>> {
        let mut condition = Where::new("e.team_id = $1", team);
        condition.and_some("e.identity_id = ?", filter.identity.as_deref());
        if let Some(device) = &filter.device {
            condition.and("e.fingerprint = ?", device);
            condition.and_plain("e.fingerprint is not null");
        }
        if let Some(session) = &filter.session {
            condition.and("e.session = ?", session);
            condition.and_plain("e.session is not null");
        }
        in_group(&mut condition, filter);
        if let Some(term) = &filter.term {
            condition.matches(&["e.name", "e.id", "e.identity_id", "e.url", "e.ip"], term);
        }
        let mut found = page(&self.db, COLUMNS, "events e", condition, query, "e.seq", read_event).await?;
        self.label_groups(team, &mut found.items).await?;
        Ok(found)
    }

    async fn label_groups(&self, team: &TeamId, events: &mut [StoredEvent]) -> Result<()> {
        let wanted: std::collections::BTreeSet<(String, String)> = events
            .iter()
            .flat_map(|held| held.event.groups.iter().map(|group| (group.kind.clone(), group.id.clone())))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let names = self.group_names(team, &wanted).await?;
        for held in events {
            let own = held.event.groups.iter().map(|group| (group.kind.clone(), group.id.clone()));
            held.group_labels = own.filter_map(|key| Some((key.clone(), names.get(&key)?.clone()))).collect();
        }
        Ok(())
    }
}

fn in_group(condition: &mut Where, filter: &EventFilter) {
    const MEMBERS: &str = "e.seq in (select g.seq from event_groups g where g.team_id = $1";
    match (&filter.group_type, &filter.group) {
        (Some(kind), Some(group)) => {
            condition.and_each(&format!("{MEMBERS} and g.type = ? and g.group_id = ?)"), args![kind, group]);
        }
        (Some(kind), None) => condition.and(&format!("{MEMBERS} and g.type = ?)"), kind),
        (None, Some(group)) => condition.and(&format!("{MEMBERS} and g.group_id = ?)"), group),
        (None, None) => {}
    }
}

pub(crate) fn read_event(row: &Row) -> Result<StoredEvent> {
    let identity_id = row.opt_text("identity_id")?;
    let groups: Vec<(String, String)> = serde_json::from_str(&row.text("groups")?)?;
    let device = row.opt_text("fingerprint")?.map(|fingerprint| DeviceInput { fingerprint, ..DeviceInput::default() });
    let event = Event {
        id: row.text("id")?,
        name: row.text("name")?,
        timestamp_ms: row.int("timestamp_ms")?,
        received_ms: row.int("received_ms")?,
        source: row.opt_text("source")?,
        identity: identity_id.clone().map(|id| IdentityInput { id, ..IdentityInput::default() }),
        groups: groups.into_iter().map(|(kind, id)| GroupInput { kind, id, ..GroupInput::default() }).collect(),
        device,
        session: row.opt_text("session")?,
        url: row.opt_text("url")?,
        referrer: row.opt_text("referrer")?,
        ip: row.opt_text("ip")?.and_then(|ip| ip.parse().ok()),
        user_agent: row.opt_text("user_agent")?,
        data: serde_json::from_str(&row.text("data")?)?,
        truncated: 0,
    };
    let identity_label = row.opt_text("identity_label").unwrap_or_default();
    Ok(StoredEvent { event, identity_id, identity_label, group_labels: BTreeMap::new() })
}
