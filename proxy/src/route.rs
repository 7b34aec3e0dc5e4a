//! The route table: which route a path belongs to.
//!
//! Pure. Prefixes work as nginx's locations do: the longest one that the raw path begins with
//! wins, whatever its segments.

pub(crate) use crate::config::RouteSettings as Route;
use crate::config::{Action, Gate};

/// Nothing under this path ever falls to a shorter route.
pub(crate) const RESERVED: &str = "/api/loadtest";

/// Whether a path is [`RESERVED`] or under it, or may be to a backend that takes upper case for
/// lower, or leaves out what follows a `;`.
pub(crate) fn is_reserved(path: &[u8]) -> bool {
    let mut segments = path.split(|byte| *byte == b'/').map(plain);
    RESERVED.split('/').all(|reserved| {
        segments
            .next()
            .is_some_and(|s| s.eq_ignore_ascii_case(reserved.as_bytes()))
    })
}

/// A segment without its parameters.
fn plain(segment: &[u8]) -> &[u8] {
    let end = memchr::memchr(b';', segment).unwrap_or(segment.len());
    &segment[..end]
}

/// A route, by its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RouteId(usize);

impl RouteId {
    pub(crate) const fn index(self) -> usize {
        self.0
    }
}

impl Route {
    /// Index of the upstream, if anything is forwarded.
    pub(crate) const fn upstream(&self) -> Option<usize> {
        match self.action {
            Action::Answer(_) => None,
            Action::Forward(upstream) => Some(upstream),
        }
    }

    /// What the target begins with instead on its way to the upstream, and the rest of it, where
    /// the route changes it.
    pub(crate) fn rewritten<'t>(&'t self, target: &'t [u8]) -> Option<(&'t [u8], &'t [u8])> {
        let rest = target.strip_prefix(self.prefix.as_bytes())?;
        Some((self.rewrite.as_ref()?.as_bytes(), rest))
    }
}

/// All routes, longest prefix first.
#[derive(Debug)]
pub(crate) struct Routes {
    routes: Vec<Route>,
    load_test: bool,
}

impl Routes {
    /// With `load_test` off, gated routes do not exist.
    pub(crate) fn new(settings: &[Route], load_test: bool) -> Self {
        let mut routes = settings.to_vec();
        routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
        Self { routes, load_test }
    }

    /// The route of a path; none means that there is nothing.
    pub(crate) fn find(&self, path: &[u8]) -> Option<RouteId> {
        let index = self
            .routes
            .iter()
            .position(|route| path.starts_with(route.prefix.as_bytes()))?;
        let route = &self.routes[index];
        let exists = match route.gate {
            Gate::None => !is_reserved(path),
            Gate::Address | Gate::Key => self.load_test,
        };
        exists.then_some(RouteId(index))
    }

    pub(crate) fn get(&self, id: RouteId) -> &Route {
        &self.routes[id.0]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Route> {
        self.routes.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Timeouts;

    fn routes(load_test: bool) -> Routes {
        let second = Duration::from_secs(1);
        let route = |prefix: &str, rewrite: Option<&str>, gate| Route {
            name: prefix.to_owned(),
            prefix: prefix.to_owned(),
            rewrite: rewrite.map(str::to_owned),
            gate,
            limit: None,
            timeouts: Timeouts {
                connect: second,
                write: second,
                read: second,
            },
            action: Action::Forward(0),
            tag: false,
            record: true,
            body_limit: 1,
        };
        let settings = vec![
            route("/", None, Gate::None),
            route("/api/", None, Gate::None),
            route("/api/loadtest/", Some("/api/v1/"), Gate::Key),
            route("/api/loadtest/metrics", Some("/metrics"), Gate::Address),
        ];
        Routes::new(&settings, load_test)
    }

    #[track_caller]
    fn check(load_test: bool, target: &str, expected: Option<&str>) {
        let routes = routes(load_test);
        let path = target.split('?').next().unwrap();
        let found = routes.find(path.as_bytes());
        let name = found.map(|id| routes.get(id).name.as_str());
        assert_eq!(name, expected, "{target}");
    }

    #[test]
    fn the_longest_prefix_wins() {
        check(true, "/", Some("/"));
        check(true, "/apis", Some("/"));
        check(true, "/api/v1/people?x=/api/loadtest/", Some("/api/"));
        check(true, "/api/loadtest/people", Some("/api/loadtest/"));
        check(true, "/api/loadtest/metrics", Some("/api/loadtest/metrics"));
        check(
            true,
            "/api/loadtest/metricsx",
            Some("/api/loadtest/metrics"),
        );
    }

    #[test]
    fn load_test_paths_never_fall_to_a_shorter_route() {
        check(true, "/api/loadtest", None);
        check(true, "/api/loadtest?x", None);
        check(false, "/api/loadtest", None);
        check(false, "/api/loadtest/people", None);
        check(false, "/api/loadtest/metrics", None);
        check(false, "/api/loadtests", Some("/api/"));
        check(false, "/api/v1/loadtest", Some("/api/"));
        check(false, "/", Some("/"));
        for other in [
            "/API/LOADTEST/people",
            "/api/loadtest;x",
            "/api;a=b/LoadTest;x/people",
        ] {
            check(true, other, None);
            check(false, other, None);
        }
    }

    #[test]
    fn the_prefix_is_replaced_and_the_rest_stays() {
        let routes = routes(true);
        let rewritten = |target: &str| {
            let route = routes.get(
                routes
                    .find(target.split('?').next().unwrap().as_bytes())
                    .unwrap(),
            );
            route
                .rewritten(target.as_bytes())
                .map(|(to, rest)| String::from_utf8([to, rest].concat()).unwrap())
        };
        assert_eq!(
            rewritten("/api/loadtest/people/7?a=b").unwrap(),
            "/api/v1/people/7?a=b"
        );
        assert_eq!(rewritten("/api/loadtest/metrics").unwrap(), "/metrics");
        assert_eq!(rewritten("/api/v1/people"), None);
    }
}
