//! What is another one in every run: dates, and values that can be taken once.
//!
//! Pure.

use std::str::FromStr;

use jiff::civil::Date;

/// How dates in requests move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShiftDates {
    /// By so many days.
    By(i64),
    /// So that the week that most of them are in becomes the week of this date.
    To(Date),
    /// The same with the day of the run.
    ToToday,
}

impl FromStr for ShiftDates {
    type Err = InvalidShift;

    fn from_str(text: &str) -> Result<Self, InvalidShift> {
        if text == "today" {
            return Ok(Self::ToToday);
        }
        if let Ok(date) = text.parse() {
            return Ok(Self::To(date));
        }
        let (number, days) = match text.strip_suffix('d') {
            Some(number) => (number, 1),
            None => (text.strip_suffix('w').ok_or(InvalidShift)?, 7),
        };
        let number: i64 = number.parse().map_err(|_error| InvalidShift)?;
        match number.checked_mul(days) {
            Some(days) if days.abs() <= MOST_DAYS => Ok(Self::By(days)),
            _ => Err(InvalidShift),
        }
    }
}

/// The text says no shift.
#[derive(Debug, thiserror::Error)]
#[error(
    "dates move by days or weeks, such as `-35d` or `2w`, or to the week of a date, such as `2026-11-23` or `today`"
)]
pub(crate) struct InvalidShift;

/// A value of requests that must be another one for everybody who plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UniqueField {
    /// Of this route; without it of any.
    pub(crate) route: Option<String>,
    /// Its place, as in a capture's links: `body#/code`, `body/name` of a form, `query/slug`.
    pub(crate) at: String,
}

/// A century: more is a mistake.
const MOST_DAYS: i64 = 36_525;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_are_days_weeks_or_a_week() {
        let read = |text: &str| text.parse::<ShiftDates>().ok();
        assert_eq!(read("-35d"), Some(ShiftDates::By(-35)));
        assert_eq!(read("+2w"), Some(ShiftDates::By(14)));
        assert_eq!(read("today"), Some(ShiftDates::ToToday));
        let date = jiff::civil::date(2026, 11, 23);
        assert_eq!(read("2026-11-23"), Some(ShiftDates::To(date)));
        for wrong in [
            "",
            "d",
            "5",
            "2026-13-01",
            "1y",
            "99999d",
            "9223372036854775807w",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
