//! `health = { path = "/health", … }`: checks that are sent to the servers of an upstream.
//!
//! What is left out has a default that suits a backend that restarts now and then.

use std::time::Duration;

use http::{HeaderValue, StatusCode};

use super::{status, whole};
use crate::config::section::Entry;
use crate::config::values;
use crate::hygiene;

/// How servers are checked.
#[derive(Debug, Clone)]
pub(crate) struct CheckSettings {
    /// The target of the request, with its query.
    pub(crate) path: String,
    /// The host to ask for; the name for TLS, or else the upstream's, when absent.
    pub(crate) host: Option<String>,
    pub(crate) every: Duration,
    /// How long a check may take in all.
    pub(crate) timeout: Duration,
    /// Failed checks in a row that take a server out.
    pub(crate) fails: u32,
    /// Passed checks in a row that bring it back.
    pub(crate) passes: u32,
    /// The only good answer; any 2xx or 3xx when absent.
    pub(crate) status: Option<u16>,
}

impl CheckSettings {
    pub(crate) fn accepts(&self, status: StatusCode) -> bool {
        match self.status {
            Some(wanted) => status.as_u16() == wanted,
            None => status.is_success() || status.is_redirection(),
        }
    }
}

pub(super) fn read(entry: Entry<'_>) -> Option<CheckSettings> {
    let mut section = entry.section()?;
    let path = section
        .required("path")
        .and_then(|entry| entry.parsed(target));
    let host = section.parsed("host", host);
    let every = section.parsed("every", values::duration);
    let timeout = section.parsed("timeout", values::duration);
    let fails = whole(&mut section, "fails", 1..=1000);
    let passes = whole(&mut section, "passes", 1..=1000);
    let wanted = section.entry("status");
    let status = wanted.and_then(|entry| status(entry, 200..=599));
    section.finish();
    Some(CheckSettings {
        path: path?,
        host,
        every: every.unwrap_or(Duration::from_secs(5)),
        timeout: timeout.unwrap_or(Duration::from_secs(2)),
        fails: fails.unwrap_or(3),
        passes: passes.unwrap_or(2),
        status,
    })
}

fn target(text: &str) -> Result<String, String> {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    if !query
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'#')
    {
        return Err(format!(
            "cannot ask for `{text}`: escape what is in the query"
        ));
    }
    match hygiene::path(path.as_bytes()) {
        Ok(()) => Ok(text.to_owned()),
        Err(reason) => Err(format!("cannot ask for `{text}`: {reason}")),
    }
}

fn host(text: &str) -> Result<String, String> {
    let sane = !text.is_empty() && !text.contains(' ') && HeaderValue::from_str(text).is_ok();
    sane.then(|| text.to_owned())
        .ok_or_else(|| format!("`{text}` is no host; write it as staging.internal"))
}
