//! What can be measured: k6's metrics as far as a replay has them, and some of its own.
//!
//! Pure. Names and kinds are those of k6 2.2.

use crate::summary::Unit;

/// Something that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metric {
    /// How long a request took, by a clock; without one the response time.
    Duration(Clock),
    /// How long a part of that took.
    Step(Step),
    /// Requests without an answer, or with a status of 400 or more.
    Failed,
    /// Requests without an answer, or with a status of 500 or more.
    Errors,
    /// The others.
    Availability,
    /// Answers with the recorded status.
    EqualStatuses,
    /// Requests.
    Requests,
    /// Bytes sent.
    DataSent,
    /// Bytes received.
    DataReceived,
    /// Checks on answers.
    Checks,
    /// Arrivals that were not sent.
    Dropped,
    /// Who plays.
    Users,
    /// By how much answers became slower over the run, as a share; 0 where that may be chance.
    Trend,
    /// Seconds until answers were as before a peak of the load.
    RecoveryTime,
    /// The share of the time after a peak in which answers were as before it.
    Recovered,
    /// By how much the target's memory grew, as a share.
    MemoryGrowth,
}

/// The clocks of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Due to last byte.
    Response,
    /// Sent to last byte.
    Service,
    /// Due to sent, less the link wait.
    Lateness,
    /// How long it waited for an answer that it depends on.
    LinkWait,
}

/// The parts of the service time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Waiting for a connection.
    Blocked,
    /// Connecting, TLS included.
    Connecting,
    /// First to last byte of the request.
    Sending,
    /// Last byte of the request to first byte of the answer.
    Waiting,
    /// First to last byte of the answer.
    Receiving,
}

/// How samples of a metric are added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A sum.
    Counter,
    /// One value.
    Gauge,
    /// How many of all.
    Rate,
    /// A distribution of times.
    Trend,
}

impl Metric {
    /// The metric of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let mut all = NAMES.iter();
        all.find(|(known, _)| *known == name)
            .map(|(_, metric)| *metric)
    }

    /// All names, for messages.
    pub(super) fn names() -> String {
        let names: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// How its samples are added up.
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Duration(_) | Self::Step(_) => Kind::Trend,
            Self::Failed
            | Self::Errors
            | Self::Availability
            | Self::EqualStatuses
            | Self::Checks => Kind::Rate,
            Self::Requests | Self::DataSent | Self::DataReceived | Self::Dropped => Kind::Counter,
            Self::Users
            | Self::Trend
            | Self::RecoveryTime
            | Self::Recovered
            | Self::MemoryGrowth => Kind::Gauge,
        }
    }

    /// The unit of its sum, value or times.
    pub(super) const fn unit(self) -> Unit {
        match self {
            Self::Duration(_) | Self::Step(_) => Unit::Milliseconds,
            Self::Failed
            | Self::Errors
            | Self::Availability
            | Self::EqualStatuses
            | Self::Checks
            | Self::Trend
            | Self::Recovered
            | Self::MemoryGrowth => Unit::Share,
            Self::Requests | Self::Dropped | Self::Users => Unit::Count,
            Self::DataSent | Self::DataReceived => Unit::Bytes,
            Self::RecoveryTime => Unit::Seconds,
        }
    }

    /// Whether it is known while a run goes on.
    pub(super) const fn is_known_meanwhile(self) -> bool {
        !matches!(
            self,
            Self::Trend | Self::RecoveryTime | Self::Recovered | Self::MemoryGrowth
        )
    }

    /// Whether each request is a sample of it, so that requests can be chosen by tags.
    pub(super) const fn is_of_requests(self) -> bool {
        !matches!(self.kind(), Kind::Gauge) && !matches!(self, Self::Checks | Self::Dropped)
    }
}

impl Clock {
    /// The clock that is called so.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "response" => Self::Response,
            "service" => Self::Service,
            "lateness" => Self::Lateness,
            "link_wait" => Self::LinkWait,
            _ => return None,
        })
    }
}

const NAMES: [(&str, Metric); 20] = [
    ("http_req_duration", Metric::Duration(Clock::Response)),
    ("http_req_failed", Metric::Failed),
    ("http_reqs", Metric::Requests),
    ("http_req_blocked", Metric::Step(Step::Blocked)),
    ("http_req_connecting", Metric::Step(Step::Connecting)),
    ("http_req_sending", Metric::Step(Step::Sending)),
    ("http_req_waiting", Metric::Step(Step::Waiting)),
    ("http_req_receiving", Metric::Step(Step::Receiving)),
    ("checks", Metric::Checks),
    ("data_sent", Metric::DataSent),
    ("data_received", Metric::DataReceived),
    ("dropped_iterations", Metric::Dropped),
    ("vus", Metric::Users),
    ("server_errors", Metric::Errors),
    ("availability", Metric::Availability),
    ("equal_statuses", Metric::EqualStatuses),
    ("latency_trend", Metric::Trend),
    ("recovery_time", Metric::RecoveryTime),
    ("recovered", Metric::Recovered),
    ("memory_growth", Metric::MemoryGrowth),
];
