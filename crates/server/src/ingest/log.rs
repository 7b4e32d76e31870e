//! How events stand in the ingest log: one JSON line each, with their team.

use dregs_engine::event::Event;
use dregs_store::TeamId;
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
struct Line<'a> {
    team: &'a TeamId,
    event: &'a Event,
}

#[derive(Deserialize)]
pub struct LoggedEvent {
    pub team: TeamId,
    pub event: Event,
}

/// Appends an event's line.
pub fn write_line(payload: &mut Vec<u8>, team: &TeamId, event: &Event) {
    // Writing plain data into memory cannot fail.
    let _ = serde_json::to_writer(&mut *payload, &Line { team, event });
    payload.push(b'\n');
}

/// Reads a segment's payload; a line that does not read back is given as its error and text.
pub fn read_lines(payload: &[u8]) -> impl Iterator<Item = Result<LoggedEvent, String>> {
    payload
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).map_err(|error| error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_back() {
        let team = TeamId::new("t");
        let event = Event { id: "e\n1".into(), name: "ünï".into(), ..Event::default() };
        let mut payload = Vec::new();
        write_line(&mut payload, &team, &event);
        write_line(&mut payload, &team, &event);
        let read: Vec<LoggedEvent> = read_lines(&payload).map(Result::unwrap).collect();
        assert_eq!(read.len(), 2);
        assert!(read.iter().all(|line| line.event == event && line.team == team));
    }
}
