//! Rings as they are kept: beside the links, and changed in the transaction that changes them.
//!
//! What is gained is joined: two rings with a strong link between them are one, whatever their links within. What is
//! lost, or stands under a decision, is rebuilt: the accounts in reach are read along their strong links and put into
//! rings anew. Both give what `dregs_engine::linkage::ring` gives for all pairs at once.

use crate::TeamId;
use crate::db::{Batch, Row, Tx, args};
use crate::error::Result;
use crate::links::in_order;
use dregs_engine::limits::RING_MEMBERS_MAX;
use dregs_engine::linkage::ring::{self, RING_PROBABILITY_MIN, Ring, StrongPair, is_felt, ring_id};
use std::collections::{BTreeMap, BTreeSet};

/// Accounts read to rebuild rings from one of them: two full rings that a decision holds apart.
const REACHED_MAX: usize = 2 * RING_MEMBERS_MAX;
/// Numbers tried for the id of a ring whose accounts have all lent theirs to rings that they left.
const RING_IDS_TRIED: u32 = 64;
/// Strong links read at once: every account of those can have a full set of its own.
const STRONG_LINKS_MAX: i64 = 64 * REACHED_MAX as i64;

/// Strong pairs that a batch changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RingChanges {
    /// Pairs that became strong, lower id first, and since when they are linked.
    pub gained: BTreeMap<(String, String), i64>,
    /// Pairs that are strong no longer, or whose strength may decide whom a ring keeps.
    pub lost: BTreeSet<(String, String)>,
    pub now_ms: i64,
}

impl RingChanges {
    pub fn is_empty(&self) -> bool {
        self.gained.is_empty() && self.lost.is_empty()
    }
}

/// Settles a batch's changes and asks for assessments of those who feel them.
pub(crate) async fn settle(tx: &mut Tx, team: &TeamId, changes: &RingChanges) -> Result<()> {
    let gained = changes.gained.iter().filter(|(pair, _)| !changes.lost.contains(*pair));
    let mut joining = Joining { team, now_ms: changes.now_ms, felt: BTreeSet::new(), left: BTreeSet::new() };
    joining.join(tx, gained.map(|((a, b), at_ms)| (a.as_str(), b.as_str(), *at_ms)).collect()).await?;
    let mut felt = joining.felt;
    let ends = changes.lost.iter().flat_map(|(a, b)| [a.clone(), b.clone()]);
    felt.extend(rebuild(tx, team, ends.chain(joining.left).collect(), changes.now_ms).await?);
    let due: Vec<(String, i64)> = felt.into_iter().map(|id| (id, changes.now_ms)).collect();
    crate::pipeline::write_due(tx, team, &due).await
}

/// Writes what the rings' facts say of their risk.
pub(crate) async fn write_risks(tx: &mut Tx, team: &TeamId, risks: &BTreeMap<String, u8>) -> Result<()> {
    if risks.is_empty() {
        return Ok(());
    }
    let rows: Batch = risks.iter().collect();
    tx.run(
        "update rings set risk = seen.risk from (select value->>0 as id, cast(value->>1 as bigint) as risk from json_each($2)) seen
         where rings.team_id = $1 and rings.id = seen.id",
        args![team, rows],
    )
    .await
    .map(drop)
}

/// One end of a strong pair as it is kept.
struct End {
    ring: Option<String>,
    size: usize,
    pairs: usize,
    contested: bool,
}

/// Strong pairs on their way into rings.
struct Joining<'a> {
    team: &'a TeamId,
    now_ms: i64,
    /// Whose ring has changed so much that they are to be scored again.
    felt: BTreeSet<String>,
    /// Ends that joining is not enough for.
    left: BTreeSet<String>,
}

/// What grows together: rings, and accounts that were in none.
#[derive(Default)]
struct Group<'a> {
    rings: BTreeMap<&'a str, &'a End>,
    singles: BTreeSet<&'a str>,
    pairs: usize,
    /// The ends of its pairs, and since when they are linked.
    joined: BTreeMap<&'a str, i64>,
}

impl Group<'_> {
    fn size(&self) -> usize {
        self.singles.len() + self.rings.values().map(|end| end.size).sum::<usize>()
    }
}

impl Joining<'_> {
    async fn join(&mut self, tx: &mut Tx, pairs: Vec<(&str, &str, i64)>) -> Result<()> {
        if pairs.is_empty() {
            return Ok(());
        }
        let ends = ends(tx, self.team, pairs.iter().flat_map(|(a, b, _)| [*a, *b]).collect()).await?;
        for group in groups(&pairs, &ends) {
            let contested = group.joined.keys().any(|id| ends[*id].contested);
            let full = group.rings.values().any(|end| end.size >= RING_MEMBERS_MAX);
            match () {
                () if group.size() <= RING_MEMBERS_MAX && !contested => self.grow(tx, &group).await?,
                () if full && !contested => self.say_truncated(tx, &group).await?,
                () => self.left.extend(group.joined.keys().map(|id| (*id).to_owned())),
            }
        }
        Ok(())
    }

    async fn grow(&mut self, tx: &mut Tx, group: &Group<'_>) -> Result<()> {
        let size = group.size();
        let largest = group.rings.iter().max_by(|a, b| a.1.size.cmp(&b.1.size).then(b.0.cmp(a.0)));
        let kept = match largest {
            Some((id, _)) => (*id).to_owned(),
            None => new_ring_id(tx, self.team, group.singles.iter().copied(), &BTreeSet::new()).await?,
        };
        let absorbed: Batch = group.rings.keys().filter(|id| **id != kept).map(|id| (id,)).collect();
        let grows = largest.is_none_or(|(_, end)| end.size != size);
        self.note_felt(tx, group, size).await?;
        if !absorbed.is_empty() {
            let absorbed = absorbed.text();
            tx.run(
                "update ring_members set ring_id = $3 where team_id = $1 and ring_id in (select value->>0 from json_each($2))",
                args![self.team, &absorbed, &kept],
            )
            .await?;
            tx.run(
                "delete from rings where team_id = $1 and id in (select value->>0 from json_each($2))",
                args![self.team, absorbed],
            )
            .await?;
        }
        let members: Vec<(&str, &str, i64)> =
            group.joined.iter().map(|(id, at_ms)| (*id, kept.as_str(), *at_ms)).collect();
        write_members(tx, self.team, &members, false).await?;
        let pairs =
            group.pairs + group.rings.iter().filter(|(id, _)| **id != kept).map(|(_, end)| end.pairs).sum::<usize>();
        tx.run(
            "insert into rings (team_id, id, size, pairs, risk, contested, truncated, created_ms, updated_ms) values ($1, $2, 0, $3, 0, 0, 0, $4, $4)
             on conflict (team_id, id) do update set pairs = rings.pairs + excluded.pairs,
               updated_ms = case when $5 = 1 then excluded.updated_ms else rings.updated_ms end",
            args![self.team, &kept, pairs as i64, self.now_ms, grows],
        )
        .await?;
        count_members(tx, self.team, &BTreeSet::from([kept.clone()])).await?;
        if grows {
            self.felt.extend(mains_of(tx, self.team, &kept).await?);
        }
        Ok(())
    }

    /// Notes whose ring was of another order of size. Asked before anybody moves.
    async fn note_felt(&mut self, tx: &mut Tx, group: &Group<'_>, size: usize) -> Result<()> {
        if is_felt(1, size) {
            self.felt.extend(group.singles.iter().map(|id| (*id).to_owned()));
        }
        for (ring, _) in group.rings.iter().filter(|(_, end)| is_felt(end.size, size)) {
            self.felt.extend(members_of(tx, self.team, ring).await?);
        }
        Ok(())
    }

    async fn say_truncated(&self, tx: &mut Tx, group: &Group<'_>) -> Result<()> {
        let rings: Batch = group.rings.keys().map(|id| (id,)).collect();
        tx.run(
            "update rings set truncated = 1 where team_id = $1 and id in (select value->>0 from json_each($2))",
            args![self.team, rings],
        )
        .await
        .map(drop)
    }
}

/// What the pairs make one of: components of rings and single accounts.
fn groups<'a>(pairs: &[(&'a str, &'a str, i64)], ends: &'a BTreeMap<String, End>) -> Vec<Group<'a>> {
    // A ring and an account may have one id: the mark tells them apart.
    let label =
        |id: &str| ends[id].ring.as_ref().map_or_else(|| format!("account {id}"), |ring| format!("ring {ring}"));
    let labelled: Vec<(String, String)> = pairs.iter().map(|(a, b, _)| (label(a), label(b))).collect();
    let between = labelled.iter().filter(|(a, b)| a != b);
    let between: Vec<StrongPair> =
        between.map(|(a, b)| StrongPair { a: a.clone(), b: b.clone(), probability: 1.0 }).collect();
    let joined = ring::rings(&between, &BTreeSet::new(), usize::MAX);
    let place: BTreeMap<&str, usize> = joined
        .iter()
        .enumerate()
        .flat_map(|(n, ring)| ring.members.iter().map(move |label| (label.as_str(), n)))
        .collect();
    let mut groups: BTreeMap<String, Group<'a>> = BTreeMap::new();
    for ((a, b, at_ms), (label, _)) in pairs.iter().zip(&labelled) {
        let name = place.get(label.as_str()).map_or_else(|| label.clone(), |n| format!("group {n}"));
        let group = groups.entry(name).or_default();
        group.pairs += 1;
        for id in [*a, *b] {
            match &ends[id].ring {
                Some(ring) => drop(group.rings.insert(ring, &ends[id])),
                None => drop(group.singles.insert(id)),
            }
            let held = group.joined.entry(id).or_insert(*at_ms);
            *held = (*held).min(*at_ms);
        }
    }
    groups.into_values().collect()
}

async fn ends(tx: &mut Tx, team: &TeamId, ids: BTreeSet<&str>) -> Result<BTreeMap<String, End>> {
    let batch: Batch = ids.iter().map(|id| (id,)).collect();
    let rows = tx
        .rows(
            "select j.value->>0 as id, m.ring_id, r.size, r.pairs, coalesce(r.contested, 0) as contested,
               (select count(*) from link_decisions d where d.team_id = $1 and d.a_id = j.value->>0 and d.verdict = 'DIFFERENT')
               + (select count(*) from link_decisions d where d.team_id = $1 and d.b_id = j.value->>0 and d.verdict = 'DIFFERENT') as decisions
             from json_each($2) j left join ring_members m on m.team_id = $1 and m.identity_id = j.value->>0
             left join rings r on r.team_id = $1 and r.id = m.ring_id",
            args![team, batch],
        )
        .await?;
    let read = |row: &Row| {
        let end = End {
            ring: row.opt_text("ring_id")?,
            size: row.opt_int("size")?.unwrap_or(1) as usize,
            pairs: row.opt_int("pairs")?.unwrap_or(0) as usize,
            contested: row.flag("contested")? || row.int("decisions")? > 0,
        };
        Ok((row.text("id")?, end))
    };
    rows.iter().map(read).collect()
}

/// Puts everyone in reach of `seeds` into rings anew. Returns whose ring has changed so much that they are to be scored
/// again.
pub(crate) async fn rebuild(
    tx: &mut Tx,
    team: &TeamId,
    seeds: BTreeSet<String>,
    now_ms: i64,
) -> Result<BTreeSet<String>> {
    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut felt = BTreeSet::new();
    for seed in seeds {
        if done.contains(&seed) {
            continue;
        }
        let reach = Reach::from(tx, team, &seed).await?;
        felt.extend(reach.rebuild(tx, team, now_ms).await?);
        done.extend(reach.ids);
    }
    Ok(felt)
}

/// Everyone who hangs together with one account, and everything that holds or keeps them.
struct Reach {
    ids: BTreeSet<String>,
    pairs: Vec<StrongPair>,
    /// Since when each is linked to another.
    linked_ms: BTreeMap<(String, String), i64>,
    different: BTreeSet<(String, String)>,
    /// Ring and joining time as they are kept.
    held: BTreeMap<String, (String, i64)>,
    /// Size and time of the last change of the rings that are kept.
    rings: BTreeMap<String, (usize, i64)>,
    /// Those with strong links to accounts beyond it.
    cut: BTreeSet<String>,
}

impl Reach {
    async fn from(tx: &mut Tx, team: &TeamId, seed: &str) -> Result<Self> {
        let mut ids = ring_mates(tx, team, seed).await?;
        ids.insert(seed.to_owned());
        let mut rim = ids.clone();
        let mut found: BTreeMap<(String, String), (f64, i64)> = BTreeMap::new();
        while !rim.is_empty() {
            let mut next = BTreeSet::new();
            for (from, to, probability, created_ms) in strong_links(tx, team, &rim).await? {
                if !ids.contains(&to) && ids.len() < REACHED_MAX {
                    ids.insert(to.clone());
                    next.insert(to.clone());
                }
                let (a, b) = in_order(&from, &to);
                let pair = found.entry((a.to_owned(), b.to_owned())).or_insert((probability, created_ms));
                *pair = (pair.0.max(probability), pair.1.min(created_ms));
            }
            rim = next;
        }
        let (held, rings) = (held(tx, team, &ids).await?, held_rings(tx, team, &ids).await?);
        leave_rings_in_part(&mut ids, &held, &rings);
        let beyond = found.keys().filter(|(a, b)| ids.contains(a) != ids.contains(b));
        let cut = beyond.flat_map(|(a, b)| [a, b]).filter(|id| ids.contains(*id)).cloned().collect();
        found.retain(|(a, b), _| ids.contains(a) && ids.contains(b));
        let pair = |((a, b), (probability, _)): (&(String, String), &(f64, i64))| StrongPair {
            a: a.clone(),
            b: b.clone(),
            probability: *probability,
        };
        Ok(Reach {
            pairs: found.iter().map(pair).collect(),
            linked_ms: found.into_iter().map(|(ends, (_, created_ms))| (ends, created_ms)).collect(),
            different: different(tx, team, &ids).await?,
            held: held.into_iter().filter(|(id, _)| ids.contains(id)).collect(),
            rings,
            cut,
            ids,
        })
    }

    async fn rebuild(&self, tx: &mut Tx, team: &TeamId, now_ms: i64) -> Result<BTreeSet<String>> {
        let rings = ring::rings(&self.pairs, &self.different, RING_MEMBERS_MAX);
        let mut changed: BTreeSet<&str> = BTreeSet::new();
        let mut members = Vec::new();
        let mut rows = Batch::new();
        let names = self.names(tx, team, &rings).await?;
        for (ring, name) in rings.iter().zip(&names) {
            let before = self.held.iter().filter(|(_, (held, _))| held == name).map(|(id, _)| id);
            let is_same = before.eq(ring.members.iter());
            let updated_ms = self.rings.get(name).filter(|_| is_same).map_or(now_ms, |(_, updated_ms)| *updated_ms);
            if !is_same {
                changed.extend(ring.members.iter().map(String::as_str));
            }
            let contested = self.different.iter().any(|(a, b)| ring.members.contains(a) || ring.members.contains(b));
            let truncated = ring.truncated || ring.members.iter().any(|id| self.cut.contains(id));
            rows.push(&(name, ring.pairs, i64::from(contested), i64::from(truncated), updated_ms));
            members.extend(self.joined(ring).into_iter().map(|(id, at_ms)| (id, name.as_str(), at_ms)));
        }
        let kept: BTreeMap<&str, (&str, i64)> =
            members.iter().map(|(id, name, at_ms)| (*id, (*name, *at_ms))).collect();
        let gone: BTreeSet<&str> = self.held.keys().map(String::as_str).filter(|id| !kept.contains_key(id)).collect();
        changed.extend(&gone);
        let is_new = |(id, name, at_ms): &(&str, &str, i64)| {
            self.held.get(*id).is_none_or(|(held, joined_ms)| held != name || joined_ms != at_ms)
        };
        members.retain(is_new);
        write_rings(tx, team, rows).await?;
        drop_members(tx, team, &gone).await?;
        write_members(tx, team, &members, true).await?;
        count_members(tx, team, &names.iter().chain(self.rings.keys()).cloned().collect()).await?;
        let mut felt = self.felt(&rings);
        felt.extend(mains_among(tx, team, &changed).await?);
        Ok(felt)
    }

    /// The ring with most of the members keeps its id; what has none left to keep gets one of its own.
    async fn names(&self, tx: &mut Tx, team: &TeamId, rings: &[Ring]) -> Result<Vec<String>> {
        let mut taken: BTreeSet<String> = BTreeSet::new();
        let mut names = Vec::new();
        for ring in rings {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for (held, _) in ring.members.iter().filter_map(|id| self.held.get(id)) {
                *counts.entry(held).or_default() += 1;
            }
            let free = counts.into_iter().filter(|(held, _)| !taken.contains(*held));
            let kept = free.max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0))).map(|(held, _)| held.to_owned());
            let name = match kept {
                Some(name) => name,
                None => new_ring_id(tx, team, ring.members.iter().map(String::as_str), &taken).await?,
            };
            taken.insert(name.clone());
            names.push(name);
        }
        Ok(names)
    }

    /// The members of a ring and since when each is linked to another of them.
    fn joined<'a>(&self, ring: &'a Ring) -> BTreeMap<&'a str, i64> {
        let mut joined: BTreeMap<&str, i64> = ring.members.iter().map(|id| (id.as_str(), i64::MAX)).collect();
        for ((a, b), at_ms) in &self.linked_ms {
            if joined.contains_key(a.as_str()) && joined.contains_key(b.as_str()) {
                for id in [a, b] {
                    joined
                        .entry(ring.members[ring.members.partition_point(|held| held < id)].as_str())
                        .and_modify(|held| *held = (*held).min(*at_ms));
                }
            }
        }
        joined
    }

    fn felt(&self, rings: &[Ring]) -> BTreeSet<String> {
        let after: BTreeMap<&str, usize> =
            rings.iter().flat_map(|ring| ring.members.iter().map(|id| (id.as_str(), ring.members.len()))).collect();
        let before =
            |id: &String| self.held.get(id).and_then(|(ring, _)| self.rings.get(ring)).map_or(1, |(size, _)| *size);
        let is_felt = |id: &&String| is_felt(before(id), after.get(id.as_str()).copied().unwrap_or(1));
        self.ids.iter().filter(is_felt).cloned().collect()
    }
}

/// Takes out the accounts of rings that were reached in part: what is made anew must be whole, or a ring would hold both who
/// was looked at and who was not.
fn leave_rings_in_part(
    ids: &mut BTreeSet<String>,
    held: &BTreeMap<String, (String, i64)>,
    rings: &BTreeMap<String, (usize, i64)>,
) {
    let mut reached: BTreeMap<&str, usize> = BTreeMap::new();
    held.values().for_each(|(ring, _)| *reached.entry(ring).or_default() += 1);
    let is_whole = |ring: &str| rings.get(ring).is_none_or(|(size, _)| reached.get(ring) >= Some(size));
    ids.retain(|id| held.get(id).is_none_or(|(ring, _)| is_whole(ring)));
}

/// Strong links of these accounts, from each of them: (from, to, probability, since when).
async fn strong_links(tx: &mut Tx, team: &TeamId, ids: &BTreeSet<String>) -> Result<Vec<(String, String, f64, i64)>> {
    let batch: String = ids.iter().map(|id| (id,)).collect::<Batch>().text();
    let rows = tx
        .rows(
            "select j.value->>0 as from_id, l.b_id as to_id, l.probability, l.created_ms from json_each($2) j cross join links l
             where l.team_id = $1 and l.a_id = j.value->>0 and l.probability >= $3
             union all
             select j.value->>0 as from_id, l.a_id as to_id, l.probability, l.created_ms from json_each($2) j cross join links l
             where l.team_id = $1 and l.b_id = j.value->>0 and l.probability >= $3
             order by probability desc limit $4",
            args![team, batch, RING_PROBABILITY_MIN, STRONG_LINKS_MAX],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((row.text("from_id")?, row.text("to_id")?, row.real("probability")?, row.int("created_ms")?)))
        .collect()
}

/// Who of `ids` is decided to be another person than somebody.
async fn different(tx: &mut Tx, team: &TeamId, ids: &BTreeSet<String>) -> Result<BTreeSet<(String, String)>> {
    let batch: String = ids.iter().map(|id| (id,)).collect::<Batch>().text();
    let rows = tx
        .rows(
            "select d.a_id, d.b_id from json_each($2) j cross join link_decisions d
             where d.team_id = $1 and d.a_id = j.value->>0 and d.verdict = 'DIFFERENT'
             union
             select d.a_id, d.b_id from json_each($2) j cross join link_decisions d
             where d.team_id = $1 and d.b_id = j.value->>0 and d.verdict = 'DIFFERENT'",
            args![team, batch],
        )
        .await?;
    rows.iter().map(|row| Ok((row.text("a_id")?, row.text("b_id")?))).collect()
}

async fn held(tx: &mut Tx, team: &TeamId, ids: &BTreeSet<String>) -> Result<BTreeMap<String, (String, i64)>> {
    let batch: Batch = ids.iter().map(|id| (id,)).collect();
    let rows = tx
        .rows(
            "select m.identity_id, m.ring_id, m.joined_ms from json_each($2) j cross join ring_members m
             where m.team_id = $1 and m.identity_id = j.value->>0",
            args![team, batch],
        )
        .await?;
    rows.iter().map(|row| Ok((row.text("identity_id")?, (row.text("ring_id")?, row.int("joined_ms")?)))).collect()
}

async fn held_rings(tx: &mut Tx, team: &TeamId, ids: &BTreeSet<String>) -> Result<BTreeMap<String, (usize, i64)>> {
    let batch: Batch = ids.iter().map(|id| (id,)).collect();
    let rows = tx
        .rows(
            "select distinct r.id, r.size, r.updated_ms from json_each($2) j cross join ring_members m cross join rings r
             where m.team_id = $1 and m.identity_id = j.value->>0 and r.team_id = $1 and r.id = m.ring_id",
            args![team, batch],
        )
        .await?;
    rows.iter().map(|row| Ok((row.text("id")?, (row.int("size")? as usize, row.int("updated_ms")?)))).collect()
}

async fn members_of(tx: &mut Tx, team: &TeamId, ring: &str) -> Result<BTreeSet<String>> {
    let rows =
        tx.rows("select identity_id from ring_members where team_id = $1 and ring_id = $2", args![team, ring]).await?;
    rows.iter().map(|row| row.text("identity_id")).collect()
}

async fn ring_mates(tx: &mut Tx, team: &TeamId, id: &str) -> Result<BTreeSet<String>> {
    let rows = tx
        .rows(
            "select n.identity_id from ring_members m cross join ring_members n
             where m.team_id = $1 and m.identity_id = $2 and n.team_id = $1 and n.ring_id = m.ring_id",
            args![team, id],
        )
        .await?;
    rows.iter().map(|row| row.text("identity_id")).collect()
}

/// Main accounts in a ring: they answer for none of the others, so whoever comes or goes concerns them.
async fn mains_of(tx: &mut Tx, team: &TeamId, ring: &str) -> Result<Vec<String>> {
    let rows = tx
        .rows(
            "select a.identity_id from ring_members m cross join main_accounts a
             where m.team_id = $1 and m.ring_id = $2 and a.team_id = $1 and a.identity_id = m.identity_id",
            args![team, ring],
        )
        .await?;
    rows.iter().map(|row| row.text("identity_id")).collect()
}

async fn mains_among(tx: &mut Tx, team: &TeamId, ids: &BTreeSet<&str>) -> Result<Vec<String>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let batch: Batch = ids.iter().map(|id| (id,)).collect();
    let rows = tx
        .rows(
            "select a.identity_id from json_each($2) j cross join main_accounts a where a.team_id = $1 and a.identity_id = j.value->>0",
            args![team, batch],
        )
        .await?;
    rows.iter().map(|row| row.text("identity_id")).collect()
}

/// An id that no ring of the team has: after the first of these accounts whose is free, or else after the first and a
/// number. An account may have left the ring that is called after it.
async fn new_ring_id<'a>(
    tx: &mut Tx,
    team: &TeamId,
    members: impl Iterator<Item = &'a str>,
    given: &BTreeSet<String>,
) -> Result<String> {
    let members: Vec<&str> = members.collect();
    let numbered =
        members.first().into_iter().flat_map(|first| (1..=RING_IDS_TRIED).map(move |n| format!("{first} {n}")));
    let ids: Vec<String> = members.iter().map(|id| ring_id(id)).chain(numbered.map(|name| ring_id(&name))).collect();
    let batch: Batch = ids.iter().map(|id| (id,)).collect();
    let rows = tx
        .rows(
            "select r.id from json_each($2) j cross join rings r where r.team_id = $1 and r.id = j.value->>0",
            args![team, batch],
        )
        .await?;
    let taken: BTreeSet<String> = rows.iter().map(|row| row.text("id")).collect::<Result<_>>()?;
    let free = ids.into_iter().find(|id| !taken.contains(id) && !given.contains(id));
    free.ok_or_else(|| crate::StoreError::Damaged("no id is free for a ring".into()))
}

async fn write_rings(tx: &mut Tx, team: &TeamId, rows: Batch) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    tx.run(
        "insert into rings (team_id, id, size, pairs, risk, contested, truncated, created_ms, updated_ms)
         select $1, value->>0, 0, cast(value->>1 as bigint), 0, cast(value->>2 as bigint), cast(value->>3 as bigint),
           cast(value->>4 as bigint), cast(value->>4 as bigint)
         from json_each($2) where true
         on conflict (team_id, id) do update set pairs = excluded.pairs, contested = excluded.contested,
           truncated = excluded.truncated, updated_ms = excluded.updated_ms",
        args![team, rows],
    )
    .await
    .map(drop)
}

/// Puts accounts into rings. `exactly` sets the time of joining; else the earlier one stands.
async fn write_members(tx: &mut Tx, team: &TeamId, members: &[(&str, &str, i64)], exactly: bool) -> Result<()> {
    if members.is_empty() {
        return Ok(());
    }
    let rows: Batch = members.iter().collect();
    tx.run(
        "insert into ring_members (team_id, identity_id, ring_id, joined_ms)
         select $1, value->>0, value->>1, cast(value->>2 as bigint) from json_each($2) where true
         on conflict (team_id, identity_id) do update set ring_id = excluded.ring_id,
           joined_ms = case when $3 = 1 or excluded.joined_ms < ring_members.joined_ms then excluded.joined_ms else ring_members.joined_ms end",
        args![team, rows, exactly],
    )
    .await
    .map(drop)
}

async fn drop_members(tx: &mut Tx, team: &TeamId, ids: &BTreeSet<&str>) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let rows: Batch = ids.iter().map(|id| (id,)).collect();
    tx.run(
        "delete from ring_members where team_id = $1 and identity_id in (select value->>0 from json_each($2))",
        args![team, rows],
    )
    .await
    .map(drop)
}

/// Counts the members of these rings and drops those that have none.
pub(crate) async fn count_members(tx: &mut Tx, team: &TeamId, rings: &BTreeSet<String>) -> Result<()> {
    let batch: String = rings.iter().map(|id| (id,)).collect::<Batch>().text();
    tx.run(
        "update rings set
           size = (select count(*) from ring_members m where m.team_id = rings.team_id and m.ring_id = rings.id),
           created_ms = coalesce((select min(m.joined_ms) from ring_members m where m.team_id = rings.team_id and m.ring_id = rings.id), created_ms)
         where team_id = $1 and id in (select value->>0 from json_each($2))",
        args![team, &batch],
    )
    .await?;
    tx.run(
        "delete from rings where team_id = $1 and id in (select value->>0 from json_each($2)) and size = 0",
        args![team, batch],
    )
    .await
    .map(drop)
}
