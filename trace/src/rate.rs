//! A rate as configurations write it: `10/min`, `100/s`, `1/10s`.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

/// How often something may happen, such as `10/min` or `1/10s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many in a window.
    pub count: NonZeroU32,
    /// Length of the window; whole seconds.
    pub window: Duration,
}

impl Rate {
    /// Reads one, or says how it is written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("cannot read `{text}` as a rate; write it as 10/min, 100/s or 1/10s");
        let (count, window) = text.split_once('/').ok_or_else(wrong)?;
        let count = count.trim().parse().map_err(|_error| wrong())?;
        let window = match window.trim() {
            "s" => 1,
            "min" | "m" => 60,
            "h" => 3600,
            other => seconds(other).filter(|n| *n > 0).ok_or_else(wrong)?,
        };
        if window > DAY {
            return Err(format!(
                "`{text}` counts over more than a day; shorten the window"
            ));
        }
        Ok(Self {
            count,
            window: Duration::from_secs(window),
        })
    }

    /// The time between two when they are spread evenly.
    pub fn period(&self) -> Duration {
        self.window / self.count.get()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.window.as_secs() {
            1 => write!(f, "{}/s", self.count),
            60 => write!(f, "{}/min", self.count),
            3600 => write!(f, "{}/h", self.count),
            other => write!(f, "{}/{other}s", self.count),
        }
    }
}

fn seconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let unit = match unit {
        "s" => 1,
        "min" | "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// Seconds that a rate counts over at most: nothing is worth waiting for longer.
const DAY: u64 = 24 * 3600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_written() {
        let check = |text: &str, count: u32, seconds: u64, shown: &str| {
            let rate = Rate::parse(text).unwrap();
            assert_eq!(
                (rate.count.get(), rate.window.as_secs()),
                (count, seconds),
                "{text}"
            );
            assert_eq!(rate.to_string(), shown);
        };
        check("10/min", 10, 60, "10/min");
        check("100/s", 100, 1, "100/s");
        check("1/10s", 1, 10, "1/10s");
        check("5/h", 5, 3600, "5/h");
        check("3/2min", 3, 120, "3/120s");
        for wrong in [
            "",
            "10",
            "/s",
            "0/s",
            "-1/s",
            "1.5/s",
            "10/parsec",
            "1/0s",
            "1/1",
            "1/s2",
        ] {
            assert!(Rate::parse(wrong).is_err(), "{wrong}");
        }
    }
}
