//! The route table: every endpoint of staging, with its class of latency and who may call it.
//!
//! Builds the axum router from it; anything else is 404 or 405.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{RawPathParams, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use serde_json::json;

use super::api::{
    absences, assignments, auth, blocks, health, leave, me, people, runs, schedule, search, swaps,
};
use super::app::App;
use super::edge;
use super::endpoint::{Endpoint, Handler, serve};
use super::latency::Class;
use super::reply;

/// All routes, on `app`.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut router = Router::new();
    for endpoint in ENDPOINTS.iter() {
        let Ok(filter) = MethodFilter::try_from(endpoint.method.clone()) else {
            continue;
        };
        let app = Arc::clone(app);
        let handler = move |params: RawPathParams, request: Request| {
            serve(Arc::clone(&app), endpoint, params, request)
        };
        router = router.route(endpoint.template, on(filter, handler));
    }
    router
        .fallback(|| std::future::ready(refusal(StatusCode::NOT_FOUND, "Not Found")))
        .method_not_allowed_fallback(|| {
            std::future::ready(refusal(
                StatusCode::METHOD_NOT_ALLOWED,
                "Method Not Allowed",
            ))
        })
        .layer(from_fn_with_state(Arc::clone(app), edge::pass))
}

fn refusal(status: StatusCode, text: &str) -> Response {
    reply::json(status, &json!({ "detail": text }))
}

static ENDPOINTS: LazyLock<Vec<Endpoint>> = LazyLock::new(|| {
    [
        session(),
        directory(),
        planning(),
        requests(),
        time_off(),
        solving(),
        operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
});

fn session() -> Vec<Endpoint> {
    use Handler::{Open, User};
    vec![
        post("/api/v1/auth/login", Class::Login, Open(auth::login_form)),
        post(
            "/api/v1/auth/login/json",
            Class::Login,
            Open(auth::login_json),
        ),
        post("/api/v1/auth/refresh", Class::Refresh, Open(auth::refresh)),
        post("/api/v1/auth/logout", Class::Session, User(auth::logout)),
        get("/api/v1/auth/me", Class::Session, User(auth::me)),
        get("/api/v1/me/dashboard", Class::Read, User(me::dashboard)),
        get("/api/v1/search/quick", Class::Read, User(search::quick)),
    ]
}

fn directory() -> Vec<Endpoint> {
    use Handler::User;
    vec![
        get("/api/v1/people", Class::Read, User(people::list)),
        get(
            "/api/v1/people/residents",
            Class::Read,
            User(people::residents),
        ),
        get("/api/v1/people/faculty", Class::Read, User(people::faculty)),
        post("/api/v1/people", Class::Write, User(people::create)),
        get("/api/v1/people/{person_id}", Class::Read, User(people::get)),
        put(
            "/api/v1/people/{person_id}",
            Class::Write,
            User(people::update),
        ),
        delete(
            "/api/v1/people/{person_id}",
            Class::Delete,
            User(people::delete),
        ),
    ]
}

fn planning() -> Vec<Endpoint> {
    use Handler::{Manager, Open, User};
    vec![
        get(
            "/api/v1/assignments",
            Class::Assignments,
            User(assignments::list),
        ),
        post(
            "/api/v1/assignments",
            Class::Assign,
            Manager(assignments::create),
        ),
        get(
            "/api/v1/assignments/{assignment_id}",
            Class::Read,
            User(assignments::get),
        ),
        put(
            "/api/v1/assignments/{assignment_id}",
            Class::Assign,
            Manager(assignments::update),
        ),
        delete(
            "/api/v1/assignments/{assignment_id}",
            Class::Delete,
            Manager(assignments::delete),
        ),
        get("/api/v1/blocks", Class::Read, Open(blocks::list)),
        get("/api/v1/blocks/{block_id}", Class::Read, Open(blocks::get)),
        get(
            "/api/v1/rotation-templates",
            Class::Read,
            User(blocks::templates),
        ),
    ]
}

fn requests() -> Vec<Endpoint> {
    use Handler::{Manager, User};
    vec![
        get("/api/v1/absences", Class::Read, User(absences::list)),
        post("/api/v1/absences", Class::Write, User(absences::create)),
        put(
            "/api/v1/absences/{absence_id}",
            Class::Write,
            User(absences::update),
        ),
        delete(
            "/api/v1/absences/{absence_id}",
            Class::Delete,
            User(absences::delete),
        ),
        get("/api/v1/swaps/history", Class::Read, User(swaps::history)),
        post("/api/v1/swaps/request", Class::Swap, User(swaps::request)),
        post("/api/v1/swaps/validate", Class::Swap, User(swaps::validate)),
        get("/api/v1/swaps/{swap_id}", Class::Read, User(swaps::get)),
        post(
            "/api/v1/swaps/{swap_id}/approval",
            Class::Swap,
            Manager(swaps::approve),
        ),
    ]
}

fn time_off() -> Vec<Endpoint> {
    use Handler::{Manager, User};
    vec![
        get("/api/v1/leave", Class::Read, User(leave::list)),
        post("/api/v1/leave", Class::Write, User(leave::create)),
        get("/api/v1/leave/form", Class::Read, User(leave::form)),
        get("/api/v1/leave/{leave_id}", Class::Read, User(leave::get)),
        put(
            "/api/v1/leave/{leave_id}",
            Class::Write,
            User(leave::update),
        ),
        delete(
            "/api/v1/leave/{leave_id}",
            Class::Delete,
            User(leave::delete),
        ),
        post(
            "/api/v1/leave/{leave_id}/approval",
            Class::Write,
            Manager(leave::approve),
        ),
    ]
}

fn solving() -> Vec<Endpoint> {
    use Handler::{Open, Solver, User};
    vec![
        // The time to take the job in; the solver's own time is drawn apart.
        post("/api/v1/schedule/generate", Class::Write, Solver),
        get(
            "/api/v1/schedule/validate",
            Class::Validate,
            Open(schedule::validate),
        ),
        get("/api/v1/schedule/runs", Class::Read, User(runs::list)),
        get(
            "/api/v1/schedule/runs/{run_id}",
            Class::Read,
            User(runs::get),
        ),
        get(
            "/api/v1/schedule/{start}/{end}",
            Class::Assignments,
            Open(schedule::calendar),
        ),
    ]
}

fn operations() -> Vec<Endpoint> {
    use Handler::Open;
    vec![
        get("/", Class::Health, Open(health::root)),
        get("/health", Class::Health, Open(health::health)),
        get("/api/v1/health/live", Class::Health, Open(health::live)),
        get("/metrics", Class::Health, Open(health::metrics)),
    ]
}

fn get(template: &'static str, class: Class, handler: Handler) -> Endpoint {
    Endpoint {
        method: Method::GET,
        template,
        class,
        handler,
    }
}

fn post(template: &'static str, class: Class, handler: Handler) -> Endpoint {
    Endpoint {
        method: Method::POST,
        template,
        class,
        handler,
    }
}

fn put(template: &'static str, class: Class, handler: Handler) -> Endpoint {
    Endpoint {
        method: Method::PUT,
        template,
        class,
        handler,
    }
}

fn delete(template: &'static str, class: Class, handler: Handler) -> Endpoint {
    Endpoint {
        method: Method::DELETE,
        template,
        class,
        handler,
    }
}
