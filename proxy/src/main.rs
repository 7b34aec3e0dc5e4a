//! `rehearsal-proxy`: stands in front of staging, guards the load-test routes, records traffic.
//!
//! Parses the command line and turns the outcome into an exit code; the rest is in the library.

use std::process::ExitCode;

use clap::Parser;
use rehearsal_proxy::cli::Args;

fn main() -> ExitCode {
    rehearsal_proxy::run::run(&Args::parse()).into()
}
