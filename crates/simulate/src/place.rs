//! The countries that users come from.

use crate::random::Random;

pub(crate) struct Country {
    pub code: &'static str,
    /// Section of `data/names.txt`.
    pub culture: &'static str,
    pub timezone: &'static str,
    pub offset_minutes: i64,
    pub languages: &'static [&'static str],
    pub mail: &'static [&'static str],
    pub phone: &'static str,
    pub currency: &'static str,
    pub cities: &'static [&'static str],
    pub weight: f64,
}

macro_rules! country {
    ($code:literal $culture:literal $tz:literal $offset:literal [$($lang:literal)+]
        [$($mail:literal)+]
        $phone:literal $cur:literal [$($city:literal)+] $weight:literal) => {
        Country {
            code: $code,
            culture: $culture,
            timezone: $tz,
            offset_minutes: $offset,
            languages: &[$($lang),+],
            mail: &[$($mail),+],
            phone: $phone,
            currency: $cur,
            cities: &[$($city),+],
            weight: $weight,
        }
    };
}

/// Mail providers are listed most popular first.
pub(crate) static COUNTRIES: &[Country] = &[
    country!("US" "english" "America/New_York" -300 ["en-US" "en"]
        ["gmail.com" "yahoo.com" "outlook.com" "icloud.com" "hotmail.com" "aol.com"]
        "+1" "USD" ["New York" "Boston" "Chicago" "Austin" "Denver"] 20.0),
    country!("GB" "english" "Europe/London" 0 ["en-GB" "en"]
        ["gmail.com" "hotmail.co.uk" "outlook.com" "icloud.com" "btinternet.com"]
        "+44" "GBP" ["London" "Leeds" "Bristol" "Glasgow"] 8.0),
    country!("DE" "german" "Europe/Berlin" 60 ["de-DE" "de" "en"]
        ["gmail.com" "gmx.de" "web.de" "t-online.de" "outlook.de"]
        "+49" "EUR" ["Berlin" "Hamburg" "Köln" "München" "Leipzig"] 12.0),
    country!("FR" "french" "Europe/Paris" 60 ["fr-FR" "fr" "en"]
        ["gmail.com" "orange.fr" "free.fr" "hotmail.fr" "laposte.net"]
        "+33" "EUR" ["Paris" "Lyon" "Nantes" "Lille"] 7.0),
    country!("ES" "spanish" "Europe/Madrid" 60 ["es-ES" "es" "en"]
        ["gmail.com" "hotmail.es" "yahoo.es" "outlook.es"]
        "+34" "EUR" ["Madrid" "Sevilla" "Valencia" "Bilbao"] 5.0),
    country!("MX" "spanish" "America/Mexico_City" -360 ["es-MX" "es"]
        ["gmail.com" "hotmail.com" "outlook.com" "live.com.mx"]
        "+52" "MXN" ["Guadalajara" "Puebla" "Monterrey"] 6.0),
    country!("BR" "portuguese" "America/Sao_Paulo" -180 ["pt-BR" "pt" "en"]
        ["gmail.com" "hotmail.com" "uol.com.br" "bol.com.br"]
        "+55" "BRL" ["São Paulo" "Recife" "Curitiba" "Salvador"] 8.0),
    country!("IT" "italian" "Europe/Rome" 60 ["it-IT" "it"]
        ["gmail.com" "libero.it" "hotmail.it" "virgilio.it"]
        "+39" "EUR" ["Roma" "Milano" "Torino" "Bari"] 5.0),
    country!("PL" "polish" "Europe/Warsaw" 60 ["pl-PL" "pl" "en"]
        ["gmail.com" "wp.pl" "o2.pl" "onet.pl" "interia.pl"]
        "+48" "PLN" ["Warszawa" "Kraków" "Gdańsk" "Łódź"] 5.0),
    country!("TR" "turkish" "Europe/Istanbul" 180 ["tr-TR" "tr"]
        ["gmail.com" "hotmail.com" "outlook.com.tr" "mynet.com"]
        "+90" "TRY" ["İstanbul" "Ankara" "İzmir"] 4.0),
    country!("UA" "ukrainian" "Europe/Kyiv" 120 ["uk-UA" "uk" "ru" "en"]
        ["gmail.com" "ukr.net" "i.ua"]
        "+380" "UAH" ["Київ" "Львів" "Одеса"] 4.0),
    country!("JP" "japanese" "Asia/Tokyo" 540 ["ja-JP" "ja"]
        ["gmail.com" "yahoo.co.jp" "docomo.ne.jp" "ezweb.ne.jp" "icloud.com"]
        "+81" "JPY" ["東京" "大阪" "福岡" "札幌"] 6.0),
    country!("TW" "chinese" "Asia/Taipei" 480 ["zh-TW" "zh" "en"]
        ["gmail.com" "yahoo.com.tw" "hotmail.com" "icloud.com"]
        "+886" "TWD" ["臺北" "高雄" "臺中"] 4.0),
    country!("KR" "korean" "Asia/Seoul" 540 ["ko-KR" "ko"]
        ["naver.com" "gmail.com" "daum.net" "hanmail.net"]
        "+82" "KRW" ["서울" "부산" "대구"] 4.0),
    country!("IN" "indian" "Asia/Kolkata" 330 ["en-IN" "en" "hi"]
        ["gmail.com" "yahoo.co.in" "rediffmail.com" "outlook.com"]
        "+91" "INR" ["Mumbai" "Pune" "Delhi" "Chennai"] 8.0),
    country!("EG" "arabic" "Africa/Cairo" 120 ["ar-EG" "ar" "en"]
        ["gmail.com" "yahoo.com" "hotmail.com"]
        "+20" "EGP" ["القاهرة" "الإسكندرية" "الجيزة"] 4.0),
];

pub(crate) fn any(rng: &mut Random) -> &'static Country {
    &COUNTRIES[rng.weighted(COUNTRIES.iter().map(|country| country.weight))]
}

pub(crate) fn other_than(country: &Country, rng: &mut Random) -> &'static Country {
    let found = any(rng);
    if found.code != country.code {
        return found;
    }
    let next = COUNTRIES.iter().position(|c| c.code == country.code).map_or(0, |i| i + 1);
    &COUNTRIES[next % COUNTRIES.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_country_is_another() {
        let mut rng = Random::new(3, 0);
        for country in COUNTRIES {
            for _ in 0..50 {
                assert_ne!(other_than(country, &mut rng).code, country.code);
            }
        }
    }
}
