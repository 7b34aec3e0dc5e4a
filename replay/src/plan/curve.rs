//! A value that goes up and down in straight lines over time, and what it adds up to.
//!
//! Pure. Computed in floats: over hours, a nanosecond may be lost.

use crate::clock::whole_ns;
use crate::settings::Stages;

/// Stages as a curve over replayed time.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    lines: Vec<Line>,
    length_ns: u64,
}

/// A straight line.
#[derive(Debug, Clone, Copy)]
struct Line {
    /// Where it begins, and how long it is, in nanoseconds.
    start: f64,
    length: f64,
    /// Its values at both ends.
    from: f64,
    to: f64,
    /// What everything before it adds up to.
    before: f64,
}

impl Curve {
    /// The first stage stays at its value; each other one goes from the value before it to its own.
    pub(crate) fn of(stages: &Stages) -> Self {
        let mut lines: Vec<Line> = Vec::new();
        let (mut start, mut before) = (0.0, 0.0);
        for (length, value) in &stages.stages {
            let (length, to) = (length.as_nanos() as f64, stages.per_ns(*value));
            let from = lines.last().map_or(to, |line| line.to);
            let line = Line {
                start,
                length,
                from,
                to,
                before,
            };
            start += length;
            before += line.area();
            lines.push(line);
        }
        Self {
            lines,
            length_ns: whole_ns(start),
        }
    }

    /// Its end, in nanoseconds.
    pub(crate) const fn length_ns(&self) -> u64 {
        self.length_ns
    }

    /// When it has added up to this much; `None` when it never does.
    pub(crate) fn reaches(&self, amount: f64) -> Option<u64> {
        let next = self
            .lines
            .partition_point(|line| line.before + line.area() < amount);
        let line = self.lines.get(next)?;
        Some(whole_ns(line.start + line.reaches(amount - line.before)))
    }

    /// Its value at this time; after the end, the last one.
    pub(crate) fn value(&self, at_ns: u64) -> f64 {
        let at = at_ns as f64;
        let after = self.lines.partition_point(|line| line.start <= at);
        let line = self.lines[..after].last();
        line.map_or(0.0, |line| {
            let part = ((at - line.start) / line.length).min(1.0);
            line.from + (line.to - line.from) * part
        })
    }
}

impl Line {
    fn area(&self) -> f64 {
        self.length * f64::midpoint(self.from, self.to)
    }

    /// When its own part adds up to this much, which it does: the root of a quadratic equation, in
    /// the form that also holds where the line is level.
    fn reaches(&self, amount: f64) -> f64 {
        let slope = (self.to - self.from) / self.length;
        let root = (self.from * self.from + 2.0 * slope * amount)
            .max(0.0)
            .sqrt();
        let sum = self.from + root;
        if sum > 0.0 {
            (2.0 * amount / sum).min(self.length)
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn curve(text: &str) -> Curve {
        Curve::of(&text.parse().unwrap())
    }

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn holds_ramps_and_ends() {
        let curve = curve("1m:1x,2m:5x,1m:0x");
        assert_eq!(curve.length_ns(), 240 * SECOND);
        // A minute at 1x, two from 1x to 5x, one from 5x to nothing.
        let seconds = |at: f64| curve.reaches(at * 1e9).map(|ns| ns as f64 / 1e9);
        assert_eq!(seconds(30.0), Some(30.0));
        assert_eq!(seconds(60.0 + 360.0), Some(180.0));
        let end = seconds(60.0 + 360.0 + 150.0).unwrap();
        assert!((239.9..=240.0).contains(&end), "{end}");
        assert_eq!(seconds(60.0 + 360.0 + 151.0), None);
        assert_eq!(curve.value(0), 1.0);
        assert_eq!(curve.value(120 * SECOND), 3.0);
        assert_eq!(curve.value(500 * SECOND), 0.0);
    }

    proptest! {
        #[test]
        fn later_amounts_are_reached_later(
            stages in prop::collection::vec((1_u32..5_000, 0_u32..50), 1..6),
            amounts in prop::collection::vec(0_u64..100 * SECOND, 2..40),
        ) {
            let text: Vec<_> = stages.iter().map(|(ms, x)| format!("{ms}ms:{x}x")).collect();
            prop_assume!(stages.iter().any(|(_, x)| *x > 0));
            let curve = curve(&text.join(","));
            let mut amounts = amounts;
            amounts.sort_unstable();
            let mut last = 0;
            for amount in amounts {
                if let Some(at) = curve.reaches(amount as f64) {
                    prop_assert!(at + 1 >= last, "{at} after {last}");
                    prop_assert!(at <= curve.length_ns());
                    last = at;
                }
            }
        }
    }
}
