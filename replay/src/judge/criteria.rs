//! All that a run is asked for, and what of each request has to be measured for it.
//!
//! Pure.

use std::iter;

use crate::summary::{self, Level, Slo, Summary, Threshold};

use super::baseline;
use super::check::Check;
use super::evaluate::threshold;
use super::expression::Limit;
use super::metric::Metric;
use super::rules::Rule;
use super::seen::Seen;
use super::selector::Selector;
use super::slo::{self, Objective};

/// All that a run is asked for.
#[derive(Debug, Default)]
pub(crate) struct Criteria {
    /// Thresholds.
    rules: Vec<Asked>,
    /// Service level objectives, and which of the metrics each of them looks at.
    objectives: Vec<(Objective, usize)>,
    /// The level of them that was asked for.
    level: Option<Level>,
    /// Checks on answers.
    pub(crate) checks: Vec<Check>,
    /// The metrics that are measured.
    pub(crate) meant: Vec<Meant>,
}

/// A threshold.
#[derive(Debug)]
struct Asked {
    rule: Rule,
    /// What it is compared with; of a rule on a baseline that is known before the run.
    limit: Option<f64>,
    /// Which of the metrics it looks at.
    meter: usize,
}

/// A metric that is measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Meant {
    /// Of which requests.
    pub(crate) selector: Selector,
    /// Whether by second, too.
    pub(crate) by_second: bool,
}

/// A rule that ended a run, and how it stood then.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EndedBy {
    /// Which one.
    number: usize,
    threshold: Threshold,
}

/// How it went.
pub(crate) struct Judged {
    pub(crate) thresholds: Vec<Threshold>,
    pub(crate) slo: Slo,
}

/// A rule is about a baseline that does not have what it needs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoLimit {
    /// There is no baseline.
    #[error(
        "threshold `{metric}: {expression}` is about a baseline; name the summary.json of an earlier replay with `--baseline`"
    )]
    NoBaseline { metric: String, expression: String },
    /// There is no such check.
    #[error("threshold `{metric}` is about a check that is not there; {known}")]
    NoCheck { metric: String, known: String },
    /// It does not tell that.
    #[error("threshold `{metric}: {expression}` asks for what the baseline does not have: {why}")]
    NotInBaseline {
        metric: String,
        expression: String,
        why: &'static str,
    },
}

impl Criteria {
    /// Joins what is asked for. `baselines` are what rules on a baseline are about.
    pub(crate) fn new(
        rules: Vec<Rule>,
        objectives: Vec<Objective>,
        level: Option<Level>,
        checks: Vec<Check>,
        baselines: &[Summary],
    ) -> Result<Self, NoLimit> {
        let mut criteria = Self {
            level,
            checks,
            ..Self::default()
        };
        for rule in rules {
            criteria.is_known(&rule.selector)?;
            let limit = limit(&rule, baselines)?;
            let meter = criteria.meter(&rule.selector, rule.expression.window_s.is_some());
            criteria.rules.push(Asked { rule, limit, meter });
        }
        for objective in objectives {
            let meter = criteria.meter(&objective.selector, false);
            criteria.objectives.push((objective, meter));
        }
        Ok(criteria)
    }

    /// Whether the check that a rule is about, if any, is there.
    fn is_known(&self, selector: &Selector) -> Result<(), NoLimit> {
        let is_there = match &selector.check {
            Some(name) => self.checks.iter().any(|check| check.name == *name),
            None => selector.metric != Metric::Checks || !self.checks.is_empty(),
        };
        if is_there {
            return Ok(());
        }
        let names: Vec<_> = self
            .checks
            .iter()
            .map(|check| check.name.as_str())
            .collect();
        Err(NoLimit::NoCheck {
            metric: selector.text.clone(),
            known: match names.is_empty() {
                true => "write one as `[[check]]`".to_owned(),
                false => format!("checks are {}", names.join(", ")),
            },
        })
    }

    /// The number of a metric among those that are measured.
    fn meter(&mut self, selector: &Selector, by_second: bool) -> usize {
        let meant = Meant {
            selector: selector.clone(),
            by_second,
        };
        let known = self.meant.iter().position(|known| *known == meant);
        known.unwrap_or_else(|| {
            self.meant.push(meant);
            self.meant.len() - 1
        })
    }

    /// Which metrics requests of a route are samples of.
    pub(crate) fn meters_of(&self, route: &str) -> Vec<usize> {
        let meant = self.meant.iter().enumerate();
        let meant = meant.filter(|(_, meant)| meant.selector.takes_route(route));
        meant.map(|(number, _)| number).collect()
    }

    /// Which checks are about answers of a route.
    pub(crate) fn checks_of(&self, route: &str) -> Vec<usize> {
        let checks = self.checks.iter().enumerate();
        let checks = checks.filter(|(_, check)| check.takes_route(route));
        checks.map(|(number, _)| number).collect()
    }

    /// Whether a rule can end the run.
    pub(crate) fn can_abort(&self) -> bool {
        self.rules.iter().any(|asked| asked.rule.aborts)
    }

    /// The first rule that ends the run after this time.
    pub(crate) fn ends_run(&self, seen: &Seen<'_>) -> Option<EndedBy> {
        let at_s = seen.span.from as f64 + seen.duration_s;
        let mut rules = self.rules.iter().enumerate();
        rules.find_map(|(number, asked)| {
            let is_time = at_s >= asked.rule.abort_after.as_secs_f64();
            if !asked.rule.aborts || !is_time {
                return None;
            }
            let threshold = Threshold {
                aborted: true,
                ..asked.threshold(seen)
            };
            (!threshold.ok).then_some(EndedBy { number, threshold })
        })
    }

    /// How it all went; `ended_by` is the rule that ended the run.
    pub(crate) fn judge(&self, seen: &Seen<'_>, ended_by: Option<&EndedBy>) -> Judged {
        let rules = self.rules.iter().enumerate();
        let thresholds = rules.map(|(number, asked)| match ended_by {
            // What came in after that changes nothing.
            Some(ended_by) if ended_by.number == number => ended_by.threshold.clone(),
            _ => asked.threshold(seen),
        });
        Judged {
            thresholds: thresholds.collect(),
            slo: slo::table(&self.objectives, self.level, seen),
        }
    }

    /// The checks, with how many answers each held for and how many not, in their order.
    pub(crate) fn counted(&self, counts: &[(u64, u64)]) -> Vec<summary::Check> {
        let counts = counts.iter().copied().chain(iter::repeat((0, 0)));
        let checks = self.checks.iter().zip(counts);
        checks
            .map(|(check, (passes, fails))| summary::Check {
                name: check.name.clone(),
                passes,
                fails,
            })
            .collect()
    }
}

impl Asked {
    fn threshold(&self, seen: &Seen<'_>) -> Threshold {
        let value = seen.value(self.meter, &self.rule);
        threshold(&self.rule, value, self.limit)
    }
}

/// What a rule is compared with.
fn limit(rule: &Rule, baselines: &[Summary]) -> Result<Option<f64>, NoLimit> {
    let (times, plus) = match rule.expression.limit {
        Limit::Fixed(limit) => return Ok(Some(limit)),
        Limit::Baseline { times, plus } => (times, plus),
    };
    let (metric, expression) = (rule.selector.text.clone(), rule.expression.text.clone());
    if baselines.is_empty() {
        return Err(NoLimit::NoBaseline { metric, expression });
    }
    match baseline::value(baselines, &rule.selector, rule.expression.method) {
        // Of what the baseline has no sample of, nothing is asked.
        Ok(value) => Ok(value.map(|value| value * times + plus)),
        Err(why) => Err(NoLimit::NotInBaseline {
            metric,
            expression,
            why,
        }),
    }
}
