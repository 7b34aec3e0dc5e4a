//! Service level objectives: what each metric has to be in normal times and under load, from where
//! on it is critical, and where it stands.
//!
//! Pure.

use serde::Deserialize;

use super::cursor::Misread;
use super::expression::{Comparison, Expression, Limit, Method, unit};
use super::metric::Metric;
use super::seen::Seen;
use super::selector::Selector;
use crate::summary::{Level, Slo, SloRow};

/// One objective, as a file writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenObjective {
    name: String,
    metric: String,
    value: String,
    normal: Option<String>,
    load: Option<String>,
    critical: Option<String>,
}

/// One objective.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Objective {
    name: String,
    /// What is measured.
    pub(crate) selector: Selector,
    method: Method,
    normal: Option<Bound>,
    load: Option<Bound>,
    critical: Option<Bound>,
}

#[derive(Debug, Clone, PartialEq)]
struct Bound {
    text: String,
    comparison: Comparison,
    limit: f64,
}

impl Objective {
    /// Reads what a file says.
    pub(crate) fn read(written: WrittenObjective) -> Result<Self, Misread> {
        let selector = Selector::parse(&written.metric)?;
        let metric = selector.metric;
        let method = Method::parse(&written.value, metric)?;
        let bound = |text: Option<String>| {
            let bound = text.map(|text| Bound::read(text, metric, method));
            bound.transpose()
        };
        Ok(Self {
            name: written.name,
            method,
            normal: bound(written.normal)?,
            load: bound(written.load)?,
            critical: bound(written.critical)?,
            selector,
        })
    }

    /// Where it stands, and whether that is good enough.
    fn row(&self, meter: usize, asked: Option<Level>, seen: &Seen<'_>) -> SloRow {
        let (value, rates) = (seen.whole(meter, &self.selector, self.method), seen.rates);
        let number = value.number.filter(|_| value.samples > 0);
        // Over the time in which requests were sent: the last answers take nothing from a rate.
        let number = number.map(|number| match self.is_rate() && rates.sent > 0.0 {
            true => rates.sent,
            false => number,
        });
        let level = number.map_or(Level::Unknown, |number| self.level(number, rates.planned));
        let text = |bound: &Option<Bound>| bound.as_ref().map(|bound| bound.text.clone());
        SloRow {
            name: self.name.clone(),
            metric: format!("{} {}", self.selector.text, self.method.text()),
            value: number,
            unit: unit(self.selector.metric, self.method),
            normal: text(&self.normal),
            load: text(&self.load),
            critical: text(&self.critical),
            level,
            ok: asked.is_none_or(|asked| level <= good_enough(asked)),
        }
    }

    /// Whether it is about the rate of all requests.
    fn is_rate(&self) -> bool {
        self.selector.text == "http_reqs" && self.method == Method::Rate
    }

    fn level(&self, number: f64, planned_rate: f64) -> Level {
        let is_rate = self.is_rate();
        let holds = |bound: &&Bound| bound.comparison.holds(number, bound.limit);
        // What was not asked of the target, nobody knows whether it could have been done.
        let was_asked = |bound: &&Bound| !is_rate || planned_rate >= bound.limit;
        if self.critical.as_ref().is_some_and(|bound| holds(&bound)) {
            return Level::Critical;
        }
        let bounds = [(&self.normal, Level::Normal), (&self.load, Level::Load)];
        let mut bounds = bounds
            .into_iter()
            .filter_map(|(bound, level)| Some((bound.as_ref()?, level)))
            .peekable();
        if is_rate {
            let mut asked = bounds.filter(|(bound, _)| was_asked(bound));
            return match asked.next() {
                None => Level::Unknown,
                Some((bound, level)) if holds(&bound) => level,
                Some(_) => Level::Degraded,
            };
        }
        if bounds.peek().is_none() {
            return Level::Unknown;
        }
        bounds
            .find(|(bound, _)| holds(bound))
            .map_or(Level::Degraded, |(_, level)| level)
    }
}

impl Bound {
    fn read(text: String, metric: Metric, method: Method) -> Result<Self, Misread> {
        let (comparison, limit) = Expression::parse_bound(&text, metric, method)?;
        match limit {
            Limit::Fixed(limit) => Ok(Self {
                text,
                comparison,
                limit,
            }),
            Limit::Baseline { .. } => Err(super::cursor::Cursor::new(&text)
                .expected("a number: an objective is no relation to a baseline")),
        }
    }
}

/// Where all objectives stand, given the number of the metric of each.
pub(crate) fn table(
    objectives: &[(Objective, usize)],
    asked: Option<Level>,
    seen: &Seen<'_>,
) -> Slo {
    let rows: Vec<_> = objectives
        .iter()
        .map(|(objective, meter)| objective.row(*meter, asked, seen))
        .collect();
    let levels = rows.iter().map(|row| row.level);
    Slo {
        asked,
        stands: levels.max().unwrap_or(Level::Unknown),
        rows,
    }
}

/// The worst level that is good enough where this one was asked for.
fn good_enough(asked: Level) -> Level {
    match asked {
        Level::Critical => Level::Degraded,
        asked => asked,
    }
}

/// The objectives that replay has by itself.
pub(crate) fn shipped() -> Vec<Objective> {
    #[derive(Deserialize)]
    struct Shipped {
        objective: Vec<WrittenObjective>,
    }
    let read = toml::from_str::<Shipped>(SHIPPED).map(|shipped| shipped.objective);
    let read = read.unwrap_or_default().into_iter();
    // A test reads all of them.
    read.filter_map(|written| Objective::read(written).ok())
        .collect()
}

const SHIPPED: &str = include_str!("slo.toml");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_shipped_can_be_read() {
        assert_eq!(shipped().len(), SHIPPED.matches("\n[[objective]]").count());
    }

    #[test]
    fn a_number_stands_at_the_best_level_whose_bound_holds() {
        let objectives = shipped();
        let of = |name: &str, number: f64| {
            let objective = objectives.iter().find(|it| it.name == name).unwrap();
            objective.level(number, 150.0)
        };
        let latency = [499.0, 500.0, 1_999.0, 2_000.0, 5_000.0, 5_001.0];
        assert_eq!(
            latency.map(|ms| of("API p95", ms)),
            [
                Level::Normal,
                Level::Load,
                Level::Load,
                Level::Degraded,
                Level::Degraded,
                Level::Critical
            ]
        );
        let availability = [1.0, 0.9995, 0.995, 0.98];
        assert_eq!(
            availability.map(|share| of("Availability", share)),
            [Level::Normal, Level::Load, Level::Degraded, Level::Critical]
        );
        // 150 a second were planned: what is above that was not asked for.
        assert_eq!(of("Throughput", 149.0), Level::Normal);
        assert_eq!(of("Throughput", 80.0), Level::Degraded);
    }

    #[test]
    fn degraded_is_good_enough_only_for_not_critical() {
        assert_eq!(good_enough(Level::Normal), Level::Normal);
        assert_eq!(good_enough(Level::Critical), Level::Degraded);
    }
}
