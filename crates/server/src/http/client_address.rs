//! The end user's address: the connection's, or what a trusted proxy says.

use crate::config::RunOptions;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// Header in which proxies pass the chain of addresses on.
pub const FORWARDED: &str = "x-forwarded-for";

/// The rightmost address that is not a trusted proxy.
pub fn client_ip(parts: &Parts, options: &RunOptions) -> Option<IpAddr> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical())?;
    if options.trusted_proxies.is_empty() || !trusted(peer, options) {
        return Some(peer);
    }
    let chain = parts
        .headers
        .get_all(FORWARDED)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let hops: Vec<IpAddr> =
        chain.filter_map(|hop| hop.trim().parse::<IpAddr>().ok()).map(|ip| ip.to_canonical()).collect();
    hops.into_iter().rev().find(|hop| !trusted(*hop, options)).or(Some(peer))
}

fn trusted(ip: IpAddr, options: &RunOptions) -> bool {
    options.trusted_proxies.iter().any(|network| network.contains(ip))
}

/// A range of addresses: `10.0.0.0/8`, or a single one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    base: IpAddr,
    bits: u32,
}

impl Network {
    fn contains(&self, ip: IpAddr) -> bool {
        match (self.base, ip) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => {
                prefix_equal(u128::from(base.to_bits()), u128::from(ip.to_bits()), 32, self.bits)
            }
            (IpAddr::V6(base), IpAddr::V6(ip)) => prefix_equal(base.to_bits(), ip.to_bits(), 128, self.bits),
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (base, bits) = text.split_once('/').map_or((text, None), |(base, bits)| (base, Some(bits)));
        let wrong = || format!("{text:?} is neither an address nor a network such as 10.0.0.0/8");
        let base: IpAddr = base.trim().parse().map_err(|_| wrong())?;
        let width = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(width), |bits| bits.trim().parse().map_err(|_| wrong()))?;
        (bits <= width).then_some(Network { base, bits }).ok_or_else(wrong)
    }
}

fn prefix_equal(a: u128, b: u128, width: u32, bits: u32) -> bool {
    let shift = width - bits;
    shift >= 128 || (a >> shift) == (b >> shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_their_addresses() {
        let holds = |network: &str, ip: &str| network.parse::<Network>().unwrap().contains(ip.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.9.8.7") && holds("::1", "::1") && holds("0.0.0.0/0", "8.8.8.8"));
        assert!(holds("fd00::/8", "fd12::1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1") && !holds("10.0.0.1", "10.0.0.2") && !holds("::/0", "10.0.0.1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in ["nonsense", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "", "10.0.0.0/-1"] {
            assert!(wrong.parse::<Network>().unwrap_err().contains("10.0.0.0/8"), "{wrong}");
        }
    }
}
