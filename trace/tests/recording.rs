//! Recordings on a real disk: the finished file, its audit, and what happens to names.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::os::unix::fs::PermissionsExt as _;

use common::{POLICY, files, note, raw, start};
use rehearsal_trace::anonymize::{Mode, Policy};
use rehearsal_trace::format::{Capture, Warning};
use rehearsal_trace::recording::{Missed, RecordError, Recording, Sample, Series, Start};

#[test]
fn a_closed_capture_is_whole_audited_and_says_what_was_lost() {
    for name in ["x.jsonl", "x.jsonl.zst"] {
        let folder = tempfile::tempdir().unwrap();
        let mut recording = start(&folder.path().join(name), POLICY);
        for number in 0..3 {
            let body = format!(r#"{{"status":"open","text":"Private remark number {number}"}}"#);
            recording
                .record(&note(&format!("/notes/private-{number}"), &body))
                .unwrap();
        }
        let missed = Missed {
            queue: 4,
            size: 1,
            ..Missed::default()
        };
        let closed = recording.close(missed).unwrap();
        assert_eq!(
            (closed.path, closed.quarantined),
            (folder.path().join(name), false)
        );
        assert_eq!(files(folder.path()), [name]);
        assert_eq!((closed.footer.offered, closed.footer.exchanges), (8, 3));
        assert_eq!(
            (closed.footer.audit.searched, closed.footer.audit.found),
            (6, 0)
        );

        let capture = Capture::read(&folder.path().join(name)).unwrap();
        assert_eq!((capture.exchanges.len(), capture.warnings), (3, Vec::new()));
        assert_eq!(capture.footer, Some(closed.footer));
        let shown = format!("{:?}", capture.exchanges).to_lowercase();
        assert!(
            !shown.contains("private") && !shown.contains("remark"),
            "{shown}"
        );
        assert!(shown.contains("open"));
    }
}

#[test]
fn an_original_that_survives_quarantines_the_capture() {
    // A careless rule keeps any word as a status; the other field proves that it is personal.
    for hidden in [
        "Gonzalez",
        "R29uemFsZXo",
        "476f6e7a616c657a",
        "by-Gonzalez:2",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut recording = start(&folder.path().join("x.jsonl"), POLICY);
        let body = format!(r#"{{"text":"Gonzalez","status":"{hidden}"}}"#);
        recording.record(&note("/notes/1", &body)).unwrap();
        let closed = recording.close(Missed::default()).unwrap();
        assert!(
            closed.quarantined && closed.footer.audit.found > 0,
            "{hidden}"
        );
        assert_eq!(files(folder.path()), ["x.jsonl.quarantine"]);
    }
}

#[test]
fn a_client_cannot_declare_a_name_public() {
    let shipped = include_str!("../../config/anonymize.toml");
    // The last is part of a word of the policy, "primary", and no word itself.
    for name in ["Maria Gonzalez", "gonzalez", "mary"] {
        let folder = tempfile::tempdir().unwrap();
        let mut recording = start(&folder.path().join("x.jsonl"), shipped);
        let headers = [("content-type", "application/json"), ("accept", name)];
        let body = format!(r#"{{"name":"{name}"}}"#);
        recording
            .record(&raw("/api/v1/people", &headers, &body))
            .unwrap();
        let closed = recording.close(Missed::default()).unwrap();
        let text = std::fs::read_to_string(&closed.path).unwrap();
        assert!(!closed.quarantined && !text.contains(name), "{text}");
    }
}

#[test]
fn ordinary_traffic_is_not_quarantined() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = include_str!("../../config/anonymize.toml");
    let mut recording = start(&folder.path().join("x.jsonl"), shipped);
    let mut get = |target: &str, headers: &[(&str, &str)]| {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut raw = raw(path, headers, "");
        raw.query = query.to_owned();
        recording.record(&raw).unwrap();
    };
    for target in [
        "/api/v1/people?person_id=null&is_active=true&include_archived=true",
        "/api/v1/search/quick?query=resident&person_type=resident",
        "/api/v1/search/quick?query=user&q=POST&search=application",
        "/api/v1/search/quick?query=Gonzalez+2026-02-03",
        "/api/v1/search/quick?query=jones+1234567",
        "/api/v1/people/residents?status=undefined",
    ] {
        get(
            target,
            &[
                ("accept", "application/json"),
                ("authorization", "Bearer undefined"),
            ],
        );
    }
    for id in 1000..1600 {
        get(&format!("/api/v1/uploads/scan-{id}"), &[]);
    }
    let text = format!(
        r#"{{"notes":"{}","reason":"write to maria@hospital.org"}}"#,
        "-".repeat(8000)
    );
    recording.record(&note("/api/v1/absences", &text)).unwrap();
    let closed = recording.close(Missed::default()).unwrap();
    assert_eq!(closed.footer.audit.found, 0, "{:#?}", closed.findings);
    assert!(closed.footer.audit.searched > 100, "{:?}", closed.footer);
    assert_eq!(closed.footer.redacted.get("masked"), None);
}

#[test]
fn a_file_that_appears_meanwhile_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.jsonl");
    let recording = start(&file, POLICY);
    std::fs::write(&file, "precious").unwrap();
    assert_eq!(
        recording.close(Missed::default()).unwrap().path,
        folder.path().join("x-2.jsonl")
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    assert_eq!(files(folder.path()), ["x-2.jsonl", "x.jsonl"]);
}

#[test]
fn a_capture_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.jsonl");
    std::fs::write(&file, "precious").unwrap();
    let running = start(&file, POLICY);
    assert_eq!(
        start(&file, POLICY).close(Missed::default()).unwrap().path,
        folder.path().join("x-3.jsonl")
    );
    running.close(Missed::default()).unwrap();
    assert_eq!(files(folder.path()), ["x-2.jsonl", "x-3.jsonl", "x.jsonl"]);
    assert_eq!(std::fs::read_to_string(file).unwrap(), "precious");
}

#[test]
fn not_everybody_may_read_a_capture() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("capture.jsonl");
    let closed = start(&file, POLICY).close(Missed::default()).unwrap();
    let mode = closed.path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o007, 0, "{mode:o}");
}

#[test]
fn a_recorder_that_is_killed_leaves_what_was_checkpointed() {
    for name in ["x.jsonl", "x.jsonl.zst"] {
        let folder = tempfile::tempdir().unwrap();
        let mut recording = start(&folder.path().join(name), POLICY);
        recording.record(&note("/notes/1", "{}")).unwrap();
        recording.checkpoint(Missed::default()).unwrap();
        recording.record(&note("/notes/2", "{}")).unwrap();
        std::mem::forget(recording);
        let capture = Capture::read(&folder.path().join(format!("{name}.partial"))).unwrap();
        assert_eq!(capture.exchanges.len(), 1);
        assert_eq!(capture.warnings, [Warning::NotClosed]);
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("taken");
    std::fs::write(&file, "").unwrap();
    let error = Recording::start(Start {
        file: &file.join("x.jsonl"),
        policy: Policy::parse(POLICY).unwrap(),
        mode: Mode::Tokens,
        tool: "test 1.0",
        body_limit: 1,
        sample: Sample::ALL,
        series: &Series::new(&Mode::Tokens),
        starts_ns: 0,
    });
    let Err(error @ RecordError::Create { .. }) = error else {
        panic!("a file is no folder");
    };
    assert!(error.to_string().contains("taken/x.jsonl"), "{error}");
}
