//! Finds dates in text, in the forms that people and programs write. Pure, and one pass.
//!
//! `03/04/2026` is the fourth of March, as in the US, and `03.04.2026` the third of April; where
//! the first number can be no month or no day, it is the other.

mod names;
mod scan;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::LazyLock;

use jiff::Span;
use jiff::civil::Date;
use regex::Regex;

use self::names::{after_weekday, month_like, ordinal};
use self::scan::Scan;

/// A date in a text: what it is, and where its parts are.
pub(crate) struct Found {
    pub(crate) date: Date,
    /// Where its parts are, in the order of the text.
    parts: Vec<(Part, Range<usize>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Day,
    Month,
    /// The `th` of a day.
    Ordinal,
    Year,
}

impl Found {
    /// Where it is, without a time of day.
    pub(crate) fn range(&self) -> Range<usize> {
        let first = self.parts.first().map_or(0, |(_, range)| range.start);
        first..self.parts.last().map_or(0, |(_, range)| range.end)
    }

    /// Writes another date in the same form.
    pub(crate) fn write(&self, text: &str, date: Date, out: &mut String) {
        let is_short = |part: &(Part, Range<usize>)| part.1.len() == 1;
        let width = if self.parts.iter().any(is_short) {
            1
        } else {
            2
        };
        let mut end = self.range().start;
        for (part, range) in &self.parts {
            out.push_str(&text[end..range.start]);
            let old = &text[range.clone()];
            let number = |number: i16, width: usize| format!("{number:0width$}");
            let new = match part {
                Part::Day => number(date.day().into(), width),
                Part::Month if old.starts_with(|c: char| c.is_ascii_digit()) => {
                    number(date.month().into(), width)
                }
                Part::Month => month_like(old, date),
                Part::Ordinal => ordinal(date.day()).to_owned(),
                Part::Year if range.len() == 2 => number(date.year() % 100, 2),
                Part::Year => number(date.year(), 4),
            };
            out.push_str(&new);
            end = range.end;
        }
    }
}

/// The text with every date in it moved by so many days, each in its own form; `None` when there is
/// none in it that can be.
pub fn moved(text: &str, days: i64) -> Option<String> {
    let mut out = String::new();
    let mut end = 0;
    for found in all(text) {
        let Ok(date) = found.date.checked_add(Span::new().try_days(days).ok()?) else {
            continue;
        };
        out.push_str(&text[end..found.range().start]);
        found.write(text, date, &mut out);
        end = found.range().end;
    }
    (end > 0).then(|| out + &text[end..])
}

/// The dates in a text, in order.
pub fn in_text(text: &str) -> impl Iterator<Item = Date> {
    all(text).into_iter().map(|found| found.date)
}

/// The date that the whole of `text` is, with or without a weekday and a time of day.
pub(crate) fn whole(text: &str) -> Option<Found> {
    let start = after_weekday(text.as_bytes());
    let found = at(text.as_bytes(), start)?;
    let rest = &text[found.range().end..];
    (rest.is_empty() || TIME.is_match(rest)).then_some(found)
}

/// Every date in `text`.
pub(crate) fn all(text: &str) -> Vec<Found> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut place = 0;
    while place < bytes.len() {
        if !begins(bytes, place) {
            place += 1;
            continue;
        }
        match at(bytes, place) {
            Some(date) => {
                place = date.range().end;
                found.push(date);
            }
            None => place += 1,
        }
    }
    found
}

/// Whether a date may begin here: with a digit or a month's first letter, and with nothing before
/// it that it could be a part of.
fn begins(bytes: &[u8], place: usize) -> bool {
    let fits = match bytes[place] {
        b'0'..=b'9' => true,
        letter => b"ADFJMNOSadfjmnos".contains(&letter),
    };
    let before = |back: usize| place.checked_sub(back).map(|at| bytes[at]);
    let joined = match before(1) {
        Some(b'.' | b'/' | b'-' | b',') => before(2).is_some_and(|byte| byte.is_ascii_digit()),
        Some(byte) => byte.is_ascii_alphanumeric() || byte == b'_',
        None => false,
    };
    fits && !joined
}

/// The date at this place.
fn at(bytes: &[u8], place: usize) -> Option<Found> {
    let mut scan = Scan { bytes, at: place };
    let found = if bytes.get(place)?.is_ascii_digit() {
        let first = scan.digits(8)?;
        match first.len() {
            1 | 2 => scan.day_or_month_first(first),
            4 => scan.year_first(first),
            8 => scan.compact(first),
            _ => None,
        }
    } else {
        scan.name_first()
    }?;
    // Not where more would follow: of a version, a number or a word.
    let next = bytes.get(scan.at).copied();
    let after = bytes.get(scan.at + 1).copied();
    let goes_on = match next {
        Some(b'T') => !after.is_some_and(|byte| byte.is_ascii_digit()),
        Some(b'.' | b'/' | b'-') => after.is_some_and(|byte| byte.is_ascii_digit()),
        Some(byte) => byte.is_ascii_alphanumeric() || byte == b'_',
        None => false,
    };
    (!goes_on).then_some(found)
}

/// What of a time of day may follow a date.
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a test uses it")]
    Regex::new(
        r"(?x)^(?: T\d{2}(?:\d{2}){0,2} | (?:T|,?\ |\ at\ |,\ at\ )\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)? )
        (?:\ ?[AaPp]\.?[Mm]\.?)?
        (?:\ ?(?:[Zz]|[+-]\d{2}(?::?\d{2})?|GMT|UTC|[A-Z]{3,4}))?
        (?:\[[A-Za-z_/]{1,40}\])?$",
    )
    .expect("valid pattern")
});
