//! The capture file: one JSON object a line — header, exchanges, checkpoints, footer.
//!
//! Every field is documented in `captures/README.md`. A name that ends in `.zst` is compressed.

use std::path::Path;

pub mod reader;
pub mod record;
pub mod writer;

pub use reader::{Capture, ReadError, Reader, Warning};
pub use record::{Audit, Checkpoint, Dropped, Footer, Header};
pub use writer::{WriteError, Writer};

/// The only version that exists, and the newest that the reader reads.
pub const VERSION: u32 = 1;

/// The `format` field of every capture's header.
pub const FORMAT: &str = "rehearsal-capture";

/// Whether a file of this name is compressed.
pub(crate) fn is_compressed(path: &Path) -> bool {
    // A capture in the making is called `x.jsonl.zst.partial`.
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    name.split('.').skip(1).any(|part| part == "zst")
}

#[cfg(test)]
mod tests;
