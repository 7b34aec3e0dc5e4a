//! Everything that can be typed to play captures, by the headings of `--help`.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use ipnet::IpNet;

use super::Outputs;
use crate::settings::filter::Conditions;
use crate::settings::values::{count, duration, laps, live, seed};
use crate::settings::{
    Decimal, ExtraHeader, OnOverload, OnUnresolved, Pace, Pacing, Reuse, Rewrite, SessionMode,
    ShiftDates, Stages, load,
};

use super::judging::JudgingArgs;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The capture to play, .jsonl or .jsonl.zst; several are played on one time line
    #[arg(value_name = "CAPTURE", required = true)]
    pub(crate) captures: Vec<PathBuf>,

    /// Recorded seconds per replayed second, such as 5x or 0.5x [default: 1x]
    #[arg(
        long,
        env = "REPLAY_SPEED",
        value_parser = Pace::speed,
        allow_hyphen_values = true,
        conflicts_with_all = ["rate", "stages"],
        help_heading = "Load"
    )]
    pub(crate) speed: Option<Pace>,

    /// Arrivals at equal gaps in the recorded order, such as 200/s; max: as fast as answers come
    #[arg(
        long,
        env = "REPLAY_RATE",
        value_parser = Pace::rate,
        conflicts_with = "stages",
        help_heading = "Load"
    )]
    pub(crate) rate: Option<Pace>,

    /// Speeds, users or rates one after the other: 1m:1x,3m:5x holds 1x and then goes up to 5x
    #[arg(long, env = "REPLAY_STAGES", help_heading = "Load")]
    pub(crate) stages: Option<Stages>,

    /// Let 3x as many users play, each with a name and a start of its own; or 0.25x of them
    #[arg(
        long,
        env = "REPLAY_USERS",
        value_parser = load::users,
        allow_hyphen_values = true,
        help_heading = "Load"
    )]
    pub(crate) users: Option<Decimal>,

    /// Play the captures again and again, N times or until --duration or the stages end
    #[arg(
        long = "loop",
        value_name = "N",
        env = "REPLAY_LOOP",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "0",
        value_parser = laps,
        help_heading = "Load"
    )]
    pub(crate) r#loop: Option<u32>,

    /// Stop after this much replayed time, such as 90s
    #[arg(
        long,
        env = "REPLAY_DURATION",
        value_parser = duration,
        allow_hyphen_values = true,
        help_heading = "Load"
    )]
    pub(crate) duration: Option<Duration>,

    /// Play only the first N exchanges
    #[arg(
        long,
        value_name = "N",
        env = "REPLAY_LIMIT",
        value_parser = count,
        allow_hyphen_values = true,
        help_heading = "Load"
    )]
    pub(crate) limit: Option<NonZeroUsize>,

    /// Send what is due in this time at the beginning, and leave it out of all numbers
    #[arg(
        long,
        value_name = "DURATION",
        env = "REPLAY_WARM_UP",
        value_parser = duration,
        allow_hyphen_values = true,
        help_heading = "Load"
    )]
    pub(crate) warm_up: Option<Duration>,

    /// Same capture, settings and seed give the same plan
    #[arg(
        long,
        env = "REPLAY_SEED",
        default_value_t = 0,
        value_parser = seed,
        allow_hyphen_values = true,
        help_heading = "Load"
    )]
    pub(crate) seed: u64,

    /// Take the load, and what is asked of it, from this file; flags win over it
    #[arg(
        long,
        value_name = "FILE",
        env = "REPLAY_SCENARIO",
        help_heading = "Load"
    )]
    pub(crate) scenario: Option<PathBuf>,

    /// Play only what fits, such as 'method=GET path=/api/**'; != excludes (repeatable: any fits)
    #[arg(long, value_name = "CONDITIONS", help_heading = "What")]
    pub(crate) filter: Vec<Conditions>,

    /// Play only what writes nothing: GET, HEAD and OPTIONS
    #[arg(long, env = "REPLAY_READ_ONLY", help_heading = "What")]
    pub(crate) read_only: bool,

    /// Send this header with every request, in place of a recorded one (repeatable)
    #[arg(long, value_name = "NAME: VALUE", help_heading = "What")]
    pub(crate) header: Vec<ExtraHeader>,

    /// Send paths that begin with FROM with TO there, before --via-loadtest (repeatable: longest wins)
    #[arg(long, value_name = "FROM=TO", help_heading = "What")]
    pub(crate) rewrite: Vec<Rewrite>,

    /// Move dates in paths, queries and bodies: by -35d or 2w, or so that the week that most of them
    /// are in becomes that of today (where nothing is given) or of a date
    #[arg(
        long,
        value_name = "TO",
        env = "REPLAY_SHIFT_DATES",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "today",
        help_heading = "What"
    )]
    pub(crate) shift_dates: Option<ShiftDates>,

    /// Send requests as they were recorded, without log-ins, live ids or cookies, to compare with
    #[arg(long, env = "REPLAY_VERBATIM", help_heading = "What")]
    pub(crate) verbatim: bool,

    /// Send /api/v1/x as /api/loadtest/x, with the key from LOAD_TEST_KEY
    #[arg(
        long,
        env = "REPLAY_VIA_LOADTEST",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        hide_possible_values = true,
        help_heading = "What"
    )]
    pub(crate) via_loadtest: Option<bool>,

    /// Where to send, such as http://127.0.0.1:8080
    #[arg(
        long,
        value_name = "URL",
        env = "REPLAY_TARGET",
        help_heading = "Where"
    )]
    pub(crate) target: Option<String>,

    /// Read the target's memory here meanwhile, such as http://127.0.0.1:8001/metrics
    #[arg(
        long,
        value_name = "URL",
        env = "REPLAY_TARGET_METRICS",
        help_heading = "Where"
    )]
    pub(crate) target_metrics: Option<String>,

    /// Allow a target that is neither loopback nor private (repeatable)
    #[arg(
        long,
        value_name = "HOST",
        env = "REPLAY_ALLOW_TARGET",
        value_delimiter = ',',
        help_heading = "Where"
    )]
    pub(crate) allow_target: Vec<String>,

    /// Give each user an address of its own, sent as X-Forwarded-For
    #[arg(
        long,
        value_name = "CIDR",
        env = "REPLAY_CLIENT_ADDRESSES",
        help_heading = "Where"
    )]
    pub(crate) client_addresses: Option<IpNet>,

    /// With --dry-run, tell what the limits of this configuration of rehearsal-proxy would refuse
    #[arg(
        long,
        value_name = "FILE",
        env = "REPLAY_LIMITS",
        help_heading = "Where"
    )]
    pub(crate) limits: Option<PathBuf>,

    /// Believe the authorities of this PEM file, for https, instead of the system's
    #[arg(long, value_name = "FILE", env = "REPLAY_CA", help_heading = "Where")]
    pub(crate) ca: Option<PathBuf>,

    /// Believe any certificate
    #[arg(long, env = "REPLAY_INSECURE", help_heading = "Where")]
    pub(crate) insecure: bool,

    /// open: send when due; ordered: when due, but never before the session's previous answer;
    /// think: after that answer and the recorded pause
    #[arg(
        long,
        value_name = "MODE",
        env = "REPLAY_SESSIONS",
        default_value = "ordered",
        hide_possible_values = true,
        help_heading = "How"
    )]
    pub(crate) sessions: SessionMode,

    /// timer: asleep until a request is due; precise: awake shortly before, with real-time priority
    /// where that is granted, which takes more of a core
    #[arg(
        long,
        value_name = "HOW",
        env = "REPLAY_PACING",
        default_value = "timer",
        hide_possible_values = true,
        help_heading = "How"
    )]
    pub(crate) pacing: Pacing,

    /// pool: as few as possible; user: each user its own; recorded: as requests shared them
    #[arg(
        long,
        value_name = "FOR",
        env = "REPLAY_CONNECTIONS",
        default_value = "pool",
        hide_possible_values = true,
        help_heading = "How"
    )]
    pub(crate) connections: Reuse,

    /// Connections that may be open [default: as many as are needed]
    #[arg(
        long,
        value_name = "N",
        env = "REPLAY_MAX_CONNECTIONS",
        value_parser = count,
        allow_hyphen_values = true,
        help_heading = "How"
    )]
    pub(crate) max_connections: Option<NonZeroUsize>,

    /// Requests that may be on their way [default: any number; with --rate max 64]
    #[arg(
        long,
        value_name = "N",
        env = "REPLAY_MAX_IN_FLIGHT",
        value_parser = count,
        allow_hyphen_values = true,
        help_heading = "How"
    )]
    pub(crate) max_in_flight: Option<NonZeroUsize>,

    /// What becomes of a request beyond that: queue (its wait is response time), drop or abort
    #[arg(
        long,
        value_name = "WHAT",
        env = "REPLAY_ON_OVERLOAD",
        default_value = "queue",
        hide_possible_values = true,
        help_heading = "How"
    )]
    pub(crate) on_overload: OnOverload,

    /// What becomes of a request that uses a value which no answer gave: recorded (sent with the
    /// recorded value), skip (dropped) or fail
    #[arg(
        long,
        value_name = "WHAT",
        env = "REPLAY_ON_UNRESOLVED",
        default_value = "recorded",
        hide_possible_values = true,
        help_heading = "How"
    )]
    pub(crate) on_unresolved: OnUnresolved,

    /// Let several recorded users log in as one test user when there are too few
    #[arg(long, env = "REPLAY_SHARE_USERS", help_heading = "How")]
    pub(crate) share_users: bool,

    /// Speak HTTP/2: with https as TLS agrees on it, with http at once
    #[arg(long, env = "REPLAY_HTTP2", help_heading = "How")]
    pub(crate) http2: bool,

    /// Whether connections resume TLS sessions of earlier ones [default: true]
    #[arg(
        long,
        env = "REPLAY_TLS_RESUMPTION",
        value_name = "BOOL",
        require_equals = true,
        value_parser = BoolishValueParser::new(),
        hide_possible_values = true,
        help_heading = "How"
    )]
    pub(crate) tls_resumption: Option<bool>,

    /// How long it may take to connect, and then to agree on TLS
    #[arg(
        long,
        env = "REPLAY_CONNECT_TIMEOUT",
        value_name = "DURATION",
        default_value = "10s",
        value_parser = duration,
        allow_hyphen_values = true,
        help_heading = "How"
    )]
    pub(crate) connect_timeout: Duration,

    /// How long until an answer begins [default: as long as --timeout]
    #[arg(
        long,
        env = "REPLAY_ANSWER_TIMEOUT",
        value_name = "DURATION",
        value_parser = duration,
        allow_hyphen_values = true,
        help_heading = "How"
    )]
    pub(crate) answer_timeout: Option<Duration>,

    /// How long one request may take
    #[arg(
        long,
        env = "REPLAY_TIMEOUT",
        value_name = "DURATION",
        default_value = "60s",
        value_parser = duration,
        allow_hyphen_values = true,
        help_heading = "How"
    )]
    pub(crate) timeout: Duration,

    /// Threads that send [default: one per core]
    #[arg(
        long,
        value_name = "N",
        env = "REPLAY_WORKERS",
        value_parser = count,
        allow_hyphen_values = true,
        help_heading = "How"
    )]
    pub(crate) workers: Option<NonZeroUsize>,

    #[command(flatten)]
    pub(crate) judging: JudgingArgs,

    /// Folder for summary.json and report.html [default: a new one under results/]
    #[arg(long, value_name = "DIR", env = "REPLAY_OUT", help_heading = "Out")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) outputs: Outputs,

    /// Call differences noise that this earlier replay of the same capture had, too
    #[arg(
        long,
        value_name = "SUMMARY",
        env = "REPLAY_NOISE_FROM",
        help_heading = "Out"
    )]
    pub(crate) noise_from: Option<PathBuf>,

    /// Say between which values percentiles are with a confidence of 95 %
    #[arg(long, env = "REPLAY_INTERVALS", help_heading = "Out")]
    pub(crate) intervals: bool,

    /// Serve the report at this address while the run goes; a port alone is on this machine only
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "REPLAY_LIVE",
        value_parser = live,
        help_heading = "Out"
    )]
    pub(crate) live: Option<SocketAddr>,

    /// Wait to be started from that page, which can pause and stop the run, too
    #[arg(
        long,
        env = "REPLAY_LIVE_CONTROL",
        requires = "live",
        help_heading = "Out"
    )]
    pub(crate) live_control: bool,

    /// Print the plan and send nothing
    #[arg(long, help_heading = "Out")]
    pub(crate) dry_run: bool,

    /// Show no progress
    #[arg(long, short, help_heading = "Out")]
    pub(crate) quiet: bool,

    /// Read settings from this file [default: config/replay.toml, where it exists]
    #[arg(long, value_name = "FILE", env = "REPLAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}
