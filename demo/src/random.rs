//! The one door through which this crate takes its chances.
//!
//! A seed and a stream number give one sequence; streams of one seed are independent of each other.
//! What must differ between runs (tokens, ids) is unseeded.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

pub(crate) use rand::rng as unseeded;

/// A small, quick generator; nothing secret comes from it.
pub(crate) type Seeded = Xoshiro256PlusPlus;

/// The generator of `stream` under `seed`.
pub(crate) fn stream(seed: u64, stream: u64) -> Seeded {
    // The odd constant is 2^64 / golden ratio: it spreads neighbouring streams over the whole range.
    Seeded::seed_from_u64(seed ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// One draw from the standard normal distribution (Box–Muller).
pub(crate) fn normal(rng: &mut Seeded) -> f64 {
    // 1 - u keeps the logarithm away from zero.
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// Letters that nobody guesses, as tokens in URL-safe base64 have them.
pub(crate) fn letters(length: usize) -> String {
    let mut rng = unseeded();
    (0..length)
        .map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())]))
        .collect()
}

/// One of `items`; the caller's lists are never empty.
pub(crate) fn pick<'a, T>(rng: &mut Seeded, items: &'a [T]) -> &'a T {
    &items[rng.random_range(0..items.len())]
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
