//! An account of the customer's application, as its identity data describe it.

use serde_json::{Map, Value, json};

use crate::device::Class;
use crate::person::Person;
use crate::place::Country;
use crate::random::Random;
use crate::vocabulary::Dialect;

#[derive(Clone)]
pub(crate) struct Account {
    pub id: String,
    pub email: String,
    pub given: String,
    pub family: String,
    pub display: String,
    pub username: Option<String>,
    pub phone: Option<String>,
    pub country: &'static Country,
    /// What the form says; differs from the truth in invented profiles.
    pub country_code: String,
    pub city: Option<String>,
    pub birth_date: Option<String>,
    pub organization: Option<String>,
    /// Customer's own id and name of the organization.
    pub group: Option<(String, String)>,
    pub card: String,
    pub referral_code: String,
    /// Identity and code of who recommended the application.
    pub referrer: Option<(String, String)>,
    pub dialect: Dialect,
}

impl Account {
    /// `id` and `email` come from the ledger, which keeps them unique.
    pub(crate) fn of(person: &Person, id: String, email: String, rng: &mut Random) -> Self {
        let is_on_phone = person.devices.first().is_some_and(|device| device.class == Class::Phone);
        let shares = if is_on_phone { [30.0, 55.0, 15.0] } else { [65.0, 0.0, 35.0] };
        let dialect = [Dialect::Web, Dialect::App, Dialect::Backend][rng.weighted(shares.into_iter())];
        let username = rng.chance(0.45).then(|| person.handle(rng));
        let phone = rng
            .chance(0.25)
            .then(|| format!("{}{}{}", person.country.phone, rng.between(6, 9), rng.letters("0123456789", 8)));
        let city = rng.chance(0.3).then(|| (*rng.pick(person.country.cities)).to_owned());
        let birth_date = rng
            .chance(0.2)
            .then(|| format!("{}-{:02}-{:02}", person.birth_year, rng.between(1, 12), rng.between(1, 28)));
        Account {
            email,
            given: person.given.native.clone(),
            family: person.family.native.clone(),
            display: person.display.clone(),
            username,
            phone,
            country: person.country,
            country_code: person.country.code.to_owned(),
            city,
            birth_date,
            organization: None,
            group: None,
            card: rng.hex(16),
            referral_code: rng.letters("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 8),
            referrer: None,
            dialect,
            id,
        }
    }

    pub(crate) fn profile(&self) -> Value {
        let mut data = Map::new();
        data.insert("email".into(), json!(self.email));
        if self.dialect == Dialect::App {
            data.insert("first_name".into(), json!(self.given));
            data.insert("last_name".into(), json!(self.family));
        } else {
            data.insert("name".into(), json!(self.display));
        }
        data.insert("country".into(), json!(self.country_code));
        let optional = [
            ("username", &self.username),
            ("phone", &self.phone),
            ("city", &self.city),
            ("birth_date", &self.birth_date),
            ("organization", &self.organization),
        ];
        for (field, value) in optional {
            if let Some(value) = value {
                data.insert(field.into(), json!(value));
            }
        }
        if let Some((_, code)) = &self.referrer {
            data.insert("referred_by".into(), json!(code));
        }
        Value::Object(data)
    }

    pub(crate) fn come_through(&mut self, referrer: &Account) {
        self.referrer = Some((referrer.id.clone(), referrer.referral_code.clone()));
    }

    pub(crate) fn rename(&mut self, given: &str, family: &str) {
        self.given = given.to_owned();
        self.family = family.to_owned();
        self.display = format!("{given} {family}");
    }

    pub(crate) fn join(&mut self, group_id: &str, name: &str) {
        self.organization = Some(name.to_owned());
        self.group = Some((group_id.to_owned(), name.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_has_the_fields_of_its_dialect() {
        let mut rng = Random::new(1, 1);
        let person = Person::any(&mut rng);
        let mut account = Account::of(&person, "u1".into(), "a@b.c".into(), &mut rng);
        account.dialect = Dialect::App;
        assert!(account.profile()["first_name"].is_string());
        account.dialect = Dialect::Web;
        account.rename("A", "B");
        account.join("o1", "Acme");
        assert_eq!(account.profile()["name"], "A B");
        assert_eq!(account.profile()["organization"], "Acme");
    }
}
