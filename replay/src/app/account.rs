//! What is known of a run apart from its numbers, and its summary.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::console;
use crate::engine::{Job, Measured, Moment, Planned, Shapes};
use crate::input::Captures;
use crate::judge::{verdict, whole_seconds};
use crate::merge::Source;
use crate::settings::{How, Load, Pace, SessionMode, Settings};
use crate::summarize::{About, Brought, summarize};
use crate::summary::{self, Memory, Model, Status, Summary, Verdict};
use crate::target::metrics::Watch;

/// What was said of the captures.
#[derive(Default)]
pub(super) struct Warned {
    pub(super) all: Vec<String>,
}

impl Warned {
    /// Says what is known by now and was not said yet.
    pub(super) fn tell(&mut self, captures: &Captures) {
        let ends = captures.ends().warnings;
        let known = captures.warnings.iter().cloned().chain(ends);
        for warning in known.skip(self.all.len()).collect::<Vec<_>>() {
            console::warning(&warning);
            self.all.push(warning);
        }
    }
}

/// What is known of the target's memory, which `watch` looked after.
pub(super) fn memory(watch: Watch, measured: &Measured, warned: &mut Warned) -> Option<Memory> {
    let start_ns = measured.job.counters.start_ns.load(Ordering::Relaxed);
    let (memory, warning) = watch.end(start_ns);
    if let Some(warning) = warning {
        console::warning(&warning);
        warned.all.push(warning);
    }
    memory
}

/// What the summary says of what was played: names of several captures stand in a row.
fn played(captures: &Captures) -> summary::Capture {
    let joined = |each: &dyn Fn(&Source) -> String| {
        let mut all: Vec<_> = captures.sources.iter().map(each).collect();
        all.dedup();
        all.join(", ")
    };
    let ends = captures.ends();
    summary::Capture {
        file: joined(&|source| source.file.display().to_string()),
        id: joined(&|source| source.header.capture.clone()),
        tool: joined(&|source| source.header.tool.clone()),
        exchanges: ends.exchanges,
        complete: ends.complete == captures.sources.len(),
    }
}

/// What is known of a run besides its numbers.
pub(super) struct Account<'a> {
    pub(super) settings: &'a Settings,
    pub(super) captures: &'a Captures,
    pub(super) job: Arc<Job>,
    /// When it began.
    pub(super) started: String,
    /// By how many days dates moved.
    pub(super) shift_days: Option<i64>,
}

impl Account<'_> {
    /// The summary of what happened up to a moment.
    pub(super) fn so_far(&self, moment: &Moment<'_>) -> Summary {
        let mut planned = moment.planned.clone();
        let seconds = whole_seconds(moment.at_ns);
        planned.seconds.truncate(seconds);
        planned.arrivals = planned.seconds.iter().sum();
        // The plan is made ahead of what is sent.
        planned.due_ns = planned
            .due_ns
            .map(|(first, last)| (first, last.min(moment.at_ns).max(first)));
        let about = self.about(&planned, 0);
        let mut summary = summarize(
            about,
            &Brought {
                planned: &planned,
                recorder: moment.recorder,
                shapes: &Shapes::new(),
                machine: &moment.machine(),
            },
        );
        summary.verdict = match summary.totals.sent {
            // In a warm-up there is nothing to judge yet.
            0 => Verdict {
                status: Status::Pass,
                reasons: Vec::new(),
            },
            _ => verdict(summary.verdict, &summary.thresholds, &summary.slo, None),
        };
        summary
    }

    /// The summary of the whole run. `noise` is an earlier replay that tells what is noise.
    pub(super) fn whole(
        &self,
        measured: &Measured,
        noise: Option<(String, Summary)>,
        memory: Option<Memory>,
        mut warnings: Vec<String>,
    ) -> Summary {
        for warning in troubles(measured) {
            console::warning(&warning);
            warnings.push(warning);
        }
        let upkeep = &measured.upkeep;
        let about = About {
            interrupted: measured.interrupted,
            upkeep: summary::Upkeep {
                log_ins: upkeep.log_ins,
                refreshes: upkeep.refreshes,
                retries: upkeep.retries,
                failed: upkeep.failed,
            },
            noise,
            memory,
            ended_by: measured.ended_by.as_ref(),
            warnings,
            ..self.about(&measured.planned, measured.connections)
        };
        summarize(
            about,
            &Brought {
                planned: &measured.planned,
                recorder: &measured.recorder,
                shapes: &measured.shapes,
                machine: &measured.machine,
            },
        )
    }

    fn about(&self, planned: &Planned, connections: u64) -> About<'_> {
        About {
            run: self.job.run.id.clone(),
            started: self.started.clone(),
            interrupted: false,
            capture: played(self.captures),
            settings: summary::Settings {
                users: planned.players,
                session_count: planned.sessions,
                log_in_first: planned.log_in_first,
                connections,
                shift_dates: self.shift_days,
                ..asked(self.settings, &self.job)
            },
            upkeep: summary::Upkeep::default(),
            noise: None,
            memory: None,
            criteria: &self.job.criteria,
            ended_by: None,
            intervals: self.settings.out.intervals,
            warnings: Vec::new(),
        }
    }
}

/// What went wrong beside the plan, in full sentences.
fn troubles(measured: &Measured) -> Vec<String> {
    let mut troubles = Vec::new();
    if measured.outranked {
        troubles.push(
            "real-time priority was not granted to `--pacing precise`, so that requests may \
             be late where others use this machine; `setcap cap_sys_nice=ep` on replay allows it"
                .to_owned(),
        );
    }
    let upkeep = &measured.upkeep;
    if let Some(first) = upkeep.failures.first() {
        troubles.push(format!(
            "{} of {} log-ins and refreshes outside the plan failed, such as {first}; \
             requests of these sessions may fail with `auth`",
            upkeep.failed,
            upkeep.failed + upkeep.log_ins + upkeep.refreshes
        ));
    }
    troubles
}

/// What was asked for, as the summary says it.
fn asked(settings: &Settings, job: &Job) -> summary::Settings {
    let Settings { load, how, to, .. } = settings;
    let headers = to.headers.iter().map(|header| header.name.to_string());
    let protocol = if how.http2 { "http/2" } else { "http/1.1" };
    summary::Settings {
        target: job.target.url().to_owned(),
        pace: load.pace.to_string(),
        users_ratio: load.users.to_string(),
        model: model(load, how),
        sessions: how.sessions.name().to_owned(),
        pacing: how.pacing.name().to_owned(),
        laps: load.laps,
        warm_up_s: load.warm_up.as_secs_f64(),
        protocol: protocol.to_owned(),
        connections_for: how.reuse.name().to_owned(),
        max_in_flight: how.max_in_flight.map(|most| most as u64),
        on_overload: how.on_overload.name().to_owned(),
        via_loadtest: to.via_loadtest,
        client_addresses: to.client_addresses.map(|range| range.to_string()),
        headers: headers.collect(),
        duration_s: load.duration.map(|duration| duration.as_secs_f64()),
        limit: load.limit.map(|limit| limit as u64),
        seed: load.seed,
        timeout_s: how.timeouts.request.as_secs_f64(),
        workers: how.workers as u64,
        users: 0,
        session_count: 0,
        verbatim: to.verbatim,
        on_unresolved: how.on_unresolved.name().to_owned(),
        shift_dates: None,
        log_in_first: 0,
        connections: 0,
    }
}

/// Who decides when a request goes.
fn model(load: &Load, how: &How) -> Model {
    match how.sessions {
        _ if load.pace == Pace::Max => Model::Closed,
        SessionMode::Open => Model::Open,
        SessionMode::Ordered | SessionMode::Think => Model::PartlyOpen,
    }
}
