//! What the e-mail address says about how lasting it is.

use super::evidence::quoted;
use super::{Analyzer, counted};
use crate::datasets::{Dataset, NOT};
use crate::intelligence::email::{Disposable, EmailFacts};
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;

pub const ANALYZER: Analyzer = Analyzer {
    id: "authenticity.disposable-email",
    label: "E-mail domain",
    category: Category::Authenticity,
    group: "identity-data",
    weight: 1.4,
    analyze,
};

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let email = snapshot.email.as_ref()?;
    let finding = by_own_list(snapshot, email).unwrap_or_else(|| judge(email));
    Some(finding.with("domain", quoted(&email.domain)).with("lists", email.lists).with("free", email.free))
}

/// What the team itself says of the domain, where that settles it.
fn by_own_list(snapshot: &Snapshot, email: &EmailFacts) -> Option<Finding> {
    let domain = quoted(&email.domain);
    if !email.valid {
        return None;
    }
    if snapshot.hit(Dataset::TrustedEmailDomains).is_some() {
        return Some(Finding::new(0.8, 0.6, format!("The e-mail domain {domain} is on your list of trusted domains.")));
    }
    let hit = snapshot.hit(Dataset::DisposableEmailDomains)?;
    let entry = quoted(&hit.key);
    let finding = match hit.value.as_str() {
        NOT => Finding::new(0.66, 0.55, format!("Your list says that the e-mail domain {domain} is not disposable.")),
        "disposable" => {
            Finding::new(0.03, 0.95, format!("The e-mail domain {domain} is disposable: {entry} is on your list."))
        }
        _ => return None,
    };
    Some(finding.with("listed", hit.value.as_str()))
}

fn judge(email: &EmailFacts) -> Finding {
    if !email.valid {
        return Finding::new(0.12, 0.8, "The e-mail address is not a valid address.");
    }
    let domain = quoted(&email.domain);
    let lists = counted(u64::from(email.lists), "list", "lists");
    match email.disposable {
        Disposable::Strong => {
            Finding::new(0.03, 0.95, format!("The e-mail domain {domain} is on {lists} of disposable mail services."))
        }
        Disposable::Weak => {
            let text =
                format!("The e-mail domain {domain} is on {lists} of disposable mail services, not on the strictest.");
            Finding::new(0.2, 0.7, text)
        }
        Disposable::Relay => {
            let text =
                format!("The e-mail domain {domain} forwards to a hidden mailbox, as privacy-minded people like it.");
            Finding::new(0.45, 0.35, text)
        }
        Disposable::No => lasting(email, &domain),
    }
}

fn lasting(email: &EmailFacts, domain: &str) -> Finding {
    if email.role {
        let text = format!("The e-mail address at {domain} is a role's ({}), not a person's.", quoted(&email.local));
        return Finding::new(0.44, 0.35, text);
    }
    if email.free {
        return Finding::new(
            0.66,
            0.55,
            format!("The e-mail domain {domain} is a common free provider's, on no disposable list."),
        );
    }
    Finding::new(0.68, 0.55, format!("The e-mail domain {domain} is no free provider's and on no disposable list."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Story, check, check_silent};

    fn story(email: &str) -> Story {
        Story::new().identity(&format!(r#"{{"email":"{email}"}}"#)).event(0, "signup")
    }

    #[test]
    fn disposable_domains_are_nearly_a_verdict() {
        let finding = check(&ANALYZER, &story("qa7@mailinator.com"), 0.0..=0.05);
        assert!(finding.explanation.contains("mailinator.com"));
    }

    #[test]
    fn each_strength_has_its_place() {
        let of = |disposable| judge(&EmailFacts { valid: true, disposable, ..EmailFacts::default() }).value;
        let values = [Disposable::Strong, Disposable::Weak, Disposable::Relay, Disposable::No].map(of);
        assert!(values.is_sorted(), "{values:?}");
    }

    #[test]
    fn ordinary_addresses_are_mildly_good() {
        check(&ANALYZER, &story("ada.lovelace@gmail.com"), 0.6..=0.75);
        check(&ANALYZER, &story("ada@analytical-engines.org"), 0.6..=0.75);
        check(&ANALYZER, &story("info@analytical-engines.org"), 0.4..=0.5);
    }

    #[test]
    fn an_invalid_address_is_suspicious_and_none_says_nothing() {
        check(&ANALYZER, &story("not an address"), 0.0..=0.2);
        check_silent(&ANALYZER, &Story::new().event(0, "signup"));
    }
}
