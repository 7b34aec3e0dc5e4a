//! Small values that settings are made of, each parsed once.
//!
//! Pure.

use std::net::{AddrParseError, Ipv4Addr, SocketAddr};
use std::num::{NonZeroUsize, ParseIntError};
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use jiff::SignedDuration;

use crate::summary::Level;

/// What an arrival of a session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum SessionMode {
    /// For nothing: every request goes out when it is due.
    Open,
    /// For the session's previous answer, if that comes after the request is due.
    Ordered,
    /// For the session's previous answer, and then for as long as the user paused.
    Think,
}

impl SessionMode {
    /// The word for it on the command line and in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ordered => "ordered",
            Self::Think => "think",
        }
    }
}

/// Whom connections are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Reuse {
    /// For everybody: as few as possible.
    Pool,
    /// For the requests that shared one when they were recorded.
    Recorded,
    /// For each user its own.
    User,
}

impl Reuse {
    /// The word for it on the command line and in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pool => "pool",
            Self::Recorded => "recorded",
            Self::User => "user",
        }
    }
}

/// What becomes of an arrival when as many requests are on their way as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OnOverload {
    /// It waits, which counts as response time.
    Queue,
    /// It is dropped and counted.
    Drop,
    /// It ends the run.
    Abort,
}

impl OnOverload {
    /// The word for it on the command line and in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Drop => "drop",
            Self::Abort => "abort",
        }
    }
}

/// What becomes of an arrival with a link that has no live value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OnUnresolved {
    /// It is sent with what was recorded.
    Recorded,
    /// It is not sent, and counted as dropped.
    Skip,
    /// It is not sent, and counted as failed.
    Fail,
}

impl OnUnresolved {
    /// The word for it on the command line and in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Skip => "skip",
            Self::Fail => "fail",
        }
    }
}

/// How the pacer waits for the next due time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Pacing {
    /// Asleep until then; as late as the machine wakes up.
    Timer,
    /// Asleep until shortly before and awake from then on, with real-time priority where the system
    /// grants it; takes more of a core.
    Precise,
}

impl Pacing {
    /// The word for it on the command line and in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Timer => "timer",
            Self::Precise => "precise",
        }
    }
}

/// A header that every request is sent with, in place of a recorded one of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExtraHeader {
    /// Its name.
    pub(crate) name: HeaderName,
    /// Its value; may be a secret, so it is in no report.
    pub(crate) value: HeaderValue,
}

impl FromStr for ExtraHeader {
    type Err = InvalidHeader;

    fn from_str(text: &str) -> Result<Self, InvalidHeader> {
        let (name, value) = text.split_once(':').ok_or(InvalidHeader::NoColon)?;
        let name: HeaderName = name.trim().parse().map_err(InvalidHeader::Name)?;
        if RESERVED.contains(&name.as_str()) {
            return Err(InvalidHeader::Reserved(name));
        }
        let mut value = HeaderValue::from_str(value.trim()).map_err(InvalidHeader::Value)?;
        value.set_sensitive(true);
        Ok(Self { name, value })
    }
}

/// The text is no header.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidHeader {
    /// There is nothing that parts name from value.
    #[error("a header is written `Name: value`")]
    NoColon,
    /// The name has characters that names can't have.
    #[error("the name before the colon is no header name")]
    Name(#[source] http::header::InvalidHeaderName),
    /// Replay sets this header itself.
    #[error("`{0}` is set by replay itself")]
    Reserved(HeaderName),
    /// The value has characters that values can't have.
    #[error("the value after the colon has characters that a header can't carry")]
    Value(#[source] http::header::InvalidHeaderValue),
}

/// Parses a duration above zero, such as `90s`, `500ms` or `1m30s`.
pub(crate) fn duration(text: &str) -> Result<Duration, InvalidDuration> {
    let parsed: SignedDuration = text.parse().map_err(InvalidDuration)?;
    match Duration::try_from(parsed) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) => Err(InvalidDuration(jiff::Error::from_args(format_args!(
            "zero"
        )))),
        Err(error) => Err(InvalidDuration(error)),
    }
}

/// The text is no duration.
#[derive(Debug, thiserror::Error)]
#[error("a duration is above 0 and written with its unit, such as `90s`, `500ms` or `1m30s`")]
pub(crate) struct InvalidDuration(#[source] jiff::Error);

/// Parses where the live page is served: a port alone is on loopback.
pub(crate) fn live(text: &str) -> Result<SocketAddr, InvalidLive> {
    let port = text.parse().map(|port| (Ipv4Addr::LOCALHOST, port).into());
    port.or_else(|_error| text.parse()).map_err(InvalidLive)
}

/// The text is no such place.
#[derive(Debug, thiserror::Error)]
#[error("it is a port, such as `8089`, or an address with one, such as `127.0.0.1:8089`")]
pub(crate) struct InvalidLive(#[source] AddrParseError);

/// Parses a level of the service level objectives.
pub(crate) fn level(text: &str) -> Result<Level, InvalidLevel> {
    match text {
        "normal" => Ok(Level::Normal),
        "load" => Ok(Level::Load),
        "critical" => Ok(Level::Critical),
        _ => Err(InvalidLevel),
    }
}

/// The text is no level.
#[derive(Debug, thiserror::Error)]
#[error("a level is `normal`, `load` or `critical`")]
pub(crate) struct InvalidLevel;

/// Parses a number of things, of which there must be one at least.
pub(crate) fn count(text: &str) -> Result<NonZeroUsize, InvalidCount> {
    text.parse().map_err(InvalidCount)
}

/// The text is no number of things.
#[derive(Debug, thiserror::Error)]
#[error("it is a whole number above 0, such as `2`")]
pub(crate) struct InvalidCount(#[source] ParseIntError);

/// Parses how often a capture is played; 0 is without end.
pub(crate) fn laps(text: &str) -> Result<u32, InvalidCount> {
    text.parse().map_err(InvalidCount)
}

/// Parses a seed.
pub(crate) fn seed(text: &str) -> Result<u64, InvalidSeed> {
    text.parse().map_err(InvalidSeed)
}

/// The text is no seed.
#[derive(Debug, thiserror::Error)]
#[error("a seed is a whole number that is not below 0, such as `1`")]
pub(crate) struct InvalidSeed(#[source] ParseIntError);

/// What describes the connection or the run, and so can't be chosen.
const RESERVED: [&str; 6] = [
    "connection",
    "content-length",
    "host",
    "transfer-encoding",
    "x-load-test-key",
    "x-load-test-run",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_headers() {
        let header: ExtraHeader = "X-Team: a: b".parse().unwrap();
        assert_eq!(header.name, "x-team");
        assert_eq!(header.value, "a: b");
        for (text, message) in [
            ("nonsense", "a header is written `Name: value`"),
            ("a b: c", "the name before the colon is no header name"),
            ("Host: x", "`host` is set by replay itself"),
            (
                "x: a\nb",
                "the value after the colon has characters that a header can't carry",
            ),
        ] {
            assert_eq!(
                text.parse::<ExtraHeader>().unwrap_err().to_string(),
                message
            );
        }
    }

    #[test]
    fn reads_durations() {
        assert_eq!(duration("1m30s").unwrap(), Duration::from_secs(90));
        assert_eq!(duration("500ms").unwrap(), Duration::from_millis(500));
        for text in ["0s", "-5s", "5", "soon", ""] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
