//! Events from a file that somebody else wrote: what cannot be used is counted and named, never fatal.
//!
//! The file is read twice. First every line is looked at for its time, and only where it stands is kept; then the events
//! are read again in the order of their times. So a file of a million events costs some megabytes.

use crate::cli::terminal::progress;
use dregs_engine::event::{Event, Intake, parse_time_ms};
use dregs_engine::limits::{BODY_BYTES_MAX, EVENT_BYTES_MAX, TIMESTAMP_MIN_MS};
use dregs_engine::rejection::Rejection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Bad lines that are named; all are counted.
const NAMED_MAX: usize = 10;
/// Where time starts in a file that never says: 2026-01-01T00:00:00Z.
const START_MS: i64 = 1_767_225_600_000;
/// Later times are mistakes: 2090-01-01T00:00:00Z.
const TIMESTAMP_MAX_MS: i64 = 3_786_912_000_000;

/// Lines that could not be used.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct BadLines {
    pub count: usize,
    /// The first of them by line number, counted from 1, and why.
    pub first: BTreeMap<usize, String>,
}

impl BadLines {
    fn add(&mut self, line: usize, why: String) {
        self.count += 1;
        self.first.entry(line).or_insert(why);
        if self.first.len() > NAMED_MAX {
            self.first.pop_last();
        }
    }
}

/// Where an event stands in the file.
#[derive(Debug, Clone, Copy)]
struct Place {
    at_ms: i64,
    offset: u64,
    bytes: u32,
    line: u32,
}

/// The events of a file in the order of their times.
pub struct Events {
    file: BufReader<File>,
    /// Where the file is read next.
    offset: u64,
    places: std::vec::IntoIter<Place>,
    pub bad: BadLines,
    /// Events without an id or time of their own.
    pub filled_in: usize,
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    timestamp: Option<Value>,
}

impl Events {
    pub fn open(path: &Path) -> io::Result<Events> {
        let file = File::open(path)?;
        let bar = progress(file.metadata()?.len(), "reading");
        let mut index = Index::default();
        let mut lines = Lines { file: BufReader::new(file), offset: 0, text: Vec::new() };
        while let Some(line) = lines.next()? {
            index.add(&lines.text, line);
            bar.set_position(lines.offset);
        }
        bar.finish_and_clear();
        let (places, bad) = index.finish();
        let mut file = lines.file;
        file.seek(SeekFrom::Start(0))?;
        Ok(Events { file, offset: 0, places: places.into_iter(), bad, filled_in: 0 })
    }

    /// Events that may be left, some of them unusable.
    pub fn left(&self) -> usize {
        self.places.len()
    }

    /// The next event that can be used.
    pub fn next(&mut self) -> io::Result<Option<Event>> {
        while let Some(place) = self.places.next() {
            match self.read(place)? {
                Ok(event) => return Ok(Some(event)),
                Err(why) => self.bad.add(place.line as usize, why),
            }
        }
        Ok(None)
    }

    fn read(&mut self, place: Place) -> io::Result<Result<Event, String>> {
        self.file.seek_relative(place.offset as i64 - self.offset as i64)?;
        let mut bytes = vec![0; place.bytes as usize];
        self.file.read_exact(&mut bytes)?;
        self.offset = place.offset + u64::from(place.bytes);
        Ok(self.parse(&bytes, place))
    }

    /// An event as a server would have taken it from a secret key at its own time.
    fn parse(&mut self, bytes: &[u8], place: Place) -> Result<Event, String> {
        if bytes.len() > EVENT_BYTES_MAX {
            return Err(format!("the event is larger than {EVENT_BYTES_MAX} bytes"));
        }
        let body: Value = serde_json::from_slice(bytes).map_err(|error| format!("not readable JSON: {error}"))?;
        let absent = |field: &str| body.get(field).is_none_or(Value::is_null);
        self.filled_in += usize::from(absent("id") || absent("timestamp"));
        let intake = Intake {
            now_ms: place.at_ms,
            trusted: true,
            // Two events of one line stand at different places.
            fallback_id: format!("line-{}-{}", place.line, place.offset),
            ..Intake::default()
        };
        Event::parse(body, &intake).map_err(|rejection| match rejection {
            Rejection::Invalid(why) => why,
            Rejection::Quiet(fate) => format!("a server would not record it: {}", fate.code()),
        })
    }
}

/// Lines of bounded length.
struct Lines {
    file: BufReader<File>,
    offset: u64,
    text: Vec<u8>,
}

/// A line that was read into [`Lines::text`].
struct Line {
    offset: u64,
    too_long: bool,
}

impl Lines {
    fn next(&mut self) -> io::Result<Option<Line>> {
        let offset = self.offset;
        self.text.clear();
        let read = (&mut self.file).take(BODY_BYTES_MAX as u64 + 1).read_until(b'\n', &mut self.text)?;
        self.offset += read as u64;
        let too_long = read > BODY_BYTES_MAX && self.text.last() != Some(&b'\n');
        if too_long {
            self.offset += self.file.skip_until(b'\n')? as u64;
        }
        Ok((read > 0).then_some(Line { offset, too_long }))
    }
}

#[derive(Default)]
struct Index {
    places: Vec<Place>,
    bad: BadLines,
    line: usize,
    previous_ms: Option<i64>,
    /// Places at the beginning of the file that wait for the first time it names.
    timeless: usize,
}

impl Index {
    fn add(&mut self, bytes: &[u8], line: Line) {
        self.line += 1;
        if line.too_long {
            return self.bad.add(self.line, format!("the line is longer than {BODY_BYTES_MAX} bytes"));
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => return self.bad.add(self.line, format!("not UTF-8: {error}")),
        };
        let trimmed = text.trim_start_matches('\u{feff}').trim();
        let at = line.offset + distance(text, trimmed);
        if trimmed.is_empty() {
            return;
        }
        if !trimmed.starts_with('[') {
            return self.add_event(trimmed, at);
        }
        // The API takes an array of events too.
        match serde_json::from_str::<Vec<&RawValue>>(trimmed) {
            Ok(events) => {
                events.iter().for_each(|event| self.add_event(event.get(), at + distance(trimmed, event.get())))
            }
            Err(error) => self.bad.add(self.line, format!("not readable JSON: {error}")),
        }
    }

    fn add_event(&mut self, text: &str, offset: u64) {
        let own_ms = match time(text) {
            Ok(own_ms) => own_ms,
            Err(why) => return self.bad.add(self.line, why),
        };
        if self.previous_ms.is_none() {
            match own_ms {
                // What came before the first time has it too.
                Some(first_ms) => self.places.iter_mut().for_each(|place| place.at_ms = first_ms),
                None => self.timeless += 1,
            }
        }
        self.previous_ms = own_ms.or(self.previous_ms);
        let at_ms = self.previous_ms.unwrap_or(START_MS);
        self.places.push(Place { at_ms, offset, bytes: text.len() as u32, line: self.line as u32 });
    }

    fn finish(mut self) -> (Vec<Place>, BadLines) {
        // Stable: events of one time keep the order of the file.
        self.places.sort_by_key(|place| place.at_ms);
        (self.places, self.bad)
    }
}

/// When an event happened, if it says.
fn time(text: &str) -> Result<Option<i64>, String> {
    let unreadable = |error: serde_json::Error| format!("not readable JSON: {error}");
    let head = serde_json::from_str::<Head>(text).or_else(|_| {
        // A name that occurs twice is no reason to give up: the last counts, as for the server.
        let body: Value = serde_json::from_str(text).map_err(unreadable)?;
        Ok::<Head, String>(Head { timestamp: body.get("timestamp").cloned() })
    })?;
    let at_ms = match head.timestamp {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => parse_time_ms(&text),
        Some(Value::Number(number)) => number.as_i64(),
        Some(_) => None,
    };
    match at_ms {
        None => Err("timestamp must be an ISO-8601 time such as 2026-09-21T14:22:09Z".into()),
        Some(ms) if !(TIMESTAMP_MIN_MS..TIMESTAMP_MAX_MS).contains(&ms) => {
            Err("timestamp is not between 2000 and 2090".into())
        }
        Some(ms) => Ok(Some(ms)),
    }
}

/// How far into `whole` its part begins, in bytes.
fn distance(whole: &str, part: &str) -> u64 {
    (part.as_ptr() as usize - whole.as_ptr() as usize) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> (Vec<Event>, Events) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut events = Events::open(file.path()).unwrap();
        let mut found = Vec::new();
        while let Some(event) = events.next().unwrap() {
            found.push(event);
        }
        (found, events)
    }

    fn ids(events: &[Event]) -> Vec<&str> {
        events.iter().map(|event| event.id.as_str()).collect()
    }

    #[test]
    fn events_come_in_the_order_of_their_times_and_of_the_file() {
        let line = |id: &str, time: &str| format!(r#"{{"id":"{id}","type":"t","identity":{{"id":"u"}}{time}}}"#);
        let at = |time: &str| format!(r#","timestamp":"{time}""#);
        let text = [
            line("early", ""),
            line("c", &at("2026-03-01T00:00:02Z")),
            line("with-c", ""),
            line("a", &at("2026-03-01T00:00:01Z")),
            line("number", r#","timestamp":1772323200500"#),
            line("b", &at("2026-03-01 00:00:01")),
        ];
        let (events, source) = read(text.join("\n").as_bytes());
        assert_eq!(ids(&events), ["number", "a", "b", "early", "c", "with-c"]);
        assert!(events.is_sorted_by_key(|event| event.timestamp_ms));
        assert_eq!(events[5].timestamp_ms, events[4].timestamp_ms);
        assert_eq!((source.bad.count, source.filled_in, source.left()), (0, 2, 0));
    }

    #[test]
    fn bad_lines_are_counted_and_named_and_the_rest_is_read() {
        let mut text = b"\xef\xbb\xbf".to_vec();
        text.extend_from_slice(
            br#"{"id":"a","type":"t","identity":{"id":"u"},"ip":"203.0.113.9","userAgent":"Agent"}

not json
{"type":"t"}
{"id":"b","type":"t","identity":{"id":"u"},"timestamp":"yesterday"}
{"id":"c","type":"t","identity":{"id":7},"timestamp":"1970-01-01T00:00:00Z"}
{"id":"dregs-x","type":"t","identity":{"id":"u"}}
[{"type":"t","identity":{"id":"v"}}, {"type":"t","identity":{"id":"w"}}, 7]
"#,
        );
        text.extend_from_slice(b"\xff\xfe\n");
        text.extend_from_slice(format!("{{\"pad\":\"{}\"}}\n", "x".repeat(BODY_BYTES_MAX)).as_bytes());
        text.extend_from_slice(br#"{"id":"last","type":"t","identity":{"id":"u"}}"#);
        let (events, source) = read(&text);
        assert_eq!(events.len(), 4);
        assert_eq!((events[0].id.as_str(), events[3].id.as_str()), ("a", "last"));
        assert_eq!(events[0].ip.unwrap().to_string(), "203.0.113.9");
        assert_eq!(events[0].user_agent.as_deref(), Some("Agent"));
        assert_ne!(events[1].id, events[2].id);
        assert_eq!(source.bad.first.keys().copied().collect::<Vec<_>>(), [3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(source.bad.count, 8);
        assert_eq!(source.bad.first[&4], "identity or device is required");
    }

    #[test]
    fn only_the_first_bad_lines_are_named() {
        let (events, source) = read("{}\n".repeat(40).as_bytes());
        assert!(events.is_empty());
        assert_eq!(source.bad.count, 40);
        assert_eq!(source.bad.first.keys().copied().collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    }

    #[test]
    fn an_empty_file_has_no_events() {
        assert!(read(b"").0.is_empty());
        assert!(read(b"\n\r\n").0.is_empty());
    }
}
