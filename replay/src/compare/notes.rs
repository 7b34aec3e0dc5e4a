//! What makes runs hard to compare, in full sentences.
//!
//! Pure.

use std::collections::BTreeSet;

use super::against::ENOUGH_RUNS;
use super::band;
use super::measured::{Measured, Tool};
use crate::quantile::Risk;

/// Routes that are not compared.
pub(super) struct LeftOut {
    /// Those with too few requests on a side.
    pub(super) too_few: usize,
    /// How many it takes.
    pub(super) fewest: Option<u64>,
    /// Those that only the baseline has.
    pub(super) before_only: usize,
    /// Those that only the other side has.
    pub(super) after_only: usize,
}

/// Whether the runs differ in nothing that decides how much is sent.
pub(super) fn are_loads_alike(baseline: &[Measured], runs: &[Measured]) -> bool {
    let tools: BTreeSet<_> = baseline.iter().chain(runs).map(|run| run.tool).collect();
    tools.len() < 2 && differences(baseline, runs).is_empty()
}

/// All that there is to say.
pub(super) fn of(baseline: &[Measured], runs: &[Measured], left_out: &LeftOut) -> Vec<String> {
    let both = || baseline.iter().chain(runs);
    let doubts = both().flat_map(|run| {
        let doubts = run.doubts.iter();
        doubts.map(|doubt| format!("{} {doubt}", run.name))
    });
    let mut notes: Vec<_> = doubts.collect();
    notes.extend(tools(both()));
    let differences = differences(baseline, runs);
    if !differences.is_empty() {
        let differences = differences.join("; ");
        notes.push(format!("the runs were set differently: {differences}"));
    }
    if !are_loads_alike(baseline, runs) {
        notes
            .push("rates are not judged, because they follow from how the load was set".to_owned());
    }
    notes.extend(numbers(baseline.len(), runs.len()));
    notes.extend(routes(left_out, both()));
    notes
}

/// Settings that are not the same in all runs, as far as these tell.
fn differences(baseline: &[Measured], runs: &[Measured]) -> Vec<String> {
    let Some(first) = baseline.iter().chain(runs).find(|run| !run.load.is_empty()) else {
        return Vec::new();
    };
    let names = first.load.iter().map(|(name, _)| *name);
    let told = names.filter_map(|name| {
        let [before, after] = [baseline, runs].map(|side| values(side, name));
        let all: BTreeSet<_> = before.union(&after).collect();
        (all.len() > 1).then(|| {
            let listed = |values: BTreeSet<&str>| {
                let values: Vec<_> = values.into_iter().collect();
                values.join(", ")
            };
            format!("{name} {}, then {}", listed(before), listed(after))
        })
    });
    told.collect()
}

fn values<'a>(side: &'a [Measured], name: &str) -> BTreeSet<&'a str> {
    let all = side.iter().flat_map(|run| &run.load);
    let named = all.filter(|(it, _)| *it == name);
    named.map(|(_, value)| value.as_str()).collect()
}

/// Why durations are those from sending on, where that is so.
fn tools<'a>(both: impl Iterator<Item = &'a Measured>) -> Option<String> {
    let tools: BTreeSet<_> = both.map(|run| run.tool).collect();
    let others: Vec<_> = tools.iter().filter(|tool| **tool != Tool::Replay).collect();
    let names: Vec<_> = others.iter().map(ToString::to_string).collect();
    let measure = match names.as_slice() {
        [] => return None,
        [one] => format!("{one} measures"),
        [most @ .., last] => format!("{} and {last} measure", most.join(", ")),
    };
    Some(if tools.contains(&Tool::Replay) {
        format!(
            "{measure} from when a request is sent, so that its durations are compared with the \
             service times of replay, in which connecting is, too; what requests waited before \
             that is in neither"
        )
    } else {
        format!("{measure} from when a request is sent: what it waited before that is not in it")
    })
}

/// That there are too few runs to tell noise from change.
fn numbers(before: usize, after: usize) -> Option<String> {
    if before.min(after) < ENOUGH_RUNS {
        let of = |runs: usize| match runs {
            1 => "one run".to_owned(),
            more => format!("{more} runs"),
        };
        return Some(format!(
            "{} against {}: how runs differ by chance shows only with three or more on each \
             side; bands are from the samples{}",
            of(before),
            of(after),
            if before * after > 1 {
                ", and as wide as runs are apart"
            } else {
                ""
            }
        ));
    }
    let pairs = vec![0.0; before * after];
    let (_, confidence) = band::between_runs(&pairs, before, after, Risk::ONE_IN_20)?;
    (confidence < 0.95).then(|| {
        format!(
            "{before} runs against {after}: bands have a confidence of {:.0} %; four on each side \
             give 95 %",
            confidence * 100.0
        )
    })
}

fn routes<'a>(left_out: &LeftOut, mut both: impl Iterator<Item = &'a Measured>) -> Vec<String> {
    let routes = |number: usize, one: &str, more: &str| match number {
        1 => format!("1 route {one}"),
        _ => format!("{number} routes {more}"),
    };
    let mut notes = Vec::new();
    if let (1.., Some(fewest)) = (left_out.too_few, left_out.fewest) {
        let hint = match both.any(is_uncounted) {
            true => "; k6 tells how many only with `count` among its `summaryTrendStats`",
            false => "",
        };
        notes.push(format!(
            "{} not compared: it takes {fewest} requests on each side{hint}",
            routes(left_out.too_few, "is", "are")
        ));
    }
    let only = [
        (left_out.before_only, "the baseline"),
        (left_out.after_only, "what is compared with it"),
    ];
    for (number, side) in only {
        if number > 0 {
            notes.push(format!("{} only in {side}", routes(number, "is", "are")));
        }
    }
    notes
}

/// Whether it is not known of how many requests some route's durations are.
fn is_uncounted(run: &Measured) -> bool {
    run.tool == Tool::K6 && run.routes.values().any(|route| route.requests == 0)
}
