//! What can be wrong with a capture: errors end the reading, warnings go with it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use serde_json::error::Category;

use super::VERSION;
use super::lines::Lines;
use super::record::BodyError;

/// Why a capture cannot be read. Each message says what, where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be opened.
    #[error("cannot open capture `{}`: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds nothing.
    #[error("capture `{}` is empty; record it again, or name another file", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The first line is not a capture's header.
    #[error("`{}` is not a capture: its first line is no rehearsal-capture header", path.display())]
    NotACapture {
        /// The file.
        path: PathBuf,
    },
    /// A later version of Rehearsal wrote it.
    #[error(
        "capture `{}` has format version {found}, and this program reads up to {VERSION}; \
         use a newer replay", path.display()
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// A line in the middle is damaged.
    #[error(
        "capture `{}`, line {line}: {problem}; the file is damaged, copy it again from where it was recorded",
        path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: LineProblem,
    },
    /// The medium failed.
    #[error(
        "cannot read capture `{}` after line {line}: {source}; copy it again from where it was recorded",
        path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// The last line that was read.
        line: u64,
        /// Why.
        source: io::Error,
    },
}

impl ReadError {
    /// The current one of `lines` is damaged.
    pub(super) fn line<R: io::BufRead>(lines: &Lines<R>, problem: LineProblem) -> Self {
        Self::Line {
            path: lines.path().to_owned(),
            line: lines.number(),
            problem,
        }
    }
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum LineProblem {
    /// It is longer than any recorder writes.
    #[error("it is longer than {} MiB", LONGEST_LINE >> 20)]
    TooLong,
    /// It is not JSON, or lacks a field.
    #[error("{}", without_line(.0))]
    Json(#[from] serde_json::Error),
    /// Its body's fields do not fit.
    #[error("{0}")]
    Body(#[from] BodyError),
}

/// The parser's message without the line, which is always 1 to it, and without what it read: that
/// may be somebody's.
fn without_line(error: &serde_json::Error) -> String {
    let column = error.column();
    let message = error.to_string();
    match error.classify() {
        Category::Data if message.starts_with("missing field") => {
            message.replace(" at line 1 column", " at column")
        }
        Category::Data => format!("a value that does not belong there at column {column}"),
        _ => message.replace(" at line 1 column", " at column"),
    }
}

/// Something about a capture that its reader should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// The last line is cut off or garbled; it was left out.
    TornTail {
        /// The line, from 1.
        line: u64,
    },
    /// There is no footer: the recorder was killed, or is still writing.
    NotClosed,
    /// The footer counts other exchanges than there are.
    Miscounted {
        /// What the footer says.
        footer: u64,
        /// What was read.
        read: u64,
    },
    /// Something follows the footer, such as another capture.
    AfterFooter,
    /// It was made from a damaged one.
    Repaired,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TornTail { line } => {
                write!(
                    f,
                    "line {line}, the last, is cut off or garbled, and was left out"
                )
            }
            Self::NotClosed => write!(
                f,
                "the capture has no footer: its recorder was stopped before it could audit and close it"
            ),
            Self::Miscounted { footer, read } => {
                write!(
                    f,
                    "the footer counts {footer} exchanges, and there are {read}: some lines were removed or added"
                )
            }
            Self::AfterFooter => write!(f, "lines after the footer were left out"),
            Self::Repaired => write!(
                f,
                "it was repaired: what was damaged is left out, and nobody could search it for originals"
            ),
        }
    }
}

/// Far longer than any line that a recorder writes, and short enough for any memory.
pub(super) const LONGEST_LINE: usize = 64 << 20;
