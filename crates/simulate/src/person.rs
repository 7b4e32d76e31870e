//! A human being: name, home, habits, machines.

use crate::device::{Class, Device};
use crate::names::{Name, capitalized, culture, plain};
use crate::network::Line;
use crate::place::{self, COUNTRIES, Country};
use crate::random::Random;

#[derive(Clone)]
pub(crate) struct Person {
    pub country: &'static Country,
    pub given: Name,
    pub family: Name,
    pub display: String,
    pub birth_year: i64,
    pub home: Line,
    pub mobile: Line,
    /// The first is used most.
    pub devices: Vec<Device>,
    /// Visits per day; heavy-tailed.
    pub rate: f64,
}

/// Share of people whose name comes from elsewhere, and is then written in the local script.
const MIGRANT_SHARE: f64 = 0.12;
const OWN_DOMAIN_SHARE: f64 = 0.05;
const ALIAS_SHARE: f64 = 0.04;

impl Person {
    pub(crate) fn any(rng: &mut Random) -> Self {
        Person::of(place::any(rng), rng)
    }

    pub(crate) fn of(country: &'static Country, rng: &mut Random) -> Self {
        let origin = if rng.chance(MIGRANT_SHARE) { rng.pick(COUNTRIES) } else { country };
        let names = culture(origin.culture);
        let (mut given, mut family) = (names.draw_given(rng), names.draw_family(rng));
        let home_script = culture(country.culture);
        if origin.culture != country.culture {
            given.native = capitalized(&given.latin);
            family.native = capitalized(&family.latin);
        }
        let display = home_script.display(&given, &family);
        Person {
            country,
            given,
            family,
            display,
            birth_year: 1950 + rng.between(0, 57),
            home: Line::home(country.code, rng),
            mobile: Line::mobile(country.code, rng),
            devices: own_devices(country, rng),
            rate: rng.pareto(0.06, 1.25).min(8.0),
        }
    }

    pub(crate) fn with_family(mut self, family: &Name) -> Self {
        self.family = family.clone();
        self.display = culture(self.country.culture).display(&self.given, &self.family);
        self
    }

    /// An address in the way people choose them.
    pub(crate) fn email(&self, rng: &mut Random) -> String {
        if rng.chance(OWN_DOMAIN_SHARE) {
            return format!("{}@{}", self.handle(rng), own_domain(rng));
        }
        if rng.chance(ALIAS_SHARE) {
            return self.alias(rng);
        }
        let domain = if rng.chance(0.03) {
            *rng.pick(&["proton.me", "fastmail.com", "mail.ru", "zoho.com"])
        } else {
            self.country.mail[rng.head_heavy(self.country.mail.len())]
        };
        format!("{}@{domain}", self.handle(rng))
    }

    /// Honest people use tags and relays too.
    fn alias(&self, rng: &mut Random) -> String {
        match rng.below(3) {
            0 => format!("{}+{}@gmail.com", self.handle(rng), rng.pick(&["app", "shop", "work", "news"])),
            1 => format!("{}@privaterelay.appleid.com", rng.letters("abcdefghijkmnpqrstuvwxyz23456789", 10)),
            _ => format!(
                "{}@duck.com",
                rng.pick(&["swift-lake-tin", "amber-pony-dusk", "left-oven-sail", "calm-ruby-kite"])
            ),
        }
    }

    pub(crate) fn handle(&self, rng: &mut Random) -> String {
        let given = plain(&self.given.latin);
        let family = plain(&self.family.latin);
        let initial = &given[..1.min(given.len())];
        let year = self.birth_year;
        match rng.weighted([24.0, 14.0, 10.0, 12.0, 10.0, 8.0, 8.0, 6.0, 8.0].into_iter()) {
            0 => format!("{given}.{family}"),
            1 => format!("{given}{family}"),
            2 => format!("{initial}.{family}"),
            3 => format!("{given}.{family}{}", year % 100),
            4 => format!("{given}{year}"),
            5 => format!("{family}.{given}"),
            6 => format!("{given}_{family}{}", rng.between(1, 999)),
            7 => format!("{}{}{}", rng.pick(WORDS), rng.pick(WORDS), rng.between(1, 99)),
            _ => format!("{initial}{family}{}", rng.between(1, 99)),
        }
    }
}

pub(crate) const WORDS: &[&str] = &[
    "sunny", "blue", "fox", "river", "moon", "pixel", "tiger", "happy", "green", "cloud", "stone", "night", "music",
    "coffee", "silver", "panda", "wolf", "star", "lucky", "storm", "ocean", "maple", "ninja", "rocket", "berry",
    "forest", "winter", "garden", "falcon", "cookie",
];

/// A domain that one person or company registered.
pub(crate) fn own_domain(rng: &mut Random) -> String {
    let (first, second) = (*rng.pick(WORDS), *rng.pick(WORDS));
    format!("{first}{second}{}.example.{}", rng.between(1, 99), rng.pick(&["com", "net", "org"]))
}

fn own_devices(country: &Country, rng: &mut Random) -> Vec<Device> {
    match rng.weighted([30.0, 28.0, 34.0, 8.0].into_iter()) {
        0 => vec![Device::desktop(country, rng)],
        1 => vec![Device::phone(country, rng)],
        2 => vec![Device::phone(country, rng), Device::desktop(country, rng)],
        _ => vec![Device::of_class(Class::Tablet, country, rng), Device::phone(country, rng)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coincidental_namesakes_exist_and_are_few() {
        let mut names: Vec<String> = (0..3_000).map(|i| Person::any(&mut Random::new(i, 0)).display).collect();
        names.sort();
        let repeated = names.windows(2).filter(|pair| pair[0] == pair[1]).count();
        assert!((1..180).contains(&repeated), "{repeated} of 3000");
    }

    #[test]
    fn activity_is_heavy_tailed() {
        let mut rates: Vec<f64> = (0..2_000).map(|i| Person::any(&mut Random::new(i, 0)).rate).collect();
        rates.sort_by(f64::total_cmp);
        let total: f64 = rates.iter().sum();
        let top: f64 = rates[1_800..].iter().sum();
        assert!(top / total > 0.4, "{}", top / total);
    }

    #[test]
    fn addresses_are_addresses() {
        for i in 0..500 {
            let mut rng = Random::new(i, 1);
            let email = Person::any(&mut rng).email(&mut rng);
            assert!(email.is_ascii() && email.contains('@') && !email.starts_with('@'), "{email}");
        }
    }
}
