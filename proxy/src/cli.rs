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
    after_help = MORE,
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

/// What `--help` says besides, and the manual page in sections of its own: a line without indent
/// is a heading, two spaces stand before a name, and two between it and what is said of it.
const MORE: &str = "\
Environment:
  LOAD_TEST_KEY  a load-test key, where [load_test] keys name this variable;
                 likewise any other variable that they name
  RUST_LOG       what to log on stderr, such as `info` or `rehearsal_proxy=debug`
  NOTIFY_SOCKET  where systemd is told of the state (Type=notify)

Signals:
  SIGTERM, SIGINT  stop accepting, finish what is in flight, close the capture;
                   a second one does not wait for what is in flight
  SIGHUP           read the configuration again; a bad one is refused and the old one stays
  SIGUSR1          open the access log anew, after it was renamed
  SIGUSR2          start the binary anew and hand over to it, without refusing a connection;
                   where the new one does not serve within 30 s, the old one goes on

Admin address, http://127.0.0.1:9090 unless `admin` says otherwise:
  GET /healthz         200 while the process answers
  GET /readyz          200 while it takes connections, 503 once it is to stop
  GET /metrics         numbers for Prometheus
  GET /status          connections, requests and recording, as JSON
  GET /record          the capture in the making, as JSON
  POST /record/start   begin a capture
  POST /record/rotate  begin another capture, then close the one before
  POST /record/stop    close the capture: audit, footer, name

Files, relative to the working directory:
  config/proxy.toml      the configuration; the one that is shipped explains every key
  config/anonymize.toml  the policy that [record] names: what captures and logs may show
  captures/*.jsonl       captures, where [record] says; .partial while one is in the making,
                         .quarantine where the audit found something
  logs/access.jsonl      the access log, where [log] says

Exit codes:
  0  stopped as asked, or the configuration is good
  1  failed to run, such as a port in use, or a capture that was not closed well
  2  usage or configuration";
