//! Turns what was recorded into the summary.
//!
//! Pure; every number of the reports is computed here.

mod divergence;
mod times;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::clock::NANOS_PER_SECOND;
use crate::course;
use crate::engine::{Planned, Shapes};
use crate::fidelity::{duration_ratio, ks_gaps};
use crate::judge::{Criteria, EndedBy, Evidence, Judged, Rates, Seen, Span, judge, whole_seconds};
use crate::record::{self, Counts, Endpoint, Recorder};
use crate::summary::{
    Capture, Check, Course, Endpoint as EndpointSummary, FORMAT, Fidelity, Memory, Model, Outcomes,
    Second, Settings, Summary, Totals, Upkeep, VERSION, WindowError,
};

use times::{at, latency, phases};

/// What is known of a run apart from its numbers.
pub(crate) struct About<'a> {
    /// The run's name.
    pub(crate) run: String,
    /// When it began, RFC 3339.
    pub(crate) started: String,
    /// Whether it was cut short.
    pub(crate) interrupted: bool,
    /// What was played.
    pub(crate) capture: Capture,
    /// How it was played.
    pub(crate) settings: Settings,
    /// What was done so that sessions are logged in.
    pub(crate) upkeep: Upkeep,
    /// An earlier replay that tells what is noise, and its name.
    pub(crate) noise: Option<(String, Summary)>,
    /// The target's memory, where that is known.
    pub(crate) memory: Option<Memory>,
    /// What it is judged by, and the rule that ended it.
    pub(crate) criteria: &'a Criteria,
    pub(crate) ended_by: Option<&'a EndedBy>,
    /// Whether to say how sure percentiles are.
    pub(crate) intervals: bool,
    /// What a reader should know.
    pub(crate) warnings: Vec<String>,
}

/// What a run brought, to be summarized.
pub(crate) struct Brought<'a> {
    /// What was to be sent.
    pub(crate) planned: &'a Planned,
    /// What was.
    pub(crate) recorder: &'a Recorder,
    /// How shapes of answers differ.
    pub(crate) shapes: &'a Shapes,
    /// What a bare timer was late by meanwhile, in microseconds.
    pub(crate) machine: &'a Histogram<u32>,
}

/// The summary of a run.
pub(crate) fn summarize(about: About<'_>, brought: &Brought<'_>) -> Summary {
    let Brought {
        planned, recorder, ..
    } = *brought;
    let all = together(&recorder.endpoints);
    let duration_ns = recorder.last_ended_ns.saturating_sub(recorder.warm_up_ns);
    let duration_s = duration_ns as f64 / NANOS_PER_SECOND as f64;
    let totals = totals(all.counts, duration_s);
    let latency = latency(&recorder.all, about.intervals);
    let fidelity = fidelity(brought, &totals, &all);
    let (statuses, errors) = (statuses(&all), errors(&all));
    let is_closed = about.settings.model == Model::Closed;
    let verdict = judge(&Evidence {
        totals: &totals,
        latency: &latency,
        fidelity: &fidelity,
        statuses: &statuses,
        errors: &errors,
        via_loadtest: about.settings.via_loadtest,
        interrupted: about.interrupted,
        is_closed,
        aborted: recorder.aborted,
        trouble: planned.trouble.clone(),
        ended_by_rule: about.ended_by.is_some(),
    });
    let series = series(planned, recorder, is_closed);
    let course = Course {
        memory: about.memory.clone(),
        ..course::of(&series, is_closed)
    };
    let checks = about.criteria.counted(&recorder.checks);
    let judged = judged(&about, brought, &totals, (&checks, &course));
    Summary {
        format: FORMAT.to_owned(),
        version: VERSION,
        tool: concat!("replay ", env!("CARGO_PKG_VERSION")).to_owned(),
        verdict,
        run: about.run,
        started: about.started,
        interrupted: about.interrupted,
        capture: about.capture,
        settings: about.settings,
        statuses,
        errors,
        endpoints: endpoints(planned, recorder, duration_s, about.intervals),
        series,
        upkeep: about.upkeep,
        divergence: divergence::of(brought, &all, about.noise),
        totals,
        latency,
        phases: phases(&recorder.steps, about.intervals),
        fidelity,
        course,
        checks,
        thresholds: judged.thresholds,
        slo: judged.slo,
        comparison: None,
        advice: Vec::new(),
        warnings: about.warnings,
    }
}

/// All routes as one.
fn together(endpoints: &[Endpoint]) -> Endpoint {
    let mut all = Endpoint::default();
    endpoints.iter().for_each(|endpoint| all.merge(endpoint));
    all
}

/// How it went with what was asked for.
fn judged(
    about: &About<'_>,
    brought: &Brought<'_>,
    totals: &Totals,
    (checks, course): (&[Check], &Course),
) -> Judged {
    let Brought {
        planned, recorder, ..
    } = *brought;
    let seen = Seen {
        meters: &recorder.meters,
        duration_s: totals.duration_s,
        span: Span {
            from: whole_seconds(recorder.warm_up_ns),
            until: over(planned),
            goes_on: false,
        },
        dropped: totals.dropped,
        rates: rates(planned, recorder, totals),
        users: planned.players,
        checks,
        course,
    };
    about.criteria.judge(&seen, about.ended_by)
}

/// Seconds of the plan that are over with its last arrival.
fn over(planned: &Planned) -> usize {
    let last_ns = planned.due_ns.map_or(0, |(_, last_ns)| last_ns);
    usize::try_from(last_ns / NANOS_PER_SECOND).unwrap_or(usize::MAX)
}

/// Requests a second while requests were sent. Gaps are one fewer than requests: the time that the
/// last one stands for is that of a gap.
fn rates(planned: &Planned, recorder: &Recorder, totals: &Totals) -> Rates {
    let of = |count: u64, from_ns: u64, to_ns: u64| {
        let (count, length_ns) = (count as f64, to_ns.saturating_sub(from_ns));
        match length_ns < NANOS_PER_SECOND || count < 2.0 {
            true => 0.0,
            false => (count - 1.0) * NANOS_PER_SECOND as f64 / length_ns as f64,
        }
    };
    let (first_ns, last_ns) = planned.due_ns.unwrap_or_default();
    Rates {
        planned: of(planned.arrivals, first_ns, last_ns),
        sent: of(totals.sent, recorder.first_sent_ns, recorder.last_sent_ns),
    }
}

fn totals(counts: Counts, duration_s: f64) -> Totals {
    Totals {
        planned: counts.planned(),
        sent: counts.sent,
        dropped: counts.dropped,
        completed: counts.sent - counts.failed,
        failed: counts.failed,
        failed_ratio: counts.failed as f64 / counts.sent.max(1) as f64,
        duration_s,
        rate: if duration_s > 0.0 {
            counts.sent as f64 / duration_s
        } else {
            0.0
        },
        bytes_sent: counts.bytes_sent,
        bytes_received: counts.bytes_received,
    }
}

fn endpoints(
    planned: &Planned,
    recorder: &Recorder,
    duration_s: f64,
    intervals: bool,
) -> Vec<EndpointSummary> {
    let routes = planned.routes.iter().zip(&recorder.endpoints);
    let routes = routes.filter(|(_, endpoint)| endpoint.counts.planned() > 0);
    let mut endpoints: Vec<_> = routes
        .map(|(route, endpoint)| EndpointSummary {
            route: route.clone(),
            totals: totals(endpoint.counts, duration_s),
            latency: latency(&endpoint.clocks, intervals),
            statuses: statuses(endpoint),
            errors: errors(endpoint),
        })
        .collect();
    endpoints.sort_by_key(|endpoint| (Reverse(endpoint.totals.planned), endpoint.route.clone()));
    endpoints
}

fn statuses(endpoint: &Endpoint) -> BTreeMap<String, u64> {
    let statuses = endpoint.statuses.iter();
    statuses
        .map(|(status, &count)| (status.to_string(), count))
        .collect()
}

fn errors(endpoint: &Endpoint) -> BTreeMap<String, u64> {
    let errors = endpoint.errors.iter();
    errors
        .map(|(failure, &count)| (failure.name().to_owned(), count))
        .collect()
}

fn series(planned: &Planned, recorder: &Recorder, is_closed: bool) -> Vec<Second> {
    // Where the target decides when a request goes, that is when it was to go.
    let sent = || {
        recorder
            .seconds
            .iter()
            .map(|second| second.tally.sent)
            .collect()
    };
    let mut planned = if is_closed {
        sent()
    } else {
        planned.seconds.clone()
    };
    planned.resize(planned.len().max(recorder.seconds.len()), 0);
    let seconds = recorder.seconds.iter().map(Some);
    let seconds = seconds.chain(std::iter::repeat(None));
    let of = |(second, (planned, recorded)): (_, (_, Option<record::Second<record::Tally>>))| {
        let recorded = recorded.unwrap_or_default();
        let [c2xx, c3xx, c4xx, c5xx, error] = recorded.tally.kinds;
        Second {
            second,
            planned,
            sent: recorded.tally.sent,
            failed: recorded.tally.failed,
            p50: at(&recorded.response, 0.5),
            p95: at(&recorded.response, 0.95),
            p99: at(&recorded.response, 0.99),
            lateness_max: recorded.tally.lateness_max_ns / 1_000,
            outcomes: Outcomes {
                c2xx,
                c3xx,
                c4xx,
                c5xx,
                error,
            },
        }
    };
    (0..)
        .zip(planned.into_iter().zip(seconds))
        .map(of)
        .collect()
}

fn fidelity(brought: &Brought<'_>, totals: &Totals, all: &Endpoint) -> Fidelity {
    let Brought {
        planned,
        recorder,
        machine,
        ..
    } = *brought;
    let [ms_10, ms_100, s_1] = recorder.windows.errors();
    let judged = &recorder.judged_lateness;
    let length_ns = planned.due_ns.map_or(0, |(first, last)| last - first);
    Fidelity {
        duration_ratio: duration_ratio(length_ns, recorder.first_sent_ns, recorder.last_sent_ns),
        achieved_ratio: share(
            totals.sent,
            totals.planned - recorder.overloaded - recorder.skipped,
        ),
        judged_lateness_p99: at(judged, 0.99),
        judged_arrivals: judged.len(),
        machine_lateness_p99: at(machine, 0.99),
        window_error: WindowError { ms_10, ms_100, s_1 },
        ks_gaps: ks_gaps(recorder.sends.all()),
        order_inversions: recorder.order_inversions,
        dropped_as_asked: recorder.overloaded,
        skipped_as_asked: recorder.skipped,
        unresolved_links: all.links.missing.values().sum(),
        identifier_requests: all.identified,
    }
}

/// A part of a whole; of nothing, all.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

#[cfg(test)]
mod tests;
