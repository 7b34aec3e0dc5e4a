//! What a run is asked for, and whether it did it: whether its numbers can be trusted, thresholds,
//! service level objectives, checks on answers.
//!
//! Pure.

mod baseline;
mod check;
mod criteria;
mod cursor;
mod evaluate;
mod expression;
mod metric;
mod rules;
mod seen;
mod selector;
mod slo;
#[cfg(test)]
mod tests;
mod trust;
mod verdict;

pub(crate) use check::{Answered, Check, WrittenCheck};
pub(crate) use criteria::{Criteria, EndedBy, Judged, Meant};
pub(crate) use metric::{Clock, Metric, Step};
pub(crate) use rules::{Asked, Rule, Table, Written, layered, table};
pub(crate) use seen::{Rates, Seen, Span, whole_seconds};
pub(crate) use slo::{Objective, WrittenObjective, shipped};
pub(crate) use trust::{Evidence, judge, lateness_limit};
pub(crate) use verdict::verdict;
