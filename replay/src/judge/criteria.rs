//! All that a run is asked for, and what of each request has to be measured for it.
//!
//! Pure.

use crate::clock::NANOS_PER_SECOND;
use crate::record::Meters;
use crate::summary::{self, Course, Level, Slo, Summary, Threshold};

use super::baseline;
use super::check::Check;
use super::evaluate::{Numbers, threshold};
use super::expression::Limit;
use super::metric::Metric;
use super::rules::Rule;
use super::selector::Selector;
use super::slo::{self, Objective};

/// All that a run is asked for.
#[derive(Debug, Default)]
pub(crate) struct Criteria {
    /// Thresholds.
    rules: Vec<Rule>,
    /// What each of them is compared with, where that is known before the run.
    limits: Vec<Option<f64>>,
    /// Which of the metrics each of them looks at.
    rule_meters: Vec<usize>,
    /// Service level objectives.
    objectives: Vec<Objective>,
    objective_meters: Vec<usize>,
    /// The level of them that was asked for.
    level: Option<Level>,
    /// Checks on answers.
    pub(crate) checks: Vec<Check>,
    /// The metrics that are measured.
    pub(crate) meant: Vec<Meant>,
}

/// A metric that is measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Meant {
    /// Of which requests.
    pub(crate) selector: Selector,
    /// Whether by second, too.
    pub(crate) by_second: bool,
}

/// What of a run is looked at.
pub(crate) struct Seen<'a> {
    /// Samples of the metrics that are meant.
    pub(crate) meters: &'a Meters,
    /// How long the run took.
    pub(crate) duration_s: f64,
    /// Which seconds can be looked at one by one.
    pub(crate) span: Span,
    /// Arrivals that were not sent.
    pub(crate) dropped: u64,
    /// Requests a second, as they were planned and sent.
    pub(crate) rates: Rates,
    /// Who played.
    pub(crate) users: u64,
    /// Checks on answers, in the order of the criteria: for how many they held, and for how many not.
    pub(crate) checks: &'a [(u64, u64)],
    /// How the target did over time.
    pub(crate) course: &'a Course,
}

/// The seconds of a run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Span {
    /// The first one that is in the numbers.
    pub(crate) from: usize,
    /// After the last one that is over, with all that was due in it: counts of the next are not whole.
    pub(crate) until: usize,
    /// Whether the run goes on: then what has no whole window yet has no value.
    pub(crate) goes_on: bool,
}

impl Span {
    /// Of a run that goes on, `at_ns` after its start. The last seconds may still wait for answers.
    pub(crate) fn so_far(warm_up_ns: u64, at_ns: u64) -> Self {
        let over = usize::try_from(at_ns / NANOS_PER_SECOND).unwrap_or(usize::MAX);
        Self {
            from: whole_seconds(warm_up_ns),
            until: over.saturating_sub(PATIENCE_S),
            goes_on: true,
        }
    }
}

/// Requests a second over the time in which requests were sent; 0 where that was less than a second.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rates {
    /// As planned.
    pub(crate) planned: f64,
    /// As sent.
    pub(crate) sent: f64,
}

/// A rule that ended a run, and how it stood then.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EndedBy {
    rule: usize,
    threshold: Threshold,
}

/// How it went.
pub(crate) struct Judged {
    pub(crate) checks: Vec<summary::Check>,
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
        for rule in &rules {
            criteria.is_known(&rule.selector)?;
            let limit = criteria.limit(rule, baselines)?;
            criteria.limits.push(limit);
            let meter = criteria.meter(&rule.selector, rule.expression.window_s.is_some());
            criteria.rule_meters.push(meter);
        }
        for objective in &objectives {
            let meter = criteria.meter(&objective.selector, false);
            criteria.objective_meters.push(meter);
        }
        Ok(Self {
            rules,
            objectives,
            ..criteria
        })
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

    fn limit(&self, rule: &Rule, baselines: &[Summary]) -> Result<Option<f64>, NoLimit> {
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
        self.rules.iter().any(|rule| rule.aborts)
    }

    /// The first rule that ends the run after this time.
    pub(crate) fn ends_run(&self, seen: &Seen<'_>) -> Option<EndedBy> {
        let at_s = seen.span.from as f64 + seen.duration_s;
        let rules = self.rules.iter().enumerate();
        let mut rules =
            rules.filter(|(_, rule)| rule.aborts && at_s >= rule.abort_after.as_secs_f64());
        rules.find_map(|(rule, _)| {
            let threshold = Threshold {
                aborted: true,
                ..self.threshold(rule, seen)
            };
            (!threshold.ok).then_some(EndedBy { rule, threshold })
        })
    }

    /// How it all went; `ended_by` is the rule that ended the run.
    pub(crate) fn judge(&self, seen: &Seen<'_>, ended_by: Option<&EndedBy>) -> Judged {
        let thresholds = (0..self.rules.len()).map(|number| match ended_by {
            // What came in after that changes nothing.
            Some(ended_by) if ended_by.rule == number => ended_by.threshold.clone(),
            _ => self.threshold(number, seen),
        });
        let of_objective = |number: usize| numbers(seen, self.objective_meters[number], &[]);
        Judged {
            checks: self.counted(seen),
            thresholds: thresholds.collect(),
            slo: slo::table(&self.objectives, self.level, seen.rates, of_objective),
        }
    }

    fn threshold(&self, number: usize, seen: &Seen<'_>) -> Threshold {
        let rule = &self.rules[number];
        let checks = self.counted(seen);
        let value = numbers(seen, self.rule_meters[number], &checks).value(rule);
        threshold(rule, value, self.limits[number])
    }

    fn counted(&self, seen: &Seen<'_>) -> Vec<summary::Check> {
        let counts = seen.checks.iter().copied().chain(std::iter::repeat((0, 0)));
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

/// Whole seconds that a time has begun.
pub(crate) fn whole_seconds(ns: u64) -> usize {
    usize::try_from(ns.div_ceil(NANOS_PER_SECOND)).unwrap_or(usize::MAX)
}

/// Answers are waited for as long before a second of a run that goes on is looked at.
const PATIENCE_S: usize = 5;

fn numbers<'a>(seen: &Seen<'a>, meter: usize, checks: &'a [summary::Check]) -> Numbers<'a> {
    Numbers {
        meter: seen.meters.get(meter),
        duration_s: seen.duration_s,
        span: seen.span,
        dropped: seen.dropped,
        users: seen.users,
        checks,
        course: seen.course,
    }
}
