use super::*;

/// What a row of the tables below expects: browser, major version, system, its version, device class.
type Claim<'a> = (&'a str, u32, &'a str, &'a str, DeviceClass);

fn claim(facts: &UserAgentFacts) -> Claim<'_> {
    let text = |field: &'static str, value: &Option<String>| value.clone().map_or(field, |value| &*value.leak());
    (
        text("", &facts.browser),
        facts.browser_major.unwrap_or(0),
        text("", &facts.os),
        text("", &facts.os_version),
        facts.device,
    )
}

const PEOPLE: &[(&str, Claim)] = &[
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        ("Chrome", 126, "Windows", "10", DeviceClass::Desktop),
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 Edg/125.0.2535.51",
        ("Edge", 125, "Windows", "10", DeviceClass::Desktop),
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
        ("Safari", 17, "macOS", "10.15.7", DeviceClass::Desktop),
    ),
    (
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
        ("Firefox", 127, "Linux", "", DeviceClass::Desktop),
    ),
    (
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        ("Chrome", 126, "ChromeOS", "14541.0.0", DeviceClass::Desktop),
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        ("Safari", 17, "iOS", "17.5.1", DeviceClass::Mobile),
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1",
        ("Chrome", 126, "iOS", "17.5", DeviceClass::Mobile),
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
        ("Safari", 16, "iOS", "16.6", DeviceClass::Tablet),
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
        ("Chrome", 126, "Android", "10", DeviceClass::Mobile),
    ),
    (
        "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Safari/537.36",
        ("Samsung Internet", 25, "Android", "13", DeviceClass::Tablet),
    ),
    (
        "Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0",
        ("Firefox", 127, "Android", "14", DeviceClass::Mobile),
    ),
    (
        "Mozilla/5.0 (Linux; Android 12; CUBOT X50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36 OPR/82.0.0.0",
        ("Opera", 82, "Android", "12", DeviceClass::Mobile),
    ),
    (
        "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809.146/6.0 TV Safari/537.36",
        ("Safari", 0, "Tizen", "6.0", DeviceClass::Tv),
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 330.0.0.0 (iPhone14,5)",
        ("Instagram", 330, "iOS", "17.4", DeviceClass::Mobile),
    ),
    (
        "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
        ("Internet Explorer", 11, "Windows", "7", DeviceClass::Desktop),
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 YaBrowser/24.6.0 Safari/537.36",
        ("Yandex Browser", 24, "Linux", "", DeviceClass::Desktop),
    ),
];

#[test]
fn people_are_read_and_raise_nothing() {
    for (agent, expected) in PEOPLE {
        let facts = user_agent_facts(agent);
        assert_eq!(claim(&facts), *expected, "{agent}");
        let raised = facts.headless
            || facts.malformed
            || facts.automation.is_some()
            || facts.crawler.is_some()
            || facts.library.is_some();
        assert!(!raised, "{agent}: {facts:?}");
    }
}

#[test]
fn libraries_are_named() {
    for (agent, library) in [
        ("curl/8.5.0", "curl"),
        ("python-requests/2.32.0", "python-requests"),
        ("Go-http-client/2.0", "Go http"),
        ("okhttp/4.12.0", "okhttp"),
        ("axios/1.7.2", "axios"),
        ("node-fetch/1.0 (+x)", "node-fetch"),
        ("Wget/1.21", "Wget"),
        ("Java/17.0.2", "Java"),
        ("GuzzleHttp/7", "Guzzle"),
        ("MyApp/3 CFNetwork/1494.0.7 Darwin/23.4.0", "CFNetwork"),
        ("node", "Node.js"),
    ] {
        let facts = user_agent_facts(agent);
        assert_eq!((facts.library.as_deref(), facts.device), (Some(library), DeviceClass::Library), "{agent}");
        assert!(!facts.malformed, "{agent}");
    }
}

#[test]
fn automation_and_crawlers_are_bots() {
    let headless = user_agent_facts(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36",
    );
    assert!(headless.headless);
    assert_eq!(
        (headless.browser.as_deref(), headless.browser_major, headless.device),
        (Some("Chrome"), Some(126), DeviceClass::Bot)
    );
    assert_eq!(headless.automation.as_deref(), Some("Headless Chrome"));
    for (agent, tool) in [
        (
            "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
            "PhantomJS",
        ),
        ("Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/22.1.0", "jsdom"),
        ("Mozilla/5.0 (X11; Linux) Selenium/4.0", "Selenium"),
        ("Playwright/1.44 (x64; ubuntu 22.04) node/20", "Playwright"),
    ] {
        let facts = user_agent_facts(agent);
        assert_eq!((facts.automation.as_deref(), facts.device), (Some(tool), DeviceClass::Bot), "{agent}");
    }
    let crawler = user_agent_facts("Mozilla/5.0 (compatible; Googlebot/2.1; +x)");
    assert_eq!((crawler.crawler.as_deref(), crawler.device), (Some("Googlebot"), DeviceClass::Bot));
}

#[test]
fn malformed_ones() {
    for agent in [
        "",
        "   ",
        "Mozilla/5.0",
        "Mozilla/5.0 (Windows NT 10.0",
        "<script>",
        "User-Agent: Mozilla/5.0 (x)",
        "'Mozilla/5.0 (x)'",
        "a\u{0}b",
        "12345",
        "${jndi:x}",
    ] {
        assert!(user_agent_facts(agent).malformed, "{agent:?}");
    }
}

#[test]
fn any_text_gets_an_answer() {
    for agent in [
        "(".repeat(10_000),
        "Chrome/".repeat(3_000),
        "Windows NT ".to_owned() + &"9".repeat(5_000),
        "Chrome/99999999999999".to_owned(),
        "é😀\u{202e}".repeat(2_000),
    ] {
        let _ = user_agent_facts(&agent);
    }
    assert_eq!(user_agent_facts("Chrome/99999999999999").browser_major, None);
}
