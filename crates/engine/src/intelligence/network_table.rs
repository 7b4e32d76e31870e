//! Networks an operator names, in place of what the data pack knows.

use super::networks::{NetworkFacts, kind_named, unwrapped};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Prefixes with what is known of them; of several that hold an address the longest answers.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct NetworkTable {
    v4: Prefixes,
    v6: Prefixes,
}

/// Facts by length of the prefix, then by its bits shifted to the right end: the longest length is asked first.
type Prefixes = BTreeMap<u8, BTreeMap<u128, NetworkFacts>>;

impl NetworkTable {
    /// Reads CSV rows `prefix,kind,country,label`, such as `203.0.113.0/24,vpn,NL,Example VPN`. Only the prefix and the
    /// kind must be there; a bare address is a prefix of full length; a label may contain commas. Blank lines, lines that
    /// start with `#` and a first line that starts with `prefix` are skipped. Of equal prefixes the last counts.
    ///
    /// # Errors
    /// A sentence that names the first line that cannot be read, counted from 1.
    pub fn parse(csv: &str) -> Result<NetworkTable, String> {
        let mut table = NetworkTable::default();
        for (index, line) in csv.trim_start_matches('\u{feff}').lines().enumerate() {
            let line = line.trim();
            let heading = index == 0 && line.to_ascii_lowercase().starts_with("prefix");
            if !line.is_empty() && !line.starts_with('#') && !heading {
                table.add(line).map_err(|why| format!("line {}: {why}", index + 1))?;
            }
        }
        Ok(table)
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        let mut fields = line.splitn(4, ',').map(|field| field.trim().trim_matches('"'));
        let prefix = fields.next().unwrap_or_default();
        let kind = fields.next().ok_or("expected `prefix,kind,country,label`")?;
        let kind = kind_named(kind).ok_or_else(|| format!("`{kind}` is no kind of network"))?;
        let country = fields.next().and_then(present).map(str::to_ascii_uppercase);
        let label = fields.next().and_then(present).map(str::to_owned);
        let (ip, length) = parse_prefix(prefix).ok_or_else(|| format!("`{prefix}` is no address prefix"))?;
        let (bits, width) = bits(ip);
        let facts = NetworkFacts { country, kind, label };
        self.family_mut(ip).entry(length).or_default().insert(shifted(bits, width, length), facts);
        Ok(())
    }

    /// What the table says of an address; `None` when no prefix holds it.
    pub fn facts(&self, ip: IpAddr) -> Option<NetworkFacts> {
        let ip = unwrapped(ip);
        let family = if ip.is_ipv4() { &self.v4 } else { &self.v6 };
        let (bits, width) = bits(ip);
        family.iter().rev().find_map(|(&length, prefixes)| prefixes.get(&shifted(bits, width, length))).cloned()
    }

    fn family_mut(&mut self, ip: IpAddr) -> &mut Prefixes {
        if ip.is_ipv4() { &mut self.v4 } else { &mut self.v6 }
    }
}

fn present(field: &str) -> Option<&str> {
    (!field.is_empty()).then_some(field)
}

/// Address and length; a length beyond the width of the address is an error. An IPv4 address inside an IPv6 one is read as
/// that.
pub(crate) fn parse_prefix(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let ip: IpAddr = address.trim().parse().ok()?;
    let (_, width) = bits(ip);
    let length = length.map_or(Some(width), |length| length.trim().parse().ok())?;
    if length > width {
        return None;
    }
    let plain = unwrapped(ip);
    match length.checked_sub(MAPPED_BITS) {
        Some(length) if plain.is_ipv4() && ip.is_ipv6() => Some((plain, length)),
        _ => Some((ip, length)),
    }
}

/// Bits before the IPv4 address inside an IPv6 one.
const MAPPED_BITS: u8 = 96;

/// The first address of the network of so many bits that holds `ip`.
pub(crate) fn masked(ip: IpAddr, length: u8) -> IpAddr {
    let (bits, width) = bits(ip);
    let bits = shifted(bits, width, length).checked_shl(u32::from(width - length)).unwrap_or(0);
    match ip {
        IpAddr::V4(_) => IpAddr::V4(std::net::Ipv4Addr::from(bits as u32)),
        IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::from(bits)),
    }
}

fn bits(ip: IpAddr) -> (u128, u8) {
    match ip {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)), 32),
        IpAddr::V6(ip) => (u128::from(ip), 128),
    }
}

/// The leading `length` bits of an address `width` bits wide.
fn shifted(bits: u128, width: u8, length: u8) -> u128 {
    bits.checked_shr(u32::from(width - length)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::networks::NetworkKind;
    use super::*;

    const CSV: &str = "prefix,kind,country,label\n\
        # our own\n\
        203.0.0.0/8,residential,AU,\n\
        203.0.113.0/24,vpn,nl,\"Example, Inc\"\n\
        203.0.113.7,tor\r\n\
        \n\
        2001:db8::/32,hosting,US,Six\n\
        0.0.0.0/0,mobile,,Everything else\n";

    fn facts(ip: &str) -> Option<NetworkFacts> {
        NetworkTable::parse(CSV).expect("a table").facts(ip.parse().expect("an address"))
    }

    #[test]
    fn the_longest_prefix_answers() {
        let kind = |ip| facts(ip).map(|facts| facts.kind);
        assert_eq!(kind("203.1.2.3"), Some(NetworkKind::Residential));
        assert_eq!(kind("203.0.113.8"), Some(NetworkKind::Vpn));
        assert_eq!(kind("203.0.113.7"), Some(NetworkKind::Tor));
        assert_eq!(kind("::ffff:203.0.113.7"), Some(NetworkKind::Tor));
        assert_eq!(kind("8.8.8.8"), Some(NetworkKind::Mobile));
        assert_eq!(kind("2001:db8:1::1"), Some(NetworkKind::Hosting));
        assert_eq!(kind("2001:db9::1"), None);
    }

    #[test]
    fn country_and_label_are_optional() {
        let vpn = facts("203.0.113.8").expect("facts");
        assert_eq!((vpn.country.as_deref(), vpn.label.as_deref()), (Some("NL"), Some("Example, Inc")));
        let tor = facts("203.0.113.7").expect("facts");
        assert_eq!((tor.country, tor.label), (None, None));
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (csv, line) in [
            ("10.0.0.0/33,vpn", "line 1"),
            ("prefix,kind\nnonsense,vpn", "line 2"),
            ("1.1.1.1,vpn\n\n1.1.1.1,wizard", "line 3"),
            ("1.1.1.1", "line 1"),
            ("::/129,tor", "line 1"),
            ("1.1.1.1/,tor", "line 1"),
        ] {
            let error = NetworkTable::parse(csv).expect_err(csv);
            assert!(error.starts_with(line), "{error}");
        }
        assert_eq!(NetworkTable::parse(""), Ok(NetworkTable::default()));
    }
}
