//! How fast a recording is: records made-up exchanges of a few kinds and prints how many a second,
//! and how long the audit takes at its end.
//!
//! `cargo run --profile profiling -p rehearsal-trace --example anonymize [KIND [COUNT]]`; run it
//! under `perf record` or `valgrind --tool=callgrind` to see where the time goes.

#![allow(clippy::print_stdout, reason = "what it prints is its result")]

use std::error::Error;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::time::Duration;

use rehearsal_trace::anonymize::{Mode, Policy};
use rehearsal_trace::exchange::Timing;
use rehearsal_trace::raw::{Method, RawBody, RawExchange, RawHeaders};
use rehearsal_trace::recording::{Missed, Recording, Sample, Series, Start};
use rustix::time::{ClockId, clock_gettime};

/// As in the proxy.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exchanges are made in batches of this many before the clock runs.
const BATCH: usize = 1000;

/// Makes the exchange with a number.
type Make = fn(u32) -> RawExchange;

const KINDS: [(&str, Make); 5] = [
    ("get", get),
    ("list", list),
    ("post", post),
    ("browse", browse),
    ("edit", edit),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let wanted = args.next();
    let count = args.next().map_or(Ok(100_000), |count| count.parse())?;
    for (name, make) in KINDS {
        if wanted.as_deref().is_none_or(|wanted| wanted == name) {
            run(name, make, count)?;
        }
    }
    Ok(())
}

fn run(name: &str, make: Make, count: u32) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("capture.jsonl");
    let mut recording = Recording::start(Start {
        file: &file,
        policy: Policy::parse(include_str!("../../config/anonymize.toml"))?,
        mode: Mode::Tokens,
        tool: "anonymize 1.0",
        body_limit: 65536,
        sample: Sample::ALL,
        series: &Series::new(&Mode::Tokens),
        starts_ns: 0,
    })?;
    let mut spent = 0.0;
    let numbers: Vec<u32> = (0..count).collect();
    for numbers in numbers.chunks(BATCH) {
        let batch: Vec<_> = numbers.iter().map(|number| make(*number)).collect();
        let began = cpu_seconds();
        for raw in &batch {
            recording.record(raw)?;
        }
        recording.checkpoint(Missed::default())?;
        spent += cpu_seconds() - began;
    }
    let bytes = std::fs::metadata(file.with_extension("jsonl.partial"))?.len() / u64::from(count);
    let began = cpu_seconds();
    let closed = recording.close(Missed::default())?;
    println!(
        "{name:6} {:7.2} µs, {:8.0} exchanges/s, {bytes} bytes a line; audit of {} {:.1} s",
        spent * 1e6 / f64::from(count),
        f64::from(count) / spent,
        closed.footer.audit.searched,
        cpu_seconds() - began,
    );
    Ok(())
}

/// CPU time of this thread: other programs' work does not count.
fn cpu_seconds() -> f64 {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(spent).map_or(0.0, |spent| spent.as_secs_f64())
}

/// The request of `bench/src/proxy_cost.rs` as a browser would send it: always the same.
fn get(_: u32) -> RawExchange {
    exchange(
        "GET",
        "/api/v1/people?page=1",
        1,
        "",
        r#"{"ok":true,"items":[]}"#,
    )
}

/// An answer of some 4 KiB, always the same.
fn list(_: u32) -> RawExchange {
    exchange("GET", "/api/v1/people?page=1", 1, "", &people(0))
}

/// A JSON body, always the same.
fn post(_: u32) -> RawExchange {
    exchange(
        "POST",
        "/api/v1/absences",
        1,
        &absence(0),
        r#"{"id":17,"status":"pending"}"#,
    )
}

/// As [`list`], but of many users, and no answer comes twice.
fn browse(number: u32) -> RawExchange {
    let target = format!(
        "/api/v1/people?page={}&person_id={}",
        number % 50,
        id(number)
    );
    exchange("GET", &target, number % 500, "", &people(number))
}

/// As [`post`], but of many users, and no person, path or body comes twice.
fn edit(number: u32) -> RawExchange {
    let target = format!("/api/v1/people/{}", id(number));
    let answer = format!(r#"{{"id":"{}","status":"pending"}}"#, id(number));
    exchange("PUT", &target, number % 500, &absence(number), &answer)
}

fn people(number: u32) -> String {
    let mut text = String::from(r#"{"items":["#);
    for item in 0..17 {
        let number = number * 17 + item;
        if item > 0 {
            text.push(',');
        }
        let id = id(number);
        let written = write!(
            text,
            r#"{{"id":"{id}","name":"Avo Tamm{number}","email":"avo.tamm{number}@clinic.invalid","type":"resident","pgy_level":2,"is_active":true,"notes":null,"target_clinical_blocks":13,"created_at":"2026-02-03T08:30:00Z"}}"#
        );
        debug_assert!(written.is_ok());
    }
    text + r#"],"total":17,"page":1,"page_size":17}"#
}

fn absence(number: u32) -> String {
    format!(
        r#"{{"person_id":"{}","start_date":"2026-03-02","end_date":"2026-03-09","absence_type":"vacation","is_blocking":true,"notes":"Away with family {number}"}}"#,
        id(number)
    )
}

fn id(number: u32) -> String {
    format!("6f1f4c9e-98f5-4c58-8a3c-{number:012x}")
}

/// What all kinds have in common: the headers of a browser, of nginx, and of the application.
fn exchange(method: &str, target: &str, user: u32, sent: &str, answered: &str) -> RawExchange {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let token = format!(
        "Bearer eyJhbGciOiJIUzI1NiJ9.{}{user:08}.c2lnbmF0dXJl",
        "eyJzdWIiOi".repeat(16)
    );
    let mut request_headers = headers(&[
        ("host", "scheduler.invalid"),
        (
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        ),
        ("accept", "application/json, text/plain, */*"),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("accept-language", "en-US,en;q=0.5"),
        ("authorization", &token),
        ("connection", "keep-alive"),
        ("x-client-version", "web-2.14.3"),
    ]);
    if !sent.is_empty() {
        request_headers.push(b"content-type", b"application/json");
    }
    RawExchange {
        at_ns: 1_250_301_455,
        connection: 5,
        client: Ipv4Addr::from(0xc612_0000 + user).into(),
        version: "1.1",
        method: Method::of(method.as_bytes()),
        path: path.to_owned(),
        query: query.to_owned(),
        request_headers,
        request_body: body(sent),
        status: 200,
        response_headers: headers(&[
            ("server", "nginx"),
            ("date", "Tue, 03 Feb 2026 08:30:00 GMT"),
            ("content-type", "application/json"),
            ("content-length", "2048"),
            ("connection", "keep-alive"),
            ("vary", "Accept-Encoding"),
            ("x-content-type-options", "nosniff"),
            ("x-request-id", "5c1d9fe2aa5c1d9fe2aa5c1d9fe2aa00"),
        ]),
        response_body: body(answered),
        timing: Timing {
            first_byte_ns: 3_120_044,
            total_ns: 3_391_870,
        },
        aborted: false,
    }
}

fn headers(pairs: &[(&str, &str)]) -> RawHeaders {
    let mut headers = RawHeaders::default();
    for (name, value) in pairs {
        headers.push(name.as_bytes(), value.as_bytes());
    }
    headers
}

fn body(text: &str) -> RawBody {
    let mut body = RawBody::default();
    body.push(text.as_bytes(), 65536);
    body
}
