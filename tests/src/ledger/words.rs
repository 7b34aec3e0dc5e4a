//! Words that nobody has and that nothing makes up: each is written once in a run, so that it
//! names its place wherever it turns up.
//!
//! Replacements are either pronounceable, one vowel after each consonant, or letters at random.
//! These have several of both in a row, and too many letters to be met by chance.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// What all values of a run are made with. The same seed makes the same ones.
pub(super) struct Maker {
    pub(super) rng: StdRng,
    words: u32,
    dates: u32,
}

impl Maker {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            words: 0,
            dates: 0,
        }
    }

    /// A word of three syllables in lower case.
    pub(super) fn word(&mut self) -> String {
        let mut rest = self.words;
        self.words += 1;
        let mut word = String::new();
        for _ in 0..2 {
            word.push_str(&syllable(rest % SYLLABLES));
            rest /= SYLLABLES;
        }
        word + &syllable(self.rng.random_range(0..SYLLABLES))
    }

    /// The same with a capital.
    pub(super) fn proper(&mut self) -> String {
        let word = self.word();
        word[..1].to_uppercase() + &word[1..]
    }

    /// So many digits, the first of them not 0.
    pub(super) fn digits(&mut self, count: usize) -> String {
        let mut digit = |from: u8| char::from(b'0' + self.rng.random_range(from..10));
        (0..count).map(|at| digit(u8::from(at == 0))).collect()
    }

    /// So many hexadecimal digits.
    pub(super) fn hex(&mut self, count: usize) -> String {
        let mut digit = || char::from(b"0123456789abcdef"[self.rng.random_range(0..16)]);
        (0..count).map(|_| digit()).collect()
    }

    /// So many bytes.
    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.rng.random()).collect()
    }

    /// A day of January of an even year, each once: a capture shifts its dates by 5 weeks to a
    /// year, so that none comes to stand where another one was.
    pub(super) fn date(&mut self) -> (u32, u32) {
        let number = self.dates;
        self.dates += 1;
        (1904 + number % 97 * 2, 1 + number / 97 % 28)
    }

    /// A number of the range.
    pub(super) fn number(&mut self, range: std::ops::Range<u32>) -> u32 {
        self.rng.random_range(range)
    }
}

const SYLLABLES: u32 = 16 * 16;

fn syllable(number: u32) -> String {
    let part = |of: [&'static str; 16], at: u32| of[(at % 16) as usize];
    part(ONSETS, number).to_owned() + part(CODAS, number / 16)
}

const ONSETS: [&str; 16] = [
    "br", "kr", "sk", "str", "thr", "wr", "pl", "gr", "kn", "sn", "dr", "fl", "gl", "shr", "tw",
    "sp",
];

const CODAS: [&str; 16] = [
    "aulk", "eirt", "oand", "ielm", "uosk", "earn", "aint", "oulp", "eams", "ioft", "uerd", "aols",
    "ouct", "eigh", "ianx", "oelb",
];
