//! How many requests each open upstream connection has carried.
//!
//! pingora has no such count, so it is kept here by file descriptor, which is one connection's
//! for as long as that is open.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) struct Uses {
    counts: Box<[AtomicU32]>,
}

/// Descriptors beyond this are not counted; their connections end by idleness only.
const DESCRIPTORS: usize = 1 << 16;

impl Uses {
    pub(crate) fn new() -> Self {
        Self {
            counts: (0..DESCRIPTORS).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Counts a use, and returns how many there were, this one included.
    pub(crate) fn count(&self, descriptor: RawFd, reused: bool) -> u32 {
        let place = usize::try_from(descriptor)
            .ok()
            .and_then(|index| self.counts.get(index));
        let Some(count) = place else {
            return 1;
        };
        if !reused {
            count.store(0, Ordering::Relaxed);
        }
        count.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }
}
