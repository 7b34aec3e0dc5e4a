//! Times of day: from when to when other numbers hold.
//!
//! Spans are half open and may pass midnight. They know no date and no zone.

use jiff::civil::Time;

/// A part of every day, without its last moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    from: Time,
    to: Time,
}

impl Span {
    pub(crate) fn new(from: Time, to: Time) -> Result<Self, String> {
        if from == to {
            return Err("it begins when it ends; name two different times".to_owned());
        }
        Ok(Self { from, to })
    }

    pub(crate) fn contains(&self, time: Time) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&time)
        } else {
            self.from <= time || time < self.to
        }
    }

    /// Whether some moment is in both: then one of them begins in the other.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.contains(other.from) || other.contains(self.from)
    }
}

/// `24:00` is the midnight at which a day ends, which is where the next one begins.
pub(crate) fn time(text: &str) -> Result<Time, String> {
    if text == "24:00" {
        return Ok(Time::midnight());
    }
    let digits = text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit() || b == b':');
    Time::strptime("%H:%M", text)
        .ok()
        .filter(|_| digits)
        .ok_or_else(|| format!("cannot read `{text}` as a time of day; write it as 09:00 or 17:30"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, to: &str) -> Span {
        Span::new(time(from).unwrap(), time(to).unwrap()).unwrap()
    }

    #[test]
    fn a_span_ends_before_its_last_moment_and_may_pass_midnight() {
        let check = |from, to, inside: &[&str], outside: &[&str]| {
            let contains = |text: &&str| span(from, to).contains(time(text).unwrap());
            assert!(inside.iter().all(contains), "{from} {to}");
            assert!(!outside.iter().any(contains), "{from} {to}");
        };
        check(
            "09:00",
            "17:00",
            &["09:00", "12:30", "16:59"],
            &["08:59", "17:00", "00:00"],
        );
        check(
            "22:00",
            "06:00",
            &["22:00", "23:59", "00:00", "05:59"],
            &["06:00", "21:59", "12:00"],
        );
        check("18:00", "24:00", &["18:00", "23:59"], &["00:00", "17:59"]);
        check("00:00", "06:00", &["00:00", "05:59"], &["23:59", "06:00"]);
    }

    #[test]
    fn spans_that_share_a_moment_overlap() {
        let overlap = |a: (&str, &str), b: (&str, &str)| {
            let (a, b) = (span(a.0, a.1), span(b.0, b.1));
            assert_eq!(a.overlaps(&b), b.overlaps(&a));
            a.overlaps(&b)
        };
        assert!(!overlap(("09:00", "12:00"), ("12:00", "17:00")));
        assert!(overlap(("09:00", "12:01"), ("12:00", "17:00")));
        assert!(overlap(("09:00", "17:00"), ("10:00", "11:00")));
        assert!(overlap(("22:00", "06:00"), ("05:00", "09:00")));
        assert!(overlap(("22:00", "06:00"), ("23:00", "01:00")));
        assert!(!overlap(("22:00", "06:00"), ("06:00", "22:00")));
        assert!(overlap(("22:00", "06:00"), ("21:00", "05:00")));
    }

    #[test]
    fn times_are_read_as_written() {
        assert_eq!(time("17:30").unwrap(), jiff::civil::time(17, 30, 0, 0));
        assert_eq!(time("24:00").unwrap(), Time::midnight());
        for wrong in [
            "", "9", "9:00", "25:00", "24:01", "12:60", "12:00:00", " 9:00", "noon",
        ] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
