//! Compares the shapes of answers with the recorded ones, on a thread of its own: to read an answer
//! takes longer than a request may be late.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use serde_json::Value;

use crate::clock::NANOS_PER_SECOND;
use crate::locator::Seen;
use crate::plan::{Arrival, Window};
use crate::shape::{Difference, differences};

use super::outcome::Answer;

/// What was found out about shapes, by the route's number.
pub(crate) type Shapes = BTreeMap<u32, Compared>;

/// The answers of one route.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    /// Answers that were compared.
    pub(crate) answers: u64,
    /// How many of them differ in what.
    pub(crate) differences: BTreeMap<Difference, u64>,
}

/// An answer, and the shape that it had.
struct Pair {
    route: u32,
    window: Arc<Window>,
    shape: u32,
    answer: Answer,
}

/// Where workers give answers to.
#[derive(Clone)]
pub(super) struct Comparer(SyncSender<Pair>);

/// Starts the thread; it ends when nobody can give it anything any more.
pub(super) fn start() -> io::Result<(Comparer, JoinHandle<Shapes>)> {
    let (comparer, pairs) = sync_channel(WAITING);
    let thread = thread::Builder::new().name("replay-shapes".to_owned());
    let thread = thread.spawn(move || compare(&pairs))?;
    Ok((Comparer(comparer), thread))
}

fn compare(pairs: &Receiver<Pair>) -> Shapes {
    let mut shapes = Shapes::new();
    for pair in pairs {
        let seen = Seen::of(&pair.answer.head, &pair.answer.body);
        let shape = pair.window.shape(pair.shape);
        let (Ok(recorded), Ok(live)) = (
            serde_json::from_str::<Value>(shape),
            serde_json::from_str::<Value>(seen.body()),
        ) else {
            continue;
        };
        let compared = shapes.entry(pair.route).or_default();
        compared.answers += 1;
        for difference in differences(&recorded, &live) {
            let has_room = compared.differences.len() < MOST_DIFFERENCES;
            if has_room || compared.differences.contains_key(&difference) {
                *compared.differences.entry(difference).or_default() += 1;
            }
        }
    }
    shapes
}

/// Which answers of a worker are compared: of each route one now and then.
#[derive(Default)]
pub(super) struct Samples {
    /// By route: not before this, on the clock.
    next_ns: RefCell<Vec<u64>>,
}

impl Samples {
    /// Whether the answer to an arrival that goes out now will be compared.
    pub(super) fn takes(&self, arrival: &Arrival, now_ns: u64) -> bool {
        let entry = arrival.entry();
        if entry.shape.is_none() {
            return false;
        }
        let mut next_ns = self.next_ns.borrow_mut();
        let route = entry.route as usize;
        if next_ns.len() <= route {
            next_ns.resize(route + 1, 0);
        }
        let is_due = next_ns[route] <= now_ns;
        if is_due {
            next_ns[route] = now_ns + PERIOD_NS;
        }
        is_due
    }
}

impl Comparer {
    /// Gives an answer to be compared, where it has the recorded status and the thread keeps up.
    pub(super) fn give(&self, arrival: &Arrival, answer: Answer) {
        let entry = arrival.entry();
        if let Some(shape) = entry.shape
            && answer.status == entry.status
            && answer.body.len() <= LONGEST
        {
            let pair = Pair {
                route: entry.route,
                window: Arc::clone(&arrival.window),
                shape,
                answer,
            };
            // One that is not compared is missed by nobody.
            drop(self.0.try_send(pair));
        }
    }
}

/// Answers that wait to be compared, and bytes of each.
const WAITING: usize = 16;
const LONGEST: usize = 256 * 1024;
/// Differences that are kept of a route.
const MOST_DIFFERENCES: usize = 200;
/// Of a route one answer of a worker in this time.
const PERIOD_NS: u64 = NANOS_PER_SECOND / 10;
