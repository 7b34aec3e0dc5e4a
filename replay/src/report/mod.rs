//! Reports: render the summary, or the plan, and compute nothing.

pub(crate) mod comparison;
mod differences;
pub(crate) mod html;
mod judged;
pub(crate) mod plan;
mod plot;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod text;
pub(crate) mod trend;
pub(crate) mod words;
