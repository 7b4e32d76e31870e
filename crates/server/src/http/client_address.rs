//! The end user's address: the connection's, or what a trusted proxy says.

use crate::config::RunOptions;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use std::net::{IpAddr, SocketAddr};

/// Header in which proxies pass the chain of addresses on.
const FORWARDED: &str = "x-forwarded-for";

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
    options.trusted_proxies.iter().any(|network| contains(network, ip))
}

/// Whether `network` (`10.0.0.0/8`, or a single address) contains `ip`.
fn contains(network: &str, ip: IpAddr) -> bool {
    let (base, bits) = match network.split_once('/') {
        Some((base, bits)) => (base, bits.parse::<u32>().ok()),
        None => (network, Some(128)),
    };
    let (Ok(base), Some(bits)) = (base.trim().parse::<IpAddr>(), bits) else { return false };
    match (base, ip) {
        (IpAddr::V4(base), IpAddr::V4(ip)) => {
            prefix_equal(u128::from(base.to_bits()), u128::from(ip.to_bits()), 32, bits.min(32))
        }
        (IpAddr::V6(base), IpAddr::V6(ip)) => prefix_equal(base.to_bits(), ip.to_bits(), 128, bits.min(128)),
        _ => false,
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
        let holds = |network: &str, ip: &str| contains(network, ip.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.9.8.7") && holds("::1", "::1") && holds("0.0.0.0/0", "8.8.8.8"));
        assert!(holds("fd00::/8", "fd12::1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1") && !holds("nonsense", "10.0.0.1") && !holds("10.0.0.1", "10.0.0.2"));
    }
}
