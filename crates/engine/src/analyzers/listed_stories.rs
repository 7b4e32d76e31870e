//! Stories of teams that know better than the data pack: what their lists say changes scores.

use crate::datasets::Dataset;
use crate::linkage::KeyKind;
use crate::score::{Category, assess};
use crate::testkit::Story;

fn score(story: &Story, category: Category) -> u8 {
    assess(&story.snapshot()).value(category).unwrap()
}

fn said(story: &Story, id: &str) -> String {
    let assessment = assess(&story.snapshot());
    let seen = assessment.scores.iter().flat_map(|score| &score.observations).find(|seen| seen.id == id);
    seen.map(|seen| seen.explanation.clone()).unwrap_or_default()
}

fn of_address(email: &str) -> Story {
    Story::new().identity(&format!(r#"{{"name":"Anna Schmidt","email":"{email}"}}"#)).event(0, "signup")
}

#[test]
fn a_domain_that_is_not_disposable_calms() {
    let story = of_address("anna@mailinator.com");
    let calmed = story.clone().listed(&[(Dataset::DisposableEmailDomains, "mailinator.com", "not")]);
    assert!(score(&calmed, Category::Authenticity) >= 70 && score(&story, Category::Authenticity) < 50);
    let trusted = story.listed(&[(Dataset::TrustedEmailDomains, "mailinator.com", "trusted")]);
    assert!(score(&trusted, Category::Authenticity) >= score(&calmed, Category::Authenticity));
    assert!(said(&trusted, "authenticity.disposable-email").contains("your list"));
}

#[test]
fn a_disposable_domain_of_the_team_s_own_fires() {
    let story = of_address("anna@bluefox7.example");
    let listed = story.clone().listed(&[(Dataset::DisposableEmailDomains, "bluefox7.example", "disposable")]);
    assert!(score(&story, Category::Authenticity) >= 70 && score(&listed, Category::Authenticity) < 50);
}

#[test]
fn an_office_that_looks_like_a_data_centre_calms() {
    let story = (0..4).fold(of_address("anna@gmail.com").ip("52.95.110.1"), |story, n| story.event(n * 60, "login"));
    let office = story.clone().listed(&[(Dataset::Networks, "52.95.110.0/24", "office")]);
    assert!(score(&story, Category::Humanity) < 35 && score(&office, Category::Humanity) > 55);
    let trusted = story.listed(&[(Dataset::Networks, "52.95.110.1", "trusted")]);
    assert_eq!(said(&trusted, "humanity.ip-trust"), "", "it weighs nothing");
}

#[test]
fn colleagues_at_an_office_of_the_team_s_list_are_not_linked_by_its_address() {
    let story = of_address("anna@gmail.com").ip("203.0.113.9").event(9, "login");
    let story =
        story.shared(KeyKind::Ip, "203.0.113.9", 2, &["b"]).shared(KeyKind::IpPrefix, "203.0.113.0/24", 2, &["b"]);
    let story = story.shared(KeyKind::Session, "s", 2, &["b"]);
    let office = story.clone().listed(&[(Dataset::Networks, "203.0.113.9", "office")]);
    let probability = |story: &Story| story.snapshot().links.first().map_or(0.0, |link| link.probability);
    assert!(probability(&office) < probability(&story), "{} {}", probability(&office), probability(&story));
    assert!(said(&office, "uniqueness.shared-ip").contains("your list"));
    assert!(score(&office, Category::Uniqueness) >= score(&story, Category::Uniqueness));
}

#[test]
fn a_public_code_is_no_evidence() {
    let story = of_address("anna@gmail.com").ip("203.0.113.9").event(9, "login");
    let story = story.shared(KeyKind::Promo, "summer25", 2, &["b"]).shared(KeyKind::Ip, "203.0.113.9", 2, &["b"]);
    let story = story.shared(KeyKind::Session, "s", 2, &["b"]);
    let public = story.clone().listed(&[(Dataset::PublicCodes, "SUMMER25", "public")]);
    let reasons = |story: &Story| serde_json::to_string(&story.snapshot().links).unwrap().contains("promotion code");
    assert!(reasons(&story) && !reasons(&public));
}

#[test]
fn a_name_of_the_team_s_list_is_a_placeholder_and_one_let_pass_is_none() {
    let story = |name: &str| Story::new().identity(&format!(r#"{{"name":"{name}"}}"#)).event(0, "signup");
    let listed = story("Vorname Unbekannt").listed(&[(Dataset::PlaceholderNames, "vorname unbekannt", "placeholder")]);
    assert!(said(&listed, "authenticity.name-plausibility").contains("by your list"));
    assert!(score(&listed, Category::Authenticity) < score(&story("Vorname Unbekannt"), Category::Authenticity));
    let guest = story("Test Test").listed(&[(Dataset::PlaceholderNames, "test test", "not")]);
    assert!(!said(&guest, "authenticity.name-plausibility").contains("placeholder"));
    let blocked = story("Royal Casino").listed(&[(Dataset::BlockedWords, "casino", "blocked")]);
    assert!(said(&blocked, "authenticity.name-plausibility").contains("by your list"));
}

#[test]
fn a_verdict_under_lists_is_recomputed_from_its_evidence_without_them() {
    let entries = [
        (Dataset::DisposableEmailDomains, "bluefox7.example", "disposable"),
        (Dataset::Networks, "203.0.113.0/24", "office"),
        (Dataset::PlaceholderNames, "anna schmidt", "placeholder"),
    ];
    let story = of_address("anna@bluefox7.example").ip("203.0.113.9").event(9, "login").listed(&entries);
    let snapshot = story.snapshot();
    assert_eq!(snapshot.listed.len(), 2);
    let text = serde_json::to_string(&snapshot).unwrap();
    let read: crate::snapshot::Snapshot = serde_json::from_str(&text).unwrap();
    assert_eq!((assess(&read), &read), (assess(&snapshot), &snapshot));
}
