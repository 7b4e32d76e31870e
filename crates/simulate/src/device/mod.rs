//! A browser on a machine, as a tracker describes it.

mod models;

use std::sync::Arc;

use serde_json::{Map, Value, json};

pub(crate) use models::Class;
use models::{Browser, CHROME_VERSIONS, FIREFOX_VERSIONS, MODELS, Model, SAFARI_VERSIONS, SAMSUNG_VERSIONS};

use crate::hash::{Fnv, hex32, mix};
use crate::place::Country;
use crate::random::Random;

/// What identifies a machine. The user agent is left out, as it changes with every update of the browser.
const COMPONENTS: [&str; 11] = [
    "platform",
    "languages",
    "timezone",
    "screen",
    "hardwareConcurrency",
    "deviceMemory",
    "touchPoints",
    "canvas",
    "webgl",
    "fonts",
    "audio",
];

/// What a machine without a graphics card reports: servers, and some honest virtual desktops.
const SOFTWARE_RENDERER: &str = "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (LLVM 16.0.0)), SwiftShader driver)";

const ODD_SHARE: f64 = 0.035;

#[derive(Clone)]
pub(crate) struct Device {
    pub fingerprint: String,
    pub agent: String,
    /// Shared, as a device is handed around more often than it changes.
    pub signals: Arc<Value>,
    /// False for clients that run no page script.
    pub has_tracker: bool,
    pub class: Class,
}

impl Device {
    pub(crate) fn of_class(class: Class, country: &Country, rng: &mut Random) -> Self {
        let matching: Vec<&Model> = MODELS.iter().filter(|model| model.class == class).collect();
        let model = matching[rng.weighted(matching.iter().map(|model| model.weight))];
        let mut device = Device::from_model(model, country, rng);
        if class == Class::Desktop && rng.chance(ODD_SHARE) {
            device.become_odd(rng);
        }
        device
    }

    /// Honest machines that trip the checks: privacy extensions, open developer tools, virtual desktops.
    fn become_odd(&mut self, rng: &mut Random) {
        match rng.below(3) {
            0 => self.set("automation", json!({"nativeToStringTampered": true, "frameMismatch": true})),
            1 => self.set("automation", json!({"protocolAttached": true})),
            _ => {
                self.set("webgl", json!({"vendor": "Google Inc. (Google)", "renderer": SOFTWARE_RENDERER}));
                self.set("voices", json!(0));
                self.refresh_fingerprint();
            }
        }
    }

    pub(crate) fn desktop(country: &Country, rng: &mut Random) -> Self {
        Device::of_class(Class::Desktop, country, rng)
    }

    pub(crate) fn phone(country: &Country, rng: &mut Random) -> Self {
        Device::of_class(Class::Phone, country, rng)
    }

    fn from_model(model: &Model, country: &Country, rng: &mut Random) -> Self {
        let agent = model.agent.replace("{v}", version(model.browser, rng));
        let screen = model.screens[rng.head_heavy(model.screens.len())];
        let renderer = model.renderers[rng.head_heavy(model.renderers.len())];
        let rendering = rng.head_heavy(model.variety as usize) as u64;
        let font_set = rng.head_heavy(model.variety as usize) as u64;
        let mut signals = json!({
            "userAgent": agent,
            "platform": model.platform,
            "languages": country.languages,
            "timezone": country.timezone,
            "screen": {"width": screen.0, "height": screen.1, "depth": screen.2, "pixelRatio": screen.3},
            "hardwareConcurrency": model.cores[rng.head_heavy(model.cores.len())],
            "touchPoints": model.touch,
            "webdriver": false,
            "canvas": component("canvas", model, renderer, rendering / 6),
            "webgl": {"vendor": model.vendor, "renderer": renderer},
            "fonts": component("fonts", model, "", font_set),
            "audio": component("audio", model, "", 0),
            "plugins": model.plugins,
            "voices": model.voices,
            "automation": {}
        });
        if let Some(sizes) = model.memory {
            signals["deviceMemory"] = json!(sizes[rng.head_heavy(sizes.len())]);
        }
        let mut device = Device {
            fingerprint: String::new(),
            agent,
            signals: Arc::new(signals),
            has_tracker: true,
            class: model.class,
        };
        device.refresh_fingerprint();
        device
    }

    /// A client that fetches pages without running them.
    pub(crate) fn library(rng: &mut Random) -> Self {
        let agent = *rng.pick(&[
            "python-requests/2.32.5",
            "python-httpx/0.28.1",
            "curl/8.17.0",
            "Go-http-client/2.0",
            "axios/1.13.2",
            "okhttp/5.3.0",
            "Scrapy/2.13.4 (+https://scrapy.org)",
            "Apache-HttpClient/5.5.1 (Java/21.0.9)",
        ]);
        Device {
            fingerprint: String::new(),
            agent: agent.to_owned(),
            signals: Arc::new(Value::Null),
            has_tracker: false,
            class: Class::Desktop,
        }
    }

    /// A browser driven by software on a server that hides nothing.
    pub(crate) fn headless(rng: &mut Random) -> Self {
        let version = *rng.pick(CHROME_VERSIONS);
        let engine = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)";
        let agent = format!("{engine} HeadlessChrome/{version} Safari/537.36");
        let width = *rng.pick(&[800, 1280, 1920]);
        let signals = json!({
            "userAgent": agent, "platform": "Linux x86_64", "languages": ["en-US"], "timezone": "UTC",
            "screen": {"width": width, "height": 600, "depth": 24, "pixelRatio": 1.0},
            "hardwareConcurrency": *rng.pick(&[2, 4, 8]), "deviceMemory": 8, "touchPoints": 0, "webdriver": true,
            "canvas": hex32("canvas software"), "webgl": {"vendor": "Google Inc. (Google)", "renderer": SOFTWARE_RENDERER},
            "fonts": hex32("fonts minimal"), "audio": hex32("audio linux"), "plugins": 0, "voices": 0,
            "automation": {"webdriver": true, "cdc": rng.chance(0.4), "headlessUa": true, "noOuterSize": rng.chance(0.7)}
        });
        let mut device = Device {
            fingerprint: String::new(),
            agent,
            signals: Arc::new(signals),
            has_tracker: true,
            class: Class::Desktop,
        };
        device.refresh_fingerprint();
        device
    }

    /// A headless browser under a stealth plugin: the obvious marks are gone, the machine is still a server.
    pub(crate) fn stealth(country: &Country, rng: &mut Random) -> Self {
        let mut device = Device::desktop(country, rng);
        device.set("webgl", json!({"vendor": "Google Inc. (Google)", "renderer": SOFTWARE_RENDERER}));
        device.set("voices", json!(0));
        let (faked, attached) = (rng.chance(0.6), rng.chance(0.5));
        device.set(
            "automation",
            json!({"chromeRuntimeFaked": faked, "nativeToStringTampered": true, "protocolAttached": attached}),
        );
        if rng.chance(0.6) {
            device.set("timezone", json!("UTC"));
        }
        device.refresh_fingerprint();
        device
    }

    /// A real browser with a window, driven at the protocol level.
    pub(crate) fn driven(country: &Country, rng: &mut Random) -> Self {
        let mut device = Device::desktop(country, rng);
        if rng.chance(0.5) {
            device.set("automation", json!({"protocolAttached": true}));
        }
        device
    }

    /// What a browser with strong privacy settings reports: common values, few of them, and noise on each visit.
    pub(crate) fn private(country: &Country, rng: &mut Random) -> Self {
        let mut device = Device::desktop(country, rng);
        let noise = rng.bits();
        device.signals = Arc::new(json!({
            "userAgent": device.agent, "platform": device.signals["platform"].clone(),
            "languages": ["en-US", "en"], "timezone": "UTC",
            "screen": {"width": 1400, "height": 900, "depth": 24, "pixelRatio": 1.0},
            "hardwareConcurrency": 2, "touchPoints": 0, "webdriver": false,
            "canvas": hex32(&format!("noise {noise}")), "plugins": 5
        }));
        device.refresh_fingerprint();
        device
    }

    /// The same machine as software that changes a few components makes it look.
    pub(crate) fn spoofed(&self, rng: &mut Random) -> Self {
        let mut device = self.clone();
        device.set("canvas", json!(hex32(&format!("spoof {}", rng.bits()))));
        device.set("audio", json!(hex32(&format!("spoof {}", rng.bits()))));
        device.refresh_fingerprint();
        device
    }

    /// The clock of a device follows its owner, and the fingerprint follows the clock.
    pub(crate) fn travelling_to(&self, country: &Country) -> Self {
        let mut device = self.clone();
        if device.has_tracker {
            device.set("timezone", json!(country.timezone));
            device.refresh_fingerprint();
        }
        device
    }

    fn refresh_fingerprint(&mut self) {
        let mut state = Fnv::new();
        for component in COMPONENTS {
            state.eat(component.as_bytes());
            // Writing into a hash cannot fail.
            let _ = serde_json::to_writer(&mut state, &self.signals[component]);
        }
        self.fingerprint = state.hex();
    }

    fn set(&mut self, component: &str, value: Value) {
        Arc::make_mut(&mut self.signals)[component] = value;
    }

    pub(crate) fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("fingerprint".into(), Value::String(self.fingerprint.clone()));
        body.insert("signals".into(), Value::clone(&self.signals));
        Value::Object(body)
    }
}

fn version(browser: Browser, rng: &mut Random) -> &'static str {
    let versions = match browser {
        Browser::Chrome | Browser::Edge => CHROME_VERSIONS,
        Browser::Firefox => FIREFOX_VERSIONS,
        Browser::Safari => SAFARI_VERSIONS,
        Browser::Samsung => SAMSUNG_VERSIONS,
    };
    versions[rng.head_heavy(versions.len())]
}

fn component(name: &str, model: &Model, detail: &str, variant: u64) -> String {
    let engine = match model.browser {
        Browser::Firefox => "gecko",
        Browser::Safari => "webkit",
        Browser::Chrome | Browser::Edge | Browser::Samsung => "blink",
    };
    hex32(&format!("{name} {engine} {} {detail} {:x}", model.platform, mix(variant, 5)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::COUNTRIES;

    fn phones(n: u64) -> Vec<Device> {
        (0..n).map(|i| Device::phone(&COUNTRIES[0], &mut Random::new(i, 0))).collect()
    }

    #[test]
    fn phones_collide_and_desktops_rarely_do() {
        let distinct = |devices: &[Device]| {
            devices.iter().map(|d| d.fingerprint.clone()).collect::<std::collections::BTreeSet<_>>().len()
        };
        let desktops: Vec<Device> = (0..300).map(|i| Device::desktop(&COUNTRIES[0], &mut Random::new(i, 0))).collect();
        assert!(distinct(&phones(300)) < 150);
        assert!(distinct(&desktops) > 240, "{}", distinct(&desktops));
    }

    #[test]
    fn equal_components_give_equal_fingerprints() {
        let device = Device::desktop(&COUNTRIES[0], &mut Random::new(1, 0));
        let mut copy = device.clone();
        copy.refresh_fingerprint();
        assert_eq!(device.fingerprint, copy.fingerprint);
        assert_eq!(device.fingerprint.len(), 32);
        assert_ne!(device.spoofed(&mut Random::new(2, 0)).fingerprint, device.fingerprint);
    }

    #[test]
    fn libraries_send_no_signals() {
        assert!(!Device::library(&mut Random::new(1, 0)).has_tracker);
        assert!(Device::headless(&mut Random::new(1, 0)).signals["webdriver"] == json!(true));
    }
}
