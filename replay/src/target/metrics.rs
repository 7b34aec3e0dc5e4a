//! The memory of the target over a run, as it tells Prometheus.
//!
//! Read now and then on a thread of its own: what is read is a request that the run did not plan, so
//! it is seldom, and it holds nobody up.

mod exposition;
mod fetch;

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::clock::{self, NANOS_PER_SECOND};
use crate::stats::median;
use crate::summary::{Memory, MemorySample};

use super::Target;

/// The thread that reads a target's memory until it is told to end.
pub(crate) struct Watch {
    url: String,
    end: Sender<()>,
    thread: JoinHandle<Readings>,
}

impl Watch {
    /// Begins to read what the target's URL has.
    pub(crate) fn start(target: Target) -> io::Result<Self> {
        let url = target.url().to_owned();
        let (end, ended) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("replay-metrics".to_owned())
            .spawn(move || read_until(&ended, &target))?;
        Ok(Self { url, end, thread })
    }

    /// Reads it once more, and tells how it was in a run that began then, on the clock; and what was
    /// wrong, if anything was.
    pub(crate) fn end(self, start_ns: u64) -> (Option<Memory>, Option<String>) {
        let Self { url, end, thread } = self;
        // It has ended already where nobody receives.
        let _sent = end.send(());
        let readings = thread.join().unwrap_or_default();
        let warning = readings.warning(&url);
        let samples = samples(&readings.bytes, start_ns);
        let memory = (!samples.is_empty()).then(|| Memory {
            growth: growth(&samples),
            samples,
            url,
        });
        (memory, warning)
    }
}

/// What was read.
#[derive(Debug, Default)]
struct Readings {
    /// When, on the clock, and how much.
    bytes: Vec<(u64, u64)>,
    /// How often it was in vain.
    failed: usize,
    /// Why the last time, where there was one.
    reason: Option<io::Error>,
}

impl Readings {
    /// Reads once, and tells whether that went well.
    fn read(&mut self, target: &Target) -> bool {
        let read = resident(target);
        let is_good = read.is_ok();
        match read {
            Ok(bytes) => self.bytes.push((clock::now_ns(), bytes)),
            Err(error) => {
                self.failed += 1;
                self.reason = Some(error);
            }
        }
        is_good
    }

    fn warning(&self, url: &str) -> Option<String> {
        let reason = self.reason.as_ref()?;
        let all = self.failed + self.bytes.len();
        Some(if self.bytes.is_empty() {
            format!(
                "the target's memory is not known, {url}: {reason}; is `--target-metrics` right?"
            )
        } else {
            format!(
                "the target's memory could not be read {} of {all} times, {url}: {reason}",
                self.failed
            )
        })
    }
}

fn read_until(ended: &Receiver<()>, target: &Target) -> Readings {
    let mut readings = Readings::default();
    loop {
        let began_ns = clock::now_ns();
        let is_good = readings.read(target);
        let often = readings.bytes.len() + readings.failed;
        let period = if often < OFTEN { SOON } else { SELDOM };
        let took = Duration::from_nanos(clock::now_ns() - began_ns);
        match ended.recv_timeout(period.saturating_sub(took)) {
            Err(RecvTimeoutError::Timeout) => {}
            _ => {
                // Nobody waits for what does not answer.
                if is_good {
                    readings.read(target);
                }
                return readings;
            }
        }
    }
}

fn resident(target: &Target) -> io::Result<u64> {
    let text = fetch::fetch(target, WHOLE)?;
    let bytes = exposition::sum(&text, RESIDENT);
    let bytes = bytes.ok_or_else(|| io::Error::other(format!("it does not tell {RESIDENT}")))?;
    Ok(whole(bytes))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of bytes, not below 0"
)]
const fn whole(bytes: f64) -> u64 {
    bytes as u64
}

/// What was read from the start of a run on, the last reading before it as if it were of then. Of a
/// long run the first ones are as far apart as the others.
fn samples(readings: &[(u64, u64)], start_ns: u64) -> Vec<MemorySample> {
    let before = readings.iter().take_while(|(at_ns, _)| *at_ns < start_ns);
    let readings = &readings[before.count().saturating_sub(1)..];
    let apart_ns = if readings.len() > OFTEN { APART_NS } else { 0 };
    let (mut samples, mut next_ns) = (Vec::new(), 0);
    for (place, &(at_ns, bytes)) in readings.iter().enumerate() {
        if at_ns >= next_ns || place + 1 == readings.len() {
            next_ns = at_ns + apart_ns;
            samples.push(MemorySample {
                second: at_ns.saturating_sub(start_ns) / NANOS_PER_SECOND,
                bytes,
            });
        }
    }
    samples
}

/// By how much the last tenth is more than the first, as a share of it.
fn growth(samples: &[MemorySample]) -> Option<f64> {
    if samples.len() < FEWEST {
        return None;
    }
    let tenth = samples.len().div_ceil(10);
    let typical = |samples: &[MemorySample]| {
        let bytes = samples.iter().map(|sample| sample.bytes as f64);
        median(&mut bytes.collect::<Vec<_>>())
    };
    let first = typical(&samples[..tenth]);
    let last = typical(&samples[samples.len() - tenth..]);
    (first > 0.0).then(|| ((last / first - 1.0) * 1e6).round() / 1e6)
}

/// The memory that a process has, as the clients of Prometheus call it.
const RESIDENT: &str = "process_resident_memory_bytes";
/// At first it is read as often as a short run needs…
const SOON: Duration = Duration::from_secs(1);
/// …so many times…
const OFTEN: usize = 60;
/// …and then so as to take next to nothing from the target.
const SELDOM: Duration = Duration::from_secs(5);
/// For all of one reading; a busy target may be slow with this as well.
const WHOLE: Duration = Duration::from_secs(5);
/// Samples of a long run are no nearer than this, give or take how long reading takes.
const APART_NS: u64 = 4_500_000_000;
/// Fewer samples show no growth.
const FEWEST: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(samples: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let samples = samples.iter().map(|&(ms, bytes)| (ms * 1_000_000, bytes));
        let samples = super::samples(&samples.collect::<Vec<_>>(), 2_000_000_000);
        let samples = samples.into_iter();
        samples
            .map(|sample| (sample.second, sample.bytes))
            .collect()
    }

    #[test]
    fn seconds_count_from_the_start() {
        assert_eq!(of(&[]), []);
        assert_eq!(of(&[(500, 7)]), [(0, 7)]);
        let readings = [(500, 7), (1_500, 8), (2_500, 9), (3_500, 10)];
        assert_eq!(of(&readings), [(0, 8), (0, 9), (1, 10)]);
    }

    #[test]
    fn a_long_run_has_samples_that_are_far_apart() {
        let dense = (0..60).map(|second| (2_000 + second * 1_000, second));
        let sparse = (0..20).map(|step| (62_000 + step * 5_000, 60 + step * 5));
        let found = of(&dense.chain(sparse).collect::<Vec<_>>());
        let expected: Vec<_> = (0..32).map(|step| (step * 5, step * 5)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn growth_is_that_of_typical_samples() {
        let grown = |bytes: &[u64]| {
            let samples = (0..).zip(bytes);
            let samples = samples.map(|(second, &bytes)| MemorySample { second, bytes });
            growth(&samples.collect::<Vec<_>>())
        };
        assert_eq!(grown(&[100, 110, 120, 130]), None);
        assert_eq!(grown(&[100, 110, 120, 130, 150]), Some(0.5));
        assert_eq!(grown(&[0, 110, 120, 130, 150]), None);
        let mut many = vec![100; 15];
        many.extend([80; 15]);
        (many[0], many[29]) = (900, 900);
        assert_eq!(grown(&many), Some(-0.2));
    }
}
