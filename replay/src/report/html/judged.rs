//! What the run was asked to hold: thresholds, service level objectives, checks.

use crate::summary::{Check, Level, Slo, SloRow, Summary, Threshold};
use crate::words;

use super::number::Number;
use super::rows::Rows;

/// A rule on the numbers.
pub(super) struct ThresholdRow {
    pub(super) metric: String,
    pub(super) expression: String,
    pub(super) value: Number,
    pub(super) limit: Number,
    pub(super) is_ok: bool,
    /// There was nothing to measure.
    pub(super) is_open: bool,
    /// What has to be known of the value.
    pub(super) notes: Vec<String>,
}

/// The rules, the broken ones first.
pub(super) fn thresholds(summary: &Summary) -> Rows<ThresholdRow> {
    let mut all: Vec<_> = summary.thresholds.iter().enumerate().collect();
    all.sort_by_key(|(_, threshold)| threshold.ok);
    Rows::of(all.into_iter().map(threshold))
}

fn threshold((place, threshold): (usize, &Threshold)) -> ThresholdRow {
    let at = |field: &str| format!("thresholds.{place}.{field}");
    let samples = words::grouped(threshold.samples);
    let notes = [
        threshold
            .value
            .is_none()
            .then(|| "nothing to measure, so the rule holds".to_owned()),
        (threshold.value.is_some() && !threshold.known)
            .then(|| format!("{samples} samples are too few to know it")),
        threshold
            .second
            .map(|second| format!("the worst window begins at {second} s")),
        threshold.aborted.then(|| "it ended the run".to_owned()),
    ];
    ThresholdRow {
        metric: threshold.metric.clone(),
        expression: threshold.expression.clone(),
        value: Number {
            is_known: threshold.known || threshold.value.is_none(),
            ..Number::measured(at("value"), threshold.value, threshold.unit)
        },
        limit: Number::measured(at("limit"), threshold.limit, threshold.unit),
        is_ok: threshold.ok,
        is_open: threshold.ok && threshold.value.is_none(),
        notes: notes.into_iter().flatten().collect(),
    }
}

/// Where the metrics stand among the levels.
pub(super) struct Levels {
    pub(super) asked: Option<&'static str>,
    pub(super) stands: &'static str,
    pub(super) rows: Rows<LevelRow>,
}

/// One metric.
pub(super) struct LevelRow {
    pub(super) name: String,
    pub(super) metric: String,
    pub(super) value: Number,
    /// What it has to be: normal, load, critical.
    pub(super) wanted: [String; 3],
    pub(super) level: &'static str,
    pub(super) is_ok: bool,
    /// It was not judged.
    pub(super) is_open: bool,
}

/// The service level objectives; nothing where there are none.
pub(super) fn levels(slo: &Slo) -> Option<Levels> {
    (!slo.rows.is_empty()).then(|| Levels {
        asked: slo.asked.map(name),
        stands: name(slo.stands),
        rows: Rows::of(slo.rows.iter().enumerate().map(level)),
    })
}

fn level((place, row): (usize, &SloRow)) -> LevelRow {
    let wanted = [&row.normal, &row.load, &row.critical];
    LevelRow {
        name: row.name.clone(),
        metric: row.metric.clone(),
        value: Number::measured(format!("slo.rows.{place}.value"), row.value, row.unit),
        wanted: wanted.map(|it| it.clone().unwrap_or_else(|| "–".to_owned())),
        level: name(row.level),
        is_ok: row.ok,
        is_open: row.level == Level::Unknown,
    }
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Unknown => "unknown",
        Level::Normal => "normal",
        Level::Load => "load",
        Level::Degraded => "degraded",
        Level::Critical => "critical",
    }
}

/// A check on answers.
pub(super) struct CheckRow {
    pub(super) name: String,
    pub(super) passes: Number,
    pub(super) fails: Number,
    /// The share for which it held.
    pub(super) rate: String,
    pub(super) is_ok: bool,
}

/// The checks.
pub(super) fn checks(summary: &Summary) -> Rows<CheckRow> {
    Rows::of(summary.checks.iter().enumerate().map(check))
}

fn check((place, check): (usize, &Check)) -> CheckRow {
    let at = |field: &str| format!("checks.{place}.{field}");
    let all = check.passes + check.fails;
    CheckRow {
        name: check.name.clone(),
        passes: Number::count(at("passes"), check.passes),
        fails: Number::count(at("fails"), check.fails),
        rate: match all {
            0 => "–".to_owned(),
            all => words::percent(check.passes as f64 / all as f64),
        },
        is_ok: check.fails == 0,
    }
}
