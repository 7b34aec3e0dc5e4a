//! The arithmetic of balancing: turns by weight, and clients dealt out to servers.
//!
//! Pure; what is up and what is not is for the caller to say.

use std::hash::{DefaultHasher, Hash, Hasher};

/// nginx's smooth weighted round robin, written down once: indices, each as often as its weight,
/// well mixed.
pub(super) fn turns(weights: &[u32]) -> Vec<usize> {
    let divisor = weights
        .iter()
        .copied()
        .fold(0, greatest_common_divisor)
        .max(1);
    let weights: Vec<i64> = weights.iter().map(|w| i64::from(w / divisor)).collect();
    let total: i64 = weights.iter().sum();
    let mut current = vec![0; weights.len()];
    let mut turns = Vec::new();
    for _ in 0..total {
        for (value, weight) in current.iter_mut().zip(&weights) {
            *value += weight;
        }
        let chosen = (0..current.len()).rev().max_by_key(|index| current[*index]);
        if let Some(chosen) = chosen {
            current[chosen] -= total;
            turns.push(chosen);
        }
    }
    turns
}

const fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// How far a client is from a server; the nearest server is the client's. Rendezvous hashing:
/// when a server goes, only its own clients move, and to all others by weight; when it comes back,
/// so do they.
pub(super) fn distance(client: u64, server: u64, weight: u32) -> f64 {
    let draw = u32::try_from(mix(client ^ server) >> 32).unwrap_or(u32::MAX);
    let unit = (f64::from(draw) + 0.5) / (f64::from(u32::MAX) + 1.0);
    -unit.ln() / f64::from(weight)
}

/// The same in every process.
pub(super) fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The last step of SplitMix64: every bit of the sum of two hashes depends on both.
const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
