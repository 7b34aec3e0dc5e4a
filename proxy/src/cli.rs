//! The command line of `rehearsal-proxy`.
//!
//! Types only; what they mean is decided in [`crate::run`].

use std::path::PathBuf;

use clap::Parser;

/// Load-test gate, rate limits and recorder in front of a staging backend.
#[derive(Debug, Parser)]
#[command(name = "rehearsal-proxy", version, after_help = EXIT_CODES)]
pub struct Args {
    /// Configuration file; relative paths in it are relative to the working directory.
    #[arg(short, long, value_name = "FILE", default_value = "config/proxy.toml")]
    pub config: PathBuf,

    /// Check the configuration, the policy file and the keys, print `FILE: ok` or every mistake,
    /// and exit.
    #[arg(long)]
    pub test: bool,
}

const EXIT_CODES: &str = "\
Environment:
  RUST_LOG  what to log on stderr, such as `info` or `rehearsal_proxy=debug`
  The variables that [load_test] keys name, such as LOAD_TEST_KEY

Signals:
  SIGTERM, SIGINT  stop accepting, finish what is in flight, close the capture;
                   a second one does not wait for what is in flight
  SIGUSR1          open the access log anew, after it was renamed
  SIGHUP           nothing but a warning: reload is not available yet

Exit codes:
  0  stopped as asked, or the configuration is good
  1  failed to run, such as a port in use, or a capture that was not closed well
  2  usage or configuration";
