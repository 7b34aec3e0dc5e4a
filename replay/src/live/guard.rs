//! Whom the live page answers: a browser that was sent to this machine by its own address, and
//! for commands only its own page.
//!
//! A page of elsewhere can have its name resolved to this machine (DNS rebinding), and then ask as
//! if it were ours: but its name is in the `Host` header. Pure.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use sha2::{Digest as _, Sha256};

/// Whether a request names this machine, or the address at which it came in, as its host.
pub(super) fn is_for_us(headers: &HeaderMap, local: IpAddr) -> bool {
    let Some(host) = host(headers) else {
        return false;
    };
    let name = host.host();
    let literal = name.trim_start_matches('[').trim_end_matches(']');
    match literal.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || address == local,
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

/// Whether it comes from a page of the host that it goes to.
pub(super) fn is_from_us(headers: &HeaderMap) -> bool {
    let origin = only(headers, &ORIGIN).and_then(|origin| origin.strip_prefix("http://"));
    let Some((origin, host)) = origin.zip(host(headers)) else {
        return false;
    };
    origin.eq_ignore_ascii_case(host.as_str())
}

/// Whether it has the token that only the page knows.
pub(super) fn has_token(headers: &HeaderMap, token: &str) -> bool {
    let given = headers
        .get(TOKEN)
        .map(|value| Sha256::digest(value.as_bytes()));
    // How long it takes to compare digests tells nothing of what they are made of.
    given == Some(Sha256::digest(token.as_bytes()))
}

fn host(headers: &HeaderMap) -> Option<Authority> {
    let host: Authority = only(headers, &HOST)?.parse().ok()?;
    (!host.as_str().contains('@')).then_some(host)
}

/// The value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

const TOKEN: &str = "x-rehearsal-token";

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, HeaderValue::from_str(value).unwrap())
        });
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn only_addresses_of_this_machine_are_hosts() {
        let local = "192.0.2.7".parse().unwrap();
        let ours = |host: &str| is_for_us(&headers(&[("host", host)]), local);
        for host in [
            "127.0.0.1:8089",
            "localhost:9000",
            "LOCALHOST",
            "[::1]:8089",
            "192.0.2.7:8089",
            "127.1.2.3",
        ] {
            assert!(ours(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:8089",
            "192.0.2.8:8089",
            "localhost@evil.example",
            "evil.example@localhost",
            "0x7f000001",
        ] {
            assert!(!ours(host), "{host}");
        }
        let twice = headers(&[("host", "localhost"), ("host", "evil.example")]);
        assert!(!is_for_us(&twice, local) && !is_for_us(&HeaderMap::new(), local));
    }

    #[test]
    fn commands_come_from_the_page_itself() {
        let from =
            |origin: &str| is_from_us(&headers(&[("host", "localhost:8089"), ("origin", origin)]));
        assert!(from("http://localhost:8089"));
        for origin in [
            "null",
            "http://localhost",
            "http://localhost:8090",
            "https://localhost:8089",
            "http://evil.example",
            "http://127.0.0.1:8089",
        ] {
            assert!(!from(origin), "{origin}");
        }
        assert!(!is_from_us(&headers(&[("host", "localhost:8089")])));
    }

    #[test]
    fn the_token_has_to_be_the_same() {
        let with = |token: &str| has_token(&headers(&[(TOKEN, token)]), "0123");
        assert!(with("0123"));
        assert!(!with("0124") && !with("") && !has_token(&HeaderMap::new(), "0123"));
    }
}
