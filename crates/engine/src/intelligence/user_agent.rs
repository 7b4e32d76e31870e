//! What a user agent claims to be. A claim is all it is: analyzers compare it with what the browser shows.
//!
//! Plain searches for the marks of common browsers, systems and programs. The 640 regular expressions of the ua-parser
//! project were measured at 100 ms and 13 MB before the first request, and tell makers of set-top boxes apart, which
//! nothing here needs.

use super::crawlers;
use super::fold::head;
use serde::{Deserialize, Serialize};

/// Characters that are read; real user agents have up to 500.
const LIMIT: usize = 1024;

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum DeviceClass {
    Desktop,
    Mobile,
    Tablet,
    Tv,
    /// A crawler or an automated browser that says so.
    Bot,
    /// A program's HTTP library.
    Library,
    #[default]
    Unknown,
}

#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug, Default)]
pub struct UserAgentFacts {
    /// `Chrome`, `Safari`, `Firefox`, …; apps with a browser inside under the app's name.
    pub browser: Option<String>,
    pub browser_major: Option<u32>,
    /// `Windows`, `macOS`, `iOS`, `Android`, `Linux`, `ChromeOS`, …
    pub os: Option<String>,
    /// As claimed: Windows 11 says 10, and macOS says 10.15 for ever.
    pub os_version: Option<String>,
    pub device: DeviceClass,
    /// A browser without a window that says so.
    pub headless: bool,
    /// The tool that steers the browser, where it says so.
    pub automation: Option<String>,
    pub crawler: Option<String>,
    pub library: Option<String>,
    /// Nothing a browser or an honest program would send: empty, control characters, markup, brackets left open.
    pub malformed: bool,
    /// The team says that its own application sends it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
}

/// Marks in the order they are asked: a browser built on another carries the other's mark too.
const BROWSERS: &[(&str, &str)] = &[
    ("HeadlessChrome/", "Chrome"),
    ("EdgiOS/", "Edge"),
    ("EdgA/", "Edge"),
    ("Edg/", "Edge"),
    ("Edge/", "Edge"),
    ("OPR/", "Opera"),
    ("OPiOS/", "Opera"),
    ("OPT/", "Opera"),
    ("OPX/", "Opera"),
    ("Opera Mini/", "Opera Mini"),
    ("Opera/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("Vivaldi/", "Vivaldi"),
    ("Whale/", "Whale"),
    ("UCBrowser/", "UC Browser"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("MiuiBrowser/", "Mi Browser"),
    ("HeyTapBrowser/", "HeyTap Browser"),
    ("VivoBrowser/", "Vivo Browser"),
    ("MicroMessenger/", "WeChat"),
    ("MQQBrowser/", "QQ Browser"),
    ("QQBrowser/", "QQ Browser"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("Ddg/", "DuckDuckGo"),
    ("Brave/", "Brave"),
    ("Silk/", "Silk"),
    ("FBAV/", "Facebook"),
    ("Instagram ", "Instagram"),
    ("BytedanceWebview/", "TikTok"),
    ("musical_ly_", "TikTok"),
    ("Snapchat/", "Snapchat"),
    ("Pinterest/", "Pinterest"),
    ("LinkedInApp/", "LinkedIn"),
    ("Line/", "LINE"),
    ("KAKAOTALK/", "KakaoTalk"),
    ("GSA/", "Google app"),
    ("Electron/", "Electron"),
    ("CriOS/", "Chrome"),
    ("FxiOS/", "Firefox"),
    ("Focus/", "Firefox Focus"),
    ("SeaMonkey/", "SeaMonkey"),
    ("PaleMoon/", "Pale Moon"),
    ("Firefox/", "Firefox"),
    ("PhantomJS/", "PhantomJS"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("MSIE ", "Internet Explorer"),
];

/// Tools that steer a browser and leave their name. The flag says whether the tool has no window.
const AUTOMATION: &[(&str, &str, bool)] = &[
    ("headlesschrome", "Headless Chrome", true),
    ("phantomjs", "PhantomJS", true),
    ("slimerjs", "SlimerJS", true),
    ("casperjs", "CasperJS", true),
    ("htmlunit", "HtmlUnit", true),
    ("jsdom/", "jsdom", true),
    ("zombie.js", "Zombie", true),
    ("puppeteer", "Puppeteer", true),
    ("playwright", "Playwright", true),
    ("selenium", "Selenium", false),
    ("webdriver", "WebDriver", false),
    ("cypress/", "Cypress", false),
    ("nightmare/", "Nightmare", true),
    ("testcafe", "TestCafe", false),
    ("headless", "headless browser", true),
];

/// Programs' HTTP libraries by what the user agent begins with, compared without case. Mobile apps send some of these too.
const LIBRARIES: &[(&str, &str)] = &[
    ("curl/", "curl"),
    ("wget", "Wget"),
    ("python-requests", "python-requests"),
    ("python-urllib", "Python urllib"),
    ("python-httpx", "httpx"),
    ("python/", "Python"),
    ("httpx", "httpx"),
    ("aiohttp", "aiohttp"),
    ("scrapy", "Scrapy"),
    ("go-http-client", "Go http"),
    ("go-resty", "Resty"),
    ("fasthttp", "fasthttp"),
    ("colly", "Colly"),
    ("okhttp", "okhttp"),
    ("java-http-client", "Java"),
    ("java/", "Java"),
    ("apache-httpclient", "Apache HttpClient"),
    ("jakarta commons-httpclient", "Apache HttpClient"),
    ("axios", "axios"),
    ("node-fetch", "node-fetch"),
    ("node-superagent", "superagent"),
    ("node.js", "Node.js"),
    ("node", "Node.js"),
    ("undici", "undici"),
    ("got (", "got"),
    ("got/", "got"),
    ("deno/", "Deno"),
    ("bun/", "Bun"),
    ("libwww-perl", "libwww-perl"),
    ("lwp", "libwww-perl"),
    ("ruby", "Ruby"),
    ("faraday", "Faraday"),
    ("guzzlehttp", "Guzzle"),
    ("php", "PHP"),
    ("symfony", "Symfony"),
    ("postmanruntime", "Postman"),
    ("insomnia/", "Insomnia"),
    ("httpie/", "HTTPie"),
    ("restsharp", "RestSharp"),
    ("winhttp", "WinHTTP"),
    ("reqwest", "reqwest"),
    ("hyper/", "hyper"),
    ("ureq/", "ureq"),
    ("dart/", "Dart"),
    ("dalvik/", "Dalvik"),
    ("apachebench", "ApacheBench"),
    ("hey/", "hey"),
    ("k6/", "k6"),
    ("locust", "Locust"),
];

const TVS: &[&str] = &[
    "SmartTV",
    "SMART-TV",
    "Smart TV",
    "SmartHub",
    "GoogleTV",
    "Android TV",
    "AppleTV",
    "Apple TV",
    "tvOS",
    "BRAVIA",
    "HbbTV",
    "Web0S",
    "NetCast",
    "Roku",
    "CrKey",
    "Tizen/TV",
    "LG Browser",
    "; AFT",
    "PlayStation",
    "Xbox",
    "Nintendo",
];

/// Everything the user agent claims; the first 1,024 characters are read.
pub fn user_agent_facts(ua: &str) -> UserAgentFacts {
    let ua = head(ua.trim(), LIMIT);
    let lower = ua.to_ascii_lowercase();
    let automation = AUTOMATION.iter().find(|(mark, ..)| lower.contains(mark));
    let crawler = crawlers::crawler(ua);
    let library = library(&lower, ua);
    let (os, os_version) = os(ua).unzip();
    let (browser, browser_major) = browser(ua).unzip();
    let robot = crawler.is_some() || automation.is_some();
    UserAgentFacts {
        device: device(ua, os, robot, library.is_some()),
        browser: browser.filter(|_| library.is_none()).map(str::to_owned),
        browser_major: browser_major.flatten(),
        os: os.map(str::to_owned),
        os_version: os_version.flatten(),
        headless: automation.is_some_and(|(.., headless)| *headless),
        automation: automation.map(|(_, name, _)| (*name).to_owned()),
        crawler,
        library: library.map(str::to_owned),
        malformed: is_malformed(ua),
        own: false,
    }
}

fn library(lower: &str, ua: &str) -> Option<&'static str> {
    let found = LIBRARIES.iter().find(|(mark, _)| lower.starts_with(mark)).map(|(_, name)| *name);
    found.or_else(|| (ua.contains("CFNetwork/") && !ua.contains("Mozilla/")).then_some("CFNetwork"))
}

fn browser(ua: &str) -> Option<(&'static str, Option<u32>)> {
    if let Some((name, version)) = BROWSERS.iter().find_map(|(mark, name)| Some((*name, after(ua, mark)?))) {
        // Opera before version 15 and Internet Explorer 11 state their version elsewhere.
        let version = if name == "Opera" {
            after(ua, "Version/").filter(|_| ua.starts_with("Opera/")).unwrap_or(version)
        } else {
            version
        };
        return Some((name, number(version)));
    }
    if ua.contains("Trident/") {
        return Some(("Internet Explorer", after(ua, "rv:").and_then(number)));
    }
    if ua.contains("AppleWebKit/") && ua.contains("Android") {
        return Some(("Android Browser", after(ua, "Version/").and_then(number)));
    }
    let safari = ua.contains("AppleWebKit/") && (ua.contains("Safari/") || ua.contains("Mobile/"));
    safari.then(|| {
        (if ua.contains("Safari/") { "Safari" } else { "iOS web view" }, after(ua, "Version/").and_then(number))
    })
}

/// System and version, in the order in which one mark hides another: Android says Linux, phones say Mac OS X.
fn os(ua: &str) -> Option<(&'static str, Option<String>)> {
    let versioned = |name, mark| after(ua, mark).map(|rest| (name, version(rest)));
    versioned("Windows Phone", "Windows Phone OS ")
        .or_else(|| versioned("Windows Phone", "Windows Phone "))
        .or_else(|| after(ua, "Windows NT ").map(|rest| ("Windows", windows(rest))))
        .or_else(|| versioned("iOS", "iPhone OS "))
        .or_else(|| {
            (ua.contains("iPad") || ua.contains("iPhone") || ua.contains("iPod"))
                .then(|| ("iOS", after(ua, "CPU OS ").or_else(|| after(ua, "iOS ")).and_then(version)))
        })
        .or_else(|| versioned("tvOS", "tvOS "))
        .or_else(|| versioned("HarmonyOS", "HarmonyOS "))
        .or_else(|| versioned("KaiOS", "KAIOS/"))
        .or_else(|| versioned("Tizen", "Tizen "))
        .or_else(|| ua.contains("Web0S").then_some(("webOS", None)))
        .or_else(|| versioned("Android", "Android "))
        .or_else(|| ua.contains("Android").then_some(("Android", None)))
        .or_else(|| versioned("macOS", "Mac OS X "))
        .or_else(|| (ua.contains("Macintosh") || ua.contains("Mac OS X")).then_some(("macOS", None)))
        .or_else(|| {
            after(ua, "CrOS ").map(|rest| ("ChromeOS", rest.split_once(' ').and_then(|(_, rest)| version(rest))))
        })
        .or_else(|| versioned("PlayStation", "PlayStation "))
        .or_else(|| ua.contains("Windows").then_some(("Windows", None)))
        .or_else(|| {
            ["FreeBSD", "OpenBSD", "NetBSD", "Linux"]
                .into_iter()
                .find(|name| ua.contains(name))
                .map(|name| (name, None))
        })
        .or_else(|| ua.contains("X11").then_some(("Linux", None)))
        .or_else(|| ua.contains("Darwin/").then_some(("Darwin", None)))
}

/// The number Windows is sold under.
fn windows(rest: &str) -> Option<String> {
    let kernel = version(rest)?;
    let sold = match kernel.as_str() {
        "10.0" => "10",
        "6.3" => "8.1",
        "6.2" => "8",
        "6.1" => "7",
        "6.0" => "Vista",
        "5.1" | "5.2" => "XP",
        other => other,
    };
    Some(sold.to_owned())
}

fn device(ua: &str, os: Option<&str>, robot: bool, library: bool) -> DeviceClass {
    let tablet = ["iPad", "Tablet", "Kindle", "; KF"].iter().any(|mark| ua.contains(mark));
    match os {
        _ if robot => DeviceClass::Bot,
        _ if library => DeviceClass::Library,
        _ if TVS.iter().any(|mark| ua.contains(mark)) => DeviceClass::Tv,
        Some("tvOS" | "webOS" | "PlayStation") => DeviceClass::Tv,
        Some("Windows") => DeviceClass::Desktop,
        _ if tablet => DeviceClass::Tablet,
        Some("iOS" | "Windows Phone" | "KaiOS") => DeviceClass::Mobile,
        Some("Android" | "HarmonyOS" | "Tizen") if ua.contains("Mobile") => DeviceClass::Mobile,
        Some("Android" | "HarmonyOS") if ua.contains("Mozilla/") => DeviceClass::Tablet,
        Some("Android" | "HarmonyOS" | "Tizen") => DeviceClass::Mobile,
        // Firefox on Android in desktop mode and feature phones say Mobile and nothing else.
        _ if ua.contains("Mobile") => DeviceClass::Mobile,
        Some("macOS" | "Linux" | "ChromeOS" | "FreeBSD" | "OpenBSD" | "NetBSD")
            if ua.contains("Mozilla/") || ua.contains("Opera/") =>
        {
            DeviceClass::Desktop
        }
        _ => DeviceClass::Unknown,
    }
}

/// What follows the first occurrence of a mark.
fn after<'a>(ua: &'a str, mark: &str) -> Option<&'a str> {
    ua.split_once(mark).map(|(_, rest)| rest)
}

/// The leading number; `None` when there is none or it does not fit.
fn number(text: &str) -> Option<u32> {
    text.split(|char: char| !char.is_ascii_digit()).next()?.parse().ok()
}

/// The leading version with dots, at most three parts: `17_5_1 like` is `17.5.1`.
fn version(text: &str) -> Option<String> {
    let leading = text.split(|char: char| !char.is_ascii_digit() && char != '.' && char != '_').next()?;
    let parts: Vec<&str> =
        leading.split(['.', '_']).filter(|part| !part.is_empty() && part.len() <= 6).take(3).collect();
    (!parts.is_empty()).then(|| parts.join("."))
}

fn is_malformed(ua: &str) -> bool {
    let odd = |char: char| char.is_control() || matches!(char, '<' | '>' | '{' | '}' | '`');
    let opened = ua.matches('(').count() != ua.matches(')').count();
    let nameless = ua.strip_prefix("Mozilla/").is_some_and(|rest| !rest.contains('('));
    let quoted = ua.starts_with(['"', '\'']) || ua.to_ascii_lowercase().starts_with("user-agent");
    ua.is_empty()
        || ua.chars().any(odd)
        || opened
        || nameless
        || quoted
        || !ua.contains(|char: char| char.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests;
