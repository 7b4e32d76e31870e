//! What events say besides their names that can tell people apart: the card paid with, the code that brought somebody, the
//! street something is shipped to. Teams send it with the event as often as with the identity.

use crate::event::Event;
use crate::mapping::{EventType, Field, Mappings};
use crate::profile::Seen;
use crate::text::{cut, snake_case};
use serde::{Deserialize, Serialize};

/// Longest value kept, in bytes, and values kept of an identity.
const TEXT_BYTES_MAX: usize = 96;
const SAID_MAX: usize = 24;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    #[default]
    Payment,
    Document,
    Referral,
    Promo,
    Street,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Said {
    pub topic: Topic,
    pub text: String,
    pub seen: Seen,
}

/// Adds what an event says. The oldest is forgotten first.
pub(crate) fn hear(said: &mut Vec<Said>, event: &Event) {
    for (name, value) in &event.data {
        let Some(text) = value.as_str().map(str::trim).filter(|text| text.len() >= 2) else { continue };
        let Some(topic) = topic(&event.name, name) else { continue };
        let text = cut(text, TEXT_BYTES_MAX);
        match said.iter_mut().find(|held| held.topic == topic && held.text == text) {
            Some(held) => held.seen.again(event.timestamp_ms),
            None => said.push(Said { topic, text: text.to_owned(), seen: Seen::at(event.timestamp_ms) }),
        }
    }
    while said.len() > SAID_MAX {
        let oldest = (0..said.len()).min_by_key(|&place| (said[place].seen.last_ms, place));
        oldest.map(|place| said.remove(place));
    }
}

const DELIVERY_PREFIXES: [&str; 6] = ["ship_to_", "shipping_", "delivery_", "deliver_to_", "billing_", "payment_"];

fn topic(event: &str, name: &str) -> Option<Topic> {
    let name = snake_case(name);
    let bare = DELIVERY_PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(&name);
    let field = Mappings::default().field(&name).or_else(|| Mappings::default().field(bare));
    match (field, bare) {
        (Some(Field::PaymentFingerprint), _) | (_, "fingerprint") if name != "fingerprint" => Some(Topic::Payment),
        (Some(Field::DocumentHash), _) => Some(Topic::Document),
        (Some(Field::ReferralCode), _) => Some(Topic::Referral),
        (Some(Field::Street), _) => Some(Topic::Street),
        (_, "promo_code" | "promo" | "coupon" | "coupon_code" | "voucher" | "voucher_code" | "discount_code") => {
            Some(Topic::Promo)
        }
        (_, "code") if Mappings::default().event_type(event) == Some(EventType::PromoRedeem) => Some(Topic::Promo),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn heard(events: &[(&str, Value)]) -> Vec<(Topic, String)> {
        let mut said = Vec::new();
        for (name, data) in events {
            let data = data.as_object().cloned().unwrap_or_default();
            hear(&mut said, &Event { name: (*name).into(), data, ..Event::default() });
        }
        said.into_iter().map(|said| (said.topic, said.text)).collect()
    }

    #[test]
    fn cards_codes_and_streets_are_heard_and_other_words_are_not() {
        let order =
            json!({"amount": 9.5, "card_fingerprint": "ab12", "ship_to_street": "Park Lane 7", "note": "thanks"});
        assert_eq!(
            heard(&[("purchase", order)]),
            [(Topic::Payment, "ab12".to_owned()), (Topic::Street, "Park Lane 7".to_owned())]
        );
        let redeemed = [("promo_redeem", json!({"code": "NEW10"})), ("verify", json!({"code": "123456"}))];
        assert_eq!(heard(&redeemed), [(Topic::Promo, "NEW10".to_owned())]);
        assert_eq!(heard(&[("signup", json!({"referral_code": "XYZ"}))]), [(Topic::Referral, "XYZ".to_owned())]);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let codes: Vec<(&str, Value)> =
            (0..99).map(|n| ("signup", json!({"referral_code": format!("C{n}")}))).collect();
        assert_eq!(heard(&codes).len(), SAID_MAX);
    }
}
