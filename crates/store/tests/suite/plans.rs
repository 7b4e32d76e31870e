//! Statements find their rows by an index, however large a team is.

use super::statements::{Statement, columns_of, statements, statements_of_sqlite};
use super::support;
use rusqlite::Connection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

/// What reads a whole table on purpose: small tables, and what only an operator's command runs.
const WHOLE_TABLE: [&str; 11] = [
    "from teams",
    "from throttles t order by t.forget_ms",
    "from cycle_evidence order by id desc",
    "from cycles where id = $1",
    "from ingest_log",
    "from attempts",
    // Those that are not done, by an index of them alone.
    "from erasures e where e.status <> 'DONE'",
    "from reviews r where r.status = 'PENDING'",
    "from backtests b where b.status = 'PENDING'",
    "from usage",
    "count(*) as n from",
];
/// What reads all of a team on purpose, where that is little.
const WHOLE_TEAM: [&str; 15] = [
    "from agent_grants g join users u on",
    "from memberships m cross join users u",
    "from mappings",
    "from channels",
    "from credentials",
    "from memberships",
    "from invitations",
    "from team_counts",
    "from parked_events where team_id = $1 order by parked_ms desc",
    "from parked_events p where p.team_id = $1 and p.parked_ms < $2",
    "select dataset, key, value from dataset_entries",
    "update team_counts",
    "select salt from erasures",
    "from retention where team_id",
    "count(*) as n from",
];

async fn opened(folder: &std::path::Path) -> Connection {
    dregs_store::Store::open(&support::sqlite_url(folder)).await.unwrap().close().await;
    let connection = Connection::open(folder.join("dregs.db")).unwrap();
    connection.execute("attach $1 as log", [folder.join("dregs.ingest.db").to_str()]).unwrap();
    connection
}

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut explained = connection.prepare(&format!("explain query plan {sql}")).unwrap();
    let mut rows = explained.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get("detail").unwrap());
    }
    steps
}

fn is_one_of(sql: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| sql.contains(part))
}

/// Whether a plan goes through a table, but for the batch that a statement was given and what it made of that: the steps
/// that made it are in the plan too.
fn reads_a_table(plan: &[String]) -> bool {
    let made: Vec<&str> = plan
        .iter()
        .filter_map(|step| step.strip_prefix("MATERIALIZE ").or_else(|| step.strip_prefix("CO-ROUTINE ")))
        .collect();
    let given = |table: &str| table.contains("VIRTUAL TABLE") || table.contains("CONSTANT ROW");
    let mut scanned = plan.iter().filter_map(|step| step.strip_prefix("SCAN "));
    scanned.any(|table| !given(table) && !made.contains(&table))
}

#[tokio::test]
async fn no_statement_goes_through_a_table_or_a_team_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let connection = opened(folder.path()).await;
    let mut problems = Vec::new();
    for Statement { place, sql } in statements_of_sqlite().filter(|statement| !statement.sql.starts_with("create ")) {
        let plan = plan(&connection, &sql);
        let table = reads_a_table(&plan) && !is_one_of(&sql, &WHOLE_TABLE);
        let team = plan.iter().any(|step| step.ends_with("(team_id=?)")) && !is_one_of(&sql, &WHOLE_TEAM);
        if table || team {
            problems.push(format!("{place}: {sql}\n  {}", plan.join("\n  ")));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

#[tokio::test]
async fn devices_of_the_disregarded_are_found_without_going_through_their_users_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let connection = opened(folder.path()).await;
    let statement = statements().into_iter().find(|statement| statement.sql.contains("select h.key as fingerprint"));
    let plan = plan(&connection, &statement.unwrap().sql).join("\n");
    assert!(plan.contains("identity_keys_disregarded"), "{plan}");
}

/// The first page of a list as `paging.rs` builds it.
fn page(columns: &str, tables: &str, condition: &str, order: &str) -> String {
    format!("select {columns} from {tables} where {condition} order by {order} limit 25 offset 0")
}

#[tokio::test]
async fn the_usual_lists_are_read_in_the_order_of_an_index_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let connection = opened(folder.path()).await;
    let (identities, events, devices) =
        (columns_of("identities.rs"), columns_of("events.rs"), columns_of("devices.rs"));
    let (rings, decisions) = (columns_of("rings.rs"), columns_of("decisions.rs"));
    let labels = columns_of("labels.rs");
    let by_time = "e.timestamp_ms desc, e.seq desc";
    let usual = [
        (page(&identities, "identities i", "i.team_id = $1", "i.updated_ms desc, i.id desc"), "identities_updated"),
        (
            page(&identities, "identities i", "i.team_id = $1", "i.humanity desc nulls last, i.id desc"),
            "identities_humanity",
        ),
        (page(&events, "events e", "e.team_id = $1", by_time), "events_time"),
        (page(&events, "events e", "e.team_id = $1 and e.identity_id = $2", by_time), "events_identity"),
        (
            page(&events, "events e", "e.team_id = $1 and e.fingerprint = $2 and e.fingerprint is not null", by_time),
            "events_fingerprint",
        ),
        (
            page(&events, "events e", "e.team_id = $1 and e.session = $2 and e.session is not null", by_time),
            "events_session",
        ),
        (page(&rings, "rings r", "r.team_id = $1", "r.risk desc nulls last, r.id desc"), "rings_risk"),
        (page(&rings, "rings r", "r.team_id = $1", "r.size desc nulls last, r.id desc"), "rings_size"),
        (
            page(&decisions, "link_decisions d", "d.team_id = $1", "d.decided_ms desc, d.a_id desc, d.b_id desc"),
            "link_decisions_time",
        ),
        (
            page(&labels, "labels l", "l.team_id = $1 and l.is_current = 1", "l.created_ms desc, l.id desc"),
            "labels_time",
        ),
        (
            page(
                &labels,
                "labels l",
                "l.team_id = $1 and l.is_current = 1 and l.kind = $2",
                "l.created_ms desc, l.id desc",
            ),
            "labels_kind",
        ),
        (page(&devices, "devices d", "d.team_id = $1", "d.last_ms desc, d.fingerprint desc"), "devices_last"),
    ];
    for (sql, index) in usual {
        let plan = plan(&connection, &sql).join("\n");
        assert!(plan.contains(index), "{sql}\n{plan}");
        assert!(!plan.contains("TEMP B-TREE FOR ORDER BY"), "{sql}\n{plan}");
    }
}

#[tokio::test]
async fn postgres_can_serve_what_runs_often_from_an_index() {
    let Some(cluster) = crate::postgres::postgres() else { return };
    let url = cluster.new_database();
    dregs_store::Store::open(&url).await.unwrap().close().await;
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("set enable_seqscan = off; set plan_cache_mode = force_generic_plan")
        .execute(&mut connection)
        .await
        .unwrap();
    let often = [
        "pipeline.rs",
        "ingest.rs",
        "links.rs",
        "rings.rs",
        "ring_changes.rs",
        "decisions.rs",
        "graph.rs",
        "budgets.rs",
    ];
    let hot = statements().into_iter().filter(|statement| often.iter().any(|file| statement.place.starts_with(file)));
    for (n, Statement { place, sql }) in hot.filter(|statement| !is_one_of(&statement.sql, &WHOLE_TABLE)).enumerate() {
        let prepare = format!("prepare p{n} as {sql}");
        sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut connection).await.unwrap();
        let values = vec!["null"; (1..10).take_while(|n| sql.contains(&format!("${n}"))).count()].join(", ");
        let call =
            if values.is_empty() { format!("explain execute p{n}") } else { format!("explain execute p{n}({values})") };
        let rows = sqlx::raw_sql(AssertSqlSafe(call)).fetch_all(&mut connection).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert!(!plan.iter().any(|step| step.contains("Seq Scan")), "{place}: {sql}\n{}", plan.join("\n"));
    }
}

/// Identities and labels of the team that lists by label are planned for.
const IDENTITIES: i64 = 100_000;
const LABELLED: i64 = 2_000;
const MANY_IDENTITIES: &str =
    "insert into identities (team_id, id, search, created_ms, updated_ms, disregarded, cycles, version)
  with recursive n(n) as (select 1 union all select n + 1 from n where n < $1)
  select 't', 'identity ' || n, 'identity ' || n, n, (n * 7919) % 1000003, 0, 0, 1 from n";
const MANY_LABELS: &str = "insert into labels (id, team_id, identity_id, kind, labelled_by, created_ms, is_current)
  with recursive n(n) as (select 1 union all select n + 1 from n where n < $1)
  select n, 't', 'identity ' || (n * 37), case when n % 10 = 0 then 'BOT' else 'LEGITIMATE' end, 'ana', n, 1 from n";

/// Identities by their label, as `identity_filters.rs` asks for them: one by one in the order of a list, and gathered.
fn by_label() -> [String; 5] {
    let source = include_str!("../../src/identity_filters.rs");
    let any = "labels l where l.team_id = $1 and l.is_current = 1";
    let kind = "labels l where l.team_id = $1 and l.is_current = 1 and l.kind = ?";
    let clauses = [any, kind].into_iter().flat_map(|labels| {
        assert!(source.contains(labels), "{labels}");
        [
            format!("i.id in (select l.identity_id from {labels})"),
            format!("exists (select 1 from {labels} and l.identity_id = i.id)"),
        ]
    });
    let none = format!("not exists (select 1 from {any} and l.identity_id = i.id)");
    let clauses: Vec<String> = clauses.chain([none]).collect();
    let columns = columns_of("identities.rs");
    <[String; 5]>::try_from(clauses).unwrap().map(|clause| {
        let condition = format!("i.team_id = $1 and {}", clause.replace('?', "$2"));
        page(&columns, "identities i", &condition, "i.updated_ms desc, i.id desc")
    })
}

#[tokio::test]
async fn identities_are_found_by_label_without_going_through_labels_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let connection = opened(folder.path()).await;
    connection.execute(MANY_IDENTITIES, [IDENTITIES]).unwrap();
    connection.execute(MANY_LABELS, [LABELLED]).unwrap();
    for sql in by_label() {
        let plan = plan(&connection, &sql);
        assert!(!reads_a_table(&plan), "{sql}\n{}", plan.join("\n"));
        assert!(plan.iter().any(|step| step.contains("INDEX labels_")), "{sql}\n{}", plan.join("\n"));
    }
}

#[tokio::test]
async fn identities_are_found_by_label_without_going_through_identities_on_postgres() {
    let Some(cluster) = crate::postgres::postgres() else { return };
    let url = cluster.new_database();
    dregs_store::Store::open(&url).await.unwrap().close().await;
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    for (sql, rows) in [(MANY_IDENTITIES, IDENTITIES), (MANY_LABELS, LABELLED)] {
        sqlx::query(sql).bind(rows).execute(&mut connection).await.unwrap();
    }
    sqlx::raw_sql("analyze identities; analyze labels").execute(&mut connection).await.unwrap();
    for sql in by_label() {
        let explained = format!("explain {}", sql.replace("$1", "'t'").replace("$2", "'BOT'"));
        let rows = sqlx::raw_sql(AssertSqlSafe(explained)).fetch_all(&mut connection).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert!(!plan.iter().any(|step| step.contains("Seq Scan on identities")), "{sql}\n{}", plan.join("\n"));
    }
}
