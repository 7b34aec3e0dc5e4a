//! Reads lengths of time as people type them: `250ms`, `2s`, `15m`, `1h 30m`.
//!
//! The one parser for every flag of this crate that takes a duration.

use std::time::Duration;

use jiff::SignedDuration;

/// The duration that `text` names, or a sentence on what is wrong with it.
pub fn parse(text: &str) -> Result<Duration, String> {
    let bad = || format!("`{text}` is not a length of time; write for example 250ms, 2s or 15m");
    let signed: SignedDuration = text.trim().parse().map_err(|_ignored| bad())?;
    Duration::try_from(signed).map_err(|_negative| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_typed() {
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("15m"), Ok(Duration::from_secs(900)));
        assert!(parse("-2s").unwrap_err().starts_with("`-2s` is not"));
        assert!(parse("soon").unwrap_err().starts_with("`soon` is not"));
    }
}
