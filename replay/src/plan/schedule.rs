//! When what was recorded is due.
//!
//! Pure. From the time in the capture, or the number of an arrival, to the time in the run.

use crate::clock::whole_ns;
use crate::settings::{Decimal, Load, Pace, Rate, What};

use super::curve::Curve;

/// What gives each arrival its due time.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pace: Clock,
    /// Nothing is due from here on.
    end_ns: u64,
}

#[derive(Debug, Clone)]
enum Clock {
    /// All at once: they go when there is room for them.
    Max,
    Rate(Rate),
    Speed(Decimal),
    /// Recorded time at a speed that changes.
    Speeds(Curve),
    /// Numbers at a rate that changes.
    Rates(Curve),
}

impl Schedule {
    /// The schedule of a load.
    pub(crate) fn of(load: &Load) -> Self {
        let (pace, staged) = match &load.pace {
            Pace::Max => (Clock::Max, None),
            Pace::Rate(rate) => (Clock::Rate(*rate), None),
            Pace::Speed(speed) => (Clock::Speed(*speed), None),
            Pace::Stages(stages) => {
                let curve = Curve::of(stages);
                let end_ns = curve.length_ns();
                let clock = match stages.what {
                    What::Rate => Clock::Rates(curve),
                    What::Speed => Clock::Speeds(curve),
                    What::Users => Clock::Speed(Decimal::ONE),
                };
                (clock, Some(end_ns))
            }
        };
        let asked = load
            .duration
            .map(|duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
        Self {
            pace,
            end_ns: asked.unwrap_or(u64::MAX).min(staged.unwrap_or(u64::MAX)),
        }
    }

    /// When the arrival is due that was recorded at this time and has this number, the first being
    /// number 0; `None` when the run is over by then.
    pub(crate) fn due_ns(&self, at_ns: u64, number: u64) -> Option<u64> {
        let due_ns = match &self.pace {
            Clock::Max => 0,
            Clock::Rate(rate) => rate.due_ns(number),
            Clock::Speed(speed) => speed.divide(at_ns.into()),
            Clock::Speeds(curve) => curve.reaches(at_ns as f64)?,
            Clock::Rates(curve) => curve.reaches(number as f64)?,
        };
        (due_ns < self.end_ns).then_some(due_ns)
    }

    /// How long a pause of the capture is in the run, when what comes after it is due then.
    pub(crate) fn pause_ns(&self, pause_ns: u64, due_ns: u64) -> u64 {
        match &self.pace {
            Clock::Max => 0,
            Clock::Rate(_) | Clock::Rates(_) => pause_ns,
            Clock::Speed(speed) => speed.divide(pause_ns.into()),
            Clock::Speeds(curve) => whole_ns(pause_ns as f64 / curve.value(due_ns).max(1e-9)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::tests::load;

    const SECOND: u64 = 1_000_000_000;

    fn schedule(pace: Pace, duration: Option<u64>) -> Schedule {
        Schedule::of(&Load {
            pace,
            duration: duration.map(Duration::from_secs),
            ..load("1")
        })
    }

    #[test]
    fn pauses_shrink_with_recorded_time_and_not_with_a_rate() {
        let stages = |text: &str| Pace::Stages(text.parse().unwrap());
        for (pace, pause_ns) in [
            (Pace::Max, 0),
            (Pace::rate("5/s").unwrap(), 600),
            (stages("10s:1/s,10s:9/s"), 600),
            (Pace::speed("3").unwrap(), 200),
            // Half way from 2x to 6x it is 4x.
            (stages("10s:2x,10s:6x"), 150),
            (stages("10s:2users,10s:6users"), 600),
        ] {
            let schedule = schedule(pace.clone(), None);
            assert_eq!(schedule.pause_ns(600, 15 * SECOND), pause_ns, "{pace}");
        }
    }

    #[test]
    fn what_ends_first_ends_the_run() {
        for (duration, end_s) in [(None, 2), (Some(1), 1), (Some(5), 2)] {
            let stages = Pace::Stages("1s:1x,1s:1x".parse().unwrap());
            let schedule = schedule(stages, duration);
            let due_ns = |at_s: u64| schedule.due_ns(at_s * SECOND, 0);
            assert!(due_ns(end_s - 1).is_some(), "{duration:?}");
            assert_eq!(due_ns(end_s), None, "{duration:?}");
        }
    }
}
