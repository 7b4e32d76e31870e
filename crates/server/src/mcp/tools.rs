//! Every tool that agents have, and the request of the API that each becomes. What is not in this list, an agent cannot do.

use crate::mcp::tool::{Argument, Effect, Kind, Method, Paging, Place, Tool, argument, body, path, query};

/// Ten years, for delays and ages.
const SECONDS_MAX: i64 = 10 * 365 * 24 * 3600;
const PAGES: Paging = Paging::Pages(25, 100);

const SCORE: Kind = Kind::Whole(0, 100);
const STATUS: Kind = Kind::OneOf(&["PENDING", "OPEN", "ACKNOWLEDGED", "CLOSED"]);
const SEVERITY: Kind = Kind::OneOf(&["INFO", "WARNING", "CRITICAL"]);
const SCOPE: Kind = Kind::OneOf(&["GLOBAL", "CUSTOMER"]);
const OWN_SCOPE: Argument =
    argument("scope", Kind::OneOf(&["CUSTOMER"]), Place::Nowhere, "CUSTOMER: only your own entries can be changed");
const MAPPING_KIND: Kind = Kind::OneOf(&["EVENT_TYPE", "IDENTITY_FIELD"]);
const LABELLED: Kind = Kind::OneOf(&[
    "LEGITIMATE",
    "BOT",
    "FAKE_DATA",
    "MULTI_ACCOUNT",
    "ACCOUNT_TAKEOVER",
    "PAYMENT_FRAUD",
    "PROMO_ABUSE",
    "REFERRAL_FRAUD",
    "SPAM",
    "SCRAPING",
    "OTHER",
    "any",
    "none",
]);
const BADGE_TYPE: Kind = Kind::OneOf(&["GOOD", "BAD", "NEUTRAL"]);
const DELAY: Kind = Kind::Whole(0, SECONDS_MAX);

const IDENTITY: Argument = path("id", "The identity's id, as the application knows it");
const FROM_TO: &[Argument] = &[
    query("from", Kind::Time, "Begin, ISO-8601; seven days ago when absent"),
    query("to", Kind::Time, "End, ISO-8601; now when absent"),
];
const ESCALATION_RULE: &[Argument] = &[
    body("name", Kind::Text, "At most 100 characters; required to create one"),
    body("severity", SEVERITY, "WARNING when absent"),
    body("conditions", Kind::Conditions, "All must hold; required to create one; replaces all there are"),
    body("channels", Kind::Texts, "Slugs of channels that are told; replaces all there are; none: only the dashboard"),
    body("effectiveAt", Kind::Time, "From when on it opens escalations; by default the moment of its creation"),
    body("openAfterSeconds", DELAY, "How long the conditions must hold before it opens one"),
    body(
        "closeAfterSeconds",
        Kind::WholeOrNull(0, SECONDS_MAX),
        "How long they must have ceased to hold before it closes one; null: never",
    ),
    body("enabled", Kind::Flag, "True by default"),
    body("shadow", Kind::Flag, "True: it works silently and tells nobody, to see what it would do"),
];
const BADGE_RULE: &[Argument] = &[
    body("name", Kind::Text, "At most 50 characters; required to create one"),
    body("type", BADGE_TYPE, "NEUTRAL when absent"),
    body("priority", Kind::Whole(i32::MIN as i64, i32::MAX as i64), "Badges of higher priority come first"),
    body("conditions", Kind::Conditions, "All must hold; required to create one; replaces all there are"),
    body("applyDelaySeconds", DELAY, "How long the conditions must hold before it is given"),
    body("removeDelaySeconds", DELAY, "How long they must have ceased to hold before it is taken away"),
    body("enabled", Kind::Flag, "True by default"),
];

/// Rule arguments behind the id of the rule they change.
const fn changes<const N: usize>(id: Argument, rest: &'static [Argument]) -> [Argument; N] {
    let mut all = [id; N];
    let mut n = 1;
    while n < N {
        all[n] = rest[n - 1];
        n += 1;
    }
    all
}
const CHANGED_ESCALATION_RULE: [Argument; ESCALATION_RULE.len() + 1] =
    changes(path("id", "From list_escalation_rules"), ESCALATION_RULE);
const CHANGED_BADGE_RULE: [Argument; BADGE_RULE.len() + 1] = changes(path("slug", "From list_badge_rules"), BADGE_RULE);

use Effect::{Adds, Overwrites, Reads, Sets, Tells};
use Method::{Delete, Patch, Post, Put};

pub const TOOLS: &[Tool] = &[
    // The account.
    Tool::read("get_account_summary", "/dashboard/summary", "Account summary")
        .about("How many identities there are and are active, which escalations are open, and whether processing keeps up. Begin here.")
        .page("/"),
    Tool::read("dashboard_stats", "/dashboard/stats", "Figures over time")
        .about("Events, identities and escalations over a span of time.")
        .takes(FROM_TO)
        .page("/"),
    Tool::read("dashboard_score_distribution", "/dashboard/score-distribution", "Distribution of scores")
        .about("How many identities have which score, for each of the four categories.")
        .takes(FROM_TO)
        .page("/"),
    Tool::read("dashboard_rule_activity", "/dashboard/rule-activity", "Activity of rules")
        .about("What each badge rule and escalation rule did in a span of time.")
        .takes(FROM_TO)
        .page("/"),
    Tool::read("get_documentation", "", "Manual")
        .about("A chapter of this server's manual; without a topic the table of contents.")
        .takes(&[argument("topic", Kind::Text, Place::Nowhere, "From the table of contents")]),
    // Identities.
    Tool::read("list_identities", "/identities", "List identities")
        .about("Identities with their four scores (0 to 100, higher is better, null until scored) and badges, most recently updated first.")
        .takes(&[
            query("term", Kind::Text, "Containing this text in id, name, e-mail or username"),
            query("device", Kind::Text, "Seen on the device with this fingerprint"),
            query("group", Kind::Text, "Member of the group with this id"),
            query("groupType", Kind::Text, "Member of a group of this type"),
            query("badge", Kind::Text, "Holding the badge with this slug"),
            query("label", LABELLED, "What analysts found them to be; any: those with a label, none: those without"),
            query("disregarded", Kind::Flag, "True: those left out of scoring; false: the others"),
            query("minHumanity", SCORE, ""),
            query("maxHumanity", SCORE, ""),
            query("minAuthenticity", SCORE, ""),
            query("maxAuthenticity", SCORE, ""),
            query("minUniqueness", SCORE, ""),
            query("maxUniqueness", SCORE, ""),
            query("minBehavior", SCORE, ""),
            query("maxBehavior", SCORE, ""),
            query("sort", Kind::Text, "A field of the items, such as updatedAt or humanityScore"),
            query("direction", Kind::OneOf(&["ASC", "DESC"]), "ASC when a sort is given").sent_as("order"),
        ])
        .listed(PAGES)
        .page("/identities")
        .item_page("/identities/{id}"),
    Tool::read("get_identity", "/identities/{id}", "Read an identity")
        .about("One identity with scores, badges and everything the application sent about it.")
        .takes(&[IDENTITY])
        .page("/identities/{id}"),
    Tool::read("get_identity_analysis", "/identities/{id}/analysis", "Why the scores are as they are")
        .about("The latest analysis: each score with the observations it is made of, their explanation, confidence and contribution in points.")
        .takes(&[IDENTITY])
        .page("/identities/{id}"),
    Tool::read("get_identity_history", "/identities/{id}/history", "Past scores")
        .about("The identity's scores over time, newest first.")
        .takes(&[IDENTITY, query("limit", Kind::Whole(1, 500), "Entries, 100 when absent")])
        .page("/identities/{id}"),
    Tool::read("get_identity_links", "/identities/{id}/links", "Related identities")
        .about("Identities that may be the same person, strongest first: type of link, probability, explanation and the evidence in bits.")
        .takes(&[IDENTITY])
        .listed(Paging::Window(25, 100))
        .page("/identities/{id}")
        .item_page("/identities/{targetIdentityId}"),
    Tool::read("get_identity_graph", "/identities/{id}/graph", "Who hangs together")
        .about("Identities around one, along the links between them.")
        .takes(&[
            IDENTITY,
            query("hops", Kind::Whole(1, 4), "Links away from the identity, 2 when absent"),
            query("minStrength", Kind::Share, "Probability from which a link is followed, 0.5 when absent"),
        ])
        .page("/identities/{id}"),
    Tool::read("search_events", "/events", "Search events")
        .about("Events, newest first.")
        .takes(&[
            query("identity", Kind::Text, "Of the identity with this id"),
            query("group", Kind::Text, "Sent with the group with this id"),
            query("groupType", Kind::Text, "Sent with a group of this type"),
            query("device", Kind::Text, "From the device with this fingerprint"),
            query("session", Kind::Text, "Of this session"),
            query("term", Kind::Text, "Containing this text in name, id, identity, URL or address"),
        ])
        .listed(PAGES)
        .page("/events"),
    Tool::new(Sets, Post, "analyze_identity", "/identities/{id}/actions/analyze", "Ask for an analysis")
        .about("Queues an analysis; the scores follow within moments. For administrators.")
        .takes(&[IDENTITY])
        .page("/identities/{id}"),
    Tool::new(Overwrites, Patch, "set_identity_disregarded", "/identities/{id}", "Disregard an identity")
        .about("Leaves an identity out of scoring and its devices out of everyone's evidence, or takes it in again; those affected are scored anew. For administrators.")
        .takes(&[IDENTITY, body("disregarded", Kind::Flag, "True: leave it out").required()])
        .page("/identities/{id}"),
    // Rings, groups, devices.
    Tool::read("list_rings", "/rings", "List rings")
        .about("Groups of accounts that are very probably one person's, those that look most like abuse first.")
        .takes(&[
            query("identity", Kind::Text, "Of which this identity is a member"),
            query("minSize", Kind::Whole(1, 500), "With at least so many members"),
        ])
        .listed(PAGES)
        .page("/rings")
        .item_page("/rings/{id}"),
    Tool::read("get_ring", "/rings/{id}", "Read a ring")
        .about("A ring with its members, what holds them together and its weakest joint.")
        .takes(&[path("id", "From list_rings")])
        .page("/rings/{id}"),
    Tool::read("list_groups", "/groups", "List groups")
        .about("The application's own organizations, teams or workspaces, most recently updated first.")
        .takes(&[
            query("type", Kind::Text, "Of this type"),
            query("identity", Kind::Text, "Of which this identity is a member"),
            query("term", Kind::Text, "Containing this text in id or name"),
        ])
        .listed(PAGES)
        .page("/identities"),
    Tool::read("list_devices", "/devices", "List devices")
        .about("Browsers on machines, most recently seen first.")
        .takes(&[
            query("identity", Kind::Text, "On which this identity was seen"),
            query("term", Kind::Text, "Containing this text in fingerprint, address, user agent, country code or city"),
        ])
        .listed(PAGES)
        .page("/devices")
        .item_page("/devices/{fingerprint}"),
    Tool::read("get_device", "/devices/{fingerprint}", "Read a device")
        .about("One device: where it is, its network, its user agent.")
        .takes(&[path("fingerprint", "From list_devices")])
        .page("/devices/{fingerprint}"),
    // Escalations.
    Tool::read("list_escalations", "/escalations", "List escalations")
        .about("Incidents that rules opened, newest first. Pending ones only when asked for.")
        .takes(&[
            query("status", STATUS, ""),
            query("severity", SEVERITY, ""),
            query("identity", Kind::Text, "About this identity"),
            query("rule", Kind::Text, "Of the rule with this id"),
            Argument {
                absent: Some("false"),
                ..query("includeDeletedRules", Kind::Flag, "True: also those whose rule has been deleted; false when absent")
            },
        ])
        .listed(PAGES)
        .page("/escalations")
        .item_page("/escalations/{id}"),
    Tool::read("get_escalation", "/escalations/{id}", "Read an escalation")
        .about("One escalation: its rule, identity, scores, and who did what when.")
        .takes(&[Argument { kind: Kind::Id, ..path("id", "From list_escalations") }])
        .page("/escalations/{id}"),
    Tool::read("escalation_summary", "/escalations/summary", "Count escalations")
        .about("How many escalations are open, acknowledged and closed.")
        .page("/escalations"),
    Tool::new(Sets, Patch, "update_escalation_status", "/escalations/{id}", "Work on an escalation")
        .about("Acknowledges, closes or reopens an escalation. For administrators.")
        .takes(&[
            Argument { kind: Kind::Id, ..path("id", "From list_escalations") },
            body("status", Kind::OneOf(&["OPEN", "ACKNOWLEDGED", "CLOSED"]), "").required(),
        ])
        .page("/escalations/{id}"),
    // Escalation rules.
    Tool::read("list_escalation_rules", "/escalation-rules", "List escalation rules")
        .about("When escalations open, and who is told.")
        .listed(Paging::Window(50, 100))
        .page("/settings/escalation-rules"),
    Tool::read("get_escalation_rule", "/escalation-rules/{id}", "Read an escalation rule")
        .about("One escalation rule.")
        .takes(&[path("id", "From list_escalation_rules")])
        .page("/settings/escalation-rules"),
    Tool::new(Reads, Post, "preview_escalation_rule", "/escalation-rules/actions/preview", "Try an escalation rule")
        .about("Whom a rule would match now. Creates nothing: use it before create_escalation_rule.")
        .takes(ESCALATION_RULE)
        .listed(PAGES)
        .page("/settings/escalation-rules")
        .item_page("/identities/{id}"),
    Tool::new(Adds, Post, "create_escalation_rule", "/escalation-rules", "Create an escalation rule")
        .about("Opens escalations from now on and may notify people: preview it first. For administrators.")
        .takes(ESCALATION_RULE)
        .page("/settings/escalation-rules"),
    Tool::new(Overwrites, Patch, "update_escalation_rule", "/escalation-rules/{id}", "Change an escalation rule")
        .about("Changes what is given and keeps the rest. For administrators.")
        .takes(&CHANGED_ESCALATION_RULE)
        .page("/settings/escalation-rules"),
    Tool::new(Overwrites, Delete, "delete_escalation_rule", "/escalation-rules/{id}", "Delete an escalation rule")
        .about("Its escalations stay. For administrators.")
        .takes(&[path("id", "From list_escalation_rules")])
        .page("/settings/escalation-rules"),
    // Badge rules.
    Tool::read("list_badge_rules", "/badge-rules", "List badge rules")
        .about("Which scores give which badge, those of higher priority first.")
        .listed(Paging::Window(50, 100))
        .page("/settings/badge-rules"),
    Tool::read("get_badge_rule", "/badge-rules/{slug}", "Read a badge rule")
        .about("One badge rule.")
        .takes(&[path("slug", "From list_badge_rules")])
        .page("/settings/badge-rules"),
    Tool::new(Adds, Post, "create_badge_rule", "/badge-rules", "Create a badge rule")
        .about("Marks whoever fulfils it. For administrators.")
        .takes(BADGE_RULE)
        .page("/settings/badge-rules"),
    Tool::new(Overwrites, Patch, "update_badge_rule", "/badge-rules/{slug}", "Change a badge rule")
        .about("Changes what is given and keeps the rest. For administrators.")
        .takes(&CHANGED_BADGE_RULE)
        .page("/settings/badge-rules"),
    Tool::new(Overwrites, Delete, "delete_badge_rule", "/badge-rules/{slug}", "Delete a badge rule")
        .about("Takes its badge away wherever it was given; escalation rules that ask for it fall silent. For administrators.")
        .takes(&[path("slug", "From list_badge_rules")])
        .page("/settings/badge-rules"),
    // Channels.
    Tool::read("list_channels", "/channels", "List channels")
        .about("Where notifications go. Addresses are shown in part, secrets never.")
        .listed(Paging::Window(50, 100))
        .page("/settings/channels"),
    Tool::read("get_channel", "/channels/{slug}", "Read a channel")
        .about("One channel. Its address is shown in part, its secret never.")
        .takes(&[path("slug", "From list_channels")])
        .page("/settings/channels"),
    Tool::read("list_channel_deliveries", "/channels/{slug}/deliveries", "What was sent through a channel")
        .about("Deliveries, newest first, with status, attempts and errors.")
        .takes(&[
            path("slug", "From list_channels"),
            query("status", Kind::OneOf(&["PENDING", "DELIVERED", "FAILED"]), ""),
            query("identity", Kind::Text, "About this identity"),
        ])
        .listed(PAGES)
        .page("/settings/channels"),
    Tool::new(Tells, Post, "test_channel", "/channels/{slug}/actions/test", "Send a test message")
        .about("Sends a test message to whoever is behind the channel; list_channel_deliveries tells how it went. For administrators.")
        .takes(&[path("slug", "From list_channels")])
        .page("/settings/channels"),
    // Datasets.
    Tool::read("list_datasets", "/datasets", "List datasets")
        .about("Lookup tables that analyzers read.")
        .takes(&[query("scope", SCOPE, "GLOBAL: bundled; CUSTOMER: your own")])
        .listed(Paging::Window(50, 100))
        .page("/settings/datasets"),
    Tool::read("list_dataset_entries", "/datasets/{slug}/entries", "List a dataset's entries")
        .about("What is in a dataset.")
        .takes(&[
            path("slug", "From list_datasets"),
            query("scope", SCOPE, "GLOBAL: bundled; CUSTOMER: your own"),
            query("term", Kind::Text, "Containing this text"),
        ])
        .listed(Paging::Pages(50, 500))
        .page("/settings/datasets"),
    Tool::new(Sets, Put, "add_dataset_entry", "/datasets/{slug}/entries", "Add an entry to a dataset")
        .about("Adds an entry of your own, which overrides a bundled one. For administrators.")
        .takes(&[
            path("slug", "From list_datasets"),
            OWN_SCOPE,
            body("key", Kind::Text, "Such as a domain, a network, a name").required(),
            body("value", Kind::Text, "What it is; list_datasets says which values there are"),
        ])
        .page("/settings/datasets"),
    Tool::new(Overwrites, Delete, "remove_dataset_entry", "/datasets/{slug}/entries", "Remove an entry from a dataset")
        .about("Removes an entry of your own; a bundled one holds again. For administrators.")
        .takes(&[path("slug", "From list_datasets"), OWN_SCOPE, query("key", Kind::Text, "").required()])
        .page("/settings/datasets"),
    // Mappings.
    Tool::read("list_mappings", "/mappings", "List mappings")
        .about("From the application's names of events and user data to canonical ones.")
        .takes(&[query("kind", MAPPING_KIND, ""), query("scope", SCOPE, "GLOBAL: built in; CUSTOMER: your own")])
        .listed(Paging::Window(100, 500))
        .page("/settings/mappings"),
    Tool::new(Overwrites, Put, "set_mapping", "/mappings", "Set a mapping")
        .about("Sets a mapping of your own, which overrides a built-in one. Effective with the next scoring. For administrators.")
        .takes(&[
            body("kind", MAPPING_KIND, "").required(),
            body("source", Kind::Text, "The application's name").required(),
            body("target", Kind::Text, "The canonical name, such as REGISTRATION or EMAIL").required(),
            body("description", Kind::Text, "At most 500 characters"),
        ])
        .page("/settings/mappings"),
    Tool::new(Overwrites, Delete, "delete_mapping", "/mappings", "Delete a mapping")
        .about("Deletes a mapping of your own; a built-in one holds again. For administrators.")
        .takes(&[query("kind", MAPPING_KIND, "").required(), query("source", Kind::Text, "").required()])
        .page("/settings/mappings"),
];

/// The tool with this name.
pub fn tool(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dregs_engine::labels::LabelKind;
    use dregs_store::Role;
    use std::collections::BTreeSet;

    /// What no agent touches, whoever it acts for.
    const NEVER: &[&str] = &[
        "/auth",
        "/account",
        "/team",
        "/credentials",
        "/tokens",
        "/audit-log",
        "/retention",
        "/erasures",
        "export",
        "rotate",
        "redeliver",
        "/events/",
    ];

    #[test]
    fn no_tool_reaches_keys_people_secrets_or_erasure() {
        for tool in TOOLS {
            assert!(!NEVER.iter().any(|part| tool.path.contains(part)), "{}", tool.name);
            let deletes_a_person = tool.method == Delete && tool.path.starts_with("/identities");
            let writes_channels = tool.path.starts_with("/channels") && tool.effect != Reads && tool.effect != Tells;
            assert!(!deletes_a_person && !writes_channels, "{}", tool.name);
        }
    }

    #[test]
    fn what_destroys_says_so_and_what_only_reads_cannot_write() {
        for tool in TOOLS {
            let reads = tool.method == Method::Get || tool.path.ends_with("/preview");
            assert_eq!(tool.effect == Reads, reads, "{}", tool.name);
            let destroys = tool.name.starts_with("delete_")
                || tool.name.starts_with("update_") && tool.name.ends_with("_rule")
                || ["remove_dataset_entry", "set_identity_disregarded", "set_mapping"].contains(&tool.name);
            assert_eq!(tool.effect == Overwrites, destroys, "{}", tool.name);
            assert_eq!(tool.effect.least_role() == Role::Viewer, reads);
            assert_eq!(tool.about.contains("For administrators"), !reads, "{}", tool.name);
        }
    }

    #[test]
    fn every_name_and_every_argument_is_there_once_and_every_segment_has_its_argument() {
        let names: BTreeSet<&str> = TOOLS.iter().map(|tool| tool.name).collect();
        assert_eq!(names.len(), TOOLS.len());
        for tool in TOOLS {
            let given: BTreeSet<&str> = tool.arguments.iter().map(|argument| argument.name).collect();
            assert_eq!(given.len(), tool.arguments.len(), "{}", tool.name);
            let segments: BTreeSet<&str> =
                tool.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            let in_path = tool.arguments.iter().filter(|argument| argument.place == Place::Path);
            assert_eq!(in_path.map(|argument| argument.wire).collect::<BTreeSet<_>>(), segments, "{}", tool.name);
        }
    }

    #[test]
    fn identities_can_be_found_by_every_label() {
        let labels: Vec<&str> = LabelKind::ALL.iter().map(|kind| kind.code()).chain(["any", "none"]).collect();
        let Kind::OneOf(offered) = LABELLED else { panic!("a choice") };
        assert_eq!(offered, labels);
    }
}
