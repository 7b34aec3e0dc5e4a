//! Replay: plays a capture against a target on absolute deadlines, and judges the run.
//!
//! Read → `plan` → `engine` → `judge` → `report`; `app` joins them, and reads the key from the
//! environment; `cli` reads the rest of the environment through clap. Only `settings::file` and
//! `input` read files, and `settings::resolve` counts the cores; `target` resolves names; `engine`
//! sends, on the time that `clock` tells; `output` writes files; `console` and `progress` print.
//! `plan`, `record`, `fidelity`, `summarize`, `judge` and `report` are pure. Everything that other
//! crates may rely on is [`summary`], the published format, and [`cli::main`].

pub mod cli;
pub mod exit;
pub mod summary;

mod app;
mod clock;
mod console;
mod engine;
mod fidelity;
mod input;
mod judge;
mod locator;
mod output;
mod plan;
mod progress;
mod record;
mod report;
mod settings;
mod slot;
mod summarize;
mod target;
mod users;
