//! Backup, restore and integrity check.

use crate::db::{Db, args};
use crate::error::{Result, StoreError};
use crate::open::{Files, Store};
use std::path::Path;

/// Size of a write-ahead log from which it is moved into its database, and from which writers wait for that.
const WAL_BYTES_GENTLE: u64 = 16 * 1024 * 1024;
const WAL_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Problems listed by a check.
const PROBLEMS_MAX: i64 = 100;

/// What an integrity check found.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct CheckReport {
    pub identities: i64,
    pub events: i64,
    pub cycles: i64,
    pub waiting: i64,
    /// Empty when all is well.
    pub problems: Vec<String>,
    /// What is slower than it could be, and what to do about it.
    pub advice: Vec<String>,
}

impl Store {
    /// A consistent copy of a running SQLite store at `target` (and its ingest log beside it).
    ///
    /// The log is copied first: an event that is applied between the two copies is then in both, and the events table
    /// knows it; the other way round it would be in neither.
    pub async fn backup(&self, target: &Path) -> Result<()> {
        if self.files.is_none() {
            return Err(StoreError::Unusable("a PostgreSQL store is backed up with pg_dump".into()));
        }
        let files = Files::beside(target);
        for (db, path) in [(&self.log, &files.log), (&self.db, &files.main)] {
            if path.exists() {
                return Err(StoreError::Unusable(format!(
                    "{} exists: choose another place for the backup",
                    path.display()
                )));
            }
            db.run("vacuum into $1", args![path.to_string_lossy().into_owned()]).await?;
        }
        Ok(())
    }

    /// Moves the write-ahead logs into the databases when they have grown: gently from [`WAL_BYTES_GENTLE`] on, thoroughly
    /// from [`WAL_BYTES_MAX`] on. Nothing to do on PostgreSQL.
    pub async fn checkpoint(&self) -> Result<()> {
        let Some(files) = &self.files else { return Ok(()) };
        for (db, path) in [(&self.db, &files.main), (&self.log, &files.log)] {
            let mut wal = path.as_os_str().to_owned();
            wal.push("-wal");
            let bytes = std::fs::metadata(&wal).map_or(0, |metadata| metadata.len());
            if bytes >= WAL_BYTES_GENTLE {
                db.checkpoint(bytes >= WAL_BYTES_MAX).await?;
            }
        }
        Ok(())
    }

    /// Puts a backup in the place of the store at `main`. The server must not be running.
    pub fn restore(backup: &Path, main: &Path) -> Result<()> {
        let (from, to) = (Files::beside(backup), Files::beside(main));
        for path in [&from.main, &from.log] {
            if !path.is_file() {
                return Err(StoreError::Unusable(format!("{} is not there: a backup is two files", path.display())));
            }
        }
        for (from, to) in [(&from.log, &to.log), (&from.main, &to.main)] {
            replace(from, to).map_err(|error| StoreError::Unusable(format!("{}: {error}", to.display())))?;
        }
        Ok(())
    }

    /// Reads through the store and reports what does not fit together.
    pub async fn check(&self) -> Result<CheckReport> {
        let mut report = CheckReport {
            identities: self.count("select count(*) as n from identities").await?,
            events: self.count("select count(*) as n from events").await?,
            cycles: self.count("select count(*) as n from cycles").await?,
            waiting: self.log_depth().await? as i64,
            problems: Vec::new(),
            advice: Vec::new(),
        };
        for db in [&self.db, &self.log] {
            report.problems.extend(integrity(db).await?);
        }
        for (sql, problem) in CONSISTENCY {
            let found = self.count(sql).await?;
            if found > 0 {
                report.problems.push(format!("{found} {problem}"));
            }
        }
        self.check_search(&mut report).await?;
        Ok(report)
    }

    /// Whether what identities are found by is what they show.
    async fn check_search(&self, report: &mut CheckReport) -> Result<()> {
        if !self.db.is_postgres() {
            let compare = "insert into identity_search (identity_search, rank) values ('integrity-check', 1)";
            match self.db.run(compare, vec![]).await {
                Err(StoreError::Unavailable(error)) => return Err(StoreError::Unavailable(error)),
                Err(error) => report.problems.push(format!("the search index does not match the identities: {error}")),
                Ok(_) => {}
            }
            return Ok(());
        }
        let others = self
            .count(
                "select count(*) as n from identities i where not exists (
                   select 1 from identity_texts t where t.team_id = i.team_id and t.identity_id = i.id and t.search = i.search)",
            )
            .await?;
        if others > 0 {
            report.problems.push(format!("{others} identities that are not found by what they show"));
        }
        if self.count("select count(*) as n from pg_indexes where indexname = 'identity_texts_search'").await? == 0 {
            report.advice.push(SEARCH_WITHOUT_INDEX.into());
        }
        Ok(())
    }

    async fn count(&self, sql: &'static str) -> Result<i64> {
        self.db.row(sql, vec![]).await?.map_or(Ok(0), |row| row.int("n"))
    }
}

/// What an operator can do about slow searches on PostgreSQL.
const SEARCH_WITHOUT_INDEX: &str = "searches read through all identities of a team: let a superuser run \"create extension pg_trgm\", then \
    \"create index identity_texts_search on identity_texts using gin (search gin_trgm_ops)\"";

/// Statements that count what should not be.
const CONSISTENCY: &[(&str, &str)] = &[
    (
        "select count(*) as n from identities i where not exists (select 1 from profiles p where p.team_id = i.team_id and p.identity_id = i.id)",
        "identities without a profile",
    ),
    (
        "select count(*) as n from profiles p where not exists (select 1 from identities i where i.team_id = p.team_id and i.id = p.identity_id)",
        "profiles without an identity",
    ),
    (
        "select count(*) as n from events e where e.identity_id is not null and not exists (select 1 from identities i where i.team_id = e.team_id and i.id = e.identity_id)",
        "events of unknown identities",
    ),
    (
        "select count(*) as n from keys k where k.holders <> (select count(*) from identity_keys h where h.team_id = k.team_id and h.kind = k.kind and h.key = k.key and h.disregarded = 0)",
        "shared keys with a wrong number of holders",
    ),
    (
        "select count(*) as n from (select team_id, sum(n) as counted from figures where figure = 'score.humanity' group by team_id) f
         where f.counted <> (select count(*) from identities i where i.team_id = f.team_id and i.disregarded = 0)",
        "teams whose score counters do not add up to their identities",
    ),
    (
        "select count(*) as n from (select h.team_id, h.kind, h.key from identity_keys h group by h.team_id, h.kind, h.key having count(*) > 1) held
         where not exists (select 1 from keys k where k.team_id = held.team_id and k.kind = held.kind and k.key = held.key)",
        "shared keys that nobody counts",
    ),
    (
        "select count(*) as n from team_counts c where c.identities <> (select count(*) from identities i where i.team_id = c.team_id)",
        "teams with a wrong number of identities",
    ),
    (
        "select count(*) as n from rings r where r.size < 2 or r.size <> (select count(*) from ring_members m where m.team_id = r.team_id and m.ring_id = r.id)",
        "rings with a wrong number of members",
    ),
    (
        "select count(*) as n from ring_members m where not exists (select 1 from rings r where r.team_id = m.team_id and r.id = m.ring_id)
           or not exists (select 1 from identities i where i.team_id = m.team_id and i.id = m.identity_id and i.disregarded = 0)",
        "members of unknown rings, or who are unknown or disregarded",
    ),
    (
        "select count(*) as n from link_decisions d join ring_members a on a.team_id = d.team_id and a.identity_id = d.a_id
         join ring_members b on b.team_id = d.team_id and b.identity_id = d.b_id where d.verdict = 'DIFFERENT' and a.ring_id = b.ring_id",
        "pairs of different people in one ring",
    ),
    (
        "select count(*) as n from link_decisions d where d.verdict = 'DIFFERENT'
           and exists (select 1 from links l where l.team_id = d.team_id and l.a_id = d.a_id and l.b_id = d.b_id)",
        "links between different people",
    ),
];

async fn integrity(db: &Db) -> Result<Vec<String>> {
    if db.is_postgres() {
        return Ok(Vec::new());
    }
    let rows =
        db.rows("select integrity_check as problem from pragma_integrity_check limit $1", args![PROBLEMS_MAX]).await?;
    let problems: Vec<String> = rows.iter().map(|row| row.text("problem")).collect::<Result<_>>()?;
    Ok(problems.into_iter().filter(|problem| problem != "ok").collect())
}

/// Copies `from` beside `to` and renames it into place, dropping the write-ahead log of what was there.
fn replace(from: &Path, to: &Path) -> std::io::Result<()> {
    let staged = to.with_extension("restoring");
    std::fs::copy(from, &staged)?;
    std::fs::File::open(&staged)?.sync_all()?;
    for suffix in ["-wal", "-shm"] {
        let mut side = to.as_os_str().to_owned();
        side.push(suffix);
        match std::fs::remove_file(&side) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    std::fs::rename(&staged, to)
}
