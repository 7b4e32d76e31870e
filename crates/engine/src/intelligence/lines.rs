//! Look-ups in sorted text: one row to a line, the key before the first tab, ordered by the bytes of the key.

use std::cmp::Ordering;

/// The rest of the row whose key is `key`: empty when the row is nothing but the key.
pub(super) fn find(text: &'static str, key: &str) -> Option<&'static str> {
    let bytes = text.as_bytes();
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let start = line_start(bytes, low, low + (high - low) / 2);
        let end = line_end(bytes, start);
        match compare(&bytes[start..end], key.as_bytes()) {
            Ordering::Equal => {
                return Some(split(text, start, end)).filter(|(found, _)| *found == key).map(|(_, rest)| rest);
            }
            Ordering::Less => low = end + 1,
            Ordering::Greater => high = start,
        }
    }
    None
}

/// Where a row lies to a key. The tab that ends a row's key comes before all that stands in one.
fn compare(row: &[u8], key: &[u8]) -> Ordering {
    let shared = row.len().min(key.len());
    let beginning = row[..shared].cmp(&key[..shared]);
    beginning.then_with(|| match row.get(key.len()) {
        None => row.len().cmp(&key.len()),
        Some(b'\t') => Ordering::Equal,
        Some(_) => Ordering::Greater,
    })
}

/// Whether a row has this key.
pub(super) fn contains(text: &'static str, key: &str) -> bool {
    find(text, key).is_some()
}

/// The rows whose key begins with `prefix`, as they lie.
pub(crate) fn beginning(text: &'static str, prefix: &str) -> &'static str {
    let bytes = text.as_bytes();
    let start = first_row(bytes, |row| row >= prefix.as_bytes());
    let end = first_row(bytes, |row| row >= prefix.as_bytes() && !row.starts_with(prefix.as_bytes()));
    text.get(start..end.max(start)).unwrap_or_default()
}

/// Start of the first row for which `holds` does, which it does for all that follow too.
fn first_row(bytes: &[u8], holds: impl Fn(&[u8]) -> bool) -> usize {
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let start = line_start(bytes, low, low + (high - low) / 2);
        let end = line_end(bytes, start);
        if holds(&bytes[start..end]) { high = start } else { low = (end + 1).min(bytes.len()) }
    }
    low
}

/// Start of the line that holds `middle`, not before `low`, which is itself the start of a line.
pub(super) fn line_start(bytes: &[u8], low: usize, middle: usize) -> usize {
    bytes[low..middle].iter().rposition(|&byte| byte == b'\n').map_or(low, |at| low + at + 1)
}

pub(super) fn line_end(bytes: &[u8], start: usize) -> usize {
    bytes[start..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |at| start + at)
}

/// Key and rest of the line between two offsets.
pub(super) fn split(text: &'static str, start: usize, end: usize) -> (&'static str, &'static str) {
    let line = text.get(start..end).unwrap_or_default();
    line.split_once('\t').unwrap_or((line, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_their_beginning() {
        let text = "a\t1\nab\t2\nabc\nb\nzoë\t3\n";
        for (prefix, rows) in [("", text), ("ab", "ab\t2\nabc\n"), ("zo", "zoë\t3\n"), ("c", ""), ("zz", "")] {
            assert_eq!(beginning(text, prefix), rows, "{prefix:?}");
        }
    }

    #[test]
    fn finds_every_row_and_nothing_else() {
        let text = "a\t1\nab\t2\nb\nzoë\t3\n";
        assert_eq!(find(text, "a"), Some("1"));
        assert_eq!(find(text, "ab"), Some("2"));
        assert_eq!(find(text, "b"), Some(""));
        assert_eq!(find(text, "zoë"), Some("3"));
        for missing in ["", "aa", "abc", "c", "zoe", "zz", "\n", "a\t1"] {
            assert_eq!(find(text, missing), None, "{missing:?}");
        }
        assert_eq!(find("", "a"), None);
        assert_eq!(find("only", "only"), Some(""));
    }
}
