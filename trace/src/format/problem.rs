//! What can be wrong with a capture, and how it is said.

use std::fmt;

/// What is wrong with a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Something in these lines is not as it was written.
    Chain {
        /// The first line.
        from: u64,
        /// The last line.
        to: u64,
    },
    /// A line cannot be read.
    Line {
        /// The line.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// An exchange's number is not above the one before.
    Order {
        /// The line.
        line: u64,
        /// Its exchange's number.
        seq: u64,
        /// The one before.
        after: u64,
    },
    /// A checkpoint or footer counts other exchanges than there are.
    Miscounted {
        /// The line.
        line: u64,
        /// What it says.
        says: u64,
        /// How many there are up to it.
        are: u64,
    },
    /// A checkpoint or footer does not add up: offered is not recorded plus dropped.
    Offered {
        /// The line.
        line: u64,
    },
    /// The rest cannot be read at all, such as a compressed file that was damaged.
    Unreadable {
        /// The last line that can be.
        after: u64,
        /// Why.
        reason: String,
    },
    /// Something follows the footer.
    AfterFooter {
        /// The footer's line.
        line: u64,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chain { from, to } => write!(
                f,
                "lines {from} to {to}: something in them is not as it was written: their hash is another"
            ),
            Self::Line { line, problem } => write!(f, "line {line}: {problem}"),
            Self::Order { line, seq, after } => write!(
                f,
                "line {line}: exchange {seq} after exchange {after}: the numbers must rise"
            ),
            Self::Miscounted { line, says, are } => write!(
                f,
                "line {line} counts {says} exchanges, and there are {are}: lines were removed or added"
            ),
            Self::Offered { line } => {
                write!(f, "line {line}: offered is not exchanges plus dropped")
            }
            Self::Unreadable { after, reason } => {
                write!(f, "what comes after line {after} cannot be read: {reason}")
            }
            Self::AfterFooter { line } => {
                write!(f, "something follows the footer in line {line}")
            }
        }
    }
}
