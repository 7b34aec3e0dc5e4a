//! Schedule generation: slow, once per key, never twice over the same dates at a time.
//!
//! The solver is a task of its own, so a client that hangs up leaves neither run nor key pending.
//! It changes no assignments: a generated schedule is a draft, known by its run.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use jiff::civil::Date;
use serde_json::{Value, json};
use tokio::time::sleep;
use uuid::Uuid;

use crate::staging::app::App;
use crate::staging::data::model::Run;
use crate::staging::endpoint::{Answer, Call, Caller};
use crate::staging::error::ApiError;
use crate::staging::input::{flag, integer, one_of, plannable};
use crate::staging::latency::Class;
use crate::staging::replays::Kept;
use crate::staging::reply;

/// `POST /schedule/generate`: the result, or with `Prefer: respond-async` the run to ask for.
pub(crate) async fn serve(app: &Arc<App>, call: &Call, caller: &Caller) -> Answer {
    let job = match Job::admit(app, call, caller)? {
        Admitted::Before(kept) => return Ok(replayed(&kept)),
        Admitted::New(job) => job,
    };
    let takes = app.pace.draw(Class::Generate).delay;
    let accepted = respond_async(call).then(|| job.accepted());
    let solver = tokio::spawn(solve(Arc::clone(app), job, takes));
    if let Some(kept) = accepted {
        return Ok(reply::json(kept.status, &kept.body));
    }
    let kept = solver.await.map_err(|_panicked| ApiError::Internal)?;
    Ok(reply::json(kept.status, &kept.body))
}

/// A generation that may run.
struct Job {
    run: Uuid,
    start: Date,
    end: Date,
    user: Uuid,
    key: Option<String>,
}

/// What became of a request for a generation.
enum Admitted {
    New(Job),
    Before(Kept),
}

impl Job {
    /// Checks body, key and overlap in one go, and takes the dates.
    fn admit(app: &App, call: &Call, caller: &Caller) -> Result<Admitted, ApiError> {
        let mut body = call.json()?;
        let (start, end) = (
            body.need("start_date", plannable),
            body.need("end_date", plannable),
        );
        let algorithm = body.may("algorithm", one_of(&["cp_sat", "greedy", "pulp", "hybrid"]));
        body.may("timeout_seconds", integer(5..=300));
        body.may("create_draft", flag);
        if end < start {
            body.complain(
                "end_date",
                "Value error, end_date must be on or after start_date",
            );
        }
        body.done()?;
        if algorithm.is_some_and(|name| name != "cp_sat") {
            return Err(ApiError::Refused("Only the cp_sat algorithm is allowed"));
        }
        let (user, asked) = (caller.user.id, body.into_values());
        let key = call.header("idempotency-key").map(str::to_owned);
        let mut replays = app.replays();
        if let Some(key) = &key
            && let Some(kept) = replays.look(user, key, &asked)?
        {
            return Ok(Admitted::Before(kept));
        }
        let run = register(app, start, end)?;
        let job = Self {
            run,
            start,
            end,
            user,
            key,
        };
        if let Some(key) = job.key.clone() {
            replays.begin(user, key.clone(), asked);
            if respond_async(call) {
                replays.finish(user, key, job.accepted());
            }
        }
        Ok(Admitted::New(job))
    }

    /// The answer to a client that will poll.
    fn accepted(&self) -> Kept {
        Kept {
            status: StatusCode::ACCEPTED,
            body: json!({ "run_id": self.run, "status": "running", "message": "Schedule generation started" }),
        }
    }

    fn result(&self) -> Value {
        let blocks = half_days(self.start, self.end);
        json!({
            "status": "success",
            "message": format!("Generated {} assignments", blocks * RESIDENTS),
            "total_blocks_assigned": blocks * RESIDENTS,
            "total_blocks": blocks,
            "validation": {
                "valid": true, "total_violations": 0, "violations": [], "coverage_rate": 98.0, "statistics": {},
            },
            "run_id": self.run,
            "solver_stats": { "status": "OPTIMAL", "branches": blocks * 37 },
            "nf_pc_audit": { "compliant": true, "violations": [] },
            "acgme_override_count": 0,
        })
    }
}

/// Enters a run, unless one over some of the same dates is still going.
fn register(app: &App, start: Date, end: Date) -> Result<Uuid, ApiError> {
    let mut store = app.store();
    let overlaps =
        |run: &Run| run.status == "running" && run.start_date <= end && start <= run.end_date;
    if store.runs.iter().any(overlaps) {
        return Err(ApiError::Conflict(
            "Schedule generation already running for overlapping dates",
        ));
    }
    let id = Uuid::new_v4();
    store.runs.insert(Run {
        id,
        status: "running",
        start_date: start,
        end_date: end,
        algorithm: "cp_sat",
        created_at: app.stamp(),
        finished_at: None,
        total_blocks_assigned: 0,
        result: None,
    });
    Ok(id)
}

async fn solve(app: Arc<App>, job: Job, takes: Duration) -> Kept {
    sleep(takes).await;
    let kept = Kept {
        status: StatusCode::OK,
        body: job.result(),
    };
    if let Some(run) = app.store().runs.get_mut(job.run) {
        run.status = "success";
        run.finished_at = Some(app.stamp());
        run.total_blocks_assigned = half_days(job.start, job.end) * RESIDENTS;
        run.result = Some(kept.body.clone());
    }
    if let Some(key) = job.key {
        app.replays().finish(job.user, key, kept.clone());
    }
    kept
}

fn replayed(kept: &Kept) -> Response {
    let mut response = reply::json(kept.status, &kept.body);
    let yes = HeaderValue::from_static("true");
    response.headers_mut().insert("x-idempotency-replayed", yes);
    response
}

fn respond_async(call: &Call) -> bool {
    let wishes = call.header("prefer").unwrap_or_default();
    wishes
        .split(',')
        .any(|wish| wish.trim().eq_ignore_ascii_case("respond-async"))
}

/// Two per day; both ends count.
fn half_days(start: Date, end: Date) -> usize {
    usize::try_from((end - start).get_days() + 1).unwrap_or(0) * 2
}

/// How many a full schedule assigns to each half day.
const RESIDENTS: usize = 100;
