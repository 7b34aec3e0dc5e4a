//! What each address of the live page answers.

use std::net::IpAddr;
use std::rc::Rc;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::header::{HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{Method, Request, Response, StatusCode};
use http_body_util::channel::Channel;
use http_body_util::{Either, Full};

use crate::report::html;

use super::pages::Pages;
use super::{events, guard};
use crate::engine::Command;

/// All at once, or event by event.
pub(super) type Body = Either<Full<Bytes>, Channel<Bytes>>;

/// The answer to a request that came in at an address.
pub(super) fn answer<B>(pages: &Rc<Pages>, local: IpAddr, request: &Request<B>) -> Response<Body> {
    let mut answer = if guard::is_for_us(request.headers(), local) {
        routed(pages, request)
    } else {
        told(
            StatusCode::FORBIDDEN,
            "the live page answers only to its own address",
        )
    };
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::try_from(html::live_policy()) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

fn routed<B>(pages: &Rc<Pages>, request: &Request<B>) -> Response<Body> {
    let path = request.uri().path();
    if let Some(name) = path.strip_prefix("/control/") {
        return control(pages, request, name);
    }
    let answer: fn(&Rc<Pages>) -> Response<Body> = match path {
        "/" => page,
        "/events" => |pages| {
            typed(
                "text/event-stream",
                Either::Right(events::stream(Rc::clone(pages))),
            )
        },
        "/summary.json" => summary,
        // Browsers ask for it unasked.
        "/favicon.ico" => |_| told(StatusCode::NO_CONTENT, ""),
        _ => |_| told(StatusCode::NOT_FOUND, "there is nothing here"),
    };
    if request.method() == Method::GET {
        answer(pages)
    } else {
        not_allowed("GET")
    }
}

fn page(pages: &Rc<Pages>) -> Response<Body> {
    match pages.page() {
        Ok(page) => typed("text/html; charset=utf-8", whole(page)),
        Err(error) => told(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn summary(pages: &Rc<Pages>) -> Response<Body> {
    let Some(summary) = pages.summary() else {
        return told(StatusCode::NOT_FOUND, "the run has not begun");
    };
    match serde_json::to_string_pretty(&*summary) {
        Ok(json) => typed("application/json", whole(json)),
        Err(error) => told(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn control<B>(pages: &Rc<Pages>, request: &Request<B>, name: &str) -> Response<Body> {
    let (Some(control), Some(command)) = (pages.control(), Command::named(name)) else {
        return told(StatusCode::NOT_FOUND, "there is nothing here");
    };
    if request.method() != Method::POST {
        return not_allowed("POST");
    }
    let headers = request.headers();
    if !guard::is_from_us(headers) || !guard::has_token(headers, &control.token) {
        return told(
            StatusCode::FORBIDDEN,
            "only the live page may steer the run",
        );
    }
    let Some(next) = pages.phase().after(command) else {
        return told(StatusCode::CONFLICT, pages.phase().words());
    };
    if control.commands.send(command).is_err() {
        return told(StatusCode::CONFLICT, "the run takes no commands any more");
    }
    pages.enter(next);
    told(StatusCode::ACCEPTED, "")
}

fn not_allowed(method: &'static str) -> Response<Body> {
    let mut answer = told(StatusCode::METHOD_NOT_ALLOWED, format!("use {method}"));
    answer
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(method));
    answer
}

fn told(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut answer = typed("text/plain; charset=utf-8", whole(text));
    *answer.status_mut() = status;
    answer
}

fn typed(kind: &'static str, body: Body) -> Response<Body> {
    let mut answer = Response::new(body);
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

fn whole(content: impl Into<Bytes>) -> Body {
    Either::Left(Full::new(content.into()))
}

const HEADERS: [(HeaderName, &str); 4] = [
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];
