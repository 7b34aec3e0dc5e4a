//! Axes: from where to where, and where they are labelled.
//!
//! Pure.

use std::ops::Range;

use crate::words;

/// An axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    /// From where to where.
    pub(super) range: Range<f64>,
    /// Where it is labelled, and how.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// Seconds from the start of a run.
    pub(super) fn time(end: f64) -> Self {
        let end = end.max(1.0);
        let step = STEPS_S
            .into_iter()
            .find(|step| end / step <= TIME_TICKS)
            .unwrap_or_else(|| rounded_up(end / TIME_TICKS / DAY_S) * DAY_S);
        let ticks = multiples(step, end).map(|at| (at, time(at, step)));
        Self {
            range: 0.0..end,
            ticks: ticks.collect(),
        }
    }

    /// From zero to somewhat above the largest value, with whole numbers where only these exist.
    pub(super) fn values(top: f64, unit: Unit) -> Self {
        let least = match unit {
            Unit::Bytes | Unit::Counts | Unit::Micros => 1.0,
            Unit::Rates => 0.001,
        };
        let step = rounded_up((top / VALUE_TICKS).max(least));
        let end = (top * 1.08).max(step);
        let ticks = multiples(step, end).map(|at| (at, unit.told(at)));
        Self {
            range: 0.0..end,
            ticks: ticks.collect(),
        }
    }

    /// Microseconds by their decimal logarithm, from one round number to another.
    pub(super) fn log_micros(least: f64, most: f64) -> Self {
        let low = round_numbers()
            .filter(|&it| it <= least)
            .fold(1.0, f64::max);
        let above = |it: &f64| *it >= most && *it > low;
        let high = round_numbers().find(above).unwrap_or(low * 10.0);
        let all: Vec<_> = round_numbers()
            .filter(|it| (low..=high).contains(it))
            .collect();
        // More labels than that would run into each other: then only the powers of ten.
        let every = if all.len() > 14 { 3 } else { 1 };
        let offset = all.iter().position(|it| is_power(*it)).unwrap_or(0) % every;
        let ticks = all.into_iter().skip(offset).step_by(every);
        Self {
            range: low.log10()..high.log10(),
            ticks: ticks
                .map(|it| (it.log10(), Unit::Micros.told(it)))
                .collect(),
        }
    }
}

/// What values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Bytes,
    Counts,
    Micros,
    Rates,
}

impl Unit {
    fn told(self, value: f64) -> String {
        match self {
            _ if value == 0.0 => "0".to_owned(),
            Self::Bytes => without_zeros(&words::bytes(whole(value))),
            Self::Counts => format!("{value:.0}"),
            Self::Micros => without_zeros(&words::micros(whole(value))),
            Self::Rates => without_zeros(&format!("{value:.3}")),
        }
    }
}

/// A number without the zeros at the end of its fraction, with its unit.
fn without_zeros(told: &str) -> String {
    let (number, unit) = told.split_at(told.find(' ').unwrap_or(told.len()));
    let number = match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    };
    format!("{number}{unit}")
}

#[expect(clippy::cast_possible_truncation, reason = "a label, not below 0")]
#[expect(clippy::cast_sign_loss, reason = "a label, not below 0")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// 1, 2 and 5 times powers of ten, from a microsecond to a day.
fn round_numbers() -> impl Iterator<Item = f64> {
    (0..=11).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)))
}

fn is_power(value: f64) -> bool {
    value.log10().fract().abs() < 1e-9
}

/// The next of 1, 2 and 5 times a power of ten.
fn rounded_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let digits = [1.0, 2.0, 5.0, 10.0].into_iter();
    let fits = |digit: &f64| digit * power >= value * (1.0 - 1e-9);
    digits
        .map(|digit| digit * power)
        .find(|it| fits(&(it / power)))
        .unwrap_or(power)
}

fn multiples(step: f64, end: f64) -> impl Iterator<Item = f64> {
    (0..1_000)
        .map(move |number| f64::from(number) * step)
        .take_while(move |at| *at <= end * (1.0 + 1e-9))
}

/// A time with the unit that its neighbours differ in.
fn time(at: f64, step: f64) -> String {
    let seconds = whole(at);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    match step {
        ..60.0 if at < 60.0 => format!("{seconds} s"),
        ..60.0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        ..3_600.0 if hours == 0 => format!("{minutes} min"),
        ..3_600.0 => format!("{hours}:{minutes:02} h"),
        _ => format!("{hours} h"),
    }
}

const STEPS_S: [f64; 16] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0,
    21_600.0, 43_200.0,
];
const DAY_S: f64 = 86_400.0;
const TIME_TICKS: f64 = 12.0;
const VALUE_TICKS: f64 = 5.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> String {
        let labels: Vec<_> = axis.ticks.iter().map(|(_, label)| label.as_str()).collect();
        labels.join(" | ")
    }

    #[test]
    fn time_is_told_in_the_unit_that_fits() {
        let told = [1.0, 12.0, 150.0, 1_500.0, 5_400.0, 86_400.0, 604_800.0]
            .map(|end| labels(&Axis::time(end)));
        insta::assert_snapshot!(told.join("\n"), @"
        0 s | 1 s
        0 s | 1 s | 2 s | 3 s | 4 s | 5 s | 6 s | 7 s | 8 s | 9 s | 10 s | 11 s | 12 s
        0 s | 15 s | 30 s | 45 s | 1:00 | 1:15 | 1:30 | 1:45 | 2:00 | 2:15 | 2:30
        0 min | 5 min | 10 min | 15 min | 20 min | 25 min
        0 min | 10 min | 20 min | 30 min | 40 min | 50 min | 1:00 h | 1:10 h | 1:20 h | 1:30 h
        0 h | 2 h | 4 h | 6 h | 8 h | 10 h | 12 h | 14 h | 16 h | 18 h | 20 h | 22 h | 24 h
        0 h | 24 h | 48 h | 72 h | 96 h | 120 h | 144 h | 168 h
        ");
    }

    #[test]
    fn values_are_labelled_at_round_numbers() {
        let told = [
            (0.0, Unit::Counts),
            (1.0, Unit::Counts),
            (167.0, Unit::Counts),
            (31_000.0, Unit::Micros),
            (2_300_000.0, Unit::Micros),
            (0.7, Unit::Rates),
            (54_400_000.0, Unit::Bytes),
        ]
        .map(|(top, unit)| labels(&Axis::values(top, unit)));
        insta::assert_snapshot!(told.join("\n"), @"
        0 | 1
        0 | 1
        0 | 50 | 100 | 150
        0 | 10 ms | 20 ms | 30 ms
        0 | 500 ms | 1 s | 1.5 s | 2 s
        0 | 0.2 | 0.4 | 0.6
        0 | 20 MB | 40 MB
        ");
    }

    #[test]
    fn logarithms_go_from_round_number_to_round_number() {
        let told = [(5_010.0, 31_000.0), (1.0, 1.0), (3.0, 7e7), (0.0, 0.0)]
            .map(|(least, most)| labels(&Axis::log_micros(least, most)));
        insta::assert_snapshot!(told.join("\n"), @"
        5 ms | 10 ms | 20 ms | 50 ms
        1 µs | 2 µs
        10 µs | 100 µs | 1 ms | 10 ms | 100 ms | 1 s | 10 s | 100 s
        1 µs | 2 µs
        ");
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_measured_has_its_place(least in 0.0..1e9_f64, more in 0.0..1e9_f64) {
            let most = least + more;
            let axis = Axis::log_micros(least, most);
            let holds = |value: f64| axis.range.contains(&value.max(1.0).log10());
            let end = axis.range.end;
            proptest::prop_assert!(holds(least) || (least.max(1.0).log10() - end).abs() < 1e-9);
            proptest::prop_assert!(holds(most) || (most.max(1.0).log10() - end).abs() < 1e-9);
            proptest::prop_assert!((2..=16).contains(&axis.ticks.len()));
            for axis in [Axis::values(most, Unit::Micros), Axis::values(least / 1e9, Unit::Rates)] {
                proptest::prop_assert!((2..=8).contains(&axis.ticks.len()), "{axis:?}");
            }
            let axis = Axis::time(most / 100.0);
            proptest::prop_assert!((2..=14).contains(&axis.ticks.len()), "{axis:?}");
        }
    }
}
