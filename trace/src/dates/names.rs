//! The English names of weekdays and months, and the endings of days.

use jiff::civil::Date;

/// The place behind `Wed, ` or `Wednesday `.
pub(super) fn after_weekday(bytes: &[u8]) -> usize {
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
pub(super) fn month_number(name: &[u8]) -> Option<i8> {
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
pub(super) fn month_like(old: &str, date: Date) -> String {
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

/// What is written behind the number of a day.
pub(super) const fn ordinal(day: i8) -> &'static str {
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
