//! The settings of the proxy, and how they are read from a TOML file.
//!
//! [`load`] finds every mistake before it gives up; code past it never sees TOML and never
//! validates again.

mod hours;
mod limit;
mod load_test;
mod record;
mod report;
mod route;
mod schedule;
mod section;
mod upstream;
mod values;

#[cfg(test)]
mod route_tests;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use jiff::tz::TimeZone;
use trace::anonymize::Policy;

#[cfg(test)]
pub(crate) use hours::Span;
pub(crate) use limit::{LimitSettings, Per};
pub(crate) use load_test::{KeySettings, LoadTestSettings};
pub(crate) use record::RecordSettings;
pub(crate) use report::Mistake;
pub(crate) use route::{Action, Gate, RouteSettings, Timeouts};
#[cfg(test)]
pub(crate) use schedule::Numbers;
pub(crate) use schedule::Schedule;
pub(crate) use upstream::{Address, Balance, CheckSettings, ServerSettings, UpstreamSettings};
pub(crate) use values::Rate;

use crate::upstream::trust::Trust;
use report::Report;
use section::{Entry, Section};

/// Everything that the configuration file says, in the types that the program needs.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where clients connect.
    pub(crate) listen: Vec<SocketAddr>,
    /// Where metrics, health and status are.
    pub(crate) admin: SocketAddr,
    /// Whose `X-Forwarded-For` counts.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// Whose clock limits with hours follow.
    pub(crate) timezone: TimeZone,
    /// How long requests in flight may take to end once the process was told to stop.
    pub(crate) shutdown_timeout: Duration,
    pub(crate) load_test: LoadTestSettings,
    pub(crate) upstreams: Vec<UpstreamSettings>,
    pub(crate) routes: Vec<RouteSettings>,
    /// What to record; nothing when absent.
    pub(crate) record: Option<RecordSettings>,
}

/// The world outside the file that settings may name.
pub(crate) trait Surroundings {
    /// The value of an environment variable.
    fn variable(&self, name: &str) -> Option<String>;
    /// The content of a file.
    fn file(&self, path: &str) -> io::Result<String>;
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
    let settings = read(file, around);
    if report.is_empty() {
        Ok(settings)
    } else {
        Err(report.into_mistakes())
    }
}

/// What could be read; only worth something when no mistake was noted.
fn read(mut file: Section<'_>, around: &impl Surroundings) -> Settings {
    let listen = file.entry("listen").map_or_else(
        || vec![SocketAddr::from(([127, 0, 0, 1], 8080))],
        listen_addresses,
    );
    let admin = admin_address(&mut file, &listen);
    let trusted_proxies = file
        .entry("trusted_proxies")
        .and_then(Entry::list)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|entry| entry.parsed(values::network))
        .collect();
    let timezone = file.parsed("timezone", |name| timezone(name, around));
    let shutdown_timeout = file.parsed("shutdown_timeout", values::duration);
    let load_test = load_test::read(file.entry("load_test"), around);
    let upstreams = upstream::read(file.required("upstream"), around);
    let routes = route::read(file.required("route"), &upstreams, &load_test);
    let record = record::read(file.entry("record"), around);
    file.finish();
    Settings {
        listen,
        admin,
        trusted_proxies,
        timezone: timezone.unwrap_or(TimeZone::UTC),
        shutdown_timeout: shutdown_timeout.unwrap_or(Duration::from_secs(10)),
        load_test,
        upstreams,
        routes,
        record,
    }
}

fn timezone(name: &str, around: &impl Surroundings) -> Result<TimeZone, String> {
    around.timezone(name).ok_or_else(|| {
        format!(
            "there is no time zone `{name}` on this machine; write it as UTC or Europe/Berlin, and see that tzdata is installed"
        )
    })
}

fn listen_addresses(entry: Entry<'_>) -> Vec<SocketAddr> {
    if entry.is_empty_list() {
        entry.mistake("name at least one address");
    }
    let mut addresses = Vec::new();
    for entry in entry.list().unwrap_or_default() {
        let address = entry.parsed(|text| {
            let address = values::listen_address(text)?;
            if is_taken(address, &addresses) {
                return Err(format!("`{text}` is there already; leave one"));
            }
            Ok(address)
        });
        addresses.extend(address);
    }
    addresses
}

fn admin_address(file: &mut Section<'_>, clients: &[SocketAddr]) -> SocketAddr {
    const TAKEN: &str = "clients connect there; give the admin an address of its own";
    let default = SocketAddr::from(([127, 0, 0, 1], 9090));
    let Some(entry) = file.entry("admin") else {
        if is_taken(default, clients) {
            file.mistake("admin", format!("it is {default} by default, and {TAKEN}"));
        }
        return default;
    };
    let address = entry.parsed(|text| {
        let address = values::listen_address(text)?;
        if is_taken(address, clients) {
            return Err(TAKEN.to_owned());
        }
        Ok(address)
    });
    address.unwrap_or(default)
}

/// Port 0 is never the same twice.
fn is_taken(address: SocketAddr, by: &[SocketAddr]) -> bool {
    address.port() != 0 && by.contains(&address)
}
