//! Reports: render the summary, or the plan, and compute nothing.

pub(crate) mod comparison;
pub(crate) mod csv;
mod differences;
pub(crate) mod github;
pub(crate) mod html;
mod judged;
pub(crate) mod junit;
pub(crate) mod k6;
pub(crate) mod markdown;
mod over_time;
pub(crate) mod plan;
mod plot;
mod rules;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod slack;
pub(crate) mod text;
mod times;
pub(crate) mod trend;
