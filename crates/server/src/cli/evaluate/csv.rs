//! CSV as RFC 4180 has it: cells may be quoted and then hold commas, quotes and line ends.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// A cell as it may stand in a file; ids are written by the people being judged.
pub fn cell(text: &str) -> Cow<'_, str> {
    let special = |c: char| matches!(c, ',' | '"' | '\n' | '\r');
    if text.contains(special) || text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        return Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")));
    }
    Cow::Borrowed(text)
}

/// A table whose cells are found by the name of their column, in whatever order the columns stand.
#[derive(Debug, Default, PartialEq)]
pub struct Table {
    columns: BTreeMap<String, usize>,
    rows: Vec<Vec<String>>,
}

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    table: &'a Table,
    cells: &'a [String],
}

impl Table {
    /// Reads a file whose first record names the columns. Empty lines are passed over.
    pub fn parse(text: &str) -> Table {
        let mut records = records(text.trim_start_matches('\u{feff}')).into_iter();
        let header = records.next().unwrap_or_default();
        let columns =
            header.iter().enumerate().map(|(place, name)| (name.trim().to_lowercase(), place)).rev().collect();
        Table { columns, rows: records.collect() }
    }

    /// Fails with a sentence when a column is missing.
    pub fn require(&self, columns: &[&str]) -> Result<(), String> {
        match columns.iter().find(|name| !self.columns.contains_key(**name)) {
            Some(missing) => Err(format!("the column `{missing}` is missing")),
            None => Ok(()),
        }
    }

    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { table: self, cells })
    }
}

impl<'a> Row<'a> {
    /// The cell of a column; empty where the row is too short or the column is not there.
    pub fn get(&self, column: &str) -> &'a str {
        let place = self.table.columns.get(column);
        place.and_then(|place| self.cells.get(*place)).map_or("", String::as_str)
    }

    /// 1 and true, in whatever case, are yes; everything else is no.
    pub fn flag(&self, column: &str) -> bool {
        matches!(self.get(column).trim().to_ascii_lowercase().as_str(), "1" | "1.0" | "true" | "yes")
    }
}

fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut record: Vec<String> = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            _ if quoted => field.push(c),
            '"' if field.is_empty() => quoted = true,
            ',' => record.push(std::mem::take(&mut field)),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' => end(&mut records, &mut record, &mut field),
            _ => field.push(c),
        }
    }
    end(&mut records, &mut record, &mut field);
    records
}

fn end(records: &mut Vec<Vec<String>>, record: &mut Vec<String>, field: &mut String) {
    if record.is_empty() && field.is_empty() {
        return;
    }
    record.push(std::mem::take(field));
    records.push(std::mem::take(record));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_and_quotes_are_undone() {
        let table = Table::parse("\u{feff}extra,ID_B , id_a\r\n1,\"x, \"\"y\"\"\nz\",a\r\n\r\n2,b\n");
        let rows: Vec<(&str, &str)> = table.rows().map(|row| (row.get("id_a"), row.get("id_b"))).collect();
        assert_eq!(rows, [("a", "x, \"y\"\nz"), ("", "b")]);
        assert!(table.require(&["id_a", "id_b"]).is_ok());
        assert!(table.require(&["kind"]).is_err_and(|why| why.contains("`kind`")));
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["plain", "a,b", "\"", "line\nend", "\r", " space ", "=cmd()", "'"] {
            let table = Table::parse(&format!("id,n\n{},1", cell(text)));
            let back: Vec<&str> = table.rows().map(|row| row.get("id")).collect();
            assert_eq!(back, [text]);
        }
        assert_eq!(cell("plain"), "plain");
    }

    #[test]
    fn flags_are_numbers_or_words() {
        let table = Table::parse("a,b,c,d,e\n1,true,0,False,\n");
        let flags: Vec<bool> =
            table.rows().flat_map(|row| ["a", "b", "c", "d", "e"].map(|name| row.flag(name))).collect();
        assert_eq!(flags, [true, true, false, false, false]);
    }

    #[test]
    fn an_empty_file_has_no_rows() {
        assert_eq!(Table::parse("").rows().count(), 0);
        assert_eq!(Table::parse("a,b").rows().count(), 0);
    }
}
