//! What a summary says in plain words, and what to look at next.
//!
//! Pure. Each rule looks at one thing and says one sentence about it: what was seen, with its
//! numbers, and after a colon what to do. Where numbers can't be trusted, nothing is said of the
//! target.

mod answers;
mod course;
mod run;
mod times;

use crate::summary::Summary;

/// What to look at next, the most important first.
pub(crate) fn of(summary: &Summary) -> Vec<String> {
    if run::is_untrue(summary) {
        return run::remedies(summary);
    }
    let rules: &[Rule] = if summary.totals.completed > 0 {
        &RULES
    } else {
        // How long answers took that say no says nothing.
        &RULES[..ANSWERS]
    };
    let mut said: Vec<_> = rules.iter().filter_map(|rule| rule(summary)).collect();
    said.sort_by_key(|advice| advice.weight);
    let texts = said.into_iter().map(|advice| advice.text);
    texts.take(MOST).collect()
}

type Rule = fn(&Summary) -> Option<Advice>;

/// A sentence, and how much depends on it.
struct Advice {
    weight: Weight,
    text: String,
}

/// How much depends on something, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// Staging is not usable like that.
    Critical,
    /// It is not as it should be.
    Warning,
    /// Good to know.
    Hint,
}

impl Weight {
    fn says(self, text: String) -> Option<Advice> {
        Some(Advice { weight: self, text })
    }
}

/// Causes before effects, where both weigh the same; those of answers alone first.
const RULES: [Rule; 15] = [
    answers::refused,
    answers::limited,
    answers::server_errors,
    answers::failures,
    answers::checks,
    answers::links,
    times::p95,
    course::trend,
    course::recovery,
    course::memory,
    times::waits,
    times::slowest_route,
    times::outliers,
    times::connecting,
    times::few_samples,
];
const ANSWERS: usize = 6;
/// Who reads more?
const MOST: usize = 8;

#[cfg(test)]
mod tests;
