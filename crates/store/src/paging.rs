//! Lists: one page at a time, sorted by a column of a closed list.

use crate::db::{Arg, Db};
use crate::error::Result;
use sqlx::AssertSqlSafe;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Asc,
    Desc,
}

impl Order {
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Order::Asc => "asc",
            Order::Desc => "desc",
        }
    }
}

/// Which page of a list, in which order. `sort` is a column from the list the caller checked against.
#[derive(Debug, Clone, PartialEq)]
pub struct ListQuery {
    pub page_number: u32,
    pub page_size: u32,
    pub sort: &'static str,
    pub order: Order,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub total: u64,
}

/// Endings of sort columns that always hold a value, so that an index gives their order either way.
const NEVER_NULL: [&str; 11] = [
    ".updated_ms",
    ".decided_ms",
    ".created_ms",
    ".timestamp_ms",
    ".first_ms",
    ".last_ms",
    ".id",
    ".name",
    ".fingerprint",
    ".severity",
    ".status",
];

/// A `where` clause that grows with the filters that are set; values are always bound, never written into the text.
#[derive(Clone)]
pub(crate) struct Where {
    clauses: Vec<String>,
    pub args: Vec<Arg>,
}

impl Where {
    pub fn new(first: &str, arg: impl Into<Arg>) -> Self {
        Where { clauses: vec![first.to_owned()], args: vec![arg.into()] }
    }

    /// Adds a clause; `?` in it stands for the value, wherever it occurs.
    pub fn and(&mut self, clause: &str, arg: impl Into<Arg>) {
        self.args.push(arg.into());
        self.clauses.push(clause.replace('?', &format!("${}", self.args.len())));
    }

    /// Adds a clause with several values; each `?` stands for the next.
    pub fn and_each(&mut self, clause: &str, args: Vec<Arg>) {
        let mut clause = clause.to_owned();
        for arg in args {
            self.args.push(arg);
            clause = clause.replacen('?', &format!("${}", self.args.len()), 1);
        }
        self.clauses.push(clause);
    }

    pub fn and_some(&mut self, clause: &str, arg: Option<impl Into<Arg>>) {
        if let Some(arg) = arg {
            self.and(clause, arg);
        }
    }

    /// Adds a clause without a value.
    pub fn and_plain(&mut self, clause: &str) {
        self.clauses.push(clause.to_owned());
    }

    /// Finds `term` anywhere in one of the columns: as it is written, and without regard to case. SQLite folds the case of
    /// ASCII alone, so other letters are found in the case they are stored in.
    pub fn matches(&mut self, columns: &[&str], term: &str) {
        self.args.push(Arg::Text(like_pattern(term)));
        self.args.push(Arg::Text(like_pattern(&term.to_lowercase())));
        let (exact, folded) = (self.args.len() - 1, self.args.len());
        let either =
            |column: &&str| format!("{column} like ${exact} escape '\\' or lower({column}) like ${folded} escape '\\'");
        self.clauses.push(format!("({})", columns.iter().map(either).collect::<Vec<_>>().join(" or ")));
    }

    pub fn sql(&self) -> String {
        self.clauses.join(" and ")
    }
}

/// A `like` pattern that finds `term` anywhere.
pub(crate) fn like_pattern(term: &str) -> String {
    let mut pattern = String::from("%");
    for c in term.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

impl ListQuery {
    /// Rows before the page.
    pub(crate) fn offset(&self) -> u64 {
        u64::from(self.page_number) * u64::from(self.page_size)
    }

    /// `order by … limit … offset …`, with the columns of `tie` making the order total. Rows without a value come last.
    fn tail(&self, tie: &str, nullable: bool) -> String {
        let order = self.order.sql();
        let nulls = if nullable { " nulls last" } else { "" };
        let offset = self.offset();
        let tie = tie.replace(',', &format!(" {order},"));
        format!(" order by {} {order}{nulls}, {tie} {order} limit {} offset {offset}", self.sort, self.page_size)
    }
}

/// How many rows of `tables` a filter leaves.
pub(crate) async fn count(db: &Db, tables: &str, filter: &Where) -> Result<u64> {
    let sql = format!("select count(*) as total from {tables} where {}", filter.sql());
    let total = db.row(AssertSqlSafe(sql), filter.args.clone()).await?.map_or(Ok(0), |row| row.int("total"))?;
    Ok(total as u64)
}

/// Counts and reads one page of `columns` from `tables`.
pub(crate) async fn page<T>(
    db: &Db,
    columns: &str,
    tables: &str,
    filter: Where,
    query: &ListQuery,
    tie: &str,
    read: impl Fn(&crate::db::Row) -> Result<T>,
) -> Result<Page<T>> {
    let total = count(db, tables, &filter).await?;
    Ok(Page { items: items(db, columns, tables, filter, query, tie, read).await?, total })
}

/// Reads one page of `columns` from `tables`, for who knows how many there are.
pub(crate) async fn items<T>(
    db: &Db,
    columns: &str,
    tables: &str,
    filter: Where,
    query: &ListQuery,
    tie: &str,
    read: impl Fn(&crate::db::Row) -> Result<T>,
) -> Result<Vec<T>> {
    let nullable = !NEVER_NULL.iter().any(|column| query.sort.ends_with(column));
    let select = format!("select {columns} from {tables} where {}{}", filter.sql(), query.tail(tie, nullable));
    let rows = db.rows(AssertSqlSafe(select), filter.args).await?;
    rows.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_escape_what_like_would_read() {
        assert_eq!(like_pattern("50%_A\\"), "%50\\%\\_A\\\\%");
    }

    #[test]
    fn the_order_is_total() {
        let query = ListQuery { page_number: 2, page_size: 25, sort: "humanity", order: Order::Desc };
        assert_eq!(query.tail("id", true), " order by humanity desc nulls last, id desc limit 25 offset 50");
        assert_eq!(query.tail("type, id", false), " order by humanity desc, type desc, id desc limit 25 offset 50");
    }
}
