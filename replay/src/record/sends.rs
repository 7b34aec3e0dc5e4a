//! When the first arrivals were due and when they went, one by one: for the distribution of gaps.

/// All arrivals that were due up to a time.
#[derive(Debug, Clone)]
pub(crate) struct Sends {
    kept: Vec<(u64, u64)>,
    until_ns: u64,
}

impl Sends {
    /// None yet.
    pub(super) const fn new() -> Self {
        Self {
            kept: Vec::new(),
            until_ns: u64::MAX,
        }
    }

    /// One more; they come nearly in the order in which they were due.
    pub(super) fn add(&mut self, due_ns: u64, sent_ns: u64) {
        if due_ns > self.until_ns {
            return;
        }
        self.kept.push((due_ns, sent_ns));
        if self.kept.len() == KEPT {
            self.until_ns = due_ns;
        }
    }

    /// Adds those of another worker, as far as both know all.
    pub(super) fn merge(&mut self, theirs: Self) {
        self.until_ns = self.until_ns.min(theirs.until_ns);
        self.kept.extend(theirs.kept);
        self.kept.retain(|(due_ns, _)| *due_ns <= self.until_ns);
    }

    /// When each was due, and when it was sent, in nanoseconds from the start.
    pub(crate) fn all(&self) -> &[(u64, u64)] {
        &self.kept
    }
}

/// How many a worker keeps before it takes no more that are due later.
const KEPT: usize = 125_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_compared_over_the_same_time() {
        let (mut quick, mut slow) = (Sends::new(), Sends::new());
        for number in 0..200_000 {
            quick.add(number, number);
            slow.add(number * 2, number * 2);
        }
        slow.merge(quick);
        let last = slow.all().iter().map(|(due_ns, _)| *due_ns).max();
        assert_eq!(last, Some(KEPT as u64 - 1));
        assert_eq!(slow.all().len(), KEPT + KEPT.div_ceil(2));
    }
}
