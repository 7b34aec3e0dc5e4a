//! Compares runs, of this program or of another, with a baseline.
//!
//! `read` opens files and folders, `import` knows what each tool writes; what a run of any tool
//! becomes is `measured`. `against` compares, and `baseline` keeps a run to compare with.

mod against;
mod band;
mod baseline;
mod durations;
mod import;
mod measured;
mod notes;
mod pairs;
mod read;

pub(crate) use self::against::against;
pub(crate) use self::baseline::save_baseline;
pub(crate) use self::measured::Measured;
pub(crate) use self::read::read;
