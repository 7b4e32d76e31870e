//! Which country a time zone, a dialling code or a country's name means. Only what is unambiguous is listed; the rest
//! answers `None`.

use crate::text::snake_case;

/// ISO 3166-1 code, dialling code, time zones, names in snake_case. Sources: IANA zone1970.tab, ITU E.164.
const COUNTRIES: &[(&str, &str, &str, &str)] = &[
    ("AE", "971", "Asia/Dubai", "united_arab_emirates uae"),
    ("AR", "54", "America/Argentina/Buenos_Aires America/Argentina/Cordoba America/Buenos_Aires", "argentina"),
    ("AT", "43", "Europe/Vienna", "austria österreich"),
    (
        "AU",
        "61",
        "Australia/Sydney Australia/Melbourne Australia/Brisbane Australia/Perth Australia/Adelaide Australia/Hobart Australia/Darwin",
        "australia",
    ),
    ("BD", "880", "Asia/Dhaka", "bangladesh"),
    ("BE", "32", "Europe/Brussels", "belgium belgië belgique"),
    ("BG", "359", "Europe/Sofia", "bulgaria"),
    ("BO", "591", "America/La_Paz", "bolivia"),
    (
        "BR",
        "55",
        "America/Sao_Paulo America/Manaus America/Bahia America/Fortaleza America/Recife America/Belem America/Cuiaba",
        "brazil brasil",
    ),
    (
        "CA",
        "1",
        "America/Toronto America/Vancouver America/Edmonton America/Winnipeg America/Halifax America/Montreal America/St_Johns America/Regina",
        "canada",
    ),
    ("CH", "41", "Europe/Zurich", "switzerland schweiz suisse"),
    ("CL", "56", "America/Santiago", "chile"),
    ("CN", "86", "Asia/Shanghai Asia/Urumqi Asia/Chongqing", "china"),
    ("CO", "57", "America/Bogota", "colombia"),
    ("CR", "506", "America/Costa_Rica", "costa_rica"),
    ("CZ", "420", "Europe/Prague", "czechia czech_republic česko"),
    ("DE", "49", "Europe/Berlin Europe/Busingen", "germany deutschland"),
    ("DK", "45", "Europe/Copenhagen", "denmark danmark"),
    ("DO", "", "America/Santo_Domingo", "dominican_republic"),
    ("DZ", "213", "Africa/Algiers", "algeria"),
    ("EC", "593", "America/Guayaquil", "ecuador"),
    ("EE", "372", "Europe/Tallinn", "estonia"),
    ("EG", "20", "Africa/Cairo", "egypt"),
    ("ES", "34", "Europe/Madrid Atlantic/Canary", "spain españa"),
    ("FI", "358", "Europe/Helsinki", "finland suomi"),
    ("FR", "33", "Europe/Paris", "france"),
    ("GB", "44", "Europe/London Europe/Belfast", "united_kingdom great_britain england scotland wales uk"),
    ("GH", "233", "Africa/Accra", "ghana"),
    ("GR", "30", "Europe/Athens", "greece"),
    ("GT", "502", "America/Guatemala", "guatemala"),
    ("HK", "852", "Asia/Hong_Kong", "hong_kong"),
    ("HR", "385", "Europe/Zagreb", "croatia hrvatska"),
    ("HU", "36", "Europe/Budapest", "hungary magyarország"),
    ("ID", "62", "Asia/Jakarta Asia/Makassar Asia/Jayapura", "indonesia"),
    ("IE", "353", "Europe/Dublin", "ireland"),
    ("IL", "972", "Asia/Jerusalem Asia/Tel_Aviv", "israel"),
    ("IN", "91", "Asia/Kolkata Asia/Calcutta", "india"),
    ("IR", "98", "Asia/Tehran", "iran"),
    ("IT", "39", "Europe/Rome", "italy italia"),
    ("JP", "81", "Asia/Tokyo", "japan nippon"),
    ("KE", "254", "Africa/Nairobi", "kenya"),
    ("KR", "82", "Asia/Seoul", "south_korea korea republic_of_korea"),
    ("KZ", "", "Asia/Almaty", "kazakhstan"),
    ("LK", "94", "Asia/Colombo", "sri_lanka"),
    ("LT", "370", "Europe/Vilnius", "lithuania"),
    ("LV", "371", "Europe/Riga", "latvia"),
    ("MA", "212", "Africa/Casablanca", "morocco maroc"),
    (
        "MX",
        "52",
        "America/Mexico_City America/Monterrey America/Tijuana America/Cancun America/Hermosillo America/Merida",
        "mexico méxico",
    ),
    ("MY", "60", "Asia/Kuala_Lumpur", "malaysia"),
    ("NG", "234", "Africa/Lagos", "nigeria"),
    ("NL", "31", "Europe/Amsterdam", "netherlands the_netherlands nederland holland"),
    ("NO", "47", "Europe/Oslo", "norway norge"),
    ("NP", "977", "Asia/Kathmandu Asia/Katmandu", "nepal"),
    ("NZ", "64", "Pacific/Auckland", "new_zealand"),
    ("PE", "51", "America/Lima", "peru perú"),
    ("PH", "63", "Asia/Manila", "philippines"),
    ("PK", "92", "Asia/Karachi", "pakistan"),
    ("PL", "48", "Europe/Warsaw", "poland polska"),
    ("PT", "351", "Europe/Lisbon Atlantic/Madeira Atlantic/Azores", "portugal"),
    ("RO", "40", "Europe/Bucharest", "romania românia"),
    ("RS", "381", "Europe/Belgrade", "serbia"),
    (
        "RU",
        "7",
        "Europe/Moscow Asia/Yekaterinburg Asia/Novosibirsk Asia/Vladivostok Asia/Krasnoyarsk Europe/Samara",
        "russia russian_federation",
    ),
    ("SA", "966", "Asia/Riyadh", "saudi_arabia"),
    ("SE", "46", "Europe/Stockholm", "sweden sverige"),
    ("SG", "65", "Asia/Singapore", "singapore"),
    ("SI", "386", "Europe/Ljubljana", "slovenia"),
    ("SK", "421", "Europe/Bratislava", "slovakia slovensko"),
    ("TH", "66", "Asia/Bangkok", "thailand"),
    ("TR", "90", "Europe/Istanbul Asia/Istanbul", "turkey türkiye"),
    ("TW", "886", "Asia/Taipei", "taiwan"),
    ("UA", "380", "Europe/Kyiv Europe/Kiev", "ukraine"),
    (
        "US",
        "1",
        "America/New_York America/Chicago America/Denver America/Los_Angeles America/Phoenix America/Detroit America/Anchorage Pacific/Honolulu America/Boise America/Indiana/Indianapolis",
        "united_states united_states_of_america usa",
    ),
    ("UY", "598", "America/Montevideo", "uruguay"),
    ("VE", "58", "America/Caracas", "venezuela"),
    ("VN", "84", "Asia/Ho_Chi_Minh Asia/Saigon", "vietnam viet_nam"),
    ("ZA", "27", "Africa/Johannesburg", "south_africa"),
];

/// The ISO code that a country field means, whether it is a code or a name.
pub(super) fn country_of_text(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        let code = text.to_ascii_uppercase();
        return Some(if code == "UK" { "GB".into() } else { code });
    }
    let folded = snake_case(&text.to_lowercase());
    COUNTRIES.iter().find(|(.., names)| names.split(' ').any(|name| name == folded)).map(|(code, ..)| (*code).into())
}

pub(super) fn country_of_zone(zone: &str) -> Option<&'static str> {
    COUNTRIES.iter().find(|(_, _, zones, _)| zones.split(' ').any(|held| held == zone)).map(|(code, ..)| *code)
}

/// Whether an international number has the country's code; `None` for national numbers and unlisted countries.
pub(super) fn has_dialling_code(phone: &str, country: &str) -> Option<bool> {
    let phone = phone.trim();
    let international = phone.strip_prefix('+').or_else(|| phone.strip_prefix("00"))?;
    let digits: String = international.chars().filter(char::is_ascii_digit).collect();
    let (_, code, ..) = COUNTRIES.iter().find(|(held, ..)| *held == country)?;
    (!code.is_empty() && digits.len() >= 8).then(|| digits.starts_with(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_by_code_name_zone_and_dialling_code() {
        assert_eq!(country_of_text("uk").as_deref(), Some("GB"));
        assert_eq!(country_of_text("United States").as_deref(), Some("US"));
        assert_eq!(country_of_text("Österreich").as_deref(), Some("AT"));
        assert_eq!(country_of_text("Atlantis"), None);
        assert_eq!(country_of_zone("Asia/Tokyo"), Some("JP"));
        assert_eq!(country_of_zone("UTC"), None);
        assert_eq!(has_dialling_code("+81 90 1234 5678", "JP"), Some(true));
        assert_eq!(has_dialling_code("+7 900 1234567", "JP"), Some(false));
        assert_eq!(has_dialling_code("090 1234 5678", "JP"), None);
    }

    #[test]
    fn no_zone_or_name_is_listed_twice() {
        for column in [
            |row: &(&'static str, &str, &'static str, &'static str)| row.2,
            |row: &(&'static str, &str, &'static str, &'static str)| row.3,
        ] {
            let all: Vec<&str> = COUNTRIES.iter().flat_map(|row| column(row).split(' ')).collect();
            let distinct: std::collections::BTreeSet<&str> = all.iter().copied().collect();
            assert_eq!(all.len(), distinct.len());
        }
    }
}
