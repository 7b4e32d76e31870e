//! Lists of identities: filtered, searched, counted and sorted, however many a team has.
//!
//! What a team is counted for is looked up; the rest is counted over an index, never over rows. Which of them make the page is
//! then asked in the way that reads least: in the order they are sorted by, as long as one meets enough of them soon, else by
//! gathering what the filter leaves and sorting that. PostgreSQL knows by itself what to begin with; for SQLite it is said
//! here, since its planner is given fixed numbers.

use crate::TeamId;
use crate::db::{Batch, args};
use crate::error::Result;
use crate::identities::{Identity, IdentityFilter, LabelChoice};
use crate::identity_filters::{Filter, Source};
use crate::identity_terms::Term;
use crate::open::Store;
use crate::paging::{ListQuery, Order, Page, Where, count, like_pattern};
use dregs_engine::limits::CLOCK_AHEAD_MAX_MS;
use dregs_engine::score::Category;
use sqlx::AssertSqlSafe;

/// How much further than to be expected one goes on in that order: those who are alike were often seen at the same time.
const WALK_SLACK: u64 = 2;
/// Hits of a term are looked up one by one if they are less than one in so many: beyond, reading all rows is faster.
const HITS_SHARE: u64 = 4;
/// Bits of an identity's number below its team's ordinal.
pub(crate) const NUMBER_BITS: u32 = 40;

/// Up to where which way is taken: where they take about equally long, of a million.
struct Bounds {
    /// Rows that are looked at in the order of a list before what the filter leaves is gathered.
    walk_rows: u64,
    /// If a filter leaves no more than so many they are all fetched at once: they need not be counted, nor found again.
    few: u64,
    /// Identities with a score that are looked up one by one; of more than that the index that has all scores is read through.
    scored: u64,
    /// Of more than so many the page is looked for in the order of the list, however far that is: to gather them takes longer.
    gathered: u64,
}

const BOUNDS: Bounds = Bounds { walk_rows: 8_000, few: 5_000, scored: 50_000, gathered: 50_000 };

/// One of `IDENTITY_SORTS`: its column and the index that has its order on SQLite.
struct Sorting {
    column: &'static str,
    index: Option<&'static str>,
    is_text: bool,
    /// Where it is sorted by on PostgreSQL.
    on_postgres: Side,
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    /// `identities`, by an index that holds a value in every row.
    Filled,
    /// `identities`, by an index that has the highest first and those without a value last.
    HighestFirst,
    /// `identities`, without an index.
    Gathered,
    /// `identity_texts`, under this name.
    Texts(&'static str),
}

const fn sorting(column: &'static str, index: Option<&'static str>, is_text: bool, on_postgres: Side) -> Sorting {
    Sorting { column, index, is_text, on_postgres }
}

use Side::{Filled, Gathered, HighestFirst, Texts};

const SORTINGS: [Sorting; 12] = [
    sorting("i.updated_ms", Some("identities_updated"), false, Filled),
    sorting("i.created_ms", Some("identities_created"), false, Texts("t.created_ms")),
    sorting("i.last_tracked_ms", None, false, Gathered),
    sorting("i.last_scored_ms", None, false, Gathered),
    sorting("i.id", Some("identities_id"), true, Filled),
    sorting("i.display_name", Some("identities_name"), true, Texts("t.display_name")),
    sorting("i.display_email", Some("identities_email"), true, Texts("t.display_email")),
    sorting("i.display_username", Some("identities_username"), true, Texts("t.display_username")),
    sorting("i.humanity", Some("identities_humanity"), false, HighestFirst),
    sorting("i.authenticity", Some("identities_authenticity"), false, HighestFirst),
    sorting("i.uniqueness", Some("identities_uniqueness"), false, HighestFirst),
    sorting("i.behavior", Some("identities_behavior"), false, HighestFirst),
];

/// A list that is asked for.
struct List<'a> {
    filter: Filter<'a>,
    query: &'a ListQuery,
    sorting: &'a Sorting,
    bounds: &'a Bounds,
    /// Identities of the team.
    all: u64,
}

impl Store {
    pub async fn identities(
        &self,
        team: &TeamId,
        filter: &IdentityFilter,
        query: &ListQuery,
    ) -> Result<Page<Identity>> {
        self.identities_within(team, filter, query, &BOUNDS).await
    }

    async fn identities_within(
        &self,
        team: &TeamId,
        filter: &IdentityFilter,
        query: &ListQuery,
        bounds: &Bounds,
    ) -> Result<Page<Identity>> {
        let none = Page { items: Vec::new(), total: 0 };
        // No text that is stored holds a NUL.
        if filter.term.as_ref().is_some_and(|term| term.contains('\0')) {
            return Ok(none);
        }
        let counted = self
            .db
            .row("select identities, coalesce(ordinal, 0) as ordinal from team_counts where team_id = $1", args![team])
            .await?;
        let Some(counted) = counted else { return Ok(none) };
        let base = counted.int("ordinal")? << NUMBER_BITS;
        let list = List {
            filter: Filter::new(team, filter, (base, base + (1 << NUMBER_BITS) - 1)),
            query,
            bounds,
            sorting: SORTINGS.iter().find(|sorting| sorting.column == query.sort).unwrap_or(&SORTINGS[0]),
            all: counted.int("identities")?.max(0) as u64,
        };
        let (total, ids) = self.counted_page(&list).await?;
        Ok(Page { items: self.identities_in_order(team, &ids).await?, total })
    }

    /// How many a filter leaves, and whom the page has.
    async fn counted_page(&self, list: &List<'_>) -> Result<(u64, Vec<String>)> {
        let source = if self.db.is_postgres() { Source::Named } else { self.source(list).await? };
        let total = match self.known_total(list, source).await? {
            Some(total) => total,
            None => {
                let (tables, condition) = self.gathering(list, source);
                let few = self.ids_between(&tables, condition.clone(), "", list.bounds.few + 1, 0).await?;
                if few.len() as u64 <= list.bounds.few {
                    return Ok((few.len() as u64, self.page_of(list, &few).await?));
                }
                count(&self.db, &tables, &condition).await?
            }
        };
        if total <= list.query.offset() {
            return Ok((total, Vec::new()));
        }
        let ids = match self.latest(list, total).await? {
            Some(ids) => ids,
            None if self.db.is_postgres() => self.ids_on_postgres(list, total).await?,
            None => self.ids_on_sqlite(list, source, total).await?,
        };
        Ok((total, ids))
    }

    /// Who was tracked or scored last, if that can be told from those who changed last: nobody did anything much later than
    /// they last changed.
    async fn latest(&self, list: &List<'_>, total: u64) -> Result<Option<Vec<String>>> {
        let (query, column, rows) = (list.query, list.sorting.column, list.bounds.walk_rows);
        let is_asked = matches!(column, "i.last_tracked_ms" | "i.last_scored_ms") && query.order == Order::Desc;
        let wanted = u64::from(query.page_size).min(total - query.offset());
        if !is_asked || list.filter.kinds() > 0 || query.offset() + wanted >= rows {
            return Ok(None);
        }
        let index = if self.db.is_postgres() { "" } else { "indexed by identities_updated" };
        let changed = format!("from identities w {index} where w.team_id = $1 order by w.updated_ms desc, w.id desc");
        let tables = format!("(select w.id, w.last_tracked_ms, w.last_scored_ms {changed} limit {rows}) i");
        let before = format!("(select w.updated_ms {changed} limit 1 offset {})", rows - 1);
        let sure = Where::new(&format!("{column} > {CLOCK_AHEAD_MAX_MS} + {before}"), list.filter.team);
        let found = self.ids(list, &tables, sure, &list.order_of_gathered()).await?;
        Ok((found.len() as u64 == wanted).then_some(found))
    }

    /// Where and by what all that a filter leaves is found.
    fn gathering(&self, list: &List<'_>, source: Source) -> (String, Where) {
        match self.db.is_postgres() {
            true => ("identities i".into(), list.filter.condition_on_postgres("i.team_id = $1")),
            false => (list.tables(source), list.filter.condition(source)),
        }
    }

    /// The page of those who are given.
    async fn page_of(&self, list: &List<'_>, ids: &[String]) -> Result<Vec<String>> {
        if ids.len() as u64 <= list.query.offset() {
            return Ok(Vec::new());
        }
        let mut condition = Where::new("i.team_id = $1", list.filter.team);
        condition.args.push(ids.iter().map(|id| (id,)).collect::<Batch>().into());
        condition.and_plain("i.id = j.value->>0");
        self.ids(list, "json_each($2) j cross join identities i", condition, &list.order_of_gathered()).await
    }

    /// What SQLite begins with to find all that a filter leaves.
    async fn source(&self, list: &List<'_>) -> Result<Source> {
        let named = list.filter.has_names();
        match &list.filter.term {
            Some(Term { phrase: Some(_), is_all, .. }) => {
                let few = (*is_all && list.filter.kinds() == 1) || self.hits(list).await? <= list.all / HITS_SHARE;
                Ok(if few { Source::Hits } else { Source::Rows })
            }
            Some(_) if !named => Ok(Source::Rows),
            _ if named => Ok(Source::Named),
            _ if list.filter.scores.len() == 1 && list.filter.asked.disregarded.is_none() => Ok(Source::Score),
            _ => Ok(Source::Scores),
        }
    }

    /// How many the search index finds.
    async fn hits(&self, list: &List<'_>) -> Result<u64> {
        let Some(phrase) = list.filter.term.as_ref().and_then(|term| term.phrase.as_ref()) else { return Ok(0) };
        let mut hits = Where::new("identity_search match $1", phrase);
        hits.and_each("identity_search.rowid between ? and ?", args![list.filter.numbers.0, list.filter.numbers.1]);
        count(&self.db, "identity_search", &hits).await
    }

    /// How many a filter leaves, where that is kept or short to count.
    async fn known_total(&self, list: &List<'_>, source: Source) -> Result<Option<u64>> {
        let filter = list.filter.asked;
        match list.filter.kinds() {
            0 => return Ok(Some(list.all)),
            1 => {}
            _ => return Ok(None),
        }
        if let Some(disregarded) = filter.disregarded {
            let mut few = Where::new("i.team_id = $1", list.filter.team);
            few.and_plain("i.disregarded = 1");
            let few = count(&self.db, "identities i", &few).await?;
            return Ok(Some(if disregarded { few } else { list.all.saturating_sub(few) }));
        }
        if let Some(badge) = &filter.badge {
            let mut held = Where::new("b.team_id = $1", list.filter.team);
            held.and("b.slug = ? and b.is_on = 1", badge);
            return count(&self.db, "badges b", &held).await.map(Some);
        }
        if let Some(label) = filter.label {
            let mut labelled = Where::new("l.team_id = $1", list.filter.team);
            labelled.and_plain("l.is_current = 1");
            if let LabelChoice::Kind(kind) = label {
                labelled.and("l.kind = ?", kind.code());
            }
            // The few that have one are counted, not the many that have none.
            let few = count(&self.db, "labels l", &labelled).await?;
            return Ok(Some(if label == LabelChoice::None { list.all.saturating_sub(few) } else { few }));
        }
        match &list.filter.term {
            Some(term) if self.db.is_postgres() => {
                let mut texts = Where::new("t.team_id = $1", list.filter.team);
                texts.and(&format!("{} like ? escape '\\'", term.searched("t.search")), like_pattern(&term.text));
                count(&self.db, "identity_texts t", &texts).await.map(Some)
            }
            Some(term) if source == Source::Hits && term.is_all => self.hits(list).await.map(Some),
            None if source == Source::Score => {
                count(&self.db, &list.tables(source), &list.filter.condition(source)).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    async fn ids_on_sqlite(&self, list: &List<'_>, source: Source, total: u64) -> Result<Vec<String>> {
        let (query, by) = (list.query, list.sorting);
        let is_rare =
            source == Source::Score && total <= list.bounds.scored && list.rows_to_walk(total) > list.bounds.walk_rows;
        if list.is_covered() && by.column == "i.updated_ms" && !is_rare {
            // The index by that has what is filtered by, too.
            return self
                .ids(list, &list.tables(Source::Scores), list.filter.condition(Source::Scores), &list.order())
                .await;
        }
        if let (0, Some(index)) = (list.filter.kinds(), by.index) {
            let tables = format!("identities i indexed by {index}");
            return self.ids(list, &tables, Where::new("i.team_id = $1", list.filter.team), &list.order()).await;
        }
        let wanted = u64::from(query.page_size).min(total - query.offset());
        if let (true, Some(index)) = (list.rows_to_walk(total) <= list.bounds.walk_rows, by.index) {
            let near = by.column.replacen("i.", "w.", 1);
            let direction = query.order.sql();
            let tables = format!(
                "(select w.n from identities w indexed by {index} where w.team_id = $1
                   order by {near} {direction} nulls last, w.id {direction} limit {}) near cross join identities i on i.n = near.n",
                list.rows_to_walk(total)
            );
            let found = self.ids(list, &tables, list.filter.condition_of_each(), &list.order_of_gathered()).await?;
            if found.len() as u64 == wanted {
                return Ok(found);
            }
        }
        if let (true, Some(index)) = (total > list.bounds.gathered && !list.is_gathered_over_an_index(), by.index) {
            let tables = format!("identities i indexed by {index}");
            return self.ids(list, &tables, list.filter.condition_of_each(), &list.order()).await;
        }
        let source = if source == Source::Score && total > list.bounds.scored { Source::Scores } else { source };
        self.ids(list, &list.tables(source), list.filter.condition(source), &list.order_of_gathered()).await
    }

    async fn ids_on_postgres(&self, list: &List<'_>, total: u64) -> Result<Vec<String>> {
        let query = list.query;
        let (tables, first) = list.tables_on_postgres();
        let is_walked = list.rows_to_walk(total) <= list.bounds.walk_rows || list.filter.kinds() == 0;
        let column = match list.sorting.on_postgres {
            Texts(column) => column,
            _ => list.sorting.column,
        };
        let nullable = !matches!(column, "i.updated_ms" | "i.id" | "t.created_ms");
        let condition = list.filter.condition_on_postgres(first);
        if !is_walked || list.sorting.on_postgres == Gathered {
            return self.ids(list, tables, condition, &list.order_of_gathered()).await;
        }
        let direction = query.order.sql();
        let tie = if column.starts_with("t.") { "t.identity_id" } else { "i.id" };
        if !nullable {
            let order = format!("{column} {direction}, {tie} {direction}");
            return self.ids(list, tables, condition, &order).await;
        }
        if query.order == Order::Desc {
            return self.ids(list, tables, condition, &format!("{column} desc nulls last, {tie} desc")).await;
        }
        // The index has those without a value first that way: they are asked for by themselves, after the others.
        let mut valued = condition.clone();
        valued.and_plain(&format!("{column} is not null"));
        let mut found = self.ids(list, tables, valued.clone(), &format!("{column} asc nulls first, {tie} asc")).await?;
        let missing = u64::from(query.page_size) - found.len() as u64;
        if missing > 0 {
            let before = count(&self.db, tables, &valued).await?;
            let mut valueless = condition;
            valueless.and_plain(&format!("{column} is null"));
            let offset = (query.offset() + found.len() as u64).saturating_sub(before);
            found.extend(self.ids_between(tables, valueless, &format!("{tie} asc"), missing, offset).await?);
        }
        Ok(found)
    }

    async fn ids(&self, list: &List<'_>, tables: &str, condition: Where, order: &str) -> Result<Vec<String>> {
        self.ids_between(tables, condition, order, u64::from(list.query.page_size), list.query.offset()).await
    }

    async fn ids_between(
        &self,
        tables: &str,
        condition: Where,
        order: &str,
        limit: u64,
        offset: u64,
    ) -> Result<Vec<String>> {
        let order = if order.is_empty() { String::new() } else { format!("order by {order}") };
        let sql = format!("select i.id from {tables} where {} {order} limit {limit} offset {offset}", condition.sql());
        self.db.rows(AssertSqlSafe(sql), condition.args).await?.iter().map(|row| row.text("id")).collect()
    }
}

impl List<'_> {
    /// Whether the index that has all scores has all that is filtered by.
    fn is_covered(&self) -> bool {
        self.filter.term.is_none() && !self.filter.has_names() && self.filter.asked.label.is_none()
    }

    /// Whether the index that has all scores has all that is filtered and sorted by.
    fn is_gathered_over_an_index(&self) -> bool {
        self.is_covered() && !self.sorting.is_text && self.sorting.column != "i.created_ms"
    }

    /// How many rows one is likely to meet in the order of the list before the page is full, and some more.
    fn rows_to_walk(&self, total: u64) -> u64 {
        let wanted = (self.query.offset() + u64::from(self.query.page_size)).min(total);
        wanted.saturating_mul(WALK_SLACK).saturating_mul(self.all).checked_div(total).unwrap_or(u64::MAX)
    }

    fn tables(&self, source: Source) -> String {
        match source {
            Source::Hits => "identity_search cross join identities i on i.n = identity_search.rowid".into(),
            Source::Rows => "identities i not indexed".into(),
            Source::Scores => "identities i indexed by identities_updated".into(),
            Source::Score => {
                let column =
                    self.filter.scores.first().map_or(Category::ALL[0], |range| range.category).code().to_lowercase();
                format!("identities i indexed by identities_{column}")
            }
            Source::Named => "identities i".into(),
        }
    }

    fn tables_on_postgres(&self) -> (&'static str, &'static str) {
        match self.sorting.on_postgres {
            Texts(_) => (
                "identity_texts t join identities i on i.team_id = t.team_id and i.id = t.identity_id",
                "t.team_id = $1",
            ),
            _ => ("identities i", "i.team_id = $1"),
        }
    }

    /// The order of the list, as the index has it.
    fn order(&self) -> String {
        let (column, direction) = (self.sorting.column, self.query.order.sql());
        format!("{column} {direction} nulls last, i.id {direction}")
    }

    /// The same, in words that hide it from indexes.
    fn order_of_gathered(&self) -> String {
        let (column, direction) = (self.sorting.column, self.query.order.sql());
        let same = if self.sorting.is_text { "|| ''" } else { "+ 0" };
        format!("{column} {same} {direction} nulls last, i.id {direction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identities::{IDENTITY_SORTS, ScoreRange};

    #[test]
    fn every_sort_of_identities_has_its_place() {
        let (sorts, places) = (IDENTITY_SORTS.iter().map(|(_, column)| *column), SORTINGS.iter());
        assert!(sorts.eq(places.map(|sorting| sorting.column)));
    }

    /// Bounds that a handful of identities reach.
    const SMALL: [Bounds; 3] = [
        Bounds { walk_rows: 0, few: 0, scored: 0, gathered: 1_000 },
        Bounds { walk_rows: 20, few: 3, scored: 5, gathered: 1_000 },
        Bounds { walk_rows: 20, few: 3, scored: 5, gathered: 10 },
    ];

    fn person(n: u8) -> crate::IdentityWrite {
        crate::IdentityWrite {
            id: format!("person-{n:02}"),
            before: None,
            version: 1,
            display_name: (!n.is_multiple_of(5)).then(|| format!("{} {n}", ["Maria", "王伟"][usize::from(n / 20)])),
            display_email: None,
            display_username: None,
            scores: [Some(n), (!n.is_multiple_of(3)).then_some(n % 7), None, Some(50)],
            created_ms: i64::from(n / 4),
            updated_ms: i64::from(n / 3),
            last_tracked_ms: None,
            last_scored_ms: Some(i64::from(n % 11)),
            due_ms: None,
            cycles: 1,
            body: dregs_engine::profile::Profile::default().to_json(),
            trace: "{}".into(),
        }
    }

    async fn forty(store: &Store, team: &TeamId) {
        let written = (0..40).map(person).collect();
        store.commit(team, &crate::Commit { identities: written, ..crate::Commit::default() }).await.unwrap();
    }

    #[tokio::test]
    async fn every_way_leads_to_the_same_page() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("dregs.db").display())).await.unwrap();
        let team = TeamId::new("team");
        forty(&store, &team).await;
        let range = |category, min, max| ScoreRange { category, min, max };
        let (high, some) = (range(Category::Humanity, Some(9), None), range(Category::Authenticity, None, Some(4)));
        for term in [None, Some("maria"), Some("王伟"), Some("伟 3"), Some("person")] {
            for scores in [vec![], vec![high], vec![high, some]] {
                let filter = IdentityFilter { term: term.map(str::to_owned), scores, ..IdentityFilter::default() };
                for (_, sort) in IDENTITY_SORTS {
                    for (order, page_number) in [(Order::Asc, 0), (Order::Desc, 1), (Order::Desc, 9)] {
                        let query = ListQuery { page_number, page_size: 4, sort, order };
                        let usual = store.identities(&team, &filter, &query).await.unwrap();
                        for small in &SMALL {
                            let other = store.identities_within(&team, &filter, &query, small).await.unwrap();
                            assert_eq!(usual, other, "{filter:?} {query:?}");
                        }
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn who_was_seen_last_is_found_among_those_who_changed_last() {
        const HOUR_MS: i64 = 3_600_000;
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("dregs.db").display())).await.unwrap();
        let team = TeamId::new("team");
        let written = (0..40_i64).map(|n| crate::IdentityWrite {
            updated_ms: n * HOUR_MS,
            // Some were only scored again.
            last_tracked_ms: Some((n - n % 5 * 7).max(0) * HOUR_MS),
            ..person(n as u8)
        });
        let commit = crate::Commit { identities: written.collect(), ..crate::Commit::default() };
        store.commit(&team, &commit).await.unwrap();
        let filter = IdentityFilter::default();
        let list = |page_number| ListQuery { page_number, page_size: 4, sort: "i.last_tracked_ms", order: Order::Desc };
        for page_number in 0..11 {
            let gathered = store.identities_within(&team, &filter, &list(page_number), &SMALL[0]).await.unwrap();
            let found = store.identities_within(&team, &filter, &list(page_number), &SMALL[1]).await.unwrap();
            assert_eq!(gathered, found, "{page_number}");
        }
        let first = store.identities_within(&team, &filter, &list(0), &SMALL[1]).await.unwrap();
        let ids: Vec<&str> = first.items.iter().map(|found| found.id.as_str()).collect();
        assert_eq!(ids, ["person-35", "person-30", "person-36", "person-25"]);
    }
}
