//! Reports: render the summary, or the plan, and compute nothing.

mod differences;
pub(crate) mod html;
pub(crate) mod k6;
pub(crate) mod plan;
mod plot;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod text;
pub(crate) mod words;
