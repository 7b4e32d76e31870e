//! What a list of identities is filtered by, put as conditions of either database.

use crate::TeamId;
use crate::db::{Arg, args};
use crate::identities::{IdentityFilter, LabelChoice, ScoreRange};
use crate::identity_terms::{Term, and_term};
use crate::paging::{Where, like_pattern};

const LABELLED: &str = "labels l where l.team_id = $1 and l.is_current = 1";
const LABELLED_SO: &str = "labels l where l.team_id = $1 and l.is_current = 1 and l.kind = ?";

/// A filter of a team's identities.
pub(crate) struct Filter<'a> {
    pub team: &'a TeamId,
    pub asked: &'a IdentityFilter,
    pub term: Option<Term>,
    /// Those with a bound.
    pub scores: Vec<&'a ScoreRange>,
    /// The numbers that the team's identities may have.
    pub numbers: (i64, i64),
}

/// Where SQLite begins.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Source {
    /// What the search index finds.
    Hits,
    /// Every row of the team, one after the other.
    Rows,
    /// The index that has all scores.
    Scores,
    /// The index of the one score that is filtered by.
    Score,
    /// Whatever the filter names: a device, a badge, a label, a group.
    Named,
}

/// How a filter by something that identities have is put.
#[derive(Clone, Copy, PartialEq)]
enum Having {
    /// Beginning with those who have it.
    First,
    /// Asked of each.
    Each,
}

impl<'a> Filter<'a> {
    pub fn new(team: &'a TeamId, asked: &'a IdentityFilter, numbers: (i64, i64)) -> Self {
        let term = asked.term.as_deref().filter(|term| !term.is_empty()).map(Term::new);
        let scores = asked.scores.iter().filter(|range| range.min.is_some() || range.max.is_some()).collect();
        Filter { team, asked, term, scores, numbers }
    }

    /// How many kinds of filters there are.
    pub fn kinds(&self) -> usize {
        let asked = self.asked;
        let set = [
            self.term.is_some(),
            !self.scores.is_empty(),
            asked.disregarded.is_some(),
            asked.label.is_some(),
            asked.badge.is_some(),
            asked.device.is_some(),
            asked.group.is_some() || asked.group_type.is_some(),
        ];
        set.into_iter().filter(|set| *set).count()
    }

    /// Whether it is filtered by something that only some have.
    pub fn has_names(&self) -> bool {
        let asked = self.asked;
        let names = [&asked.badge, &asked.device, &asked.group, &asked.group_type];
        asked.label.is_some_and(|label| label != LabelChoice::None) || names.iter().any(|name| name.is_some())
    }

    /// What is asked on SQLite when one begins there.
    pub fn condition(&self, source: Source) -> Where {
        let mut condition = Where::new("i.team_id = $1", self.team);
        let numbers = args![self.numbers.0, self.numbers.1];
        match (source, &self.term) {
            (Source::Hits, Some(Term { phrase: Some(phrase), is_all, text })) => {
                condition.and("identity_search match ?", phrase);
                condition.and_each("identity_search.rowid between ? and ?", numbers);
                if !is_all {
                    condition.and("instr(i.search, ?) > 0", text);
                }
            }
            (Source::Rows, term) => {
                condition.and_each("i.n between ? and ?", numbers);
                term.iter().for_each(|term| and_term(&mut condition, term));
            }
            (_, term) => term.iter().for_each(|term| and_term(&mut condition, term)),
        }
        self.and_names(&mut condition, if source == Source::Named { Having::First } else { Having::Each });
        self.and_scores(&mut condition);
        condition
    }

    /// What is asked on SQLite of each one that one meets.
    pub fn condition_of_each(&self) -> Where {
        let mut condition = Where::new("i.team_id = $1", self.team);
        self.term.iter().for_each(|term| and_term(&mut condition, term));
        self.and_names(&mut condition, Having::Each);
        self.and_scores(&mut condition);
        condition
    }

    pub fn condition_on_postgres(&self, first: &str) -> Where {
        let mut condition = Where::new(first, self.team);
        if let Some(term) = &self.term {
            let texts = "identity_texts s where s.team_id = $1";
            condition.and(
                &format!(
                    "i.id in (select s.identity_id from {texts} and {} like ? escape '\\')",
                    term.searched("s.search")
                ),
                like_pattern(&term.text),
            );
        }
        self.and_names(&mut condition, Having::First);
        self.and_scores(&mut condition);
        condition
    }

    fn and_scores(&self, condition: &mut Where) {
        for range in &self.scores {
            let column = range.category.code().to_lowercase();
            condition.and_some(&format!("i.{column} >= ?"), range.min.map(i64::from));
            condition.and_some(&format!("i.{column} <= ?"), range.max.map(i64::from));
        }
        condition.and_some("i.disregarded = ?", self.asked.disregarded);
    }

    fn and_names(&self, condition: &mut Where, having: Having) {
        let asked = self.asked;
        let mut and = |owner: &str, held: &str, args: Vec<Arg>| match having {
            Having::First => condition.and_each(&format!("i.id in (select {owner} from {held})"), args),
            Having::Each => condition.and_each(&format!("exists (select 1 from {held} and {owner} = i.id)"), args),
        };
        if let Some(device) = &asked.device {
            let held = "identity_keys h where h.team_id = $1 and h.kind = 'device' and h.key = ?";
            and("h.identity_id", held, args![device]);
        }
        if let Some(badge) = &asked.badge {
            and("b.identity_id", "badges b where b.team_id = $1 and b.slug = ? and b.is_on = 1", args![badge]);
        }
        const MEMBERS: &str = "group_members m where m.team_id = $1";
        let group: Option<(&str, Vec<Arg>)> = match (&asked.group_type, &asked.group) {
            (Some(kind), Some(group)) => Some((" and m.type = ? and m.group_id = ?", args![kind, group])),
            (Some(kind), None) => Some((" and m.type = ?", args![kind])),
            (None, Some(group)) => Some((" and m.group_id = ?", args![group])),
            (None, None) => None,
        };
        if let Some((which, args)) = group {
            and("m.identity_id", &format!("{MEMBERS}{which}"), args);
        }
        match asked.label {
            Some(LabelChoice::Kind(kind)) => and("l.identity_id", LABELLED_SO, args![kind.code()]),
            Some(LabelChoice::Any) => and("l.identity_id", LABELLED, vec![]),
            Some(LabelChoice::None) => {
                condition.and_plain(&format!("not exists (select 1 from {LABELLED} and l.identity_id = i.id)"));
            }
            None => {}
        }
    }
}
