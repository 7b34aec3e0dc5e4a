//! What is asked of a metric: `p(95)<500`, `rate<1%`, `p(99.9)<1.5s for 10s`, `p(95)<baseline+10%`.
//!
//! Pure. k6's grammar (2.2) as it is, and more: units, windows of time, relation to a baseline.

use std::time::Duration;

use super::cursor::{Cursor, Misread};
use super::metric::{Kind, Metric};
use crate::settings::values::duration;
use crate::summary::Unit;

/// What is asked of a metric.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expression {
    /// As it was written.
    pub(crate) text: String,
    /// What is made of the samples.
    pub(crate) method: Method,
    /// How that is compared.
    pub(crate) comparison: Comparison,
    /// With what.
    pub(crate) limit: Limit,
    /// In how many seconds on end, wherever in the run; `None` is the whole run.
    pub(crate) window_s: Option<u64>,
}

/// What is made of the samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Method {
    /// The value of a gauge.
    Value,
    /// Their sum.
    Count,
    /// Their sum a second; of a rate the share.
    Rate,
    /// The mean.
    Average,
    /// The shortest.
    Min,
    /// The median.
    Median,
    /// The longest.
    Max,
    /// This quantile, from 0 to 1.
    Quantile(f64),
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// At most.
    AtMost,
    /// Less.
    Less,
    /// At least.
    AtLeast,
    /// More.
    More,
    /// The same.
    Equal,
    /// Another one.
    Unequal,
}

/// What a number is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Limit {
    /// This number, in the metric's unit.
    Fixed(f64),
    /// The number of the baseline, so many times, and so much added.
    Baseline {
        /// So many times.
        times: f64,
        /// And so much, in the metric's unit.
        plus: f64,
    },
}

impl Expression {
    /// Reads what is asked of a metric.
    pub(crate) fn parse(text: &str, metric: Metric) -> Result<Self, Misread> {
        let mut cursor = Cursor::new(text.trim());
        let method = Method::read(&mut cursor, metric)?;
        let comparison = Comparison::read(&mut cursor)?;
        let limit = Limit::read(&mut cursor, unit(metric, method))?;
        let at_window = cursor;
        let window_s = window(&mut cursor, metric)?;
        if window_s.is_some() && matches!(comparison, Comparison::Equal | Comparison::Unequal) {
            return Err(at_window.expected("no `for`: it goes with < <= > and >="));
        }
        if !cursor.is_done() {
            return Err(cursor.expected("nothing more, or `for` and a time as in `for 10s`"));
        }
        Ok(Self {
            text: text.trim().to_owned(),
            method,
            comparison,
            limit,
            window_s,
        })
    }

    /// Reads a comparison and a limit alone, such as `<500ms`.
    pub(crate) fn parse_bound(
        text: &str,
        metric: Metric,
        method: Method,
    ) -> Result<(Comparison, Limit), Misread> {
        let mut cursor = Cursor::new(text.trim());
        let comparison = Comparison::read(&mut cursor)?;
        let limit = Limit::read(&mut cursor, unit(metric, method))?;
        match cursor.is_done() {
            true => Ok((comparison, limit)),
            false => Err(cursor.expected("nothing more")),
        }
    }
}

/// The unit of what is made of the samples.
pub(crate) const fn unit(metric: Metric, method: Method) -> Unit {
    match (metric.unit(), method) {
        (Unit::Count, Method::Rate) => Unit::PerSecond,
        (Unit::Bytes, Method::Rate) => Unit::BytesPerSecond,
        (unit, _) => unit,
    }
}

impl Method {
    /// Reads the method of a metric alone, such as `p(95)`.
    pub(crate) fn parse(text: &str, metric: Metric) -> Result<Self, Misread> {
        let mut cursor = Cursor::new(text);
        let method = Self::read(&mut cursor, metric)?;
        match cursor.is_done() {
            true => Ok(method),
            false => Err(cursor.expected("nothing more")),
        }
    }

    /// As a rule writes it.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Value => "value".to_owned(),
            Self::Count => "count".to_owned(),
            Self::Rate => "rate".to_owned(),
            Self::Average => "avg".to_owned(),
            Self::Min => "min".to_owned(),
            Self::Median => "med".to_owned(),
            Self::Max => "max".to_owned(),
            Self::Quantile(quantile) => {
                // What `0.999 * 100` is not exactly.
                format!("p({})", (quantile * 1e8).round() / 1e6)
            }
        }
    }

    fn read(cursor: &mut Cursor<'_>, metric: Metric) -> Result<Self, Misread> {
        let at = *cursor;
        let wanted = match metric.kind() {
            Kind::Counter => "count or rate",
            Kind::Gauge => "value",
            Kind::Rate => "rate",
            Kind::Trend => "avg, min, med, max or a percentile such as p(95)",
        };
        let name = cursor.eat_while(|it| it.is_ascii_alphabetic());
        let method = match (metric.kind(), name) {
            (Kind::Counter, "count") => Self::Count,
            (Kind::Counter | Kind::Rate, "rate") => Self::Rate,
            (Kind::Gauge, "value") => Self::Value,
            (Kind::Trend, "avg") => Self::Average,
            (Kind::Trend, "min") => Self::Min,
            (Kind::Trend, "med") => Self::Median,
            (Kind::Trend, "max") => Self::Max,
            (Kind::Trend, "p") => Self::percentile(cursor)?,
            _ => return Err(at.expected(wanted)),
        };
        Ok(method)
    }

    /// `(95)`, or `95`.
    fn percentile(cursor: &mut Cursor<'_>) -> Result<Self, Misread> {
        let is_open = cursor.eat("(");
        let at = *cursor;
        let percent = cursor.number()?;
        if percent > 100.0 {
            return Err(at.expected("a number up to 100"));
        }
        if is_open && !cursor.eat(")") {
            return Err(cursor.expected("`)`"));
        }
        Ok(Self::Quantile(percent / 100.0))
    }
}

impl Comparison {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, Misread> {
        let known = [
            ("<=", Self::AtMost),
            ("<", Self::Less),
            (">=", Self::AtLeast),
            (">", Self::More),
            ("===", Self::Equal),
            ("==", Self::Equal),
            ("!=", Self::Unequal),
        ];
        let next = known.into_iter().find(|(token, _)| cursor.eat(token));
        next.map(|(_, comparison)| comparison)
            .ok_or_else(|| cursor.expected("one of < <= > >= == !="))
    }

    /// Whether a number compares so with its limit.
    #[expect(clippy::float_cmp, reason = "what `==` asks for")]
    pub(crate) fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::AtMost => value <= limit,
            Self::Less => value < limit,
            Self::AtLeast => value >= limit,
            Self::More => value > limit,
            Self::Equal => value == limit,
            Self::Unequal => value != limit,
        }
    }

    /// The worse of two numbers: of those that have to be small the larger one.
    pub(crate) fn worse(self, one: f64, other: f64) -> f64 {
        match self {
            Self::AtMost | Self::Less | Self::Equal | Self::Unequal => one.max(other),
            Self::AtLeast | Self::More => one.min(other),
        }
    }
}

impl Limit {
    fn read(cursor: &mut Cursor<'_>, unit: Unit) -> Result<Self, Misread> {
        if !cursor.eat("baseline") {
            return Ok(Self::Fixed(amount(cursor, unit)?));
        }
        if cursor.eat("*") {
            return Ok(Self::Baseline {
                times: cursor.number()?,
                plus: 0.0,
            });
        }
        let sign = match (cursor.eat("+"), cursor.eat("-")) {
            (true, _) => 1.0,
            (_, true) => -1.0,
            _ => {
                return Ok(Self::Baseline {
                    times: 1.0,
                    plus: 0.0,
                });
            }
        };
        let mut relative = *cursor;
        let percent = relative.number()?;
        if relative.eat("%") {
            *cursor = relative;
            return Ok(Self::Baseline {
                times: 1.0 + sign * percent / 100.0,
                plus: 0.0,
            });
        }
        Ok(Self::Baseline {
            times: 1.0,
            plus: sign * amount(cursor, unit)?,
        })
    }
}

/// A number, in the unit that follows it or in this one.
fn amount(cursor: &mut Cursor<'_>, unit: Unit) -> Result<f64, Misread> {
    let is_negative = cursor.eat("-");
    let _is_positive = !is_negative && cursor.eat("+");
    let number = cursor.number()? * if is_negative { -1.0 } else { 1.0 };
    let at = *cursor;
    // `for` begins what comes after.
    let word = match cursor.rest().starts_with("for") {
        true => "",
        false => cursor.eat_while(|it| it.is_alphabetic() || it == '%' || it == '/'),
    };
    let units: &[(&str, f64)] = match unit {
        Unit::Milliseconds => &[
            ("ns", 1e-6),
            ("us", 1e-3),
            ("µs", 1e-3),
            ("ms", 1.0),
            ("s", 1e3),
            ("m", 60e3),
            ("h", 3_600e3),
        ],
        Unit::Seconds => &[("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3_600.0)],
        Unit::Share => &[("%", 0.01)],
        Unit::Count => &[],
        Unit::PerSecond => &[("/s", 1.0), ("/m", 1.0 / 60.0)],
        Unit::Bytes => &BYTES,
        Unit::BytesPerSecond => &RATES,
    };
    if word.is_empty() {
        return Ok(number);
    }
    let known = units.iter().find(|(name, _)| *name == word);
    let names: Vec<_> = units.iter().map(|(name, _)| *name).collect();
    let (_, factor) = known.ok_or_else(|| match names.is_empty() {
        true => at.expected("no unit"),
        false => at.expected(format!("one of the units {}", names.join(", "))),
    })?;
    Ok(number * factor)
}

fn window(cursor: &mut Cursor<'_>, metric: Metric) -> Result<Option<u64>, Misread> {
    let at = *cursor;
    if !cursor.eat("for") {
        return Ok(None);
    }
    if !metric.is_of_requests() {
        return Err(at.expected("no `for`: this metric is known of the whole run only"));
    }
    let at = *cursor;
    let seconds = duration(cursor.eat_while(|_| true))
        .ok()
        .filter(|time| time.subsec_nanos() == 0)
        .as_ref()
        .map(Duration::as_secs);
    let seconds = seconds.ok_or_else(|| at.expected("whole seconds, such as `10s` or `1m`"))?;
    Ok(Some(seconds))
}

const BYTES: [(&str, f64); 4] = [("B", 1.0), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9)];
const RATES: [(&str, f64); 8] = [
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("B/s", 1.0),
    ("kB/s", 1e3),
    ("MB/s", 1e6),
    ("GB/s", 1e9),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::selector::Selector;

    fn parse(key: &str, text: &str) -> Result<Expression, Misread> {
        Expression::parse(text, Selector::parse(key).unwrap().metric)
    }

    fn limit(key: &str, text: &str) -> f64 {
        match parse(key, text).unwrap().limit {
            Limit::Fixed(limit) => limit,
            limit @ Limit::Baseline { .. } => panic!("{limit:?}"),
        }
    }

    #[test]
    fn what_k6_understands_means_the_same() {
        let of = parse("http_req_duration", "p(95) < 500").unwrap();
        assert_eq!(of.method, Method::Quantile(0.95));
        assert_eq!(of.comparison, Comparison::Less);
        assert_eq!(of.limit, Limit::Fixed(500.0));
        for (key, text) in [
            ("http_req_duration", "avg<=200.5"),
            ("http_req_duration", "med===1e+3"),
            ("http_req_duration", "max<+500"),
            ("http_req_duration", "p(99.99)!=0"),
            ("http_req_failed", "rate<0.01"),
            ("http_reqs", "count>=100"),
            ("http_reqs", "rate>50"),
            ("vus", "value==10"),
            ("checks", "rate>0.9"),
        ] {
            assert!(parse(key, text).is_ok(), "{key}: {text}");
        }
    }

    #[test]
    fn units_become_those_of_the_metric() {
        assert_eq!(limit("http_req_duration", "p99.9<1.5s"), 1_500.0);
        assert_eq!(limit("http_req_waiting", "max<250µs"), 0.25);
        assert_eq!(limit("http_req_failed", "rate<0.5%"), 0.005);
        assert_eq!(limit("data_received", "rate>1MB/s"), 1e6);
        assert_eq!(limit("recovery_time", "value<1m"), 60.0);
        assert_eq!(limit("http_reqs", "rate>60/m"), 1.0);
    }

    #[test]
    fn windows_and_baselines() {
        let of = parse("http_req_duration", "p(95)<500ms for 1m10s").unwrap();
        assert_eq!(of.window_s, Some(70));
        let of = |text| parse("http_req_duration", text).unwrap().limit;
        let baseline = |times, plus| Limit::Baseline { times, plus };
        assert_eq!(of("p(95)<=baseline"), baseline(1.0, 0.0));
        assert_eq!(of("p(95)<baseline+10%"), baseline(1.1, 0.0));
        assert_eq!(of("p(95)<baseline * 1.5"), baseline(1.5, 0.0));
        assert_eq!(of("p(95)<baseline+0.2s for 5s"), baseline(1.0, 200.0));
        assert_eq!(of("p(95)<baseline-20"), baseline(1.0, -20.0));
    }

    #[test]
    fn a_mistake_is_shown_where_it_is() {
        let wrong = |key, text| parse(key, text).unwrap_err().to_string();
        insta::assert_snapshot!(wrong("http_req_duration", "p(95)<!500"), @"`p(95)<!500` is wrong at character 7, `!500`: expected a number");
        insta::assert_snapshot!(wrong("http_req_duration", "p95500"), @"`p95500` is wrong at character 2, `95500`: expected a number up to 100");
        insta::assert_snapshot!(wrong("http_req_duration", "p(101)<5"), @"`p(101)<5` is wrong at character 3, `101)<5`: expected a number up to 100");
        insta::assert_snapshot!(wrong("http_req_duration", "p(95<5"), @"`p(95<5` is wrong at character 5, `<5`: expected `)`");
        insta::assert_snapshot!(wrong("http_req_duration", "p(95)<"), @"`p(95)<` ends too early: expected a number");
        insta::assert_snapshot!(wrong("http_req_duration", "rate<5"), @"`rate<5` is wrong at character 1, `rate<5`: expected avg, min, med, max or a percentile such as p(95)");
        insta::assert_snapshot!(wrong("http_req_duration", "p(95)=5"), @"`p(95)=5` is wrong at character 6, `=5`: expected one of < <= > >= == !=");
        insta::assert_snapshot!(wrong("http_req_duration", "p(95)<5 parsecs"), @"`p(95)<5 parsecs` is wrong at character 9, `parsecs`: expected one of the units ns, us, µs, ms, s, m, h");
        insta::assert_snapshot!(wrong("http_req_duration", "p(95)<5 for ever"), @"`p(95)<5 for ever` is wrong at character 13, `ever`: expected whole seconds, such as `10s` or `1m`");
        insta::assert_snapshot!(wrong("http_reqs", "rate==5 for 10s"), @"`rate==5 for 10s` is wrong at character 9, `for 10s`: expected no `for`: it goes with < <= > and >=");
        insta::assert_snapshot!(wrong("http_req_failed", "p(95)<5"), @"`p(95)<5` is wrong at character 1, `p(95)<5`: expected rate");
        insta::assert_snapshot!(wrong("http_reqs", "count<5s"), @"`count<5s` is wrong at character 8, `s`: expected no unit");
        insta::assert_snapshot!(wrong("vus", "value<5 for 5s"), @"`value<5 for 5s` is wrong at character 9, `for 5s`: expected no `for`: this metric is known of the whole run only");
        insta::assert_snapshot!(wrong("http_req_duration", "µ(95)<5"), @"`µ(95)<5` is wrong at character 1, `µ(95)<5`: expected avg, min, med, max or a percentile such as p(95)");
    }
}
