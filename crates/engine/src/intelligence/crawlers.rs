//! Crawlers that say so: marks of `data/crawlers.tsv` found anywhere in a user agent, without a regular expression.

use super::lines;
use std::cmp::Ordering;

const CRAWLERS: &str = include_str!("../../../../data/crawlers.tsv");
/// Tags of marks that are programs somebody steers and not crawlers; `user_agent` names these itself.
const NOT_CRAWLING: [&str; 2] = ["http-library", "browser-automation"];
/// Phones whose maker's name ends like a robot's.
const HONEST_BOTS: [&str; 2] = ["cubot", "talbot"];

/// Name of the crawler: the longest of the marks that begin a word first, or a word that ends in `bot`, `crawler` or `spider`
/// where programs write their names.
pub(super) fn crawler(user_agent: &str) -> Option<String> {
    known(user_agent).or_else(|| by_name(user_agent)).map(str::to_owned)
}

/// All marks of crawlers, each with what it is for.
pub(crate) fn marks() -> impl Iterator<Item = (&'static str, &'static str)> {
    CRAWLERS.lines().filter_map(|line| line.split_once('\t')).filter(|(_, tag)| !NOT_CRAWLING.contains(tag))
}

fn known(user_agent: &str) -> Option<&str> {
    let bytes = user_agent.as_bytes();
    let begins = |at: usize| at == 0 || !bytes[at - 1].is_ascii_alphanumeric() || !bytes[at].is_ascii_alphanumeric();
    let starts = user_agent.char_indices().map(|(at, _)| at).filter(|&at| begins(at));
    let mark = |at| {
        if at == 0 {
            longest("^", user_agent).or_else(|| longest("", user_agent))
        } else {
            longest("", &user_agent[at..])
        }
    };
    starts.filter_map(mark).next()
}

/// The longest crawler's mark that `text` begins with, among marks that begin with `anchor`.
fn longest(anchor: &str, text: &str) -> Option<&'static str> {
    let first = text.bytes().next()?;
    let mut found = None;
    for (mark, tag) in beginning_with(anchor, first, text.as_bytes().get(1).copied()) {
        let mark = &mark[anchor.len()..];
        if text.starts_with(mark) && !NOT_CRAWLING.contains(&tag) {
            found = Some(mark.trim_matches([' ', '/', '(', ')', ';', '^']));
        }
    }
    found
}

/// Rows whose key begins with the anchor and two bytes (one when the text has no second).
fn beginning_with(anchor: &str, first: u8, second: Option<u8>) -> impl Iterator<Item = (&'static str, &'static str)> {
    let wanted: Vec<u8> = anchor.bytes().chain([first]).chain(second).collect();
    let bytes = CRAWLERS.as_bytes();
    let mut at = lower_bound(bytes, &wanted);
    std::iter::from_fn(move || {
        let end = lines::line_end(bytes, at);
        let row = lines::split(CRAWLERS, at, end);
        at = (end + 1).min(bytes.len());
        row.0.as_bytes().starts_with(&wanted).then_some(row)
    })
}

/// Start of the first row that does not sort before `wanted`.
fn lower_bound(bytes: &[u8], wanted: &[u8]) -> usize {
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let start = lines::line_start(bytes, low, low + (high - low) / 2);
        let end = lines::line_end(bytes, start);
        if bytes[start..end].cmp(wanted) == Ordering::Less { low = (end + 1).min(bytes.len()) } else { high = start }
    }
    low
}

/// A program's name, which a slash, semicolon or bracket ends: `ExampleBot/1.0`, `compatible; example-crawler)`.
fn by_name(user_agent: &str) -> Option<&str> {
    let names =
        user_agent.split([' ', '(', ';', ',']).map(|part| (part, part.split(['/', ')']).next().unwrap_or_default()));
    names
        .filter(|(part, name)| part.len() > name.len() || user_agent.contains("compatible;"))
        .map(|(_, name)| name)
        .find(|name| is_robot(name))
}

fn is_robot(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let robot = ["bot", "crawler", "spider"].iter().any(|end| lower.ends_with(end));
    robot && !HONEST_BOTS.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crawlers_are_named() {
        for (agent, name) in [
            ("Mozilla/5.0 (compatible; Googlebot/2.1; +x)", "Googlebot"),
            ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +x)", "GPTBot"),
            ("Mozilla/5.0 (compatible; bingbot/2.0; +x)", "bingbot"),
            ("facebookexternalhit/1.1 (+x)", "facebookexternalhit"),
            ("Mozilla/5.0 (compatible; YandexBot/3.0; +x)", "YandexBot"),
            ("my-own-crawler/0.1", "my-own-crawler"),
            ("Mozilla/5.0 (compatible; SomeNewBot)", "SomeNewBot"),
        ] {
            assert!(
                crawler(agent).is_some_and(|found| found.eq_ignore_ascii_case(name) || found.contains(name)),
                "{agent}: {:?}",
                crawler(agent)
            );
        }
    }

    #[test]
    fn people_and_libraries_are_not_crawlers() {
        for agent in [
            "",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Linux; Android 11; CUBOT) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            "curl/8.5.0",
            "python-requests/2.32.0",
        ] {
            assert_eq!(crawler(agent), None, "{agent}");
        }
    }

    #[test]
    fn every_mark_is_found() {
        for line in CRAWLERS.lines() {
            let (mark, tag) = line.split_once('\t').expect("a tag");
            let agent = mark.strip_prefix('^').map_or_else(|| format!("§ {mark}"), str::to_owned);
            assert!(NOT_CRAWLING.contains(&tag) || crawler(&agent).is_some(), "{mark}");
        }
    }
}
