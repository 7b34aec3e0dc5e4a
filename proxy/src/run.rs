//! A run of the proxy, from the configuration to the closed capture.
//!
//! Everything that can fail for a reason the operator can mend fails before the first connection
//! is accepted.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use trace::recording::Closed;

use crate::cli::Args;
use crate::clock::Clock;
use crate::config::{self, LoadError, LoadTestSettings, Settings};
use crate::exit::Exit;
use crate::logging;
use crate::output;
use crate::recorder;
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
    let record = settings.record.take().filter(|record| record.enabled);
    let mut shared = Shared::new(&settings, clock)?;
    // After all that settings can break, so that they leave no empty capture behind.
    let recording = record.map(|record| recorder::start(record, clock));
    let (recorder, intake) = recording.transpose()?.unzip();
    shared.intake = intake.map(Arc::new);
    let shared = Arc::new(shared);
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
        shared,
        workers,
        signals,
        stop,
        shutdown,
    };
    runtime.block_on(attended.attend(desks));
    match recorder {
        Some(recorder) => Ok(closed(&recorder.close()?)),
        None => Ok(Exit::Success),
    }
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

fn closed(closed: &Closed) -> Exit {
    let footer = &closed.footer;
    let dropped = &footer.dropped;
    let summary = format!(
        "{}, {} exchanges, {} dropped, audit searched {} found {}",
        closed.path.display(),
        footer.exchanges,
        dropped.queue + dropped.size + dropped.policy + dropped.write,
        footer.audit.searched,
        footer.audit.found,
    );
    if closed.quarantined {
        tracing::error!("capture quarantined: {summary}; do not share it");
        return Exit::Failure;
    }
    tracing::info!("capture closed: {summary}");
    Exit::Success
}
