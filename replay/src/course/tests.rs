//! Courses of made-up runs, shaped like those that the scenarios of staging have.

use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::summary::{Outcomes, Peak, Second, Trend};

use super::*;

/// A second in which so many requests are answered, in so many microseconds.
fn second(second: usize, requests: f64, micros: f64) -> Second {
    let requests = whole(requests);
    let micros = if requests > 0 { micros } else { 0.0 };
    Second {
        second: second as u64,
        planned: requests,
        sent: requests,
        failed: 0,
        p50: whole(micros),
        p95: whole(micros * 2.0),
        p99: whole(micros * 3.0),
        lateness_max: 40,
        outcomes: Outcomes {
            c2xx: requests,
            ..Outcomes::default()
        },
    }
}

fn whole(value: f64) -> u64 {
    format!("{value:.0}").parse().unwrap()
}

/// Lets so many of a second's answers fail.
fn failing(second: &mut Second, failed: u64) {
    second.failed = failed;
    second.outcomes.c2xx -= failed;
    second.outcomes.c5xx = failed;
}

/// Noise of which each value keeps `kept` of the one before it.
struct Noise {
    random: StdRng,
    kept: f64,
    last: f64,
}

impl Noise {
    fn new(seed: u64, kept: f64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            kept,
            last: 0.0,
        }
    }

    fn next(&mut self) -> f64 {
        let fresh: f64 = (0..12).map(|_| self.random.random::<f64>()).sum::<f64>() - 6.0;
        self.last = self.kept * self.last + (1.0 - self.kept * self.kept).sqrt() * fresh;
        self.last
    }

    /// As many as come by chance where so many come on average.
    fn count(&mut self, mean: f64) -> f64 {
        if mean > 5.0 {
            return (mean + mean.sqrt() * self.next()).max(0.0);
        }
        let came = (0..50).filter(|_| self.random.random::<f64>() < mean / 50.0);
        f64::from(u8::try_from(came.count()).unwrap())
    }
}

/// The load of stages one after the other, each to a level within so many seconds.
fn stages(stages: &[(usize, f64)]) -> Vec<f64> {
    let mut level = 0.0;
    let mut load = Vec::new();
    for &(seconds, to) in stages {
        let step = |at| level + (to - level) * (at as f64 + 1.0) / seconds as f64;
        load.extend((0..seconds).map(step));
        level = to;
    }
    load
}

/// The spike scenario: from 10 users to 200 and back.
fn spike() -> Vec<f64> {
    stages(&[(30, 10.0), (10, 200.0), (60, 200.0), (10, 10.0), (60, 10.0)])
}

/// A target that answers in 80 ms, in 1.2 s while there are many requests, and needs so many
/// seconds after that.
fn spiked(needs: usize) -> Vec<Second> {
    let mut noise = Noise::new(3, 0.3);
    let seconds = spike().into_iter().enumerate();
    let seconds = seconds.map(|(at, load)| {
        let is_slow = (38..108 + needs).contains(&at);
        let micros = if is_slow { 1_200_000.0 } else { 80_000.0 };
        second(at, load, micros * (1.0 + 0.08 * noise.next()))
    });
    seconds.collect()
}

/// The soak scenario, at three requests a second: answers in 150 ms, and slower by this much in the
/// end.
fn soak(leak: f64) -> Vec<Second> {
    let (mut noise, mut chance) = (Noise::new(5, 0.9), Noise::new(6, 0.0));
    let load = stages(&[(300, 3.0), (7_200, 3.0), (300, 0.0)]);
    let length = load.len() as f64;
    let seconds = load.into_iter().enumerate();
    let seconds = seconds.map(|(at, load)| {
        let slower = 1.0 + leak * at as f64 / length;
        let requests = chance.count(load);
        second(
            at,
            requests,
            150_000.0 * slower * (0.2 * noise.next()).exp(),
        )
    });
    seconds.collect()
}

fn shown(course: &Course) -> String {
    serde_json::to_string_pretty(course).unwrap()
}

fn peak_of(series: &[Second]) -> Peak {
    of(series, false).peak.unwrap()
}

fn trend_of(series: &[Second]) -> Trend {
    of(series, false).trend.unwrap()
}

#[test]
fn a_spike_and_the_way_back() {
    insta::assert_snapshot!(shown(&of(&spiked(12), false)));
}

#[test]
fn a_soak_without_a_leak() {
    insta::assert_snapshot!(shown(&of(&soak(0.0), false)));
}

#[test]
fn a_soak_with_a_leak() {
    insta::assert_snapshot!(shown(&of(&soak(0.5), false)));
}

#[test]
fn the_way_back_is_as_long_as_it_takes() {
    for needs in [0, 5, 25, 40] {
        let peak = peak_of(&spiked(needs));
        let end = 108 + needs as u64;
        let took = end.saturating_sub(peak.until) as f64;
        assert_eq!(peak.recovery_s, Some(took), "{peak:?}");
        assert!(peak.recovered > 0.95, "{peak:?}");
    }
}

#[test]
fn a_target_that_stays_slow_does_not_come_back() {
    let peak = peak_of(&spiked(1_000));
    assert_eq!((peak.recovery_s, peak.recovered), (None, 0.0));
    assert!(peak.p95_after > 5 * peak.p95_before, "{peak:?}");
    let course = of(&spiked(1_000), false);
    assert_eq!(course.recovery_s(), Some(f64::INFINITY));
    assert_eq!(course.recovered(), Some(0.0));
}

#[test]
fn answers_that_fail_are_not_as_before() {
    let mut series = spiked(0);
    for second in &mut series[90..130] {
        failing(second, second.planned / 4);
    }
    let peak = peak_of(&series);
    // Seconds are looked at together with those next to them.
    let took = peak.recovery_s.unwrap() + peak.until as f64;
    assert!((130.0..=132.0).contains(&took), "{peak:?}");
    // A failure now and then is none of the peak's doing.
    for second in series[..40].iter_mut().step_by(10) {
        failing(second, 1.min(second.planned));
    }
    for second in series[130..].iter_mut().step_by(10) {
        failing(second, 1);
    }
    let again = peak_of(&series);
    let apart = again.recovery_s.unwrap() - peak.recovery_s.unwrap();
    assert!(apart.abs() <= 2.0 && again.recovered > 0.95, "{again:?}");
}

#[test]
fn a_hiccup_after_the_way_back_does_not_undo_it() {
    let mut series = spiked(5);
    for second in &mut series[140..144] {
        second.p95 *= 20;
    }
    let peak = peak_of(&series);
    assert_eq!(peak.recovery_s, peak_of(&spiked(5)).recovery_s);
    assert!(peak.recovered < 1.0, "{peak:?}");
}

#[test]
fn the_highest_of_several_peaks_counts_up_to_the_next() {
    let load = [
        (20, 10.0),
        (15, 60.0),
        (20, 10.0),
        (15, 90.0),
        (20, 10.0),
        (15, 70.0),
        (20, 10.0),
    ];
    let load = load
        .into_iter()
        .flat_map(|(seconds, load)| vec![load; seconds]);
    let series = load.enumerate().map(|(at, load)| second(at, load, 1_000.0));
    let peak = peak_of(&series.collect::<Vec<_>>());
    assert_eq!((peak.from, peak.until, peak.seconds_after), (55, 70, 20));
    assert_eq!((peak.rate_before, peak.rate), (10.0, 90.0));
    assert_eq!((peak.recovery_s, peak.recovered), (Some(0.0), 1.0));
}

#[test]
fn bursts_steps_and_ends_are_no_peaks() {
    let has_peak = |load: &[(usize, f64)]| {
        let load = load.iter().flat_map(|&(seconds, load)| vec![load; seconds]);
        let series: Vec<_> = load
            .enumerate()
            .map(|(at, load)| second(at, load, 1_000.0))
            .collect();
        of(&series, false).peak.is_some()
    };
    assert!(has_peak(&[(30, 10.0), (8, 40.0), (30, 10.0)]));
    // Two seconds; not twice as much; nothing before it; nothing after it; little of it.
    assert!(!has_peak(&[(30, 10.0), (2, 400.0), (30, 10.0)]));
    assert!(!has_peak(&[(30, 10.0), (8, 19.0), (30, 10.0)]));
    assert!(!has_peak(&[(5, 10.0), (8, 40.0), (30, 10.0)]));
    assert!(!has_peak(&[(30, 10.0), (38, 40.0)]));
    assert!(!has_peak(&[(30, 1.0), (6, 2.0), (30, 1.0)]));
    assert!(!has_peak(&[]));
}

#[test]
fn a_load_that_answers_decide_has_no_peak_and_is_steady() {
    let course = of(&spiked(10), true);
    assert_eq!(course.peak, None);
    assert!(course.trend.unwrap().steady);
}

#[test]
fn a_run_of_less_than_a_minute_has_no_trend() {
    let even = |seconds| {
        let series: Vec<_> = (0..seconds).map(|at| second(at, 10.0, 1_000.0)).collect();
        of(&series, false)
    };
    assert_eq!(even(59), Course::default());
    let trend = even(60).trend.unwrap();
    assert_eq!(
        (trend.spans, trend.slope_us_per_hour, trend.p_value),
        (12, 0.0, 1.0)
    );
    assert!(!trend.rising);
}

#[test]
fn what_rises_with_the_load_is_not_the_targets() {
    let load = (0..600).map(|at| 20.0 + f64::from(at) / 20.0);
    let series: Vec<_> = load
        .enumerate()
        .map(|(at, load)| second(at, load, load * 1_000.0))
        .collect();
    let trend = trend_of(&series);
    assert!(trend.p_value < 0.01 && trend.change > 0.1, "{trend:?}");
    assert!(!trend.steady && !trend.rising, "{trend:?}");
}

/// Only one answer in ten becomes slower.
#[test]
fn a_tail_that_rises_is_seen_in_the_tail() {
    let mut noise = Noise::new(8, 0.5);
    let series = (0..900).map(|at| {
        let mut second = second(at, 20.0, 10_000.0 * (1.0 + 0.1 * noise.next()));
        second.p95 += at as u64 * 20;
        second
    });
    let course = of(&series.collect::<Vec<_>>(), false);
    assert!(!course.trend.unwrap().rising);
    assert!(course.trend_p95.unwrap().rising);
}

/// How often a run of ten minutes, whose answers vary in waves, is said to become slower.
fn found(leak: f64, kept: f64) -> f64 {
    let rounds = 60;
    let found = (0..rounds).filter(|seed| {
        let (mut noise, mut chance) = (Noise::new(*seed, kept), Noise::new(*seed, 0.0));
        let series = (0..600).map(|at| {
            let slower = 1.0 + leak * at as f64 / 600.0;
            let requests = chance.count(20.0);
            second(
                at,
                requests,
                30_000.0 * slower * (0.15 * noise.next()).exp(),
            )
        });
        let series: Vec<_> = series.collect();
        let trend = trend::of(&series, |second| second.p50, false);
        trend.unwrap().rising
    });
    found.count() as f64 / rounds as f64
}

#[test]
fn waves_are_seldom_taken_for_a_leak_and_a_leak_is_found_among_them() {
    for kept in [0.0, 0.5, 0.9] {
        let alarms = found(0.0, kept);
        assert!(alarms <= 0.034, "{kept}: {alarms}");
    }
    assert!(found(0.5, 0.0) == 1.0);
    assert!(found(0.5, 0.5) == 1.0);
    assert!(found(0.5, 0.8) >= 0.9);
}

#[test]
fn chance_alone_makes_no_peak() {
    for mean in [0.5, 2.0, 10.0, 50.0] {
        for seed in 0..8 {
            let mut noise = Noise::new(seed, 0.0);
            let series = (0..300).map(|at| second(at, noise.count(mean), 1_000.0));
            let course = of(&series.collect::<Vec<_>>(), false);
            assert_eq!(course.peak, None, "{mean} a second, seed {seed}");
        }
    }
}

fn series() -> impl Strategy<Value = Vec<Second>> {
    let level = (1_u32..60, 1_usize..60, 0_u32..200_000);
    prop::collection::vec(level, 0..8).prop_map(|levels| {
        let each = levels.into_iter().flat_map(|(load, seconds, micros)| {
            vec![(f64::from(load), f64::from(micros)); seconds]
        });
        let seconds = each.enumerate();
        seconds
            .map(|(at, (load, micros))| second(at, load, micros))
            .collect()
    })
}

proptest! {
    /// A run that begins later has the same course, later.
    #[test]
    fn a_shift_in_time_shifts_the_course(series in series(), by in 1_u64..500) {
        let empty = (0..by).map(|at| second(usize::try_from(at).unwrap(), 0.0, 0.0));
        let later = series.iter().cloned().map(|mut second| {
            second.second += by;
            second
        });
        let later: Vec<_> = empty.chain(later).collect();
        let mut expected = of(&series, false);
        if let Some(peak) = &mut expected.peak {
            peak.from += by;
            peak.until += by;
        }
        let found = of(&later, false);
        prop_assert_eq!(&found.peak, &expected.peak);
        prop_assert_eq!(found.trend.map(|trend| trend.rising), expected.trend.map(|trend| trend.rising));
    }

    /// A target that is so many times as slow has a course that is so many times as steep.
    #[test]
    fn slower_answers_scale_the_course(series in series(), factor in 2_u64..50) {
        let slower: Vec<_> = series.iter().cloned().map(|mut second| {
            for value in [&mut second.p50, &mut second.p95, &mut second.p99] {
                *value *= factor;
            }
            second
        }).collect();
        let (one, other) = (of(&series, false), of(&slower, false));
        if let (Some(one), Some(other)) = (&one.trend, &other.trend) {
            prop_assert!((one.change - other.change).abs() <= 2e-6);
            // At the edge of either bound rounding decides.
            let at_edge = (one.change - 0.1).abs() < 1e-5 || (one.p_value - 0.01).abs() < 1e-3;
            prop_assert!(at_edge || one.rising == other.rising);
            let expected = one.slope_us_per_hour * factor as f64;
            prop_assert!((expected - other.slope_us_per_hour).abs() <= factor as f64);
        }
        prop_assert_eq!(one.trend.is_some(), other.trend.is_some());
        prop_assert_eq!(one.peak.is_some(), other.peak.is_some());
        if let (Some(one), Some(other)) = (one.peak, other.peak) {
            prop_assert_eq!((one.from, one.until, one.seconds_after), (other.from, other.until, other.seconds_after));
            prop_assert_eq!((one.p95_before * factor, one.p95 * factor), (other.p95_before, other.p95));
        }
    }

    /// Whatever the series, what is said of it can be.
    #[test]
    fn a_peak_lies_within_its_run(series in series()) {
        if let Some(peak) = of(&series, false).peak {
            prop_assert!(peak.from < peak.until && peak.until < series.len() as u64);
            prop_assert!(peak.rate >= 1.5 * peak.rate_before);
            prop_assert!((0.0..=1.0).contains(&peak.recovered));
            prop_assert!(peak.recovery_s.is_none_or(|took| took < peak.seconds_after as f64 + 1.0));
        }
    }
}
