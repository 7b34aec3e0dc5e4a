//! The hash chain of a capture: each value covers the one before and every byte since.

use sha2::{Digest as _, Sha256};

/// A stretch of the chain in the making.
#[derive(Default)]
pub(super) struct Chain {
    /// Of the previous value and of every byte since.
    hasher: Sha256,
}

/// A value of the chain.
pub(super) type Value = [u8; 32];

impl Chain {
    /// Takes bytes of the file.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// Ends the stretch with its value, and starts the next one with that.
    pub(super) fn link(&mut self) -> Value {
        let value = std::mem::take(&mut self.hasher).finalize().into();
        self.start_from(&value);
        value
    }

    /// Starts the next stretch with a value that was read.
    pub(super) fn start_from(&mut self, value: &Value) {
        self.hasher = Sha256::new();
        self.hasher.update(value);
    }
}

/// The value that a line says, if it is one.
pub(super) fn value(text: &str) -> Option<Value> {
    let mut value = [0; 32];
    if text.len() != 2 * value.len() || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, digits) in value.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(value)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}
