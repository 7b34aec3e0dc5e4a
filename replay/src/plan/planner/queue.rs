//! What somebody will play, in the order in which it is due.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::window::Window;
use crate::heap::Heap;

/// An entry that somebody will play.
pub(super) struct Waiting {
    pub(super) at_ns: u64,
    pub(super) order: u64,
    pub(super) window: Arc<Window>,
    pub(super) entry: u32,
    pub(super) clone: u32,
    pub(super) lap: u32,
}

/// Entries in the order of their times, which is that of the capture unless there are clones.
pub(super) enum Queue {
    InOrder(VecDeque<Waiting>),
    /// By time, lap, order in the capture, and clone.
    Mixed(Heap<(u64, u32, u64, u32), Waiting>),
}

impl Queue {
    /// For so many who play each entry.
    pub(super) fn of(clones: u32) -> Self {
        match clones {
            1 => Self::InOrder(VecDeque::new()),
            _ => Self::Mixed(Heap::default()),
        }
    }

    pub(super) fn push(&mut self, waiting: Waiting) {
        match self {
            Self::InOrder(queue) => queue.push_back(waiting),
            Self::Mixed(heap) => {
                let place = (waiting.at_ns, waiting.lap, waiting.order, waiting.clone);
                heap.push(place, waiting);
            }
        }
    }

    pub(super) fn peek(&self) -> Option<&Waiting> {
        match self {
            Self::InOrder(queue) => queue.front(),
            Self::Mixed(heap) => heap.peek().map(|(_, first)| first),
        }
    }

    pub(super) fn pop(&mut self) -> Option<Waiting> {
        match self {
            Self::InOrder(queue) => queue.pop_front(),
            Self::Mixed(heap) => heap.pop(),
        }
    }
}
