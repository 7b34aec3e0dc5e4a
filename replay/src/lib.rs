//! Replay: plays a capture against a target on absolute deadlines, and judges the run.
//!
//! Read → `plan` → `engine` → `judge` → `report`; `app` joins them. Only `input`, `target`,
//! `engine`, `output`, `console` and `progress` touch the world; `plan`, `fidelity`, `summarize`
//! and `judge` are pure. Everything that other crates may rely on is [`summary`], the published
//! format, and [`cli::main`].

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
