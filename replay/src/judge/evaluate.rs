//! What rules say of the samples of a run.
//!
//! Pure.

use std::collections::VecDeque;

use hdrhistogram::Histogram;

use super::expression::{Comparison, Method, unit};
use super::metric::{Kind, Metric};
use super::rules::Rule;
use super::seen::Seen;
use super::selector::Selector;
use crate::quantile::is_known;
use crate::record::Samples;
use crate::summary::{Check, Threshold};

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Value {
    /// `None` where there was nothing to measure.
    pub(crate) number: Option<f64>,
    /// Of how many samples.
    pub(crate) samples: u64,
    /// Whether these are enough to know it.
    pub(crate) known: bool,
    /// The second in which its window begins.
    pub(crate) second: Option<u64>,
}

/// How a rule went, given what it is compared with.
pub(crate) fn threshold(rule: &Rule, value: Value, limit: Option<f64>) -> Threshold {
    let expression = &rule.expression;
    let ok = match (value.number, limit) {
        (Some(number), Some(limit)) => expression.comparison.holds(number, limit),
        // As with k6: what has no sample breaks no rule.
        _ => true,
    };
    Threshold {
        metric: rule.selector.text.clone(),
        expression: expression.text.clone(),
        value: value.number,
        limit,
        unit: unit(rule.selector.metric, expression.method),
        ok,
        samples: value.samples,
        known: value.known,
        second: value.second,
        aborted: false,
    }
}

impl Value {
    /// Of something that is known of the whole run, from so many samples.
    const fn whole(number: Option<f64>, samples: u64) -> Self {
        Self {
            number,
            samples,
            known: true,
            second: None,
        }
    }
}

impl Seen<'_> {
    /// What a rule is about, given the number of its metric: of the whole run, or of the worst of its
    /// windows.
    pub(super) fn value(&self, meter: usize, rule: &Rule) -> Value {
        match rule.expression.window_s {
            Some(window_s) => self.worst(meter, rule, window_s),
            None => self.whole(meter, &rule.selector, rule.expression.method),
        }
    }

    /// What is measured over the whole run.
    pub(super) fn whole(&self, meter: usize, selector: &Selector, method: Method) -> Value {
        let course = self.course;
        let after_peak = course.peak.as_ref().map_or(0, |peak| peak.seconds_after);
        match selector.metric {
            Metric::Duration(_)
            | Metric::Step(_)
            | Metric::Failed
            | Metric::Errors
            | Metric::Availability
            | Metric::EqualStatuses
            | Metric::Requests
            | Metric::DataSent
            | Metric::DataReceived => {
                let samples = &self.meters.get(meter).samples;
                of_samples(samples, selector.metric, method, self.duration_s)
            }
            Metric::Checks => self.held(selector.check.as_deref()),
            Metric::Dropped => {
                let number = match method {
                    Method::Rate => per_second(self.dropped, self.duration_s),
                    _ => self.dropped as f64,
                };
                Value::whole(Some(number), 1)
            }
            Metric::Users => Value::whole(Some(self.users as f64), 1),
            Metric::Trend => {
                let spans = course.trend.as_ref().map_or(0, |trend| trend.spans);
                Value::whole(course.slowdown(), spans)
            }
            // One that never came back took longer than any limit.
            Metric::RecoveryTime => Value::whole(course.recovery_s(), after_peak),
            Metric::Recovered => Value::whole(course.recovered(), after_peak),
            Metric::MemoryGrowth => {
                let memory = course.memory.as_ref();
                let readings = memory.map_or(0, |memory| memory.samples.len());
                Value::whole(course.memory_growth(), readings as u64)
            }
        }
    }

    /// The share of answers for which a check held, or all of them.
    fn held(&self, name: Option<&str>) -> Value {
        let (passes, all) = passes(self.checks, name);
        Value::whole((all > 0).then(|| passes as f64 / all as f64), all)
    }

    /// The worst window, which slides from second to second. A run that is shorter is one window.
    fn worst(&self, meter: usize, rule: &Rule, window_s: u64) -> Value {
        let nothing = Value::whole(None, 0);
        let Some(seconds) = &self.meters.get(meter).seconds else {
            return nothing;
        };
        let (metric, method) = (rule.selector.metric, rule.expression.method);
        let span = self.span;
        // What is counted of a second that has only begun is too little; of times and shares it counts.
        let until = match metric.kind() {
            Kind::Counter => span.until,
            _ if span.goes_on => span.until,
            _ => span.until.max(seconds.len()),
        };
        let width = usize::try_from(window_s).unwrap_or(usize::MAX);
        if until.saturating_sub(span.from) < width {
            return match span.goes_on {
                true => nothing,
                false => self.whole(meter, &rule.selector, method),
            };
        }
        // Of a run that goes on those before were looked at before.
        let from = match span.goes_on {
            true => span.from.max(until.saturating_sub(width + LOOKED_AT_S)),
            false => span.from,
        };
        let mut window = Samples::coarse();
        let mut entered = VecDeque::new();
        let mut worst = nothing;
        for (second, samples) in (from..until).zip(seconds.range(from, until)) {
            window.enter(&samples);
            entered.push_back(samples);
            if entered.len() > width
                && let Some(first) = entered.pop_front()
            {
                window.leave(&first);
            }
            if entered.len() < width {
                continue;
            }
            let value = of_samples(&window, metric, method, width as f64);
            if is_worse(rule.expression.comparison, value.number, worst.number) {
                worst = Value {
                    second: Some((second + 1 - width) as u64),
                    ..value
                };
            }
        }
        worst
    }
}

fn is_worse(comparison: Comparison, number: Option<f64>, worst: Option<f64>) -> bool {
    match (number, worst) {
        (Some(number), Some(worst)) => number != worst && comparison.worse(number, worst) == number,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// What is made of samples that came in such a time.
pub(super) fn of_samples(
    samples: &Samples,
    metric: Metric,
    method: Method,
    duration_s: f64,
) -> Value {
    let tally = samples.tally;
    let number = match metric.kind() {
        Kind::Trend => of_times(&samples.times, method),
        Kind::Rate => (tally.total > 0).then(|| tally.hits as f64 / tally.total as f64),
        Kind::Counter | Kind::Gauge => Some(match method {
            Method::Rate => per_second(tally.total, duration_s),
            _ => tally.total as f64,
        }),
    };
    let known = match method {
        Method::Quantile(quantile) => is_known(tally.total, quantile),
        _ => true,
    };
    Value {
        known,
        ..Value::whole(number, tally.total)
    }
}

/// For how many answers a check held, or all checks together, and of how many.
pub(super) fn passes(checks: &[Check], name: Option<&str>) -> (u64, u64) {
    let meant = checks
        .iter()
        .filter(|check| name.is_none_or(|name| name == check.name));
    meant.fold((0, 0), |(passes, all), check| {
        (passes + check.passes, all + check.passes + check.fails)
    })
}

/// In milliseconds.
pub(super) fn of_times(times: &Histogram<u32>, method: Method) -> Option<f64> {
    if times.is_empty() {
        return None;
    }
    let quantile = |quantile| times.value_at_quantile(quantile).min(times.max()) as f64;
    let micros = match method {
        Method::Average => times.mean(),
        Method::Min => times.min() as f64,
        Method::Median => quantile(0.5),
        Method::Quantile(at) => quantile(at),
        Method::Max | Method::Value | Method::Count | Method::Rate => times.max() as f64,
    };
    Some(micros / 1e3)
}

fn per_second(count: u64, duration_s: f64) -> f64 {
    if duration_s > 0.0 {
        count as f64 / duration_s
    } else {
        0.0
    }
}

/// Windows of a run that goes on that are looked at again, in seconds: late answers go into them.
const LOOKED_AT_S: usize = 10;
