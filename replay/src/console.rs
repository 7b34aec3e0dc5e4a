//! What a person at the terminal gets: data on stdout, messages on stderr.
//!
//! The only module that prints. A closed pipe is nobody's error.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

/// Prints data, exactly as given, and to its end.
pub(crate) fn data(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let printed = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Whether a person looks at the messages.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Prints one line that says what went wrong.
pub(crate) fn error(error: &anyhow::Error) {
    message("error", &format_args!("{error:#}"));
}

/// Prints one line that says what to be careful with.
pub(crate) fn warning(text: &dyn Display) {
    message("warning", text);
}

/// Prints text on stderr, exactly as given.
pub(crate) fn notice(text: &str) {
    ignore(io::stderr().write_all(text.as_bytes()));
}

fn message(kind: &str, text: &dyn Display) {
    ignore(writeln!(io::stderr(), "{kind}: {text}"));
}

/// There is nowhere left to report to when the terminal itself is gone.
fn ignore(result: io::Result<()>) {
    drop(result);
}
