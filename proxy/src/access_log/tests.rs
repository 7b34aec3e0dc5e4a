//! What is in a line, what is never in one, and that no line gets lost.
//!
//! Real files and threads; lines are read as JSON.

use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use super::line::Formatter;
use super::*;
use crate::http1::fields::Fields;

/// In every line.
const FIELDS: usize = 25;

fn policy() -> Policy {
    static SHIPPED: LazyLock<Policy> =
        LazyLock::new(|| Policy::parse(include_str!("../../../config/anonymize.toml")).unwrap());
    SHIPPED.clone()
}

fn headers(pairs: &[(&str, &[u8])]) -> Fields {
    let mut lines = Vec::new();
    for (name, value) in pairs {
        lines.extend_from_slice(name.as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(value);
        lines.extend_from_slice(b"\r\n");
    }
    Fields::sent(lines)
}

fn entry<'r>(target: &'r [u8], fields: &'r Fields) -> Entry<'r> {
    Entry {
        ended: Clock::start().now(),
        took: Duration::from_micros(1_002_003),
        client: IpAddr::from([198, 51, 100, 7]),
        method: b"GET",
        target,
        protocol: "HTTP/1.1",
        fields,
        request_id: "",
        route: Some(("other", "/")),
        status: 200,
        body_bytes: 12,
        refusal: None,
        load_test: false,
        key: None,
        upstream: None,
        tries: 0,
        connection: 3,
        connection_requests: 2,
    }
}

/// The text of a line, made as the log's thread makes it.
fn text(entry: &Entry<'_>, policy: Option<Policy>) -> String {
    let mut pack = Pack::default();
    assert!(pack.put(entry, 1 << 20));
    let mut formatter = Formatter::new(policy);
    let mut out = Vec::new();
    for noted in pack.entries() {
        formatter.line(&noted, 1_787_313_600_123_456_789, &mut out);
    }
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.ends_with("}\n") && text.matches('\n').count() == 1,
        "{text}"
    );
    text
}

fn line(entry: &Entry<'_>) -> Value {
    serde_json::from_str(&text(entry, Some(policy()))).unwrap()
}

#[test]
fn a_line_has_every_field() {
    let headers = headers(&[
        (
            "referer",
            b"https://staging.test/schedule/2026-02-01?page=7",
        ),
        ("user-agent", b"k6/0.49.0"),
        ("x-forwarded-for", b"203.0.113.9"),
        ("x-forwarded-for", b" unknown,10.0.0.1:80"),
        ("x-load-test-run", b"nightly-7"),
    ]);
    let entry = Entry {
        request_id: "0123456789abcdef0123456789abcdef",
        route: Some(("loadtest", "/api/loadtest/")),
        load_test: true,
        key: Some("ci"),
        upstream: Some(Attempt {
            address: "127.0.0.1:8000",
            status: Some(503),
            connect: Some(Duration::ZERO),
            header: Some(Duration::from_nanos(1_999)),
            response: None,
        }),
        tries: 2,
        ..entry(b"/api/loadtest/people/17?page=2&x=ana", &headers)
    };
    let text = text(&entry, Some(policy()));
    insta::assert_snapshot!(text.replace(",\"", ",\n\""), @r#"
    {"timestamp":"2026-08-21T12:00:00.123Z",
    "remote_addr":"198.51.100.7",
    "request_method":"GET",
    "request_uri":"/api/loadtest/people/{id}?page=…&…=…",
    "request_protocol":"HTTP/1.1",
    "status":200,
    "body_bytes_sent":12,
    "request_time":1.002003,
    "upstream_addr":"127.0.0.1:8000",
    "upstream_status":503,
    "upstream_connect_time":0.000000,
    "upstream_header_time":0.000001,
    "upstream_response_time":null,
    "http_referer":"/schedule/{id}?page=…",
    "http_user_agent":"k6/0.49.0",
    "http_x_forwarded_for":"203.0.113.9, …, 10.0.0.1",
    "load_test_mode":"1",
    "load_test_key":"ci",
    "connection":3,
    "connection_requests":2,
    "route":"loadtest",
    "request_id":"0123456789abcdef0123456789abcdef",
    "refusal":null,
    "tries":2,
    "run":"nightly-7"}
    "#);
}

#[test]
fn what_is_not_there_is_null() {
    let none = Fields::default();
    let line = line(&Entry {
        route: None,
        status: 403,
        refusal: Some("key"),
        ..entry(b"/api/v1/people", &none)
    });
    for field in [
        "upstream_addr",
        "upstream_status",
        "upstream_connect_time",
        "upstream_header_time",
        "upstream_response_time",
        "http_referer",
        "http_user_agent",
        "http_x_forwarded_for",
        "load_test_key",
        "route",
        "run",
    ] {
        assert!(
            line[field].is_null() && line.get(field).is_some(),
            "{field}: {line}"
        );
    }
    assert_eq!(
        (&line["refusal"], &line["load_test_mode"]),
        (&"key".into(), &"0".into())
    );
    assert_eq!(line["request_time"], 1.002_003);
}

#[test]
fn without_a_policy_only_the_prefix_is_shown() {
    let none = Fields::default();
    let check = |target: &str, shown: &str| {
        let entry = Entry {
            route: Some(("api", "/api/")),
            ..entry(target.as_bytes(), &none)
        };
        let line: Value = serde_json::from_str(&text(&entry, None)).unwrap();
        assert_eq!(line["request_uri"], shown, "{target}");
    };
    check("/api/", "/api/");
    check("/api/v1/people", "/api/…");
    check("/api/?ana", "/api/…");
    check("http://x/api/", "…");
}

/// What must not be in any line, wherever a client puts it.
const SECRETS: [&str; 9] = [
    "ana.gonzalez@hospital.org",
    "123e4567-e89b-12d3-a456-426614174000",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "0123456789abcdef0123456789abcdef",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmn",
    "Ab9/cD8+eF7/gH6+iJ5/kL4+mN3/oP2+qR1/sT0=",
    "808-201-3388",
    "123-45-6789",
    "4111111111111111",
];

#[test]
fn no_secret_is_in_any_line() {
    for secret in SECRETS {
        let places = [
            format!("/api/v1/people/{secret}?token={secret}&{secret}&{secret}=1"),
            format!("/{secret}"),
            format!("/api/v1/calendar/feed/{secret}.ics;{secret}"),
            format!("//{secret}@x/"),
            secret.to_owned(),
        ];
        for place in places {
            let referer = format!("https://{secret}@{secret}{place}");
            let agent = format!("Mozilla/5.0 ({secret}; x={secret}) {secret}");
            let headers = headers(&[
                ("referer", referer.as_bytes()),
                ("user-agent", agent.as_bytes()),
                ("x-forwarded-for", secret.as_bytes()),
                ("x-load-test-key", secret.as_bytes()),
                ("x-load-test-run", secret.as_bytes()),
                ("x-request-id", secret.as_bytes()),
                ("cookie", secret.as_bytes()),
                ("authorization", secret.as_bytes()),
            ]);
            let entry = Entry {
                method: secret.as_bytes(),
                load_test: true,
                ..entry(place.as_bytes(), &headers)
            };
            for policy in [Some(policy()), None] {
                let line = text(&entry, policy);
                assert!(!line.contains(secret), "{secret}: {line}");
                // Nor a piece that a cut at some sign has left.
                let pieces = secret.split(|c: char| !c.is_ascii_alphanumeric());
                for piece in pieces.filter(|piece| piece.len() > 6) {
                    assert!(!line.contains(piece), "{piece}: {line}");
                }
            }
        }
    }
}

/// Whatever a header's value may hold, and often what JSON or a line could stumble over.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let allowed = |byte| match byte {
        0..=15 => b'"',
        16..=30 => b'\\',
        31 | 127 => b'\t',
        other => other,
    };
    prop::collection::vec(any::<u8>(), 0..400)
        .prop_map(move |bytes| bytes.into_iter().map(allowed).collect())
}

proptest! {
    #[test]
    fn every_line_is_json_whatever_the_bytes(
        target in prop::collection::vec(any::<u8>(), 0..300),
        values in prop::collection::vec(value(), 4),
        with_policy in any::<bool>(),
    ) {
        let names = ["referer", "user-agent", "x-forwarded-for", "x-load-test-run"];
        let values = values.iter().map(Vec::as_slice);
        let headers = headers(&names.into_iter().zip(values).collect::<Vec<_>>());
        let entry = Entry { load_test: true, ..entry(&target, &headers) };
        let text = text(&entry, with_policy.then(policy));
        let line: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(line.as_object().unwrap().len(), FIELDS);
        prop_assert!(!text.trim_end().chars().any(char::is_control));
        prop_assert!(text.len() < 16 * 1024, "{} bytes", text.len());
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

fn count(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[test]
fn what_is_noted_is_written_at_the_end_and_appended() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("deep/er/access.jsonl");
    for run in 1..=2 {
        let log = AccessLog::start(Clock::start()).unwrap();
        log.note(&entry(b"/off", &Fields::default()));
        log.apply(Some(path.clone()), None).unwrap();
        for _ in 0..100 {
            log.note(&entry(b"/", &Fields::default()));
        }
        log.close();
        log.close();
        assert_eq!(lines(&path).len(), 100 * run);
        assert_eq!(count(&log.counts().written), 100);
    }
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o137, 0, "{mode:o}");
}

#[test]
fn rotating_loses_no_line() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("access.jsonl");
    let log = AccessLog::start(Clock::start()).unwrap();
    log.apply(Some(path.clone()), Some(policy())).unwrap();
    let done = AtomicBool::new(false);
    let rotations = 5;
    let noted: u64 = thread::scope(|scope| {
        let note = || {
            let mut noted = 0;
            while !done.load(Ordering::Relaxed) {
                log.note(&entry(b"/api/v1/people/17", &Fields::default()));
                noted += 1;
                thread::sleep(Duration::from_micros(100));
            }
            noted
        };
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(note)).collect();
        for rotation in 0..rotations {
            let old = folder.path().join(format!("old-{rotation}"));
            // Something is in each, so that each counts.
            while std::fs::metadata(&path).map_or(0, |file| file.len()) == 0 {
                thread::yield_now();
            }
            std::fs::rename(&path, old).unwrap();
            log.reopen();
        }
        done.store(true, Ordering::Relaxed);
        threads.into_iter().map(|it| it.join().unwrap()).sum()
    });
    log.close();
    let old = (0..rotations).map(|rotation| folder.path().join(format!("old-{rotation}")));
    let written: usize = old.chain([path]).map(|path| lines(&path).len()).sum();
    assert_eq!(written as u64, noted);
    assert_eq!(
        (count(&log.counts().written), count(&log.counts().dropped)),
        (noted, 0)
    );
}

#[test]
fn what_there_is_no_room_for_is_refused() {
    let none = Fields::default();
    let mut pack = Pack::default();
    let put = |pack: &mut Pack| pack.put(&entry(&[b'/'; 1000], &none), 4096);
    let fit = (0..10).filter(|_| put(&mut pack)).count();
    assert!((2..5).contains(&fit), "{fit}");
    assert!(!put(&mut pack));
    assert_eq!(pack.entries().count(), fit);
    pack.empty();
    assert!(put(&mut pack));
    assert_eq!(pack.entries().count(), 1);
}

#[test]
fn a_file_that_cannot_be_opened_leaves_all_as_it_was() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("access.jsonl");
    let log = AccessLog::start(Clock::start()).unwrap();
    log.apply(Some(path.clone()), None).unwrap();
    let error = log
        .apply(Some(path.join("x")), None)
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("cannot open access log"), "{error}");
    log.note(&entry(b"/", &Fields::default()));
    let other = folder.path().join("other.jsonl");
    log.apply(Some(other.clone()), None).unwrap();
    log.note(&entry(b"/", &Fields::default()));
    log.apply(None, None).unwrap();
    log.note(&entry(b"/", &Fields::default()));
    log.close();
    // The first may have been written only when the order came.
    assert_eq!(lines(&path).len() + lines(&other).len(), 2);
}
