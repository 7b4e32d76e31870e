//! The report as aligned tables.

use super::Report;
use super::judging::{HardKind, Judgement, LinkKind, PairsJudged, Reason};
use super::measures::{BCubed, Quality};
use std::fmt::{self, Display, Write};

/// Reasons shown in one line of a table; JSON has them all.
const REASONS_SHOWN: usize = 2;

impl Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replayed = &self.replayed;
        writeln!(
            out,
            "{} events of {} identities in {:.1} s: {:.0} events/s, {} assessments without an event",
            replayed.events, self.identities, replayed.seconds, replayed.events_per_second, replayed.rescored
        )?;
        if self.filled_in > 0 {
            writeln!(out, "{} events had no id or time of their own", self.filled_in)?;
        }
        if self.bad_lines.count > 0 {
            writeln!(out, "{} lines or events could not be used:", self.bad_lines.count)?;
            for (line, why) in &self.bad_lines.first {
                writeln!(out, "  line {line}: {}", plain(why))?;
            }
        }
        if let Some(why) = &replayed.first_failure {
            writeln!(out, "{} subjects could not be processed; the first: {}", replayed.failed, plain(why))?;
        }
        if replayed.unsettled > 0 {
            let first: Vec<String> = replayed.unsettled_first.iter().map(|id| plain(id)).collect();
            writeln!(out, "{} identities send each other round for ever: {}", replayed.unsettled, first.join(" "))?;
        }
        self.judgement.as_ref().map_or(Ok(()), |judgement| print(judgement, out))
    }
}

fn print(judgement: &Judgement, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    if judgement.unseen > 0 {
        writeln!(out, "{} of {} labelled identities are not in the events", judgement.unseen, judgement.labelled)?;
    }
    if !judgement.dimensions.is_empty() {
        dimensions(judgement).fmt(out)?;
        abuse(judgement).fmt(out)?;
        honest(judgement).fmt(out)?;
    }
    if let Some(judged) = &judgement.pairs {
        pairs(judged).fmt(out)?;
        rings(judgement).fmt(out)?;
    }
    if !judgement.hard_pairs.is_empty() {
        hard(&judgement.hard_pairs).fmt(out)?;
    }
    Ok(())
}

fn dimensions(judgement: &Judgement) -> Grid {
    let mut grid = Grid::new("scores", &["", "bad", "AUC", "AP", "P<50", "R<50", "P<25", "R<25"]);
    for found in &judgement.dimensions {
        let mut row =
            vec![found.name.clone(), found.bad.to_string(), decimal(found.auc), decimal(found.average_precision)];
        row.extend(found.below.iter().flat_map(|at| [percent(at.precision), percent(at.recall)]));
        grid.row(row);
    }
    grid
}

fn abuse(judgement: &Judgement) -> Grid {
    let head = ["", "tier", "n", "own<50", "any<50", "hum", "auth", "uniq", "beh", "missed: held up by"];
    let mut grid = Grid::new("abuse: share found, median scores", &head);
    for found in &judgement.abuse {
        let mut row = vec![plain(&found.class), plain(&found.tier), found.count.to_string()];
        row.extend([percent(Some(found.recall_own)), percent(Some(found.recall_any))]);
        row.extend(found.median_scores.map(score));
        row.push(reasons(&found.held_up_by));
        grid.row(row);
    }
    grid
}

fn honest(judgement: &Judgement) -> Grid {
    let head = ["", "n", "hum", "auth", "uniq", "beh", "any<50", "any<25", "pulled down by", "worst"];
    let mut grid = Grid::new("honest: share wrongly below 50", &head);
    for found in &judgement.honest {
        let mut row = vec![plain(&found.class), found.count.to_string()];
        row.extend(found.below_50.map(|share| percent(Some(share))));
        row.extend([
            percent(Some(found.any_below_50)),
            percent(Some(found.any_below_25)),
            reasons(&found.pulled_down_by),
        ]);
        let worst: Vec<String> = match found.any_below_50 > 0.0 {
            true => found.worst.iter().map(|worst| plain(&worst.identity)).collect(),
            false => Vec::new(),
        };
        row.push(worst.join(" "));
        grid.row(row);
    }
    grid
}

fn pairs(judged: &PairsJudged) -> Grid {
    let title = format!(
        "pairs: {} labelled, {} linked, AP {}",
        judged.labelled,
        judged.linked,
        decimal(judged.average_precision)
    );
    let mut grid = Grid::new(&title, &["at", "precision", "recall", "F1", "caught"]);
    let mut add = |name: String, at: &Quality| {
        grid.row(vec![name, decimal(at.precision), decimal(at.recall), decimal(at.f1), at.caught.to_string()]);
    };
    judged.at.iter().for_each(|at| add(format!("{:.2}", at.threshold), at));
    add(format!("best {:.2}", judged.best.threshold), &judged.best);
    let mut note = |what: &str, text: String| {
        if !text.is_empty() {
            grid.notes.push(format!("{what}: {text}"));
        }
    };
    note("false by", links(&judged.false_by));
    note("false between", reasons(&judged.false_between));
    note("missed in", reasons(&judged.missed_in));
    grid
}

fn rings(judgement: &Judgement) -> Grid {
    let mut grid = Grid::new("rings: B³", &["at", "over", "members", "precision", "recall", "F1", "largest", "truly"]);
    for found in &judgement.rings {
        for (over, b3) in [("everybody", &found.everybody), ("in rings", &found.in_rings)] {
            let BCubed { members, precision, recall, f1 } = b3;
            let mut row = vec![format!("{:.2}", found.threshold), over.into(), members.to_string()];
            row.extend([precision, recall, f1].map(|value| decimal(Some(*value))));
            row.extend([found.largest_found.to_string(), found.largest_true.to_string()]);
            grid.row(row);
        }
    }
    grid
}

fn hard(kinds: &[HardKind]) -> Grid {
    let mut grid = Grid::new("hard pairs: share taken for one person", &["", "n", "≥0.5", "≥0.9", "by"]);
    for kind in kinds {
        let rates = [kind.false_at_50, kind.false_at_90].map(|rate| percent(Some(rate)));
        let mut row = vec![plain(&kind.kind), kind.count.to_string()];
        row.extend(rates);
        row.push(links(&kind.false_by));
        grid.row(row);
    }
    grid
}

fn reasons(reasons: &[Reason]) -> String {
    let shown: Vec<String> = reasons
        .iter()
        .take(REASONS_SHOWN)
        .map(|reason| format!("{} {}", reason.count, plain(&reason.analyzer)))
        .collect();
    shown.join(", ")
}

fn links(kinds: &[LinkKind]) -> String {
    let shown = kinds.iter().take(REASONS_SHOWN).map(|kind| {
        let holders = kind.median_holders.map(|holders| format!(", {holders} holders")).unwrap_or_default();
        format!("{} {} ({:.2}{holders})", kind.count, plain(&kind.evidence), kind.median_score)
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn decimal(value: Option<f64>) -> String {
    value.map_or("—".into(), |value| format!("{value:.3}"))
}

fn percent(share: Option<f64>) -> String {
    share.map_or("—".into(), |share| format!("{:.1}%", share * 100.0))
}

fn score(score: Option<u8>) -> String {
    score.map_or("—".into(), |score| score.to_string())
}

/// Text written by the people being judged, made harmless for a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '·' } else { c }).collect()
}

/// Rows under a heading; numbers stand to the right, the first and the last column to the left.
struct Grid {
    title: String,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

impl Grid {
    fn new(title: &str, head: &[&str]) -> Self {
        let head = head.iter().map(|name| (*name).to_owned()).collect();
        Grid { title: title.to_owned(), rows: vec![head], notes: Vec::new() }
    }

    fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Whether a column holds words.
    fn is_text(&self, column: usize) -> bool {
        let number =
            |cell: &String| cell.trim_end_matches('%').parse::<f64>().is_ok() || cell == "—" || cell.is_empty();
        !self.rows.iter().skip(1).filter_map(|row| row.get(column)).all(number)
    }
}

impl Display for Grid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "\n{}", self.title)?;
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let wide =
            |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        let widths: Vec<(usize, bool)> =
            (0..columns).map(|column| (wide(column).unwrap_or(0), self.is_text(column))).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, (width, text)) in row.iter().zip(&widths) {
                match text {
                    true => write!(line, "  {cell:<width$}")?,
                    false => write!(line, "  {cell:>width$}")?,
                }
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        self.notes.iter().try_for_each(|note| writeln!(out, "  {note}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_control_characters_are_gone() {
        let mut grid = Grid::new("title", &["", "n", "share"]);
        grid.row(vec![plain("a\u{1b}[31m"), "7".into(), percent(Some(0.5))]);
        grid.row(vec!["long name".into(), "1234".into(), percent(None)]);
        assert_eq!(
            grid.to_string(),
            "\ntitle\n                n  share\n  a·[31m        7  50.0%\n  long name  1234      —\n"
        );
    }
}
