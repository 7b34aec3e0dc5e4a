//! Replay: plays a capture against a target on absolute deadlines, and judges the run.
//!
//! `app`: read → `merge` → `plan` → `engine` → `judge` → `report`; it reads the key from the
//! environment; `check` looks at captures and `compare` at results, and neither sends anything; `cli`
//! reads the rest of the environment through clap. Only `settings::file`, `input`, `limits`, `check`,
//! `compare::read` and `target` read files, and `settings::resolve` counts the cores; `target`
//! resolves names and reads metrics; `engine` sends, on the time that `clock` tells; `output` and
//! `outputs` write files; `console` and `progress` print, `keys` listens, `live` answers a browser; after a run `github` and `slack` tell others, where
//! the environment names them.
//! `merge`, `inspect`, `plan`, `record`, `fidelity`, `stats`, `course`, `summarize`, `judge`, `advice`, `words`
//! and `report` are pure. Everything that other crates may rely on is [`summary`], the published
//! format, and [`cli::main`].

pub mod cli;
pub mod exit;
pub mod summary;

/// What `fuzz/` tries.
#[cfg(fuzzing)]
pub use engine::fuzzing;

mod advice;
mod app;
mod check;
mod clock;
mod compare;
mod console;
mod course;
mod engine;
mod fidelity;
mod github;
mod hdr;
mod heap;
mod input;
mod inspect;
mod json;
mod judge;
mod keys;
mod limits;
mod live;
mod locator;
mod merge;
mod normal;
mod output;
mod outputs;
mod plan;
mod progress;
mod quantile;
mod record;
mod report;
mod settings;
mod shape;
mod slack;
mod slot;
mod stats;
mod summarize;
mod target;
mod users;
mod words;
