//! Whose request it is: the client's address, looked up behind trusted proxies only.
//!
//! Pure: addresses and headers in, an address out.

use std::net::{IpAddr, Ipv6Addr};

use http::HeaderMap;
use http::header::HeaderName;

use super::networks::Networks;

/// The client's address.
///
/// `X-Forwarded-For` is walked from the right for as long as the hop that added an entry is
/// trusted. A chain with anything else than addresses in it proves nothing: the peer counts.
pub(crate) fn address(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> IpAddr {
    let peer = peer.to_canonical();
    if !trusted.contains(peer) {
        return peer;
    }
    let mut client = peer;
    for value in headers.get_all(&FORWARDED_FOR).iter().rev() {
        for entry in value.as_bytes().rsplit(|byte| *byte == b',') {
            let Some(hop) = parse(entry) else {
                return peer;
            };
            client = hop;
            if !trusted.contains(hop) {
                return client;
            }
        }
    }
    client
}

fn parse(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    text.parse()
        .map(|address: IpAddr| address.to_canonical())
        .ok()
}

/// What limits count a client by: an IPv4 address, or the /64 that one IPv6 customer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ClientNet(IpAddr);

impl ClientNet {
    /// Stands for every client that there is no room to tell apart.
    pub(crate) const UNKNOWN: Self = Self(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
}

impl From<IpAddr> for ClientNet {
    fn from(address: IpAddr) -> Self {
        Self(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
        })
    }
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(peer: &str, chain: &[&str], expected: &str) {
        let trusted = Networks::new(&[
            "127.0.0.0/8".parse().unwrap(),
            "10.0.0.0/8".parse().unwrap(),
        ]);
        let mut headers = HeaderMap::new();
        for value in chain {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let client = address(peer.parse().unwrap(), &headers, &trusted);
        assert_eq!(client.to_string(), expected, "{peer} {chain:?}");
    }

    #[test]
    fn a_stranger_cannot_name_another_address() {
        check("203.0.113.9", &["127.0.0.1"], "203.0.113.9");
        check("203.0.113.9", &[], "203.0.113.9");
    }

    #[test]
    fn the_chain_is_walked_from_the_right_while_hops_are_trusted() {
        check("127.0.0.1", &[], "127.0.0.1");
        check("127.0.0.1", &["198.51.100.7"], "198.51.100.7");
        check("127.0.0.1", &["1.1.1.1, 198.51.100.7"], "198.51.100.7");
        check("127.0.0.1", &["198.51.100.7, 10.1.2.3"], "198.51.100.7");
        check("127.0.0.1", &["198.51.100.7", "10.1.2.3"], "198.51.100.7");
        check("127.0.0.1", &["10.1.2.3, 10.1.2.4"], "10.1.2.3");
        check("127.0.0.1", &["2001:db8::1"], "2001:db8::1");
    }

    #[test]
    fn mapped_addresses_are_one_with_their_ipv4() {
        check("::ffff:127.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7");
    }

    #[test]
    fn a_malformed_chain_falls_back_to_the_peer() {
        check("127.0.0.1", &["unknown"], "127.0.0.1");
        check("127.0.0.1", &["198.51.100.7,"], "127.0.0.1");
        check("127.0.0.1", &["198.51.100.7:4711"], "127.0.0.1");
        check("127.0.0.1", &["nonsense, 10.1.2.3"], "127.0.0.1");
    }

    #[test]
    fn ipv6_clients_count_by_their_64() {
        let net = |text: &str| ClientNet::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(net("2001:db8:1:2::1"), net("2001:db8:1:2:ffff::9"));
        assert_ne!(net("2001:db8:1:2::1"), net("2001:db8:1:3::1"));
        assert_ne!(net("192.0.2.1"), net("192.0.2.2"));
    }
}
