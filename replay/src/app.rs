//! Joins the parts: read → plan → run → judge → report.
//!
//! Holds no logic of its own beyond the order of things and the exit code of each failure.

use std::env;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use trace::exchange::Exchange;
use trace::format::Capture;

use crate::cli::Args;
use crate::console;
use crate::engine::{self, Counters, EngineError, Job, Measured, Run};
use crate::exit::{Exit, Trouble, failed, usage, usages};
use crate::input;
use crate::merge::{Source, merge};
use crate::output::Output;
use crate::plan::overview::Overview;
use crate::plan::{self, Plan, PlanError, Wanted};
use crate::progress::Progress;
use crate::report;
use crate::settings::Settings;
use crate::settings::file::File;
use crate::summarize::{About, summarize};
use crate::summary::{self, Status, Summary};
use crate::target::Target;
use crate::users::Pool;

/// Plays the capture that the arguments name, and tells how it went.
pub(crate) fn run(args: Args) -> Result<Exit, Trouble> {
    let (file, path) = File::load(args.config.as_deref()).map_err(usage)?;
    let key = env::var(KEY).ok().filter(|key| !key.is_empty());
    let key = key.map(SecretString::from);
    let settings = Settings::resolve(args, file, &path, key).map_err(usages)?;
    let target = target(&settings)?;
    let key = key_header(&settings)?;
    let mut sources = input::captures(&settings.captures).map_err(usage)?;
    let mut warnings: Vec<_> = sources.iter().flat_map(warnings_of).collect();
    let merged = merge(&mut sources);
    warnings.extend(merged.warnings);
    let exchanges = merged.exchanges;
    for warning in &warnings {
        console::warning(warning);
    }
    let (plan, pool) = plan(&settings, target.as_ref(), &exchanges)?;
    let overview = Overview::of(&plan);
    let Some(target) = target.filter(|_| !settings.out.dry_run) else {
        print(&report::plan::text(&settings, &overview), "the plan")?;
        return Ok(Exit::Passed);
    };
    let output =
        Output::create(settings.out.dir.as_deref(), &settings.captures[0]).map_err(usage)?;
    let job = job(&settings, plan, pool, target, key);
    let played = played(&sources, exchanges.len());
    let about = about(&settings, played, &overview, &job, warnings);
    drop(exchanges);
    match measure(job, about, &overview, settings.out.quiet) {
        Ok(summary) => report(&summary, &output),
        Err(error) => {
            output.discard();
            Err(failed(error))
        }
    }
}

/// What the reader of a capture had to say, and what its audit had found.
fn warnings_of(source: &Source) -> Vec<String> {
    let Source { file, capture } = source;
    let read = capture.warnings.iter().map(ToString::to_string);
    let found = capture
        .footer
        .as_ref()
        .map_or(0, |footer| footer.audit.found);
    let extension = file.extension();
    let audit = if found > 0 {
        Some(format!(
            "its audit found {found} places that may tell of real people; keep it to yourself, \
             and record it again with a stricter policy"
        ))
    } else if extension.is_some_and(|extension| extension == "quarantine") {
        Some(
            "it is in quarantine because its audit failed; keep it to yourself, and record it \
             again with a stricter policy"
                .to_owned(),
        )
    } else {
        None
    };
    read.chain(audit)
        .map(|warning| format!("capture `{}`: {warning}", file.display()))
        .collect()
}

/// The target, which only a dry run can do without.
fn target(settings: &Settings) -> Result<Option<Target>, Trouble> {
    match &settings.to.target {
        Some(url) => Target::resolve(url, &settings.to.allow_targets)
            .map(Some)
            .map_err(usage),
        None if settings.out.dry_run => Ok(None),
        None => Err(usage(anyhow::anyhow!(
            "no target; give `--target URL`, or set `target` in {}",
            settings.config
        ))),
    }
}

/// The key as a header that is never printed; a dry run needs none.
fn key_header(settings: &Settings) -> Result<Option<HeaderValue>, Trouble> {
    if !settings.to.via_loadtest || settings.out.dry_run {
        return Ok(None);
    }
    let key = settings.to.key.as_ref().ok_or_else(|| {
        usage(anyhow::Error::msg(
            "the load-test path needs a key; put it into the environment as LOAD_TEST_KEY, \
             or go without with `--via-loadtest=false`",
        ))
    })?;
    let mut value = HeaderValue::from_str(key.expose_secret()).map_err(|_error| {
        usage(anyhow::Error::msg(
            "LOAD_TEST_KEY has characters that a header can't carry",
        ))
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// The plan; the users file is read only when the capture logs somebody in.
fn plan(
    settings: &Settings,
    target: Option<&Target>,
    exchanges: &[Exchange],
) -> Result<(Plan, Pool), Trouble> {
    let wanted = Wanted {
        load: &settings.load,
        prefix: target.map_or("", |target| &target.prefix),
        via_loadtest: settings.to.via_loadtest,
        headers: &settings.to.headers,
        client_addresses: settings.to.client_addresses,
        role: settings.users.role.as_ref(),
        share: settings.users.share,
        can_log_in: settings.auth.login.is_some(),
        config: &settings.config,
    };
    let without = Pool::default();
    match plan::build(exchanges, &wanted, &without) {
        Ok(plan) => Ok((plan, without)),
        Err(PlanError::Assign(_)) => {
            let pool =
                input::pool(settings.users.file.as_deref(), &settings.config).map_err(usage)?;
            let plan = plan::build(exchanges, &wanted, &pool).map_err(usage)?;
            Ok((plan, pool))
        }
        Err(error) => Err(usage(error)),
    }
}

fn job(
    settings: &Settings,
    plan: Plan,
    pool: Pool,
    target: Target,
    key: Option<HeaderValue>,
) -> Job {
    Job {
        // A worker without a session would have nothing to do.
        workers: settings.how.workers.min(plan.sessions as usize).max(1),
        plan,
        target,
        pool,
        auth: settings.auth.clone(),
        headers: settings.to.headers.clone(),
        via_loadtest: settings.to.via_loadtest,
        key,
        sessions: settings.how.sessions,
        timeout: settings.how.timeout,
        config: settings.config.clone(),
        run: Run::new(),
        counters: Counters::default(),
    }
}

/// What the summary says of what was played: names of several captures stand in a row.
fn played(sources: &[Source], exchanges: usize) -> summary::Capture {
    let joined = |each: &dyn Fn(&Source) -> String| {
        let mut all: Vec<_> = sources.iter().map(each).collect();
        all.dedup();
        all.join(", ")
    };
    let complete = |capture: &Capture| capture.footer.is_some() && capture.warnings.is_empty();
    summary::Capture {
        file: joined(&|source| source.file.display().to_string()),
        id: joined(&|source| source.capture.header.capture.clone()),
        tool: joined(&|source| source.capture.header.tool.clone()),
        exchanges: exchanges as u64,
        complete: sources.iter().all(|source| complete(&source.capture)),
    }
}

fn about(
    settings: &Settings,
    capture: summary::Capture,
    overview: &Overview,
    job: &Job,
    warnings: Vec<String>,
) -> About {
    About {
        run: job.run.id.clone(),
        interrupted: false,
        capture,
        settings: summary::Settings {
            target: job.target.url().to_owned(),
            speed: settings.load.speed.to_string(),
            sessions: job.sessions.name().to_owned(),
            via_loadtest: job.via_loadtest,
            client_addresses: settings.to.client_addresses.map(|range| range.to_string()),
            headers: job
                .headers
                .iter()
                .map(|header| header.name.to_string())
                .collect(),
            duration_s: settings
                .load
                .duration
                .map(|duration| duration.as_secs_f64()),
            limit: settings.load.limit.map(|limit| limit as u64),
            seed: settings.load.seed,
            timeout_s: job.timeout.as_secs_f64(),
            workers: job.workers as u64,
            users: overview.users as u64,
            session_count: u64::from(overview.sessions),
            log_in_first: overview.log_in_first as u64,
            connections: 0,
        },
        warnings,
    }
}

fn measure(
    job: Job,
    mut about: About,
    overview: &Overview,
    quiet: bool,
) -> Result<Summary, EngineError> {
    let progress = Progress::new(overview.all.requests, quiet);
    let measured = engine::run(job, &mut |counters| progress.show(counters));
    progress.end();
    let Measured {
        job,
        recorder,
        interrupted,
        failed_logins,
        connections,
        machine,
    } = measured?;
    if let Some(first) = failed_logins.first() {
        let warning = format!(
            "{} of {} log-ins before the run failed, such as {first}; \
             requests of these sessions fail with `auth`",
            failed_logins.len(),
            about.settings.log_in_first
        );
        console::warning(&warning);
        about.warnings.push(warning);
    }
    about.interrupted = interrupted;
    about.settings.connections = connections;
    Ok(summarize(about, &job.plan, &recorder, &machine))
}

/// Writes and prints the results, and decides the exit code.
fn report(summary: &Summary, output: &Output) -> Result<Exit, Trouble> {
    let json = serde_json::to_string_pretty(summary).map_err(failed)?;
    let html = report::html::render(summary).map_err(failed)?;
    output
        .write("summary.json", &format!("{json}\n"))
        .map_err(failed)?;
    let page = output.write("report.html", &html).map_err(failed)?;
    print(&report::text::render(summary, &page), "the summary")?;
    Ok(match summary.verdict.status {
        _ if summary.interrupted => Exit::Interrupted,
        Status::Fail => Exit::Failed,
        Status::Invalid => Exit::Invalid,
        Status::Pass => Exit::Passed,
    })
}

/// Prints data: who asked for it and cannot get it has not got what the program is for.
fn print(text: &str, what: &'static str) -> Result<(), Trouble> {
    console::data(text)
        .map_err(|error| failed(anyhow::Error::new(error).context(format!("cannot print {what}"))))
}

const KEY: &str = "LOAD_TEST_KEY";
