//! Settings: what the program works with, after flags, environment, file and defaults are joined.
//!
//! The rest of the crate sees neither clap nor TOML.

pub(crate) mod file;
pub(crate) mod resolve;
pub(crate) mod speed;
pub(crate) mod values;

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;

use crate::locator::Locator;

pub(crate) use speed::Speed;
pub(crate) use values::{ExtraHeader, SessionMode};

/// Everything that a run was asked to do.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The file that settings come from, or would, for messages.
    pub(crate) config: String,
    /// The captures to play, at least one.
    pub(crate) captures: Vec<PathBuf>,
    /// Which of it, and how fast.
    pub(crate) load: Load,
    /// Where it goes.
    pub(crate) to: Destination,
    /// Who logs in.
    pub(crate) users: Users,
    /// How they log in.
    pub(crate) auth: Auth,
    /// How it is sent.
    pub(crate) how: How,
    /// What comes out.
    pub(crate) out: Out,
}

impl Settings {
    /// The captures' names, for people.
    pub(crate) fn captures(&self) -> String {
        let names = self.captures.iter().map(|path| path.display().to_string());
        names.collect::<Vec<_>>().join(", ")
    }
}

/// Which part of the capture is played, and how fast.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// Recorded seconds per replayed second.
    pub(crate) speed: Speed,
    /// Play arrivals that are due before this much replayed time.
    pub(crate) duration: Option<Duration>,
    /// Play only the first exchanges.
    pub(crate) limit: Option<usize>,
    /// What chance depends on: which test user stands for which recorded one.
    pub(crate) seed: u64,
}

/// Where requests go and how they are marked.
#[derive(Debug)]
pub(crate) struct Destination {
    /// The target's URL, not yet checked.
    pub(crate) target: Option<String>,
    /// Hosts that may be loaded besides loopback and private ranges.
    pub(crate) allow_targets: Vec<String>,
    /// Whether `/api/v1/…` is sent as `/api/loadtest/…`.
    pub(crate) via_loadtest: bool,
    /// The key for that; `None` when there is none to be had.
    pub(crate) key: Option<SecretString>,
    /// Added to every request.
    pub(crate) headers: Vec<ExtraHeader>,
    /// One address of these for each user.
    pub(crate) client_addresses: Option<IpNet>,
}

/// The pool of test users.
#[derive(Debug)]
pub(crate) struct Users {
    /// The CSV file.
    pub(crate) file: Option<PathBuf>,
    /// Where the capture tells a user's role.
    pub(crate) role: Option<RoleSource>,
    /// Whether several recorded users may log in as one test user.
    pub(crate) share: bool,
}

/// An answer in the capture that tells its user's role.
#[derive(Debug, Clone)]
pub(crate) struct RoleSource {
    /// Answers of this route.
    pub(crate) route: String,
    /// This place in them.
    pub(crate) at: Locator,
}

/// How test users log in.
#[derive(Debug, Clone)]
pub(crate) struct Auth {
    /// The request for sessions that were recorded without one.
    pub(crate) login: Option<Login>,
    /// Where a log-in's answer has the access token.
    pub(crate) token: Locator,
    /// Where a log-in's answer has the refresh token, if it gives one.
    pub(crate) refresh_token: Locator,
}

/// A log-in request with `{{username}}` and `{{password}}` in its body.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    /// Its method.
    pub(crate) method: http::Method,
    /// Its path.
    pub(crate) path: String,
    /// Its body.
    pub(crate) body: String,
    /// What the body is.
    pub(crate) content_type: String,
}

/// How requests are sent.
#[derive(Debug)]
pub(crate) struct How {
    /// What an arrival waits for.
    pub(crate) sessions: SessionMode,
    /// How long a request may take from being sent to its last byte.
    pub(crate) timeout: Duration,
    /// Threads that send.
    pub(crate) workers: usize,
}

/// What the program prints and writes.
#[derive(Debug)]
pub(crate) struct Out {
    /// The folder for the summary and the report; `None` picks a new one under `results/`.
    pub(crate) dir: Option<PathBuf>,
    /// Print the plan and send nothing.
    pub(crate) dry_run: bool,
    /// No progress.
    pub(crate) quiet: bool,
}
