//! Finds dates in text, in the forms that people and programs write. Pure, and one pass.
//!
//! `03/04/2026` is the fourth of March, as in the US, and `03.04.2026` the third of April; where
//! the first number can be no month or no day, it is the other.

use std::ops::Range;
use std::sync::LazyLock;

use jiff::Span;
use jiff::civil::Date;
use regex::Regex;

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

struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Scan<'_> {
    /// `1962-03-14`, and with `/` or `.`.
    fn year_first(&mut self, year: Range<usize>) -> Option<Found> {
        let separator = self.one_of(b"-/.")?;
        let month = self.digits(2)?;
        self.one_of(&[separator])?;
        let day = self.digits(2)?;
        self.found([(Part::Year, year), (Part::Month, month), (Part::Day, day)])
    }

    /// `19620314`, if a time follows: by themselves eight digits are a number.
    fn compact(&self, digits: Range<usize>) -> Option<Found> {
        let (start, end) = (digits.start, digits.end);
        if self.bytes.get(end) != Some(&b'T') {
            return None;
        }
        self.found([
            (Part::Year, start..start + 4),
            (Part::Month, start + 4..start + 6),
            (Part::Day, start + 6..end),
        ])
    }

    /// `03/14/1962`, `14.03.1962`, `14 Mar 1962`.
    fn day_or_month_first(&mut self, first: Range<usize>) -> Option<Found> {
        let before = self.at;
        if let Some(separator) = self.one_of(b"/.-")
            && let Some(second) = self.digits(2)
        {
            self.one_of(&[separator])?;
            let year = self.digits(4)?;
            let years = if separator == b'/' { 2..=4 } else { 4..=4 };
            if !years.contains(&year.len()) || year.len() == 3 {
                return None;
            }
            let day_first = if separator == b'.' {
                self.number(&second) <= 12
            } else {
                self.number(&first) > 12
            };
            let parts = if day_first {
                [Part::Day, Part::Month]
            } else {
                [Part::Month, Part::Day]
            };
            return self.found([(parts[0], first), (parts[1], second), (Part::Year, year)]);
        }
        self.at = before;
        let ordinal = self.ordinal();
        self.one_of(b" -.")?;
        self.skip(b' ');
        let month = self.month()?;
        self.skip(b'.');
        self.skip(b',');
        self.one_of(b" -")?;
        let year = self.year()?;
        let mut parts = vec![(Part::Day, first)];
        parts.extend(ordinal.map(|range| (Part::Ordinal, range)));
        parts.extend([(Part::Month, month), (Part::Year, year)]);
        self.found(parts)
    }

    /// `March 14, 1962`, and `Mar 14 08:49:37 1962`.
    fn name_first(&mut self) -> Option<Found> {
        let month = self.month()?;
        self.skip(b'.');
        self.one_of(b" ")?;
        self.skip(b' ');
        let day = self.digits(2)?;
        let ordinal = self.ordinal();
        self.skip(b',');
        self.one_of(b" ")?;
        self.time_of_day();
        let year = self.year()?;
        let mut parts = vec![(Part::Month, month), (Part::Day, day)];
        parts.extend(ordinal.map(|range| (Part::Ordinal, range)));
        parts.push((Part::Year, year));
        self.found(parts)
    }

    fn found(&self, parts: impl Into<Vec<(Part, Range<usize>)>>) -> Option<Found> {
        let parts = parts.into();
        let of = |wanted| parts.iter().find(|(part, _)| *part == wanted);
        let number = |wanted| of(wanted).map(|(_, range)| self.number(range));
        let (_, month) = of(Part::Month)?;
        let month = match self.bytes[month.start] {
            b'0'..=b'9' => self.number(month),
            _ => i16::from(month_number(&self.bytes[month.clone()])?),
        };
        let (_, years) = of(Part::Year)?;
        let year = match (years.len(), number(Part::Year)?) {
            (2, year @ 0..30) => 2000 + year,
            (2, year) => 1900 + year,
            (_, year) => year,
        };
        let day = i8::try_from(number(Part::Day)?).ok()?;
        let date = Date::new(year, i8::try_from(month).ok()?, day).ok()?;
        Some(Found { date, parts })
    }

    /// The number that at most four digits say.
    fn number(&self, range: &Range<usize>) -> i16 {
        let digits = self.bytes[range.clone()].iter().take(4);
        digits.fold(0, |number, digit| number * 10 + i16::from(digit - b'0'))
    }

    /// As many digits as there are, if they are no more than `most`.
    fn digits(&mut self, most: usize) -> Option<Range<usize>> {
        let rest = &self.bytes[self.at..];
        let run = rest.iter().take(most + 1);
        let count = run.take_while(|byte| byte.is_ascii_digit()).count();
        (1..=most).contains(&count).then(|| self.advance(count))
    }

    fn year(&mut self) -> Option<Range<usize>> {
        self.digits(4).filter(|range| range.len() == 4)
    }

    fn month(&mut self) -> Option<Range<usize>> {
        let rest = &self.bytes[self.at..];
        let letters = rest.iter().take(10);
        let count = letters
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        month_number(&rest[..count])?;
        Some(self.advance(count))
    }

    fn ordinal(&mut self) -> Option<Range<usize>> {
        let suffix = self.bytes.get(self.at..self.at + 2)?;
        let is_one = [b"st", b"nd", b"rd", b"th"].iter().any(|it| *it == suffix);
        is_one.then(|| self.advance(2))
    }

    /// `08:49:37 `, which `asctime` writes before the year.
    fn time_of_day(&mut self) {
        let is_time = self.bytes.get(self.at..self.at + 9).is_some_and(|text| {
            text.iter()
                .zip(b"00:00:00 ")
                .all(|(byte, form)| match form {
                    b'0' => byte.is_ascii_digit(),
                    other => byte == other,
                })
        });
        if is_time {
            self.at += 9;
        }
    }

    fn one_of(&mut self, of: &[u8]) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        of.contains(&byte).then(|| {
            self.at += 1;
            byte
        })
    }

    fn skip(&mut self, byte: u8) {
        self.one_of(&[byte]);
    }

    fn advance(&mut self, by: usize) -> Range<usize> {
        let start = self.at;
        self.at += by;
        start..self.at
    }
}

/// The place behind `Wed, ` or `Wednesday `.
fn after_weekday(bytes: &[u8]) -> usize {
    let letters = bytes.iter().take(10);
    let count = letters
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let name = &bytes[..count];
    let is_it = |day: &&str| {
        let day = day.as_bytes();
        name.eq_ignore_ascii_case(day) || name.eq_ignore_ascii_case(&day[..3])
    };
    if count == 0 || !DAYS.iter().any(is_it) {
        return 0;
    }
    let rest = &bytes[count..];
    let apart = rest.iter().take_while(|byte| b", ".contains(byte)).count();
    if apart == 0 { 0 } else { count + apart.min(3) }
}

/// The number of the month that has this name, or its usual abbreviation.
fn month_number(name: &[u8]) -> Option<i8> {
    if !(3..=9).contains(&name.len()) {
        return None;
    }
    let is_it = |month: &str| {
        let month = month.as_bytes();
        name.eq_ignore_ascii_case(month)
            || name.eq_ignore_ascii_case(&month[..3])
            || (name.eq_ignore_ascii_case(b"sept") && month.starts_with(b"Sept"))
    };
    let place = MONTHS.into_iter().position(is_it)?;
    i8::try_from(place + 1).ok()
}

/// The date's month, as short as the old one and in its case.
fn month_like(old: &str, date: Date) -> String {
    let place = usize::try_from(date.month() - 1).unwrap_or_default();
    let name = MONTHS[place];
    let name = if old.len() <= 4 && old != "June" && old != "July" {
        &name[..3]
    } else {
        name
    };
    if old.bytes().all(|byte| byte.is_ascii_uppercase()) {
        name.to_ascii_uppercase()
    } else if old.bytes().all(|byte| byte.is_ascii_lowercase()) {
        name.to_ascii_lowercase()
    } else {
        name.to_owned()
    }
}

const fn ordinal(day: i8) -> &'static str {
    match day {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    }
}

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_found_in_text() {
        let dates = |text: &str| -> Vec<String> {
            let found = all(text);
            let shown = found.iter().map(|found| {
                let range = found.range();
                format!("{}={}", &text[range], found.date)
            });
            shown.collect()
        };
        let check = |text: &str, expected: &[&str]| assert_eq!(dates(text), expected, "{text}");
        check("born 03/14/1962.", &["03/14/1962=1962-03-14"]);
        check(
            "seit 14.03.1962, 13/3/62",
            &["14.03.1962=1962-03-14", "13/3/62=1962-03-13"],
        );
        check(
            "14 Mar 1962–March 2nd, 1963",
            &["14 Mar 1962=1962-03-14", "March 2nd, 1963=1963-03-02"],
        );
        check(
            "Sept. 1 2024 or 1st sept 2024",
            &["Sept. 1 2024=2024-09-01", "1st sept 2024=2024-09-01"],
        );
        check(
            "from 2026-01-05 to 2026-02-02T00:00",
            &["2026-01-05=2026-01-05", "2026-02-02=2026-02-02"],
        );
        check("Wed, 14 Mar 1962 08:49:37 GMT", &["14 Mar 1962=1962-03-14"]);
        check("DTSTART:20260105T080000Z", &["20260105=2026-01-05"]);
        for none in [
            "",
            "2 of 14",
            "1.2.3.4",
            "v1.2.2024.5",
            "10/10",
            "page 1/2/3",
            "24/7",
            "12:30:45",
            "2026-13-01",
            "2026-02-31",
            "31.02.2026",
            "19620314",
            "may 2026",
            "March 14",
            "x2026-01-05",
            "2026-01-05x",
            "2026-01-05-01",
            "1-2026-01-05",
            "Marching 14, 1962",
            "123e4567-e89b-12d3-a456-426614174000",
            "2024-25",
            "14 Mar 62",
            "5.12.2024.1",
        ] {
            check(none, &[]);
        }
    }

    #[test]
    fn a_whole_value_may_have_a_time_of_day() {
        for text in [
            "2026-02-28",
            "2026-02-28T08:30:00.125Z",
            "2026-02-28 08:30:00+10:00",
            "2026-02-28T08:30:00[Pacific/Honolulu]",
            "3/14/1962 9:05 PM",
            "20260228T0830Z",
            "Saturday, February 28, 2026 at 9:05 a.m.",
            "Wed, 14 Mar 1962 08:49:37 GMT",
            "Wed Mar 14 08:49:37 1962",
        ] {
            assert!(whole(text).is_some(), "{text}");
        }
        for text in [
            "2026-02-28 is late",
            "on 2026-02-28",
            "2026-02-31",
            "20260228",
            "Wed",
            "Wed, ",
            "",
            "2026-02-28T",
            "2026-02-28Tx",
        ] {
            assert!(whole(text).is_none(), "{text}");
        }
    }

    #[test]
    fn every_date_moves_in_its_own_form() {
        assert_eq!(
            moved("from 2026-12-28T08:30:00Z to 3 January 2027", 7).as_deref(),
            Some("from 2027-01-04T08:30:00Z to 10 January 2027")
        );
        assert_eq!(
            moved("start=03/04/2026", -3).as_deref(),
            Some("start=03/01/2026")
        );
        let none = ["no date", "", "9999-12-31"].map(|text| moved(text, 1));
        assert_eq!(none, [None, None, None]);
        assert_eq!(in_text("2026-01-02 2026-01-03").count(), 2);
    }
}
