//! The command line: what can be typed, and what its mistakes look like.
//!
//! Only clap types; their meaning is in `settings`.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use clap::builder::BoolishValueParser;
use clap::error::ErrorKind;
use ipnet::IpNet;

use crate::exit::{self, Exit};
use crate::settings::values::{count, duration, seed};
use crate::settings::{ExtraHeader, SessionMode, Speed};
use crate::{app, console};

/// Play a capture against a target, on time, and say whether the target held.
///
/// Reads CAPTURE, plans every request, sends each on its absolute deadline, and writes
/// summary.json and report.html. Every option can also be set in the environment as shown, and
/// many in config/replay.toml; flags win over the environment, the environment over the file.
#[derive(Debug, Parser)]
#[command(name = "replay", version, after_help = exit::HELP, max_term_width = 100)]
pub(crate) struct Args {
    /// The capture to play, .jsonl or .jsonl.zst
    pub(crate) capture: PathBuf,

    /// Recorded seconds per replayed second, such as 5x or 0.5x [default: 1x]
    #[arg(
        long,
        env = "REPLAY_SPEED",
        allow_hyphen_values = true,
        help_heading = "Load"
    )]
    pub(crate) speed: Option<Speed>,

    /// Stop after this much replayed time, such as 90s
    #[arg(
        long,
        env = "REPLAY_DURATION",
        value_parser = duration,
        allow_hyphen_values = true,
        help_heading = "Load"
    )]
    pub(crate) duration: Option<Duration>,

    /// Play only the first N exchanges
    #[arg(
        long,
        value_name = "N",
        env = "REPLAY_LIMIT",
        value_parser = count,
        allow_hyphen_values = true,
        help_heading = "Load"
    )]
    pub(crate) limit: Option<NonZeroUsize>,

    /// Same capture, settings and seed give the same plan
    #[arg(
        long,
        env = "REPLAY_SEED",
        default_value_t = 0,
        value_parser = seed,
        allow_hyphen_values = true,
        help_heading = "Load"
    )]
    pub(crate) seed: u64,

    /// Send this header with every request, in place of a recorded one (repeatable)
    #[arg(long, value_name = "NAME: VALUE", help_heading = "What")]
    pub(crate) header: Vec<ExtraHeader>,

    /// Send /api/v1/x as /api/loadtest/x, with the key from LOAD_TEST_KEY
    #[arg(
        long,
        env = "REPLAY_VIA_LOADTEST",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = BoolishValueParser::new(),
        hide_possible_values = true,
        help_heading = "What"
    )]
    pub(crate) via_loadtest: Option<bool>,

    /// Where to send, such as http://127.0.0.1:8080
    #[arg(
        long,
        value_name = "URL",
        env = "REPLAY_TARGET",
        help_heading = "Where"
    )]
    pub(crate) target: Option<String>,

    /// Allow a target that is neither loopback nor private (repeatable)
    #[arg(
        long,
        value_name = "HOST",
        env = "REPLAY_ALLOW_TARGET",
        value_delimiter = ',',
        help_heading = "Where"
    )]
    pub(crate) allow_target: Vec<String>,

    /// Give each user an address of its own, sent as X-Forwarded-For
    #[arg(
        long,
        value_name = "CIDR",
        env = "REPLAY_CLIENT_ADDRESSES",
        help_heading = "Where"
    )]
    pub(crate) client_addresses: Option<IpNet>,

    /// open: send when due; ordered: when due, but never before the session's previous answer
    #[arg(
        long,
        value_name = "MODE",
        env = "REPLAY_SESSIONS",
        default_value = "ordered",
        hide_possible_values = true,
        help_heading = "How"
    )]
    pub(crate) sessions: SessionMode,

    /// How long one request may take
    #[arg(
        long,
        env = "REPLAY_TIMEOUT",
        value_name = "DURATION",
        default_value = "60s",
        value_parser = duration,
        allow_hyphen_values = true,
        help_heading = "How"
    )]
    pub(crate) timeout: Duration,

    /// Threads that send [default: one per core]
    #[arg(
        long,
        value_name = "N",
        env = "REPLAY_WORKERS",
        value_parser = count,
        allow_hyphen_values = true,
        help_heading = "How"
    )]
    pub(crate) workers: Option<NonZeroUsize>,

    /// Folder for summary.json and report.html [default: a new one under results/]
    #[arg(long, value_name = "DIR", env = "REPLAY_OUT", help_heading = "Out")]
    pub(crate) out: Option<PathBuf>,

    /// Print the plan and send nothing
    #[arg(long, help_heading = "Out")]
    pub(crate) dry_run: bool,

    /// Show no progress
    #[arg(long, short, help_heading = "Out")]
    pub(crate) quiet: bool,

    /// Read settings from this file [default: config/replay.toml, where it exists]
    #[arg(long, value_name = "FILE", env = "REPLAY_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// Does what the arguments ask for, prints what there is to say, and tells how it ended.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => return explain(&error),
    };
    match app::run(args) {
        Ok(exit) => exit,
        Err(trouble) => {
            trouble.errors.iter().for_each(console::error);
            trouble.exit
        }
    }
}

/// Prints help, or what is wrong: in one line, which is all that clap's first paragraph is.
fn explain(error: &clap::Error) -> Exit {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match console::data(&text) {
            Ok(()) => Exit::Passed,
            Err(error) => {
                console::error(&anyhow::Error::new(error).context("cannot print"));
                Exit::Failed
            }
        },
        _ => {
            let first = text.split("\n\n").next().unwrap_or_default();
            let words: Vec<_> = first.lines().map(str::trim).collect();
            console::notice(&format!("{}\n", words.join(" ")));
            Exit::Usage
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
