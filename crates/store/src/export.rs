//! Everything that is held of one person, row by row.
//!
//! Each list of the export is a statement of its own, read in pages, so that somebody with a hundred thousand events costs
//! no more memory than others. What is not listed, `inventory.rs` says why.

use crate::TeamId;
use crate::analysis::unpacked;
use crate::db::{Arg, Row, args};
use crate::error::Result;
use crate::mentions::json_text;
use crate::open::Store;
use dregs_engine::event::{Event, format_time_ms};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Rows of a list read at once.
const PAGE: i64 = 500;

/// What a column holds.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Int,
    Real,
    Flag,
    Time,
    Json,
    /// Compressed evidence.
    Packed,
}

/// What the next page begins after.
#[derive(Debug, Clone, PartialEq)]
pub enum ExportCursor {
    Ints(i64, i64),
    Texts(String, String),
}

impl ExportCursor {
    fn args(&self) -> [Arg; 2] {
        match self {
            ExportCursor::Ints(first, second) => [Arg::Int(*first), Arg::Int(*second)],
            ExportCursor::Texts(first, second) => [Arg::Text(first.clone()), Arg::Text(second.clone())],
        }
    }
}

/// The order of a list, and what is less than all of it.
#[derive(Debug, Clone, Copy)]
enum By {
    /// One row at most.
    Single,
    Ints,
    Texts,
}

/// One list of the export.
pub struct ExportSection {
    pub name: &'static str,
    by: By,
    /// Takes team, identity, how many, and, if it has pages, the two values they are ordered by (`first`, `second`).
    sql: &'static str,
    fields: &'static [(&'static str, &'static str, Kind)],
}

use Kind::{Flag, Int, Json, Packed, Real, Text, Time};

/// All lists in the order of the document. (field, column, kind)
pub const EXPORT_SECTIONS: &[ExportSection] = &[
    ExportSection {
        name: "identities",
        by: By::Single,
        sql: "select id, display_name, display_email, display_username, humanity, authenticity, uniqueness, behavior, created_ms,
                updated_ms, last_tracked_ms, last_scored_ms, due_ms, disregarded, cycles
              from identities where team_id = $1 and id = $2 limit $3",
        fields: &[
            ("id", "id", Text),
            ("displayName", "display_name", Text),
            ("displayEmail", "display_email", Text),
            ("displayUsername", "display_username", Text),
            ("humanityScore", "humanity", Int),
            ("authenticityScore", "authenticity", Int),
            ("uniquenessScore", "uniqueness", Int),
            ("behaviorScore", "behavior", Int),
            ("createdAt", "created_ms", Time),
            ("updatedAt", "updated_ms", Time),
            ("lastTrackedAt", "last_tracked_ms", Time),
            ("lastScoredAt", "last_scored_ms", Time),
            ("nextScoringAt", "due_ms", Time),
            ("disregarded", "disregarded", Flag),
            ("analyses", "cycles", Int),
        ],
    },
    ExportSection {
        name: "profiles",
        by: By::Single,
        sql: "select body from profiles where team_id = $1 and identity_id = $2 limit $3",
        fields: &[("profile", "body", Json)],
    },
    ExportSection {
        name: "traces",
        by: By::Single,
        sql: "select body from traces where team_id = $1 and identity_id = $2 limit $3",
        fields: &[("trace", "body", Json)],
    },
    ExportSection {
        name: "keys",
        by: By::Texts,
        sql: "select kind, key, first_ms, last_ms, count, kind as first, key as second from identity_keys
              where team_id = $1 and identity_id = $2 and (kind, key) > ($4, $5) order by kind, key limit $3",
        fields: &[
            ("kind", "kind", Text),
            ("key", "key", Text),
            ("firstSeenAt", "first_ms", Time),
            ("lastSeenAt", "last_ms", Time),
            ("count", "count", Int),
        ],
    },
    ExportSection {
        name: "badges",
        by: By::Texts,
        sql: "select slug, name, type, explanation, metadata, since_ms, is_on, slug as first, slug as second from badges
              where team_id = $1 and identity_id = $2 and (slug, slug) > ($4, $5) order by slug limit $3",
        fields: &[
            ("slug", "slug", Text),
            ("name", "name", Text),
            ("type", "type", Text),
            ("explanation", "explanation", Text),
            ("metadata", "metadata", Json),
            ("since", "since_ms", Time),
            ("shown", "is_on", Flag),
        ],
    },
    ExportSection {
        name: "groups",
        by: By::Texts,
        sql: "select m.type, m.group_id, g.display_name, m.type as first, m.group_id as second from group_members m
              left join groups g on g.team_id = m.team_id and g.type = m.type and g.id = m.group_id
              where m.team_id = $1 and m.identity_id = $2 and (m.type, m.group_id) > ($4, $5) order by m.type, m.group_id limit $3",
        fields: &[("type", "type", Text), ("id", "group_id", Text), ("displayName", "display_name", Text)],
    },
    ExportSection {
        name: "sessions",
        by: By::Texts,
        sql: "select id, fingerprint, first_ms, last_ms, id as first, id as second from sessions
              where team_id = $1 and identity_id = $2 and identity_id is not null and (id, id) > ($4, $5) order by id limit $3",
        fields: &[
            ("id", "id", Text),
            ("fingerprint", "fingerprint", Text),
            ("firstSeenAt", "first_ms", Time),
            ("lastSeenAt", "last_ms", Time),
        ],
    },
    ExportSection {
        name: "devices",
        by: By::Texts,
        sql: "select d.fingerprint, d.ip, d.user_agent, d.timezone, d.country_code, d.asn, d.asn_label, d.city, d.region, d.latitude,
                d.longitude, d.signals, d.disregarded, d.first_ms, d.last_ms, d.fingerprint as first, d.fingerprint as second
              from devices d where d.team_id = $1 and (d.fingerprint, d.fingerprint) > ($4, $5) and d.fingerprint in (
                select h.key from identity_keys h where h.team_id = $1 and h.identity_id = $2 and h.kind = 'device'
                union select s.fingerprint from sessions s
                  where s.team_id = $1 and s.identity_id = $2 and s.identity_id is not null and s.fingerprint is not null)
              order by d.fingerprint limit $3",
        fields: &[
            ("fingerprint", "fingerprint", Text),
            ("ip", "ip", Text),
            ("userAgent", "user_agent", Text),
            ("timezone", "timezone", Text),
            ("countryCode", "country_code", Text),
            ("asn", "asn", Text),
            ("asnLabel", "asn_label", Text),
            ("city", "city", Text),
            ("region", "region", Text),
            ("latitude", "latitude", Real),
            ("longitude", "longitude", Real),
            ("signals", "signals", Json),
            ("disregarded", "disregarded", Flag),
            ("firstSeenAt", "first_ms", Time),
            ("lastSeenAt", "last_ms", Time),
        ],
    },
    ExportSection {
        name: "links",
        by: By::Texts,
        sql: "select l.* from (
                select b_id as first, type as second, value, confidence, probability, explanation, metadata, created_ms from links
                where team_id = $1 and a_id = $2
                union all
                select a_id as first, type as second, value, confidence, probability, explanation, metadata, created_ms from links
                where team_id = $1 and b_id = $2
              ) l where (l.first, l.second) > ($4, $5) order by l.first, l.second limit $3",
        fields: &[
            ("identityId", "first", Text),
            ("type", "second", Text),
            ("value", "value", Real),
            ("confidence", "confidence", Real),
            ("probability", "probability", Real),
            ("explanation", "explanation", Text),
            ("metadata", "metadata", Json),
            ("createdAt", "created_ms", Time),
        ],
    },
    ExportSection {
        name: "decisions",
        by: By::Texts,
        sql: "select d.* from (
                select b_id as first, verdict as second, note, decided_by, decided_ms, evidence from link_decisions
                where team_id = $1 and a_id = $2
                union all
                select a_id as first, verdict as second, note, decided_by, decided_ms, evidence from link_decisions
                where team_id = $1 and b_id = $2
              ) d where (d.first, d.second) > ($4, $5) order by d.first, d.second limit $3",
        fields: &[
            ("identityId", "first", Text),
            ("verdict", "second", Text),
            ("note", "note", Text),
            ("decidedBy", "decided_by", Text),
            ("decidedAt", "decided_ms", Time),
            ("evidence", "evidence", Json),
        ],
    },
    ExportSection {
        name: "mainAccounts",
        by: By::Single,
        sql: "select decided_by, decided_ms from main_accounts where team_id = $1 and identity_id = $2 limit $3",
        fields: &[("decidedBy", "decided_by", Text), ("decidedAt", "decided_ms", Time)],
    },
    ExportSection {
        name: "rings",
        by: By::Single,
        sql: "select m.ring_id, m.joined_ms, r.size, r.risk from ring_members m
              join rings r on r.team_id = m.team_id and r.id = m.ring_id where m.team_id = $1 and m.identity_id = $2 limit $3",
        fields: &[("id", "ring_id", Text), ("joinedAt", "joined_ms", Time), ("size", "size", Int), ("risk", "risk", Int)],
    },
    ExportSection {
        name: "analyses",
        by: By::Ints,
        sql: "select id, humanity, authenticity, uniqueness, behavior, event_count, device_count, started_ms, finished_ms, engine_version,
                pack, id as first, id as second
              from cycles where team_id = $1 and identity_id = $2 and id > $4 and $5 <= id order by id limit $3",
        fields: &[
            ("id", "id", Int),
            ("humanityScore", "humanity", Int),
            ("authenticityScore", "authenticity", Int),
            ("uniquenessScore", "uniqueness", Int),
            ("behaviorScore", "behavior", Int),
            ("eventCount", "event_count", Int),
            ("deviceCount", "device_count", Int),
            ("startedAt", "started_ms", Time),
            ("finishedAt", "finished_ms", Time),
            ("engineVersion", "engine_version", Int),
            ("dataVersion", "pack", Text),
        ],
    },
    ExportSection {
        name: "evidence",
        by: By::Single,
        sql: "select e.id, e.body from cycles c
              join cycle_evidence e on e.id = c.id and e.team_id = c.team_id and e.identity_id = c.identity_id
              where c.team_id = $1 and c.identity_id = $2 and $3 > 0 order by c.id desc limit 1",
        fields: &[("analysisId", "id", Int), ("evidence", "body", Packed)],
    },
    ExportSection {
        name: "escalations",
        by: By::Ints,
        sql: "select id, rule_id, rule_name, severity, status, shadow, scores, cycle_id, created_ms, opened_ms, acknowledged_ms,
                acknowledged_by, closed_ms, closed_by, assigned_to, created_ms as first, id as second
              from escalations where team_id = $1 and identity_id = $2 and (created_ms, id) > ($4, $5) order by created_ms, id limit $3",
        fields: &[
            ("id", "id", Int),
            ("ruleId", "rule_id", Text),
            ("ruleName", "rule_name", Text),
            ("severity", "severity", Int),
            ("status", "status", Text),
            ("silent", "shadow", Flag),
            ("scores", "scores", Json),
            ("analysisId", "cycle_id", Int),
            ("createdAt", "created_ms", Time),
            ("openedAt", "opened_ms", Time),
            ("acknowledgedAt", "acknowledged_ms", Time),
            ("acknowledgedBy", "acknowledged_by", Text),
            ("closedAt", "closed_ms", Time),
            ("closedBy", "closed_by", Text),
            ("assignedTo", "assigned_to", Text),
        ],
    },
    ExportSection {
        name: "escalationNotes",
        by: By::Ints,
        sql: "select n.id, n.escalation_id, n.author, n.body, n.created_ms, n.escalation_id as first, n.id as second
              from escalations e join escalation_notes n on n.team_id = e.team_id and n.escalation_id = e.id
              where e.team_id = $1 and e.identity_id = $2 and (n.escalation_id, n.id) > ($4, $5)
              order by n.escalation_id, n.id limit $3",
        fields: &[
            ("id", "id", Int),
            ("escalationId", "escalation_id", Int),
            ("author", "author", Text),
            ("body", "body", Text),
            ("createdAt", "created_ms", Time),
        ],
    },
    ExportSection {
        name: "reviews",
        by: By::Ints,
        sql: "select id, status, feedback, summary, error, requested_by, created_ms, completed_ms, model, prompt, answer, id as first,
                id as second
              from reviews where team_id = $1 and identity_id = $2 and id > $4 and $5 <= id order by id limit $3",
        fields: &[
            ("id", "id", Int),
            ("status", "status", Text),
            ("userFeedback", "feedback", Text),
            ("summary", "summary", Text),
            ("errorMessage", "error", Text),
            ("requestedBy", "requested_by", Text),
            ("createdAt", "created_ms", Time),
            ("completedAt", "completed_ms", Time),
            ("model", "model", Text),
            ("prompt", "prompt", Text),
            ("answer", "answer", Text),
        ],
    },
    ExportSection {
        name: "labels",
        by: By::Ints,
        sql: "select id, kind, note, labelled_by, created_ms, escalation_id, cycle_id, humanity, authenticity, uniqueness, behavior,
                is_current, ended_ms, ended_by, id as first, id as second
              from labels where team_id = $1 and identity_id = $2 and id > $4 and $5 <= id order by id limit $3",
        fields: &[
            ("id", "id", Int),
            ("kind", "kind", Text),
            ("note", "note", Text),
            ("labelledBy", "labelled_by", Text),
            ("createdAt", "created_ms", Time),
            ("escalationId", "escalation_id", Int),
            ("analysisId", "cycle_id", Int),
            ("humanityScore", "humanity", Int),
            ("authenticityScore", "authenticity", Int),
            ("uniquenessScore", "uniqueness", Int),
            ("behaviorScore", "behavior", Int),
            ("current", "is_current", Flag),
            ("endedAt", "ended_ms", Time),
            ("endedBy", "ended_by", Text),
        ],
    },
    ExportSection {
        name: "badgeFirings",
        by: By::Texts,
        sql: "select rule_id, fired_ms, rule_id as first, rule_id as second from badge_firings
              where team_id = $1 and identity_id = $2 and (rule_id, rule_id) > ($4, $5) order by rule_id limit $3",
        fields: &[("ruleId", "rule_id", Text), ("firedAt", "fired_ms", Time)],
    },
    ExportSection {
        name: "auditLog",
        by: By::Ints,
        sql: "select created_ms, action, actor_kind, actor, path, status, created_ms as first, id as second from audit_log
              where team_id = $1 and subject = $2 and subject is not null and (created_ms, id) > ($4, $5) order by created_ms, id limit $3",
        fields: &[
            ("createdAt", "created_ms", Time),
            ("action", "action", Text),
            ("actorKind", "actor_kind", Text),
            ("actor", "actor", Text),
            ("path", "path", Text),
            ("status", "status", Int),
        ],
    },
    ExportSection {
        name: "deliveries",
        by: By::Ints,
        sql: "select id, channel_id, event, data, status, attempts, http_status, error, created_ms, finished_ms, id as first, id as second
              from deliveries where team_id = $1 and identity_id = $2 and id > $4 and $5 <= id order by id limit $3",
        fields: &[
            ("id", "id", Int),
            ("channelId", "channel_id", Text),
            ("event", "event", Text),
            ("data", "data", Json),
            ("status", "status", Text),
            ("attempts", "attempts", Int),
            ("httpStatus", "http_status", Int),
            ("error", "error", Text),
            ("createdAt", "created_ms", Time),
            ("finishedAt", "finished_ms", Time),
        ],
    },
    ExportSection {
        name: "events",
        by: By::Ints,
        sql: "select id, timestamp_ms, received_ms, name, source, fingerprint, session, ip, url, referrer, user_agent, groups, data,
                timestamp_ms as first, seq as second
              from events where team_id = $1 and identity_id = $2 and (timestamp_ms, seq) > ($4, $5) order by timestamp_ms, seq limit $3",
        fields: &[
            ("id", "id", Text),
            ("timestamp", "timestamp_ms", Time),
            ("receivedAt", "received_ms", Time),
            ("eventName", "name", Text),
            ("eventSource", "source", Text),
            ("fingerprint", "fingerprint", Text),
            ("session", "session", Text),
            ("ip", "ip", Text),
            ("url", "url", Text),
            ("referrer", "referrer", Text),
            ("userAgent", "user_agent", Text),
            ("groups", "groups", Json),
            ("eventData", "data", Json),
        ],
    },
];

impl Store {
    /// One page of a list, and where the next begins, if there may be one.
    pub async fn export_page(
        &self,
        team: &TeamId,
        id: &str,
        section: &ExportSection,
        after: Option<&ExportCursor>,
    ) -> Result<(Vec<Value>, Option<ExportCursor>)> {
        let mut values = args![team, id, PAGE];
        match (section.by, after) {
            (By::Single, _) => {}
            (_, Some(after)) => values.extend(after.args()),
            (By::Ints, None) => values.extend(args![i64::MIN, i64::MIN]),
            (By::Texts, None) => values.extend(args!["", ""]),
        }
        let rows = self.db.rows(section.sql, values).await?;
        let next = match rows.last().filter(|_| rows.len() as i64 == PAGE) {
            None => None,
            Some(last) => cursor(section.by, last)?,
        };
        Ok((rows.iter().map(|row| object(row, section.fields)).collect::<Result<_>>()?, next))
    }
}

impl Store {
    /// Whose events were set aside.
    pub async fn parked_identities(&self, team: &TeamId) -> Result<BTreeSet<String>> {
        let mut ids = BTreeSet::new();
        let mut page = self.parked_after(team, "").await?;
        while let Some(last) = page.last() {
            let after = last.text("id")?;
            for row in &page {
                let event = serde_json::from_str::<Event>(&row.text("event")?);
                ids.extend(event.ok().and_then(|event| event.identity).map(|identity| identity.id));
            }
            page = self.parked_after(team, &after).await?;
        }
        Ok(ids)
    }

    /// Events of an identity that were set aside, by their ids. One that does not read back is theirs if it names them.
    pub async fn parked_events_of(&self, team: &TeamId, id: &str) -> Result<Vec<Value>> {
        let (mut own, quoted) = (Vec::new(), json_text(id));
        let mut page = self.parked_after(team, "").await?;
        while let Some(last) = page.last() {
            let after = last.text("id")?;
            for row in &page {
                let text = row.text("event")?;
                let event = match serde_json::from_str::<Event>(&text) {
                    Ok(event) if event.identity.as_ref().is_some_and(|identity| identity.id == id) => json!(event),
                    Err(_) if text.contains(&quoted) => json!(text),
                    _ => continue,
                };
                let parked_at = format_time_ms(row.int("parked_ms")?);
                own.push(json!({"event": event, "error": row.text("error")?, "parkedAt": parked_at}));
            }
            page = self.parked_after(team, &after).await?;
        }
        Ok(own)
    }

    async fn parked_after(&self, team: &TeamId, after: &str) -> Result<Vec<Row>> {
        self.db
            .rows(
                "select id, event, error, parked_ms from parked_events where team_id = $1 and id > $2 order by id limit $3",
                args![team, after, PAGE],
            )
            .await
    }
}

fn cursor(by: By, row: &Row) -> Result<Option<ExportCursor>> {
    Ok(match by {
        By::Single => None,
        By::Ints => Some(ExportCursor::Ints(row.int("first")?, row.int("second")?)),
        By::Texts => Some(ExportCursor::Texts(row.text("first")?, row.text("second")?)),
    })
}

fn object(row: &Row, fields: &[(&str, &str, Kind)]) -> Result<Value> {
    let mut object = Map::new();
    for (field, column, kind) in fields {
        object.insert((*field).to_owned(), value(row, column, *kind)?);
    }
    Ok(Value::Object(object))
}

fn value(row: &Row, column: &str, kind: Kind) -> Result<Value> {
    Ok(match kind {
        Kind::Text => row.opt_text(column)?.into(),
        Kind::Int => row.opt_int(column)?.into(),
        Kind::Real => row.opt_real(column)?.into(),
        Kind::Flag => row.flag(column)?.into(),
        Kind::Time => row.opt_int(column)?.map(format_time_ms).into(),
        Kind::Json => row.opt_text(column)?.map_or(Ok(Value::Null), |text| serde_json::from_str(&text))?,
        Kind::Packed => serde_json::from_str(&unpacked(&row.blob(column)?)?)?,
    })
}
