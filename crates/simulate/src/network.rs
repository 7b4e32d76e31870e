//! Networks that users connect from, and the addresses they get there.

use crate::hash::mix;
use crate::random::Random;
use crate::time::{DAY, HOUR, MINUTE};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Residential,
    Mobile,
    Business,
    Education,
    Hosting,
    Vpn,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Residential => "residential",
            Kind::Mobile => "mobile",
            Kind::Business => "business",
            Kind::Education => "education",
            Kind::Hosting => "hosting",
            Kind::Vpn => "vpn",
        }
    }
}

pub(crate) struct Network {
    pub prefix: &'static str,
    pub kind: Kind,
    pub country: &'static str,
    pub label: &'static str,
}

macro_rules! networks {
    ($($prefix:literal $kind:ident $country:literal $label:literal;)*) => {
        &[$(Network { prefix: $prefix, kind: Kind::$kind, country: $country, label: $label }),*]
    };
}

/// Prefixes are disjoint: an address belongs to one network.
pub(crate) static NETWORKS: &[Network] = networks! {
    "73.32.0.0/12" Residential "US" "Comcast Cable"; "98.0.0.0/13" Residential "US" "Charter Communications"; "2601:40::/32" Residential "US" "Comcast Cable";
    "172.56.0.0/16" Mobile "US" "T-Mobile USA"; "166.196.0.0/16" Mobile "US" "AT&T Mobility"; "50.224.0.0/14" Business "US" "Comcast Business"; "128.59.0.0/16" Education "US" "Columbia University";
    "86.128.0.0/11" Residential "GB" "BT"; "82.0.0.0/12" Residential "GB" "Virgin Media"; "2a00:23c4::/32" Residential "GB" "BT"; "92.40.0.0/16" Mobile "GB" "Three UK"; "148.252.128.0/17" Mobile "GB" "Vodafone UK"; "81.128.0.0/14" Business "GB" "BT Business"; "129.31.0.0/16" Education "GB" "Imperial College";
    "84.128.0.0/11" Residential "DE" "Deutsche Telekom"; "95.88.0.0/14" Residential "DE" "Vodafone Kabel"; "2003:e1::/32" Residential "DE" "Deutsche Telekom"; "80.187.64.0/18" Mobile "DE" "Telekom Mobil"; "109.40.0.0/15" Mobile "DE" "Vodafone Mobil"; "62.153.0.0/16" Business "DE" "Telekom Business"; "131.159.0.0/16" Education "DE" "TU München";
    "90.0.0.0/12" Residential "FR" "Orange"; "82.224.0.0/12" Residential "FR" "Free"; "2a01:cb00::/32" Residential "FR" "Orange"; "92.184.96.0/19" Mobile "FR" "Orange Mobile"; "37.160.0.0/14" Mobile "FR" "Free Mobile"; "217.128.0.0/16" Business "FR" "Orange Business"; "129.175.0.0/16" Education "FR" "Université Paris-Saclay";
    "83.32.0.0/11" Residential "ES" "Telefónica"; "79.144.0.0/13" Residential "ES" "Movistar"; "31.4.128.0/17" Mobile "ES" "Vodafone España"; "176.80.0.0/14" Mobile "ES" "Movistar Móvil"; "213.98.0.0/16" Business "ES" "Telefónica Empresas"; "147.96.0.0/16" Education "ES" "Universidad Complutense";
    "189.128.0.0/11" Residential "MX" "Telmex"; "187.188.0.0/15" Residential "MX" "Totalplay"; "200.68.128.0/17" Mobile "MX" "Telcel"; "177.224.0.0/14" Mobile "MX" "AT&T México"; "201.116.0.0/16" Business "MX" "Telmex Empresas"; "132.248.0.0/16" Education "MX" "UNAM";
    "177.32.0.0/12" Residential "BR" "Claro NET"; "187.0.0.0/11" Residential "BR" "Vivo"; "2804:14c::/32" Residential "BR" "Claro NET"; "191.24.0.0/14" Mobile "BR" "Vivo Móvel"; "179.224.0.0/14" Mobile "BR" "TIM"; "200.204.0.0/16" Business "BR" "Vivo Empresas"; "143.107.0.0/16" Education "BR" "USP";
    "79.0.0.0/11" Residential "IT" "Telecom Italia"; "93.32.0.0/11" Residential "IT" "Fastweb"; "5.90.0.0/15" Mobile "IT" "Vodafone Italia"; "37.176.0.0/13" Mobile "IT" "WindTre"; "80.20.0.0/15" Business "IT" "TIM Business"; "131.175.0.0/16" Education "IT" "Politecnico di Milano";
    "83.0.0.0/11" Residential "PL" "Orange Polska"; "89.64.0.0/13" Residential "PL" "UPC Polska"; "31.60.0.0/14" Mobile "PL" "T-Mobile Polska"; "5.172.224.0/19" Mobile "PL" "Play"; "80.48.0.0/14" Business "PL" "Orange Biznes"; "193.0.64.0/18" Education "PL" "Uniwersytet Warszawski";
    "78.160.0.0/11" Residential "TR" "Türk Telekom"; "176.216.0.0/14" Residential "TR" "TurkNet"; "178.240.0.0/13" Mobile "TR" "Turkcell"; "5.24.0.0/14" Mobile "TR" "Vodafone TR"; "212.156.0.0/16" Business "TR" "Türk Telekom Kurumsal"; "144.122.0.0/16" Education "TR" "ODTÜ";
    "93.72.0.0/13" Residential "UA" "Volia"; "178.92.0.0/14" Residential "UA" "Ukrtelecom"; "46.211.0.0/16" Mobile "UA" "Kyivstar"; "37.72.0.0/16" Mobile "UA" "lifecell"; "195.5.0.0/18" Business "UA" "Ukrtelecom Business"; "91.198.36.0/22" Education "UA" "Kyiv University";
    "126.0.0.0/10" Residential "JP" "SoftBank BB"; "118.0.0.0/12" Residential "JP" "NTT OCN"; "2400:4050::/32" Residential "JP" "NTT OCN"; "49.96.0.0/14" Mobile "JP" "NTT Docomo"; "106.128.0.0/13" Mobile "JP" "KDDI au"; "61.112.0.0/14" Business "JP" "NTT Business"; "133.11.0.0/16" Education "JP" "University of Tokyo";
    "114.32.0.0/12" Residential "TW" "HiNet"; "1.160.0.0/12" Residential "TW" "HiNet"; "110.24.0.0/13" Mobile "TW" "FarEasTone"; "101.8.0.0/13" Mobile "TW" "Taiwan Mobile"; "211.20.0.0/15" Business "TW" "HiNet Business"; "140.112.0.0/16" Education "TW" "National Taiwan University";
    "121.128.0.0/10" Residential "KR" "Korea Telecom"; "175.192.0.0/10" Residential "KR" "Korea Telecom"; "223.32.0.0/11" Mobile "KR" "SK Telecom"; "106.96.0.0/13" Mobile "KR" "LG U+"; "211.104.0.0/14" Business "KR" "KT Business"; "147.46.0.0/16" Education "KR" "Seoul National University";
    "122.160.0.0/12" Residential "IN" "Airtel Broadband"; "117.192.0.0/11" Residential "IN" "BSNL"; "49.32.0.0/11" Mobile "IN" "Reliance Jio"; "106.192.0.0/11" Mobile "IN" "Airtel Mobile"; "2409:4000::/32" Mobile "IN" "Reliance Jio"; "182.72.0.0/14" Business "IN" "Airtel Business"; "103.21.124.0/22" Education "IN" "IIT Bombay";
    "41.32.0.0/12" Residential "EG" "TE Data"; "156.192.0.0/11" Residential "EG" "TE Data"; "105.32.0.0/12" Mobile "EG" "Orange Egypt"; "197.120.0.0/13" Mobile "EG" "Etisalat Misr"; "196.219.0.0/16" Business "EG" "TE Data Business"; "193.227.0.0/18" Education "EG" "Cairo University";
    "3.208.0.0/12" Hosting "US" "Amazon Web Services"; "34.64.0.0/11" Hosting "US" "Google Cloud"; "20.32.0.0/11" Hosting "US" "Microsoft Azure"; "159.65.0.0/16" Hosting "US" "DigitalOcean"; "116.202.0.0/15" Hosting "DE" "Hetzner"; "51.68.0.0/16" Hosting "FR" "OVH"; "139.162.0.0/16" Hosting "GB" "Linode";
    "185.159.156.0/22" Vpn "CH" "Proton VPN"; "146.70.0.0/16" Vpn "GB" "M247 VPN"; "193.138.218.0/24" Vpn "SE" "Mullvad"; "37.19.192.0/19" Vpn "US" "Datacamp VPN"; "86.106.74.0/24" Vpn "NL" "Surfshark"; "185.220.100.0/22" Vpn "DE" "Tor exit";
};

/// How a subscriber gets addresses: a place in a network, and how often the network hands out another one.
#[derive(Clone)]
pub(crate) struct Line {
    network: usize,
    id: u64,
    lease_ms: i64,
    /// Number of addresses that all subscribers of the network share; 0 when a subscriber has one for itself.
    pool: u64,
}

impl Line {
    fn draw(country: &str, kind: Kind, lease_ms: i64, pool: u64, rng: &mut Random) -> Self {
        let network = draw_where(|network| network.kind == kind && network.country == country, rng).unwrap_or_else(|| any_of_kind(kind, rng));
        Line { network, id: rng.bits(), lease_ms, pool }
    }

    /// A household's connection: the address holds for weeks, or for a day with providers that reconnect every night.
    pub(crate) fn home(country: &str, rng: &mut Random) -> Self {
        let lease = *rng.pick(&[DAY, 9 * DAY, 40 * DAY, 400 * DAY, 400 * DAY]);
        Line::draw(country, Kind::Residential, lease, 0, rng)
    }

    /// A phone behind the carrier's translation: a few addresses for all its subscribers.
    pub(crate) fn mobile(country: &str, rng: &mut Random) -> Self {
        Line::draw(country, Kind::Mobile, 3 * HOUR, 160, rng)
    }

    /// Carrier-grade translation on a fixed line: dozens of households leave through one address.
    pub(crate) fn carrier(country: &str, rng: &mut Random) -> Self {
        Line::draw(country, Kind::Residential, 400 * DAY, 0, rng)
    }

    pub(crate) fn fixed(country: &str, kind: Kind, rng: &mut Random) -> Self {
        Line::draw(country, kind, 4_000 * DAY, 0, rng)
    }

    /// Exits are shared by all subscribers of the service.
    pub(crate) fn vpn(rng: &mut Random) -> Self {
        Line { network: any_of_kind(Kind::Vpn, rng), id: rng.bits(), lease_ms: 8 * HOUR, pool: 24 }
    }

    pub(crate) fn hosting(rng: &mut Random) -> Self {
        Line { network: any_of_kind(Kind::Hosting, rng), id: rng.bits(), lease_ms: 4_000 * DAY, pool: 0 }
    }

    /// A residential proxy service: someone else's home connection, another one every half an hour.
    pub(crate) fn residential_proxy(country: &str, rng: &mut Random) -> Self {
        Line::draw(country, Kind::Residential, 30 * MINUTE, 0, rng)
    }

    pub(crate) fn address(&self, at_ms: i64) -> String {
        let period = at_ms.div_euclid(self.lease_ms) as u64;
        let turn = mix(self.id, period);
        let host = if self.pool == 0 { turn } else { mix(self.network as u64, turn % self.pool) };
        format_address(NETWORKS[self.network].prefix, host)
    }
}

fn any_of_kind(kind: Kind, rng: &mut Random) -> usize {
    draw_where(|network| network.kind == kind, rng).unwrap_or(0)
}

fn draw_where(fits: impl Fn(&Network) -> bool, rng: &mut Random) -> Option<usize> {
    let matching = || (0..NETWORKS.len()).filter(|&i| fits(&NETWORKS[i]));
    let count = matching().count();
    matching().nth(rng.below(count))
}

fn format_address(prefix: &str, host: u64) -> String {
    let (base, bits) = prefix.split_once('/').unwrap_or((prefix, "32"));
    if base.contains(':') {
        let stem = base.trim_end_matches(':');
        // The lower half is the device's own: it is derived, so one line at one time is one address.
        let own = mix(host, 6);
        return format!(
            "{stem}:{:x}:{:x}:{:x}:{:x}:{:x}:{:x}",
            (host >> 16) & 0xffff | 0x1000,
            host & 0xff00,
            own & 0xffff | 0x1000,
            (own >> 16) & 0xffff | 0x1000,
            (own >> 32) & 0xffff | 0x1000,
            (own >> 48) & 0xffff | 0x1000
        );
    }
    let width = 32 - bits.parse::<u32>().unwrap_or(32);
    let start = base.split('.').fold(0u32, |sum, part| (sum << 8) | part.parse::<u32>().unwrap_or(0));
    let mask = ((1u64 << width) - 1) as u32;
    let mut address = start | (host as u32 & mask);
    // Network and broadcast addresses belong to nobody.
    if matches!(address & 0xff, 0 | 255) {
        address ^= 0x55;
    }
    format!("{}.{}.{}.{}", address >> 24, (address >> 16) & 255, (address >> 8) & 255, address & 255)
}

/// `prefix,kind,country,label`
pub(crate) fn csv() -> String {
    let mut text = String::from("prefix,kind,country,label\n");
    for network in NETWORKS {
        text.push_str(&format!("{},{},{},{}\n", network.prefix, network.kind.name(), network.country, network.label));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::COUNTRIES;

    #[test]
    fn every_country_has_every_kind_of_line() {
        let kinds = [Kind::Residential, Kind::Mobile, Kind::Business, Kind::Education];
        for country in COUNTRIES {
            for kind in kinds {
                assert!(NETWORKS.iter().any(|n| n.kind == kind && n.country == country.code), "{} {}", country.code, kind.name());
            }
        }
    }

    #[test]
    fn addresses_lie_in_their_prefix_and_hold_for_the_lease() {
        assert_eq!(format_address("10.1.0.0/16", 0xffff_0203), "10.1.2.3");
        assert_eq!(format_address("10.1.0.0/16", 0), "10.1.0.85");
        let mut rng = Random::new(1, 1);
        let line = Line::fixed("DE", Kind::Business, &mut rng);
        assert!(line.address(0).starts_with("62.153."));
        assert_eq!(line.address(0), line.address(90 * DAY));
        let proxy = Line::residential_proxy("DE", &mut rng);
        assert_ne!(proxy.address(0), proxy.address(HOUR));
    }

    #[test]
    fn sixth_version_addresses_parse() {
        for host in [0, 1, u64::MAX, 0x1234_5678] {
            let text = format_address("2003:e1::/32", host);
            assert!(text.parse::<std::net::Ipv6Addr>().is_ok(), "{text}");
        }
    }

    #[test]
    fn prefixes_are_disjoint() {
        let ranges: Vec<(u64, u64, &str)> = NETWORKS.iter().filter_map(|n| range(n.prefix)).collect();
        for (i, a) in ranges.iter().enumerate() {
            for b in &ranges[i + 1..] {
                assert!(a.1 < b.0 || b.1 < a.0, "{} overlaps {}", a.2, b.2);
            }
        }
    }

    fn range(prefix: &'static str) -> Option<(u64, u64, &'static str)> {
        let (base, bits) = prefix.split_once('/')?;
        let start = u64::from(u32::from(base.parse::<std::net::Ipv4Addr>().ok()?));
        let size = 1u64 << (32 - bits.parse::<u32>().ok()?);
        assert_eq!(start % size, 0, "{prefix} is not aligned");
        Some((start, start + size - 1, prefix))
    }
}
