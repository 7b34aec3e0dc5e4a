//! Whose request it is: the client's address, looked up behind trusted proxies only.
//!
//! Pure: addresses and headers in, an address out.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::networks::Networks;
use crate::http1::fields::Fields;

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    /// False where a trusted proxy named a client that nobody can read: the address is then the
    /// proxy's, good enough to count by and not to let anyone in.
    pub(crate) certain: bool,
}

impl Client {
    const fn certainly(address: IpAddr) -> Self {
        Self {
            address,
            certain: true,
        }
    }
}

/// Finds the client behind a peer.
///
/// `X-Forwarded-For` is walked from the right for as long as the hop that added an entry is
/// trusted. A chain with anything else than addresses in it proves nothing: the peer counts.
pub(crate) fn find(peer: IpAddr, fields: &Fields, trusted: &Networks) -> Client {
    let peer = peer.to_canonical();
    if !trusted.contains(peer) {
        return Client::certainly(peer);
    }
    let mut client = peer;
    for value in fields.all("x-forwarded-for").rev() {
        for entry in value.rsplit(|byte| *byte == b',') {
            let Some(hop) = parse(entry) else {
                return Client {
                    address: peer,
                    certain: false,
                };
            };
            client = hop;
            if !trusted.contains(hop) {
                return Client::certainly(client);
            }
        }
    }
    Client::certainly(client)
}

/// An address, with or without a port: some proxies add the client's.
pub(crate) fn parse(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = match bare {
        Some(v6) => v6.parse::<Ipv6Addr>().map(IpAddr::from),
        None => text
            .parse::<IpAddr>()
            .or_else(|_error| text.parse::<SocketAddr>().map(|address| address.ip())),
    };
    address.map(|address| address.to_canonical()).ok()
}

/// What limits count a client by: an IPv4 address, or the /64 that one IPv6 customer has.
///
/// Kept small: there is one in the tables for every client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ClientNet {
    V4(u32),
    V6(u64),
}

impl From<IpAddr> for ClientNet {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self::V4(v4.to_bits()),
            IpAddr::V6(v6) => {
                let [a, b, c, d, e, f, g, h, ..] = v6.octets();
                Self::V6(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(peer: &str, chain: &[&str], expected: &str) {
        check_as(peer, chain, expected, true);
    }

    #[track_caller]
    fn check_as(peer: &str, chain: &[&str], expected: &str, certain: bool) {
        let trusted = Networks::new(&[
            "127.0.0.0/8".parse().unwrap(),
            "10.0.0.0/8".parse().unwrap(),
        ]);
        let lines = chain
            .iter()
            .map(|value| format!("X-Forwarded-For: {value}\r\n"));
        let fields = Fields::sent(lines.collect::<String>());
        let client = find(peer.parse().unwrap(), &fields, &trusted);
        let address = expected.parse().unwrap();
        let expected = Client { address, certain };
        assert_eq!(client, expected, "{peer} {chain:?}");
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
    fn a_malformed_chain_falls_back_to_the_peer_and_proves_nothing() {
        for chain in [
            "unknown",
            "198.51.100.7,",
            "nonsense, 10.1.2.3",
            "198.51.100.7:x",
            "198.51.100.7:",
            "[198.51.100.7]",
            "",
        ] {
            check_as("127.0.0.1", &[chain], "127.0.0.1", false);
        }
        check("127.0.0.1", &["unknown, 198.51.100.7"], "198.51.100.7");
        check("203.0.113.9", &["unknown"], "203.0.113.9");
    }

    #[test]
    fn a_port_behind_an_address_is_not_part_of_it() {
        check("127.0.0.1", &["198.51.100.7:4711"], "198.51.100.7");
        check("127.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1");
        check("127.0.0.1", &["[2001:db8::1]"], "2001:db8::1");
        check("127.0.0.1", &["198.51.100.7, 10.1.2.3:80"], "198.51.100.7");
    }

    #[test]
    fn ipv6_clients_count_by_their_64() {
        let net = |text: &str| ClientNet::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(net("2001:db8:1:2::1"), net("2001:db8:1:2:ffff::9"));
        assert_ne!(net("2001:db8:1:2::1"), net("2001:db8:1:3::1"));
        assert_ne!(net("192.0.2.1"), net("192.0.2.2"));
    }

    /// What a hop may have written, and what somebody far away may.
    fn entry() -> impl Strategy<Value = String> {
        const KNOWN: [&str; 6] = [
            "10.1.2.3",
            "127.0.0.1:80",
            "198.51.100.7",
            "[2001:db8::1]:1",
            "unknown",
            "",
        ];
        prop_oneof![
            4 => prop::sample::select(KNOWN.as_slice()).prop_map(str::to_owned),
            1 => "[ -+\\--~]{0,12}",
        ]
    }

    proptest! {
        /// Who is not trusted can write before its own address what it likes.
        #[test]
        fn what_stands_before_a_stranger_is_nothing(
            before in prop::collection::vec(entry(), 0..6),
            hops in prop::collection::vec(prop::sample::select(&["10.1.2.3", "127.0.0.9:80"][..]), 0..3),
            lines in any::<bool>(),
        ) {
            let mut chain = before;
            chain.push("198.51.100.7".to_owned());
            chain.extend(hops.into_iter().map(str::to_owned));
            let joined = [chain.join(", ")];
            let chain = if lines { &chain[..] } else { &joined };
            let chain: Vec<_> = chain.iter().map(String::as_str).collect();
            check("127.0.0.1", &chain, "198.51.100.7");
            check("203.0.113.9", &chain, "203.0.113.9");
        }

        #[test]
        fn only_the_peer_or_an_entry_is_the_client(bytes in "[\\t -~]{0,60}") {
            let fields = Fields::sent(format!("X-Forwarded-For: {bytes}\r\n"));
            let peer = "127.0.0.1".parse().unwrap();
            let trusted = Networks::new(&["127.0.0.0/8".parse().unwrap()]);
            let found = find(peer, &fields, &trusted);
            let named = bytes.split(',').any(|entry| parse(entry.as_bytes()) == Some(found.address));
            prop_assert!(found.address == peer || (named && found.certain));
        }
    }
}
