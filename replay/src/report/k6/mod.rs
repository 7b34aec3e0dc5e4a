//! What k6 2.2 writes at the end of a test, made of a summary, for what reads k6's results.
//!
//! `collect` makes k6's metrics of the summary, `text`, `export` and `machine` write them down.

mod collect;
pub(crate) mod export;
pub(crate) mod machine;
mod metric;
mod number;
pub(crate) mod text;
