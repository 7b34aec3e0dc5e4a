//! How many arrivals were sent in another window of time than planned.
//!
//! Pure; memory grows with the run's length, not with its requests.

/// Planned less sent, by window.
#[derive(Debug, Clone, Default)]
pub(crate) struct Windows {
    surplus: [Vec<i32>; WIDTHS_NS.len()],
    sent: u64,
}

impl Windows {
    /// Takes an arrival, with both times from the run's start.
    pub(crate) fn sent(&mut self, due_ns: u64, sent_ns: u64) {
        self.sent += 1;
        for (surplus, width_ns) in self.surplus.iter_mut().zip(WIDTHS_NS) {
            add(surplus, due_ns / width_ns, 1);
            add(surplus, sent_ns / width_ns, -1);
        }
    }

    /// Adds what another counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.sent += other.sent;
        for (mine, theirs) in self.surplus.iter_mut().zip(&other.surplus) {
            for (window, &surplus) in theirs.iter().enumerate() {
                add(mine, window as u64, surplus);
            }
        }
    }

    /// For windows of 10 ms, 100 ms and 1 s: the share of arrivals that were sent in another window.
    pub(crate) fn errors(&self) -> [f64; WIDTHS_NS.len()] {
        let mut errors = [0.0; WIDTHS_NS.len()];
        for (error, surplus) in errors.iter_mut().zip(&self.surplus) {
            let moved: u64 = surplus
                .iter()
                .map(|surplus| u64::from(surplus.unsigned_abs()))
                .sum();
            *error = moved as f64 / (2 * self.sent.max(1)) as f64;
        }
        errors
    }
}

fn add(surplus: &mut Vec<i32>, window: u64, change: i32) {
    let window = usize::try_from(window).unwrap_or(usize::MAX);
    if surplus.len() <= window {
        surplus.resize(window + 1, 0);
    }
    surplus[window] += change;
}

/// Widths of the windows that are looked at, in nanoseconds: 10 ms, 100 ms and 1 s.
const WIDTHS_NS: [u64; 3] = [10_000_000, 100_000_000, 1_000_000_000];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_left_its_window() {
        let mut windows = Windows::default();
        windows.sent(1_000_000, 2_000_000);
        windows.sent(9_000_000, 11_000_000);
        assert_eq!(windows.errors(), [0.5, 0.0, 0.0]);
        let mut other = Windows::default();
        other.sent(0, 1_500_000_000);
        other.sent(1, 2);
        windows.merge(&other);
        assert_eq!(windows.errors(), [0.5, 0.25, 0.25]);
    }

    #[test]
    fn an_empty_run_has_no_error() {
        assert_eq!(Windows::default().errors(), [0.0; 3]);
    }
}
