//! Which requests are measured: `http_req_duration{endpoint:GET /api/**,status:2xx}`.
//!
//! Pure. A key is written as k6 writes it: a metric, and tags in braces.

use std::ops::RangeInclusive;

use super::cursor::{Cursor, Misread};
use super::metric::{Clock, Metric};
use crate::settings::filter::statuses;
use crate::settings::route::RoutePattern;

/// A metric, of the requests that fit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Selector {
    /// As it was written.
    pub(crate) text: String,
    /// What is measured.
    pub(crate) metric: Metric,
    /// Routes: each of these has to fit, or not to.
    routes: Vec<(bool, RoutePattern)>,
    method: Option<String>,
    statuses: Option<RangeInclusive<u16>>,
    /// Statuses below 400, or others.
    expected: Option<bool>,
    /// The name of a check.
    pub(super) check: Option<String>,
}

impl Selector {
    /// Reads a key.
    pub(crate) fn parse(text: &str) -> Result<Self, Misread> {
        let mut cursor = Cursor::new(text.trim());
        let at_name = cursor;
        let name = cursor.eat_while(|it| it.is_ascii_alphanumeric() || it == '_');
        let metric = Metric::named(name)
            .ok_or_else(|| at_name.expected(format!("a metric: {}", Metric::names())))?;
        let mut selector = Self {
            text: text.trim().to_owned(),
            metric,
            routes: Vec::new(),
            method: None,
            statuses: None,
            expected: None,
            check: None,
        };
        if cursor.is_done() {
            return Ok(selector);
        }
        if !cursor.eat("{") {
            return Err(cursor.expected("`{` and tags, or nothing"));
        }
        // A route has braces of its own: the last one closes the tags.
        let Some(tags) = cursor.rest().strip_suffix('}') else {
            let mut end = cursor;
            end.eat_while(|_| true);
            return Err(end.expected("`}` at the end"));
        };
        let opened = tags.matches('{').count();
        if opened != tags.matches('}').count() {
            let mut end = cursor;
            end.eat_while(|_| true);
            return Err(end.expected("as many `}` as `{`"));
        }
        for tag in tags.split(',') {
            selector.tag(tag.trim(), cursor)?;
            cursor.eat_while(|it| it != ',');
            cursor.eat(",");
        }
        Ok(selector)
    }

    fn tag(&mut self, tag: &str, at: Cursor<'_>) -> Result<(), Misread> {
        let (name, value) = tag
            .split_once(':')
            .ok_or_else(|| at.expected("a tag, such as `endpoint:GET /api/**`"))?;
        let bare = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
        let (name, value) = (bare(name), bare(value));
        let metric = self.metric;
        if name == "check" && metric == Metric::Checks {
            self.check = Some(value);
            return Ok(());
        }
        if !metric.is_of_requests() {
            return Err(at.expected("no tag: this metric is not one of single requests"));
        }
        match (name.as_str(), metric) {
            ("clock", Metric::Duration(_)) => {
                let clock = Clock::named(&value).ok_or_else(|| {
                    at.expected("a clock: response, service, lateness or link_wait")
                })?;
                self.metric = Metric::Duration(clock);
            }
            ("endpoint" | "name" | "route" | "url", _) => {
                let (wanted, pattern) = match value.strip_prefix('!') {
                    Some(pattern) => (false, pattern),
                    None => (true, value.as_str()),
                };
                let pattern = RoutePattern::parse(pattern).map_err(|why| at.expected(why))?;
                self.routes.push((wanted, pattern));
            }
            ("method", _) => self.method = Some(value.to_ascii_uppercase()),
            ("status", _) => {
                let statuses = statuses(&value);
                let statuses =
                    statuses.ok_or_else(|| at.expected("a status, such as `503` or `5xx`"))?;
                self.statuses = Some(statuses);
            }
            ("expected_response", _) => {
                let expected = value.parse().ok();
                self.expected = Some(expected.ok_or_else(|| at.expected("`true` or `false`"))?);
            }
            _ => return Err(at.expected(format!("a tag of this metric: {TAGS}"))),
        }
        Ok(())
    }

    /// Whether requests of a route are measured.
    pub(crate) fn takes_route(&self, route: &str) -> bool {
        let method = route.split(' ').next().unwrap_or_default();
        let mut routes = self.routes.iter();
        self.method.as_ref().is_none_or(|wanted| wanted == method)
            && routes.all(|(wanted, pattern)| pattern.fits(route) == *wanted)
    }

    /// Whether requests with such an answer are measured; `None` is no answer.
    pub(crate) fn takes_status(&self, status: Option<u16>) -> bool {
        let fits = |range: &RangeInclusive<u16>| range.contains(&status.unwrap_or_default());
        let is_expected = status.is_some_and(|status| status < 400);
        self.statuses.as_ref().is_none_or(fits)
            && self.expected.is_none_or(|expected| expected == is_expected)
    }

    /// Whether its tags ask for certain answers, which a summary does not keep times of.
    pub(super) fn asks_for_statuses(&self) -> bool {
        self.statuses.is_some() || self.expected.is_some()
    }
}

const TAGS: &str = "endpoint, method, status, expected_response; of http_req_duration also clock";

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        Selector::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_key_says_which_requests() {
        let all = Selector::parse(" http_req_duration ").unwrap();
        assert!(all.takes_route("GET /a") && all.takes_status(None));
        let key = "http_req_duration{clock:service, endpoint:\"GET /people/{id}\",status:2xx}";
        let one = Selector::parse(key).unwrap();
        assert_eq!(one.metric, Metric::Duration(Clock::Service));
        assert!(one.takes_route("GET /people/{id}"));
        assert!(!one.takes_route("GET /people"));
        assert!(one.takes_status(Some(204)) && !one.takes_status(Some(404)));
        let rest = "http_reqs{url:/api/**,method:get,endpoint:!GET /api/slow/*}";
        let rest = Selector::parse(rest).unwrap();
        assert!(rest.takes_route("GET /api/a"));
        assert!(!rest.takes_route("GET /api/slow/{id}") && !rest.takes_route("POST /api/a"));
        let good = Selector::parse("data_sent{expected_response:true}").unwrap();
        assert!(good.takes_status(Some(302)) && !good.takes_status(None));
    }

    #[test]
    fn a_mistake_is_shown_where_it_is() {
        insta::assert_snapshot!(wrong("http_req_duratoin"), @"`http_req_duratoin` is wrong at character 1, `http_req_duratoin`: expected a metric: http_req_duration, http_req_failed, http_reqs, http_req_blocked, http_req_connecting, http_req_sending, http_req_waiting, http_req_receiving, checks, data_sent, data_received, dropped_iterations, vus, server_errors, availability, equal_statuses, latency_trend, recovery_time, recovered, memory_growth");
        insta::assert_snapshot!(wrong("http_reqs{status:2xx"), @"`http_reqs{status:2xx` ends too early: expected `}` at the end");
        insta::assert_snapshot!(wrong("http_reqs[status:2xx]"), @"`http_reqs[status:2xx]` is wrong at character 10, `[status:2xx]`: expected `{` and tags, or nothing");
        insta::assert_snapshot!(wrong("http_reqs{status:2xx,color:red}"), @"`http_reqs{status:2xx,color:red}` is wrong at character 22, `color:red}`: expected a tag of this metric: endpoint, method, status, expected_response; of http_req_duration also clock");
        insta::assert_snapshot!(wrong("http_reqs{status:two}"), @"`http_reqs{status:two}` is wrong at character 11, `status:two}`: expected a status, such as `503` or `5xx`");
        insta::assert_snapshot!(wrong("http_req_duration{clock:wall}"), @"`http_req_duration{clock:wall}` is wrong at character 19, `clock:wall}`: expected a clock: response, service, lateness or link_wait");
        insta::assert_snapshot!(wrong("vus{status:200}"), @"`vus{status:200}` is wrong at character 5, `status:200}`: expected no tag: this metric is not one of single requests");
        insta::assert_snapshot!(wrong("http_reqs{}"), @"`http_reqs{}` is wrong at character 11, `}`: expected a tag, such as `endpoint:GET /api/**`");
    }
}
