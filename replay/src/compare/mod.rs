//! Compares runs, of this program or of another, with a baseline: `replay compare`.
//!
//! `read` opens files and folders, `import` knows what each tool writes; what a run of any tool
//! becomes is `measured`. `against` compares, `trend` looks at many runs one after the other, and
//! `baseline` keeps a run to compare with. Only `read`, `baseline` and `command` touch files.

mod against;
mod band;
mod baseline;
mod command;
mod durations;
mod import;
mod measured;
mod notes;
mod pairs;
mod read;
pub(crate) mod trend;

pub(crate) use self::against::against;
pub(crate) use self::baseline::{SaveError, save_baseline};
pub(crate) use self::command::{compare, max_regression};
pub(crate) use self::measured::{Damaged, Measured};
pub(crate) use self::read::{read, summaries};
