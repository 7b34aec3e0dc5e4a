//! A recording with made-up exchanges.

#![allow(dead_code, reason = "no test needs all of it")]
#![allow(unreachable_pub, reason = "it is a module of several programs")]

use std::net::Ipv4Addr;
use std::path::Path;

use rehearsal_trace::anonymize::{Mode, Policy};
use rehearsal_trace::exchange::Timing;
use rehearsal_trace::raw::{Method, RawBody, RawExchange, RawHeaders};
use rehearsal_trace::recording::{Recording, Sample, Series, Start};

/// A policy that knows nothing but one word, so that everything else is replaced.
pub const POLICY: &str = "version = 1\n[headers]\nkeep = [\"content-type\"]\n[paths]\ntemplates = [\"/notes/{id}\"]\n[keys]\nkeep = [\"text\"]\n[[field]]\nkind = \"keep\"\nnames = [\"status\"]\n";

pub fn start(file: &Path, policy: &str) -> Recording {
    Recording::start(Start {
        file,
        policy: Policy::parse(policy).unwrap(),
        mode: Mode::Tokens,
        tool: "test 1.0",
        body_limit: 65536,
        sample: Sample::ALL,
        series: &Series::new(&Mode::Tokens),
        starts_ns: 0,
    })
    .unwrap()
}

pub fn raw(path: &str, headers: &[(&str, &str)], body: &str) -> RawExchange {
    let mut request_body = RawBody::default();
    request_body.push(body.as_bytes(), 65536);
    let mut request_headers = RawHeaders::default();
    for (name, value) in headers {
        request_headers.push(name.as_bytes(), value.as_bytes());
    }
    RawExchange {
        at_ns: 10,
        connection: 1,
        client: Ipv4Addr::LOCALHOST.into(),
        version: "1.1",
        method: Method::of(b"POST"),
        path: path.to_owned(),
        query: String::new(),
        request_headers,
        request_body,
        status: 201,
        response_headers: RawHeaders::default(),
        response_body: RawBody::default(),
        timing: Timing {
            first_byte_ns: 1,
            total_ns: 2,
        },
        aborted: false,
    }
}

pub fn note(path: &str, body: &str) -> RawExchange {
    raw(path, &[("content-type", "application/json")], body)
}

pub fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
