//! Removes what must never be stored: passwords, tokens, card numbers. Runs before anything is written.

use crate::limits::{ATTRIBUTE_DEPTH_MAX, ATTRIBUTE_ITEMS_MAX, ATTRIBUTE_KEYS_MAX, ATTRIBUTE_STRING_BYTES_MAX};
use crate::text::{cut, snake_case, without_nul};
use serde_json::{Map, Value};

/// Stands where a sensitive value was.
pub const REDACTED: &str = "[redacted]";

/// Words that make the value behind a key sensitive wherever they stand in it.
const SENSITIVE_WORDS: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "cvv",
    "cvc",
    "ssn",
    "authorization",
    "cookie",
    "pin",
    "otp",
    "iban",
    "cvn",
];
/// Whole keys, in snake_case, that are sensitive although no single word of theirs is.
const SENSITIVE_KEYS: [&str; 22] = [
    "access_token",
    "refresh_token",
    "id_token",
    "auth_token",
    "session_token",
    "api_token",
    "bearer_token",
    "token",
    "api_key",
    "apikey",
    "private_key",
    "card_number",
    "cardnumber",
    "credit_card",
    "credit_card_number",
    "pan",
    "account_number",
    "routing_number",
    "social_security_number",
    "tax_id",
    "new_pass",
    "pass",
];

/// Whether the value behind `key` must not be stored.
pub fn is_sensitive_key(key: &str) -> bool {
    let key = snake_case(key);
    SENSITIVE_KEYS.contains(&key.as_str()) || key.split('_').any(|word| SENSITIVE_WORDS.contains(&word))
}

/// Attributes as they may be stored: redacted, bounded, free of NUL. Returns how many values were cut or dropped.
pub fn clean_attributes(attributes: Map<String, Value>) -> (Map<String, Value>, u32) {
    let mut cleaner = Cleaner { keys_left: ATTRIBUTE_KEYS_MAX, truncated: 0 };
    let cleaned = cleaner.object(attributes, 1);
    (cleaned, cleaner.truncated)
}

struct Cleaner {
    keys_left: usize,
    truncated: u32,
}

impl Cleaner {
    fn object(&mut self, map: Map<String, Value>, depth: usize) -> Map<String, Value> {
        let mut out = Map::new();
        for (key, value) in map {
            if self.keys_left == 0 {
                self.truncated += 1;
                continue;
            }
            self.keys_left -= 1;
            let key = self.text(key);
            let value = if is_sensitive_key(&key) && !value.is_null() && !value.is_boolean() {
                Value::from(REDACTED)
            } else {
                self.value(value, depth)
            };
            out.insert(key, value);
        }
        out
    }

    fn value(&mut self, value: Value, depth: usize) -> Value {
        match value {
            Value::String(text) => Value::String(redact_cards(self.text(text))),
            Value::Object(_) | Value::Array(_) if depth >= ATTRIBUTE_DEPTH_MAX => {
                self.truncated += 1;
                Value::Null
            }
            Value::Object(map) => Value::Object(self.object(map, depth + 1)),
            Value::Array(items) => {
                self.truncated += items.len().saturating_sub(ATTRIBUTE_ITEMS_MAX) as u32;
                let kept = items.into_iter().take(ATTRIBUTE_ITEMS_MAX);
                Value::Array(kept.map(|item| self.value(item, depth + 1)).collect())
            }
            Value::Number(number) if is_card_number(&number.to_string()) => Value::from(REDACTED),
            plain => plain,
        }
    }

    fn text(&mut self, text: String) -> String {
        if text.len() <= ATTRIBUTE_STRING_BYTES_MAX && !text.contains('\0') {
            return text;
        }
        self.truncated += 1;
        cut(&without_nul(&text), ATTRIBUTE_STRING_BYTES_MAX).to_owned()
    }
}

const CARD_DIGITS_MIN: usize = 13;
const CARD_DIGITS_MAX: usize = 19;

/// `text` with every payment-card number in it replaced.
fn redact_cards(text: String) -> String {
    if text.bytes().filter(u8::is_ascii_digit).count() < CARD_DIGITS_MIN {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let run = &rest[start..];
        let length = run.find(|c: char| !c.is_ascii_digit() && c != ' ' && c != '-').unwrap_or(run.len());
        out.push_str(&rest[..start]);
        redact_run(&run[..length], &mut out);
        rest = &run[length..];
    }
    out.push_str(rest);
    out
}

/// A run of digits with spaces and hyphens. A card number is made of whole groups of it: other digits may stand before it
/// and after it.
fn redact_run(run: &str, out: &mut String) {
    let mut rest = run;
    while !rest.is_empty() {
        let group = rest.find([' ', '-']).unwrap_or(rest.len());
        let card = (group > 0).then(|| card_at_start(rest)).flatten();
        match card {
            Some(length) => {
                out.push_str(REDACTED);
                rest = &rest[length..];
            }
            None => {
                let length = rest[group..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |gap| group + gap);
                out.push_str(&rest[..length]);
                rest = &rest[length..];
            }
        }
    }
}

/// The length of the card number that whole groups at the start of `run` make; the longest, if there are several.
fn card_at_start(run: &str) -> Option<usize> {
    let ends = run.match_indices([' ', '-']).map(|(place, _)| place).chain([run.len()]);
    let digits = |end: &usize| run[..*end].bytes().filter(u8::is_ascii_digit).count();
    ends.take_while(|end| digits(end) <= CARD_DIGITS_MAX)
        .filter(|end| run[..*end].ends_with(|c: char| c.is_ascii_digit()) && is_card_number(&run[..*end]))
        .last()
}

/// 13 to 19 digits that begin like an issued card and pass the Luhn check (ISO/IEC 7812).
fn is_card_number(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    if !(CARD_DIGITS_MIN..=CARD_DIGITS_MAX).contains(&digits.len()) || !matches!(digits[0], 2..=6) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A URL without its user info and with the values of sensitive query parameters replaced.
pub fn clean_url(url: &str) -> String {
    let url = without_nul(url);
    let (rest, fragment) = url.split_once('#').map_or((&*url, None), |(rest, fragment)| (rest, Some(fragment)));
    let (base, query) = rest.split_once('?').map_or((rest, None), |(base, query)| (base, Some(query)));
    let mut cleaned = without_user_info(base);
    for (sign, part) in [('?', query), ('#', fragment)] {
        if let Some(part) = part {
            cleaned.push(sign);
            cleaned.push_str(&without_secrets(part));
        }
    }
    cleaned
}

/// `https://user:password@host/` is `https://host/`.
fn without_user_info(base: &str) -> String {
    let Some(start) = base.find("//").map(|place| place + 2) else { return base.to_owned() };
    let end = base[start..].find('/').map_or(base.len(), |place| start + place);
    let host = base[start..end].rsplit('@').next().unwrap_or_default();
    format!("{}{host}{}", &base[..start], &base[end..])
}

/// Parameters, of a query or of a fragment that looks like one, without the values that are secrets.
fn without_secrets(parameters: &str) -> String {
    let cleaned = parameters.split('&').map(|pair| match pair.split_once('=') {
        Some((key, _)) if is_sensitive_key(key) || key == "code" => format!("{key}={REDACTED}"),
        _ => pair.to_owned(),
    });
    cleaned.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn clean(value: Value) -> (Value, u32) {
        let Value::Object(map) = value else { panic!("an object") };
        let (map, truncated) = clean_attributes(map);
        (Value::Object(map), truncated)
    }

    #[test]
    fn secrets_go_and_their_neighbours_stay() {
        let (cleaned, truncated) = clean(json!({
            "email": "ada@example.com", "newPassword": "hunter2", "nested": {"API-Key": "abc", "spin": 3, "passenger": "Bo"},
            "hasPassword": true, "card": "pay 4111 1111 1111 1111 now", "order": "1234567890123456", "shipping": "x"
        }));
        assert_eq!(truncated, 0);
        assert_eq!(
            cleaned,
            json!({
                "email": "ada@example.com", "newPassword": REDACTED,
                "nested": {"API-Key": REDACTED, "spin": 3, "passenger": "Bo"}, "hasPassword": true,
                "card": "pay [redacted] now", "order": "1234567890123456", "shipping": "x"
            })
        );
    }

    #[test]
    fn a_card_number_is_found_among_other_digits() {
        for (text, expected) in [
            ("4111 1111 1111 1111 12/27", "[redacted] 12/27"),
            ("order 77 4111-1111-1111-1111 cvc 123", "order 77 [redacted] cvc 123"),
            ("4111111111111111 5500005555555559", "[redacted] [redacted]"),
            ("378282246310005", "[redacted]"),
            ("1234567890123456", "1234567890123456"),
            ("2026 11 22 23 05 00 123456", "2026 11 22 23 05 00 123456"),
            ("1 - 2 -- 3", "1 - 2 -- 3"),
            ("4111 1111 1111 1112", "4111 1111 1111 1112"),
        ] {
            assert_eq!(redact_cards(text.into()), expected);
        }
        let (cleaned, _) = clean(json!({"card": 4_111_111_111_111_111_u64, "at": 1_795_383_762_850_u64, "n": 5}));
        assert_eq!(cleaned, json!({"card": REDACTED, "at": 1_795_383_762_850_u64, "n": 5}));
    }

    #[test]
    fn bounds_cut_and_count() {
        let mut deep = json!("bottom");
        for _ in 0..20 {
            deep = json!({ "d": deep });
        }
        assert_eq!(clean(deep).1, 1);
        let wide: Map<String, Value> = (0..300).map(|i| (format!("k{i:03}"), json!(i))).collect();
        let (cleaned, truncated) = clean_attributes(wide);
        assert_eq!((cleaned.len(), truncated), (200, 100));
        let (cleaned, truncated) = clean(json!({"bio": "ñ".repeat(9000), "nul": "a\u{0}b"}));
        assert_eq!(truncated, 2);
        assert!(cleaned["bio"].as_str().unwrap().len() <= ATTRIBUTE_STRING_BYTES_MAX);
        assert_eq!(cleaned["nul"], "a\u{fffd}b");
    }

    #[test]
    fn urls_lose_their_tokens() {
        assert_eq!(clean_url("/reset?token=abc&lang=de#top"), "/reset?token=[redacted]&lang=de#top");
        assert_eq!(clean_url("/plain"), "/plain");
        assert_eq!(clean_url("https://ann:pw@x.example/a?b=1"), "https://x.example/a?b=1");
        assert_eq!(
            clean_url("https://x.example/#access_token=abc&state=5"),
            "https://x.example/#access_token=[redacted]&state=5"
        );
        assert_eq!(clean_url("https://x.example/a@b#part"), "https://x.example/a@b#part");
    }
}
