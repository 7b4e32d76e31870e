//! Networks that users connect from, and the addresses they get there.

use std::sync::OnceLock;

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
    Tor,
}

impl Kind {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "residential" => Kind::Residential,
            "mobile" => Kind::Mobile,
            "business" => Kind::Business,
            "education" => Kind::Education,
            "hosting" => Kind::Hosting,
            "vpn" => Kind::Vpn,
            "tor" => Kind::Tor,
            _ => return None,
        })
    }
}

struct Network {
    prefix: &'static str,
    kind: Kind,
    country: &'static str,
}

/// `prefix,kind,country,label`; prefixes are disjoint, so that an address belongs to one network.
pub(crate) const CSV: &str = include_str!("data/networks.csv");

fn networks() -> &'static [Network] {
    static NETWORKS: OnceLock<Vec<Network>> = OnceLock::new();
    NETWORKS.get_or_init(|| CSV.lines().skip(1).filter_map(parse).collect())
}

fn parse(line: &'static str) -> Option<Network> {
    let mut fields = line.split(',');
    let (prefix, kind, country) = (fields.next()?, fields.next()?, fields.next()?);
    Some(Network { prefix, kind: Kind::named(kind)?, country })
}

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
        let fits = |network: &Network| network.kind == kind && network.country == country;
        let network = draw_where(fits, rng).unwrap_or_else(|| any_of_kind(kind, rng));
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

    pub(crate) fn tor(rng: &mut Random) -> Self {
        Line { network: any_of_kind(Kind::Tor, rng), id: rng.bits(), lease_ms: 10 * MINUTE, pool: 120 }
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
        format_address(networks()[self.network].prefix, host)
    }
}

fn any_of_kind(kind: Kind, rng: &mut Random) -> usize {
    draw_where(|network| network.kind == kind, rng).unwrap_or(0)
}

fn draw_where(fits: impl Fn(&Network) -> bool, rng: &mut Random) -> Option<usize> {
    let all = networks();
    let matching = || (0..all.len()).filter(|&i| fits(&all[i]));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::COUNTRIES;

    #[test]
    fn every_line_of_the_table_is_read() {
        assert_eq!(networks().len(), CSV.lines().count() - 1);
    }

    #[test]
    fn every_country_has_every_kind_of_line() {
        let kinds = [Kind::Residential, Kind::Mobile, Kind::Business, Kind::Education];
        for country in COUNTRIES {
            for kind in kinds {
                assert!(
                    networks().iter().any(|n| n.kind == kind && n.country == country.code),
                    "{} {kind:?}",
                    country.code
                );
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
        let ranges: Vec<(u64, u64, &str)> = networks().iter().filter_map(|n| range(n.prefix)).collect();
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
