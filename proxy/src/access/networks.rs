//! A set of networks that is searched, not scanned.
//!
//! Networks become ranges of 128-bit addresses, sorted and merged once.

use std::net::IpAddr;

use ipnet::IpNet;

/// A set of networks.
#[derive(Debug, Default)]
pub(crate) struct Networks {
    /// First and last address of each range; sorted, and no two touch.
    ranges: Vec<(Place, Place)>,
}

/// Where an address lies: all of IPv6 behind all of IPv4, so that `::/0` holds no IPv4 address.
type Place = (bool, u128);

impl Networks {
    pub(crate) fn new<'n>(nets: impl IntoIterator<Item = &'n IpNet>) -> Self {
        let mut all: Vec<_> = nets.into_iter().map(range).collect();
        all.sort_unstable();
        let mut ranges: Vec<(Place, Place)> = Vec::with_capacity(all.len());
        for (first, last) in all {
            match ranges.last_mut() {
                Some(previous) if first <= previous.1 => previous.1 = previous.1.max(last),
                _ => ranges.push((first, last)),
            }
        }
        Self { ranges }
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let place = place(address.to_canonical());
        let after = self.ranges.partition_point(|(first, _)| *first <= place);
        after > 0 && place <= self.ranges[after - 1].1
    }
}

/// A network of mapped IPv4 addresses is one of IPv4.
fn range(net: &IpNet) -> (Place, Place) {
    let (first, last) = (net.network(), net.broadcast());
    match (first.to_canonical(), last.to_canonical()) {
        (first @ IpAddr::V4(_), last @ IpAddr::V4(_)) => (place(first), place(last)),
        _ => (place(first), place(last)),
    }
}

fn place(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(v4) => (false, v4.to_bits().into()),
        IpAddr::V6(v6) => (true, v6.to_bits()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn contains_what_a_scan_would_find(
            nets in prop::collection::vec((any::<u32>(), 0u8..=32), 0..20),
            address: u32,
        ) {
            let nets: Vec<IpNet> = nets
                .into_iter()
                .map(|(bits, prefix)| IpNet::new(IpAddr::V4(bits.into()), prefix).unwrap())
                .collect();
            let address = IpAddr::V4(address.into());
            let expected = nets.iter().any(|net| net.contains(&address));
            prop_assert_eq!(Networks::new(&nets).contains(address), expected);
        }
    }

    #[test]
    fn families_do_not_mix() {
        let nets = Networks::new(&["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        assert!(nets.contains("127.1.2.3".parse().unwrap()));
        assert!(nets.contains("::1".parse().unwrap()));
        assert!(!nets.contains("::2".parse().unwrap()));
        assert!(!nets.contains("128.0.0.0".parse().unwrap()));
        let all_v6 = Networks::new(&["::/0".parse().unwrap()]);
        assert!(all_v6.contains("2001:db8::1".parse().unwrap()));
        assert!(!all_v6.contains("127.0.0.1".parse().unwrap()));
        assert!(!all_v6.contains("::ffff:127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn mapped_networks_are_those_of_ipv4() {
        let nets = Networks::new(&["::ffff:10.0.0.0/104".parse().unwrap()]);
        assert!(nets.contains("10.255.0.1".parse().unwrap()));
        assert!(nets.contains("::ffff:10.255.0.1".parse().unwrap()));
        assert!(!nets.contains("11.0.0.0".parse().unwrap()));
    }
}
