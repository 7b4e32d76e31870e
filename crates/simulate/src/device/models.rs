//! Hand-written device models: what current browsers on common hardware report.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Desktop,
    Phone,
    Tablet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Browser {
    Chrome,
    Edge,
    Firefox,
    Safari,
    Samsung,
}

pub(crate) struct Model {
    pub class: Class,
    pub browser: Browser,
    /// `{v}` is the browser's version.
    pub agent: &'static str,
    pub platform: &'static str,
    /// Width, height, depth, pixel ratio.
    pub screens: &'static [(u32, u32, u32, f64)],
    pub cores: &'static [u32],
    /// In GB; browsers without the interface report none.
    pub memory: Option<&'static [u32]>,
    pub touch: u32,
    pub vendor: &'static str,
    pub renderers: &'static [&'static str],
    pub plugins: u32,
    pub voices: u32,
    /// How many different font sets and canvas renderings exist among machines of this model.
    pub variety: u32,
    pub weight: f64,
}

pub(crate) const CHROME_VERSIONS: &[&str] = &["144.0.0.0", "143.0.0.0", "142.0.0.0", "141.0.0.0"];
pub(crate) const FIREFOX_VERSIONS: &[&str] = &["147.0", "146.0", "140.0"];
pub(crate) const SAFARI_VERSIONS: &[&str] = &["26.2", "26.1", "18.6"];
pub(crate) const SAMSUNG_VERSIONS: &[&str] = &["29.0", "28.0"];

const WIN_CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v} Safari/537.36";
const WIN_EDGE: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v} Safari/537.36 Edg/{v}";
const WIN_FIREFOX: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{v}) Gecko/20100101 Firefox/{v}";
const MAC_SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{v} Safari/605.1.15";
const MAC_CHROME: &str =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v} Safari/537.36";
const MAC_FIREFOX: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:{v}) Gecko/20100101 Firefox/{v}";
const LINUX_CHROME: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v} Safari/537.36";
const LINUX_FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:{v}) Gecko/20100101 Firefox/{v}";
const CHROME_OS: &str =
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v} Safari/537.36";
const ANDROID_CHROME: &str =
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v} Mobile Safari/537.36";
const ANDROID_TABLET: &str =
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v} Safari/537.36";
const ANDROID_FIREFOX: &str = "Mozilla/5.0 (Android 15; Mobile; rv:{v}) Gecko/{v} Firefox/{v}";
const SAMSUNG: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/{v} Chrome/136.0.0.0 Mobile Safari/537.36";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{v} Mobile/15E148 Safari/604.1";
const IPAD: &str = "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{v} Mobile/15E148 Safari/604.1";
const IPHONE_CHROME: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/{v} Mobile/15E148 Safari/604.1";

const INTEL: &str = "Google Inc. (Intel)";
const NVIDIA: &str = "Google Inc. (NVIDIA)";
const AMD: &str = "Google Inc. (AMD)";
const APPLE: &str = "Apple Inc.";
const ANGLE_APPLE: &str = "Google Inc. (Apple)";
const QUALCOMM: &str = "Qualcomm";
const ARM: &str = "ARM";

macro_rules! screens {
    ($($w:literal x $h:literal @ $r:literal)+) => { &[$(($w, $h, 24, $r)),+] };
}

macro_rules! models {
    ($($class:ident $browser:ident $agent:ident $platform:literal $screens:expr; cores $cores:expr, memory $memory:expr, touch $touch:literal,
       $vendor:ident $renderers:expr; plugins $plugins:literal voices $voices:literal variety $variety:literal weight $weight:literal)*) => {
        &[$(Model {
            class: Class::$class, browser: Browser::$browser, agent: $agent, platform: $platform, screens: $screens, cores: $cores,
            memory: $memory, touch: $touch, vendor: $vendor, renderers: $renderers, plugins: $plugins, voices: $voices,
            variety: $variety, weight: $weight,
        }),*]
    };
}

pub(crate) static MODELS: &[Model] = models! {
    Desktop Chrome WIN_CHROME "Win32" screens![1920 x 1080 @ 1.0  1536 x 864 @ 1.25  2560 x 1440 @ 1.0]; cores &[8, 12, 4, 16], memory Some(&[8]), touch 0,
        INTEL &["ANGLE (Intel, Intel(R) UHD Graphics 620 (0x00005917) Direct3D11 vs_5_0 ps_5_0, D3D11)", "ANGLE (Intel, Intel(R) Iris(R) Xe Graphics (0x000046A6) Direct3D11 vs_5_0 ps_5_0, D3D11)", "ANGLE (Intel, Intel(R) UHD Graphics 770 (0x00004680) Direct3D11 vs_5_0 ps_5_0, D3D11)"]; plugins 5 voices 22 variety 240 weight 11.0
    Desktop Chrome WIN_CHROME "Win32" screens![2560 x 1440 @ 1.0  1920 x 1080 @ 1.0  3840 x 2160 @ 1.5]; cores &[12, 16, 24, 8], memory Some(&[8]), touch 0,
        NVIDIA &["ANGLE (NVIDIA, NVIDIA GeForce RTX 3060 (0x00002504) Direct3D11 vs_5_0 ps_5_0, D3D11)", "ANGLE (NVIDIA, NVIDIA GeForce GTX 1650 (0x00001F82) Direct3D11 vs_5_0 ps_5_0, D3D11)", "ANGLE (NVIDIA, NVIDIA GeForce RTX 4070 (0x00002786) Direct3D11 vs_5_0 ps_5_0, D3D11)"]; plugins 5 voices 22 variety 300 weight 6.0
    Desktop Chrome WIN_CHROME "Win32" screens![1920 x 1080 @ 1.0  1536 x 864 @ 1.25]; cores &[12, 16, 8], memory Some(&[8]), touch 0,
        AMD &["ANGLE (AMD, AMD Radeon(TM) Graphics (0x00001638) Direct3D11 vs_5_0 ps_5_0, D3D11)", "ANGLE (AMD, AMD Radeon RX 6600 (0x000073FF) Direct3D11 vs_5_0 ps_5_0, D3D11)"]; plugins 5 voices 22 variety 200 weight 4.0
    Desktop Chrome WIN_CHROME "Win32" screens![1366 x 768 @ 1.0]; cores &[4, 2], memory Some(&[4]), touch 0,
        INTEL &["ANGLE (Intel, Intel(R) HD Graphics 520 (0x00001916) Direct3D11 vs_5_0 ps_5_0, D3D11)", "ANGLE (Intel, Intel(R) UHD Graphics 600 (0x00003185) Direct3D11 vs_5_0 ps_5_0, D3D11)"]; plugins 5 voices 20 variety 120 weight 3.5
    Desktop Chrome WIN_CHROME "Win32" screens![1368 x 912 @ 2.0  1440 x 960 @ 2.0]; cores &[8, 12], memory Some(&[8]), touch 10,
        INTEL &["ANGLE (Intel, Intel(R) Iris(R) Plus Graphics (0x00008A5A) Direct3D11 vs_5_0 ps_5_0, D3D11)"]; plugins 5 voices 22 variety 80 weight 1.2
    Desktop Edge WIN_EDGE "Win32" screens![1920 x 1080 @ 1.0  1536 x 864 @ 1.25  1280 x 720 @ 1.5]; cores &[8, 12, 4], memory Some(&[8]), touch 0,
        INTEL &["ANGLE (Intel, Intel(R) Iris(R) Xe Graphics (0x00009A49) Direct3D11 vs_5_0 ps_5_0, D3D11)", "ANGLE (Intel, Intel(R) UHD Graphics (0x00009B41) Direct3D11 vs_5_0 ps_5_0, D3D11)"]; plugins 5 voices 284 variety 200 weight 5.5
    Desktop Edge WIN_EDGE "Win32" screens![1920 x 1080 @ 1.0  2560 x 1440 @ 1.0]; cores &[16, 12], memory Some(&[8]), touch 0,
        NVIDIA &["ANGLE (NVIDIA, NVIDIA GeForce RTX 2060 (0x00001F08) Direct3D11 vs_5_0 ps_5_0, D3D11)", "ANGLE (NVIDIA, NVIDIA GeForce RTX 3050 (0x00002507) Direct3D11 vs_5_0 ps_5_0, D3D11)"]; plugins 5 voices 284 variety 120 weight 1.8
    Desktop Firefox WIN_FIREFOX "Win32" screens![1920 x 1080 @ 1.0  1536 x 864 @ 1.25]; cores &[8, 12, 4], memory None, touch 0,
        INTEL &["ANGLE (Intel, Intel(R) HD Graphics Direct3D11 vs_5_0 ps_5_0), or similar"]; plugins 5 voices 3 variety 160 weight 3.0
    Desktop Firefox WIN_FIREFOX "Win32" screens![2560 x 1440 @ 1.0  1920 x 1080 @ 1.0]; cores &[16, 12, 8], memory None, touch 0,
        NVIDIA &["ANGLE (NVIDIA, NVIDIA GeForce GTX 980 Direct3D11 vs_5_0 ps_5_0), or similar"]; plugins 5 voices 3 variety 160 weight 1.6
    Desktop Safari MAC_SAFARI "MacIntel" screens![1440 x 900 @ 2.0  1470 x 956 @ 2.0  1512 x 982 @ 2.0]; cores &[8], memory None, touch 0,
        APPLE &["Apple GPU"]; plugins 5 voices 178 variety 14 weight 5.0
    Desktop Safari MAC_SAFARI "MacIntel" screens![2560 x 1440 @ 2.0  1680 x 1050 @ 2.0]; cores &[8], memory None, touch 0,
        APPLE &["Apple GPU"]; plugins 5 voices 178 variety 14 weight 1.5
    Desktop Chrome MAC_CHROME "MacIntel" screens![1440 x 900 @ 2.0  1470 x 956 @ 2.0  1512 x 982 @ 2.0  1728 x 1117 @ 2.0]; cores &[8, 10, 12], memory Some(&[8]), touch 0,
        ANGLE_APPLE &["ANGLE (Apple, ANGLE Metal Renderer: Apple M1, Unspecified Version)", "ANGLE (Apple, ANGLE Metal Renderer: Apple M2, Unspecified Version)", "ANGLE (Apple, ANGLE Metal Renderer: Apple M3 Pro, Unspecified Version)"]; plugins 5 voices 199 variety 90 weight 5.5
    Desktop Chrome MAC_CHROME "MacIntel" screens![1920 x 1080 @ 1.0  2560 x 1440 @ 1.0]; cores &[8, 10], memory Some(&[8]), touch 0,
        ANGLE_APPLE &["ANGLE (Apple, ANGLE Metal Renderer: Apple M2, Unspecified Version)", "ANGLE (Apple, ANGLE Metal Renderer: Apple M4, Unspecified Version)"]; plugins 5 voices 199 variety 60 weight 1.5
    Desktop Chrome MAC_CHROME "MacIntel" screens![1440 x 900 @ 2.0  1680 x 1050 @ 2.0]; cores &[8, 12], memory Some(&[8]), touch 0,
        INTEL &["ANGLE (Intel Inc., Intel(R) Iris(TM) Plus Graphics 645, OpenGL 4.1)"]; plugins 5 voices 66 variety 50 weight 1.0
    Desktop Firefox MAC_FIREFOX "MacIntel" screens![1440 x 900 @ 2.0  1512 x 982 @ 2.0]; cores &[8, 10], memory None, touch 0,
        APPLE &["Apple M1, or similar"]; plugins 5 voices 177 variety 60 weight 1.0
    Desktop Chrome LINUX_CHROME "Linux x86_64" screens![1920 x 1080 @ 1.0  2560 x 1440 @ 1.0]; cores &[8, 12, 16], memory Some(&[8]), touch 0,
        INTEL &["ANGLE (Intel, Mesa Intel(R) UHD Graphics 620 (KBL GT2), OpenGL 4.6)", "ANGLE (AMD, AMD Radeon Graphics (radeonsi renoir), OpenGL 4.6)"]; plugins 5 voices 0 variety 120 weight 1.0
    Desktop Firefox LINUX_FIREFOX "Linux x86_64" screens![1920 x 1080 @ 1.0  1366 x 768 @ 1.0  2560 x 1440 @ 1.0]; cores &[8, 4, 16], memory None, touch 0,
        INTEL &["Intel(R) HD Graphics, or similar", "Radeon R9 200 Series, or similar"]; plugins 5 voices 1 variety 120 weight 1.2
    Desktop Chrome CHROME_OS "Linux x86_64" screens![1366 x 768 @ 1.0  1920 x 1080 @ 1.0]; cores &[4, 2], memory Some(&[4, 8]), touch 0,
        INTEL &["ANGLE (Intel, Mesa Intel(R) UHD Graphics 600 (GLK 2), OpenGL ES 3.2)"]; plugins 5 voices 24 variety 4 weight 1.2
    Tablet Safari IPAD "iPad" screens![820 x 1180 @ 2.0]; cores &[8], memory None, touch 5, APPLE &["Apple GPU"]; plugins 5 voices 150 variety 1 weight 1.2
    Tablet Safari IPAD "iPad" screens![1024 x 1366 @ 2.0  834 x 1194 @ 2.0]; cores &[8], memory None, touch 5, APPLE &["Apple GPU"]; plugins 5 voices 150 variety 1 weight 0.6
    Tablet Chrome ANDROID_TABLET "Linux armv81" screens![800 x 1280 @ 1.5]; cores &[8], memory Some(&[4]), touch 5, ARM &["Mali-G52 MC2"]; plugins 0 voices 40 variety 2 weight 0.9
    Phone Safari IPHONE "iPhone" screens![390 x 844 @ 3.0]; cores &[6], memory None, touch 5, APPLE &["Apple GPU"]; plugins 5 voices 150 variety 1 weight 6.0
    Phone Safari IPHONE "iPhone" screens![393 x 852 @ 3.0]; cores &[6], memory None, touch 5, APPLE &["Apple GPU"]; plugins 5 voices 150 variety 1 weight 5.0
    Phone Safari IPHONE "iPhone" screens![402 x 874 @ 3.0]; cores &[6], memory None, touch 5, APPLE &["Apple GPU"]; plugins 5 voices 152 variety 1 weight 3.0
    Phone Safari IPHONE "iPhone" screens![430 x 932 @ 3.0]; cores &[6], memory None, touch 5, APPLE &["Apple GPU"]; plugins 5 voices 150 variety 1 weight 2.5
    Phone Safari IPHONE "iPhone" screens![440 x 956 @ 3.0]; cores &[6], memory None, touch 5, APPLE &["Apple GPU"]; plugins 5 voices 152 variety 1 weight 1.5
    Phone Safari IPHONE "iPhone" screens![375 x 667 @ 2.0]; cores &[6], memory None, touch 5, APPLE &["Apple GPU"]; plugins 5 voices 146 variety 1 weight 1.5
    Phone Chrome IPHONE_CHROME "iPhone" screens![390 x 844 @ 3.0  393 x 852 @ 3.0]; cores &[6], memory None, touch 5, APPLE &["Apple GPU"]; plugins 0 voices 150 variety 1 weight 1.2
    Phone Chrome ANDROID_CHROME "Linux armv81" screens![360 x 780 @ 3.0]; cores &[8], memory Some(&[8]), touch 5, QUALCOMM &["Adreno (TM) 740"]; plugins 0 voices 42 variety 3 weight 2.4
    Phone Chrome ANDROID_CHROME "Linux armv81" screens![384 x 832 @ 3.75]; cores &[8], memory Some(&[8]), touch 5, QUALCOMM &["Adreno (TM) 750"]; plugins 0 voices 42 variety 3 weight 1.8
    Phone Chrome ANDROID_CHROME "Linux armv81" screens![412 x 915 @ 2.625]; cores &[8], memory Some(&[8]), touch 5, ARM &["Mali-G710"]; plugins 0 voices 38 variety 2 weight 2.0
    Phone Chrome ANDROID_CHROME "Linux armv81" screens![412 x 923 @ 2.625]; cores &[9], memory Some(&[8]), touch 5, ARM &["Mali-G715"]; plugins 0 voices 38 variety 2 weight 1.5
    Phone Chrome ANDROID_CHROME "Linux armv81" screens![385 x 854 @ 2.8125]; cores &[8], memory Some(&[4, 8]), touch 5, ARM &["Mali-G57 MC2"]; plugins 0 voices 40 variety 4 weight 3.5
    Phone Chrome ANDROID_CHROME "Linux armv81" screens![393 x 873 @ 2.75]; cores &[8], memory Some(&[4, 8]), touch 5, QUALCOMM &["Adreno (TM) 619"]; plugins 0 voices 36 variety 4 weight 3.5
    Phone Chrome ANDROID_CHROME "Linux armv81" screens![393 x 851 @ 2.75]; cores &[8], memory Some(&[4, 8]), touch 5, QUALCOMM &["Adreno (TM) 610"]; plugins 0 voices 36 variety 4 weight 2.5
    Phone Chrome ANDROID_CHROME "Linux armv81" screens![360 x 800 @ 2.0]; cores &[8], memory Some(&[2, 4]), touch 5, ARM &["Mali-G52 MC2"]; plugins 0 voices 34 variety 4 weight 2.5
    Phone Chrome ANDROID_CHROME "Linux armv81" screens![360 x 806 @ 2.0]; cores &[8], memory Some(&[2, 4]), touch 5, ARM &["PowerVR Rogue GE8320"]; plugins 0 voices 34 variety 4 weight 1.8
    Phone Samsung SAMSUNG "Linux armv81" screens![360 x 780 @ 3.0  384 x 832 @ 3.75]; cores &[8], memory Some(&[8]), touch 5, QUALCOMM &["Adreno (TM) 740", "Adreno (TM) 830"]; plugins 0 voices 42 variety 2 weight 1.8
    Phone Samsung SAMSUNG "Linux armv81" screens![385 x 854 @ 2.8125]; cores &[8], memory Some(&[4, 8]), touch 5, ARM &["Mali-G68 MC4"]; plugins 0 voices 40 variety 2 weight 1.5
    Phone Firefox ANDROID_FIREFOX "Linux armv81" screens![412 x 915 @ 2.625  393 x 873 @ 2.75]; cores &[8], memory None, touch 5, QUALCOMM &["Adreno (TM) 650, or similar"]; plugins 0 voices 30 variety 3 weight 0.6
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_is_broad_and_every_model_is_complete() {
        assert!(MODELS.len() >= 40);
        for model in MODELS {
            assert!(model.agent.contains("{v}") && !model.screens.is_empty() && !model.cores.is_empty());
            assert!(model.variety >= 1 && !model.renderers.is_empty());
            assert_eq!(model.class == Class::Desktop, !matches!(model.touch, 5));
        }
    }
}
