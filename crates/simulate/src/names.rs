//! Names of people, native to their culture, as frequent as in life: a few common ones and a long tail.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::random::Random;

/// A name in its own script, and as its bearer writes it in an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Name {
    pub native: String,
    pub latin: String,
}

#[derive(Default)]
pub(crate) struct Culture {
    given: Vec<Name>,
    family: Vec<Name>,
    /// Rare family names are composed of a head and a tail.
    heads: Vec<Name>,
    tails: Vec<Name>,
    second_heads: Vec<Name>,
    pub family_first: bool,
    /// Between family and given name in the native script.
    pub joint: &'static str,
    doubles_family: bool,
}

const RARE_FAMILY_SHARE: f64 = 0.55;
const COMPOSED_GIVEN_SHARE: f64 = 0.6;

pub(crate) fn culture(name: &str) -> &'static Culture {
    static CULTURES: OnceLock<BTreeMap<&'static str, Culture>> = OnceLock::new();
    let cultures = CULTURES.get_or_init(|| parse(include_str!("data/names.txt")));
    &cultures[name]
}

/// Lines are `[culture]` or `kind: name name …`; a name in another script is `native=latin`.
fn parse(text: &'static str) -> BTreeMap<&'static str, Culture> {
    let mut cultures: BTreeMap<&'static str, Culture> = BTreeMap::new();
    let mut current = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            current = name;
            let entry = cultures.entry(current).or_default();
            entry.family_first = matches!(name, "japanese" | "chinese" | "korean");
            entry.joint = if matches!(name, "chinese" | "korean") { "" } else { " " };
            entry.doubles_family = matches!(name, "spanish" | "portuguese");
        } else if let Some((kind, names)) = line.split_once(": ") {
            let entry = cultures.entry(current).or_default();
            let list = match kind {
                "given" => &mut entry.given,
                "family" => &mut entry.family,
                "head" => &mut entry.heads,
                "tail" => &mut entry.tails,
                _ => &mut entry.second_heads,
            };
            list.extend(names.split_whitespace().map(parse_name));
        }
    }
    cultures
}

fn parse_name(token: &str) -> Name {
    match token.split_once('=') {
        Some((native, latin)) => Name { native: native.to_owned(), latin: latin.to_owned() },
        None => Name { native: token.to_owned(), latin: plain(token) },
    }
}

/// Lower-case ASCII, as in an e-mail address.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' | '0'..='9' => out.push(letter),
            'á' | 'à' | 'â' | 'ã' | 'å' | 'ą' => out.push('a'),
            'ä' => out.push_str("ae"),
            'é' | 'è' | 'ê' | 'ë' | 'ę' => out.push('e'),
            'í' | 'ì' | 'î' | 'ï' | 'ı' => out.push('i'),
            'ó' | 'ò' | 'ô' | 'õ' => out.push('o'),
            'ö' => out.push_str("oe"),
            'ú' | 'ù' | 'û' => out.push('u'),
            'ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            'ç' | 'ć' => out.push('c'),
            'ñ' | 'ń' => out.push('n'),
            'ğ' => out.push('g'),
            'ş' | 'ś' => out.push('s'),
            'ł' => out.push('l'),
            'ź' | 'ż' => out.push('z'),
            _ => {}
        }
    }
    out
}

fn join(a: &Name, b: &Name) -> Name {
    Name { native: format!("{}{}", a.native, b.native), latin: format!("{}{}", a.latin, b.latin) }
}

impl Culture {
    pub(crate) fn draw_given(&self, rng: &mut Random) -> Name {
        // Given names of two written syllables are composed freely in Chinese and Korean.
        if !self.second_heads.is_empty() && rng.chance(COMPOSED_GIVEN_SHARE) {
            return join(rng.pick(&self.second_heads), rng.pick(&self.second_heads));
        }
        self.given[rng.head_heavy(self.given.len())].clone()
    }

    pub(crate) fn draw_family(&self, rng: &mut Random) -> Name {
        let first = self.draw_single_family(rng);
        if !(self.doubles_family && rng.chance(0.5)) {
            return first;
        }
        let second = self.draw_single_family(rng);
        Name { native: format!("{} {}", first.native, second.native), latin: first.latin }
    }

    fn draw_single_family(&self, rng: &mut Random) -> Name {
        if !self.heads.is_empty() && rng.chance(RARE_FAMILY_SHARE) {
            return join(rng.pick(&self.heads), rng.pick(&self.tails));
        }
        self.family[rng.head_heavy(self.family.len())].clone()
    }

    pub(crate) fn display(&self, given: &Name, family: &Name) -> String {
        // A name in a foreign script keeps its own order and its space.
        if self.family_first && !given.native.is_ascii() {
            format!("{}{}{}", family.native, self.joint, given.native)
        } else {
            format!("{} {}", given.native, family.native)
        }
    }
}

/// First letter in upper case.
pub(crate) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::COUNTRIES;

    #[test]
    fn every_culture_has_at_least_sixty_of_each() {
        for country in COUNTRIES {
            let culture = culture(country.culture);
            let families = culture.family.len() + culture.heads.len() * culture.tails.len();
            assert!(culture.given.len() >= 60, "{} has {} given names", country.culture, culture.given.len());
            assert!(families >= 60, "{} has {families} family names", country.culture);
        }
    }

    #[test]
    fn every_name_has_a_latin_form() {
        for country in COUNTRIES {
            let culture = culture(country.culture);
            for name in culture.given.iter().chain(&culture.family).chain(&culture.heads).chain(&culture.tails) {
                assert!(name.latin.bytes().all(|b| b.is_ascii_lowercase()) && !name.latin.is_empty(), "{name:?}");
            }
        }
    }

    #[test]
    fn names_are_made_plain() {
        assert_eq!(plain("Łukasz Müller"), "lukaszmueller");
        assert_eq!(parse_name("Иван=ivan"), Name { native: "Иван".into(), latin: "ivan".into() });
        assert_eq!(capitalized("ola"), "Ola");
    }
}
