//! The rules of versions: what an older or newer Rehearsal wrote or reads.

use serde::Deserialize;

use super::*;

/// A capture as the first version of Rehearsal wrote it.
const FIRST: &str = concat!(
    r#"{"type":"header","format":"rehearsal-capture","version":1,"capture":"01F","tool":"rehearsal-proxy 0.1.0","mode":"tokens","policy":"sha256:00","body_limit":65536,"sample":1.0}"#,
    "\n",
    r#"{"type":"exchange","seq":1,"at_ns":5,"session":"s1","user":"u1","connection":1,"route":"GET /x","request":{"version":"1.1","method":"GET","path":"/x","query":"","headers":[],"body":{"encoding":"none","bytes":0}},"response":{"status":200,"headers":[],"body":{"encoding":"shape","bytes":2,"shape":{}}},"timing":{"first_byte_ns":1,"total_ns":2}}"#,
    "\n",
    r#"{"type":"checkpoint","seq":1,"exchanges":1,"offered":2,"dropped":{"queue":1,"size":0,"policy":0},"chain":"CHAIN1"}"#,
    "\n",
    r#"{"type":"footer","exchanges":1,"offered":2,"dropped":{"queue":1,"size":0,"policy":0},"truncated":0,"redacted":{"id":3},"audit":{"searched":3,"found":0},"chain":"CHAIN2"}"#,
    "\n",
);

fn first() -> String {
    use sha2::{Digest as _, Sha256};
    let mut text = FIRST.to_owned();
    let mut from = 0;
    let mut before = Vec::new();
    for mark in ["CHAIN1", "CHAIN2"] {
        let line = text[..text.find(mark).unwrap()].rfind('\n').unwrap() + 1;
        let value = Sha256::digest([&before, &text.as_bytes()[from..line]].concat());
        text = text.replace(mark, &writer::hex(&value));
        (from, before) = (line, value.to_vec());
    }
    text
}

#[test]
fn an_older_capture_is_read_and_verified() {
    let text = first();
    let capture = read(text.as_bytes()).unwrap();
    assert_eq!((capture.exchanges.len(), capture.warnings), (1, Vec::new()));
    let footer = capture.footer.unwrap();
    assert_eq!(footer.left_out, LeftOut::default());
    assert!(footer.audit.kinds.is_empty() && !footer.repaired);
    let verified = Verified::read_from(Path::new("x"), text.as_bytes()).unwrap();
    assert!(verified.is_good(), "{verified:?}");
}

/// What the first version of Rehearsal needed of each line, and skipped the rest.
#[derive(Deserialize)]
struct FirstHeader {
    format: String,
    version: u32,
    #[serde(flatten)]
    others: Needs,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "it is enough that they can be read")]
struct Needs {
    capture: String,
    tool: String,
    mode: String,
    policy: String,
    body_limit: u64,
    sample: f64,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "it is enough that they can be read")]
struct FirstFooter {
    exchanges: u64,
    offered: u64,
    dropped: FirstDropped,
    truncated: u64,
    redacted: BTreeMap<String, u64>,
    audit: FirstAudit,
    chain: String,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "it is enough that they can be read")]
struct FirstDropped {
    queue: u64,
    size: u64,
    policy: u64,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "it is enough that they can be read")]
struct FirstAudit {
    searched: u64,
    found: u64,
}

#[test]
fn an_older_reader_finds_all_that_it_needs() {
    let text = String::from_utf8(written(&[exchange(1)])).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let header: FirstHeader = serde_json::from_str(lines[0]).unwrap();
    assert_eq!((header.format.as_str(), header.version), (FORMAT, 1));
    assert_eq!(header.others.capture, "01TEST");
    let footer: FirstFooter = serde_json::from_str(lines[3]).unwrap();
    assert_eq!(
        (footer.exchanges, footer.offered, footer.dropped.queue),
        (1, 3, 2)
    );
}

#[test]
fn what_a_later_version_added_is_ignored() {
    let text = String::from_utf8(written(&[exchange(1)])).unwrap();
    let later = text
        .replace(
            "\"connection\":5",
            "\"connection\":5,\"new_field\":{\"a\":[1]}",
        )
        .replace("\"identifier\"", "\"identifier\",\"new_flag\"")
        .replacen(
            "{\"type\":\"checkpoint\"",
            "{\"type\":\"new_type\"}\n{\"type\":\"checkpoint\"",
            1,
        );
    assert_eq!(read(later.as_bytes()).unwrap().exchanges, [exchange(1)]);
}

#[test]
fn a_newer_version_is_refused_whatever_else_it_says() {
    for header in [
        r#"{"type":"header","format":"rehearsal-capture","version":2}"#,
        r#"{"format":"rehearsal-capture","version":4000000000,"capture":{"new":[]}}"#,
    ] {
        let error = read(header.as_bytes()).unwrap_err();
        assert!(
            matches!(error, ReadError::TooNew { found: 2.., .. }),
            "{error}"
        );
    }
    for header in [
        r#"{"type":"header","format":"rehearsal-capture","version":0}"#,
        r#"{"type":"header","format":"rehearsal-capture","version":-1}"#,
        r#"{"type":"header","format":"rehearsal-capture","version":1}"#,
        r#"{"type":"header","format":"other","version":1}"#,
    ] {
        let error = read(header.as_bytes()).unwrap_err();
        assert!(matches!(error, ReadError::NotACapture { .. }), "{error}");
    }
}
