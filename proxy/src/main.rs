//! `rehearsal-proxy`: stands in front of staging, guards the load-test routes, records traffic.
//!
//! Parses the command line and turns the outcome into an exit code; the rest is in the library.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use rehearsal_proxy::cli::Args;

/// The system's allocator takes more time for what the recorder's thread frees for the others.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    rehearsal_proxy::run::run(&Args::parse()).into()
}
