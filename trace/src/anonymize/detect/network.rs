//! Network addresses inside text.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::forms::Found;

/// Addresses of either version, but not versions of programs, times, and what is about nobody.
pub(super) fn addresses(text: &str, found: Found<'_>) {
    let bytes = text.as_bytes();
    let mut place = 0;
    while place < bytes.len() {
        if !is_part(bytes[place]) {
            place += 1;
            continue;
        }
        let end = bytes[place..]
            .iter()
            .position(|byte| !is_part(*byte))
            .map_or(bytes.len(), |length| place + length);
        let whole = text[place..end].trim_end_matches(['.', ':']);
        let whole = whole
            .strip_prefix(':')
            .filter(|rest| !rest.starts_with(':'))
            .unwrap_or(whole);
        let start = place + text[place..end].find(whole).unwrap_or_default();
        if stands_alone(bytes, start, start + whole.len())
            && let Some(length) = address(whole)
            && !is_version(&text[..start])
        {
            found(start..start + length);
        }
        place = end;
    }
}

const fn is_part(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':')
}

/// How much of this is an address: with version 4 there may be a port behind it.
fn address(text: &str) -> Option<usize> {
    let (host, _) = text.split_once(':').unwrap_or((text, ""));
    if host.contains('.') && host.len() >= SHORTEST {
        let about_somebody = |v4: Ipv4Addr| !v4.is_loopback() && !v4.is_unspecified();
        return host.parse().is_ok_and(about_somebody).then_some(host.len());
    }
    let colons = text.bytes().filter(|byte| *byte == b':').count();
    let about_somebody = |v6: Ipv6Addr| !v6.is_loopback() && !v6.is_unspecified();
    (colons >= 2
        && text.bytes().any(|byte| byte.is_ascii_digit())
        && text.parse().is_ok_and(about_somebody))
    .then_some(text.len())
}

/// Whether it is no part of a longer word.
fn stands_alone(bytes: &[u8], start: usize, end: usize) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let before = start.checked_sub(1).map(|at| bytes[at]);
    !before.is_some_and(is_word) && !bytes.get(end).copied().is_some_and(is_word)
}

/// Whether a version follows: `Chrome/126.0.0.1`, `version 1.2.3.4`.
fn is_version(before: &str) -> bool {
    if before.ends_with('/') && !before.ends_with("//") {
        return true;
    }
    let before = before.trim_end_matches([' ', ':', '=', '.']);
    let start = before.floor_char_boundary(before.len().saturating_sub(8));
    let word = before[start..].to_ascii_lowercase();
    ["version", "release", " ver", " v", "build"]
        .iter()
        .any(|it| word.ends_with(it))
        || matches!(word.as_str(), "v" | "ver")
}

/// Bytes of `1.2.3.4`.
const SHORTEST: usize = 7;
