//! The limits in front of the target, and what of a plan they would refuse.
//!
//! They are read from where they are set: a configuration of `rehearsal-proxy`, of which only what
//! bears on that is looked at. Numbers for hours of the day and for values of headers are not.

mod refusals;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use trace::rate::Rate;

pub(crate) use refusals::{Refusals, Request};

/// The limits of a target, by route.
#[derive(Debug)]
pub(crate) struct Limits {
    /// The longest prefix first.
    routes: Vec<Route>,
}

/// A route of the proxy.
#[derive(Debug)]
struct Route {
    name: String,
    prefix: String,
    limit: Option<Limit>,
}

/// How much of it may be used.
#[derive(Debug)]
struct Limit {
    rate: Option<Rate>,
    /// How many more at once.
    burst: u32,
    /// How many in flight.
    concurrent: Option<u32>,
    per: Per,
    /// What the rate counts together with.
    zone: String,
    /// What requests in flight count together with.
    concurrent_zone: String,
}

/// What is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Per {
    /// The client's address.
    Client,
    /// Everybody together; all of a run have the same key.
    Everybody,
}

impl Limits {
    /// Reads them from the proxy's configuration.
    pub(crate) fn read(file: &Path) -> Result<Self, LimitsError> {
        let text = fs::read_to_string(file).map_err(|source| LimitsError::Read {
            file: file.to_owned(),
            source,
        })?;
        Self::parse(&text).map_err(|reason| LimitsError::Wrong {
            file: file.to_owned(),
            reason,
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let File { route } = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let routes = route.into_iter().map(RouteEntry::read);
        let mut routes = routes.collect::<Result<Vec<_>, _>>()?;
        if routes.iter().all(|route| route.limit.is_none()) {
            return Err("there is no `limit` in any `[[route]]`".to_owned());
        }
        routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
        Ok(Self { routes })
    }

    /// The route of a path, without its query.
    fn route(&self, path: &[u8]) -> Option<usize> {
        let mut routes = self.routes.iter();
        routes.position(|route| path.starts_with(route.prefix.as_bytes()))
    }
}

/// The part of the file that is looked at.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    route: Vec<RouteEntry>,
}

#[derive(Deserialize)]
struct RouteEntry {
    name: String,
    prefix: String,
    limit: Option<LimitEntry>,
}

#[derive(Deserialize)]
struct LimitEntry {
    rate: Option<String>,
    #[serde(default)]
    burst: u32,
    concurrent: Option<u32>,
    per: Option<String>,
    zone: Option<String>,
    concurrent_zone: Option<String>,
    values: Option<toml::Table>,
}

impl RouteEntry {
    fn read(self) -> Result<Route, String> {
        let Self { name, prefix, .. } = self;
        let limit = self.limit.map(|limit| limit.read(&name)).transpose()?;
        Ok(Route {
            name,
            prefix,
            limit,
        })
    }
}

impl LimitEntry {
    fn read(self, route: &str) -> Result<Limit, String> {
        let per = match self.per.as_deref() {
            None | Some("client") => Per::Client,
            // Who has no value that is known counts by client.
            Some(_) if self.values.is_some() => Per::Client,
            Some(_) => Per::Everybody,
        };
        let rate = self.rate.as_deref().map(Rate::parse).transpose();
        let own = || format!("route {route}");
        Ok(Limit {
            rate: rate.map_err(|reason| format!("route `{route}`: {reason}"))?,
            burst: self.burst,
            concurrent: self.concurrent,
            per,
            zone: self.zone.unwrap_or_else(own),
            concurrent_zone: self.concurrent_zone.unwrap_or_else(|| match per {
                Per::Client => "all clients".to_owned(),
                Per::Everybody => own(),
            }),
        })
    }
}

/// The limits can't be known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LimitsError {
    /// The file can't be read.
    #[error(
        "cannot read the limits in `{file}`; name a configuration of rehearsal-proxy, or leave `limits` out",
        file = file.display()
    )]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error(
        "{file}: {reason}; check it with `rehearsal-proxy --test -c {file}`",
        file = file.display()
    )]
    Wrong {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_proxys_file_only_limits_are_looked_at() {
        let limits = Limits::parse(
            r#"
            listen = ["127.0.0.1:8080"]
            [[route]]
            name = "all"
            prefix = "/"
            [[route]]
            name = "api"
            prefix = "/api/"
            limit = { rate = "30/s", burst = 50, zone = "api", hours = [{ from = "09:00" }] }
            upstream = "staging"
            "#,
        )
        .unwrap();
        let route = |path: &str| limits.route(path.as_bytes());
        let name = |path: &str| route(path).map(|route| limits.routes[route].name.as_str());
        assert_eq!(name("/api/v1/blocks"), Some("api"));
        assert_eq!(name("/apis"), Some("all"));
        assert_eq!(name("*"), None);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |text: &str| Limits::parse(text).unwrap_err();
        insta::assert_snapshot!(wrong(""), @"there is no `limit` in any `[[route]]`");
        insta::assert_snapshot!(wrong("[[route]]\nname = 'a'\nprefix = '/'\nlimit = { rate = '5' }"), @"route `a`: cannot read `5` as a rate; write it as 10/min, 100/s or 1/10s");
        insta::assert_snapshot!(wrong("[[route]]\nname = 'a'"), @"missing field `prefix`");
    }
}
