//! Which exchanges of a capture are played: `--filter 'method=GET path=/api/**'`.
//!
//! Pure.

use std::ops::RangeInclusive;
use std::str::FromStr;

use trace::exchange::Exchange;
use trace::pattern::Pattern;

/// Exchanges pass that fit one of the filters, if there are any.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// Of these, one has to fit.
    pub(crate) any: Vec<Conditions>,
    /// Nothing is written: only GET, HEAD and OPTIONS pass.
    pub(crate) read_only: bool,
}

/// What a filter asks for: all of it has to be so.
#[derive(Debug, Clone)]
pub(crate) struct Conditions(Vec<Condition>);

#[derive(Debug, Clone)]
struct Condition {
    /// Whether it must not be so.
    not: bool,
    /// One of these.
    any: Vec<Test>,
}

#[derive(Debug, Clone)]
enum Test {
    Method(String),
    Path(Pattern),
    Route(String),
    Session(String),
    Status(RangeInclusive<u16>),
    User(String),
}

impl Filter {
    /// Whether the exchange is played.
    pub(crate) fn takes(&self, exchange: &Exchange) -> bool {
        let reads = || READING.contains(&exchange.request.method.as_str());
        let fits = |conditions: &Conditions| conditions.fit(exchange);
        (!self.read_only || reads()) && (self.any.is_empty() || self.any.iter().any(fits))
    }
}

impl Conditions {
    fn fit(&self, exchange: &Exchange) -> bool {
        let mut each = self.0.iter();
        each.all(|condition| condition.any.iter().any(|test| test.fits(exchange)) != condition.not)
    }
}

impl Test {
    fn of(key: &str, value: &str) -> Result<Self, InvalidFilter> {
        let text = || value.to_owned();
        Ok(match key {
            "method" => Self::Method(value.to_ascii_uppercase()),
            "path" => Self::Path(Pattern::parse(value).map_err(InvalidFilter::Path)?),
            "route" => Self::Route(text()),
            "session" => Self::Session(text()),
            "status" => Self::Status(statuses(value).ok_or_else(|| InvalidFilter::Status(text()))?),
            "user" => Self::User(text()),
            _ => return Err(InvalidFilter::Key(key.to_owned())),
        })
    }

    fn fits(&self, exchange: &Exchange) -> bool {
        match self {
            Self::Method(method) => exchange.request.method == *method,
            Self::Path(pattern) => pattern.fits(exchange.request.path.as_bytes()),
            Self::Route(route) => {
                let template = exchange.route.split_once(' ').map(|(_, template)| template);
                exchange.route == *route || template == Some(route)
            }
            Self::Session(session) => exchange.session == *session,
            Self::Status(range) => range.contains(&exchange.response.status),
            Self::User(user) => exchange.user == *user,
        }
    }
}

impl FromStr for Conditions {
    type Err = InvalidFilter;

    fn from_str(text: &str) -> Result<Self, InvalidFilter> {
        let conditions = text.split_whitespace().map(|condition| {
            let (key, values) = condition
                .split_once('=')
                .ok_or_else(|| InvalidFilter::NoValue(condition.to_owned()))?;
            let (key, not) = match key.strip_suffix('!') {
                Some(key) => (key, true),
                None => (key, false),
            };
            let any = values.split(',').map(|value| Test::of(key, value));
            Ok(Condition {
                not,
                any: any.collect::<Result<_, _>>()?,
            })
        });
        let conditions: Vec<_> = conditions.collect::<Result<_, _>>()?;
        if conditions.is_empty() {
            return Err(InvalidFilter::Empty);
        }
        Ok(Self(conditions))
    }
}

/// `404`, `4xx`, or `none` when there was no answer.
pub(crate) fn statuses(text: &str) -> Option<RangeInclusive<u16>> {
    if text == "none" {
        return Some(0..=0);
    }
    if let Some(hundreds) = text.strip_suffix("xx") {
        let hundreds: u16 = hundreds.parse().ok().filter(|it| (1..=9).contains(it))?;
        return Some(hundreds * 100..=hundreds * 100 + 99);
    }
    let status: u16 = text.parse().ok().filter(|it| (100..=999).contains(it))?;
    Some(status..=status)
}

/// The text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidFilter {
    /// It says nothing.
    #[error("a filter is written as in `method=GET path=/api/**`")]
    Empty,
    /// Exchanges have no such thing.
    #[error(
        "`{0}` is nothing to filter by; there are method, path, route, status, user and session"
    )]
    Key(String),
    /// There is no `=`.
    #[error("`{0}` is no condition; write it as in `method=GET`, or `method!=GET,HEAD`")]
    NoValue(String),
    /// No pattern of paths.
    #[error("{0}")]
    Path(String),
    /// No status.
    #[error("`{0}` is no status; write `404`, `4xx`, or `none` for no answer")]
    Status(String),
}

/// Methods that write nothing (RFC 9110, 9.2.1).
const READING: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::exchange;

    #[test]
    fn all_conditions_of_one_filter_have_to_fit() {
        let mut one = exchange(1, 0, 3);
        one.request.path = "/api/v1/people/7".to_owned();
        one.route = "GET /api/v1/people/{id}".to_owned();
        let takes = |filters: &[&str], read_only| {
            let any = filters.iter().map(|text| text.parse().unwrap()).collect();
            Filter { any, read_only }.takes(&one)
        };
        for (filter, passes) in [
            ("method=GET", true),
            ("method=post,get", true),
            ("method!=GET", false),
            ("path=/api/** status=2xx", true),
            ("path=/api/* status=2xx", false),
            ("path!=/health,/metrics", true),
            ("route=/api/v1/people/{id}", true),
            ("status=404,none", false),
            ("user=u3 session=s3", true),
            ("user=u4", false),
        ] {
            assert_eq!(takes(&[filter], false), passes, "{filter}");
        }
        assert!(takes(&["user=u4", "method=GET"], false));
        assert!(takes(&[], true));
    }

    #[test]
    fn what_only_reads_passes_where_nothing_is_to_be_written() {
        let read_only = Filter {
            read_only: true,
            ..Filter::default()
        };
        for (method, passes) in [
            ("GET", true),
            ("HEAD", true),
            ("OPTIONS", true),
            ("POST", false),
            ("DELETE", false),
        ] {
            let mut one = exchange(1, 0, 3);
            one.request.method = method.to_owned();
            assert_eq!(read_only.takes(&one), passes, "{method}");
        }
    }

    #[test]
    fn a_status_is_one_or_a_hundred_or_none() {
        let takes = |filter: &str, status| {
            let mut one = exchange(1, 0, 3);
            one.response.status = status;
            let any = vec![filter.parse().unwrap()];
            let filter = Filter {
                any,
                ..Filter::default()
            };
            filter.takes(&one)
        };
        for (filter, passing, others) in [
            ("status=4xx", &[400, 499][..], &[0, 399, 500][..]),
            ("status=404", &[404], &[403, 405]),
            ("status=none", &[0], &[100, 200]),
        ] {
            assert!(passing.iter().all(|it| takes(filter, *it)), "{filter}");
            assert!(!others.iter().any(|it| takes(filter, *it)), "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let wrong = |text: &str| text.parse::<Conditions>().unwrap_err().to_string();
        insta::assert_snapshot!(wrong("verb=GET"), @"`verb` is nothing to filter by; there are method, path, route, status, user and session");
        insta::assert_snapshot!(wrong("method"), @"`method` is no condition; write it as in `method=GET`, or `method!=GET,HEAD`");
        insta::assert_snapshot!(wrong(" "), @"a filter is written as in `method=GET path=/api/**`");
        insta::assert_snapshot!(wrong("status=ok"), @"`ok` is no status; write `404`, `4xx`, or `none` for no answer");
        insta::assert_snapshot!(wrong("path=api"), @"`api` is no pattern of paths; begin it with /");
    }
}
