//! How far a run is, and which commands fit.
//!
//! Pure.

use crate::engine::{Command, State};

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Phase {
    #[default]
    Waiting,
    Running,
    Paused,
    Ending,
    Over,
}

impl Phase {
    /// That of a run in this state.
    pub(super) const fn of(run: State) -> Self {
        match run {
            State::Waiting => Self::Waiting,
            State::Running => Self::Running,
            State::Ending => Self::Ending,
            State::Paused => Self::Paused,
        }
    }

    /// What the page's script knows it by.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Ending => "ending",
            Self::Over => "over",
        }
    }

    /// What people read.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting for the start of the run.",
            Self::Running => "The run goes on: these are the numbers so far.",
            Self::Paused => "The run is paused.",
            Self::Ending => "The run ends: the last answers are waited for.",
            Self::Over => "The run is over. This page stays as it is.",
        }
    }

    /// Which buttons make sense.
    pub(super) fn commands(self) -> Vec<&'static str> {
        let fit = BUTTONS.into_iter().filter(|it| self.after(*it).is_some());
        fit.map(Command::name).collect()
    }

    /// How far it is after a command; nothing where that does not fit.
    pub(super) fn after(self, command: Command) -> Option<Self> {
        match (self, command) {
            (Self::Waiting, Command::Start) | (Self::Paused, Command::Resume) => {
                Some(Self::Running)
            }
            (Self::Running, Command::Pause) => Some(Self::Paused),
            (Self::Waiting | Self::Running | Self::Paused | Self::Ending, Command::Stop) => {
                Some(Self::Ending)
            }
            _ => None,
        }
    }
}

impl Command {
    /// The command of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        BUTTONS.into_iter().find(|command| command.name() == name)
    }

    /// Its name in an address.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Stop => "stop",
            Self::Toggle => "toggle",
        }
    }
}

/// Commands that have a button, in their order.
const BUTTONS: [Command; 4] = [
    Command::Start,
    Command::Pause,
    Command::Resume,
    Command::Stop,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commands_that_fit_are_taken() {
        let fitting = [
            Phase::Waiting,
            Phase::Running,
            Phase::Paused,
            Phase::Ending,
            Phase::Over,
        ]
        .map(|phase| phase.commands().join(" "));
        assert_eq!(
            fitting,
            ["start stop", "pause stop", "resume stop", "stop", ""]
        );
        let paused = Phase::Running.after(Command::Pause);
        assert_eq!(
            paused.and_then(|it| it.after(Command::Resume)),
            Some(Phase::Running)
        );
    }
}
