//! The week that a capture is about: the one that most dates in its requests are in.
//!
//! A capture does not tell when it was recorded, and its dates were moved by whole weeks. Pure.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Span, ToSpan as _};
use trace::dates;
use trace::exchange::{Content, Request};

/// Dates, by week.
#[derive(Debug, Default)]
pub(crate) struct Weeks {
    by_monday: BTreeMap<Date, u64>,
    /// All dates.
    pub(crate) dates: u64,
}

impl Weeks {
    /// Adds those of a request.
    pub(crate) fn add(&mut self, request: &Request) {
        for date in in_request(request) {
            self.dates += 1;
            *self.by_monday.entry(monday(date)).or_default() += 1;
        }
    }

    /// The Monday of the week that most of them are in, of several the first.
    pub(crate) fn busiest(&self) -> Option<Date> {
        let weeks = self.by_monday.iter().rev();
        weeks
            .max_by_key(|(_, count)| **count)
            .map(|(monday, _)| *monday)
    }

    /// How many days lie from there to the week of a date: whole weeks, so that weekdays stay.
    pub(crate) fn days_to(&self, date: Date) -> Option<i64> {
        let days = monday(date).since(self.busiest()?).ok()?;
        Some(i64::from(days.get_days()))
    }
}

/// The dates in a request.
fn in_request(request: &Request) -> Vec<Date> {
    let segments = request.path.split('/');
    let body = match &request.body.content {
        Content::Utf8(text) => text.as_str(),
        Content::None | Content::Base64(_) | Content::Shape(_) => "",
    };
    let texts = segments.chain([request.query.as_str(), body]);
    texts.flat_map(dates::in_text).collect()
}

/// The Monday of a date's week.
fn monday(date: Date) -> Date {
    let back: Span = i64::from(date.weekday().to_monday_zero_offset()).days();
    date.saturating_sub(back)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::exchange;

    #[test]
    fn the_busiest_week_moves_to_that_of_the_date() {
        let with = |query: &str| {
            let mut exchange = exchange(1, 0, 1);
            exchange.request.query = query.to_owned();
            exchange
        };
        // Two of the week from 2027-04-19, one of another.
        let exchanges = [
            with("start=2027-04-19&end=2027-04-25"),
            with("day=2027-05-03"),
            with(""),
        ];
        let mut weeks = Weeks::default();
        exchanges
            .iter()
            .for_each(|exchange| weeks.add(&exchange.request));
        let date = jiff::civil::date(2026, 11, 22);
        // A Sunday: its week began on 2026-11-16, 154 days before 2027-04-19.
        assert_eq!((weeks.days_to(date), weeks.dates), (Some(-154), 3));
        assert_eq!(Weeks::default().days_to(date), None);
    }
}
