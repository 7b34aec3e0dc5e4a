//! How replacements are made: drawn, or derived from a key.

use std::fmt;

use zeroize::Zeroizing;

/// How replacements are made.
#[derive(Debug, Clone)]
pub enum Mode {
    /// Drawn at random, from a map that dies with the capture.
    Tokens,
    /// Derived from a key by HMAC-SHA-256 (RFC 2104), so that captures made with one key can be
    /// joined. Who has the key can test guesses: such a capture is for experts only.
    Keyed(Key),
}

/// What keyed replacements are derived from. It is overwritten when it is dropped.
#[derive(Clone)]
pub struct Key(Zeroizing<Vec<u8>>);

impl Mode {
    /// What a capture's header calls it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Keyed(_) => "keyed",
            Self::Tokens => "tokens",
        }
    }
}

impl Key {
    /// The fewest bytes that a key may have.
    pub const SHORTEST: usize = 32;

    /// A key of this text; `None` when it is too short to keep anything secret.
    pub fn new(text: &str) -> Option<Self> {
        let bytes = text.trim().as_bytes();
        (bytes.len() >= Self::SHORTEST).then(|| Self(Zeroizing::new(bytes.to_vec())))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
