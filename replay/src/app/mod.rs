//! Joins the parts: read → plan → run → judge → report.
//!
//! Holds no logic of its own beyond the order of things and the exit code of each failure.

mod account;
mod prepare;
mod results;
mod watchers;

use std::env;
use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;

use crate::advice;
use crate::cli::Args;
use crate::compare::{self, Damaged, Measured};
use crate::console;
use crate::engine::{self, Watch};
use crate::exit::{Exit, Trouble, failed, usage, usages};
use crate::input::Captures;
use crate::judge::verdict;
use crate::limits::{Limits, Refusals};
use crate::plan::Planner;
use crate::plan::overview::Overview;
use crate::report;
use crate::settings::file::File;
use crate::settings::scenario::Scenario;
use crate::settings::{Judging, Settings};
use crate::summary::{Change, Status, Summary};
use crate::target::{Target, metrics};

use account::{Account, Warned};
use results::Results;
use watchers::Watchers;

/// Plays the captures that the arguments name, and tells how it went.
pub(crate) fn run(args: Args) -> Result<Exit, Trouble> {
    let (file, path) = File::load(args.config.as_deref()).map_err(usage)?;
    let key = env::var(KEY).ok().filter(|key| !key.is_empty());
    let key = key.map(SecretString::from);
    let scenario = args.scenario.as_deref().map(Scenario::load);
    let scenario = scenario.transpose().map_err(usage)?;
    let settings = Settings::resolve(args, file, &path, scenario, key).map_err(usages)?;
    let criteria = prepare::criteria(&settings)?;
    let target = prepare::target(&settings)?;
    let metrics = prepare::metrics(&settings)?;
    let key = prepare::key_header(&settings)?;
    let captures = Captures::open(&settings.captures).map_err(usage)?;
    let shift_days = prepare::shift_days(&settings, &captures)?;
    let (mut planner, pool) = prepare::planner(&settings, target.as_ref(), &captures, shift_days)?;
    let mut warned = Warned::default();
    warned.tell(&captures);
    let Some(target) = target.filter(|_| !settings.out.dry_run) else {
        dry_run(&settings, &mut planner)?;
        warned.tell(&captures);
        return Ok(Exit::Passed);
    };
    let job = prepare::job(&settings, &planner, pool, target, key, criteria);
    let account = Account {
        settings: &settings,
        captures: &captures,
        job: Arc::new(job),
        started: now(),
        shift_days,
    };
    play(&account, planner, metrics, warned)
}

/// Prints the plan.
fn dry_run(settings: &Settings, planner: &mut Planner) -> Result<(), Trouble> {
    let limits = settings.to.limits.as_deref().map(Limits::read);
    let mut refusals = limits.transpose().map_err(usage)?.map(Refusals::new);
    let overview = Overview::of(planner, refusals.as_mut()).map_err(usage)?;
    let plan = report::plan::text(settings, &overview, refusals.as_ref());
    print(&plan, "the plan")
}

/// Sends the plan, for those who watch.
fn play(
    account: &Account<'_>,
    planner: Planner,
    metrics: Option<Target>,
    mut warned: Warned,
) -> Result<Exit, Trouble> {
    let settings = account.settings;
    let baseline = compare::read(&settings.judging.baselines).map_err(usage)?;
    let noise = prepare::noise(settings)?;
    let memory = metrics.map(metrics::Watch::start).transpose();
    let memory = memory.map_err(failed)?;
    let (mut watchers, commands) = Watchers::start(account).map_err(usage)?;
    let results = Results::create(settings)?;
    let watch = Watch {
        show: &mut |news| watchers.show(news),
        commands,
    };
    let measured = match engine::run(Arc::clone(&account.job), planner, watch) {
        Ok(measured) => measured,
        Err(error) => {
            drop(watchers);
            results.discard();
            return Err(failed(error));
        }
    };
    let live = watchers.end();
    warned.tell(account.captures);
    let memory = memory.and_then(|watch| account::memory(watch, &measured, &mut warned));
    let summary = account.whole(&measured, noise, memory, warned.all);
    let summary = judged(summary, &baseline, &settings.judging).map_err(failed)?;
    let summary = Arc::new(summary);
    let told = results.tell(&summary, &settings.judging);
    if let Some(live) = live {
        live.end(Arc::clone(&summary));
    }
    told?;
    Ok(exit(&summary))
}

/// The summary with its verdict, once it is compared with earlier runs.
fn judged(
    mut summary: Summary,
    baseline: &[Measured],
    judging: &Judging,
) -> Result<Summary, Damaged> {
    if !baseline.is_empty() {
        let this = Measured::from_summary(&summary)?.named("this run".to_owned());
        summary.comparison = Some(compare::against(baseline, &[this], judging.max_regression));
    }
    summary.verdict = verdict(
        summary.verdict,
        &summary.thresholds,
        &summary.slo,
        summary.comparison.as_ref(),
    );
    summary.advice = advice::of(&summary);
    Ok(summary)
}

/// What the shell is told.
fn exit(summary: &Summary) -> Exit {
    match summary.verdict.status {
        _ if summary.interrupted => Exit::Interrupted,
        Status::Fail if summary.totals.completed > 0 => broken(summary),
        Status::Fail => Exit::Failed,
        Status::Invalid => Exit::Invalid,
        Status::Pass => Exit::Passed,
    }
}

/// What that is of a run that failed: broken rules before a regression.
fn broken(summary: &Summary) -> Exit {
    let broken = summary.thresholds.iter().any(|threshold| !threshold.ok);
    let missed = summary.slo.rows.iter().any(|row| !row.ok);
    let regressed = summary
        .comparison
        .as_ref()
        .is_some_and(|comparison| matches!(comparison.verdict, Change::Regressed | Change::Mixed));
    match regressed && !broken && !missed {
        true => Exit::Regression,
        false => Exit::Threshold,
    }
}

/// Prints data: who asked for it and cannot get it has not got what the program is for.
fn print(text: &str, what: &'static str) -> Result<(), Trouble> {
    console::data(text)
        .map_err(|error| failed(anyhow::Error::new(error).context(format!("cannot print {what}"))))
}

/// This moment, RFC 3339, to the second.
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

const KEY: &str = "LOAD_TEST_KEY";
