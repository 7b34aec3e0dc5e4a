//! A run of the proxy, from the configuration to the closed capture.
//!
//! Everything that can fail for a reason the operator can mend fails before the first connection
//! is accepted.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use clap::CommandFactory as _;
use secrecy::ExposeSecret as _;

use crate::access::keys;
use crate::access_log::AccessLog;
use crate::cli::{Args, Command};
use crate::clock::Clock;
use crate::config::{self, LoadError, LoadTestSettings, Settings};
use crate::exit::Exit;
use crate::limits;
use crate::logging;
use crate::output;
use crate::panics;
use crate::recorder::control::Recorder;
use crate::server::attend::Attended;
use crate::server::drain::Stop;
use crate::server::listen::{Bound, Socket};
use crate::server::notify;
use crate::server::served::Served;
use crate::server::signals::Signals;
use crate::server::upgrade::{Predecessor, Program};
use crate::server::worker::{self, Workers};
use crate::shared::Shared;
use crate::upstream::check::Checks;

/// Does what the command line says; without a subcommand, runs the proxy until it is told to stop.
pub fn run(args: &Args) -> Exit {
    match args.command {
        Some(Command::Key) => printed(output::data(keys::generate().expose_secret())),
        Some(Command::Man) => printed(output::manual(Args::command())),
        None => proxy(args),
    }
}

fn printed(result: io::Result<()>) -> Exit {
    match result.context("cannot print it") {
        Ok(()) => Exit::Success,
        Err(error) => failed(&error),
    }
}

fn proxy(args: &Args) -> Exit {
    let settings = match config::load(&args.config, &config::Process) {
        Ok(settings) => settings,
        Err(error) => return misconfigured(&args.config, error),
    };
    if args.test {
        for warning in &settings.warnings {
            output::warning(format_args!("{}:{warning}", args.config.display()));
        }
        output::line(format_args!("{}: ok", args.config.display()));
        return Exit::Success;
    }
    logging::init();
    panics::log();
    settings.warn(&args.config);
    serve(args, settings).unwrap_or_else(|error| failed(&error))
}

fn failed(error: &anyhow::Error) -> Exit {
    output::error(message(error));
    Exit::Failure
}

/// An error with its causes in one line. Some errors quote their cause already.
fn message(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |message, cause| match message.as_str() {
            "" => cause,
            told if told.contains(&cause) => message,
            told => format!("{told}: {cause}"),
        })
}

fn misconfigured(file: &Path, error: LoadError) -> Exit {
    match error {
        LoadError::Mistakes(mistakes) => {
            for mistake in mistakes {
                output::error(format_args!("{}:{mistake}", file.display()));
            }
        }
        LoadError::Read { .. } => output::error(error),
    }
    Exit::Usage
}

fn serve(args: &Args, settings: Settings) -> anyhow::Result<Exit> {
    let clock = Clock::start();
    let program = Program::of_this_process().context("cannot tell how this was started")?;
    limits::allow_many_connections();
    limits::allow_core_dumps(settings.core_dumps);
    let runtime = worker::runtime().context("cannot start a runtime")?;
    let _entered = runtime.enter();
    // Before there is a capture, so that no signal can leave it open.
    let signals = Signals::new().context("cannot listen for signals")?;
    let (predecessor, held) = predecessor(args)?;
    let bound = Bound::new(&settings, held)?;
    let (stop, shutdown) = Stop::new();
    let recorder = Recorder::new(settings.record.clone(), clock);
    let access_log = AccessLog::start(clock)?;
    let shared = Arc::new(Shared::new(&settings, clock, recorder, access_log)?);
    shared
        .access_log
        .apply(settings.access_log.clone(), settings.policy())?;
    if settings
        .record
        .as_ref()
        .is_some_and(|record| record.enabled)
    {
        // After all that settings can break, so that they leave no empty capture behind.
        shared.recorder.start()?;
    }
    announce_gate(&settings.load_test);
    let (mut workers, desks) =
        Workers::start(&shared, &shutdown).context("cannot start the workers")?;
    if !runtime.block_on(workers.ready()) {
        anyhow::bail!("a worker could not start");
    }
    let checks = Checks::start(&shared.edge.load().upstreams);
    let ready = format!("rehearsal-proxy listens on {}", bound.addresses(&settings)?);
    let served = Served::open(bound, &settings, &shared, desks, &shutdown)?;
    if let Some(predecessor) = predecessor {
        let gone = "the process to take over from is gone";
        predecessor.relieve().context(gone)?;
    }
    output::line(ready);
    notify::ready();
    let attended = Attended {
        file: args.config.clone(),
        settings,
        program,
        shared: Arc::clone(&shared),
        workers,
        signals,
        stop,
        served,
        checks,
    };
    runtime.block_on(attended.attend());
    shared.access_log.close();
    let unfit = || shared.recorder.outcomes().unfit();
    let before = unfit();
    shared.recorder.close()?;
    // Also those that gave way just before.
    Ok(match unfit() > before {
        true => Exit::Failure,
        false => Exit::Success,
    })
}

/// Who is to be relieved, and its sockets, if this is an upgrade.
fn predecessor(args: &Args) -> anyhow::Result<(Option<Predecessor>, Vec<Socket>)> {
    if !args.take_over {
        return Ok((None, Vec::new()));
    }
    let (predecessor, sockets) =
        Predecessor::meet().context("cannot take over; leave --take-over to SIGUSR2")?;
    Ok((Some(predecessor), sockets))
}

/// Who may use the gated routes is in the log, so that a review needs no other source.
pub(crate) fn announce_gate(load_test: &LoadTestSettings) {
    if !load_test.enabled {
        tracing::info!("load testing is off");
        return;
    }
    for allowed in &load_test.allow {
        tracing::info!(net = %allowed.net, note = allowed.note, "load testing allowed");
    }
}
