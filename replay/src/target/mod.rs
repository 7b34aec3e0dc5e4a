//! The target: where requests go, and the guard that refuses the wrong place.
//!
//! Addresses are checked when the name is resolved and again when a connection stands; in between
//! only checked addresses are used, so that a name that changes its address changes nothing.

pub(crate) mod metrics;
mod tls;

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use std::sync::Arc;

use http::HeaderValue;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use url::{Host, Url};

use crate::settings::Tls;

use tls::TlsError;

/// A place that may be loaded.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The `host` header.
    pub(crate) host: HeaderValue,
    /// What comes before the path of every request; empty, or begins with `/`.
    pub(crate) prefix: String,
    /// Where to connect, in order of preference; never empty.
    pub(crate) addresses: Vec<SocketAddr>,
    /// What guards new connections.
    pub(crate) guard: Guard,
    /// What secure connections are made with, where its URL says https.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    /// The name that its certificate is for.
    pub(crate) server_name: Option<ServerName<'static>>,
    url: Url,
}

impl Target {
    /// Understands a target's URL and resolves its name.
    pub(crate) fn resolve(
        text: &str,
        allowed: &[String],
        tls: &Tls,
        http2: bool,
    ) -> Result<Self, TargetError> {
        let url = parse(text)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let guard = Guard {
            allow_any: allowed.iter().any(|name| same_host(name, &host)),
        };
        let addresses = addresses(&url)?;
        if let Some(refused) = addresses
            .iter()
            .find(|address| !guard.permits(address.ip()))
        {
            return Err(TargetError::Refused {
                host,
                address: refused.ip(),
            });
        }
        let is_secure = url.scheme() == "https";
        let bare = host.trim_matches(['[', ']']).to_owned();
        let authority = url
            .port()
            .map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        Ok(Self {
            host: HeaderValue::from_str(&authority).map_err(|_error| invalid(text, "odd host"))?,
            prefix: url.path().trim_end_matches('/').to_owned(),
            addresses,
            guard,
            tls: is_secure.then(|| tls::config(tls, http2)).transpose()?,
            server_name: ServerName::try_from(bare).ok().filter(|_| is_secure),
            url,
        })
    }

    /// The URL as configured.
    pub(crate) fn url(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }
}

/// What decides whether an address may be loaded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard {
    allow_any: bool,
}

impl Guard {
    /// Whether it may: loopback and private ranges always, others where the host was allowed.
    pub(crate) fn permits(self, address: IpAddr) -> bool {
        self.allow_any
            || match address.to_canonical() {
                IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
                IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
            }
    }
}

/// A target that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    /// It is no URL that replay understands.
    #[error("target `{url}`: {reason}, write it as in `http://127.0.0.1:8080`")]
    Invalid {
        /// As given.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// Nobody said that it may be loaded.
    #[error(
        "target `{host}` is at {address}, which is neither loopback nor a private range; \
         if it may be loaded, say so with `--allow-target {host}`"
    )]
    Refused {
        /// Its name.
        host: String,
        /// Where that is.
        address: IpAddr,
    },
    /// No secure connections can be made.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Its name leads nowhere.
    #[error("cannot resolve the target's name `{host}`")]
    Resolve {
        /// Its name.
        host: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn parse(text: &str) -> Result<Url, TargetError> {
    let url = Url::parse(text).map_err(|error| invalid(text, &error.to_string()))?;
    let reason = match url.scheme() {
        "http" | "https" => match () {
            () if url.host_str().is_none_or(str::is_empty) => "it has no host",
            () if !url.username().is_empty() || url.password().is_some() => "it has credentials",
            () if url.query().is_some() || url.fragment().is_some() => "it has a query or fragment",
            () => return Ok(url),
        },
        _ => "it is no http URL",
    };
    Err(invalid(text, reason))
}

fn addresses(url: &Url) -> Result<Vec<SocketAddr>, TargetError> {
    let port = url.port_or_known_default().unwrap_or(80);
    let found = match url.host() {
        Some(Host::Ipv4(v4)) => return Ok(vec![(v4, port).into()]),
        Some(Host::Ipv6(v6)) => return Ok(vec![(v6, port).into()]),
        Some(Host::Domain(name)) => (name, port).to_socket_addrs(),
        None => Err(io::ErrorKind::InvalidInput.into()),
    };
    let found: io::Result<Vec<_>> = found.and_then(|found| {
        let found: Vec<_> = found.collect();
        if found.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(found)
    });
    found.map_err(|source| TargetError::Resolve {
        host: url.host_str().unwrap_or_default().to_owned(),
        source,
    })
}

fn same_host(allowed: &str, host: &str) -> bool {
    let bare = |name: &str| name.trim_matches(['[', ']']).to_ascii_lowercase();
    bare(allowed) == bare(host)
}

fn invalid(url: &str, reason: &str) -> TargetError {
    TargetError::Invalid {
        url: url.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str, allowed: &[&str]) -> Option<String> {
        let allowed: Vec<_> = allowed.iter().map(|name| (*name).to_owned()).collect();
        Target::resolve(url, &allowed, &Tls::default(), false)
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn loopback_and_private_ranges_pass() {
        for url in [
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://localhost",
            "http://[::1]:8080/",
            "http://10.1.2.3",
            "http://172.31.0.1",
            "http://192.168.1.1",
            "http://[fd00::1]",
            "http://[::ffff:10.0.0.1]",
        ] {
            assert_eq!(refused(url, &[]), None, "{url}");
        }
    }

    #[test]
    fn other_addresses_pass_only_when_allowed() {
        for url in [
            "http://203.0.113.7",
            "http://169.254.169.254",
            "http://0.0.0.0",
            "http://172.32.0.1",
            "http://[2001:db8::1]",
            "http://[::ffff:203.0.113.7]",
        ] {
            assert!(refused(url, &[]).is_some(), "{url}");
        }
        assert_eq!(refused("http://203.0.113.7", &["203.0.113.7"]), None);
        assert_eq!(refused("http://[2001:db8::1]", &["2001:db8::1"]), None);
        insta::assert_snapshot!(
            refused("http://203.0.113.7:80", &["203.0.113.8"]).unwrap(),
            @"target `203.0.113.7` is at 203.0.113.7, which is neither loopback nor a private range; if it may be loaded, say so with `--allow-target 203.0.113.7`"
        );
    }

    #[test]
    fn what_is_no_target_is_refused_with_a_reason() {
        for url in [
            "127.0.0.1:8080",
            "ftp://127.0.0.1",
            "https://",
            "http://a:b@127.0.0.1",
            "http://127.0.0.1/?x",
            "",
        ] {
            assert!(
                matches!(parse(url), Err(TargetError::Invalid { .. })),
                "{url}"
            );
        }
    }

    #[test]
    fn a_path_of_the_target_becomes_a_prefix() {
        let target = Target::resolve("http://127.0.0.1:81/staging/", &[], &Tls::default(), false);
        let target = target.unwrap();
        assert_eq!(target.prefix, "/staging");
        assert_eq!(target.host, "127.0.0.1:81");
        assert_eq!(target.url(), "http://127.0.0.1:81/staging");
    }
}
