//! Small values of the configuration: durations, sizes, networks.
//!
//! Each has one reader that says what is wrong in words an operator can act on.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytesize::ByteSize;
use ipnet::IpNet;
use jiff::SignedDuration;

/// Nothing here is worth waiting for longer.
const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<SignedDuration>().ok();
    let duration = parsed
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| {
            format!("cannot read `{text}` as a duration; write it as 500ms, 60s or 5m")
        })?;
    if duration > DAY {
        return Err(format!("`{text}` is more than a day; shorten it"));
    }
    Ok(duration)
}

pub(crate) fn size(text: &str) -> Result<u64, String> {
    text.parse::<ByteSize>()
        .map(|size| size.as_u64())
        .map_err(|_error| format!("cannot read `{text}` as a size; write it as 64KiB or 50MiB"))
}

pub(crate) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_error| {
        format!("cannot read `{text}` as an address to listen on; write it as 127.0.0.1:8080 or [::1]:8080")
    })
}

/// A network, or a single address.
pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_error| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_error| {
            format!(
                "cannot read `{text}` as a network; write it as 10.0.0.0/8, ::1/128 or 192.0.2.7"
            )
        })
}

/// The name of a route or an upstream; it stands in metrics and in structured header fields.
pub(crate) fn name(text: &str) -> Result<String, String> {
    let sane = !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    sane.then(|| text.to_owned())
        .ok_or_else(|| format!("`{text}` is no name; use a-z, 0-9, - and _"))
}

/// The first second, in UTC, on which something is no longer valid.
pub(crate) fn expiry(text: &str) -> Result<i64, String> {
    text.parse::<jiff::civil::Date>()
        .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC))
        .map(|start| start.timestamp().as_second())
        .map_err(|_error| format!("cannot read `{text}` as a date; write it as 2027-01-31"))
}

/// A file that is written to.
pub(crate) fn file(text: &str) -> Result<PathBuf, String> {
    let path = Path::new(text);
    if path.file_name().is_none() || text.ends_with('/') {
        return Err(format!(
            "`{text}` names no file; write it as captures/staging.jsonl"
        ));
    }
    Ok(path.to_owned())
}
