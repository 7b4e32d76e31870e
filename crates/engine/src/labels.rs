//! Labels: what analysts found an identity to be.

use crate::score::Category;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LabelKind {
    Legitimate,
    Bot,
    FakeData,
    MultiAccount,
    AccountTakeover,
    PaymentFraud,
    PromoAbuse,
    ReferralFraud,
    Spam,
    Scraping,
    Other,
}

/// Which score each kind of abuse should have lowered. An identity with such a label counts as bad for that score alone:
/// what it is for the others, nobody said. One that is legitimate counts as good for all four.
pub const LOWERED_BY: [(LabelKind, Category); 10] = [
    (LabelKind::Bot, Category::Humanity),
    (LabelKind::FakeData, Category::Authenticity),
    (LabelKind::MultiAccount, Category::Uniqueness),
    (LabelKind::AccountTakeover, Category::Behavior),
    (LabelKind::PaymentFraud, Category::Behavior),
    (LabelKind::PromoAbuse, Category::Behavior),
    (LabelKind::ReferralFraud, Category::Behavior),
    (LabelKind::Spam, Category::Behavior),
    (LabelKind::Scraping, Category::Behavior),
    (LabelKind::Other, Category::Behavior),
];

impl LabelKind {
    pub const ALL: [LabelKind; 11] = [
        LabelKind::Legitimate,
        LabelKind::Bot,
        LabelKind::FakeData,
        LabelKind::MultiAccount,
        LabelKind::AccountTakeover,
        LabelKind::PaymentFraud,
        LabelKind::PromoAbuse,
        LabelKind::ReferralFraud,
        LabelKind::Spam,
        LabelKind::Scraping,
        LabelKind::Other,
    ];

    pub fn code(self) -> &'static str {
        match self {
            LabelKind::Legitimate => "LEGITIMATE",
            LabelKind::Bot => "BOT",
            LabelKind::FakeData => "FAKE_DATA",
            LabelKind::MultiAccount => "MULTI_ACCOUNT",
            LabelKind::AccountTakeover => "ACCOUNT_TAKEOVER",
            LabelKind::PaymentFraud => "PAYMENT_FRAUD",
            LabelKind::PromoAbuse => "PROMO_ABUSE",
            LabelKind::ReferralFraud => "REFERRAL_FRAUD",
            LabelKind::Spam => "SPAM",
            LabelKind::Scraping => "SCRAPING",
            LabelKind::Other => "OTHER",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        LabelKind::ALL.into_iter().find(|kind| kind.code() == code)
    }

    pub fn is_legitimate(self) -> bool {
        self == LabelKind::Legitimate
    }

    /// Whether this label says that the identity is good (`true`) or bad (`false`) as far as a score goes.
    pub fn verdict_on(self, category: Category) -> Option<bool> {
        if self.is_legitimate() {
            return Some(true);
        }
        LOWERED_BY.contains(&(self, category)).then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_abuse_lowers_one_score_and_has_its_own_code() {
        for kind in LabelKind::ALL {
            assert_eq!(LabelKind::from_code(kind.code()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.code());
            let lowered =
                Category::ALL.into_iter().filter(|category| kind.verdict_on(*category) == Some(false)).count();
            assert_eq!(lowered, usize::from(!kind.is_legitimate()), "{kind:?}");
        }
        assert_eq!(LabelKind::Bot.verdict_on(Category::Humanity), Some(false));
        assert_eq!(LabelKind::Bot.verdict_on(Category::Behavior), None);
        assert_eq!(LabelKind::Legitimate.verdict_on(Category::Behavior), Some(true));
    }
}
