//! The command line of `rehearsal-proxy`.
//!
//! Types only; what they mean is decided in [`crate::run`].

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Load-test gate, rate limits and recorder in front of a staging backend.
#[derive(Debug, Parser)]
#[command(
    name = "rehearsal-proxy",
    version,
    after_help = EXIT_CODES,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub struct Args {
    /// What to do other than to run.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Configuration file; relative paths in it are relative to the working directory.
    #[arg(short, long, value_name = "FILE", default_value = "config/proxy.toml")]
    pub config: PathBuf,

    /// Check the configuration, the policy file and the keys, print `FILE: ok` or every mistake,
    /// and exit.
    #[arg(long)]
    pub test: bool,

    /// Take over from the process that started this one; its standard input is the way to it.
    #[arg(long, hide = true)]
    pub take_over: bool,
}

/// What the program does other than to run.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Command {
    /// Print a new load-test key
    Key,
    /// Print the manual page: rehearsal-proxy man | man -l -
    Man,
}

const EXIT_CODES: &str = "\
Environment:
  RUST_LOG  what to log on stderr, such as `info` or `rehearsal_proxy=debug`
  The variables that [load_test] keys name, such as LOAD_TEST_KEY

Signals:
  SIGTERM, SIGINT  stop accepting, finish what is in flight, close the capture;
                   a second one does not wait for what is in flight
  SIGHUP           read the configuration again; a bad one is refused and the old one stays
  SIGUSR1          open the access log anew, after it was renamed
  SIGUSR2          start the binary anew and hand over to it, without refusing a connection

Exit codes:
  0  stopped as asked, or the configuration is good
  1  failed to run, such as a port in use, or a capture that was not closed well
  2  usage or configuration";
