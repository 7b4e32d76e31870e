//! Every statement of the crate is prepared on both databases, whether or not another test happens to run it.

use super::support;
use sqlx::{AssertSqlSafe, Connection as _};
use std::path::Path;

/// Statements that only one of the databases has.
const SQLITE_ONLY: [&str; 4] =
    ["vacuum into", "from pragma_integrity_check", "into identity_search", "total_changes()"];
const POSTGRES_ONLY: [&str; 2] = ["identity_texts", "pg_indexes"];
/// Calls whose text is put together at run time: the two of `paging.rs` and the one of `identity_lists.rs`, which the
/// specifications of the lists run with every filter and sort, `count` of `maintenance.rs`, whose texts are literals found elsewhere, and `requeue_matching` of
/// `rules.rs`, which the specifications of rules run with every condition.
const BUILT_AT_RUN_TIME: usize = 5;
const VERBS: [&str; 6] = ["select ", "insert ", "update ", "delete ", "create ", "vacuum "];

struct Source {
    file: String,
    text: String,
}

pub struct Statement {
    /// File and line.
    pub place: String,
    pub sql: String,
}

/// The crate's own sources, without their unit tests. `db.rs` and `sqlite.rs` are the layer that
/// statements go through.
fn sources() -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
        Source { file: path.file_name().unwrap().to_string_lossy().into_owned(), text }
    };
    paths.filter(|path| !path.ends_with("db.rs") && !path.ends_with("sqlite.rs")).map(read).collect()
}

/// The string literals of a source with the line each starts on.
fn literals(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut chars = source.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '/' if source[at..].starts_with("//") => drop(chars.by_ref().find(|(_, c)| *c == '\n')),
            '\'' if source[at..].starts_with("'\"'") => drop(chars.by_ref().nth(1)),
            '"' => found.push((source[..at].matches('\n').count() + 1, literal(&mut chars))),
            _ => {}
        }
    }
    found
}

/// The rest of a string literal, unescaped.
fn literal(chars: &mut impl Iterator<Item = (usize, char)>) -> String {
    let mut text = String::new();
    while let Some((_, c)) = chars.next() {
        match c {
            '"' => break,
            '\\' => text.extend(chars.next().map(|(_, c)| if c == 'n' { '\n' } else { c })),
            c => text.push(c),
        }
    }
    text
}

/// Every statement that is written as a literal.
pub fn statements() -> Vec<Statement> {
    let mut found = Vec::new();
    for source in sources() {
        let columns = columns(&source.text);
        for (line, literal) in literals(&source.text) {
            let sql = literal.replace("{COLUMNS}", columns.as_deref().unwrap_or("{COLUMNS}"));
            if VERBS.iter().any(|verb| sql.starts_with(verb)) && !sql.contains('{') {
                found.push(Statement { place: format!("{}:{line}", source.file), sql });
            }
        }
    }
    found
}

/// Every statement that SQLite has.
pub fn statements_of_sqlite() -> impl Iterator<Item = Statement> {
    statements().into_iter().filter(|statement| !POSTGRES_ONLY.iter().any(|part| statement.sql.contains(part)))
}

/// The columns that the lists of `file` read.
pub fn columns_of(file: &str) -> String {
    sources().into_iter().find(|source| source.file == file).and_then(|source| columns(&source.text)).unwrap()
}

fn columns(source: &str) -> Option<String> {
    let constant = &source[source.find("const COLUMNS")?..];
    literals(constant).into_iter().next().map(|(_, literal)| literal)
}

fn calls() -> usize {
    let of = |source: &Source| {
        [".row(", ".rows(", ".run("].iter().map(|call| source.text.matches(call).count()).sum::<usize>()
    };
    sources().iter().map(of).sum()
}

#[test]
fn no_call_is_overlooked() {
    let (found, calls) = (statements().len(), calls());
    assert!(calls > 80, "only {calls} calls were found: the sources are not read as they are written");
    assert!(found + BUILT_AT_RUN_TIME >= calls, "{calls} calls but only {found} statements");
}

#[tokio::test]
async fn sqlite_accepts_every_statement() {
    let folder = tempfile::tempdir().unwrap();
    let store = dregs_store::Store::open(&support::sqlite_url(folder.path())).await.unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("dregs.db")).unwrap();
    connection.execute("attach $1 as log", [folder.path().join("dregs.ingest.db").to_str()]).unwrap();
    let mut problems = Vec::new();
    for Statement { place, sql } in statements_of_sqlite() {
        if let Err(error) = connection.prepare(&format!("explain {sql}")) {
            problems.push(format!("{place}: {error}\n{sql}"));
        }
    }
    store.close().await;
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

#[tokio::test]
async fn postgres_accepts_every_statement() {
    let Some(cluster) = crate::postgres::postgres() else { return };
    let url = cluster.new_database();
    let store = dregs_store::Store::open(&url).await.unwrap();
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    let mut problems = Vec::new();
    let portable = |statement: &Statement| !SQLITE_ONLY.iter().any(|part| statement.sql.contains(part));
    for (n, Statement { place, sql }) in statements().into_iter().filter(portable).enumerate() {
        // Sent as one simple statement: `create` cannot be prepared, and is harmless here.
        let prepare = if sql.starts_with("create ") { sql.clone() } else { format!("prepare s{n} as {sql}") };
        if let Err(error) = sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut connection).await {
            problems.push(format!("{place}: {error}\n{sql}"));
        }
    }
    store.close().await;
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}
