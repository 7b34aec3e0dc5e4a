//! Arrivals that wait for their time: what is to be released at any moment.
//!
//! Pure; the time comes from outside.

use std::collections::VecDeque;

use crate::plan::Arrival;

/// Arrivals in the order in which they are due.
#[derive(Default)]
pub(super) struct Due {
    waiting: VecDeque<Arrival>,
}

impl Due {
    /// Adds what is due after all that waits.
    pub(super) fn add(&mut self, arrivals: impl IntoIterator<Item = Arrival>) {
        self.waiting.extend(arrivals);
    }

    /// When the next one is due, from the run's start.
    pub(super) fn next_ns(&self) -> Option<u64> {
        self.waiting.front().map(|arrival| arrival.due_ns)
    }

    /// The next one, if it is due by now.
    pub(super) fn release(&mut self, now_ns: u64) -> Option<Arrival> {
        self.waiting
            .pop_front_if(|arrival| arrival.due_ns <= now_ns)
    }

    /// The next one, whenever it is due.
    pub(super) fn pop(&mut self) -> Option<Arrival> {
        self.waiting.pop_front()
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// With a clock that jumps, as it does where a machine is busy: nothing is released early,
        /// nothing that is due stays, and the order is kept.
        #[test]
        fn all_that_is_due_is_released_and_nothing_else(
            mut due_ns in prop::collection::vec(0_u64..1_000, 0..60),
            jumps in prop::collection::vec(0_u64..200, 1..40),
        ) {
            due_ns.sort_unstable();
            let mut due = Due::default();
            due.add(due_ns.iter().map(|due_ns| Arrival::at(*due_ns)));
            let (mut now_ns, mut released) = (0, Vec::new());
            for jump in jumps {
                now_ns += jump;
                while let Some(arrival) = due.release(now_ns) {
                    prop_assert!(arrival.due_ns <= now_ns);
                    released.push(arrival.due_ns);
                }
                prop_assert!(due.next_ns().is_none_or(|next_ns| next_ns > now_ns));
            }
            prop_assert_eq!(&released[..], &due_ns[..released.len()]);
            prop_assert_eq!(released.len() + due.len(), due_ns.len());
        }
    }
}
