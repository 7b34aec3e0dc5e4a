//! The capture file: one JSON object a line — header, exchanges, checkpoints, footer.
//!
//! Every field is documented in `captures/README.md`. A name that ends in `.zst` is compressed.

use std::path::Path;

pub mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub(crate) mod line;
pub mod reader;
pub mod record;
pub mod writer;

pub use error::{ReadError, Warning};
pub use reader::{Capture, Reader};
pub use record::{Audit, Checkpoint, Dropped, Footer, Header};
pub use writer::{WriteError, Writer};

/// The only version that exists, and the newest that the reader reads.
pub const VERSION: u32 = 1;

/// The `format` field of every capture's header.
pub const FORMAT: &str = "rehearsal-capture";

/// Whether a file of this name is compressed.
pub(crate) fn is_compressed(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| {
        let name = name.trim_end_matches(".partial");
        name.trim_end_matches(".quarantine").ends_with(".zst")
    })
}

#[cfg(test)]
pub(crate) mod tests;
