//! What the demo prints: one line for each step, with a progress bar while the users work.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::expectations::Expectation;
use crate::users::Progress;

/// The lines of a loop, with the time since its start.
pub(super) struct Steps {
    start: tokio::time::Instant,
}

impl Steps {
    pub(super) fn new() -> Self {
        Self {
            start: crate::clock::now(),
        }
    }

    /// A step, with the time since the start.
    pub(super) fn say(&self, what: &str) {
        let elapsed = crate::clock::now() - self.start;
        line(&format!("[{:>4.1} s] {what}", elapsed.as_secs_f64()));
    }

    /// A bar for a step of known length, on a terminal; a line at its beginning elsewhere.
    pub(super) fn bar(&self, what: &str, length: Duration) -> Bar {
        if !io::stderr().is_terminal() {
            self.say(&format!("{what} for {} s", length.as_secs()));
            return Bar {
                bar: ProgressBar::hidden(),
                length,
            };
        }
        let bar = ProgressBar::new(u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
        if let Ok(style) = ProgressStyle::with_template("         {prefix} {bar:40} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(what.to_owned());
        Bar { bar, length }
    }
}

/// One line. A closed standard output is not worth a failure.
pub(super) fn line(line: &str) {
    let _closed = writeln!(io::stdout(), "{line}");
}

/// What was expected, and whether it came true.
pub(super) fn judge(expectations: &[Expectation]) {
    line("");
    for expectation in expectations {
        let mark = if expectation.met { "  ok  " } else { " FAIL " };
        line(&format!("{mark} {}", expectation.line));
    }
}

/// The progress of the users' work.
pub(super) struct Bar {
    bar: ProgressBar,
    length: Duration,
}

impl Bar {
    pub(super) fn show(&self, progress: &Progress) {
        let elapsed = progress.elapsed.min(self.length);
        self.bar
            .set_position(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX));
        self.bar
            .set_message(format!("{} requests", progress.requests));
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
