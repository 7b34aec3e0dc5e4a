//! The settings of the proxy, and how they are read from a TOML file.
//!
//! [`load`] finds every mistake before it gives up; code past it never sees TOML and never
//! validates again.

mod client;
mod hours;
mod limit;
mod listen;
mod load_test;
mod log;
mod record;
mod report;
mod route;
mod schedule;
mod secret;
mod section;
mod upstream;
mod values;

#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod listen_tests;
#[cfg(test)]
mod record_tests;
#[cfg(test)]
mod route_tests;
#[cfg(test)]
mod shipped_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod upstream_tests;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use jiff::tz::TimeZone;
use trace::anonymize::Policy;

pub(crate) use client::ClientSettings;
#[cfg(test)]
pub(crate) use hours::Span;
pub(crate) use limit::{LimitSettings, Per};
use listen::ListenSettings;
pub(crate) use listen::TlsSettings;
pub(crate) use load_test::{KeySettings, LoadTestSettings};
pub(crate) use record::{RecordSettings, Rotate};
pub(crate) use report::Mistake;
pub(crate) use route::{Action, Gate, RouteSettings, Timeouts};
#[cfg(test)]
pub(crate) use schedule::Numbers;
pub(crate) use schedule::Schedule;
pub(crate) use trace::rate::Rate;
pub(crate) use upstream::{Address, Balance, CheckSettings, ServerSettings, UpstreamSettings};

use crate::upstream::trust::Trust;
use report::Report;
use section::{Entry, Section};

/// Everything that the configuration file says, in the types that the program needs.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where clients connect.
    pub(crate) listen: Vec<ListenSettings>,
    /// Where metrics, health and status are.
    pub(crate) admin: SocketAddr,
    /// Whose `X-Forwarded-For` counts.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// Whose clock limits with hours follow.
    pub(crate) timezone: TimeZone,
    /// How long requests in flight may take to end once the process was told to stop. After an
    /// upgrade, how long idle connections are kept.
    pub(crate) shutdown_timeout: Duration,
    /// How long requests in flight may take to end after an upgrade.
    pub(crate) drain_timeout: Duration,
    /// How long clients may take.
    pub(crate) client: ClientSettings,
    /// Whether a crash may leave a core file.
    pub(crate) core_dumps: bool,
    pub(crate) load_test: LoadTestSettings,
    pub(crate) upstreams: Vec<UpstreamSettings>,
    pub(crate) routes: Vec<RouteSettings>,
    /// What to record; nothing when absent.
    pub(crate) record: Option<RecordSettings>,
    /// Where the access log is; there is none when absent.
    pub(crate) access_log: Option<PathBuf>,
    /// What is allowed, but hardly meant.
    pub(crate) warnings: Vec<Mistake>,
}

impl Settings {
    /// Logs what is allowed, but hardly meant.
    pub(crate) fn warn(&self, file: &Path) {
        for warning in &self.warnings {
            tracing::warn!("{}:{warning}", file.display());
        }
    }

    /// What anonymization does, for captures and logs.
    pub(crate) fn policy(&self) -> Option<Policy> {
        self.record.as_ref().map(|record| record.policy.clone())
    }
}

/// The world outside the file that settings may name.
pub(crate) trait Surroundings {
    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String>;
    /// The content of a file.
    fn file(&self, path: &str) -> io::Result<String>;
    /// Whether others than the owner of a file can read it.
    fn others_can_read(&self, path: &str) -> bool;
    /// The certificates of authorities that the system believes.
    fn authorities(&self) -> Result<Trust, String>;
    /// The anonymization policy in a file.
    fn policy(&self, path: &Path) -> Result<Policy, trace::anonymize::LoadError>;
    /// The time zone of an IANA name.
    fn timezone(&self, name: &str) -> Option<TimeZone>;
}

/// The process's own environment and file system.
pub(crate) struct Process;

impl Surroundings for Process {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> io::Result<String> {
        fs::read_to_string(path)
    }

    fn others_can_read(&self, path: &str) -> bool {
        fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
    }

    fn authorities(&self) -> Result<Trust, String> {
        Trust::of_system()
    }

    fn policy(&self, path: &Path) -> Result<Policy, trace::anonymize::LoadError> {
        Policy::load(path)
    }

    fn timezone(&self, name: &str) -> Option<TimeZone> {
        TimeZone::get(name).ok()
    }
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("cannot read configuration {path}: {source}; name another with --config FILE")]
    Read { path: PathBuf, source: io::Error },
    #[error("the configuration has mistakes")]
    Mistakes(Vec<Mistake>),
}

/// Reads the settings from a file.
pub(crate) fn load(path: &Path, around: &impl Surroundings) -> Result<Settings, LoadError> {
    let text = fs::read_to_string(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(&text, around).map_err(LoadError::Mistakes)
}

/// Reads the settings from the text of a file.
pub(crate) fn parse(text: &str, around: &impl Surroundings) -> Result<Settings, Vec<Mistake>> {
    let report = Report::new(text);
    let file = Section::parse(text, &report);
    if !report.is_empty() {
        // What is left of a file that is not TOML would only seem to lack things.
        return Err(report.into_mistakes());
    }
    let mut settings = read(file, around);
    if report.is_empty() {
        settings.warnings = report.into_warnings();
        Ok(settings)
    } else {
        Err(report.into_mistakes())
    }
}

/// What could be read; only worth something when no mistake was noted.
fn read(mut file: Section<'_>, around: &impl Surroundings) -> Settings {
    let listen = listen::read(&mut file, around);
    let admin = listen::admin(&mut file, &listen);
    let trusted_proxies = file
        .entry("trusted_proxies")
        .and_then(Entry::list)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|entry| entry.parsed(values::network))
        .collect();
    let timezone = file.parsed("timezone", |name| timezone(name, around));
    let shutdown_timeout = file.parsed("shutdown_timeout", values::duration);
    let drain_timeout = file.parsed("drain_timeout", values::duration);
    let core_dumps = file.entry("core_dumps").and_then(Entry::flag);
    let client = client::read(file.entry("client"));
    let load_test = load_test::read(file.entry("load_test"), around);
    let upstreams = upstream::read(file.required("upstream"), around);
    let routes = route::read(file.required("route"), &upstreams, &load_test);
    let record = record::read(file.entry("record"), around);
    let access_log = log::read(file.entry("log"));
    file.finish();
    Settings {
        listen,
        admin,
        trusted_proxies,
        timezone: timezone.unwrap_or(TimeZone::UTC),
        shutdown_timeout: shutdown_timeout.unwrap_or(Duration::from_secs(10)),
        drain_timeout: drain_timeout.unwrap_or(Duration::from_secs(15 * 60)),
        client,
        core_dumps: core_dumps.unwrap_or(false),
        load_test,
        upstreams,
        routes,
        record,
        access_log,
        warnings: Vec::new(),
    }
}

fn timezone(name: &str, around: &impl Surroundings) -> Result<TimeZone, String> {
    around.timezone(name).ok_or_else(|| {
        format!(
            "there is no time zone `{name}` on this machine; write it as UTC or Europe/Berlin, and see that tzdata is installed"
        )
    })
}
