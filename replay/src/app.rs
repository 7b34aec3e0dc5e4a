//! Joins the parts: read → plan → run → judge → report.
//!
//! Holds no logic of its own beyond the order of things and the exit code of each failure.

use std::env;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::HeaderValue;
use jiff::{Timestamp, Zoned};
use secrecy::{ExposeSecret as _, SecretString};

use crate::advice;
use crate::cli::Args;
use crate::console;
use crate::engine::{self, Counters, Job, Measured, Run};
use crate::exit::{Exit, Trouble, failed, usage, usages};
use crate::input::{self, Captures};
use crate::limits::{Limits, Refusals};
use crate::merge::Source;
use crate::output::Output;
use crate::plan::overview::Overview;
use crate::plan::{PlanError, Planner, Rules, Selection, Wanted, Weeks};
use crate::progress::Progress;
use crate::report;
use crate::settings::file::File;
use crate::settings::{Destination, How, Load, Pace, SessionMode, Settings, ShiftDates};
use crate::summarize::{About, Brought, summarize};
use crate::summary::{self, Memory, Model, Status, Summary};
use crate::target::Target;
use crate::target::metrics::Watch;
use crate::users::Pool;

/// Plays the captures that the arguments name, and tells how it went.
pub(crate) fn run(args: Args) -> Result<Exit, Trouble> {
    let (file, path) = File::load(args.config.as_deref()).map_err(usage)?;
    let key = env::var(KEY).ok().filter(|key| !key.is_empty());
    let key = key.map(SecretString::from);
    let settings = Settings::resolve(args, file, &path, key).map_err(usages)?;
    let target = target(&settings)?;
    let metrics = metrics(&settings)?;
    let key = key_header(&settings)?;
    let captures = Captures::open(&settings.captures).map_err(usage)?;
    let noise = noise(&settings)?;
    let shift_days = shift_days(&settings, &captures)?;
    let (mut planner, pool) = planner(&settings, target.as_ref(), &captures, shift_days)?;
    let mut warned = Warned::default();
    warned.tell(&captures);
    let Some(target) = target.filter(|_| !settings.out.dry_run) else {
        let limits = settings.to.limits.as_deref().map(Limits::read);
        let mut refusals = limits.transpose().map_err(usage)?.map(Refusals::new);
        let overview = Overview::of(&mut planner, refusals.as_mut()).map_err(usage)?;
        let plan = report::plan::text(&settings, &overview, refusals.as_ref());
        print(&plan, "the plan")?;
        warned.tell(&captures);
        return Ok(Exit::Passed);
    };
    let output =
        Output::create(settings.out.dir.as_deref(), &settings.captures[0]).map_err(usage)?;
    let job = job(&settings, &planner, pool, target, key);
    let watch = metrics.map(Watch::start).transpose().map_err(failed)?;
    let progress = Progress::new(settings.out.quiet);
    let started = now();
    let measured = engine::run(job, planner, &mut |counters| progress.show(counters));
    progress.end();
    match measured {
        Ok(measured) => {
            warned.tell(&captures);
            let memory = watch.and_then(|watch| memory(watch, &measured, &mut warned));
            let told = Told {
                started,
                shift_days,
                noise,
                warnings: warned.all,
            };
            let mut summary = summary(&settings, &captures, told, measured);
            summary.course.memory = memory;
            summary.advice = advice::of(&summary);
            report(&summary, &output)
        }
        Err(error) => {
            output.discard();
            Err(failed(error))
        }
    }
}

/// The earlier replay that tells what is noise.
fn noise(settings: &Settings) -> Result<Option<(String, Summary)>, Trouble> {
    let Some(path) = &settings.out.noise_from else {
        return Ok(None);
    };
    let name = path.display().to_string();
    let noise = input::summary(path).map_err(usage)?;
    Ok(Some((name, noise)))
}

/// By how many days dates move.
fn shift_days(settings: &Settings, captures: &Captures) -> Result<Option<i64>, Trouble> {
    let date = match settings.to.shift_dates {
        None => return Ok(None),
        Some(ShiftDates::By(days)) => return Ok(Some(days)),
        Some(ShiftDates::To(date)) => date,
        Some(ShiftDates::ToToday) => Zoned::now().date(),
    };
    let mut weeks = Weeks::default();
    for recorded in captures.read().map_err(usage)?.take(LOOKED_AT) {
        weeks.add(&recorded.map_err(usage)?.exchange.request);
    }
    let days = weeks.days_to(date);
    if days.is_none() {
        console::warning(&format!(
            "--shift-dates moves nothing: none of the first {LOOKED_AT} requests has a date"
        ));
    }
    Ok(days)
}

/// What was said of the captures.
#[derive(Default)]
struct Warned {
    all: Vec<String>,
}

impl Warned {
    /// Says what is known by now and was not said yet.
    fn tell(&mut self, captures: &Captures) {
        let ends = captures.ends().warnings;
        let known = captures.warnings.iter().cloned().chain(ends);
        for warning in known.skip(self.all.len()).collect::<Vec<_>>() {
            console::warning(&warning);
            self.all.push(warning);
        }
    }
}

/// What is known of the target's memory.
fn memory(watch: Watch, measured: &Measured, warned: &mut Warned) -> Option<Memory> {
    let start_ns = measured.job.counters.start_ns.load(Ordering::Relaxed);
    let (memory, warning) = watch.end(start_ns);
    if let Some(warning) = warning {
        console::warning(&warning);
        warned.all.push(warning);
    }
    memory
}

/// The target, which only a dry run can do without.
fn target(settings: &Settings) -> Result<Option<Target>, Trouble> {
    match &settings.to.target {
        Some(url) => Target::resolve(
            url,
            &settings.to.allow_targets,
            &settings.to.tls,
            settings.how.http2,
        )
        .map(Some)
        .map_err(usage),
        None if settings.out.dry_run => Ok(None),
        None => Err(usage(anyhow::anyhow!(
            "no target; give `--target URL`, or set `target` in {}",
            settings.config
        ))),
    }
}

/// Where the target tells its metrics: it has to be as harmless as the target itself.
fn metrics(settings: &Settings) -> Result<Option<Target>, Trouble> {
    let Destination {
        metrics: Some(url),
        allow_targets,
        tls,
        ..
    } = &settings.to
    else {
        return Ok(None);
    };
    let resolved = Target::resolve(url, allow_targets, tls, false);
    let resolved =
        resolved.map_err(|error| usage(anyhow::Error::new(error).context("`--target-metrics`")))?;
    Ok(Some(resolved))
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

/// The planner, and the test users; what is wrong with their file matters only when the capture
/// logs somebody in.
fn planner(
    settings: &Settings,
    target: Option<&Target>,
    captures: &Captures,
    shift_days: Option<i64>,
) -> Result<(Planner, Arc<Pool>), Trouble> {
    let pool = input::pool(settings.users.file.as_deref(), &settings.config);
    let (pool, problem) = match pool {
        Ok(pool) => (Arc::new(pool), None),
        Err(problem) => (Arc::default(), Some(problem)),
    };
    let host = HeaderValue::from_static("target");
    let wanted = Wanted {
        selection: Selection {
            rules: Rules {
                host: target.map_or(host, |target| target.host.clone()),
                prefix: target.map_or_else(String::new, |target| target.prefix.clone()),
                via_loadtest: settings.to.via_loadtest,
                rewrites: settings.to.rewrites.clone(),
                headers: settings.to.headers.clone(),
                addresses: settings.to.client_addresses.is_some(),
                verbatim: settings.to.verbatim,
                shift_days,
                unique: settings.to.unique.clone(),
                sends: settings.auth.sends.clone(),
            },
            filter: settings.filter.clone(),
            limit: settings.load.limit,
        },
        load: settings.load.clone(),
        client_addresses: settings.to.client_addresses,
        role: settings.users.role.clone(),
        share: settings.users.share,
        can_log_in: settings.auth.login.is_some(),
        config: settings.config.clone(),
    };
    let captures = captures.clone();
    let planner = Planner::new(wanted, Arc::clone(&pool), Box::new(move || captures.read()));
    match (planner, problem) {
        (Ok(planner), _) => Ok((planner, pool)),
        (Err(PlanError::Assign(_)), Some(problem)) => Err(usage(problem)),
        (Err(error), _) => Err(usage(error)),
    }
}

fn job(
    settings: &Settings,
    planner: &Planner,
    pool: Arc<Pool>,
    target: Target,
    key: Option<HeaderValue>,
) -> Job {
    let ns = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    let closed = settings.load.pace == Pace::Max;
    Job {
        target,
        pool,
        auth: settings.auth.clone(),
        headers: settings.to.headers.clone(),
        via_loadtest: settings.to.via_loadtest,
        key,
        addresses: settings.to.client_addresses,
        clones: planner.clones(),
        how: settings.how.clone(),
        warm_up_ns: ns(settings.load.warm_up),
        closed: closed.then(|| settings.load.duration.map_or(u64::MAX, ns)),
        config: settings.config.clone(),
        run: Run::new(),
        counters: Counters::default(),
    }
}

/// What the summary says of what was played: names of several captures stand in a row.
fn played(captures: &Captures) -> summary::Capture {
    let joined = |each: &dyn Fn(&Source) -> String| {
        let mut all: Vec<_> = captures.sources.iter().map(each).collect();
        all.dedup();
        all.join(", ")
    };
    let ends = captures.ends();
    summary::Capture {
        file: joined(&|source| source.file.display().to_string()),
        id: joined(&|source| source.header.capture.clone()),
        tool: joined(&|source| source.header.tool.clone()),
        exchanges: ends.exchanges,
        complete: ends.complete == captures.sources.len(),
    }
}

/// What is known before a run, for its summary.
struct Told {
    started: String,
    shift_days: Option<i64>,
    noise: Option<(String, Summary)>,
    warnings: Vec<String>,
}

fn summary(settings: &Settings, captures: &Captures, told: Told, measured: Measured) -> Summary {
    let Told {
        started,
        shift_days,
        noise,
        mut warnings,
    } = told;
    let planned = &measured.planned;
    if measured.outranked {
        let warning =
            "real-time priority was not granted to `--pacing precise`, so that requests may \
            be late where others use this machine; `setcap cap_sys_nice=ep` on replay allows it"
                .to_owned();
        console::warning(&warning);
        warnings.push(warning);
    }
    let upkeep = &measured.upkeep;
    if let Some(first) = upkeep.failures.first() {
        let warning = format!(
            "{} of {} log-ins and refreshes outside the plan failed, such as {first}; \
             requests of these sessions may fail with `auth`",
            upkeep.failed,
            upkeep.failed + upkeep.log_ins + upkeep.refreshes
        );
        console::warning(&warning);
        warnings.push(warning);
    }
    let about = About {
        run: measured.job.run.id.clone(),
        started,
        interrupted: measured.interrupted,
        capture: played(captures),
        settings: summary::Settings {
            users: planned.players,
            session_count: planned.sessions,
            log_in_first: planned.log_in_first,
            connections: measured.connections,
            shift_dates: shift_days,
            ..asked(settings, &measured.job)
        },
        upkeep: summary::Upkeep {
            log_ins: upkeep.log_ins,
            refreshes: upkeep.refreshes,
            retries: upkeep.retries,
            failed: upkeep.failed,
        },
        noise,
        warnings,
    };
    summarize(
        about,
        &Brought {
            planned,
            recorder: &measured.recorder,
            shapes: &measured.shapes,
            machine: &measured.machine,
        },
    )
}

/// What was asked for, as the summary says it.
fn asked(settings: &Settings, job: &Job) -> summary::Settings {
    let Settings { load, how, to, .. } = settings;
    let headers = to.headers.iter().map(|header| header.name.to_string());
    let protocol = if how.http2 { "http/2" } else { "http/1.1" };
    summary::Settings {
        target: job.target.url().to_owned(),
        pace: load.pace.to_string(),
        users_ratio: load.users.to_string(),
        model: model(load, how),
        sessions: how.sessions.name().to_owned(),
        pacing: how.pacing.name().to_owned(),
        laps: load.laps,
        warm_up_s: load.warm_up.as_secs_f64(),
        protocol: protocol.to_owned(),
        connections_for: how.reuse.name().to_owned(),
        max_in_flight: how.max_in_flight.map(|most| most as u64),
        on_overload: how.on_overload.name().to_owned(),
        via_loadtest: to.via_loadtest,
        client_addresses: to.client_addresses.map(|range| range.to_string()),
        headers: headers.collect(),
        duration_s: load.duration.map(|duration| duration.as_secs_f64()),
        limit: load.limit.map(|limit| limit as u64),
        seed: load.seed,
        timeout_s: how.timeouts.request.as_secs_f64(),
        workers: how.workers as u64,
        users: 0,
        session_count: 0,
        verbatim: to.verbatim,
        on_unresolved: how.on_unresolved.name().to_owned(),
        shift_dates: None,
        log_in_first: 0,
        connections: 0,
    }
}

/// Who decides when a request goes.
fn model(load: &Load, how: &How) -> Model {
    match how.sessions {
        _ if load.pace == Pace::Max => Model::Closed,
        SessionMode::Open => Model::Open,
        SessionMode::Ordered | SessionMode::Think => Model::PartlyOpen,
    }
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
        Status::Fail if summary.totals.completed > 0 => Exit::Threshold,
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

/// This moment, RFC 3339, to the second.
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Exchanges whose dates say what a capture is about.
const LOOKED_AT: usize = 4_096;

const KEY: &str = "LOAD_TEST_KEY";
