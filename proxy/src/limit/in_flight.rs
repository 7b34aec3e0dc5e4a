//! How many requests of one key are in flight.
//!
//! The table holds only keys that have some, so that it is as large as the traffic. Limits that
//! share it may each allow another number, as nginx's locations with one `limit_conn_zone` do.

use std::sync::Arc;

use dashmap::{DashMap, Entry};

use super::LimitKey;
use crate::bounded::SHARDS;
use crate::config::Per;

pub(crate) struct InFlight {
    per: Per,
    counts: DashMap<LimitKey, u32>,
}

impl InFlight {
    pub(crate) fn new(per: &Per) -> Self {
        Self {
            per: per.clone(),
            counts: DashMap::with_shard_amount(SHARDS),
        }
    }

    /// Whether what is counted here means the same under these settings.
    pub(crate) fn counts_like(&self, per: &Per) -> bool {
        self.per == *per
    }

    /// A place for one request, unless that many are in flight already.
    pub(crate) fn enter(self: &Arc<Self>, key: LimitKey, most: u32) -> Option<Place> {
        // Numbers are 1 at least, so a key without requests is never left behind.
        let mut count = self.counts.entry(key).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place {
            key,
            table: Arc::clone(self),
        })
    }
}

/// A request's place among those in flight; given back when dropped.
pub(crate) struct Place {
    key: LimitKey,
    table: Arc<InFlight>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.table.counts.entry(self.key) {
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
        let in_flight = Arc::new(InFlight::new(&Per::Route));
        let first = in_flight.enter(LimitKey::Route, 2);
        let second = in_flight.enter(LimitKey::Route, 2);
        assert!(first.is_some() && second.is_some());
        assert!(in_flight.enter(LimitKey::Route, 2).is_none());
        assert!(in_flight.enter(LimitKey::Header(1), 2).is_some());
        drop(first);
        // Another limit that shares the count allows fewer.
        assert!(in_flight.enter(LimitKey::Route, 1).is_none());
        assert!(in_flight.enter(LimitKey::Route, 2).is_some());
        drop(second);
        assert!(in_flight.counts.is_empty());
    }
}
