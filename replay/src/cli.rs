//! The command line: what can be typed, and what its mistakes look like.
//!
//! Only clap types; their meaning is in `settings`.

mod commands;
mod judging;
mod outputs;
mod play;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::exit::{self, Exit};
use crate::{app, check, compare, console};

pub(crate) use self::commands::{Audit, Compare, Inspect, Report, Verify};
pub(crate) use self::judging::JudgingArgs;
pub(crate) use self::outputs::Outputs;
pub(crate) use self::play::Args;

/// Play captures against a target, on time, and say whether the target held.
///
/// Reads each CAPTURE, plans every request, sends each on its absolute deadline, and writes
/// summary.json and report.html. Every option can also be set in the environment as shown, and
/// many in config/replay.toml; flags win over the environment, the environment over the file.
/// A capture that is called like a command is written `./verify`. A job on GitHub gets a summary and
/// annotations, and the Slack webhook that REPLAY_SLACK_WEBHOOK names a message.
#[derive(Debug, Parser)]
#[command(
    name = "replay",
    version,
    after_help = exit::HELP,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) play: Args,
}

/// What can be done besides playing.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Audit(Audit),
    Compare(Compare),
    Inspect(Inspect),
    Report(Report),
    Verify(Verify),
}

/// Does what the arguments ask for, prints what there is to say, and tells how it ended.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    let done = match cli.command {
        None => app::run(cli.play),
        Some(Command::Audit(audit)) => check::audit(&audit),
        Some(Command::Compare(compare)) => compare::compare(&compare),
        Some(Command::Inspect(inspect)) => check::inspect(&inspect),
        Some(Command::Report(report)) => crate::outputs::report(report),
        Some(Command::Verify(verify)) => check::verify(&verify),
    };
    match done {
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
        Cli::command().debug_assert();
    }
}
