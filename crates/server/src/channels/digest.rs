//! A digest: many notifications in one mail. What is most severe comes first; the rest is counted.

use super::email::{LABEL_STYLE, VALUE_STYLE, html_escaped, page, subject};
use super::{NAME_CHARS_MAX, Notification, VALUE_CHARS_MAX, clean, listed, name, page_url, scores, words};
use std::collections::BTreeMap;

/// Identities listed in one mail: more than anybody reads.
const ROWS_MAX: usize = 50;
/// What is told of one identity.
const TOLD_MAX: usize = 5;

/// What a mail says happened, in the order of how much it matters.
const KINDS: [(&str, &str); 4] = [
    ("ESCALATION_OPENED", "Escalations opened"),
    ("ESCALATION_CLOSED", "Escalations closed"),
    ("IDENTITY_BADGES_CHANGED", "Badges changed"),
    ("IDENTITY_SCORED", "New scores"),
];
const SEVERITIES: [&str; 3] = ["INFO", "WARNING", "CRITICAL"];

/// One identity: cleaned and cut, not escaped.
struct Row {
    name: String,
    id: String,
    scores: String,
    told: Vec<String>,
    left_out: usize,
    url: Option<String>,
    /// Of the most severe escalation that was opened; 0 without one.
    severity: usize,
}

/// Subject, text and HTML of a mail about notifications in the order they arose. The same ones make the same mail.
pub fn render(id: &str, notifications: &[Notification<'_>]) -> (String, String, String) {
    let rows = rows(notifications);
    let title = format!(
        "{} about {}",
        counted(notifications.len(), "notification", "notifications"),
        counted(rows.len(), "identity", "identities")
    );
    let critical = rows.iter().filter(|row| row.severity == SEVERITIES.len()).count();
    let mark = if critical > 0 { format!(", {critical} critical") } else { String::new() };
    let foot = format!("Dregs, digest {}", clean(id, VALUE_CHARS_MAX));
    let more = rows.len().saturating_sub(ROWS_MAX);
    let more = (more > 0).then(|| format!("and {}", counted(more, "more identity", "more identities")));
    let counts = counts(notifications);
    let text = text(&title, &counts, &rows, more.as_deref(), &foot);
    let html = html(&counts, &rows, more.as_deref());
    (subject(&format!("{title}{mark}")), text, page(&title, &html, &foot))
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn counts(notifications: &[Notification<'_>]) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for notification in notifications {
        let place = KINDS.iter().position(|(event, _)| *event == notification.event).unwrap_or(KINDS.len());
        *counts.entry(place).or_default() += 1;
    }
    let label = |place: usize| KINDS.get(place).map_or("Others", |(_, label)| *label).to_owned();
    counts.into_iter().map(|(place, count)| (label(place), count)).collect()
}

/// One for each identity, the most severe first, then in the order they were first told of.
fn rows(notifications: &[Notification<'_>]) -> Vec<Row> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut rows: Vec<Row> = Vec::new();
    for notification in notifications {
        let id = notification.data["identityId"].as_str().unwrap_or_default();
        let place = *places.entry(id.to_owned()).or_insert(rows.len());
        if place == rows.len() {
            rows.push(Row {
                name: String::new(),
                id: clean(id, VALUE_CHARS_MAX),
                scores: String::new(),
                told: Vec::new(),
                left_out: 0,
                url: None,
                severity: 0,
            });
        }
        rows[place].add(notification);
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.severity));
    rows
}

impl Row {
    /// The latest says what is so.
    fn add(&mut self, notification: &Notification<'_>) {
        let data = notification.data;
        self.name = name(data);
        self.scores =
            scores(data).iter().map(|(label, words)| format!("{label}: {words}")).collect::<Vec<_>>().join(", ");
        self.url = page_url(&data["dashboardUrl"]);
        if notification.event == "ESCALATION_OPENED" {
            let severity = data["escalation"]["severity"].as_str().unwrap_or_default();
            let severity = SEVERITIES.iter().position(|code| *code == severity).map_or(0, |place| place + 1);
            self.severity = self.severity.max(severity);
        }
        let told = told(notification);
        if self.told.contains(&told) {
            return;
        }
        if self.told.len() < TOLD_MAX { self.told.push(told) } else { self.left_out += 1 }
    }

    fn told_in_words(&self) -> String {
        let more = (self.left_out > 0).then(|| format!("and {} more", self.left_out));
        self.told.iter().cloned().chain(more).collect::<Vec<_>>().join("; ")
    }
}

fn told(notification: &Notification<'_>) -> String {
    let data = notification.data;
    let rule =
        || words(&data["escalation"]["rule"]["name"]).map(|rule| clean(&rule, NAME_CHARS_MAX)).unwrap_or_default();
    let list = |label: &str, place: &str| Some(format!("{label} {}", listed(data[place].as_array()?)?));
    match notification.event {
        "ESCALATION_OPENED" => {
            let severity = words(&data["escalation"]["severity"]).unwrap_or_default().to_lowercase();
            format!("{severity} escalation opened: {}", rule())
        }
        "ESCALATION_CLOSED" => format!("escalation closed: {}", rule()),
        "IDENTITY_BADGES_CHANGED" => {
            let changes: Vec<String> =
                [list("added", "added"), list("removed", "removed")].into_iter().flatten().collect();
            format!("badges {}", changes.join(", "))
        }
        "IDENTITY_SCORED" => "scored".to_owned(),
        other => clean(other, NAME_CHARS_MAX),
    }
}

fn text(title: &str, counts: &[(String, usize)], rows: &[Row], more: Option<&str>, foot: &str) -> String {
    let mut text = format!("{title}\n\n");
    counts.iter().for_each(|(label, count)| text.push_str(&format!("{label}: {count}\n")));
    for row in rows.iter().take(ROWS_MAX) {
        text.push_str(&format!("\n{} ({})\n  {}\n", row.name, row.id, row.told_in_words()));
        let lines = [Some(&row.scores).filter(|scores| !scores.is_empty()), row.url.as_ref()];
        lines.into_iter().flatten().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    more.iter().for_each(|more| text.push_str(&format!("\n{more}\n")));
    text + &format!("\n-- \n{foot}\n")
}

fn html(counts: &[(String, usize)], rows: &[Row], more: Option<&str>) -> String {
    let counts: String = counts
        .iter()
        .map(|(label, count)| {
            format!("<tr><td style=\"{LABEL_STYLE}\">{label}</td><td style=\"{VALUE_STYLE}\">{count}</td></tr>")
        })
        .collect();
    let rows: String = rows.iter().take(ROWS_MAX).map(html_row).collect();
    let more = more.map_or_else(String::new, |more| format!("<p>{more}</p>"));
    format!(
        "<table role=\"presentation\" style=\"border-collapse:collapse\">{counts}</table>\
         <table style=\"border-collapse:collapse;margin-top:16px\"><tr><th align=\"left\">Identity</th>\
         <th align=\"left\">What happened</th><th align=\"left\">Scores</th></tr>{rows}</table>{more}"
    )
}

fn html_row(row: &Row) -> String {
    let name = html_escaped(&row.name);
    let name = match &row.url {
        Some(url) => format!("<a href=\"{}\">{name}</a>", html_escaped(url)),
        None => name,
    };
    let cells =
        [format!("{name}<br>{}", html_escaped(&row.id)), html_escaped(&row.told_in_words()), html_escaped(&row.scores)];
    let cells: String =
        cells.iter().map(|cell| format!("<td style=\"{VALUE_STYLE};padding-right:16px\">{cell}</td>")).collect();
    format!("<tr>{cells}</tr>")
}

#[cfg(test)]
mod tests {
    use super::super::testkit::hostile;
    use super::*;
    use serde_json::{Value, json};

    fn rendered(told: &[(&str, Value)]) -> (String, String, String) {
        let notifications: Vec<Notification<'_>> = told
            .iter()
            .map(|(event, data)| Notification { delivery_id: "dlv_1", event, channel_id: "7", data })
            .collect();
        render("digest_9", &notifications)
    }

    fn about(id: &str, severity: &str) -> Value {
        json!({"identityId": id, "displayName": format!("Name of {id}"), "scores": {"humanity": 12},
            "escalation": {"severity": severity, "rule": {"name": "Critical humanity"}}, "added": ["likely-bot"], "removed": [],
            "dashboardUrl": format!("https://dregs.example/identities/{id}")})
    }

    #[test]
    fn the_most_severe_comes_first_and_everything_is_counted() {
        let (subject, text, html) = rendered(&[
            ("IDENTITY_SCORED", about("a", "")),
            ("ESCALATION_OPENED", about("b", "WARNING")),
            ("IDENTITY_BADGES_CHANGED", about("a", "")),
            ("IDENTITY_SCORED", about("a", "")),
            ("ESCALATION_OPENED", about("c", "CRITICAL")),
        ]);
        assert_eq!(subject, "[Dregs] 5 notifications about 3 identities, 1 critical");
        assert!(text.contains("Escalations opened: 2\nBadges changed: 1\nNew scores: 2\n"), "{text}");
        let places: Vec<usize> =
            ["Name of c (c)", "Name of b (b)", "Name of a (a)"].map(|who| text.find(who).unwrap()).into();
        assert!(places.is_sorted(), "{text}");
        assert!(text.contains("\n  critical escalation opened: Critical humanity\n"), "{text}");
        assert!(text.contains("\n  scored; badges added likely-bot\n  Humanity: 12 critical,"), "{text}");
        assert!(html.contains("<a href=\"https://dregs.example/identities/c\">Name of c</a><br>c"), "{html}");
    }

    #[test]
    fn a_hostile_name_is_only_text() {
        let (subject, text, html) = rendered(&[("ESCALATION_OPENED", hostile()), ("IDENTITY_SCORED", hostile())]);
        assert!(!subject.contains(['\r', '\n', '<', '\u{202e}']), "{subject}");
        assert!(!text.contains("\nBcc") && !text.contains(['\u{202e}', '\u{2066}', '\u{0}', '\r']), "{text}");
        for markup in ["<script", "<img", "<!channel", "</td><td>\"", "alert(\"", "\u{202e}", "\u{2066}", "\nBcc"] {
            assert!(!html.contains(markup), "{markup}: {html}");
        }
        assert!(html.contains("href=\"https://dregs.example/identities/a%3Cb%22onmouseover=x\""), "{html}");
    }

    #[test]
    fn no_number_of_identities_makes_a_mail_too_long() {
        let long = "<".repeat(5_000);
        let told: Vec<(&str, Value)> =
            (0..500).map(|n| ("ESCALATION_OPENED", about(&format!("{n}{long}"), &long))).collect();
        let (_, text, html) = rendered(&told);
        assert!(text.contains("\nand 450 more identities\n") && html.contains("<p>and 450 more identities</p>"));
        assert!(html.len() < 400_000, "{}", html.len());
        let many: Vec<(&str, Value)> = (0..9)
            .map(|n| ("IDENTITY_BADGES_CHANGED", json!({"identityId": "a", "added": [format!("b{n}")]})))
            .collect();
        assert!(rendered(&many).1.contains("badges added b4; and 4 more\n"));
    }
}
