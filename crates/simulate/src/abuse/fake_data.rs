//! Invented profiles: disposable addresses, mashed keys, placeholders, countries that contradict each other.

use crate::Tier;
use crate::journey::{Life, sign_up, within};
use crate::ledger::{Bad, Ledger};
use crate::names::{capitalized, plain};
use crate::person::Person;
use crate::place;
use crate::random::Random;

pub(crate) const DISPOSABLE: &[&str] = &[
    "mailinator.com",
    "guerrillamail.com",
    "10minutemail.com",
    "yopmail.com",
    "tempmail.com",
    "trashmail.com",
    "sharklasers.com",
    "getnada.com",
    "dispostable.com",
    "maildrop.cc",
    "throwawaymail.com",
    "fakeinbox.com",
    "temp-mail.org",
    "mohmal.com",
    "mintemail.com",
];
const PLACEHOLDERS: &[(&str, &str)] = &[
    ("Test", "Test"),
    ("John", "Doe"),
    ("Asdf", "Qwer"),
    ("Aaa", "Bbb"),
    ("Foo", "Bar"),
    ("User", "User"),
    ("Xxx", "Xxx"),
    ("Fake", "Name"),
    ("No", "Name"),
    ("Mickey", "Mouse"),
];

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let tier = ledger.tier(rng);
    let person = Person::any(rng);
    let email = match tier {
        Tier::Naive => format!("{}@{}", mashed(rng, 8), rng.pick(DISPOSABLE)),
        Tier::Skilled if rng.chance(0.6) => format!("{}@{}", person.handle(rng), rng.pick(DISPOSABLE)),
        _ => person.email(rng),
    };
    let mut account = ledger.open(&person, email, rng);
    match tier {
        Tier::Naive if rng.chance(0.5) => {
            let name = rng.pick(PLACEHOLDERS);
            account.rename(name.0, name.1);
        }
        Tier::Naive => {
            let (given, family) = (capitalized(&mashed(rng, 6)), capitalized(&mashed(rng, 7)));
            account.rename(&given, &family);
        }
        _ => contradict(&mut account, &person, rng),
    }
    let at = within(ledger.some_moment(rng), ledger);
    if tier == Tier::Expert {
        Life::new(&person, &account, ledger, rng).starting(at, ledger).live(ledger, rng);
    } else {
        sign_up(ledger, &account, &person.devices[0], &person.home, at, rng);
    }
    ledger.label_abuser(&account, "fake_data", tier, Bad { authenticity: true, ..Bad::default() });
}

/// The form says another country than phone, city, language and connection; the name is not that of the address.
fn contradict(account: &mut crate::account::Account, person: &Person, rng: &mut Random) {
    let claimed = place::other_than(person.country, rng);
    account.country_code = claimed.code.to_owned();
    account.city = Some((*rng.pick(person.country.cities)).to_owned());
    account.phone = Some(format!("{}{}", place::other_than(claimed, rng).phone, rng.letters("0123456789", 9)));
    account.birth_date = Some(format!("{}-01-01", *rng.pick(&["1900", "1990", "2025", "1970"])));
    let other = Person::of(claimed, rng);
    let given = capitalized(&plain(&other.given.latin));
    account.rename(&given, &capitalized(&other.family.latin));
}

/// Fingers rolled over neighbouring keys.
pub(crate) fn mashed(rng: &mut Random, length: usize) -> String {
    let row = *rng.pick(&["asdfghjkl", "qwertyuiop", "zxcvbnm", "asdfjkl", "sdfghjkl"]);
    rng.letters(row, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn naive_profiles_use_disposable_addresses() {
        let mut ledger = Ledger::new(1, 0, 30, Some(Tier::Naive));
        play(&mut ledger, &mut Random::new(2, 0));
        let world = ledger.into_world();
        let email =
            world.events.iter().find_map(|event| event.body["identity"]["data"]["email"].as_str()).expect("an address");
        assert!(DISPOSABLE.iter().any(|domain| email.ends_with(domain)));
        assert!(world.identities[0].authenticity_bad);
    }
}
