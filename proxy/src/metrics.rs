//! Every metric, declared in one place.
//!
//! Labels are route and upstream names and fixed words, never anything a client sent.

use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
    TextEncoder,
};

use crate::refusal::Reason;

/// All counters and histograms that requests feed.
pub(crate) struct Metrics {
    registry: Registry,
    by_class: IntCounterVec,
    limited: IntCounterVec,
    duration: HistogramVec,
    upstream_errors: IntCounterVec,
    refusals: Vec<IntCounter>,
    /// Requests answered, of all routes.
    pub(crate) requests: IntCounter,
}

/// The metrics of one edge's routes and upstreams. Those of a name go on where they were.
pub(crate) struct Meters {
    /// By route, in the order of the table; the last one is for requests without a route.
    routes: Vec<RouteMetrics>,
    upstream_errors: Vec<[IntCounter; UpstreamError::ALL.len()]>,
}

/// What is counted for one route; looked up once, so that a request costs no map access.
pub(crate) struct RouteMetrics {
    classes: [IntCounter; CLASSES.len()],
    limited: IntCounter,
    duration: Histogram,
}

/// Label of requests without a route.
pub(crate) const NO_ROUTE: &str = "none";

/// Label by the status's first digit; 0 is a request without an answer.
const CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

/// Upper bounds in seconds, around the application's thresholds (500 ms and 1 s).
const BUCKETS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
];

/// How an upstream let a request down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UpstreamError {
    /// No connection.
    Connect,
    /// The connection broke, or the answer was no HTTP.
    Protocol,
    /// The answer had a status that counts as a failure.
    Status,
    Timeout,
}

impl UpstreamError {
    const ALL: [Self; 4] = [Self::Connect, Self::Protocol, Self::Status, Self::Timeout];

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Protocol => "protocol",
            Self::Status => "status",
            Self::Timeout => "timeout",
        }
    }
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counters = |name, help, labels: &[&str]| {
            let family = IntCounterVec::new(Opts::new(name, help), labels)?;
            register(&registry, family)
        };
        let by_class = counters(
            "rehearsal_requests_total",
            "Requests by route and status class.",
            &["route", "class"],
        )?;
        let limited = counters(
            "rehearsal_limited_total",
            "Requests over a rate or concurrency limit, by route.",
            &["route"],
        )?;
        let refusals = counters(
            "rehearsal_refusals_total",
            "Requests that were not forwarded, by reason.",
            &["reason"],
        )?;
        let upstream_errors = counters(
            "rehearsal_upstream_errors_total",
            "Attempts that an upstream did not answer, by upstream and kind.",
            &["upstream", "kind"],
        )?;
        let options = HistogramOpts::new(
            "rehearsal_request_duration_seconds",
            "From the request's first byte to the answer's last, by route.",
        );
        let duration = HistogramVec::new(options.buckets(BUCKETS.to_vec()), &["route"])?;
        Ok(Self {
            by_class,
            limited,
            duration: register(&registry, duration)?,
            upstream_errors,
            refusals: Reason::ALL
                .iter()
                .map(|reason| refusals.with_label_values(&[reason.label()]))
                .collect(),
            requests: IntCounter::new("requests", "Requests.")?,
            registry,
        })
    }

    /// The metrics of these routes and upstreams.
    pub(crate) fn meters<'n>(
        &self,
        routes: impl Iterator<Item = &'n str>,
        upstreams: impl Iterator<Item = &'n str>,
    ) -> Meters {
        let of_upstream = |name: &str| {
            UpstreamError::ALL.map(|kind| {
                self.upstream_errors
                    .with_label_values(&[name, kind.label()])
            })
        };
        let of_route = |name: &str| RouteMetrics {
            classes: CLASSES.map(|class| self.by_class.with_label_values(&[name, class])),
            limited: self.limited.with_label_values(&[name]),
            duration: self.duration.with_label_values(&[name]),
        };
        Meters {
            routes: routes
                .chain(std::iter::once(NO_ROUTE))
                .map(of_route)
                .collect(),
            upstream_errors: upstreams.map(of_upstream).collect(),
        }
    }

    /// Counts a request that was not forwarded.
    pub(crate) fn refusal(&self, reason: Reason) {
        self.refusals[reason as usize].inc();
    }

    /// Everything in Prometheus's text format.
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "cannot write metrics");
        }
        text
    }
}

impl Meters {
    /// Counts a request that has ended. Status 0 is one without an answer.
    pub(crate) fn request(&self, route: Option<usize>, status: u16, took: Duration) {
        let metrics = self.of(route);
        let class = usize::from(status / 100).min(CLASSES.len() - 1);
        metrics.classes[class].inc();
        metrics.duration.observe(took.as_secs_f64());
    }

    /// Counts a request that was over a limit.
    pub(crate) fn limited(&self, route: Option<usize>) {
        self.of(route).limited.inc();
    }

    /// Counts an attempt that an upstream did not answer.
    pub(crate) fn upstream_error(&self, upstream: usize, kind: UpstreamError) {
        self.upstream_errors[upstream][kind as usize].inc();
    }

    fn of(&self, route: Option<usize>) -> &RouteMetrics {
        &self.routes[route.unwrap_or(self.routes.len() - 1)]
    }
}

fn register<C: Collector + Clone + 'static>(
    registry: &Registry,
    collector: C,
) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}
