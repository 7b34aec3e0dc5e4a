//! When each answer may leave: the latency of its class, changed by the faults that are on.
//!
//! The n-th request takes the n-th stream of the seed, so one order of requests gives one order of latencies.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::RngExt;
use tokio::time::{Instant, sleep_until};

use super::config::StagingConfig;
use super::fault::Fault;
use super::latency::{Class, Latencies};
use crate::{clock, random};

/// The pace of one server.
pub(crate) struct Pace {
    latencies: Latencies,
    faults: Vec<Fault>,
    seed: u64,
    requests: AtomicU64,
    /// When there is room for another request, in nanoseconds from the start.
    room_ns: AtomicU64,
    started: Instant,
}

/// What was drawn for one request.
pub(crate) struct Draw {
    /// Least time from the request's start to its answer.
    pub(crate) delay: Duration,
    /// Whether the request fails with a 500 instead of being handled.
    pub(crate) fails: bool,
}

impl Pace {
    pub(crate) fn new(config: &StagingConfig) -> Self {
        Self {
            latencies: config.latencies.clone(),
            faults: config.faults.clone(),
            seed: config.seed,
            requests: AtomicU64::new(1),
            room_ns: AtomicU64::new(0),
            started: clock::now(),
        }
    }

    /// Delay and fate of the next request.
    pub(crate) fn draw(&self, class: Class) -> Draw {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let mut rng = random::stream(self.seed, number);
        let mut delay = self.latencies.draw(class, &mut rng);
        let (mut queued, mut fails) = (Duration::ZERO, false);
        for fault in &self.faults {
            match *fault {
                Fault::Slow(factor) => delay = delay.mul_f64(factor),
                Fault::Slower(growth) => {
                    let minutes = self.elapsed().as_secs_f64() / 60.0;
                    delay = delay.mul_f64(1.0 + growth * minutes);
                }
                Fault::Capacity(rate) if class != Class::Health => queued += self.queue(rate),
                // Health stays honest: probes look at the process, not at its answers.
                Fault::ErrorRate(share) => {
                    fails |= class != Class::Health && rng.random::<f64>() < share;
                }
                Fault::Capacity(_) | Fault::Freeze { .. } => {}
            }
        }
        Draw {
            delay: delay + queued,
            fails,
        }
    }

    /// How long a request waits for those before it, where each takes its share of a second.
    fn queue(&self, rate: f64) -> Duration {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let now = nanos(self.elapsed());
        let takes = nanos(Duration::from_secs_f64(1.0 / rate));
        let after = |room: u64| room.max(now).saturating_add(takes);
        let room = self
            .room_ns
            .update(Ordering::Relaxed, Ordering::Relaxed, after);
        Duration::from_nanos(room.saturating_sub(now))
    }

    /// Waits while a freeze lasts.
    pub(crate) async fn thaw(&self) {
        for fault in &self.faults {
            if let Fault::Freeze { lasts, after } = *fault {
                let (from, until) = (self.started + after, self.started + after + lasts);
                if (from..until).contains(&clock::now()) {
                    sleep_until(until).await;
                }
            }
        }
    }

    /// Time since the server was made.
    pub(crate) fn elapsed(&self) -> Duration {
        clock::now() - self.started
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(faults: Vec<Fault>) -> Pace {
        Pace::new(&StagingConfig {
            faults,
            ..StagingConfig::default()
        })
    }

    #[test]
    fn slowness_multiplies_the_same_draws() {
        let (plain, slow) = (pace(vec![]), pace(vec![Fault::Slow(5.0)]));
        let (fast, late) = (plain.draw(Class::Read).delay, slow.draw(Class::Read).delay);
        assert_eq!(fast.mul_f64(5.0).as_micros(), late.as_micros());
    }

    #[test]
    fn errors_come_at_their_rate_and_spare_health() {
        let pace = pace(vec![Fault::ErrorRate(0.1)]);
        let failed = (0..10_000).filter(|_| pace.draw(Class::Read).fails).count();
        assert!((850..1150).contains(&failed), "{failed} of 10,000");
        assert!((0..1000).all(|_| !pace.draw(Class::Health).fails));
    }

    #[tokio::test(start_paused = true)]
    async fn latencies_grow_with_time() {
        let (plain, slower) = (pace(vec![]), pace(vec![Fault::Slower(0.1)]));
        assert_eq!(
            plain.draw(Class::Read).delay,
            slower.draw(Class::Read).delay
        );
        tokio::time::advance(Duration::from_secs(300)).await;
        let (before, after) = (
            plain.draw(Class::Read).delay,
            slower.draw(Class::Read).delay,
        );
        assert_eq!(before.mul_f64(1.5).as_micros(), after.as_micros());
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_at_once_queues_and_is_worked_off() {
        let pace = Pace::new(&StagingConfig {
            faults: vec![Fault::Capacity(100.0)],
            latencies: Latencies::scaled(0.0).unwrap(),
            ..StagingConfig::default()
        });
        let waits = |count| (0..count).map(|_| pace.draw(Class::Read).delay.as_millis());
        assert!(waits(50).eq((0..50).map(|place| place * 10)));
        assert_eq!(pace.draw(Class::Health).delay, Duration::ZERO);
        tokio::time::advance(Duration::from_millis(450)).await;
        assert!(waits(2).eq([50, 60]));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(waits(2).eq([0, 10]));
    }

    #[tokio::test]
    async fn a_freeze_holds_until_its_end() {
        let (lasts, after) = (Duration::from_millis(40), Duration::ZERO);
        let pace = pace(vec![Fault::Freeze { lasts, after }]);
        pace.thaw().await;
        assert!(pace.elapsed() >= lasts);
        let before = pace.elapsed();
        pace.thaw().await;
        assert!(pace.elapsed() - before < lasts);
    }
}
