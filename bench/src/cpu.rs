//! CPU time of processes and threads, as the kernel counts it.

use std::fs;
use std::ops::{Add, Sub};
use std::path::Path;

use anyhow::{Context as _, Result};

/// CPU time so far, in seconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Time {
    pub(crate) user: f64,
    pub(crate) system: f64,
}

impl Time {
    pub(crate) fn total(self) -> f64 {
        self.user + self.system
    }
}

impl Sub for Time {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            user: self.user - before.user,
            system: self.system - before.system,
        }
    }
}

impl Add for Time {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            user: self.user + other.user,
            system: self.system + other.system,
        }
    }
}

/// CPU time of a running process.
pub(crate) fn of(process: u32) -> Result<Time> {
    let fields = stat_fields(Path::new(&format!("/proc/{process}/stat")))?;
    Ok(time(&fields[10..]))
}

/// CPU time of the threads of a running process that have this name and are still there.
pub(crate) fn of_threads(process: u32, name: &str) -> Result<Time> {
    let tasks = fs::read_dir(format!("/proc/{process}/task"))?;
    // A thread may end while the list is read: its files are gone then.
    let times = tasks.filter_map(|task| of_named(&task.ok()?.path(), name));
    Ok(times.fold(Time::default(), Add::add))
}

fn of_named(task: &Path, name: &str) -> Option<Time> {
    let own = fs::read_to_string(task.join("comm")).ok()?;
    let fields = (own.trim() == name).then(|| stat_fields(&task.join("stat")))?;
    Some(time(&fields.ok()?[10..]))
}

/// CPU time of all children that were waited for.
pub(crate) fn of_ended_children() -> Result<Time> {
    let fields = stat_fields(Path::new("/proc/self/stat"))?;
    Ok(time(&fields[12..]))
}

/// The most memory that a running process has had so far, in MiB, and what it has now.
pub(crate) fn memory(process: u32) -> Result<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let kib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    };
    let peak = kib("VmHWM:").context("no peak in /proc")?;
    let now = kib("VmRSS:").context("no size in /proc")?;
    Ok((peak / 1024.0, now / 1024.0))
}

/// The numbers after the state in a `stat` file (proc(5)), the parent's id first.
fn stat_fields(file: &Path) -> Result<Vec<u64>> {
    let stat = fs::read_to_string(file)?;
    let (_, after_name) = stat.rsplit_once(')').context("a process has a name")?;
    // Some are negative; none of those is a time.
    let numbers = after_name.split_whitespace().skip(1);
    Ok(numbers.map(|number| number.parse().unwrap_or(0)).collect())
}

/// User time stands first. A tick is 10 ms on every Linux that we run on (`USER_HZ`).
fn time(ticks: &[u64]) -> Time {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53 ticks")]
    let seconds = |ticks: u64| ticks as f64 / 100.0;
    Time {
        user: seconds(ticks[0]),
        system: seconds(ticks[1]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_process_uses_cpu_time() {
        let own = || of(std::process::id()).unwrap().total();
        let before = own();
        while own() < before + 0.05 {}
    }

    #[test]
    fn threads_may_end_while_they_are_counted() {
        let own = std::process::id();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let short_lived = std::thread::spawn(move || {
            while stopped.try_recv().is_err() {
                std::thread::spawn(|| ()).join().unwrap();
            }
        });
        let counted: Vec<_> = (0..2_000).map(|_| of_threads(own, "nobody")).collect();
        stop.send(()).unwrap();
        short_lived.join().unwrap();
        assert!(counted.iter().all(Result::is_ok));
    }

    #[test]
    fn a_thread_is_found_by_its_name() {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::Builder::new().name("busy-one".to_owned());
        let busy = thread
            .spawn(move || while stopped.try_recv().is_err() {})
            .unwrap();
        let used = || of_threads(std::process::id(), "busy-one").unwrap().total();
        while used() < 0.03 {}
        stop.send(()).unwrap();
        busy.join().unwrap();
        assert_eq!(
            of_threads(std::process::id(), "nobody").unwrap().total(),
            0.0
        );
    }
}
