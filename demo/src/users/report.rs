//! Counts what the users did.
//!
//! Users send events; one owner tallies them.

use std::collections::BTreeMap;
use std::time::Duration;

/// Something that happened to a user.
pub(super) enum Event {
    /// Logged in for the first time.
    Came,
    /// An answer came.
    Answered(Exchange),
    /// No answer came, and why.
    Broken(String),
    /// Done.
    Left,
}

/// One request and its answer, for the tally.
pub(super) struct Exchange {
    /// Method and template.
    pub(super) endpoint: String,
    pub(super) status: u16,
    /// Whether path, query or body carried an id.
    pub(super) identified: bool,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Answers so far.
    pub requests: u64,
    /// Failures so far.
    pub failed: u64,
    /// Users at work.
    pub users: usize,
    /// Since the start.
    pub elapsed: Duration,
    /// Planned length of the run.
    pub duration: Duration,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UsersReport {
    /// Answers received.
    pub requests: u64,
    /// Of those, how many requests carried an id in path, query or body.
    pub identified: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Answers by method and route template, such as `GET /people/{person_id}`.
    pub endpoints: BTreeMap<String, u64>,
    /// Requests without an answer or with a status from 400 up.
    pub failed: u64,
    /// The first failures, one line each.
    pub failures: Vec<String>,
    /// Users that logged in.
    pub users: usize,
    /// Length of the run.
    pub elapsed: Duration,
}

/// The running count.
pub(super) struct Tally {
    report: UsersReport,
    present: usize,
    duration: Duration,
}

impl Tally {
    pub(super) fn new(duration: Duration) -> Self {
        Self {
            report: UsersReport::default(),
            present: 0,
            duration,
        }
    }

    pub(super) fn take(&mut self, event: Event) {
        match event {
            Event::Came => {
                self.report.users += 1;
                self.present += 1;
            }
            Event::Left => self.present = self.present.saturating_sub(1),
            Event::Broken(why) => self.fail(why),
            Event::Answered(exchange) => self.answer(exchange),
        }
    }

    pub(super) fn progress(&self, elapsed: Duration) -> Progress {
        Progress {
            requests: self.report.requests,
            failed: self.report.failed,
            users: self.present,
            elapsed,
            duration: self.duration,
        }
    }

    pub(super) fn finish(mut self, elapsed: Duration) -> UsersReport {
        self.report.elapsed = elapsed;
        self.report
    }

    fn answer(&mut self, exchange: Exchange) {
        let Exchange {
            endpoint,
            status,
            identified,
        } = exchange;
        self.report.requests += 1;
        self.report.identified += u64::from(identified);
        *self.report.statuses.entry(status).or_default() += 1;
        if status >= 400 {
            self.fail(format!("{endpoint}: {status}"));
        }
        *self.report.endpoints.entry(endpoint).or_default() += 1;
    }

    fn fail(&mut self, why: String) {
        self.report.failed += 1;
        if self.report.failures.len() < FAILURES_KEPT {
            self.report.failures.push(why);
        }
    }
}

const FAILURES_KEPT: usize = 20;
