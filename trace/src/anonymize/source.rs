//! Where replacements come from: a random source, or the key that captures share. Secret either
//! way, and overwritten with the capture.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::mode::{Key, Mode};

/// The secret of a capture.
pub(super) struct Source {
    rng: StdRng,
    /// What dates and addresses are moved by: the key of a keyed capture, or else a random one.
    key: Key,
    keyed: bool,
}

impl Source {
    /// The secret for a capture of this mode.
    pub(super) fn new(mode: &Mode) -> Self {
        let random = Self::with_rng(rand::make_rng());
        match mode {
            Mode::Keyed(key) => Self {
                key: key.clone(),
                keyed: true,
                ..random
            },
            Mode::Tokens => random,
        }
    }

    /// What the given random source makes.
    pub(super) fn with_rng(mut rng: StdRng) -> Self {
        Self {
            key: Key::random(&mut rng),
            rng,
            keyed: false,
        }
    }

    /// The random source for the replacement of `original`: under a key always the same one,
    /// whatever was replaced before.
    pub(super) fn of(&mut self, original: &str) -> StdRng {
        if self.keyed {
            StdRng::from_seed(self.key.derive("value", original.as_bytes()))
        } else {
            StdRng::from_rng(&mut self.rng)
        }
    }

    /// Whether replacements come from a key.
    pub(super) const fn is_keyed(&self) -> bool {
        self.keyed
    }

    /// A random source for what is drawn anew each time.
    pub(super) const fn rng(&mut self) -> &mut StdRng {
        &mut self.rng
    }

    /// 32 bytes for some purpose, the same ones throughout the capture.
    pub(super) fn derive(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        self.key.derive(purpose, data)
    }
}

impl Key {
    fn random(rng: &mut StdRng) -> Self {
        let mut bytes = vec![0; Self::SHORTEST];
        rng.fill_bytes(&mut bytes);
        Self::of_bytes(bytes)
    }
}
