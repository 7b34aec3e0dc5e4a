//! How many requests of one key are in flight.
//!
//! The table holds only keys that have some, so that it is as large as the traffic.

use std::sync::Arc;

use dashmap::{DashMap, Entry};

use super::LimitKey;

pub(crate) struct InFlight {
    pub(super) most: u32,
    counts: Arc<DashMap<LimitKey, u32>>,
}

impl InFlight {
    pub(crate) fn new(most: u32) -> Self {
        Self {
            most,
            counts: Arc::new(DashMap::new()),
        }
    }

    /// A place for one request, unless all are taken.
    pub(crate) fn enter(&self, key: LimitKey) -> Option<Place> {
        let mut count = self.counts.entry(key).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place {
            key,
            counts: Arc::clone(&self.counts),
        })
    }
}

/// A request's place among those in flight; given back when dropped.
pub(crate) struct Place {
    key: LimitKey,
    counts: Arc<DashMap<LimitKey, u32>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.counts.entry(self.key) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_given_back_when_dropped() {
        let in_flight = InFlight::new(2);
        let first = in_flight.enter(LimitKey::Route);
        let second = in_flight.enter(LimitKey::Route);
        assert!(first.is_some() && second.is_some());
        assert!(in_flight.enter(LimitKey::Route).is_none());
        assert!(in_flight.enter(LimitKey::Header(1)).is_some());
        drop(first);
        assert!(in_flight.enter(LimitKey::Route).is_some());
        drop(second);
        assert!(in_flight.counts.is_empty());
    }
}
