//! Whole stories through all analyzers: what honest people and plain robots must come out as.

use super::*;
use crate::intelligence::networks::{NetworkFacts, NetworkKind};
use crate::linkage::KeyKind;
use crate::score::{Category::*, assess};
use crate::testkit::{START_MS, Story};
use serde_json::json;

const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.2 Mobile/15E148 Safari/604.1";
const HEADLESS: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/150.0.0.0 Safari/537.36";

/// Milliseconds of a visit with natural pauses.
const VISIT: [i64; 14] =
    [0, 3_120, 24_810, 31_377, 65_902, 90_311, 94_070, 199_814, 221_009, 240_555, 244_017, 301_222, 388_190, 402_777];

fn visit(story: Story, offset_ms: i64, names: &[&str]) -> Story {
    VISIT.iter().zip(names.iter().cycle()).fold(story, |story, (ms, name)| {
        let data = json!({"step": ms}).to_string();
        story.with("timestamp", json!(START_MS + offset_ms + ms)).event_with(90_000, name, &data)
    })
}

/// Scores in the order of [`Category::ALL`]; every address is of one kind and country.
fn scores(story: &Story, kind: NetworkKind, country: &str) -> [u8; 4] {
    let mut snapshot = story.snapshot();
    for held in &mut snapshot.profile.ips {
        held.network = NetworkFacts { kind, country: Some(country.into()), label: None };
    }
    let assessment = assess(&snapshot);
    for score in &assessment.scores {
        for seen in &score.observations {
            println!(
                "{:>4} {} {:.2}×{:.2} {:+.1} {}",
                score.value, seen.id, seen.value, seen.confidence, seen.contribution, seen.explanation
            );
        }
    }
    [Humanity, Authenticity, Uniqueness, Behavior].map(|category| assessment.value(category).unwrap_or(255))
}

fn desktop() -> Story {
    let signals = json!({
        "userAgent": CHROME, "platform": "Win32", "languages": ["de-DE", "en"], "timezone": "Europe/Berlin",
        "screen": {"width": 1920, "height": 1080}, "hardwareConcurrency": 8, "touchPoints": 0, "canvas": "c0ffee",
        "webgl": {"renderer": "ANGLE (NVIDIA, GeForce RTX 3060)"}, "automation": {"webdriver": false}
    });
    let identity = r#"{"name":"Anna Schmidt","email":"anna.schmidt@gmail.com","country":"DE"}"#;
    Story::new().identity(identity).user_agent(CHROME).session("s1").ip("84.128.7.9").device("d", &signals.to_string())
}

#[test]
fn an_honest_desktop_user() {
    let story = visit(desktop().event(0, "signup"), 9_000, &["page_view", "page_view", "search", "purchase"]);
    let scores = scores(&story.event(90_000, "login"), NetworkKind::Residential, "DE");
    assert!(scores.iter().all(|score| *score >= 75), "{scores:?}");
}

#[test]
fn an_honest_phone_user_from_japan() {
    let signals = json!({
        "userAgent": IPHONE, "platform": "iPhone", "languages": ["ja-JP"], "timezone": "Asia/Tokyo",
        "screen": {"width": 390, "height": 844}, "hardwareConcurrency": 4, "touchPoints": 5, "canvas": "feed",
        "webgl": {"renderer": "Apple GPU"}, "automation": {}
    });
    let identity = r#"{"name":"山田 太郎","email":"ty0815@docomo.ne.jp","country":"Japan"}"#;
    let story = Story::new().identity(identity).user_agent(IPHONE).session("s").device("d", &signals.to_string());
    let story = visit(story.ip("49.97.1.2"), 0, &["signup", "screen_view", "screen_view"]);
    let scores =
        scores(&visit(story.ip("49.98.3.4"), 40_000_000, &["login", "screen_view"]), NetworkKind::Mobile, "JP");
    assert!(scores.iter().all(|score| *score >= 70), "{scores:?}");
}

#[test]
fn an_honest_user_known_to_the_server_only() {
    let story = Story::new().identity(r#"{"name":"Anna Schmidt","email":"a.schmidt@gmail.com"}"#).ip("84.128.7.9");
    let scores = scores(&visit(story, 0, &["signup", "login", "purchase"]), NetworkKind::Unknown, "DE");
    assert!(scores.iter().all(|score| *score >= 60), "{scores:?}");
}

#[test]
fn a_privacy_browser_behind_a_vpn_is_not_a_robot() {
    let signals = json!({
        "userAgent": CHROME, "platform": "Win32", "languages": ["en-US", "en"], "timezone": "UTC",
        "screen": {"width": 1400, "height": 900}, "hardwareConcurrency": 2, "touchPoints": 0, "canvas": false, "plugins": 5
    });
    let story = Story::new().user_agent(CHROME).session("s").ip("146.70.1.1").device("d", &signals.to_string());
    let scores = scores(&story.event(0, "signup").event(31, "page_view").event(77, "login"), NetworkKind::Vpn, "GB");
    assert!(scores[0] >= 40, "{scores:?}");
}

#[test]
fn a_headless_robot_with_an_invented_person() {
    let signals = json!({
        "userAgent": HEADLESS, "platform": "Linux x86_64", "languages": ["en-US"], "timezone": "UTC",
        "screen": {"width": 800, "height": 600}, "hardwareConcurrency": 4, "touchPoints": 0, "canvas": "soft",
        "webgl": {"renderer": "SwiftShader"}, "automation": {"webdriver": true, "headlessUa": true}
    });
    let identity = r#"{"name":"xkqzvbw pqrtzx","email":"xkqzvbwp77@mailinator.com"}"#;
    let story = Story::new().identity(identity).user_agent(HEADLESS).session("s").device("d", &signals.to_string());
    let story =
        (0..60).fold(story.ip("116.202.1.1"), |story, i| story.event_with(i, "message_sent", r#"{"text":"buy"}"#));
    let story = story.shared(KeyKind::Device, "d", 4, &["b", "c", "e"]);
    let scores = scores(&story, NetworkKind::Hosting, "DE");
    let [humanity, authenticity, uniqueness, behavior] = scores[..] else { panic!("{scores:?}") };
    assert!(humanity < 25 && authenticity < 25 && behavior < 25 && uniqueness < 50, "{scores:?}");
}

#[test]
fn a_first_page_load_already_tells_robots_from_people() {
    let person = scores(&desktop().event(0, "page_view"), NetworkKind::Residential, "DE");
    let robot =
        scores(&Story::new().user_agent("python-requests/2.32.5").event(0, "page_view"), NetworkKind::Unknown, "");
    assert!(person[0] >= 75 && robot[0] < 25, "{person:?} {robot:?}");
}

mod any {
    use super::*;
    use crate::event::{DeviceInput, Event, IdentityInput};
    use crate::mapping::Mappings;
    use crate::snapshot::of_events;
    use proptest::prelude::*;
    use serde_json::Value;

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,40}".prop_map(Value::from)
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            let list = prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from);
            let object = prop::collection::btree_map("width|height|renderer|[a-z]{1,9}", inner, 0..3);
            prop_oneof![list, object.prop_map(|map| json!(map))]
        })
    }

    fn event() -> impl Strategy<Value = Event> {
        let name = "signup|login|login_failed|message_sent|email_change|password_reset|promo|page_view|\\PC{1,9}";
        let fields = "email|name|first_name|last_name|username|country|phone";
        let signals =
            "platform|languages|timezone|screen|hardwareConcurrency|touchPoints|canvas|webgl|automation|userAgent";
        let identity = prop::collection::btree_map(fields, "\\PC{0,40}", 0..4);
        let signals = prop::collection::btree_map(signals, json_value(), 0..9);
        (any::<i64>(), name, any::<u32>(), identity, signals, prop::option::of("\\PC{0,60}")).prop_map(
            |(at, name, ip, identity, signals, user_agent)| Event {
                name,
                timestamp_ms: at,
                ip: Some(std::net::Ipv4Addr::from(ip).into()),
                identity: Some(IdentityInput {
                    id: "u".into(),
                    data: json!(identity).as_object().cloned().unwrap_or_default(),
                }),
                device: Some(DeviceInput {
                    fingerprint: format!("{}", ip % 5),
                    signals: signals.into_iter().collect(),
                }),
                user_agent,
                ..Event::default()
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever arrives, every analyzer answers, and within bounds.
        #[test]
        fn assessing_is_total(events in prop::collection::vec(event(), 0..40), now_ms: i64) {
            let snapshot = of_events("u", &events, &Mappings::default(), now_ms);
            for analyzer in ALL {
                if let Some(finding) = (analyzer.analyze)(&snapshot) {
                    prop_assert!((0.0..=1.0).contains(&finding.value) && (0.0..=1.0).contains(&finding.confidence), "{} {finding:?}", analyzer.id);
                    prop_assert!(!finding.explanation.is_empty() && finding.explanation.len() < 1200);
                }
            }
        }
    }
}
