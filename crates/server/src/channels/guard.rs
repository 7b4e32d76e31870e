//! Where requests may go: to public addresses, unless the operator allows others.
//!
//! Teams choose the targets of webhooks, and the server stands inside somebody's network: without this, a target could be
//! the metadata of the machine or a database beside it. An address in the URL itself is checked by
//! [`Guard::check_url`], before each request; one that a name resolves to by [`Guard`] as the client's resolver, so that
//! the address that was checked is the one that is connected to.

use super::URL_CHARS_MAX;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// IPv4 networks that are not on the public internet, or no place for a receiver, by address and length of prefix.
const CLOSED_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),        // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // carriers' address translation
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32), // Azure's host, at a public address
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local, metadata of clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarking
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, broadcast
];

/// IPv6 networks that are not public although they are in the part for public addresses ([`PUBLIC_V6`]).
const CLOSED_V6: [(Ipv6Addr, u32); 3] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments: Teredo, benchmarking, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];
const PUBLIC_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);
const SIX_TO_FOUR: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);

/// Decides about targets.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    /// Whether targets may be in the operator's own network.
    pub allow_private: bool,
}

impl Guard {
    /// The URL as it will be requested, if it may be.
    pub fn check_url(&self, url: &str) -> Result<Url, String> {
        if url.chars().count() > URL_CHARS_MAX {
            return Err(format!("target url is longer than {URL_CHARS_MAX} characters"));
        }
        let url = Url::parse(url).map_err(|error| format!("target url is not usable: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("target url must begin with https:// or http://".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("target url must not contain a user name or password".to_owned());
        }
        let host = url.host_str().ok_or("target url has no host")?;
        // The parser has turned every spelling of an address into the usual one.
        if let Ok(ip) = host.trim_matches(['[', ']']).parse() {
            self.check_ip(ip)?;
        }
        Ok(url)
    }

    fn check_ip(&self, ip: IpAddr) -> Result<(), String> {
        if self.allow_private || is_public(ip) { Ok(()) } else { Err("target is not at a public address".to_owned()) }
    }

    /// What a name stands for, if every one of its addresses may be connected to: which one is used is not ours to say.
    async fn resolve_checked(self, name: String) -> Result<Vec<SocketAddr>, String> {
        let found = tokio::net::lookup_host((name.as_str(), 0)).await;
        let addresses: Vec<SocketAddr> =
            found.map_err(|error| format!("target's name cannot be resolved: {error}"))?.collect();
        addresses.iter().try_for_each(|address| self.check_ip(address.ip()))?;
        Ok(addresses)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let resolved = self.resolve_checked(name.as_str().to_owned());
        Box::pin(async move { Ok(Box::new(resolved.await?.into_iter()) as Addrs) })
    }
}

/// Whether an address is on the public internet. One that stands for an IPv4 address is as public as that.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !CLOSED_V4.iter().any(|network| is_in_v4(ip, *network)),
        IpAddr::V6(ip) => match embedded_v4(ip) {
            Some(inner) => is_public(IpAddr::V4(inner)),
            None => is_in_v6(ip, PUBLIC_V6) && !CLOSED_V6.iter().any(|network| is_in_v6(ip, *network)),
        },
    }
}

/// The IPv4 address that an IPv6 address is another way to write, or leads to through a translator.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    if let Some(mapped) = ip.to_ipv4_mapped() {
        return Some(mapped);
    }
    let bits = ip.to_bits();
    match ip {
        _ if is_in_v6(ip, NAT64) => Some(Ipv4Addr::from_bits(bits as u32)),
        _ if is_in_v6(ip, SIX_TO_FOUR) => Some(Ipv4Addr::from_bits((bits >> 80) as u32)),
        _ => None,
    }
}

fn is_in_v4(ip: Ipv4Addr, (network, prefix): (Ipv4Addr, u32)) -> bool {
    (ip.to_bits() ^ network.to_bits()) >> (32 - prefix) == 0
}

fn is_in_v6(ip: Ipv6Addr, (network, prefix): (Ipv6Addr, u32)) -> bool {
    (ip.to_bits() ^ network.to_bits()) >> (128 - prefix) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUARD: Guard = Guard { allow_private: false };

    #[test]
    fn every_spelling_of_an_address_inside_is_refused() {
        let hosts = [
            // loopback: dotted, short, hexadecimal, octal, one number, mixed, trailing dot, percent-encoded, wide, circled
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "0x7f.1",
            "0x7f000001",
            "0177.0.0.1",
            "017700000001",
            "2130706433",
            "0x7F.0.0x0.01",
            "127.0.0.1.",
            "%31%32%37.0.0.1",
            "１２７.0.0.1",
            "①②⑦.⓪.⓪.①",
            "127。0。0。1",
            "127.255.255.254",
            "0.0.0.0",
            "0",
            "0x0",
            "0.0.0.1",
            // private, shared, link-local
            "10.0.0.1",
            "10.1",
            "0xa000001",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "192.168.257",
            "0300.0250.1",
            "100.64.0.1",
            "100.127.255.255",
            "100.100.100.200",
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
            "168.63.129.16",
            // of no use as a target
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "0xffffffff",
            // IPv6: loopback, unspecified, unique local, link-local, site-local, multicast, documentation, discard
            "[::1]",
            "[::]",
            "[0:0:0:0:0:0:0:1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[febf::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[2001:db8::1]",
            "[3fff::1]",
            "[100::1]",
            "[5f00::1]",
            "[4000::1]",
            // IPv4 within: mapped, compatible, translated, NAT64 (well-known and local), 6to4, Teredo
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::FFFF:a9fe:a9fe]",
            "[::127.0.0.1]",
            "[::7f00:1]",
            "[::8.8.8.8]",
            "[::ffff:0:127.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[64:ff9b::a00:1]",
            "[64:ff9b:1::8.8.8.8]",
            "[2002:7f00:1::]",
            "[2002:c0a8:101::1]",
            "[2001:0:53aa:64c::80ff:fffe]",
            "[2001::1]",
        ];
        for host in hosts {
            for url in [format!("http://{host}/"), format!("https://{host}:8443/a?b")] {
                let refused = GUARD.check_url(&url);
                assert_eq!(refused, Err("target is not at a public address".to_owned()), "{url}");
                assert!(Guard { allow_private: true }.check_url(&url).is_ok(), "{url}");
            }
        }
    }

    #[test]
    fn public_addresses_and_names_are_allowed() {
        let hosts = [
            "8.8.8.8",
            "1.1.1.1:8443",
            "0x08.8.8.8",
            "134744072",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "[2606:4700::1111]",
            "[2a00:1450:4001::8a]",
            "[2001:4860:4860::8888]",
            "[::ffff:8.8.8.8]",
            "[64:ff9b::8.8.8.8]",
            "[2002:808:808::1]",
            "hooks.example.org",
            "xn--bcher-kva.example",
            "10.example.org",
            "127.0.0.1.example.org",
        ];
        for host in hosts {
            assert!(GUARD.check_url(&format!("https://{host}/hook?a=b")).is_ok(), "{host}");
        }
    }

    #[test]
    fn what_is_not_a_plain_web_address_is_refused() {
        let long = format!("https://example.org/{}", "a".repeat(URL_CHARS_MAX));
        let urls = [
            ("file:///etc/passwd", "https://"),
            ("ftp://example.org/", "https://"),
            ("gopher://example.org/", "https://"),
            ("data:text/plain,x", "https://"),
            ("unix:/run/x", "https://"),
            ("https://user@example.org/", "user name"),
            ("https://user:pass@example.org/", "user name"),
            ("https://:pass@example.org/", "user name"),
            ("https://example.org@127.0.0.1/", "user name"),
            ("http://", "not usable"),
            ("example.org/hook", "not usable"),
            ("", "not usable"),
            ("http://[fe80::1%25eth0]/", "not usable"),
            ("http://256.256.256.256/", "not usable"),
            ("http://1.2.3.4.5/", "not usable"),
            ("http://exa mple/", "not usable"),
            (&long, "longer than 2048"),
        ];
        for guard in [GUARD, Guard { allow_private: true }] {
            for (url, reason) in urls {
                let error = guard.check_url(url).unwrap_err();
                assert!(error.contains(reason) && !error.contains("pass@"), "{url}: {error}");
            }
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_when_it_is_resolved() {
        let refused = GUARD.resolve_checked("localhost".to_owned()).await;
        assert_eq!(refused, Err("target is not at a public address".to_owned()));
        let allowed = Guard { allow_private: true }.resolve_checked("localhost".to_owned()).await.unwrap();
        assert!(!allowed.is_empty() && allowed.iter().all(|address| address.ip().is_loopback()));
        let impossible = GUARD.resolve_checked("x".repeat(64)).await.unwrap_err();
        assert!(impossible.starts_with("target's name cannot be resolved"), "{impossible}");
    }
}
