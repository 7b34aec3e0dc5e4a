//! The progress line on a terminal; nothing where nobody watches.

use std::io::{self, IsTerminal};
use std::sync::atomic::Ordering;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::engine::Counters;

/// The progress line of a run.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Shows nothing when told so, or when stderr is no terminal.
    pub(crate) fn new(quiet: bool) -> Self {
        let target = if quiet || !io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Shows the counters.
    pub(crate) fn show(&self, counters: &Counters) {
        self.bar
            .set_position(counters.ended.load(Ordering::Relaxed));
        let failed = counters.failed.load(Ordering::Relaxed);
        self.bar.set_message(format!("{failed} failed"));
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

const TEMPLATE: &str = "{spinner} {elapsed} · {pos} requests · {per_sec} · {msg}";
