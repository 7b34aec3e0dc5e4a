//! Feeds the workers: makes the plan on a thread of its own, ahead of what is being sent.
//!
//! Each worker gets the arrivals of its own sessions, in pieces. How far ahead is bounded, and with
//! it the memory that a plan of any length takes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc;

use crate::clock::NANOS_PER_SECOND;
use crate::plan::{Arrival, Planner, Player};

/// What a worker gets at once.
#[derive(Default)]
pub(super) struct Piece {
    /// By their due times.
    pub(super) arrivals: Vec<Arrival>,
    /// Who plays in them, and did not before.
    pub(super) players: Vec<Player>,
    /// Routes that were not known before, in the order of their numbers.
    pub(super) routes: Vec<String>,
}

/// What was planned so far; others read it while it grows.
pub(crate) type Plan = Arc<Mutex<Planned>>;

/// What was planned.
#[derive(Debug, Clone, Default)]
pub(crate) struct Planned {
    /// Method and path template of each route, by number.
    pub(crate) routes: Vec<String>,
    /// Arrivals, those of the warm-up apart.
    pub(crate) arrivals: u64,
    /// The same by the second in which they are due.
    pub(crate) seconds: Vec<u64>,
    /// When the first of them was due, and the last.
    pub(crate) due_ns: Option<(u64, u64)>,
    /// Who played: users and those who stood for them.
    pub(crate) players: u64,
    /// Their sessions.
    pub(crate) sessions: u64,
    /// Who logged in outside the plan.
    pub(crate) log_in_first: u64,
    /// Whether that is all.
    pub(crate) is_whole: bool,
    /// Why there was no more of it, when it is not that it ended.
    pub(crate) trouble: Option<String>,
}

/// Starts to feed workers; each has a channel of its own.
pub(super) fn feed(
    planner: Planner,
    warm_up_ns: u64,
    workers: Vec<mpsc::Sender<Piece>>,
    planned: Plan,
) -> std::io::Result<JoinHandle<()>> {
    thread::Builder::new()
        .name("replay-plan".to_owned())
        .spawn(move || Feed::new(planner, warm_up_ns, workers, planned).run())
}

/// How many pieces wait for a worker at most.
pub(super) const PIECES: usize = 4;

/// Arrivals of all workers in one piece.
const ARRIVALS: usize = 1_024;

struct Feed {
    planner: Planner,
    warm_up_ns: u64,
    workers: Vec<mpsc::Sender<Piece>>,
    pieces: Vec<Piece>,
    planned: Plan,
    players: Numbers,
    sessions: Numbers,
    log_in_first: u64,
    /// Routes that the workers know.
    named: usize,
}

impl Feed {
    fn new(
        planner: Planner,
        warm_up_ns: u64,
        workers: Vec<mpsc::Sender<Piece>>,
        planned: Plan,
    ) -> Self {
        Self {
            planner,
            warm_up_ns,
            pieces: workers.iter().map(|_| Piece::default()).collect(),
            workers,
            planned,
            log_in_first: 0,
            named: 0,
            players: Numbers::default(),
            sessions: Numbers::default(),
        }
    }

    fn run(mut self) {
        let mut waiting = 0;
        loop {
            match self.planner.next() {
                Ok(Some(arrival)) => {
                    self.add(arrival);
                    waiting += 1;
                    if waiting == ARRIVALS && !self.send() {
                        break;
                    }
                    waiting %= ARRIVALS;
                }
                Ok(None) => {
                    let taken = self.send();
                    lock(&self.planned).is_whole = taken;
                    break;
                }
                Err(trouble) => {
                    self.send();
                    lock(&self.planned).trouble = Some(trouble.to_string());
                    break;
                }
            }
        }
    }

    fn add(&mut self, arrival: Arrival) {
        let entry = arrival.entry();
        let session = self.planner.player(entry.session, arrival.clone);
        let player = self.planner.player(entry.user, arrival.clone);
        self.players.add(player);
        self.sessions.add(session);
        for player in self.planner.newcomers() {
            self.log_in_first += u64::from(player.logs_in_first);
            let worker = worker_of(player.session, self.workers.len());
            self.pieces[worker].players.push(player);
        }
        let worker = worker_of(session, self.workers.len());
        self.pieces[worker].arrivals.push(arrival);
    }

    /// Hands out the pieces; `false` when nobody wants them any more.
    fn send(&mut self) -> bool {
        let mut wanted = true;
        let routes = self.planner.routes().get(self.named..);
        let routes = routes.unwrap_or_default().to_vec();
        self.named += routes.len();
        for (worker, piece) in self.workers.iter().zip(&mut self.pieces) {
            let mut piece = std::mem::take(piece);
            piece.routes.clone_from(&routes);
            let due: Vec<_> = piece
                .arrivals
                .iter()
                .map(|arrival| arrival.due_ns)
                .collect();
            let taken = worker.blocking_send(piece).is_ok();
            if taken {
                let mut planned = lock(&self.planned);
                due.into_iter()
                    .for_each(|due_ns| planned.count(due_ns, self.warm_up_ns));
            }
            wanted &= taken;
        }
        let mut planned = lock(&self.planned);
        planned.routes.extend(routes);
        planned.players = self.players.count;
        planned.sessions = self.sessions.count;
        planned.log_in_first = self.log_in_first;
        wanted
    }
}

/// What was planned so far. A thread that panicked while it counted ends the run anyway.
pub(super) fn lock(planned: &Mutex<Planned>) -> MutexGuard<'_, Planned> {
    planned.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Planned {
    /// Takes note of an arrival.
    pub(crate) fn count(&mut self, due_ns: u64, warm_up_ns: u64) {
        if due_ns < warm_up_ns {
            return;
        }
        self.arrivals += 1;
        let second = usize::try_from(due_ns / NANOS_PER_SECOND).unwrap_or(usize::MAX);
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, 0);
        }
        self.seconds[second] += 1;
        let (first, last) = self.due_ns.unwrap_or((due_ns, due_ns));
        self.due_ns = Some((first.min(due_ns), last.max(due_ns)));
    }
}

/// Which worker plays a session.
pub(super) const fn worker_of(session: u32, workers: usize) -> usize {
    session as usize % workers
}

/// A set of small numbers.
#[derive(Default)]
struct Numbers {
    known: Vec<bool>,
    count: u64,
}

impl Numbers {
    fn add(&mut self, number: u32) {
        let at = number as usize;
        if self.known.len() <= at {
            self.known.resize((at + 1).next_power_of_two(), false);
        }
        self.count += u64::from(!std::mem::replace(&mut self.known[at], true));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::PlanError;
    use crate::plan::tests::laps::broken;
    use crate::plan::tests::{exchange, load, planner};

    /// Feeds all of a plan to workers; two milliseconds of it are the warm-up.
    fn fed(planner: Planner, workers: Vec<mpsc::Sender<Piece>>) -> Planned {
        let planned = Plan::default();
        Feed::new(planner, 2_000_000, workers, Arc::clone(&planned)).run();
        Arc::try_unwrap(planned).unwrap().into_inner().unwrap()
    }

    /// So many arrivals of five sessions, a millisecond after each other.
    fn of(count: u64) -> Planner {
        let exchanges = (0..count).map(|number| {
            let session = u8::try_from(number % 5).unwrap();
            exchange(number, number * 1_000_000, session)
        });
        planner(exchanges.collect(), load("1"))
    }

    fn taken(mut feed: mpsc::Receiver<Piece>) -> Vec<Piece> {
        std::iter::from_fn(|| feed.try_recv().ok()).collect()
    }

    #[test]
    fn arrivals_come_in_pieces_to_the_workers_of_their_sessions() {
        let (workers, feeds): (Vec<_>, Vec<_>) = (0..2).map(|_| mpsc::channel(9)).unzip();
        let planned = fed(of(3_000), workers);
        let mut arrivals = 0;
        for (worker, feed) in feeds.into_iter().enumerate() {
            let pieces = taken(feed);
            assert_eq!(pieces.len(), 3);
            let all: Vec<_> = pieces.iter().flat_map(|piece| &piece.arrivals).collect();
            let is_own = |it: &&Arrival| worker_of(it.entry().session, 2) == worker;
            assert!(all.iter().all(is_own));
            assert!(all.is_sorted_by_key(|arrival| arrival.due_ns));
            arrivals += all.len();
        }
        assert_eq!(arrivals, 3_000);
        // Those of the warm-up, which ends with the third, are in no number.
        assert_eq!(planned.arrivals, 2_998);
        assert_eq!(planned.seconds, [998, 1_000, 1_000]);
        assert_eq!(planned.due_ns, Some((2_000_000, 2_999_000_000)));
        assert_eq!((planned.players, planned.sessions), (5, 5));
    }

    #[test]
    fn what_a_worker_takes_counts_though_another_one_is_gone() {
        let (gone, _) = mpsc::channel(9);
        let (worker, feed) = mpsc::channel(9);
        let planned = fed(of(50), vec![gone, worker]);
        let pieces = taken(feed);
        let arrivals = pieces.iter().flat_map(|piece| &piece.arrivals);
        let counted = arrivals.filter(|arrival| arrival.due_ns >= 2_000_000);
        assert_eq!(planned.arrivals, counted.count() as u64);
    }

    #[test]
    fn what_was_planned_before_trouble_is_sent() {
        let (worker, feed) = mpsc::channel(9);
        let planned = fed(broken(), vec![worker]);
        let trouble = PlanError::Read("broken".to_owned()).to_string();
        assert_eq!(planned.trouble, Some(trouble));
        let pieces = taken(feed);
        assert!(pieces.iter().any(|piece| !piece.arrivals.is_empty()));
    }
}
