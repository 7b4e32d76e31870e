//! What kind of network an address belongs to, and in which country it was handed out.
//!
//! Kinds come from the ranges of `data/networks-*.bin`, which know hosting, VPN, Tor, relay, CDN and crawler networks and
//! nothing else: `Unknown` is most often somebody's home or phone, and never evidence of it. The country is the one the
//! regional registry delegated the range to (crate `iptocc`); the person may sit elsewhere.

use super::lines;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use super::network_table::NetworkTable;
pub(crate) use super::network_table::{masked, parse_prefix};

const V4: &[u8] = include_bytes!("../../../../data/networks-v4.bin");
const V6: &[u8] = include_bytes!("../../../../data/networks-v6.bin");
const LABELS: &str = include_str!("../../../../data/network-labels.tsv");
const COUNTRIES: &str = include_str!("../../../../data/countries.tsv");

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum NetworkKind {
    #[default]
    Unknown,
    Residential,
    Mobile,
    Business,
    Hosting,
    Vpn,
    Tor,
    /// Hides the person's address by default settings of an honest product, such as Apple's private relay.
    Relay,
    Cdn,
    Crawler,
    /// Not on the internet: loopback, local networks, carrier-grade translation, documentation.
    Private,
}

#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug, Default)]
pub struct NetworkFacts {
    /// Two letters by ISO 3166, upper case.
    pub country: Option<String>,
    pub kind: NetworkKind,
    /// Who runs the network.
    pub label: Option<String>,
}

/// What the data pack knows of an address. An IPv6 address that carries an IPv4 one is read as that.
pub fn network_facts(ip: IpAddr) -> NetworkFacts {
    let ip = unwrapped(ip);
    if is_private(ip) {
        return NetworkFacts { kind: NetworkKind::Private, ..NetworkFacts::default() };
    }
    let label = match ip {
        IpAddr::V4(ip) => find::<4>(V4, ip.octets()),
        IpAddr::V6(ip) => find::<16>(V6, ip.octets()),
    };
    let (kind, name) = label.and_then(|index| LABELS.lines().nth(index)?.split_once('\t')).unzip();
    NetworkFacts {
        // The registries also delegate to "EU", which is no country.
        country: iptocc::country_code(ip).filter(|code| country_name(code).is_some()).map(str::to_owned),
        kind: kind.and_then(kind_named).unwrap_or_default(),
        label: name.map(str::to_owned),
    }
}

/// Addresses that the data pack knows something of.
pub(crate) struct Range {
    pub first: IpAddr,
    pub last: IpAddr,
    pub kind: &'static str,
    pub label: &'static str,
}

impl Range {
    /// As a prefix where it is one, and as `first-last` where it is not.
    pub fn text(&self) -> String {
        let width = if self.first.is_ipv4() { 32 } else { 128 };
        let bits = |ip| match ip {
            IpAddr::V4(ip) => u128::from(u32::from(ip)),
            IpAddr::V6(ip) => u128::from(ip),
        };
        let (first, last) = (bits(self.first), bits(self.last));
        let free = (first ^ last).count_ones();
        let mask = 1_u128.checked_shl(free).map_or(u128::MAX, |bit| bit - 1);
        match first & mask == 0 && last == first | mask {
            true => format!("{}/{}", self.first, width - free),
            false => format!("{}-{}", self.first, self.last),
        }
    }
}

/// All that the data pack knows of addresses, in their order, IPv4 first.
pub(crate) fn ranges() -> impl Iterator<Item = Range> {
    let labels: Vec<(&str, &str)> = LABELS.lines().filter_map(|line| line.split_once('\t')).collect();
    let octets = |record: &'static [u8]| {
        let half = record.len() / 2;
        (address(&record[..half]), address(&record[half..2 * half]), usize::from(record[2 * half]))
    };
    let records = V4.chunks_exact(2 * 4 + 1).chain(V6.chunks_exact(2 * 16 + 1)).map(octets);
    records.filter_map(move |(first, last, label)| {
        let (kind, label) = *labels.get(label)?;
        Some(Range { first: first?, last: last?, kind, label })
    })
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
    }
}

/// English short name of a country, for its two letters in either case.
pub fn country_name(iso2: &str) -> Option<&'static str> {
    lines::find(COUNTRIES, iso2.get(..2).filter(|_| iso2.len() == 2)?.to_ascii_uppercase().as_str())
}

/// The kind a word of the data pack or of an operator's table stands for.
pub(crate) fn kind_named(name: &str) -> Option<NetworkKind> {
    Some(match name.to_ascii_lowercase().as_str() {
        "" | "unknown" => NetworkKind::Unknown,
        "residential" | "home" | "isp" | "broadband" => NetworkKind::Residential,
        "mobile" | "cellular" | "carrier" | "cgnat" => NetworkKind::Mobile,
        "business" | "office" | "corporate" | "enterprise" | "education" | "university" | "school" | "government"
        | "public" => NetworkKind::Business,
        "hosting" | "datacenter" | "data-center" | "cloud" => NetworkKind::Hosting,
        "vpn" | "proxy" => NetworkKind::Vpn,
        "tor" => NetworkKind::Tor,
        "relay" => NetworkKind::Relay,
        "cdn" => NetworkKind::Cdn,
        "crawler" | "bot" => NetworkKind::Crawler,
        "private" | "reserved" => NetworkKind::Private,
        _ => return None,
    })
}

/// Label of the range that holds the address. A record is first address, last address, label; records are sorted.
fn find<const N: usize>(records: &[u8], address: [u8; N]) -> Option<usize> {
    let size = 2 * N + 1;
    let record = |index: usize| records.get(index * size..(index + 1) * size);
    let (mut low, mut high) = (0, records.len() / size);
    while low < high {
        let middle = low + (high - low) / 2;
        if record(middle)?[..N] <= address[..] { low = middle + 1 } else { high = middle }
    }
    let found = record(low.checked_sub(1)?)?;
    (address[..] <= found[N..2 * N]).then(|| usize::from(found[2 * N]))
}

/// The IPv4 address inside an IPv6 one: mapped (`::ffff:0:0/96`) or translated (`64:ff9b::/96`).
pub(crate) fn unwrapped(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) if v6.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0] => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        other => other.to_canonical(),
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_private_v4(ip),
        IpAddr::V6(ip) => is_private_v6(ip),
    }
}

fn is_private_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmark = a == 198 && (18..20).contains(&b);
    let protocol = (a, b, c) == (192, 0, 0);
    let local = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_documentation();
    local || a == 0 || a >= 224 || shared || benchmark || protocol
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    let documentation = (first, second) == (0x2001, 0x0db8) || first & 0xfff0 == 0x3ff0;
    let local = ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local();
    local || ip.is_multicast() || documentation
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(ip: &str) -> NetworkFacts {
        network_facts(ip.parse().expect("an address"))
    }

    #[test]
    fn networks_that_are_no_homes() {
        for (ip, kind, label) in [
            ("52.95.110.1", NetworkKind::Hosting, "Amazon AWS"),
            ("::ffff:52.95.110.1", NetworkKind::Hosting, "Amazon AWS"),
            ("64:ff9b::345f:6e01", NetworkKind::Hosting, "Amazon AWS"),
            ("104.16.1.1", NetworkKind::Cdn, "Cloudflare"),
            ("2606:4700::1111", NetworkKind::Cdn, "Cloudflare"),
            ("66.249.66.1", NetworkKind::Crawler, "Googlebot"),
            ("5.9.10.11", NetworkKind::Hosting, "Hetzner"),
        ] {
            let found = facts(ip);
            assert_eq!((found.kind, found.label.as_deref()), (kind, Some(label)), "{ip}");
        }
    }

    #[test]
    fn homes_and_phones_are_unknown_and_have_a_country() {
        for (ip, country) in
            [("84.160.12.7", "DE"), ("90.1.2.3", "FR"), ("86.1.2.3", "GB"), ("114.144.1.1", "JP"), ("2003:c0::1", "DE")]
        {
            let found = facts(ip);
            assert_eq!((found.kind, found.country.as_deref()), (NetworkKind::Unknown, Some(country)), "{ip}");
        }
    }

    #[test]
    fn addresses_off_the_internet_are_private() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.1.1",
            "0.0.0.0",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "2001:db8::1",
            "ff02::1",
            "::ffff:10.0.0.1",
        ] {
            let found = facts(ip);
            assert_eq!((found.kind, found.country), (NetworkKind::Private, None), "{ip}");
        }
        assert_ne!(facts("100.128.0.1").kind, NetworkKind::Private);
        assert_ne!(facts("172.32.0.1").kind, NetworkKind::Private);
    }

    #[test]
    fn every_label_has_a_kind_and_every_record_a_label() {
        assert!(LABELS.lines().all(|line| line.split_once('\t').is_some_and(|(kind, _)| kind_named(kind).is_some())));
        let count = LABELS.lines().count();
        assert!(V4.chunks(9).all(|record| record.len() == 9 && usize::from(record[8]) < count));
        assert!(V6.chunks(33).all(|record| record.len() == 33 && usize::from(record[32]) < count));
    }

    #[test]
    fn the_edges_of_the_address_space_are_answered() {
        for ip in ["0.0.0.1", "223.255.255.255", "ffff:ffff::", "1::", "2000::", "3fff:ffff:ffff::"] {
            let _ = facts(ip);
        }
    }

    #[test]
    fn countries_have_names() {
        assert_eq!(country_name("de"), Some("Germany"));
        assert_eq!(country_name("CI"), Some("Côte d’Ivoire"));
        for wrong in ["", "D", "DEU", "ZZ", "é", "日本"] {
            assert_eq!(country_name(wrong), None, "{wrong}");
        }
    }
}
