//! Lookup tables that analyzers and linkage read: what the data pack knows (GLOBAL), and what a team knows better
//! (CUSTOMER).
//!
//! The list is closed: an entry works because some analyzer reads it. A team's entries are gathered in [`Lists`].

mod bundled;
mod keys;
mod lists;

pub use bundled::{Bundled, bundled, bundled_count};
pub use lists::{Hit, Lists};

use serde::{Deserialize, Serialize};

/// Entries of its own that a team may have in one dataset: all of them are in memory while the team is scored.
pub const ENTRIES_MAX: usize = 10_000;
/// The same where every entry is compared with every user agent.
pub const USER_AGENT_ENTRIES_MAX: usize = 200;
/// Says that what the data pack holds is not so.
pub const NOT: &str = "not";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dataset {
    DisposableEmailDomains,
    FreeEmailProviders,
    TrustedEmailDomains,
    Networks,
    UserAgents,
    PlaceholderNames,
    BlockedWords,
    PublicCodes,
}

/// What a dataset is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    pub slug: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    /// What a key is, in words.
    pub key: &'static str,
    /// What an entry may say; the first is taken when it says nothing.
    pub values: &'static [&'static str],
    /// Whose findings it changes.
    pub read_by: &'static [&'static str],
}

impl Dataset {
    pub const ALL: [Dataset; 8] = [
        Dataset::DisposableEmailDomains,
        Dataset::FreeEmailProviders,
        Dataset::TrustedEmailDomains,
        Dataset::Networks,
        Dataset::UserAgents,
        Dataset::PlaceholderNames,
        Dataset::BlockedWords,
        Dataset::PublicCodes,
    ];

    pub fn from_slug(slug: &str) -> Option<Self> {
        Dataset::ALL.into_iter().find(|dataset| dataset.slug() == slug)
    }

    pub fn slug(self) -> &'static str {
        self.about().slug
    }

    pub fn entries_max(self) -> usize {
        if self == Dataset::UserAgents { USER_AGENT_ENTRIES_MAX } else { ENTRIES_MAX }
    }

    /// The key as it is kept and looked up.
    ///
    /// # Errors
    /// What is wrong with it, to be read after the field's name.
    pub fn key(self, written: &str) -> Result<String, String> {
        match self {
            Dataset::DisposableEmailDomains | Dataset::FreeEmailProviders | Dataset::TrustedEmailDomains => {
                keys::domain(written)
            }
            Dataset::Networks => keys::network(written),
            Dataset::UserAgents => keys::mark(written),
            Dataset::PlaceholderNames => keys::name(written),
            Dataset::BlockedWords => keys::word(written),
            Dataset::PublicCodes => keys::code(written),
        }
    }

    /// What an entry says: one of the values there are, the first where it says nothing.
    ///
    /// # Errors
    /// What it may say.
    pub fn value(self, written: Option<&str>) -> Result<&'static str, String> {
        let values = self.about().values;
        let Some(written) = written.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(values[0]) };
        let found = values.iter().find(|value| value.eq_ignore_ascii_case(written));
        found.copied().ok_or_else(|| format!("must be one of {}", values.join(", ")))
    }

    pub fn about(self) -> &'static About {
        match self {
            Dataset::DisposableEmailDomains => &About {
                slug: "disposable-email-domains",
                title: "Disposable e-mail domains",
                description: "Domains where anyone gets an address for a moment, and those that forward to a hidden mailbox. An entry holds for subdomains too; `not` takes a domain off the bundled list.",
                key: "a domain, such as mailinator.com",
                values: &["disposable", "weak", "relay", NOT],
                read_by: &["authenticity.disposable-email", "linkage"],
            },
            Dataset::FreeEmailProviders => &About {
                slug: "free-email-providers",
                title: "Free e-mail providers",
                description: "Providers where many have addresses: sharing the domain is no evidence for one person.",
                key: "a domain, such as gmail.com",
                values: &["free", NOT],
                read_by: &["authenticity.disposable-email", "linkage"],
            },
            Dataset::TrustedEmailDomains => &About {
                slug: "trusted-email-domains",
                title: "Trusted e-mail domains",
                description: "Domains of organizations you know. They are never disposable, and sharing one is no evidence for one person. An entry holds for subdomains too.",
                key: "a domain, such as example.com",
                values: &["trusted"],
                read_by: &["authenticity.disposable-email", "linkage"],
            },
            Dataset::Networks => &About {
                slug: "networks",
                title: "Networks",
                description: "What kind of network an address belongs to; the longest prefix answers. `office`, `carrier` and `trusted` addresses are many people's: sharing one is no evidence. `trusted` weighs nothing at all.",
                key: "an address or a prefix, such as 203.0.113.0/24",
                values: &["office", "carrier", "home", "hosting", "vpn", "tor", "relay", "trusted"],
                read_by: &[
                    "humanity.ip-trust",
                    "behavior.ip-stability",
                    "uniqueness.shared-ip",
                    "authenticity.data-agreement",
                    "linkage",
                ],
            },
            Dataset::UserAgents => &About {
                slug: "user-agents",
                title: "User agents",
                description: "Words found anywhere in a user agent, whatever their case: of a robot, or of your own application (`app`), whose programs are no robots. Holds for events that arrive later.",
                key: "a part of a user agent, such as acme-android/",
                values: &["bot", "app"],
                read_by: &["humanity.user-agent", "humanity.automation-framework"],
            },
            Dataset::PlaceholderNames => &About {
                slug: "placeholder-names",
                title: "Placeholder names",
                description: "Names that people type to get past a form. An entry is the whole name.",
                key: "a name, such as John Doe",
                values: &["placeholder", NOT],
                read_by: &["authenticity.name-plausibility"],
            },
            Dataset::BlockedWords => &About {
                slug: "blocked-words",
                title: "Blocked words",
                description: "Words that make a name implausible. An entry is one whole word; `not` takes a word off the bundled list.",
                key: "a word",
                values: &["blocked", NOT],
                read_by: &["authenticity.name-plausibility"],
            },
            Dataset::PublicCodes => &About {
                slug: "public-codes",
                title: "Public codes",
                description: "Promotion and referral codes that you publish: using the same one is no evidence for one person, nor for a referral ring.",
                key: "a code, such as SUMMER25",
                values: &["public"],
                read_by: &["behavior.referral-ring-signal", "linkage"],
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn slugs_are_unique_and_what_serde_writes() {
        let slugs: BTreeSet<&str> = Dataset::ALL.iter().map(|dataset| dataset.slug()).collect();
        assert_eq!(slugs.len(), Dataset::ALL.len());
        for dataset in Dataset::ALL {
            assert_eq!(serde_json::to_value(dataset).unwrap(), dataset.slug());
            assert_eq!(Dataset::from_slug(dataset.slug()), Some(dataset));
        }
        assert_eq!(Dataset::from_slug("nothing"), None);
    }

    #[test]
    fn whoever_reads_a_dataset_is_an_analyzer_or_linkage() {
        for reader in Dataset::ALL.iter().flat_map(|dataset| dataset.about().read_by) {
            let known = crate::analyzers::ALL.iter().any(|analyzer| analyzer.id == *reader);
            assert!(known || *reader == "linkage", "{reader}");
        }
    }

    #[test]
    fn a_value_is_one_of_the_datasets_and_the_first_when_it_is_not_said() {
        assert_eq!(Dataset::Networks.value(None), Ok("office"));
        assert_eq!(Dataset::Networks.value(Some(" VPN ")), Ok("vpn"));
        assert!(Dataset::TrustedEmailDomains.value(Some("not")).unwrap_err().contains("trusted"));
    }
}
