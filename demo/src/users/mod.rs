//! Synthetic users: real HTTP traffic in the shape of the real frontend's, from people of five roles.
//!
//! [`run`] drives them against any address, staging itself or a proxy in front of it.
//! What they do and how long they think follows from the seed; when answers come does not.

mod config;
mod persona;
mod plan;
mod report;
mod screens;
mod session;
mod turns;
mod wire;
mod words;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use self::report::Tally;
use self::session::Session;
use self::turns::Turns;
use crate::{clock, random};

pub use self::config::UsersConfig;
pub use self::plan::Curve;
pub use self::report::{Progress, UsersReport};
pub use self::words::typed_values;

/// Lets the users work, calls `on_progress` after every answer, and returns when the last one has left.
pub async fn run(config: UsersConfig, mut on_progress: impl FnMut(&Progress)) -> UsersReport {
    let start = clock::now();
    let (events, mut inbox) = mpsc::channel(1024);
    let turns = Arc::new(Turns::default());
    let plans = plan::dues(&config);
    let mut users = JoinSet::new();
    for (persona, plan) in persona::all(&config).into_iter().zip(plans) {
        let dues: Vec<Instant> = plan.into_iter().map(|due| start + due).collect();
        let rng = random::stream(config.seed, persona.number);
        let session = Session::new(&config, persona, rng, events.clone(), Arc::clone(&turns));
        users.spawn(session.live(dues));
    }
    drop(events);
    let mut tally = Tally::new(config.duration);
    let deadline = start + config.duration + OVERTIME;
    // All senders gone means all users gone; the deadline is for a target that hangs, and ends them all.
    while let Ok(Some(event)) = timeout_at(deadline, inbox.recv()).await {
        tally.take(event);
        on_progress(&tally.progress(clock::now() - start));
    }
    tally.finish(clock::now() - start)
}

/// How long a slow target may keep users beyond the planned end.
const OVERTIME: Duration = Duration::from_secs(60);
