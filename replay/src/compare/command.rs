//! `replay compare`: files in, a table out.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::{against, read, trend};
use crate::cli::Compare;
use crate::console;
use crate::exit::{Exit, Trouble, failed, usage};
use crate::output;
use crate::report;
use crate::settings::Decimal;
use crate::summary::{Change, Comparison};

/// Compares, prints, and writes what was asked for.
pub(crate) fn compare(args: &Compare) -> Result<Exit, Trouble> {
    let (text, exit) = match (&args.trend, &args.baseline) {
        (Some(folder), _) => (trend_of(folder)?, Exit::Passed),
        (None, baseline) => {
            let baseline = read(baseline.as_slice()).map_err(usage)?;
            let runs = read(&args.runs).map_err(usage)?;
            let comparison = against(&baseline, &runs, args.max_regression);
            write(args, &comparison)?;
            (report::comparison::text(&comparison), exit(&comparison))
        }
    };
    console::data(&text)
        .context("cannot print the comparison")
        .map_err(failed)?;
    Ok(exit)
}

fn trend_of(folder: &PathBuf) -> Result<String, Trouble> {
    let runs = read(std::slice::from_ref(folder)).map_err(usage)?;
    Ok(report::trend::text(&trend::of(runs)))
}

fn write(args: &Compare, comparison: &Comparison) -> Result<(), Trouble> {
    if let Some(file) = &args.markdown {
        put(file, &report::comparison::markdown(comparison))?;
    }
    if let Some(file) = &args.json {
        let json = serde_json::to_string_pretty(comparison).map_err(failed)?;
        put(file, &format!("{json}\n"))?;
    }
    Ok(())
}

fn put(file: &Path, text: &str) -> Result<(), Trouble> {
    output::replace(file, text)
        .with_context(|| format!("cannot write `{}`", file.display()))
        .map_err(failed)
}

fn exit(comparison: &Comparison) -> Exit {
    match comparison.verdict {
        Change::Improved | Change::Unchanged => Exit::Passed,
        Change::Mixed | Change::Regressed => Exit::Regression,
    }
}

/// How much worse something may be, as it is typed: `10%` or `0.1`.
pub(crate) fn max_regression(typed: &str) -> Result<f64, String> {
    let share = match typed.strip_suffix('%') {
        Some(percent) => Decimal::parse(percent.trim_end()).map(|it| it.as_f64() / 100.0),
        None => Decimal::parse(typed)
            .map(Decimal::as_f64)
            .filter(|&share| share <= 1.0),
    };
    share.ok_or_else(|| "write it as `10%` or as `0.1`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_typed_as_percentage_or_fraction() {
        for (typed, share) in [
            ("10%", 0.1),
            ("0.1", 0.1),
            ("7.5 %", 0.075),
            ("0", 0.0),
            ("150%", 1.5),
        ] {
            assert_eq!(max_regression(typed), Ok(share), "{typed}");
        }
        for wrong in ["10", "-5%", "ten", "%", "", "1e-1", "NaN%"] {
            assert!(max_regression(wrong).is_err(), "{wrong}");
        }
    }
}
