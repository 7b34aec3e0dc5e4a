//! `staging`: the synthetic backend as a program.
//!
//! Exit codes: 0 stopped by a signal, 1 could not serve, 2 bad command line.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use rehearsal_demo::span;
use rehearsal_demo::staging::{self, Class, Fault, Latencies, Staging, StagingConfig};
use tokio::signal::unix::{SignalKind, signal};

/// A synthetic Residency Scheduler backend with made-up people, for trying Rehearsal out.
#[derive(Parser)]
#[command(name = "staging", version, max_term_width = 100)]
struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,

    /// Seed of all data but the ids, and of the latencies
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How long an access token is good for
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = span::parse)]
    token_life: Duration,

    /// Factor on all latencies; 1 is the declared baseline (log-in 650 ms, reads 135 ms)
    #[arg(long, value_name = "FACTOR", default_value = "0.1", value_parser = scaled)]
    latency_scale: Latencies,

    /// Another median for one class of requests, before scaling: --latency read=80ms
    #[arg(long, value_name = "CLASS=TIME", value_parser = median)]
    latency: Vec<(Class, Duration)>,

    /// Something wrong: error-rate=0.01, slow=5x, slower=10%/m, capacity=50/s (the rest queues) or
    /// freeze=2s@10s (for 2 s, 10 s after the start)
    #[arg(long, value_name = "KIND=VALUE")]
    fault: Vec<Fault>,

    /// Print the test users as users.csv and exit
    #[arg(long)]
    print_users: bool,
}

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let done = if args.print_users {
        say(&staging::users_csv()).map_err(|error| error.to_string())
    } else {
        serve(args.into_config())
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain(&problem);
            ExitCode::FAILURE
        }
    }
}

impl Args {
    fn into_config(self) -> StagingConfig {
        let with = |latencies: Latencies, (class, median)| latencies.with_median(class, median);
        StagingConfig {
            listen: self.listen,
            seed: self.seed,
            token_life: self.token_life,
            latencies: self.latency.into_iter().fold(self.latency_scale, with),
            faults: self.fault,
        }
    }
}

fn serve(config: StagingConfig) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| format!("cannot start the runtime: {error}"))?;
    runtime.block_on(async {
        // Before the first line of output: whoever reads it may already send a signal.
        let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
        let staging = Staging::start(config).await;
        let staging = staging.map_err(|error| format!("{error}; choose another with --listen"))?;
        say(&format!("staging listens on http://{}\n", staging.addr()))
            .map_err(|error| error.to_string())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        staging.shutdown().await;
        Ok(())
    })
}

fn scaled(text: &str) -> Result<Latencies, String> {
    let parsed = text.parse().ok().and_then(Latencies::scaled);
    parsed.ok_or_else(|| format!("`{text}` is not a factor; write a number from 0 up, such as 0.1"))
}

fn median(text: &str) -> Result<(Class, Duration), String> {
    let (class, time) = text
        .split_once('=')
        .ok_or("write CLASS=TIME, such as read=80ms")?;
    Ok((class.parse()?, span::parse(time)?))
}

/// One line for a mistake; help and version in full.
fn usage(error: &clap::Error) -> ExitCode {
    let text = error.to_string();
    if !error.use_stderr() {
        return say(&text).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    let line = text.lines().next().unwrap_or_default();
    complain(line.trim_start_matches("error: "));
    ExitCode::from(2)
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn complain(problem: &str) {
    // Nobody is left to tell when stderr is gone.
    writeln!(io::stderr(), "error: {problem}").ok();
}
