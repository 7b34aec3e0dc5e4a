//! A run of the proxy, from the configuration to the closed capture.
//!
//! Everything that can fail for a reason the operator can mend fails before the first connection
//! is accepted.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use crate::access_log::AccessLog;
use crate::cli::Args;
use crate::clock::Clock;
use crate::config::{self, LoadError, LoadTestSettings, Settings};
use crate::exit::Exit;
use crate::logging;
use crate::output;
use crate::recorder::control::Recorder;
use crate::server::attend::{Attended, Signals, Stop};
use crate::server::listen::Bound;
use crate::server::worker::{self, Workers};
use crate::shared::Shared;
use crate::upstream::check::Checks;

/// Runs the proxy until it is told to stop.
pub fn run(args: &Args) -> Exit {
    let settings = match config::load(&args.config, &config::Process) {
        Ok(settings) => settings,
        Err(error) => return misconfigured(&args.config, error),
    };
    if args.test {
        output::line(format_args!("{}: ok", args.config.display()));
        return Exit::Success;
    }
    logging::init();
    serve(settings).unwrap_or_else(|error| {
        output::error(message(&error));
        Exit::Failure
    })
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

fn serve(mut settings: Settings) -> anyhow::Result<Exit> {
    let clock = Clock::start();
    let runtime = worker::runtime().context("cannot start a runtime")?;
    let _entered = runtime.enter();
    // Before there is a capture, so that no signal can leave it open.
    let signals = Signals::new().context("cannot listen for signals")?;
    let bound = Bound::new(&settings)?;
    let (stop, shutdown) = Stop::new(settings.shutdown_timeout);
    let record = settings.record.take();
    let enabled = record.as_ref().is_some_and(|record| record.enabled);
    let policy = record.as_ref().map(|record| record.policy.clone());
    let recorder = Recorder::new(record, clock);
    let access_log = AccessLog::start(clock)?;
    let shared = Arc::new(Shared::new(&settings, clock, recorder, access_log)?);
    shared
        .access_log
        .apply(settings.access_log.take(), policy)?;
    if enabled {
        // After all that settings can break, so that they leave no empty capture behind.
        shared.recorder.start()?;
    }
    announce_gate(&settings.load_test);
    let (mut workers, desks) =
        Workers::start(&shared, &shutdown).context("cannot start the workers")?;
    if !runtime.block_on(workers.ready()) {
        anyhow::bail!("a worker could not start");
    }
    let _checks = Checks::start(&shared.edge.load().upstreams);
    output::line(bound.ready()?);
    let attended = Attended {
        bound,
        shared: Arc::clone(&shared),
        workers,
        signals,
        stop,
        shutdown,
    };
    runtime.block_on(attended.attend(desks));
    shared.access_log.close();
    Ok(match shared.recorder.close()? {
        Some(closed) if closed.quarantined => Exit::Failure,
        _ => Exit::Success,
    })
}

/// Who may use the gated routes is in the log, so that a review needs no other source.
fn announce_gate(load_test: &LoadTestSettings) {
    if !load_test.enabled {
        tracing::info!("load testing is off");
        return;
    }
    for allowed in &load_test.allow {
        tracing::info!(net = %allowed.net, note = allowed.note, "load testing allowed");
    }
    for key in &load_test.keys {
        if key
            .expires
            .is_some_and(|expires| expires <= crate::clock::unix_seconds())
        {
            tracing::warn!(key = key.name, "this load-test key has expired");
        }
    }
}
