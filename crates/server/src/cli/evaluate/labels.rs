//! Who is who, from the label files.

use super::csv::Table;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A pair of identities, lower id first.
pub type Pair = (String, String);

#[derive(Debug, Default)]
pub struct Labels {
    /// None when the file is missing; the same for the others.
    pub identities: Option<BTreeMap<String, Label>>,
    pub pairs: Option<BTreeSet<Pair>>,
    pub hard: Option<BTreeMap<Pair, String>>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Label {
    pub abuser: bool,
    pub classes: Vec<String>,
    pub tier: String,
    /// In the order of `Category::ALL`.
    pub bad: [bool; 4],
}

impl Label {
    /// Its classes; someone without one is ordinary.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        let ordinary = self.classes.is_empty().then_some("ordinary");
        self.classes.iter().map(String::as_str).chain(ordinary)
    }
}

const BAD: [&str; 4] = ["humanity_bad", "authenticity_bad", "uniqueness_bad", "behavior_bad"];

impl Labels {
    /// Reads what is there in a folder.
    ///
    /// # Errors
    /// A sentence that names the file: unreadable, without a needed column, or nothing there at all.
    pub fn read(folder: &Path) -> Result<Labels, String> {
        let labels = Labels {
            identities: table(folder, "labels_identities.csv", &["identity"])?.map(|table| identities(&table)),
            pairs: table(folder, "labels_pairs.csv", &["id_a", "id_b"])?
                .map(|table| pairs(&table).into_keys().collect()),
            hard: table(folder, "labels_hard.csv", &["id_a", "id_b"])?.map(|table| pairs(&table)),
        };
        if labels.identities.is_none() && labels.pairs.is_none() && labels.hard.is_none() {
            return Err(format!(
                "{} holds no labels_identities.csv, labels_pairs.csv or labels_hard.csv",
                folder.display()
            ));
        }
        Ok(labels)
    }

    /// Whether an identity is one the labels speak of; without a list of identities everybody is.
    pub fn knows(&self, id: &str) -> bool {
        self.identities.as_ref().is_none_or(|labels| labels.contains_key(id))
    }
}

fn table(folder: &Path, name: &str, columns: &[&str]) -> Result<Option<Table>, String> {
    let path = folder.join(name);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
    };
    let table = Table::parse(&String::from_utf8_lossy(&bytes));
    table.require(columns).map_err(|why| format!("{}: {why}", path.display()))?;
    Ok(Some(table))
}

fn identities(table: &Table) -> BTreeMap<String, Label> {
    let label = |row: super::csv::Row<'_>| {
        let classes =
            row.get("classes").split('|').map(str::trim).filter(|class| !class.is_empty() && *class != "none");
        let label = Label {
            abuser: row.flag("abuser"),
            classes: classes.map(str::to_owned).collect(),
            tier: row.get("tier").trim().to_owned(),
            bad: BAD.map(|column| row.flag(column)),
        };
        (row.get("identity").to_owned(), label)
    };
    table.rows().map(label).filter(|(id, _)| !id.is_empty()).collect()
}

/// Pairs with their kind, each once whichever way round it is written.
fn pairs(table: &Table) -> BTreeMap<Pair, String> {
    let rows = table.rows().map(|row| (ordered(row.get("id_a"), row.get("id_b")), row.get("kind").trim().to_owned()));
    rows.filter(|((a, b), _)| !a.is_empty() && a != b).collect()
}

pub fn ordered(a: &str, b: &str) -> Pair {
    if a <= b { (a.to_owned(), b.to_owned()) } else { (b.to_owned(), a.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_by_their_headers_and_may_be_missing() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Labels::read(folder.path()).is_err());
        let text =
            "tier,identity,abuser,classes,uniqueness_bad,note\nexpert,\"a,1\",TRUE,trial_farm|bot,1,x\n,b,0,,0,\n";
        std::fs::write(folder.path().join("labels_identities.csv"), text).unwrap();
        std::fs::write(folder.path().join("labels_pairs.csv"), "id_b,id_a\na,z\nz,a\nq,q\n").unwrap();
        let labels = Labels::read(folder.path()).unwrap();
        let identities = labels.identities.as_ref().unwrap();
        assert_eq!(identities["a,1"].bad, [false, false, true, false]);
        assert_eq!(identities["a,1"].classes, ["trial_farm", "bot"]);
        assert_eq!(identities["b"].classes().collect::<Vec<_>>(), ["ordinary"]);
        assert_eq!(labels.pairs.as_ref().unwrap().iter().collect::<Vec<_>>(), [&ordered("z", "a")]);
        assert!(labels.hard.is_none() && labels.knows("b") && !labels.knows("c"));
    }

    #[test]
    fn a_missing_column_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("labels_pairs.csv"), "a,b\n1,2\n").unwrap();
        assert!(
            Labels::read(folder.path()).is_err_and(|why| why.contains("labels_pairs.csv") && why.contains("`id_a`"))
        );
    }
}
