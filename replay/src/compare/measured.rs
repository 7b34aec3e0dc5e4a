//! What was measured in a run, whatever the tool: figures of all requests, and by route.
//!
//! Pure.

use std::collections::BTreeMap;
use std::fmt;

use crate::hdr::HdrError;
use crate::summary::{Endpoint, Latency, RouteDivergence, Status, Summary, Totals};

use super::durations::Durations;

/// A run.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// What people call it: the file that it was read from.
    pub(crate) name: String,
    /// What measured it.
    pub(crate) tool: Tool,
    /// When it began, RFC 3339, where the tool tells.
    pub(crate) started: Option<String>,
    /// Its verdict, where it has one.
    pub(crate) verdict: Option<Status>,
    /// Why its numbers are to be taken with care, as what it does or did: `was interrupted`.
    pub(crate) doubts: Vec<String>,
    /// Whether its numbers say something about the target.
    pub(crate) holds: bool,
    /// How the load was set, by name, as far as the tool tells.
    pub(crate) load: Vec<(&'static str, String)>,
    /// All requests together.
    pub(crate) all: Figures,
    /// By method and path template.
    pub(crate) routes: BTreeMap<String, Figures>,
}

/// The figures of all requests, or of a route; what the tool does not tell is `None`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// Requests; 0 where that is not known.
    pub(crate) requests: u64,
    /// From due to last byte.
    pub(crate) response: Option<Durations>,
    /// From sent to last byte.
    pub(crate) service: Option<Durations>,
    /// Requests that failed.
    pub(crate) failed: Option<Share>,
    /// Checks that did not hold.
    pub(crate) failed_checks: Option<Share>,
    /// Answers with another status than the recorded one.
    pub(crate) other_statuses: Option<Share>,
    /// Requests a second.
    pub(crate) rate: Option<f64>,
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    /// The part: what is bad.
    pub(crate) part: u64,
    /// The whole.
    pub(crate) of: u64,
}

/// What can measure a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tool {
    /// k6.
    K6,
    /// Locust.
    Locust,
    /// oha.
    Oha,
    /// This program.
    Replay,
}

impl Measured {
    /// What a run of this program measured, under the name of the run.
    pub(crate) fn from_summary(summary: &Summary) -> Result<Self, Damaged> {
        let mut all = figures("", &summary.totals, &summary.latency)?;
        all.failed_checks = share(summary.checks.iter().fold((0, 0), |(fails, of), check| {
            (fails + check.fails, of + check.fails + check.passes)
        }));
        all.other_statuses = other_statuses(summary.divergence.routes.iter());
        let mut routes = BTreeMap::new();
        for endpoint in &summary.endpoints {
            routes.insert(endpoint.route.clone(), of_route(summary, endpoint)?);
        }
        Ok(Self {
            name: summary.run.clone(),
            tool: Tool::Replay,
            started: Some(summary.started.clone()),
            verdict: Some(summary.verdict.status),
            doubts: doubts(summary),
            holds: summary.verdict.status != Status::Invalid && summary.totals.completed > 0,
            load: load(summary),
            all,
            routes,
        })
    }

    /// The same under another name.
    pub(crate) fn named(self, name: String) -> Self {
        Self { name, ..self }
    }
}

impl Figures {
    /// How long they took by this clock.
    pub(crate) fn durations(&self, clock: Clock) -> Option<&Durations> {
        match clock {
            Clock::Response => self.response.as_ref(),
            Clock::Service => self.service.as_ref(),
        }
    }
}

/// From when on a duration is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// From when the request was due.
    Response,
    /// From when it was sent: all that other tools know.
    Service,
}

impl Clock {
    /// The only one that all of these runs have.
    pub(crate) fn of_all<'a>(mut runs: impl Iterator<Item = &'a Measured>) -> Self {
        if runs.all(|run| run.tool == Tool::Replay) {
            Self::Response
        } else {
            Self::Service
        }
    }

    /// How metrics are named after it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Service => "service",
        }
    }
}

impl Share {
    /// As a share of one.
    pub(crate) fn value(self) -> f64 {
        self.part as f64 / self.of as f64
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::K6 => "k6",
            Self::Locust => "Locust",
            Self::Oha => "oha",
            Self::Replay => "replay",
        })
    }
}

/// A histogram of a summary that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("`{at}` {reason}")]
pub(crate) struct Damaged {
    at: String,
    reason: HdrError,
}

fn of_route(summary: &Summary, endpoint: &Endpoint) -> Result<Figures, Damaged> {
    let name = &endpoint.route;
    let mut figures = figures(
        &format!("endpoints of {name}: "),
        &endpoint.totals,
        &endpoint.latency,
    )?;
    let compared = summary.divergence.routes.iter();
    figures.other_statuses = other_statuses(compared.filter(|route| route.route == *name));
    Ok(figures)
}

fn other_statuses<'a>(routes: impl Iterator<Item = &'a RouteDivergence>) -> Option<Share> {
    share(routes.fold((0, 0), |(other, of), route| {
        let differ = route.requests.saturating_sub(route.equal);
        (other + differ, of + route.requests)
    }))
}

fn figures(place: &str, totals: &Totals, latency: &Latency) -> Result<Figures, Damaged> {
    let durations = |name: &str, distribution| {
        Durations::of(distribution).map_err(|reason| Damaged {
            at: format!("{place}latency.{name}.hdr"),
            reason,
        })
    };
    Ok(Figures {
        requests: totals.sent,
        response: Some(durations("response", &latency.response)?),
        service: Some(durations("service", &latency.service)?),
        failed: share((totals.failed, totals.sent)),
        failed_checks: None,
        other_statuses: None,
        rate: Some(totals.rate),
    })
}

/// A share of nothing is none, and no part is more than its whole.
pub(super) fn share((part, of): (u64, u64)) -> Option<Share> {
    (of > 0).then_some(Share {
        part: part.min(of),
        of,
    })
}

fn doubts(summary: &Summary) -> Vec<String> {
    let because = |what: &str| match summary.verdict.reasons.as_slice() {
        [] => what.to_owned(),
        [reason, ..] => format!("{what}: {reason}"),
    };
    let verdict = match summary.verdict.status {
        Status::Pass => None,
        Status::Fail => Some(because("failed")),
        Status::Invalid => Some(because(
            "is invalid, so that its numbers say nothing about the target",
        )),
    };
    let interrupted = summary.interrupted.then(|| "was interrupted".to_owned());
    verdict.into_iter().chain(interrupted).collect()
}

/// What decides how much was sent, and how it was: what two runs have to have in common.
fn load(summary: &Summary) -> Vec<(&'static str, String)> {
    let settings = &summary.settings;
    let or_none = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
    let seconds = |value: f64| format!("{value} s");
    vec![
        ("capture", summary.capture.id.clone()),
        ("target", settings.target.clone()),
        ("pace", settings.pace.clone()),
        ("users", settings.users_ratio.clone()),
        ("sessions", settings.sessions.clone()),
        (
            "laps",
            settings
                .laps
                .map_or_else(|| "until the end".to_owned(), |it| it.to_string()),
        ),
        ("length", or_none(settings.duration_s.map(seconds))),
        ("limit", or_none(settings.limit.map(|it| it.to_string()))),
        ("warm-up", seconds(settings.warm_up_s)),
        (
            "requests in flight",
            or_none(settings.max_in_flight.map(|it| it.to_string())),
        ),
        ("overload", settings.on_overload.clone()),
        ("protocol", settings.protocol.clone()),
        ("connections", settings.connections_for.clone()),
        ("load-test path", settings.via_loadtest.to_string()),
        ("verbatim", settings.verbatim.to_string()),
        ("unresolved links", settings.on_unresolved.clone()),
        ("timeout", seconds(settings.timeout_s)),
        ("planned requests", planned(summary)),
    ]
}

/// Differs where another part of the capture was played. What ends by the clock, or was ended, has
/// no number that could be kept.
fn planned(summary: &Summary) -> String {
    let settings = &summary.settings;
    let by_count = settings.laps.is_some() && settings.duration_s.is_none();
    if by_count && !summary.interrupted {
        summary.totals.planned.to_string()
    } else {
        "as many as there was time for".to_owned()
    }
}
