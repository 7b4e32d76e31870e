//! Worlds through the whole pipeline: who must be found, and who must be left alone.

use super::*;
use dregs_engine::event::format_time_ms;
use dregs_simulate::{Config, Tier, World, generate};
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn conclude(bodies: impl Iterator<Item = Value>, networks: &str) -> Verdicts {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    std::fs::write(&path, bodies.map(|body| body.to_string() + "\n").collect::<String>()).unwrap();
    let networks_path = folder.path().join("networks.csv");
    std::fs::write(&networks_path, networks).unwrap();
    let networks = Some(networks_path);
    let options = EvaluateOptions { events: path, labels: None, scores: None, links: None, networks, json: false };
    evaluate(&options).await.unwrap().1
}

/// Of the labelled pairs of a class: how many are linked, and how many there are.
fn found(world: &World, verdicts: &Verdicts, class: &str) -> (usize, usize) {
    let of_class: BTreeSet<&str> = world
        .identities
        .iter()
        .filter(|label| label.classes.iter().any(|known| known == class))
        .map(|label| label.identity.as_str())
        .collect();
    let pairs = world.pairs.iter().filter(|pair| of_class.contains(pair.a.as_str()));
    let linked = |a: &str, b: &str| verdicts.links.get(&labels::ordered(a, b)).is_some_and(|bond| bond.score >= 0.5);
    pairs.fold((0, 0), |(hits, all), pair| (hits + usize::from(linked(&pair.a, &pair.b)), all + 1))
}

#[tokio::test]
async fn farms_that_change_every_address_or_every_device_are_found() {
    let config = Config { identities: 700, abuse_share: 0.4, skill: Some(Tier::Skilled), seed: 7, ..Config::default() };
    let world = generate(&config);
    let verdicts = conclude(world.events.iter().map(|event| event.body.clone()), &world.networks_csv).await;
    for class in ["trial_farm_ip", "trial_farm_device"] {
        let (hits, all) = found(&world, &verdicts, class);
        assert!(all >= 20 && hits * 10 >= all * 8, "{class}: {hits} of {all}");
    }
    let true_pairs: BTreeSet<(&str, &str)> =
        world.pairs.iter().map(|pair| (pair.a.as_str(), pair.b.as_str())).collect();
    let linked: Vec<_> = verdicts.links.iter().filter(|(_, bond)| bond.score >= 0.5).map(|(pair, _)| pair).collect();
    let wrong = linked.iter().filter(|(a, b)| !true_pairs.contains(&(a.as_str(), b.as_str()))).count();
    // Crews that run the same script, each account from a place of its own, look like one hand.
    assert!(wrong * 20 <= linked.len(), "{wrong} of {} pairs are wrong", linked.len());
}

/// Two hundred colleagues behind one address, two in five with the same laptop to the last component, over ten days.
fn office() -> Vec<Value> {
    const GIVEN: [&str; 20] = [
        "Anna", "Tomasz", "Maria", "Jan", "Lucia", "Peter", "Eva", "Karl", "Nina", "Omar", "Ines", "Paul", "Rosa",
        "Ivan", "Lena", "Hugo", "Mona", "Erik", "Sara", "Luca",
    ];
    const FAMILY: [&str; 20] = [
        "Kowalski", "Schmidt", "Garcia", "Rossi", "Novak", "Dubois", "Silva", "Jensen", "Horvat", "Petrov", "Klein",
        "Moreau", "Costa", "Berg", "Lang", "Weber", "Fischer", "Marin", "Popov", "Haas",
    ];
    const ACTS: [&str; 7] =
        ["page_view", "page_view", "page_view", "search", "content_created", "message_sent", "export"];
    const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36";
    const START_MS: i64 = 1_768_204_800_000;
    const DAY_MS: i64 = 86_400_000;
    let mut chance = 88_172_645_463_325_252_u64;
    // Xorshift after Marsaglia (2003).
    let mut below = |n: u64| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        (chance >> 11) % n
    };
    let mut bodies = Vec::new();
    for person in 0..200_usize {
        let (given, family) = (GIVEN[person % 20], FAMILY[(person / 20 + person * 7) % 20]);
        let email = format!("{}.{}@acme.example.com", given.to_lowercase(), family.to_lowercase());
        let machine = if person % 5 < 2 { "image".to_owned() } else { format!("own-{person}") };
        let signals = json!({
            "platform": "Win32", "languages": ["de-DE", "de"], "timezone": "Europe/Berlin",
            "screen": {"width": 1920, "height": 1080, "depth": 24, "pixelRatio": 1.0}, "hardwareConcurrency": 8,
            "deviceMemory": 8, "touchPoints": 0, "canvas": {"text": machine, "geometry": machine},
            "webgl": {"vendor": "Intel", "renderer": "Intel UHD 620"}, "fonts": ["Arial"], "audio": "a", "automation": {},
        });
        for day in 0..10 {
            if day > 0 && below(2) == 0 {
                continue;
            }
            let mut at_ms = START_MS + day * DAY_MS + below(9 * 3_600_000) as i64;
            let first = if day == 0 { "signup" } else { "login" };
            let acts =
                std::iter::once(first).chain((0..2 + below(8)).map(|_| ACTS[below(7) as usize]).collect::<Vec<_>>());
            for act in acts {
                at_ms += 3_000 + (below(200) * below(200)) as i64 * 3;
                bodies.push(json!({
                    "type": act, "timestamp": format_time_ms(at_ms), "ip": "80.150.6.138", "session": format!("s{person}-{day}"),
                    "identity": {"id": format!("u{person:03}"), "data": {"name": format!("{given} {family}"), "email": email}},
                    "device": {"fingerprint": machine, "signals": signals}, "userAgent": AGENT, "data": {"at": at_ms},
                    "groups": [{"type": "organization", "id": "acme"}],
                }));
            }
        }
    }
    bodies.sort_by_key(|body| body["timestamp"].as_str().map(str::to_owned));
    bodies
}

#[tokio::test]
async fn an_office_of_two_hundred_with_alike_laptops_is_left_alone() {
    let verdicts = conclude(office().into_iter(), "prefix,kind,country,label\n80.150.0.0/16,business,DE,x\n").await;
    assert_eq!(verdicts.scores.len(), 200);
    let wrong = verdicts.links.values().filter(|bond| bond.score >= 0.5).count();
    assert!(wrong * 1000 <= 200 * 199 / 2, "{wrong} pairs are linked");
    let low: BTreeMap<_, _> =
        verdicts.scores.iter().filter(|(_, scores)| scores.iter().flatten().any(|score| *score < 50)).collect();
    assert!(low.is_empty(), "{low:?}");
}
