//! Reads a date's parts from left to right: one method for each form, and what they consist of.

use std::ops::Range;

use jiff::civil::Date;

use super::names::month_number;
use super::{Found, Part};

/// A text, and the place up to where it is read.
pub(super) struct Scan<'t> {
    pub(super) bytes: &'t [u8],
    pub(super) at: usize,
}

impl Scan<'_> {
    /// `1962-03-14`, and with `/` or `.`.
    pub(super) fn year_first(&mut self, year: Range<usize>) -> Option<Found> {
        let separator = self.one_of(b"-/.")?;
        let month = self.digits(2)?;
        self.one_of(&[separator])?;
        let day = self.digits(2)?;
        self.found([(Part::Year, year), (Part::Month, month), (Part::Day, day)])
    }

    /// `19620314`, if a time follows: by themselves eight digits are a number.
    pub(super) fn compact(&self, digits: Range<usize>) -> Option<Found> {
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
    pub(super) fn day_or_month_first(&mut self, first: Range<usize>) -> Option<Found> {
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
    pub(super) fn name_first(&mut self) -> Option<Found> {
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
    pub(super) fn digits(&mut self, most: usize) -> Option<Range<usize>> {
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
