//! How replacements are made: drawn, or derived from a key.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
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

    /// A key of these bytes.
    pub(super) fn of_bytes(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// 32 bytes that say nothing about `data` to who has not the key. Those of one purpose say
    /// nothing about those of another.
    pub(crate) fn derive(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut hmac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length");
        hmac.update(purpose.as_bytes());
        hmac.update(&[0]);
        hmac.update(data);
        hmac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_long_and_is_not_printed() {
        assert!(Key::new("too short").is_none());
        assert!(Key::new(&format!("  {}\n", "k".repeat(31))).is_none());
        let key = Key::new(&"k".repeat(32)).unwrap();
        assert_eq!(format!("{:?}", Mode::Keyed(key)), "Keyed([redacted])");
    }

    #[test]
    fn what_is_derived_is_hmac_sha_256_of_purpose_and_data() {
        // As Python's `hmac` has it.
        let key = Key::new(&"a".repeat(131)).unwrap();
        let hex = crate::format::writer::hex(&key.derive("clock", b"data"));
        assert_eq!(
            hex,
            "647a771250afa84097ff44cec2a03f12a460024b1f1ba7c1be923a5ef005de02"
        );
        assert_ne!(key.derive("clock", b"data"), key.derive("date", b"data"));
        assert_ne!(key.derive("a", b"bc"), key.derive("ab", b"c"));
    }
}
