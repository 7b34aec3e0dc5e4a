//! What waits on one shelf: batches of a bounded size.
//!
//! One buffer that grew with the backlog would now and then be moved as a whole, and the request
//! that came just then would wait for it.

use super::batch::{Batch, Packed};
use super::tap::Tap;

/// Exchanges of one worker, in the order in which they ended.
#[derive(Default)]
pub(super) struct Pile {
    full: Vec<Batch>,
    /// What the full ones weigh.
    full_weight: usize,
    last: Batch,
}

/// What a batch weighs at most, but for an exchange that weighs more alone.
const BATCH: usize = 1024 * 1024;

impl Pile {
    pub(super) fn len(&self) -> usize {
        self.batches().map(Batch::len).sum()
    }

    /// About how much memory it takes.
    pub(super) fn weight(&self) -> usize {
        self.full_weight + self.last.weight()
    }

    /// Adds an exchange of this weight.
    pub(super) fn push(&mut self, tap: &Tap, weight: usize) {
        let last = self.last.weight();
        if last > 0 && last + weight > BATCH {
            let next = Batch::with_room(BATCH);
            self.full.push(std::mem::replace(&mut self.last, next));
            self.full_weight += last;
        }
        self.last.push(tap);
    }

    /// Ready to be filled again.
    pub(super) fn empty(&mut self) {
        self.full.clear();
        self.full_weight = 0;
        self.last.empty();
    }

    fn batches(&self) -> impl Iterator<Item = &Batch> {
        self.full.iter().chain([&self.last])
    }

    fn exchanges(&self) -> impl Iterator<Item = Packed<'_>> {
        self.batches().flat_map(Batch::exchanges)
    }
}

/// The exchanges of several piles, in the order in which they ended.
pub(super) fn in_order(piles: &[Pile]) -> impl Iterator<Item = Packed<'_>> {
    let mut piles: Vec<_> = piles.iter().map(|it| it.exchanges().peekable()).collect();
    std::iter::from_fn(move || {
        let ended = |pile: &mut std::iter::Peekable<_>| pile.peek().map(Packed::ended);
        let first = piles
            .iter_mut()
            .filter_map(|pile| Some((ended(pile)?, pile)))
            .min_by_key(|(ended, _)| *ended);
        first.and_then(|(_, pile)| pile.next())
    })
}

#[cfg(test)]
mod tests {
    use super::super::batch::tests::{answered, raw, tap};
    use super::super::tests::tap as tap_of;
    use super::*;

    fn push(pile: &mut Pile, tap: &Tap) {
        pile.push(tap, Batch::weight_of(tap));
    }

    #[test]
    fn several_piles_are_in_the_order_of_their_ends() {
        let pile = |ends: &[u64]| {
            let mut pile = Pile::default();
            for end in ends {
                let tap = tap("GET / HTTP/1.1\r\nHost: x", 0);
                push(&mut pile, &answered(tap, "HTTP/1.1 200 OK", *end));
            }
            pile
        };
        let piles = [pile(&[1, 4, 5]), pile(&[]), pile(&[2, 3, 9])];
        let ends: Vec<_> = in_order(&piles)
            .map(|packed| raw(&packed).timing.total_ns / 1_000_000)
            .collect();
        assert_eq!(ends, [1, 2, 3, 4, 5, 9]);
    }

    #[test]
    fn a_backlog_is_kept_in_batches_that_do_not_grow() {
        let mut pile = Pile::default();
        let mut weight = 0;
        // The third weighs more than a batch.
        for body in [BATCH / 2, BATCH / 3, 2 * BATCH, 1, BATCH / 2] {
            let tap = tap_of(body);
            weight += Batch::weight_of(&tap);
            push(&mut pile, &tap);
        }
        assert_eq!((pile.len(), pile.weight()), (5, weight));
        let lengths: Vec<_> = pile.batches().map(Batch::len).collect();
        assert_eq!(lengths, [2, 1, 2]);
        pile.empty();
        assert_eq!((pile.len(), pile.weight(), pile.full.len()), (0, 0, 0));
    }
}
