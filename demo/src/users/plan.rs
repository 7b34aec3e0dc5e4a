//! When each user comes and when each of its requests is due.
//!
//! Pure: the same settings give the same plan.

use std::f64::consts::PI;
use std::time::Duration;

use rand::RngExt;

use super::config::UsersConfig;
use crate::random::{self, Seeded};

/// A rate over the run: from a floor up to a peak and down again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// The rate at both ends, as a share of the peak's; from 0 to 1.
    pub floor: f64,
    /// Where the peak is, as a share of the run; from 0 to 1.
    pub peak: f64,
}

impl Default for Curve {
    /// A peak at 65 % of the time, four times as busy as the ends.
    fn default() -> Self {
        Self {
            floor: 0.25,
            peak: 0.65,
        }
    }
}

impl Curve {
    /// The rate at `x` of the run, as a share of the peak's.
    fn height(self, x: f64) -> f64 {
        let near = if x < self.peak {
            x / self.peak
        } else {
            (1.0 - x) / (1.0 - self.peak)
        };
        self.floor + (1.0 - self.floor) * (1.0 - (PI * near.clamp(0.0, 1.0)).cos()) / 2.0
    }

    /// Rates summed up from `from` to the end, one entry per step of the run.
    fn sums_from(self, from: f64) -> Vec<(f64, f64)> {
        let mut sum = 0.0;
        let steps = (0..STEPS).map(|step| (f64::from(step) + 0.5) / f64::from(STEPS));
        steps
            .filter(|x| *x >= from)
            .map(|x| {
                sum += self.height(x);
                (x, sum)
            })
            .collect()
    }
}

/// For each user, when its requests are due after the start of the run; the first is the log-in.
pub(super) fn dues(config: &UsersConfig) -> Vec<Vec<Duration>> {
    let count = config.users.max(1);
    let mut rng = random::stream(config.seed, PLAN_STREAM);
    let arrivals: Vec<f64> = (0..count)
        .map(|user| LAST_ARRIVAL * (to_f64(user) + rng.random::<f64>()) / to_f64(count))
        .collect();
    let sums: Vec<Vec<(f64, f64)>> = arrivals
        .iter()
        .map(|from| config.curve.sums_from(*from))
        .collect();
    let total: f64 = sums
        .iter()
        .filter_map(|sums| sums.last())
        .map(|last| last.1)
        .sum();
    let each = sums.iter().zip(arrivals);
    each.map(|(sums, arrival)| {
        let share = sums.last().map_or(0.0, |last| last.1) / total;
        let requests = (to_f64(config.requests) * share - OVERSHOOT).max(LEAST);
        user_dues(sums, arrival, requests, config.duration, &mut rng)
    })
    .collect()
}

/// Dues whose density follows the curve: one in each of `requests` equal slices of its area.
fn user_dues(
    sums: &[(f64, f64)],
    arrival: f64,
    requests: f64,
    run: Duration,
    rng: &mut Seeded,
) -> Vec<Duration> {
    let area = sums.last().map_or(0.0, |last| last.1);
    let mut dues = vec![run.mul_f64(arrival)];
    let mut slice = 1.0;
    while slice < requests {
        let wanted = area * (slice + rng.random::<f64>()) / (requests + 1.0);
        let place = sums.partition_point(|(_, sum)| *sum < wanted);
        let x = sums.get(place).map_or(1.0, |(x, _)| *x);
        dues.push(run.mul_f64(x.clamp(arrival, 1.0)));
        slice += 1.0;
    }
    dues
}

fn to_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

const STEPS: u32 = 500;
/// By then everybody has come, as a share of the run.
const LAST_ARRIVAL: f64 = 0.45;
/// How many requests the last screen and the log-out add to a user's plan, on average.
const OVERSHOOT: f64 = 1.5;
/// A user at least logs in, asks who it is, and looks at something.
const LEAST: f64 = 4.0;
/// Apart from the users' own streams, which are their numbers.
const PLAN_STREAM: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use super::*;

    fn config() -> UsersConfig {
        let target = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let config = UsersConfig::new(target, 48, Duration::from_secs(60));
        UsersConfig {
            requests: 2400,
            ..config
        }
    }

    #[test]
    fn requests_rise_to_a_peak_and_fall() {
        let mut sixths = [0; 6];
        for due in dues(&config()).into_iter().flatten() {
            sixths[(due.as_secs() / 10).min(5) as usize] += 1;
        }
        let [first, .., before, peak, after] = sixths;
        assert!(
            first * 3 < peak && before > first && after < peak,
            "{sixths:?}"
        );
        let total: i32 = sixths.iter().sum();
        assert!((2250..=2400).contains(&total), "{total}");
    }

    #[test]
    fn each_user_is_in_order_and_in_time() {
        for dues in dues(&config()) {
            assert!(dues.is_sorted() && dues.len() >= 4);
            assert!(dues[dues.len() - 1] <= Duration::from_secs(60));
        }
    }

    #[test]
    fn one_seed_gives_one_plan() {
        assert_eq!(dues(&config()), dues(&config()));
        assert_ne!(
            dues(&config()),
            dues(&UsersConfig {
                seed: 2,
                ..config()
            })
        );
    }
}
