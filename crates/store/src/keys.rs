//! Blocking keys: which artefacts each identity holds, who else does, and how many.

use crate::TeamId;
use crate::db::{Batch, Row, Tx, args};
use crate::error::Result;
use crate::open::Store;
use dregs_engine::limits::CROWD_SAMPLE;
use dregs_engine::linkage::{Key, KeyKind, Peer, SharedKey};
use dregs_engine::profile::Seen;
use std::collections::BTreeMap;

/// Pairs of key and identity asked for at once.
const HOLDERS_ASKED_MAX: usize = 20_000;

#[derive(Debug)]
pub struct KeyWrite {
    pub identity_id: String,
    pub key: Key,
    pub disregarded: bool,
}

impl Store {
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
        let rare = keys.iter().filter(|((kind, key), is_new)| match shared.get(&(*kind, (*key).to_owned())) {
            Some(held) => !held.is_popular(),
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
        let sampled = shared.values().filter(|held| held.is_popular() && held.kind.samples_crowd(held.holders));
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
        rows.iter().map(read_holder).collect()
    }
}

/// Who holds which key. A kind that this version does not know is nobody's.
fn read_holder(row: &Row) -> Result<(KeyKind, String, Peer)> {
    let kind = KeyKind::from_code(&row.text("kind")?).unwrap_or_default();
    let seen = Seen { first_ms: row.int("first_ms")?, last_ms: row.int("last_ms")?, count: row.int("count")? as u32 };
    Ok((kind, row.text("key")?, Peer { identity_id: row.text("identity_id")?, seen }))
}

fn add_peers(shared: &mut BTreeMap<(KeyKind, String), SharedKey>, rows: &[Row]) -> Result<()> {
    for row in rows {
        let (kind, key, peer) = read_holder(row)?;
        let held = shared.entry((kind, key.clone())).or_insert_with(|| SharedKey { kind, key, ..SharedKey::default() });
        held.peers.push(peer);
    }
    Ok(())
}

/// Holders are counted off before their rows go. A disregarded one did not count.
pub(crate) async fn drop(tx: &mut Tx, team: &TeamId, gone: &[(String, KeyKind, String)]) -> Result<()> {
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
    .map(std::mem::drop)
}

/// Counts who holds what. A key has a counter from its second holder on: most have one for ever, and cost nothing. New
/// holders are counted before their rows are written, so that every identity counts once for a key. A disregarded one
/// counts for nothing, but as a holder, for it may come back.
pub(crate) async fn write(tx: &mut Tx, team: &TeamId, keys: &[KeyWrite]) -> Result<()> {
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
    .map(std::mem::drop)
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
