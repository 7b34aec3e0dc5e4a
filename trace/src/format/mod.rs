//! The capture file: one JSON object a line — header, exchanges, checkpoints, footer.
//!
//! Every field is documented in `captures/README.md`. A name that ends in `.zst` is compressed.

use std::path::Path;

pub(crate) mod chain;
pub mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub mod header;
pub(crate) mod line;
pub(crate) mod lines;
pub mod ordered;
mod problem;
mod quick;
pub mod reader;
mod record;
pub mod totals;
pub mod uses;
pub mod verify;
pub mod writer;

pub use error::{LineProblem, ReadError, Warning};
pub use header::{FORMAT, Header, VERSION};
pub use ordered::{Ordered, Window};
pub use reader::{Capture, Reader};
pub use totals::{Audit, Checkpoint, Dropped, Footer, LeftOut};
pub use uses::{Used, Uses};
pub use verify::Verified;
pub use writer::{WriteError, Writer};

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
