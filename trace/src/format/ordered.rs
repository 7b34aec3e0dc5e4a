//! Exchanges in the order of time, from a file that has them in the order of their ends.
//!
//! A window of them is kept back: one that ends so late that its place has been passed is
//! delivered all the same, and counted. Memory is bounded by the window.

use std::collections::VecDeque;

use super::error::ReadError;
use crate::exchange::Exchange;

/// An iterator that puts exchanges in the order of `at_ns`, and then of `seq`.
pub struct Ordered<I> {
    input: I,
    window: Window,
    /// In order. What is read belongs at the end of it, or near that.
    kept: VecDeque<Box<Exchange>>,
    /// The latest beginning that was read.
    newest_ns: u64,
    /// The latest beginning that was delivered.
    passed_ns: u64,
    moved: u64,
    late: u64,
    ended: bool,
}

/// How much is kept back at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Exchanges.
    pub exchanges: usize,
    /// Nanoseconds between the beginnings of the first and the last.
    pub ns: u64,
}

impl Default for Window {
    /// What ends within a minute of its beginning is put in its place, at up to a thousand a
    /// second: about 100 MB of ordinary exchanges.
    fn default() -> Self {
        Self {
            exchanges: 65_536,
            ns: 60_000_000_000,
        }
    }
}

impl<I: Iterator<Item = Result<Exchange, ReadError>>> Ordered<I> {
    /// Orders what `input` gives.
    pub fn new(input: I, window: Window) -> Self {
        Self {
            input,
            window,
            kept: VecDeque::new(),
            newest_ns: 0,
            passed_ns: 0,
            moved: 0,
            late: 0,
            ended: false,
        }
    }

    /// Exchanges so far that came after one that began later, and were put in their place.
    pub const fn moved(&self) -> u64 {
        self.moved
    }

    /// Exchanges so far that came when their place had been passed: they are out of order.
    pub const fn late(&self) -> u64 {
        self.late
    }

    /// The reader, for its footer and warnings once the end was reached.
    pub const fn input(&self) -> &I {
        &self.input
    }

    /// The same, for good.
    pub fn into_input(self) -> I {
        self.input
    }

    fn keep(&mut self, exchange: Exchange) {
        if exchange.at_ns < self.passed_ns {
            self.late += 1;
        } else if exchange.at_ns < self.newest_ns {
            self.moved += 1;
        }
        self.newest_ns = self.newest_ns.max(exchange.at_ns);
        let place = |exchange: &Exchange| (exchange.at_ns, exchange.seq);
        let own = place(&exchange);
        let index = match self.kept.back() {
            Some(last) if place(last) > own => self.kept.partition_point(|kept| place(kept) <= own),
            _ => self.kept.len(),
        };
        self.kept.insert(index, Box::new(exchange));
    }

    /// Whether the first one has waited long enough.
    fn is_due(&self) -> bool {
        self.kept.front().is_some_and(|first| {
            self.ended
                || self.kept.len() > self.window.exchanges
                || self.newest_ns - first.at_ns > self.window.ns
        })
    }
}

impl<I: Iterator<Item = Result<Exchange, ReadError>>> Iterator for Ordered<I> {
    type Item = Result<Exchange, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_due() && !self.ended {
            match self.input.next() {
                Some(Ok(exchange)) => self.keep(exchange),
                Some(Err(error)) => {
                    self.ended = true;
                    self.kept.clear();
                    return Some(Err(error));
                }
                None => self.ended = true,
            }
        }
        let first = self.kept.pop_front()?;
        self.passed_ns = self.passed_ns.max(first.at_ns);
        Some(Ok(*first))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    use super::*;
    use crate::format::tests::exchange;

    fn ordered(times: &[u64], window: Window) -> (Vec<u64>, u64, u64) {
        let input = (1..).zip(times).map(|(seq, at_ns)| {
            let mut exchange = exchange(seq);
            exchange.at_ns = *at_ns;
            Ok(exchange)
        });
        let mut ordered = Ordered::new(input, window);
        let times = ordered.by_ref().map(|it| it.unwrap().at_ns).collect();
        (times, ordered.moved(), ordered.late())
    }

    const fn window(exchanges: usize, ns: u64) -> Window {
        Window { exchanges, ns }
    }

    #[test]
    fn what_is_within_the_window_is_put_in_its_place() {
        let times = [10, 30, 20, 5, 40];
        let (ordered, moved, late) = ordered(&times, Window::default());
        assert_eq!((ordered, moved, late), (vec![5, 10, 20, 30, 40], 2, 0));
    }

    #[test]
    fn what_is_later_than_the_window_is_delivered_and_counted() {
        let times = [10, 20, 5, 30];
        assert_eq!(
            ordered(&times, window(1, 1000)),
            (vec![10, 5, 20, 30], 0, 1)
        );
        assert_eq!(ordered(&times, window(9, 5)), (vec![10, 5, 20, 30], 0, 1));
    }

    #[test]
    fn an_error_ends_it() {
        let error = || ReadError::Empty { path: "x".into() };
        let input = [Ok(exchange(1)), Err(error()), Ok(exchange(2))].into_iter();
        let read: Vec<_> = Ordered::new(input, Window::default()).collect();
        assert!(matches!(&read[..], [Err(_)]), "{read:?}");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_only_late_ones_are_out_of_order(
            times in prop::collection::vec(0_u64..100, 0..60),
            exchanges in 0_usize..20,
            ns in 0_u64..120,
        ) {
            let (read, _, late) = ordered(&times, window(exchanges, ns));
            let mut latest = 0;
            let behind = read.iter().filter(|at| {
                latest = latest.max(**at);
                **at < latest
            });
            prop_assert_eq!(behind.count() as u64, late);
            let mut sorted = (times, read);
            sorted.0.sort_unstable();
            let all = late == 0;
            prop_assert!(!all || sorted.1.is_sorted());
            sorted.1.sort_unstable();
            prop_assert_eq!(sorted.0, sorted.1);
        }
    }
}
