//! Abusive segments, one file each.

mod account_takeover;
mod bot_signup;
mod card_testing;
mod credential_stuffing;
mod crew;
mod fake_data;
mod many_accounts;
mod promo_abuse;
mod referral_ring;
mod registration_bombing;
mod scraper;
mod trial_farm;

use crate::plan::Segment;

pub(crate) const ALL: &[Segment] = &[
    Segment { name: "trial_farm_ip", weight: 10.0, play: trial_farm::changing_address },
    Segment { name: "trial_farm_device", weight: 10.0, play: trial_farm::changing_device },
    Segment { name: "referral_ring", weight: 10.0, play: referral_ring::play },
    Segment { name: "registration_bombing", weight: 12.0, play: registration_bombing::play },
    Segment { name: "many_accounts", weight: 10.0, play: many_accounts::play },
    Segment { name: "credential_stuffing", weight: 10.0, play: credential_stuffing::play },
    Segment { name: "account_takeover", weight: 8.0, play: account_takeover::play },
    Segment { name: "bot_signup", weight: 10.0, play: bot_signup::play },
    Segment { name: "fake_data", weight: 9.0, play: fake_data::play },
    Segment { name: "scraper", weight: 6.0, play: scraper::play },
    Segment { name: "card_testing", weight: 6.0, play: card_testing::play },
    Segment { name: "promo_abuse", weight: 8.0, play: promo_abuse::play },
];
