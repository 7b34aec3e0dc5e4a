//! `demo`: the whole loop on this machine, or a new example capture.
//!
//! Parses the command line and turns the outcome into an exit code; the rest is in the library.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};
use rehearsal_demo::rehearsal::{self, Loop};
use tokio::signal::unix::{SignalKind, signal};

/// Run the whole loop on this machine: staging, proxy, users, capture, replay, report.
///
/// Exit codes: 0 every step did what it should, 1 something did not, 2 usage, 130 interrupted.
#[derive(Parser)]
#[command(name = "demo", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// How many users work.
    #[arg(long, value_name = "N", default_value_t = 30)]
    users: usize,
    /// For how many seconds they work.
    #[arg(long, value_name = "S", default_value_t = 20)]
    seconds: u64,
    /// How fast the replay is.
    #[arg(long, default_value = "5x")]
    speed: String,
    /// Where capture, summary and report go.
    #[arg(long, value_name = "DIR", default_value = "results/demo")]
    out: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Record synthetic users into FILE, and replay nothing.
    Record {
        /// The capture; a file of that name is replaced.
        file: PathBuf,
        /// How many users work.
        #[arg(long, value_name = "N", default_value_t = 44)]
        users: usize,
        /// For how many seconds they work.
        #[arg(long, value_name = "S", default_value_t = 60)]
        seconds: u64,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // What is left behind when the loop is dropped half-way ends with it: programs and folders.
    let ended = tokio::select! {
        ended = run(cli) => ended,
        signalled = interrupted() => return signalled,
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // A closed standard error leaves nobody to tell.
            let _closed = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns when somebody wants this to end.
async fn interrupted() -> ExitCode {
    let kinds = [
        SignalKind::hangup(),
        SignalKind::interrupt(),
        SignalKind::terminate(),
    ];
    let [Ok(mut hangup), Ok(mut interrupt), Ok(mut terminate)] = kinds.map(signal) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = hangup.recv() => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    ExitCode::from(130)
}

async fn run(cli: Cli) -> Result<bool> {
    if let Some(Command::Record {
        file,
        users,
        seconds,
    }) = cli.command
    {
        rehearsal::record(users, Duration::from_secs(seconds), &file).await?;
        return Ok(true);
    }
    rehearsal::run(&Loop {
        users: cli.users,
        duration: Duration::from_secs(cli.seconds),
        speed: cli.speed,
        out: cli.out,
    })
    .await
}
