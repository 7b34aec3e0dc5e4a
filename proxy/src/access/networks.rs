//! A set of networks that is searched, not scanned.
//!
//! Networks become ranges of 128-bit addresses, sorted and merged once.

use std::net::IpAddr;

use ipnet::IpNet;

/// A set of networks.
#[derive(Debug, Default)]
pub(crate) struct Networks {
    /// First and last address of each range; sorted, and no two touch.
    ranges: Vec<(u128, u128)>,
}

impl Networks {
    pub(crate) fn new<'n>(nets: impl IntoIterator<Item = &'n IpNet>) -> Self {
        let mut all: Vec<_> = nets
            .into_iter()
            .map(|net| (number(net.network()), number(net.broadcast())))
            .collect();
        all.sort_unstable();
        let mut ranges: Vec<(u128, u128)> = Vec::with_capacity(all.len());
        for (first, last) in all {
            match ranges.last_mut() {
                Some(previous) if first <= previous.1 => previous.1 = previous.1.max(last),
                _ => ranges.push((first, last)),
            }
        }
        Self { ranges }
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let number = number(address);
        let after = self.ranges.partition_point(|(first, _)| *first <= number);
        after > 0 && number <= self.ranges[after - 1].1
    }
}

/// IPv4 lies where IPv6 maps it, so that one order holds both.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
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
    }
}
