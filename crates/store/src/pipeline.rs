//! What processing reads and writes: one load and one commit for a whole batch of identities.

use crate::db::{Batch, Tx, args};
use crate::error::{Result, StoreError};
use crate::identity_lists::NUMBER_BITS;
use crate::open::Store;
use crate::{
    CycleWrite, DeliveryWrite, DeviceWrite, EscalationWrites, Figures, GroupWrite, KeyWrite, LinkWrite, RingChanges,
    TeamId,
};
use dregs_engine::event::Event;
use dregs_engine::limits::PROFILE_EVENTS_MAX;
use dregs_engine::linkage::{Card, Face, KeyKind, LinkType, Trace};
use dregs_engine::profile::Profile;
use dregs_engine::rejection::Fate;
use dregs_engine::rules::badge::Badge;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a batch needs to know before it can be applied.
#[derive(Debug, Default)]
pub struct LoadRequest<'a> {
    pub identities: BTreeSet<&'a str>,
    pub events: BTreeSet<&'a str>,
    pub sessions: BTreeSet<&'a str>,
}

#[derive(Debug, Default)]
pub struct Loaded {
    pub profiles: BTreeMap<String, StoredProfile>,
    /// Ids of events that are recorded already.
    pub recorded: BTreeSet<String>,
    /// Known sessions and the identity each is bound to.
    pub sessions: BTreeMap<String, Option<String>>,
}

#[derive(Debug, Clone, Default)]
pub struct StoredProfile {
    pub profile: Profile,
    /// What it did, as it was last written.
    pub trace: Trace,
    /// Changes with every write; a commit on an outdated version is refused.
    pub version: i64,
    pub created_ms: i64,
    pub disregarded: bool,
    pub cycles: i64,
    /// Scores in the order of `Category::ALL`.
    pub scores: [Option<u8>; 4],
    pub last_scored_ms: Option<i64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TeamCounts {
    pub identities: u64,
    /// Of the team's rules and channels: another after every change of them.
    pub playbook_version: i64,
}

/// Everything a batch changed, written in one transaction.
#[derive(Debug, Default)]
pub struct Commit {
    pub events: Vec<EventWrite>,
    pub identities: Vec<IdentityWrite>,
    pub sessions: Vec<SessionWrite>,
    pub devices: Vec<DeviceWrite>,
    pub keys: Vec<KeyWrite>,
    /// (identity id, kind, key) of what is held no longer.
    pub keys_gone: Vec<(String, KeyKind, String)>,
    pub groups: Vec<GroupWrite>,
    /// (group type, group id, identity id)
    pub members: Vec<(String, String, String)>,
    pub cycles: Vec<CycleWrite>,
    pub links: Vec<LinkWrite>,
    /// (lower id, higher id, type)
    pub links_gone: Vec<(String, String, LinkType)>,
    /// What that means for rings.
    pub rings: RingChanges,
    /// Rings whose risk is another than the one that is kept.
    pub ring_risks: BTreeMap<String, u8>,
    /// Identities whose badges are replaced, with what they have and are about to get.
    pub badges: BTreeMap<String, Vec<Badge>>,
    pub badge_firings: Vec<crate::BadgeFiring>,
    /// The version of the rules it followed; others since refuse the commit.
    pub playbook_version: Option<i64>,
    pub escalations: EscalationWrites,
    /// Who is told what.
    pub deliveries: Vec<DeliveryWrite>,
    /// Identities to score again, and when.
    pub due: Vec<(String, i64)>,
    /// Sessions that identified themselves: their anonymous events become the identity's.
    pub bound: Vec<(String, String)>,
    pub fates: BTreeMap<(i64, Fate), u64>,
    /// What is counted besides; what identities themselves change in it is added by the commit.
    pub figures: Figures,
}

#[derive(Debug)]
pub struct EventWrite {
    pub seq: i64,
    pub identity_id: Option<String>,
    pub event: Event,
}

/// What is counted of an identity as it was read.
#[derive(Debug, Clone, Copy, Default)]
pub struct IdentityBefore {
    pub scores: [Option<u8>; 4],
    pub last_tracked_ms: Option<i64>,
    pub last_scored_ms: Option<i64>,
    pub disregarded: bool,
}

#[derive(Debug)]
pub struct IdentityWrite {
    pub id: String,
    /// None for one that comes into being.
    pub before: Option<IdentityBefore>,
    pub version: i64,
    pub display_name: Option<String>,
    pub display_email: Option<String>,
    pub display_username: Option<String>,
    pub scores: [Option<u8>; 4],
    pub created_ms: i64,
    pub updated_ms: i64,
    pub last_tracked_ms: Option<i64>,
    pub last_scored_ms: Option<i64>,
    pub due_ms: Option<i64>,
    pub cycles: i64,
    /// The profile as JSON.
    pub body: String,
    /// What it did, for those it is compared with.
    pub trace: String,
}

#[derive(Debug)]
pub struct SessionWrite {
    pub id: String,
    pub identity_id: Option<String>,
    pub fingerprint: Option<String>,
    pub at_ms: i64,
}

impl Store {
    /// Reads the profiles, sessions and recorded event ids that a batch touches.
    pub async fn load(&self, team: &TeamId, request: &LoadRequest<'_>) -> Result<Loaded> {
        let mut loaded = Loaded::default();
        if !request.identities.is_empty() {
            loaded.profiles = self.profiles(team, &request.identities).await?;
        }
        if !request.events.is_empty() {
            loaded.recorded = self.recorded(team, &request.events).await?.into_keys().collect();
        }
        if !request.sessions.is_empty() {
            loaded.sessions = self.sessions(team, &request.sessions).await?;
        }
        Ok(loaded)
    }

    async fn profiles(&self, team: &TeamId, ids: &BTreeSet<&str>) -> Result<BTreeMap<String, StoredProfile>> {
        let batch: Batch = ids.iter().map(|id| (id,)).collect();
        let rows = self
            .db
            .rows(
                "select i.id, i.version, i.created_ms, i.disregarded, i.cycles, i.humanity, i.authenticity, i.uniqueness,
                        i.behavior, i.last_scored_ms, p.body, t.body as trace
                 from json_each($2) j cross join identities i cross join profiles p
                 left join traces t on t.team_id = i.team_id and t.identity_id = i.id
                 where i.team_id = $1 and i.id = j.value->>0 and p.team_id = i.team_id and p.identity_id = i.id",
                args![team, batch],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let stored = StoredProfile {
                    profile: serde_json::from_str(&row.text("body")?)?,
                    trace: row.opt_text("trace")?.map(|text| Trace::of_json(&text)).unwrap_or_default(),
                    version: row.int("version")?,
                    created_ms: row.int("created_ms")?,
                    disregarded: row.flag("disregarded")?,
                    cycles: row.int("cycles")?,
                    scores: crate::identities::scores(row)?,
                    last_scored_ms: row.opt_int("last_scored_ms")?,
                };
                Ok((row.text("id")?, stored))
            })
            .collect()
    }

    async fn sessions(&self, team: &TeamId, ids: &BTreeSet<&str>) -> Result<BTreeMap<String, Option<String>>> {
        let batch: Batch = ids.iter().map(|id| (id,)).collect();
        let rows = self
            .db
            .rows(
                "select s.id, s.identity_id from json_each($2) j cross join sessions s where s.team_id = $1 and s.id = j.value->>0",
                args![team, batch],
            )
            .await?;
        rows.iter().map(|row| Ok((row.text("id")?, row.opt_text("identity_id")?))).collect()
    }

    /// What is counted of a team, in one look.
    pub async fn team_counts(&self, team: &TeamId) -> Result<TeamCounts> {
        let row = self.db.row("select identities, playbook from team_counts where team_id = $1", args![team]).await?;
        let Some(row) = row else { return Ok(TeamCounts::default()) };
        Ok(TeamCounts { identities: row.int("identities")? as u64, playbook_version: row.int("playbook")? })
    }

    /// Events a session sent before it said who it is, oldest first, with the signals of their devices.
    pub async fn anonymous_events(&self, team: &TeamId, sessions: &BTreeSet<&str>) -> Result<Vec<(String, Event)>> {
        let batch: Batch = sessions.iter().map(|id| (id,)).collect();
        let rows = self
            .db
            .rows(
                "select e.*, d.signals from json_each($2) j cross join events e
                 left join devices d on d.team_id = e.team_id and d.fingerprint = e.fingerprint
                 where e.team_id = $1 and e.session = j.value->>0 and e.session is not null and e.identity_id is null
                 order by e.timestamp_ms, e.seq limit $3",
                args![team, batch, PROFILE_EVENTS_MAX as i64],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let mut event = crate::events::read_event(row)?.event;
                if let (Some(device), Some(signals)) = (&mut event.device, row.opt_text("signals")?) {
                    device.signals = serde_json::from_str(&signals)?;
                }
                Ok((event.session.clone().unwrap_or_default(), event))
            })
            .collect()
    }

    /// What of these identities is compared with others; `face` makes, or remembers, what name and e-mail come down to.
    pub async fn cards(
        &self,
        team: &TeamId,
        ids: &BTreeSet<&str>,
        face: impl Fn(Option<String>, Option<String>) -> Arc<Face>,
    ) -> Result<BTreeMap<String, Card>> {
        let batch: Batch = ids.iter().map(|id| (id,)).collect();
        let rows = self
            .db
            .rows(
                "select i.id, i.display_name, i.display_email, i.created_ms, i.last_tracked_ms, t.body as trace from json_each($2) j
                 cross join identities i left join traces t on t.team_id = i.team_id and t.identity_id = i.id
                 where i.team_id = $1 and i.id = j.value->>0",
                args![team, batch],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let (id, created_ms) = (row.text("id")?, row.int("created_ms")?);
                let last_ms = row.opt_int("last_tracked_ms")?;
                let face = face(row.opt_text("display_name")?, row.opt_text("display_email")?);
                let trace = row.opt_text("trace")?.map(|text| Trace::of_json(&text)).unwrap_or_default();
                Ok((id.clone(), Card::new(id, face, created_ms, last_ms, trace)))
            })
            .collect()
    }

    /// Writes a batch in one transaction. `Conflict` means that an identity or the rules changed meanwhile: load
    /// and apply again.
    ///
    /// Nobody waits for it but the ingest log, which keeps the events until [`Store::trim_log`].
    pub async fn commit(&self, team: &TeamId, commit: &Commit) -> Result<()> {
        let mut tx = self.db.begin_relaxed().await?;
        if let Some(version) = commit.playbook_version {
            check_playbook(&mut tx, team, version).await?;
        }
        if !commit.rings.is_empty() {
            tx.lock_rings(team).await?;
        }
        write_identities(&mut tx, team, commit).await?;
        write_events(&mut tx, team, commit).await?;
        write_sessions(&mut tx, team, commit).await?;
        crate::devices::write(&mut tx, team, &commit.devices).await?;
        crate::keys::drop(&mut tx, team, &commit.keys_gone).await?;
        crate::keys::write(&mut tx, team, &commit.keys).await?;
        crate::groups::write(&mut tx, team, &commit.groups, &commit.members).await?;
        crate::analysis::write(&mut tx, team, &commit.cycles).await?;
        crate::links::write(&mut tx, team, &commit.links, &commit.links_gone).await?;
        crate::ring_changes::settle(&mut tx, team, &commit.rings).await?;
        crate::ring_changes::write_risks(&mut tx, team, &commit.ring_risks).await?;
        crate::badges::write(&mut tx, team, &commit.badges).await?;
        crate::budgets::note_firings(&mut tx, team, &commit.badge_firings).await?;
        crate::escalations::write(&mut tx, team, &commit.escalations).await?;
        crate::deliveries::write(&mut tx, team, &commit.deliveries).await?;
        write_due(&mut tx, team, &commit.due).await?;
        crate::fates::write(&mut tx, team, &commit.fates).await?;
        crate::figures::write(&mut tx, team, &commit.figures.with(&commit.identities)).await?;
        tx.commit().await
    }

    /// Identities whose next assessment is due, earliest first, of every team.
    pub async fn due(&self, now_ms: i64, limit: i64) -> Result<Vec<(TeamId, String)>> {
        let rows = self
            .db
            .rows(
                "select team_id, id from identities where due_ms is not null and due_ms <= $1 order by due_ms limit $2",
                args![now_ms, limit],
            )
            .await?;
        rows.iter().map(|row| Ok((TeamId::new(row.text("team_id")?), row.text("id")?))).collect()
    }

    /// When the next assessment is due, if any.
    pub async fn next_due_ms(&self) -> Result<Option<i64>> {
        let row = self.db.row("select min(due_ms) as due_ms from identities where due_ms is not null", vec![]).await?;
        row.map_or(Ok(None), |row| row.opt_int("due_ms"))
    }

    /// Moves an identity's next assessment to `due_ms`, however soon it was due.
    pub async fn postpone(&self, team: &TeamId, id: &str, due_ms: i64) -> Result<()> {
        self.db
            .run("update identities set due_ms = $3 where team_id = $1 and id = $2", args![team, id, due_ms])
            .await
            .map(drop)
    }

    /// Asks for assessments at `due_ms`.
    pub async fn request_assessment(&self, team: &TeamId, ids: &[&str], due_ms: i64) -> Result<()> {
        let mut tx = self.db.begin().await?;
        crate::rules::hold_page(&mut tx, team).await?;
        let due: Vec<(String, i64)> = ids.iter().map(|id| ((*id).to_owned(), due_ms)).collect();
        write_due(&mut tx, team, &due).await?;
        tx.commit().await
    }
}

/// Refuses what rests on other rules than the team's. They stay as they are until the transaction ends.
async fn check_playbook(tx: &mut Tx, team: &TeamId, version: i64) -> Result<()> {
    match crate::rules::hold_page(tx, team).await? == version {
        true => Ok(()),
        false => Err(StoreError::Conflict("the rules changed meanwhile")),
    }
}

async fn write_identities(tx: &mut Tx, team: &TeamId, commit: &Commit) -> Result<()> {
    if commit.identities.is_empty() {
        return Ok(());
    }
    let mut number = numbers(tx, team, commit).await?;
    let mut rows = Batch::new();
    for identity in &commit.identities {
        let own = (identity.version == 1).then_some(number);
        number += own.map_or(0, |_| 1);
        rows.push(&identity_row(identity, own));
    }
    let expected = rows.len() as u64;
    // What a cycle does not change is left out of the update: the indexes that hold it are not touched then.
    let touched = tx
        .run(
            "insert into identities (team_id, id, version, display_name, display_email, display_username, search, humanity,
               authenticity, uniqueness, behavior, created_ms, updated_ms, last_tracked_ms, last_scored_ms, due_ms, cycles, n, disregarded)
             select $1, value->>0, cast(value->>1 as bigint), value->>2, value->>3, value->>4, value->>5,
               cast(value->6->>0 as bigint), cast(value->6->>1 as bigint), cast(value->6->>2 as bigint), cast(value->6->>3 as bigint),
               cast(value->>7 as bigint), cast(value->>8 as bigint), cast(value->>9 as bigint), cast(value->>10 as bigint),
               cast(value->>11 as bigint), cast(value->>12 as bigint), cast(value->>13 as bigint), 0
             from json_each($2) where true
             on conflict (team_id, id) do update set version = excluded.version, humanity = excluded.humanity,
               authenticity = excluded.authenticity, uniqueness = excluded.uniqueness, behavior = excluded.behavior,
               updated_ms = excluded.updated_ms, last_tracked_ms = excluded.last_tracked_ms,
               last_scored_ms = excluded.last_scored_ms, due_ms = excluded.due_ms, cycles = excluded.cycles
             where identities.version = excluded.version - 1",
            args![team, rows],
        )
        .await?;
    if touched != expected {
        return Err(StoreError::Conflict("an identity changed meanwhile"));
    }
    rename(tx, team, commit).await?;
    let bodies: Batch = commit.identities.iter().map(|identity| (&identity.id, &identity.body)).collect();
    tx.run(
        "insert into profiles (team_id, identity_id, body) select $1, value->>0, value->>1 from json_each($2) where true
         on conflict (team_id, identity_id) do update set body = excluded.body",
        args![team, bodies],
    )
    .await?;
    let traces: Batch = commit.identities.iter().map(|identity| (&identity.id, &identity.trace)).collect();
    tx.run(
        "insert into traces (team_id, identity_id, body) select $1, value->>0, value->>1 from json_each($2) where true
         on conflict (team_id, identity_id) do update set body = excluded.body",
        args![team, traces],
    )
    .await
    .map(drop)
}

/// Counts those who come into being, and returns the first of the numbers that are theirs.
async fn numbers(tx: &mut Tx, team: &TeamId, commit: &Commit) -> Result<i64> {
    let new = commit.identities.iter().filter(|identity| identity.version == 1).count() as i64;
    if new == 0 {
        return Ok(0);
    }
    let row = tx
        .row(
            "insert into team_counts (team_id, identities, ordinal, numbered)
             select $1, $2, (select coalesce(max(t.ordinal), 0) + 1 from team_counts t where t.ordinal is not null), $2 where true
             on conflict (team_id) do update set identities = team_counts.identities + excluded.identities,
               ordinal = coalesce(team_counts.ordinal, excluded.ordinal), numbered = team_counts.numbered + excluded.numbered
             returning ordinal, numbered",
            args![team, new],
        )
        .await?;
    row.map_or(Ok(0), |row| Ok((row.int("ordinal")? << NUMBER_BITS) + row.int("numbered")? - new + 1))
}

/// Gives those who are known the names they have, if these are others than before.
async fn rename(tx: &mut Tx, team: &TeamId, commit: &Commit) -> Result<()> {
    let named = |identity: &IdentityWrite| {
        let names = [&identity.display_name, &identity.display_email, &identity.display_username].map(Clone::clone);
        (identity.id.clone(), names, search_of(identity), identity.created_ms)
    };
    let known: Batch = commit.identities.iter().filter(|identity| identity.version > 1).map(named).collect();
    if known.is_empty() {
        return Ok(());
    }
    tx.run(
        "update identities set display_name = named.display_name, display_email = named.display_email,
           display_username = named.display_username, search = named.search, created_ms = named.created_ms
         from (select value->>0 as id, value->1->>0 as display_name, value->1->>1 as display_email, value->1->>2 as display_username,
             value->>2 as search, cast(value->>3 as bigint) as created_ms from json_each($2)) named
         where identities.team_id = $1 and identities.id = named.id and (identities.search <> named.search
           or identities.display_name is distinct from named.display_name or identities.display_email is distinct from named.display_email
           or identities.display_username is distinct from named.display_username or identities.created_ms <> named.created_ms)",
        args![team, known],
    )
    .await
    .map(drop)
}

/// With the number of one that comes into being. What others are called is for [`rename`].
fn identity_row(identity: &IdentityWrite, number: Option<i64>) -> impl serde::Serialize {
    let called = |name: &Option<String>| name.clone().filter(|_| number.is_some());
    (
        identity.id.clone(),
        identity.version,
        called(&identity.display_name),
        called(&identity.display_email),
        called(&identity.display_username),
        number.map(|_| search_of(identity)).unwrap_or_default(),
        identity.scores,
        identity.created_ms,
        identity.updated_ms,
        identity.last_tracked_ms,
        identity.last_scored_ms,
        identity.due_ms,
        identity.cycles,
        number,
    )
}

fn search_of(identity: &IdentityWrite) -> String {
    search_text(&identity.id, [&identity.display_name, &identity.display_email, &identity.display_username])
}

/// What `term` is searched in: id, name, e-mail and username in lower case.
pub(crate) fn search_text<const N: usize>(id: &str, others: [&Option<String>; N]) -> String {
    let mut text = id.to_lowercase();
    for other in others.into_iter().flatten() {
        text.push('\n');
        text.push_str(&other.to_lowercase());
    }
    text
}

async fn write_events(tx: &mut Tx, team: &TeamId, commit: &Commit) -> Result<()> {
    for (session, identity) in &commit.bound {
        tx.run(
            "update events set identity_id = $3 where team_id = $1 and session = $2 and session is not null and identity_id is null",
            args![team, session, identity],
        )
        .await?;
    }
    if commit.events.is_empty() {
        return Ok(());
    }
    let mut rows = Batch::new();
    let mut groups = Batch::new();
    for EventWrite { seq, identity_id, event } in &commit.events {
        let refs: Vec<(&str, &str)> =
            event.groups.iter().map(|group| (group.kind.as_str(), group.id.as_str())).collect();
        rows.push(&(
            seq,
            &event.id,
            event.timestamp_ms,
            event.received_ms,
            &event.name,
            &event.source,
            identity_id,
            event.fingerprint(),
            &event.session,
            &event.ip,
            &event.url,
            &event.referrer,
            &event.user_agent,
            serde_json::to_string(&refs)?,
            serde_json::to_string(&event.data)?,
        ));
        refs.iter().for_each(|(kind, id)| groups.push(&(kind, id, event.timestamp_ms, seq)));
    }
    tx.run(
        "insert into events (team_id, seq, id, timestamp_ms, received_ms, name, source, identity_id, fingerprint, session, ip,
           url, referrer, user_agent, groups, data)
         select $1, cast(value->>0 as bigint), value->>1, cast(value->>2 as bigint), cast(value->>3 as bigint), value->>4, value->>5,
           value->>6, value->>7, value->>8, value->>9, value->>10, value->>11, value->>12, value->>13, value->>14
         from json_each($2)",
        args![team, rows],
    )
    .await?;
    if !groups.is_empty() {
        tx.run(
            "insert into event_groups (team_id, type, group_id, timestamp_ms, seq)
             select $1, value->>0, value->>1, cast(value->>2 as bigint), cast(value->>3 as bigint) from json_each($2)",
            args![team, groups],
        )
        .await?;
    }
    Ok(())
}

async fn write_sessions(tx: &mut Tx, team: &TeamId, commit: &Commit) -> Result<()> {
    if commit.sessions.is_empty() {
        return Ok(());
    }
    tx.run(
        "insert into sessions (team_id, id, identity_id, fingerprint, first_ms, last_ms)
         select $1, value->>0, value->>1, value->>2, cast(value->>3 as bigint), cast(value->>4 as bigint) from json_each($2) where true
         on conflict (team_id, id) do update set identity_id = coalesce(excluded.identity_id, sessions.identity_id),
           fingerprint = coalesce(excluded.fingerprint, sessions.fingerprint),
           first_ms = case when excluded.first_ms < sessions.first_ms then excluded.first_ms else sessions.first_ms end,
           last_ms = case when excluded.last_ms > sessions.last_ms then excluded.last_ms else sessions.last_ms end",
        args![team, session_rows(&commit.sessions)],
    )
    .await
    .map(drop)
}

/// One row for each session: a batch may hold several sightings, and the latest that says something wins.
fn session_rows(sessions: &[SessionWrite]) -> Batch {
    let mut rows: BTreeMap<&str, SessionRow> = BTreeMap::new();
    for SessionWrite { id, identity_id, fingerprint, at_ms } in sessions {
        let row = rows.entry(id).or_insert(SessionRow(id, None, None, *at_ms, *at_ms));
        row.1 = identity_id.as_deref().or(row.1);
        row.2 = fingerprint.as_deref().or(row.2);
        row.3 = row.3.min(*at_ms);
        row.4 = row.4.max(*at_ms);
    }
    rows.into_values().collect()
}

/// Id, identity, fingerprint, first and last time.
#[derive(serde::Serialize)]
struct SessionRow<'a>(&'a str, Option<&'a str>, Option<&'a str>, i64, i64);

pub(crate) async fn write_due(tx: &mut Tx, team: &TeamId, due: &[(String, i64)]) -> Result<()> {
    if due.is_empty() {
        return Ok(());
    }
    let mut earliest: BTreeMap<&str, i64> = BTreeMap::new();
    for (id, due_ms) in due {
        let held = earliest.entry(id).or_insert(*due_ms);
        *held = (*held).min(*due_ms);
    }
    let rows: Batch = earliest.into_iter().collect();
    tx.run(
        "update identities set due_ms = wanted.due_ms
         from (select value->>0 as id, cast(value->>1 as bigint) as due_ms from json_each($2)) wanted
         where identities.team_id = $1 and identities.id = wanted.id and (identities.due_ms is null or identities.due_ms > wanted.due_ms)",
        args![team, rows],
    )
    .await
    .map(drop)
}
