//! What is told of a panic: where, and words of the program, never of what it worked on.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic;

/// From now on, panics are logged.
pub(crate) fn log() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(
            "broke at {place}: {}; please report this",
            words(info.payload())
        );
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            tracing::error!("{backtrace}");
        }
    }));
}

/// A message that was put together may quote anything, as that of a bad slice of a text does.
fn words(payload: &dyn Any) -> &'static str {
    let words = payload.downcast_ref::<&'static str>();
    words.map_or("(a message that may quote data is not shown)", |words| {
        words
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_quotes_data_is_not_shown() {
        let said = |break_down: fn(&str)| {
            let text = String::from("ünsaid");
            let payload = panic::catch_unwind(|| break_down(&text)).unwrap_err();
            words(&*payload)
        };
        assert_eq!(said(|_text| panic!("fixed words")), "fixed words");
        let hidden = "(a message that may quote data is not shown)";
        assert_eq!(said(|text| drop(text[1..].to_owned())), hidden);
        assert_eq!(said(|text| panic!("{text}")), hidden);
    }
}
