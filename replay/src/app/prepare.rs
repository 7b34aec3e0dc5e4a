//! What a run needs before it can begin: where it goes, with which key, what is played, what is asked.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use jiff::Zoned;
use secrecy::ExposeSecret as _;

use crate::compare;
use crate::console;
use crate::engine::{Counters, Job, Run};
use crate::exit::{Trouble, usage};
use crate::input::{self, Captures};
use crate::judge::{Criteria, Metric, Rule};
use crate::plan::{PlanError, Planner, Rules, Selection, Wanted, Weeks};
use crate::settings::{Destination, Pace, Settings, ShiftDates};
use crate::summary::Summary;
use crate::target::Target;
use crate::users::Pool;

/// What the run is judged by.
pub(super) fn criteria(settings: &Settings) -> Result<Criteria, Trouble> {
    let judging = &settings.judging;
    let grows = |rule: &&Rule| rule.selector.metric == Metric::MemoryGrowth;
    if settings.to.metrics.is_none() && judging.rules.iter().any(|rule| grows(&rule)) {
        console::warning(
            &"nobody knows of `memory_growth` without `--target-metrics`: that rule holds whatever happens",
        );
    }
    let baselines = compare::summaries(&judging.baselines).map_err(usage)?;
    Criteria::new(
        judging.rules.clone(),
        judging.objectives.clone(),
        judging.level,
        judging.checks.clone(),
        &baselines,
    )
    .map_err(usage)
}

/// The earlier replay that tells what is noise.
pub(super) fn noise(settings: &Settings) -> Result<Option<(String, Summary)>, Trouble> {
    let Some(path) = &settings.out.noise_from else {
        return Ok(None);
    };
    let name = path.display().to_string();
    let noise = input::summary(path).map_err(usage)?;
    Ok(Some((name, noise)))
}

/// By how many days dates move.
pub(super) fn shift_days(settings: &Settings, captures: &Captures) -> Result<Option<i64>, Trouble> {
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

/// The target, which only a dry run can do without.
pub(super) fn target(settings: &Settings) -> Result<Option<Target>, Trouble> {
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
pub(super) fn metrics(settings: &Settings) -> Result<Option<Target>, Trouble> {
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
pub(super) fn key_header(settings: &Settings) -> Result<Option<HeaderValue>, Trouble> {
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
pub(super) fn planner(
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

pub(super) fn job(
    settings: &Settings,
    planner: &Planner,
    pool: Arc<Pool>,
    target: Target,
    key: Option<HeaderValue>,
    criteria: Criteria,
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
        watched: criteria.can_abort()
            || settings.out.live.is_some()
            || (!settings.out.quiet && console::is_watched()),
        waits: settings.out.live_control,
        criteria,
        run: Run::new(),
        counters: Counters::default(),
    }
}

/// Exchanges whose dates say what a capture is about.
const LOOKED_AT: usize = 4_096;
