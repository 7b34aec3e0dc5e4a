//! How fast recorded time is played back.
//!
//! Held as a decimal fraction, so that due times are exact integers at any speed.

use std::fmt;
use std::str::FromStr;

/// Recorded seconds per replayed second; above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Speed {
    billionths: u64,
}

impl Speed {
    /// As recorded.
    pub(crate) const RECORDED: Self = Self {
        billionths: BILLION,
    };

    /// When something that was recorded at this offset is due, rounded down.
    pub(crate) fn due_ns(self, at_ns: u64) -> u64 {
        let scaled = u128::from(at_ns) * u128::from(BILLION) / u128::from(self.billionths);
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}

impl FromStr for Speed {
    type Err = InvalidSpeed;

    fn from_str(text: &str) -> Result<Self, InvalidSpeed> {
        let number = text.strip_suffix(['x', 'X']).unwrap_or(text);
        let billionths = parse(number).ok_or(InvalidSpeed)?;
        Ok(Self { billionths })
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.billionths / BILLION, self.billionths % BILLION);
        let fraction = format!("{fraction:09}");
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{whole}x"),
            digits => write!(f, "{whole}.{digits}x"),
        }
    }
}

/// The text is no speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a speed is a number above 0, such as `5x`, `2` or `0.5x`, and at most 1000000x")]
pub(crate) struct InvalidSpeed;

/// Parses a plain decimal number into billionths, without going through a float.
fn parse(number: &str) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let fraction: u64 = format!("{fraction:0<9}").parse().ok()?;
    let billionths = whole.checked_mul(BILLION)?.checked_add(fraction)?;
    (1..=MAX_BILLIONTHS)
        .contains(&billionths)
        .then_some(billionths)
}

const BILLION: u64 = 1_000_000_000;
const MAX_BILLIONTHS: u64 = 1_000_000 * BILLION;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_speeds() {
        for (text, printed) in [
            ("5x", "5x"),
            ("5", "5x"),
            ("0.5x", "0.5x"),
            ("1.250", "1.25x"),
        ] {
            assert_eq!(text.parse::<Speed>().unwrap().to_string(), printed);
        }
    }

    #[test]
    fn refuses_what_is_no_speed() {
        let wrong = [
            "0", "0x", "0.0", "abc", "-1", "x", "", ".5", "5.", "inf", "NaN", "1e3", "5xx",
            "1000001",
        ];
        for text in wrong {
            assert_eq!(text.parse::<Speed>(), Err(InvalidSpeed), "{text}");
        }
    }

    #[test]
    fn divides_exactly() {
        let due = |speed: &str, at| speed.parse::<Speed>().unwrap().due_ns(at);
        assert_eq!(due("5x", 60_000_000_000), 12_000_000_000);
        assert_eq!(due("3", 10), 3);
        assert_eq!(due("0.5", 7), 14);
        assert_eq!(due("0.000000001", u64::MAX), u64::MAX);
    }
}
