//! Dates, and their shift: by one secret number of weeks for the whole capture, so that order, gaps
//! and weekdays stay. Nobody stays older than 89: a date of 90 or more years ago, which is hardly
//! anything but a birth, comes into the year of 88 years ago before it is shifted.

use jiff::civil::Date;
use jiff::{Span, Timestamp, ToSpan as _, tz::TimeZone};
use zeroize::Zeroize as _;

pub(super) use crate::dates::{all, whole};

use super::source::Source;

/// How the dates of a capture move.
pub(super) struct Dates {
    shift_days: i32,
    /// Who was born then or before is over 89.
    oldest: Date,
}

impl Dates {
    /// As the capture's secret says.
    pub(super) fn new(source: &Source) -> Self {
        let [weeks, back, ..] = source.derive("date", b"");
        // Near enough to even: 48 does not divide 256.
        let days = (5 + i32::from(weeks) % 48) * 7;
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        Self {
            shift_days: if back % 2 == 0 { days } else { -days },
            oldest: today.saturating_sub(AGED.years()),
        }
    }

    /// Shifts every date in `text`, each in its own form.
    pub(super) fn shift(&self, text: &str) -> String {
        if let Some(date) = iso(text) {
            return format!("{}{}", self.moved(date), &text[10..]);
        }
        let mut out = String::with_capacity(text.len() + 2);
        let mut end = 0;
        for found in all(text) {
            out.push_str(&text[end..found.range().start]);
            found.write(text, self.moved(found.date), &mut out);
            end = found.range().end;
        }
        out.push_str(&text[end..]);
        out
    }

    /// Shifts a number that says a date: a year, `19620314`, or the time since 1970 in seconds or
    /// finer units. `None` when it says none.
    pub(super) fn shift_number(&self, number: &str) -> Option<String> {
        let (whole, fraction) = number.split_at(number.find('.').unwrap_or(number.len()));
        let value: i64 = whole.parse().ok()?;
        if let Some(date) = compact(whole).filter(|_| fraction.is_empty()) {
            return Some(self.moved(date).strftime("%Y%m%d").to_string());
        }
        if YEARS.contains(&value) && fraction.is_empty() {
            let is_old = value <= self.oldest.year().into();
            let year = if is_old {
                self.young_year().into()
            } else {
                value
            };
            return Some(year.to_string());
        }
        let day = SECONDS_A_DAY * finer(value)?;
        let epoch = jiff::civil::date(1970, 1, 1);
        let date = epoch.checked_add(Span::new().try_days(value.div_euclid(day)).ok()?);
        let days = epoch.until(self.moved(date.ok()?)).ok()?.get_days();
        let shifted = i64::from(days)
            .checked_mul(day)?
            .checked_add(value.rem_euclid(day))?;
        Some(format!("{shifted}{fraction}"))
    }

    fn moved(&self, date: Date) -> Date {
        // The first and last years of a calendar mean "always" and "never".
        if !(1000..9000).contains(&date.year()) {
            return date;
        }
        let young = if date <= self.oldest {
            let years = self.young_year() - date.year();
            date.saturating_add(i32::from(years).years())
        } else {
            date
        };
        young.saturating_add(self.shift_days.days())
    }

    /// In which those were born who are over 89.
    fn young_year(&self) -> i16 {
        self.oldest.year() + 2
    }
}

impl Drop for Dates {
    fn drop(&mut self) {
        self.shift_days.zeroize();
    }
}

/// The date of a text that is one in the form that programs write, `2026-02-03` or
/// `2026-02-03T08:30:00.125+01:00`. Soon said of all others.
pub(super) fn iso(text: &str) -> Option<Date> {
    let (date, rest) = text.as_bytes().split_at_checked(10)?;
    let is = |bytes: &[u8], form: &[u8]| {
        bytes.len() == form.len()
            && bytes.iter().zip(form).all(|(byte, like)| match like {
                b'0' => byte.is_ascii_digit(),
                sign => byte == sign,
            })
    };
    let is_time = || {
        let (time, rest) = rest.split_at_checked(9).unwrap_or((rest, b""));
        let fraction = rest.strip_prefix(b".").unwrap_or_default();
        let digits = fraction
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let zone = if fraction.is_empty() {
            rest
        } else {
            &fraction[digits..]
        };
        let is_zone = is(zone, b"") || is(zone, b"Z") || is(zone, b"+00:00") || is(zone, b"-00:00");
        is(time, b"T00:00:00") && is_zone && (fraction.is_empty() || (1..=9).contains(&digits))
    };
    if !is(date, b"0000-00-00") || !(rest.is_empty() || is_time()) {
        return None;
    }
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |sum, byte| sum * 10 + i16::from(byte - b'0'))
    };
    let (month, day) = (number(&date[5..7]), number(&date[8..]));
    Date::new(
        number(&date[..4]),
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
    )
    .ok()
}

/// How many of its units the time since 1970 has a second; `None` where it would be next to 1970,
/// and so is none.
fn finer(value: i64) -> Option<i64> {
    match value.unsigned_abs() {
        0..100_000_000 => None,
        100_000_000..100_000_000_000 => Some(1),
        100_000_000_000..100_000_000_000_000 => Some(1_000),
        100_000_000_000_000..100_000_000_000_000_000 => Some(1_000_000),
        _ => Some(1_000_000_000),
    }
}

/// The date that eight digits say.
fn compact(digits: &str) -> Option<Date> {
    let found = whole(&format!("{digits}T00"))?;
    (digits.len() == 8 && found.range() == (0..8)).then_some(found.date)
}

/// Years from which on people are no longer told apart (45 CFR 164.514(b)(2)(i)(C)).
const AGED: i32 = 90;

/// Numbers that are years.
const YEARS: std::ops::Range<i64> = 1800..2200;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, prop_assert_ne, proptest};
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    fn seeded(seed: u64) -> Dates {
        Dates::new(&Source::with_rng(StdRng::seed_from_u64(seed)))
    }

    /// The ways to write a date.
    fn written(date: Date) -> [String; 16] {
        let (y, m, d) = (date.year(), date.month(), date.day());
        let named = |form: &str| date.strftime(form).to_string();
        [
            date.to_string(),
            format!("{date}T08:30:00.125Z"),
            format!("{date} 08:30"),
            format!("{y}/{m:02}/{d:02}"),
            named("%Y%m%dT083000Z"),
            format!("{m:02}/{d:02}/{y}"),
            format!("{m}/{d}/{y}"),
            format!("{d:02}.{m:02}.{y}"),
            named("%d %b %Y"),
            named("%-d %B %Y, 10:15 pm"),
            named("%B %-d, %Y"),
            named("%b %-d %Y"),
            named("%A, %B %-d, %Y at 9:05 AM"),
            named("%a, %d %b %Y 08:49:37 GMT"),
            named("%a, %d-%b-%Y 08:49:37 GMT"),
            named("%a %b %e 08:49:37 %Y"),
        ]
    }

    fn day(number: i32) -> Date {
        jiff::civil::date(1950, 1, 1) + number.days()
    }

    proptest! {
        #[test]
        fn the_usual_form_is_found_at_once_as_it_is_at_length(text in "[0-9]{4}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{0,10})?(Z|[+-][01][0-9]:[0-5][0-9]|x)?)?") {
            let at_length = whole(&text).map(|found| found.date);
            if let Some(date) = iso(&text) {
                prop_assert_eq!(Some(date), at_length);
            }
        }

        #[test]
        fn dates_in_every_form_keep_order_gaps_weekdays_and_form(
            a in 0_i32..40_000, b in 0_i32..40_000, seed: u64,
        ) {
            let dates = seeded(seed);
            for (text, other) in written(day(a)).into_iter().zip(written(day(b))) {
                let (Some(old), Some(other)) = (whole(&text), whole(&other)) else {
                    panic!("{text} or {other} is no date");
                };
                prop_assert_eq!((old.date, other.date), (day(a), day(b)), "{}", text);
                let moved = dates.moved(old.date);
                prop_assert_ne!(moved, old.date);
                prop_assert_eq!(moved.weekday(), old.date.weekday());
                let gap = dates.moved(other.date) - moved;
                prop_assert_eq!(gap.get_days(), b - a);
            }
            // May is as long as its abbreviation.
            if day(a).month() == 5 || dates.moved(day(a)).month() == 5 {
                return Ok(());
            }
            let moved = dates.moved(day(a));
            for (place, (old, new)) in written(day(a)).iter().zip(written(moved)).enumerate() {
                let shifted = dates.shift(old);
                prop_assert_eq!(whole(&shifted).map(|found| found.date), Some(moved), "{}", shifted);
                // All but its numbers is as it would have been written, and theirs where padded.
                let bare = |text: &str| text.replace(|c: char| c.is_ascii_digit() || c == ' ', "");
                prop_assert_eq!(bare(&shifted), bare(&new), "{}", old);
                if [0, 1, 2, 3, 4, 5, 7].contains(&place) {
                    prop_assert_eq!(&shifted, &new);
                }
            }
        }

        #[test]
        fn nobody_stays_older_than_89(years in 90_i32..900, days in 0_i32..366, seed: u64) {
            let dates = seeded(seed);
            let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
            let birth = today.saturating_sub(years.years()).saturating_sub(days.days());
            let moved = dates.moved(birth);
            let age = (today - moved).get_days() / 365;
            prop_assert!((85..=89).contains(&age), "{birth} became {moved}");
        }

        #[test]
        fn times_since_1970_move_like_dates(
            day in 1_200_i64..30_000, second in 0_i64..86_400, seed: u64, unit in 0_u32..4,
        ) {
            let dates = seeded(seed);
            let date = jiff::civil::date(1970, 1, 1) + day.days();
            let unit = 1000_i64.pow(unit);
            let number = (day * SECONDS_A_DAY + second) * unit;
            let shifted: i64 = dates.shift_number(&number.to_string()).unwrap().parse().unwrap();
            let epoch = jiff::civil::date(1970, 1, 1);
            let moved = epoch + shifted.div_euclid(SECONDS_A_DAY * unit).days();
            prop_assert_eq!(moved, dates.moved(date));
            prop_assert_eq!(shifted.rem_euclid(SECONDS_A_DAY * unit), second * unit);
        }

        #[test]
        fn any_text_is_read_without_harm(text in "[0-9a-zJMSst ,./:-]{0,40}", any in any::<String>()) {
            let dates = seeded(1);
            for text in [text, any] {
                dates.shift(&text);
                dates.shift_number(&text);
            }
        }
    }

    #[test]
    fn numbers_that_say_dates() {
        let dates = seeded(3);
        let young = dates.young_year();
        assert_eq!(dates.shift_number("1990").as_deref(), Some("1990"));
        assert_eq!(dates.shift_number("1890"), Some(young.to_string()));
        let moved = dates.moved(jiff::civil::date(1962, 3, 14));
        let compact = moved.to_string().replace('-', "");
        assert_eq!(dates.shift_number("19620314"), Some(compact));
        let fraction = dates.shift_number("1700000000.25").unwrap();
        assert!(fraction.ends_with(".25") && fraction.len() == 13);
        for none in ["17", "123456", "12345678", "", "x", "1e9", "-"] {
            assert_eq!(dates.shift_number(none), None, "{none}");
        }
    }

    #[test]
    fn always_and_never_stay() {
        let dates = seeded(1);
        for text in ["0001-01-01", "9999-12-31T23:59:59Z"] {
            assert_eq!(dates.shift(text), text);
        }
    }
}
