//! The planner: from the script to arrivals, for everybody who takes part and for every lap.
//!
//! Pure but for its input. What was compiled is kept for the next lap where it is small; of a large
//! capture only what is about to be sent is in memory.

mod queue;
mod reading;

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::settings::{Load, RoleSource};
use crate::users::Pool;

use super::address::address;
use super::cast::Cast;
use super::crowd::Crowd;
use super::entry::Entry;
use super::roles::Roles;
use super::schedule::Schedule;
use super::script::{Script, Selection};
use super::window::Window;
use super::{PlanError, Player, Recorded};

use queue::{Queue, Waiting};

/// What the plan is to be.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Which exchanges, and how they are sent.
    pub(crate) selection: Selection,
    /// How fast, and by how many.
    pub(crate) load: Load,
    /// One of these for each user.
    pub(crate) client_addresses: Option<IpNet>,
    /// Where the capture tells a user's role.
    pub(crate) role: Option<RoleSource>,
    /// Whether several recorded users may log in as one test user.
    pub(crate) share: bool,
    /// Whether there is a way to log in sessions that were recorded without their log-in.
    pub(crate) can_log_in: bool,
    /// The configuration file, for messages.
    pub(crate) config: String,
}

/// Gives the exchanges of the capture from the beginning, sorted by time; called for each lap.
pub(crate) type Open = dyn FnMut() -> Result<Input, PlanError> + Send;

/// The exchanges of a capture.
pub(crate) type Input = Box<dyn Iterator<Item = Result<Recorded, PlanError>> + Send>;

/// Makes arrivals, in the order in which they are due.
pub(crate) struct Planner {
    wanted: Wanted,
    schedule: Schedule,
    crowd: Crowd,
    cast: Cast,
    script: Script,
    open: Box<Open>,
    input: Option<Input>,
    /// The users' names, by number.
    users: Vec<String>,
    routes: Vec<String>,
    /// What was compiled and is not played yet, or all that was compiled, as long as it is small.
    kept: VecDeque<Arc<Window>>,
    weight: usize,
    keeps: bool,
    /// Whether all that this lap takes of the capture is compiled.
    is_read: bool,
    /// The next one of the kept that is played.
    next: usize,
    lap: Lap,
    waiting: Queue,
    /// The test user of each player.
    test_users: HashMap<u32, usize>,
    /// Sessions that do not take part, where that changes, by the number of who plays.
    out: HashSet<u32>,
    /// Arrivals so far.
    number: u64,
    newcomers: Vec<Player>,
}

/// The lap that is being played.
#[derive(Default)]
struct Lap {
    number: u32,
    /// Where it begins, in recorded nanoseconds from the beginning of the first.
    base_ns: u64,
    /// The latest exchange of it so far.
    last_ns: u64,
    entries: u64,
    ended: bool,
}

/// A request that is due at a known time.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// Nanoseconds from the run's start.
    pub(crate) due_ns: u64,
    /// From the end of its session's previous answer to here, where sessions think.
    pub(crate) pause_ns: Option<u64>,
    /// Where it is compiled.
    pub(crate) window: Arc<Window>,
    /// Its place there.
    pub(crate) entry: u32,
    /// Which one of those that stand for its user.
    pub(crate) clone: u32,
    /// Which time the capture is played, from 0.
    pub(crate) lap: u32,
}

impl Arrival {
    /// One of nobody in particular.
    #[cfg(test)]
    pub(crate) fn at(due_ns: u64) -> Self {
        Self {
            due_ns,
            pause_ns: None,
            window: Arc::default(),
            entry: 0,
            clone: 0,
            lap: 0,
        }
    }

    /// What is played.
    pub(crate) fn entry(&self) -> &Entry {
        &self.window.entries[self.entry as usize]
    }
}

impl Planner {
    /// Reads and compiles the beginning of the capture, all of a small one.
    pub(crate) fn new(wanted: Wanted, pool: Arc<Pool>, open: Box<Open>) -> Result<Self, PlanError> {
        let (load, role) = (&wanted.load, wanted.role.clone());
        let script = Script::new(wanted.selection.clone(), Roles::new(role));
        let crowd = Crowd::of(load);
        let cast = Cast::new(pool, load.seed, wanted.share, wanted.config.clone());
        let mut planner = Self {
            schedule: Schedule::of(load),
            cast,
            script,
            open,
            input: None,
            users: Vec::new(),
            routes: Vec::new(),
            kept: VecDeque::new(),
            weight: 0,
            keeps: load.laps != Some(1),
            is_read: false,
            next: 0,
            lap: Lap::default(),
            test_users: HashMap::new(),
            waiting: Queue::of(crowd.clones()),
            crowd,
            out: HashSet::new(),
            number: 0,
            newcomers: Vec::new(),
            wanted,
        };
        planner.prologue()?;
        Ok(planner)
    }

    /// The next arrival; `None` when the run is over.
    pub(crate) fn next(&mut self) -> Result<Option<Arrival>, PlanError> {
        loop {
            while self.is_open() {
                self.advance()?;
            }
            let Some(waiting) = self.waiting.pop() else {
                return Ok(None);
            };
            let number = self.number;
            let Some(due_ns) = self.schedule.due_ns(waiting.at_ns, number) else {
                return Ok(None);
            };
            if self.is_out(&waiting, due_ns) {
                continue;
            }
            self.number += 1;
            let pause_ns = waiting.window.entries[waiting.entry as usize].pause_ns;
            return Ok(Some(Arrival {
                due_ns,
                pause_ns: pause_ns.map(|pause_ns| self.schedule.pause_ns(pause_ns, due_ns)),
                window: waiting.window,
                entry: waiting.entry,
                clone: waiting.clone,
                lap: waiting.lap,
            }));
        }
    }

    /// Who came since this was asked last, and needs or gets a token.
    pub(crate) fn newcomers(&mut self) -> Vec<Player> {
        std::mem::take(&mut self.newcomers)
    }

    /// Method and path template of each route, by number.
    pub(crate) fn routes(&self) -> &[String] {
        &self.routes
    }

    /// How many stand for one recorded user at most.
    pub(crate) const fn clones(&self) -> u32 {
        self.crowd.clones()
    }

    /// The number of one of those that stand for a user; of sessions and identities alike.
    pub(crate) fn player(&self, user: u32, clone: u32) -> u32 {
        user * self.crowd.clones() + clone
    }

    /// The address that an arrival's sender has of its own.
    pub(crate) fn address(&self, arrival: &Arrival) -> Option<IpAddr> {
        let player = self.player(arrival.entry().user, arrival.clone);
        address(self.wanted.client_addresses?, player)
    }

    /// Whether an exchange that is not known yet may come before all that waits.
    fn is_open(&self) -> bool {
        let known_ns = self.lap.base_ns + self.lap.last_ns;
        let first = self.waiting.peek();
        !self.lap.ended && first.is_none_or(|first| first.at_ns > known_ns)
    }

    /// Lets everybody play the next window, or begins the next lap.
    fn advance(&mut self) -> Result<(), PlanError> {
        if self.next == self.kept.len() && !self.read()? {
            self.end_lap();
            return Ok(());
        }
        let window = if self.keeps {
            self.next += 1;
            Arc::clone(&self.kept[self.next - 1])
        } else if let Some(window) = self.kept.pop_front() {
            window
        } else {
            return Ok(());
        };
        for (entry, place) in window.entries.iter().zip(0..) {
            self.lap.last_ns = entry.at_ns;
            self.lap.entries += 1;
            for clone in 0..self.crowd.clones() {
                self.wait(&window, entry, place, clone);
            }
        }
        Ok(())
    }

    fn wait(&mut self, window: &Arc<Window>, entry: &Entry, place: u32, clone: u32) {
        let user = &self.users[entry.user as usize];
        if self.crowd.is_steady() && !self.crowd.takes(user, clone, 0) {
            return;
        }
        let shift_ns = self.crowd.shift_ns(user, clone);
        let at_ns = self.lap.base_ns + entry.at_ns;
        self.waiting.push(Waiting {
            at_ns: at_ns.saturating_add(shift_ns),
            order: self.lap.entries,
            window: Arc::clone(window),
            entry: place,
            clone,
            lap: self.lap.number,
        });
    }

    /// Whether it is of a session that does not take part, which is decided when that begins.
    fn is_out(&mut self, waiting: &Waiting, due_ns: u64) -> bool {
        if self.crowd.is_steady() {
            return false;
        }
        let entry = &waiting.window.entries[waiting.entry as usize];
        let session = self.player(entry.session, waiting.clone);
        if entry.pause_ns.is_none() {
            let user = &self.users[entry.user as usize];
            if self.crowd.takes(user, waiting.clone, due_ns) {
                self.out.remove(&session);
            } else {
                self.out.insert(session);
            }
        }
        self.out.contains(&session)
    }

    fn end_lap(&mut self) {
        let Lap {
            number,
            base_ns,
            last_ns,
            entries,
            ..
        } = self.lap;
        let is_last = self.wanted.load.laps.is_some_and(|laps| number + 1 >= laps);
        if is_last || entries == 0 {
            self.lap.ended = true;
            return;
        }
        // The gap between the laps is like those between exchanges.
        let gap_ns = (last_ns / entries).max(1);
        self.lap = Lap {
            number: number + 1,
            base_ns: base_ns.saturating_add(last_ns).saturating_add(gap_ns),
            ..Lap::default()
        };
        self.next = 0;
        self.is_read = self.keeps;
    }
}
