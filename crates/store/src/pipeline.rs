//! What processing reads and writes: one load, one candidate look-up and one commit for a whole batch of identities.

use crate::db::{Batch, Tx, args};
use crate::error::{Result, StoreError};
use crate::open::Store;
use crate::{Badge, DeviceWrite, GroupWrite, RingChanges, TeamId};
use dregs_engine::event::Event;
use dregs_engine::limits::{CANDIDATES_PER_KEY_MAX, CROWD_SAMPLE, PROFILE_EVENTS_MAX};
use dregs_engine::linkage::{Card, Face, Key, KeyKind, Link, LinkType, Peer, SharedKey, Trace};
use dregs_engine::profile::{Profile, Seen};
use dregs_engine::rejection::Fate;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Cycles of an identity that keep their evidence, and cycles that keep their scores.
const EVIDENCE_CYCLES_MAX: i64 = 50;
const HISTORY_CYCLES_MAX: i64 = 500;
/// Pairs of key and identity asked for at once.
const HOLDERS_ASKED_MAX: usize = 20_000;
/// Old cycles are dropped every so many cycles of an identity, not at each.
const PRUNE_EVERY_CYCLES: i64 = 16;

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
    /// Identities whose analyzer badges are replaced, with what they have.
    pub badges: BTreeMap<String, Vec<Badge>>,
    /// Identities to score again, and when.
    pub due: Vec<(String, i64)>,
    /// Sessions that identified themselves: their anonymous events become the identity's.
    pub bound: Vec<(String, String)>,
    pub fates: BTreeMap<(i64, Fate), u64>,
}

#[derive(Debug)]
pub struct EventWrite {
    pub seq: i64,
    pub identity_id: Option<String>,
    pub event: Event,
}

#[derive(Debug)]
pub struct IdentityWrite {
    pub id: String,
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

#[derive(Debug)]
pub struct KeyWrite {
    pub identity_id: String,
    pub key: Key,
    pub disregarded: bool,
}

#[derive(Debug)]
pub struct CycleWrite {
    pub id: i64,
    pub identity_id: String,
    pub scores: [Option<u8>; 4],
    pub event_count: i64,
    pub device_count: i64,
    pub started_ms: i64,
    pub finished_ms: i64,
    pub duration_ms: i64,
    pub engine_version: u32,
    pub pack: String,
    /// The snapshot and the assessment, compressed.
    pub evidence: Vec<u8>,
    /// How many cycles the identity has had, this one included.
    pub ordinal: i64,
}

#[derive(Debug)]
pub struct LinkWrite {
    pub identity_id: String,
    pub link: Link,
    pub created_ms: i64,
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

    /// Identities of the team, by a counter that is kept with every new one.
    pub async fn identity_count(&self, team: &TeamId) -> Result<u64> {
        let row = self.db.row("select identities from team_counts where team_id = $1", args![team]).await?;
        Ok(row.map(|row| row.int("identities")).transpose()?.unwrap_or(0) as u64)
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

    /// Who holds these keys: for every key its number of holders, and a bounded sample of them. With each key whether it is
    /// new to somebody who asks: one that nobody counts, and that who asks holds already, has no other holder.
    pub async fn candidates(
        &self,
        team: &TeamId,
        keys: &BTreeMap<(KeyKind, &str), bool>,
    ) -> Result<BTreeMap<(KeyKind, String), SharedKey>> {
        let batch: Batch = keys.keys().map(|(kind, key)| (kind.code(), key)).collect();
        let rows = self
            .db
            .rows(
                "select k.kind, k.key, k.holders from json_each($2) j cross join keys k
                 where k.team_id = $1 and k.kind = j.value->>0 and k.key = j.value->>1",
                args![team, batch],
            )
            .await?;
        let mut shared = BTreeMap::new();
        for row in &rows {
            let Some(kind) = KeyKind::from_code(&row.text("kind")?) else { continue };
            let key = row.text("key")?;
            let entry =
                SharedKey { kind, key: key.clone(), holders: row.int("holders")? as u64, ..SharedKey::default() };
            shared.insert((kind, key), entry);
        }
        self.sample_holders(team, keys, &mut shared).await?;
        Ok(shared)
    }

    /// Fills in who holds each key. Rare keys are read together; a popular one costs a bounded look-up of its own, and a
    /// popular address offers nobody: an office is not a ring.
    async fn sample_holders(
        &self,
        team: &TeamId,
        keys: &BTreeMap<(KeyKind, &str), bool>,
        shared: &mut BTreeMap<(KeyKind, String), SharedKey>,
    ) -> Result<()> {
        let is_popular = |held: &SharedKey| held.holders > CANDIDATES_PER_KEY_MAX as u64;
        let rare = keys.iter().filter(|((kind, key), is_new)| match shared.get(&(*kind, (*key).to_owned())) {
            Some(held) => !is_popular(held),
            None => **is_new,
        });
        let batch: Batch = rare.map(|((kind, key), _)| (kind.code(), key)).collect();
        if !batch.is_empty() {
            let rows = self
                .db
                .rows(
                    "select h.kind, h.key, h.identity_id, h.first_ms, h.last_ms, h.count from json_each($2) j
                     cross join identity_keys h
                     where h.team_id = $1 and h.kind = j.value->>0 and h.key = j.value->>1 and h.disregarded = 0",
                    args![team, batch],
                )
                .await?;
            add_peers(shared, &rows)?;
            // What nobody counts has one holder.
            shared
                .values_mut()
                .filter(|held| held.holders == 0)
                .for_each(|held| held.holders = held.peers.len() as u64);
        }
        let sampled = shared.values().filter(|held| is_popular(held) && held.kind.samples_crowd(held.holders));
        let sampled: Vec<(KeyKind, String)> = sampled.map(|held| (held.kind, held.key.clone())).collect();
        for (kind, key) in sampled {
            let rows = self
                .db
                .rows(
                    "select kind, key, identity_id, first_ms, last_ms, count from identity_keys
                     where team_id = $1 and kind = $2 and key = $3 and disregarded = 0 order by identity_id limit $4",
                    args![team, kind.code(), key, CROWD_SAMPLE as i64],
                )
                .await?;
            add_peers(shared, &rows)?;
        }
        Ok(())
    }

    /// Which of these hold their key: for identities that are linked already, however popular the key.
    pub async fn holders_among(
        &self,
        team: &TeamId,
        asked: &[(KeyKind, &str, &str)],
    ) -> Result<Vec<(KeyKind, String, Peer)>> {
        let mut found = Vec::new();
        for asked in asked.chunks(HOLDERS_ASKED_MAX) {
            found.extend(self.holders_of(team, asked).await?);
        }
        Ok(found)
    }

    async fn holders_of(&self, team: &TeamId, asked: &[(KeyKind, &str, &str)]) -> Result<Vec<(KeyKind, String, Peer)>> {
        let batch: Batch = asked.iter().map(|(kind, key, id)| (kind.code(), key, id)).collect();
        let rows = self
            .db
            .rows(
                "select h.kind, h.key, h.identity_id, h.first_ms, h.last_ms, h.count from json_each($2) j cross join identity_keys h
                 where h.team_id = $1 and h.kind = j.value->>0 and h.key = j.value->>1 and h.identity_id = j.value->>2 and h.disregarded = 0",
                args![team, batch],
            )
            .await?;
        let read = |row: &crate::db::Row| {
            let kind = KeyKind::from_code(&row.text("kind")?).unwrap_or_default();
            let seen =
                Seen { first_ms: row.int("first_ms")?, last_ms: row.int("last_ms")?, count: row.int("count")? as u32 };
            Ok((kind, row.text("key")?, Peer { identity_id: row.text("identity_id")?, seen }))
        };
        rows.iter().map(read).collect()
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
                let last_ms = row.opt_int("last_tracked_ms")?.unwrap_or(created_ms);
                let face = face(row.opt_text("display_name")?, row.opt_text("display_email")?);
                let trace = row.opt_text("trace")?.map(|text| Trace::of_json(&text)).unwrap_or_default();
                Ok((id.clone(), Card { id, face, first_ms: created_ms.min(last_ms), last_ms, trace }))
            })
            .collect()
    }

    /// Writes a batch in one transaction. `Conflict` means that an identity changed meanwhile: load and apply again.
    ///
    /// Nobody waits for it but the ingest log, which keeps the events until [`Store::trim_log`].
    pub async fn commit(&self, team: &TeamId, commit: &Commit) -> Result<()> {
        let mut tx = self.db.begin_relaxed().await?;
        if !commit.rings.is_empty() {
            tx.lock_rings(team).await?;
        }
        write_identities(&mut tx, team, commit).await?;
        write_events(&mut tx, team, commit).await?;
        write_sessions(&mut tx, team, commit).await?;
        crate::devices::write(&mut tx, team, &commit.devices).await?;
        drop_keys(&mut tx, team, &commit.keys_gone).await?;
        write_keys(&mut tx, team, &commit.keys).await?;
        crate::groups::write(&mut tx, team, &commit.groups, &commit.members).await?;
        write_cycles(&mut tx, team, &commit.cycles).await?;
        crate::links::write(&mut tx, team, &commit.links, &commit.links_gone).await?;
        crate::ring_changes::settle(&mut tx, team, &commit.rings).await?;
        crate::ring_changes::write_risks(&mut tx, team, &commit.ring_risks).await?;
        crate::identities::write_badges(&mut tx, team, &commit.badges).await?;
        write_due(&mut tx, team, &commit.due).await?;
        crate::fates::write(&mut tx, team, &commit.fates).await?;
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
        let due: Vec<(String, i64)> = ids.iter().map(|id| ((*id).to_owned(), due_ms)).collect();
        write_due(&mut tx, team, &due).await?;
        tx.commit().await
    }
}

fn add_peers(shared: &mut BTreeMap<(KeyKind, String), SharedKey>, rows: &[crate::db::Row]) -> Result<()> {
    for row in rows {
        let Some(kind) = KeyKind::from_code(&row.text("kind")?) else { continue };
        let key = row.text("key")?;
        let held = shared.entry((kind, key.clone())).or_insert_with(|| SharedKey { kind, key, ..SharedKey::default() });
        let seen =
            Seen { first_ms: row.int("first_ms")?, last_ms: row.int("last_ms")?, count: row.int("count")? as u32 };
        held.peers.push(Peer { identity_id: row.text("identity_id")?, seen });
    }
    Ok(())
}

async fn write_identities(tx: &mut Tx, team: &TeamId, commit: &Commit) -> Result<()> {
    if commit.identities.is_empty() {
        return Ok(());
    }
    let new = commit.identities.iter().filter(|identity| identity.version == 1).count() as i64;
    if new > 0 {
        tx.run(
            "insert into team_counts (team_id, identities) values ($1, $2)
             on conflict (team_id) do update set identities = team_counts.identities + excluded.identities",
            args![team, new],
        )
        .await?;
    }
    let rows: Batch = commit.identities.iter().map(identity_row).collect();
    let expected = rows.len() as u64;
    let touched = tx
        .run(
            "insert into identities (team_id, id, version, display_name, display_email, display_username, search, humanity,
               authenticity, uniqueness, behavior, created_ms, updated_ms, last_tracked_ms, last_scored_ms, due_ms, cycles, disregarded)
             select $1, value->>0, cast(value->>1 as bigint), value->>2, value->>3, value->>4, value->>5, cast(value->>6 as bigint),
               cast(value->>7 as bigint), cast(value->>8 as bigint), cast(value->>9 as bigint), cast(value->>10 as bigint),
               cast(value->>11 as bigint), cast(value->>12 as bigint), cast(value->>13 as bigint), cast(value->>14 as bigint),
               cast(value->>15 as bigint), 0
             from json_each($2) where true
             on conflict (team_id, id) do update set version = excluded.version, display_name = excluded.display_name,
               display_email = excluded.display_email, display_username = excluded.display_username, search = excluded.search,
               humanity = excluded.humanity, authenticity = excluded.authenticity, uniqueness = excluded.uniqueness,
               behavior = excluded.behavior, created_ms = excluded.created_ms, updated_ms = excluded.updated_ms,
               last_tracked_ms = excluded.last_tracked_ms, last_scored_ms = excluded.last_scored_ms, due_ms = excluded.due_ms,
               cycles = excluded.cycles
             where identities.version = excluded.version - 1",
            args![team, rows],
        )
        .await?;
    if touched != expected {
        return Err(StoreError::Conflict("an identity changed meanwhile"));
    }
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

fn identity_row(identity: &IdentityWrite) -> impl serde::Serialize {
    let search =
        search_text(&identity.id, [&identity.display_name, &identity.display_email, &identity.display_username]);
    let [humanity, authenticity, uniqueness, behavior] = identity.scores;
    (
        identity.id.clone(),
        identity.version,
        identity.display_name.clone(),
        identity.display_email.clone(),
        identity.display_username.clone(),
        search,
        humanity,
        authenticity,
        uniqueness,
        behavior,
        identity.created_ms,
        identity.updated_ms,
        identity.last_tracked_ms,
        identity.last_scored_ms,
        identity.due_ms,
        identity.cycles,
    )
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

/// Holders are counted off before their rows go. A disregarded one did not count.
async fn drop_keys(tx: &mut Tx, team: &TeamId, gone: &[(String, KeyKind, String)]) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let rows = gone.iter().map(|(id, kind, key)| (kind.code(), key, id)).collect::<Batch>().text();
    tx.run(
        "update keys set holders = keys.holders - gone.n from (
           select h.kind, h.key, count(*) as n from json_each($2) j cross join identity_keys h
           where h.team_id = $1 and h.kind = j.value->>0 and h.key = j.value->>1 and h.identity_id = j.value->>2 and h.disregarded = 0
           group by h.kind, h.key) gone
         where keys.team_id = $1 and keys.kind = gone.kind and keys.key = gone.key",
        args![team, &rows],
    )
    .await?;
    tx.run(
        "delete from identity_keys where team_id = $1 and (kind, key, identity_id) in (
           select value->>0, value->>1, value->>2 from json_each($2))",
        args![team, rows],
    )
    .await
    .map(drop)
}

/// Counts who holds what. A key has a counter from its second holder on: most have one for ever, and cost nothing. New
/// holders are counted before their rows are written, so that every identity counts once for a key. A disregarded one
/// counts for nothing, but as a holder, for it may come back.
async fn write_keys(tx: &mut Tx, team: &TeamId, keys: &[KeyWrite]) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let rows: String = key_rows(keys).text();
    tx.run(
        "update keys set holders = keys.holders + fresh.n from (
           select value->>0 as kind, value->>1 as key, sum(1 - cast(value->>6 as bigint)) as n from json_each($2)
           where not exists (select 1 from identity_keys h where h.team_id = $1 and h.kind = value->>0 and h.key = value->>1 and h.identity_id = value->>2)
           group by value->>0, value->>1) fresh
         where keys.team_id = $1 and keys.kind = fresh.kind and keys.key = fresh.key",
        args![team, &rows],
    )
    .await?;
    // A key without a counter has one holder at most.
    tx.run(
        "insert into keys (team_id, kind, key, holders)
         select $1, fresh.kind, fresh.key, fresh.n + coalesce(sum(1 - h.disregarded), 0) from (
           select value->>0 as kind, value->>1 as key, count(*) as seen, sum(1 - cast(value->>6 as bigint)) as n from json_each($2)
           where not exists (select 1 from identity_keys h where h.team_id = $1 and h.kind = value->>0 and h.key = value->>1 and h.identity_id = value->>2)
           group by value->>0, value->>1) fresh
         left join identity_keys h on h.team_id = $1 and h.kind = fresh.kind and h.key = fresh.key
         where not exists (select 1 from keys k where k.team_id = $1 and k.kind = fresh.kind and k.key = fresh.key)
         group by fresh.kind, fresh.key, fresh.n, fresh.seen
         having fresh.seen + count(h.identity_id) > 1",
        args![team, &rows],
    )
    .await?;
    tx.run(
        "insert into identity_keys (team_id, kind, key, identity_id, first_ms, last_ms, count, disregarded)
         select $1, value->>0, value->>1, value->>2, cast(value->>3 as bigint), cast(value->>4 as bigint), cast(value->>5 as bigint),
           cast(value->>6 as bigint)
         from json_each($2) where true
         on conflict (team_id, kind, key, identity_id) do update set
           first_ms = case when excluded.first_ms < identity_keys.first_ms then excluded.first_ms else identity_keys.first_ms end,
           last_ms = case when excluded.last_ms > identity_keys.last_ms then excluded.last_ms else identity_keys.last_ms end,
           count = case when excluded.count > identity_keys.count then excluded.count else identity_keys.count end",
        args![team, rows],
    )
    .await
    .map(drop)
}

/// One row for each identity and key: a batch may hold several sightings.
fn key_rows(keys: &[KeyWrite]) -> Batch {
    let mut rows: BTreeMap<(KeyKind, &str, &str), (Seen, bool)> = BTreeMap::new();
    for KeyWrite { identity_id, key, disregarded } in keys {
        let (held, _) = rows.entry((key.kind, &key.key, identity_id)).or_insert((key.seen, *disregarded));
        held.first_ms = held.first_ms.min(key.seen.first_ms);
        held.last_ms = held.last_ms.max(key.seen.last_ms);
        held.count = held.count.max(key.seen.count);
    }
    let row = |((kind, key, identity_id), (seen, disregarded)): ((KeyKind, _, _), (Seen, bool))| {
        (kind.code(), key, identity_id, seen.first_ms, seen.last_ms, seen.count, i64::from(disregarded))
    };
    rows.into_iter().map(row).collect()
}

async fn write_cycles(tx: &mut Tx, team: &TeamId, cycles: &[CycleWrite]) -> Result<()> {
    if cycles.is_empty() {
        return Ok(());
    }
    let rows: Batch = cycles
        .iter()
        .map(|cycle| {
            let [humanity, authenticity, uniqueness, behavior] = cycle.scores;
            (
                &cycle.identity_id,
                cycle.id,
                (humanity, authenticity, uniqueness, behavior),
                (cycle.event_count, cycle.device_count, cycle.started_ms, cycle.finished_ms, cycle.duration_ms),
                (cycle.engine_version, &cycle.pack),
            )
        })
        .collect();
    tx.run(
        "insert into cycles (team_id, identity_id, id, humanity, authenticity, uniqueness, behavior, event_count, device_count,
           started_ms, finished_ms, duration_ms, engine_version, pack)
         select $1, value->>0, cast(value->>1 as bigint), cast(value->2->>0 as bigint), cast(value->2->>1 as bigint),
           cast(value->2->>2 as bigint), cast(value->2->>3 as bigint), cast(value->3->>0 as bigint), cast(value->3->>1 as bigint),
           cast(value->3->>2 as bigint), cast(value->3->>3 as bigint), cast(value->3->>4 as bigint), cast(value->4->>0 as bigint),
           value->4->>1
         from json_each($2)",
        args![team, rows],
    )
    .await?;
    let bodies: Batch = cycles.iter().map(|cycle| (&cycle.identity_id, cycle.id, hex(&cycle.evidence))).collect();
    tx.run(
        "insert into cycle_evidence (team_id, identity_id, id, body)
         select $1, value->>0, cast(value->>1 as bigint), unhex(value->>2) from json_each($2)",
        args![team, bodies],
    )
    .await?;
    for cycle in cycles.iter().filter(|cycle| cycle.ordinal % PRUNE_EVERY_CYCLES == 0) {
        prune_cycles(tx, team, &cycle.identity_id).await?;
    }
    Ok(())
}

/// Keeps the evidence of the last [`EVIDENCE_CYCLES_MAX`] cycles and the scores of the last [`HISTORY_CYCLES_MAX`].
async fn prune_cycles(tx: &mut Tx, team: &TeamId, identity_id: &str) -> Result<()> {
    tx.run(
        "delete from cycle_evidence where team_id = $1 and id in (
           select id from cycles where team_id = $1 and identity_id = $2 order by id desc limit $4 offset $3)",
        args![team, identity_id, EVIDENCE_CYCLES_MAX, HISTORY_CYCLES_MAX + PRUNE_EVERY_CYCLES],
    )
    .await?;
    tx.run(
        "delete from cycles where team_id = $1 and identity_id = $2 and id <= (
           select id from cycles where team_id = $1 and identity_id = $2 order by id desc limit 1 offset $3)",
        args![team, identity_id, HISTORY_CYCLES_MAX],
    )
    .await
    .map(drop)
}

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

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}
