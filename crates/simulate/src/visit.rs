//! One browser session of somebody: a clock that runs while things happen.

use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::device::Device;
use crate::ledger::Ledger;
use crate::random::Random;
use crate::time::iso;
use crate::vocabulary::{Action, Dialect};

const SITE: &str = "https://app.example.com";
const PATHS: &[&str] = &[
    "/",
    "/pricing",
    "/features",
    "/projects",
    "/projects/12",
    "/settings",
    "/search",
    "/shop",
    "/shop/items/481",
    "/help",
    "/blog/news",
];

pub(crate) struct Visit<'a> {
    pub at_ms: i64,
    device: &'a Device,
    ip: String,
    session: String,
    described: bool,
    path: &'static str,
}

impl<'a> Visit<'a> {
    pub(crate) fn begin(at_ms: i64, device: &'a Device, ip: String, rng: &mut Random) -> Self {
        let session = rng.hex(20);
        Visit { at_ms, device, ip, session, described: false, path: "/" }
    }

    /// Continues a session that is kept elsewhere.
    pub(crate) fn resume(at_ms: i64, device: &'a Device, ip: &str, session: &str, described: bool) -> Self {
        Visit { at_ms, device, ip: ip.to_owned(), session: session.to_owned(), described, path: "/" }
    }

    /// A body with an id, for those who keep no ledger.
    pub(crate) fn tell(&mut self, account: &Account, action: Action, id: String, rng: &mut Random) -> Value {
        let data = self.details(account, action, rng);
        let mut body = self.body(Some(account), account.dialect, action, data);
        body.insert("id".into(), Value::String(id));
        Value::Object(body)
    }

    pub(crate) fn wait(&mut self, ms: i64) {
        self.at_ms += ms.max(1);
    }

    /// A pause as people make it: mostly seconds, at times minutes.
    pub(crate) fn think(&mut self, median_s: f64, rng: &mut Random) {
        self.wait((rng.log_normal(median_s, 0.9) * 1_000.0) as i64);
    }

    /// The tracker's first event, before anybody is known.
    pub(crate) fn arrive(&mut self, ledger: &mut Ledger, dialect: Dialect, rng: &mut Random) {
        if self.device.has_tracker {
            let body = self.body(None, dialect, Action::Init, json!({}));
            ledger.push(self.at_ms, None, body);
            self.wait(rng.between(5, 90));
        }
    }

    pub(crate) fn anonymous_page(&mut self, ledger: &mut Ledger, dialect: Dialect, rng: &mut Random) {
        if self.device.has_tracker {
            self.path = *rng.pick(PATHS);
            let body = self.body(None, dialect, Action::PageView, json!({"path": self.path}));
            ledger.push(self.at_ms, None, body);
        }
    }

    pub(crate) fn act(&mut self, ledger: &mut Ledger, account: &Account, action: Action, rng: &mut Random) {
        let data = self.details(account, action, rng);
        self.act_with(ledger, account, action, data);
    }

    pub(crate) fn act_with(&mut self, ledger: &mut Ledger, account: &Account, action: Action, data: Value) {
        let body = self.body(Some(account), account.dialect, action, data);
        ledger.push(self.at_ms, Some(&account.id), body);
    }

    pub(crate) fn body(
        &mut self,
        account: Option<&Account>,
        dialect: Dialect,
        action: Action,
        data: Value,
    ) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("type".into(), json!(action.name(dialect)));
        body.insert("timestamp".into(), json!(iso(self.at_ms)));
        body.insert("source".into(), json!(dialect.source()));
        body.insert("ip".into(), json!(self.ip));
        body.insert("userAgent".into(), json!(self.device.agent));
        body.insert("data".into(), data);
        if let Some(account) = account {
            body.insert("identity".into(), identity_of(account, action));
            if let Some((id, name)) = &account.group {
                body.insert("groups".into(), json!([{"type": "organization", "id": id, "data": {"name": name}}]));
            }
        }
        if self.device.has_tracker {
            self.describe_browser(action, &mut body);
        }
        body
    }

    /// Signals are large: the tracker sends them on arrival and with the events that matter, the session ties the rest. An event
    /// without identity needs its device.
    fn describe_browser(&mut self, action: Action, body: &mut Map<String, Value>) {
        body.insert("session".into(), json!(self.session));
        body.insert("url".into(), json!([SITE, self.path].concat()));
        let is_anonymous = !body.contains_key("identity");
        if !self.described || action.carries_device() || is_anonymous {
            body.insert("device".into(), self.device.body());
            self.described = true;
        }
    }

    fn details(&mut self, account: &Account, action: Action, rng: &mut Random) -> Value {
        let currency = account.country.currency;
        match action {
            Action::PageView => {
                self.path = *rng.pick(PATHS);
                json!({"path": self.path})
            }
            Action::Search => {
                json!({"query": *rng.pick(&["invoice", "shoes", "template", "api", "gift", "export", "phone case"])})
            }
            Action::SignUp => match &account.referrer {
                Some((id, code)) => json!({"method": "password", "referral_code": code, "referrer_id": id}),
                None => json!({"method": habitual_method(account)}),
            },
            Action::Login => json!({"method": habitual_method(account)}),
            Action::LoginFailed => json!({"reason": "wrong_password"}),
            Action::Purchase => {
                json!({"amount": price(rng), "currency": currency, "card_fingerprint": account.card, "items": rng.between(1, 4)})
            }
            Action::PaymentFailed => {
                let reason = *rng.pick(&["insufficient_funds", "insufficient_funds", "expired_card", "do_not_honor"]);
                json!({"amount": price(rng), "currency": currency, "reason": reason, "card_fingerprint": account.card})
            }
            Action::AddCard => {
                json!({"card_fingerprint": account.card, "brand": *rng.pick(&["visa", "mastercard", "amex"])})
            }
            Action::AddToCart => json!({"sku": format!("SKU-{}", rng.between(100, 999)), "price": price(rng)}),
            Action::Refund => json!({"amount": price(rng), "currency": currency}),
            Action::StartTrial => json!({"plan": *rng.pick(&["pro", "team"]), "days": 14}),
            Action::ChangePlan => json!({"from": "free", "to": *rng.pick(&["pro", "team"])}),
            Action::Invite => json!({"channel": *rng.pick(&["email", "link"]), "referral_code": account.referral_code}),
            Action::Refer => json!({"referral_code": account.referrer.as_ref().map(|referrer| &referrer.1)}),
            Action::RedeemPromo => json!({"code": *rng.pick(&["WELCOME10", "SPRING", "FRIEND5"])}),
            Action::Message | Action::Create => json!({"length": rng.log_normal(180.0, 1.0) as i64}),
            Action::Export => json!({"rows": rng.log_normal(300.0, 1.5) as i64, "format": "csv"}),
            _ => json!({}),
        }
    }
}

/// People sign in the same way each time.
fn habitual_method(account: &Account) -> &'static str {
    match account.card.bytes().next() {
        Some(b'0'..=b'3') => "google",
        Some(b'4' | b'5') => "magic_link",
        _ => "password",
    }
}

fn price(rng: &mut Random) -> f64 {
    (rng.log_normal(28.0, 0.9) * 100.0).round() / 100.0
}

fn identity_of(account: &Account, action: Action) -> Value {
    if action.carries_profile() {
        json!({"id": account.id, "data": account.profile()})
    } else if matches!(action, Action::AddCard | Action::Purchase) {
        json!({"id": account.id, "data": {"payment_fingerprint": account.card}})
    } else {
        json!({"id": account.id})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::Person;

    #[test]
    fn a_body_has_what_a_server_forwards() {
        let mut rng = Random::new(4, 0);
        let person = Person::any(&mut rng);
        let mut ledger = Ledger::new(1, 0, 1, None);
        let account = ledger.open(&person, "a@b.example".into(), &mut rng);
        let mut visit = Visit::begin(1_000, &person.devices[0], "10.0.0.1".into(), &mut rng);
        visit.act(&mut ledger, &account, Action::SignUp, &mut rng);
        visit.wait(10);
        visit.act(&mut ledger, &account, Action::PageView, &mut rng);
        let world = ledger.into_world();
        let first = &world.events[0].body;
        for field in
            ["id", "type", "identity", "data", "source", "timestamp", "ip", "userAgent", "device", "session", "url"]
        {
            assert!(!first[field].is_null(), "{field}");
        }
        assert_eq!(first["identity"]["data"]["email"], "a@b.example");
        assert_eq!(first["device"]["fingerprint"].as_str().map(str::len), Some(32));
        assert!(world.events[1].body["device"].is_null(), "the session already ties the device");
    }
}
