//! Replay: plays a capture against a target on absolute deadlines, and judges the run.
//!
//! `app`: read → `merge` → `plan` → `engine` → `judge` → `report`; it reads the key from the
//! environment; `check` looks at captures and sends nothing; `cli` reads the rest of the environment
//! through clap. Only `settings::file`, `input`, `limits`, `check` and `target` read files, and
//! `settings::resolve` counts the cores; `target` resolves names; `engine` sends, on the time that
//! `clock` tells; `output` writes files; `console` and `progress` print; `live` answers a browser.
//! `merge`, `inspect`, `plan`, `record`, `fidelity`, `summarize`, `judge` and `report` are pure. Everything that other
//! crates may rely on is [`summary`], the published format, and [`cli::main`].

pub mod cli;
pub mod exit;
pub mod summary;

/// What `fuzz/` tries.
#[cfg(fuzzing)]
pub use engine::fuzzing;

mod app;
mod check;
mod clock;
mod console;
mod engine;
mod fidelity;
mod heap;
mod input;
mod inspect;
mod json;
mod judge;
mod limits;
mod live;
mod locator;
mod merge;
mod output;
mod plan;
mod progress;
mod quantile;
mod record;
mod report;
mod settings;
mod shape;
mod slot;
mod summarize;
mod target;
mod users;
