//! Network addresses that keep their prefix structure: two addresses that share their first n bits
//! share the first n bits afterwards, as Crypto-PAn does it (Xu et al., 2002).
//!
//! The bits to flip are random, not derived from a key, and are forgotten with the capture.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rand::RngExt as _;
use rand::rngs::StdRng;

/// Which bit to flip after which prefix.
#[derive(Default)]
pub(super) struct Addresses {
    /// Keyed by prefix length, prefix, and whether it is version 6.
    flips: HashMap<(u32, u128, bool), bool>,
}

impl Addresses {
    /// The address that stands for `original`.
    pub(super) fn replace(&mut self, original: IpAddr, rng: &mut StdRng) -> IpAddr {
        match original {
            IpAddr::V4(v4) => {
                let bits = self.flip(u128::from(v4.to_bits()), 32, rng);
                // A 32-bit value went in, and no bit above was flipped.
                IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits).unwrap_or_default()))
            }
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(self.flip(v6.to_bits(), 128, rng))),
        }
    }

    fn flip(&mut self, original: u128, width: u32, rng: &mut StdRng) -> u128 {
        let mut out = 0;
        for place in 0..width {
            let shift = width - 1 - place;
            let prefix = original.checked_shr(shift + 1).unwrap_or(0);
            let flip = *self
                .flips
                .entry((place, prefix, width == 128))
                .or_insert_with(|| rng.random_bool(0.5));
            out = (out << 1) | ((original >> shift & 1) ^ u128::from(flip));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};
    use rand::SeedableRng as _;

    use super::*;

    proptest! {
        #[test]
        fn shared_prefixes_stay_shared(a: u32, b: u32, seed: u64) {
            let mut rng = StdRng::seed_from_u64(seed);
            let mut addresses = Addresses::default();
            let mut replace = |bits: u32| match addresses.replace(Ipv4Addr::from_bits(bits).into(), &mut rng) {
                IpAddr::V4(v4) => v4.to_bits(),
                IpAddr::V6(_) => unreachable!("version 4 stays version 4"),
            };
            let (new_a, new_b) = (replace(a), replace(b));
            prop_assert_eq!((a ^ b).leading_zeros(), (new_a ^ new_b).leading_zeros());
            prop_assert_eq!(replace(a), new_a);
        }
    }
}
