//! `[client]`: how long a client may take.
//!
//! Each bound holds for one client alone; a slow one keeps nobody waiting but itself.

use std::time::Duration;

use super::section::{Entry, Section};
use super::values;

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientSettings {
    /// From the first byte of a request to the end of its header; for the TLS handshake too.
    pub(crate) header_timeout: Duration,
    /// From an answer to the first byte of the next request.
    pub(crate) idle_timeout: Duration,
    /// The longest pause within a request's body.
    pub(crate) body_timeout: Duration,
    /// How long a request's body may be waited for in all, before its rate counts.
    pub(crate) body_grace: Duration,
    /// Bytes a second that a request's body has to come at, on average; 0 for any.
    pub(crate) min_body_rate: u64,
    /// How long a client may take none of its answer.
    pub(crate) send_timeout: Duration,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(65),
            body_timeout: Duration::from_secs(60),
            body_grace: Duration::from_secs(5),
            min_body_rate: 240,
            send_timeout: Duration::from_secs(60),
        }
    }
}

pub(crate) fn read(entry: Option<Entry<'_>>) -> ClientSettings {
    let mut settings = ClientSettings::default();
    let Some(mut section) = entry.and_then(Entry::section) else {
        return settings;
    };
    duration(&mut section, "header_timeout", &mut settings.header_timeout);
    duration(&mut section, "idle_timeout", &mut settings.idle_timeout);
    duration(&mut section, "body_timeout", &mut settings.body_timeout);
    duration(&mut section, "body_grace", &mut settings.body_grace);
    if let Some(rate) = section.parsed("min_body_rate", bytes_a_second) {
        settings.min_body_rate = rate;
    }
    duration(&mut section, "send_timeout", &mut settings.send_timeout);
    section.finish();
    settings
}

fn duration(section: &mut Section<'_>, key: &'static str, into: &mut Duration) {
    if let Some(duration) = section.parsed(key, values::duration) {
        *into = duration;
    }
}

fn bytes_a_second(text: &str) -> Result<u64, String> {
    text.strip_suffix("/s")
        .and_then(|size| values::size(size.trim_end()).ok())
        .ok_or_else(|| format!("cannot read `{text}` as a rate of bytes; write it as 240B/s"))
}
