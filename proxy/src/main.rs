//! `rehearsal-proxy`: stands in front of staging, guards the load-test routes, records traffic.
//!
//! Parses the command line and turns the outcome into an exit code; the rest is in the library.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use rehearsal_proxy::cli::Args;

/// With the system's allocator a recorded request costs about a microsecond more.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    rehearsal_proxy::run::run(&Args::parse()).into()
}
