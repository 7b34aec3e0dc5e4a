//! Exit codes, and the errors that lead to them.
//!
//! The table here is the one that `--help` prints.

use std::process::ExitCode;

/// How a run of the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The run kept its schedule, and something of it succeeded.
    Passed,
    /// The run could not be done, its results could not be written or printed, or not one of
    /// its requests succeeded.
    Failed,
    /// A capture is damaged, or was never closed.
    Damaged,
    /// A capture holds what looks personal.
    Found,
    /// Wrong usage, configuration or input; nothing was sent.
    Usage,
    /// Worse than the baseline.
    Regression,
    /// What was asked of the numbers did not hold.
    Threshold,
    /// The generator limited the run, so that its numbers say nothing about the target.
    Invalid,
    /// Interrupted; what was measured until then is still reported.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Damaged | Self::Found => 90,
            Self::Regression => 95,
            Self::Invalid => 96,
            Self::Threshold => 99,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Errors together with the exit code that they mean.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// What the shell is told.
    pub(crate) exit: Exit,
    /// What the person is told, a line for each.
    pub(crate) errors: Vec<anyhow::Error>,
}

/// Marks an error as one of usage, configuration or input.
pub(crate) fn usage(error: impl Into<anyhow::Error>) -> Trouble {
    Trouble {
        exit: Exit::Usage,
        errors: vec![error.into()],
    }
}

/// Marks all of these as errors of usage, configuration or input.
pub(crate) fn usages<E: Into<anyhow::Error>>(errors: Vec<E>) -> Trouble {
    Trouble {
        exit: Exit::Usage,
        errors: errors.into_iter().map(Into::into).collect(),
    }
}

/// Marks an error as a failure to run.
pub(crate) fn failed(error: impl Into<anyhow::Error>) -> Trouble {
    Trouble {
        exit: Exit::Failed,
        errors: vec![error.into()],
    }
}

/// The table for `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0    passed
  1    failed to run, or not one request succeeded
  2    wrong usage, configuration or input; nothing was sent
  95   worse than the baseline
  96   invalid: the generator limited the run, its numbers say nothing about the target
  99   a threshold or an objective does not hold; or more requests were on their way than
       --max-in-flight, with --on-overload abort
  130  interrupted; what was measured until then is still reported";

/// The table for `verify --help`.
pub(crate) const VERIFY: &str = "\
Exit codes:
  0    all are good; or the repaired file is written
  2    wrong usage, or one cannot be read or written at all
  90   one is damaged, or was never closed; or the repaired file is in quarantine";

/// The table for `inspect --help`.
pub(crate) const INSPECT: &str = "\
Exit codes:
  0    all could be read
  2    wrong usage or configuration, or one cannot be read";

/// The table for `report --help`.
pub(crate) const REPORT: &str = "\
Exit codes:
  0    all reports are written
  1    one cannot be written or printed
  2    wrong usage, or the summary cannot be read, or a report not be written there";

/// The table for `audit --help`.
pub(crate) const AUDIT: &str = "\
Exit codes:
  0    nothing was found
  2    wrong usage, or one cannot be read
  90   something was found";

/// The table for `compare --help`.
pub(crate) const COMPARE: &str = "\
Exit codes:
  0    nothing regressed; or a trend was shown
  1    the result cannot be written or printed
  2    wrong usage, or a file is nothing to compare
  95   something regressed";
