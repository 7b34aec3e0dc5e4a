//! Settings: what the program works with, after flags, environment, file and defaults are joined.
//!
//! The rest of the crate sees neither clap nor TOML.

mod auth;
pub(crate) mod decimal;
pub(crate) mod file;
pub(crate) mod filter;
pub(crate) mod load;
mod outputs;
pub(crate) mod resolve;
mod rewrite;
pub(crate) mod route;
pub(crate) mod scenario;
mod shift;
pub(crate) mod values;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;

use crate::judge::{Check, Objective, Rule};
use crate::summary::Level;

pub(crate) use auth::{Auth, AuthRequest, RoleSource, Sends, Users};
pub(crate) use decimal::Decimal;
pub(crate) use filter::Filter;
pub(crate) use load::{Load, Pace, Rate, Stages, What};
pub(crate) use outputs::{Outputs, ReportFile, ReportKind, SummaryMode};
pub(crate) use rewrite::Rewrite;
pub(crate) use shift::{ShiftDates, UniqueField};
pub(crate) use values::{ExtraHeader, OnOverload, OnUnresolved, Pacing, Reuse, SessionMode};

/// Everything that a run was asked to do.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The file that settings come from, or would, for messages.
    pub(crate) config: String,
    /// The captures to play, at least one.
    pub(crate) captures: Vec<PathBuf>,
    /// Which of their exchanges.
    pub(crate) filter: Filter,
    /// How fast, and by how many.
    pub(crate) load: Load,
    /// Where it goes.
    pub(crate) to: Destination,
    /// Who logs in.
    pub(crate) users: Users,
    /// How they log in.
    pub(crate) auth: Auth,
    /// How it is sent.
    pub(crate) how: How,
    /// What it is judged by.
    pub(crate) judging: Judging,
    /// What comes out.
    pub(crate) out: Out,
}

impl Settings {
    /// The captures' names, for people.
    pub(crate) fn captures(&self) -> String {
        let names = self.captures.iter().map(|path| path.display().to_string());
        names.collect::<Vec<_>>().join(", ")
    }
}

/// Where requests go and how they are marked.
#[derive(Debug)]
pub(crate) struct Destination {
    /// The target's URL, not yet checked.
    pub(crate) target: Option<String>,
    /// Hosts that may be loaded besides loopback and private ranges.
    pub(crate) allow_targets: Vec<String>,
    /// Whether `/api/v1/…` is sent as `/api/loadtest/…`.
    pub(crate) via_loadtest: bool,
    /// The key for that; `None` when there is none to be had.
    pub(crate) key: Option<SecretString>,
    /// Added to every request.
    pub(crate) headers: Vec<ExtraHeader>,
    /// How paths are sent otherwise than recorded.
    pub(crate) rewrites: Vec<Rewrite>,
    /// Whether requests are sent as recorded, with nothing of this run in them.
    pub(crate) verbatim: bool,
    /// How dates in requests move.
    pub(crate) shift_dates: Option<ShiftDates>,
    /// Places whose values are others for everybody who plays, besides e-mail addresses.
    pub(crate) unique: Vec<UniqueField>,
    /// One address of these for each user.
    pub(crate) client_addresses: Option<IpNet>,
    /// The configuration of the proxy in front of it, for the limits that it sets.
    pub(crate) limits: Option<PathBuf>,
    /// The URL at which it tells its metrics, not yet checked.
    pub(crate) metrics: Option<String>,
    /// How a secure target is believed.
    pub(crate) tls: Tls,
}

/// How a secure target is believed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tls {
    /// A PEM file of the authorities to believe; without it those of the system.
    pub(crate) authorities: Option<PathBuf>,
    /// Any certificate will do.
    pub(crate) insecure: bool,
    /// Every connection shakes hands in full.
    pub(crate) no_resumption: bool,
}

/// How requests are sent.
#[derive(Debug, Clone)]
pub(crate) struct How {
    /// What an arrival waits for.
    pub(crate) sessions: SessionMode,
    /// How the pacer waits for the next due time.
    pub(crate) pacing: Pacing,
    /// How long things may take.
    pub(crate) timeouts: Timeouts,
    /// Threads that send.
    pub(crate) workers: usize,
    /// Whom connections are for.
    pub(crate) reuse: Reuse,
    /// Connections that may be open.
    pub(crate) max_connections: Option<usize>,
    /// HTTP/2 instead of HTTP/1.1.
    pub(crate) http2: bool,
    /// Requests that may be on their way.
    pub(crate) max_in_flight: Option<usize>,
    /// What becomes of an arrival beyond that.
    pub(crate) on_overload: OnOverload,
    /// What becomes of an arrival with a link that has no live value.
    pub(crate) on_unresolved: OnUnresolved,
}

/// How long things may take.
#[derive(Debug, Clone)]
pub(crate) struct Timeouts {
    /// To connect, and then to agree on TLS.
    pub(crate) connect: Duration,
    /// From the request's first byte to the answer's first.
    pub(crate) answer: Option<Duration>,
    /// From the request's first byte to the answer's last.
    pub(crate) request: Duration,
}

/// What a run is judged by.
#[derive(Debug)]
pub(crate) struct Judging {
    /// Thresholds.
    pub(crate) rules: Vec<Rule>,
    /// Service level objectives, and the level of them that is asked for.
    pub(crate) objectives: Vec<Objective>,
    pub(crate) level: Option<Level>,
    /// Checks on answers.
    pub(crate) checks: Vec<Check>,
    /// Summaries of earlier runs, or folders of them.
    pub(crate) baselines: Vec<PathBuf>,
    /// By how much something may be worse than there, as a share.
    pub(crate) max_regression: f64,
    /// Where to put the summary as a baseline for later runs.
    pub(crate) save_baseline: Option<PathBuf>,
}

/// What the program prints and writes.
#[derive(Debug)]
pub(crate) struct Out {
    /// The folder for the summary and the report; `None` picks a new one under `results/`.
    pub(crate) dir: Option<PathBuf>,
    /// What is written besides.
    pub(crate) outputs: Outputs,
    /// Print the plan and send nothing.
    pub(crate) dry_run: bool,
    /// No progress.
    pub(crate) quiet: bool,
    /// The summary of an earlier replay, which tells what is noise.
    pub(crate) noise_from: Option<PathBuf>,
    /// Say how sure percentiles are.
    pub(crate) intervals: bool,
    /// Serve the report there while the run goes.
    pub(crate) live: Option<SocketAddr>,
    /// Let that page start, pause and stop the run.
    pub(crate) live_control: bool,
}
