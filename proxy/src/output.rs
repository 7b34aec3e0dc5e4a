//! What the program itself says: data to stdout, errors to stderr.
//!
//! Nothing else prints; events while serving go through tracing.

use std::fmt::Display;
use std::io::{self, Write};

use crate::manual;

/// One line on stdout.
pub(crate) fn line(text: impl Display) {
    // Nobody reads a closed stdout, and a proxy does not stop for that.
    drop(writeln!(io::stdout().lock(), "{text}"));
}

/// One line on stdout, which somebody waits for.
pub(crate) fn data(text: impl Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// The manual page on stdout.
pub(crate) fn manual(command: clap::Command) -> io::Result<()> {
    io::stdout().lock().write_all(&manual::page(command)?)
}

/// One `error:` line on stderr.
pub(crate) fn error(text: impl Display) {
    drop(writeln!(io::stderr().lock(), "error: {text}"));
}

/// One `warning:` line on stderr.
pub(crate) fn warning(text: impl Display) {
    drop(writeln!(io::stderr().lock(), "warning: {text}"));
}
