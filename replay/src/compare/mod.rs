//! Compares runs, of this program or of another, with a baseline.
//!
//! `read` opens files and folders, `import` knows what each tool writes; what a run of any tool
//! becomes is `measured`.

mod durations;
mod import;
mod measured;
mod read;

pub(crate) use self::measured::Measured;
pub(crate) use self::read::read;
