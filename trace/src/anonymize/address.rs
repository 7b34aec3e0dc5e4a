//! Network addresses that keep their prefix structure: two addresses that share their first n bits
//! share the first n bits afterwards, as Crypto-PAn does it (Xu et al., 2002).
//!
//! Which bit is flipped after which prefix is decided by HMAC-SHA-256, by the key of the capture.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::source::Source;

/// The address that stands for `original`, written as that one is; `None` if it is none.
pub(super) fn replace(original: &str, source: &Source) -> Option<String> {
    Some(match original.parse().ok()? {
        IpAddr::V4(v4) => move_v4(v4, source).to_string(),
        IpAddr::V6(v6) => written_as(original, move_v6(v6, source)),
    })
}

/// An address of version 4 inside one of version 6 is the same one as outside.
fn move_v6(v6: Ipv6Addr, source: &Source) -> Ipv6Addr {
    match v6.to_ipv4_mapped() {
        Some(v4) => move_v4(v4, source).to_ipv6_mapped(),
        None => Ipv6Addr::from(flip("address6", v6.octets(), source)),
    }
}

fn move_v4(v4: Ipv4Addr, source: &Source) -> Ipv4Addr {
    Ipv4Addr::from(flip("address4", v4.octets(), source))
}

/// One HMAC of the bytes before decides all of a byte: the tree of what may stand in its eight bits
/// has 255 forks, and an HMAC has 256 bits.
fn flip<const N: usize>(purpose: &str, original: [u8; N], source: &Source) -> [u8; N] {
    let mut moved = original;
    for (place, byte) in moved.iter_mut().enumerate() {
        let forks = source.derive(purpose, &original[..place]);
        let mut fork = 1;
        for shift in (0..8).rev() {
            let bit = *byte >> shift & 1;
            *byte ^= (forks[fork / 8] >> (fork % 8) & 1) << shift;
            fork = fork * 2 + usize::from(bit);
        }
    }
    moved
}

/// In capital letters, or with all groups and digits, where the original has them.
fn written_as(original: &str, v6: Ipv6Addr) -> String {
    let groups = original.split(':');
    let mut text = if original.contains("::") || original.contains('.') {
        v6.to_string()
    } else if groups.clone().all(|group| group.len() == 4) {
        v6.segments().map(|group| format!("{group:04x}")).join(":")
    } else {
        v6.segments().map(|group| format!("{group:x}")).join(":")
    };
    if original.bytes().any(|byte| byte.is_ascii_uppercase()) {
        text.make_ascii_uppercase();
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::super::mode::{Key, Mode};
    use super::*;

    fn sources(seed: u64) -> [Source; 2] {
        let key = Key::new(&format!("{seed:032}")).unwrap();
        let random = Source::with_rng(StdRng::seed_from_u64(seed));
        [random, Source::new(&Mode::Keyed(key))]
    }

    proptest! {
        #[test]
        fn shared_prefixes_stay_shared(a: u32, b: u32, near in 0_u32..32, seed: u64) {
            // Most random addresses differ in the first bits.
            for b in [b, a ^ (b >> near)] {
                for source in sources(seed) {
                    let replace = |bits: u32| move_v4(Ipv4Addr::from_bits(bits), &source).to_bits();
                    prop_assert_eq!(
                        (a ^ b).leading_zeros(),
                        (replace(a) ^ replace(b)).leading_zeros()
                    );
                }
            }
        }

        #[test]
        fn shared_prefixes_of_version_6_stay_shared(a: u128, b: u128, near in 0_u32..128, seed: u64) {
            for source in sources(seed) {
                let b = a ^ (b >> near);
                let replace = |bits: u128| move_v6(Ipv6Addr::from_bits(bits), &source).to_bits();
                prop_assert_eq!((a ^ b).leading_zeros(), (replace(a) ^ replace(b)).leading_zeros());
            }
        }
    }

    #[test]
    fn every_bit_may_be_flipped() {
        let moved: Vec<u32> = (0..64)
            .map(|seed| {
                let source = Source::with_rng(StdRng::seed_from_u64(seed));
                move_v4(Ipv4Addr::from_bits(0), &source).to_bits()
            })
            .collect();
        for place in 0..32 {
            let flipped: u32 = moved.iter().map(|bits| bits >> place & 1).sum();
            assert!((8..56).contains(&flipped), "bit {place}: {flipped} of 64");
        }
    }

    #[test]
    fn addresses_are_written_as_they_were() {
        let [source, _] = sources(1);
        let shape = |original: &str| -> String {
            let replaced = replace(original, &source).unwrap();
            assert_ne!(replaced, original);
            let letter = |c: char| if c.is_ascii_hexdigit() { 'h' } else { c };
            replaced.chars().map(letter).collect()
        };
        let full = "hhhh:hhhh:hhhh:hhhh:hhhh:hhhh:hhhh:hhhh";
        assert_eq!(shape("2001:0db8:0000:0000:0000:0000:0000:0001"), full);
        assert!(shape("2001:db8:0:0:0:0:0:1").split(':').count() == 8);
        assert!(shape("::ffff:192.0.2.1").starts_with("::hhhh:"));
        let inner = replace("::ffff:192.0.2.1", &source).unwrap();
        let outer = replace("192.0.2.1", &source).unwrap();
        assert_eq!(inner, format!("::ffff:{outer}"));
        let upper = replace("2001:DB8::A", &source).unwrap();
        assert_eq!(upper, upper.to_ascii_uppercase());
        assert_eq!(replace("fe80::1%eth0", &source), None);
        assert_eq!(replace("1.2.3", &source), None);
    }
}
