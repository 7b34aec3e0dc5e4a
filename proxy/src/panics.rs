//! What is told of a panic: where, and words of the program, never of what it worked on.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};

/// From now on, panics are logged.
pub(crate) fn log() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!("broke at {place}: {}; please report this", words(info));
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            tracing::error!("{backtrace}");
        }
    }));
}

/// A message that was put together may quote anything, as that of a bad slice of a text does.
fn words(info: &PanicHookInfo<'_>) -> &'static str {
    info.payload()
        .downcast_ref::<&'static str>()
        .map_or("(a message that may quote data is not shown)", |words| {
            words
        })
}
