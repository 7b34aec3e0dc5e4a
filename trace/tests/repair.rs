//! Damaged captures on a real disk: what is kept of them, and what is said of the rest.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};

use common::{POLICY, files, note, start};
use rehearsal_trace::format::{Capture, Verified};
use rehearsal_trace::recording::{LeftOut, Missed, RepairError, repair};

/// A closed capture of `exchanges`, with a checkpoint after each, of which one was dropped.
fn closed(folder: &Path, name: &str, exchanges: u64) -> PathBuf {
    let mut recording = start(&folder.join(name), POLICY);
    let missed = Missed {
        queue: 1,
        left_out: LeftOut {
            filter: 2,
            sample: 3,
        },
        ..Missed::default()
    };
    for number in 1..=exchanges {
        recording
            .record(&note(&format!("/notes/{number}"), "{}"))
            .unwrap();
        recording.checkpoint(missed).unwrap();
    }
    recording.close(missed).unwrap().path
}

fn repaired(from: &Path, to: &Path) -> Capture {
    repair(from, to).unwrap();
    let verified = Verified::read(to).unwrap();
    assert!(verified.is_good(), "{verified:?}");
    let capture = Capture::read(to).unwrap();
    let footer = capture.footer.as_ref().unwrap();
    assert!(footer.repaired);
    assert_eq!(footer.exchanges, capture.exchanges.len() as u64);
    assert_eq!(footer.offered, footer.exchanges + footer.dropped.total());
    capture
}

#[test]
fn a_file_that_is_cut_anywhere_is_verified_and_repaired() {
    for name in ["x.jsonl", "x.jsonl.zst"] {
        // In memory, where there is such a folder: each of these files is synced.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let folder = folder.unwrap();
        let path = closed(folder.path(), name, 3);
        let whole = std::fs::read(&path).unwrap();
        let (cut, to) = (
            folder.path().join("cut").join(name),
            folder.path().join("to.jsonl"),
        );
        std::fs::create_dir(cut.parent().unwrap()).unwrap();
        let mut most = 0;
        for end in 0..whole.len() {
            std::fs::write(&cut, &whole[..end]).unwrap();
            let Ok(verified) = Verified::read(&cut) else {
                assert_eq!(most, 0, "{name}: more was there, less can be read: {end}");
                assert!(repair(&cut, &to).is_err());
                continue;
            };
            // The last bytes say nothing: a line feed, or the end of the compressed file.
            assert!(!verified.is_good() || end + 4 > whole.len(), "cut at {end}");
            assert!(verified.proven.exchanges >= most, "cut at {end}");
            most = verified.proven.exchanges;
            // The longer file costs a while: there each fifth byte stands for its neighbours.
            if name == "x.jsonl" && !end.is_multiple_of(5) {
                continue;
            }
            let capture = repaired(&cut, &to);
            let kept = capture.exchanges.len() as u64;
            assert!(kept == most || kept == most + 1, "cut at {end}");
            let damage = capture.footer.unwrap().dropped.damage;
            assert!(
                kept + damage <= 3,
                "{damage} lost that were not there, cut at {end}"
            );
            std::fs::remove_file(&to).unwrap();
        }
        assert_eq!(most, 3, "{name}");
    }
}

#[test]
fn everything_before_a_checkpoint_is_on_the_medium_once_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut recording = start(&folder.path().join("x.jsonl.zst"), POLICY);
    let partial = folder.path().join("x.jsonl.zst.partial");
    assert_eq!(Capture::read(&partial).unwrap().exchanges, []);
    for number in 1..=20 {
        recording
            .record(&note(&format!("/notes/{number}"), "{}"))
            .unwrap();
        recording.checkpoint(Missed::default()).unwrap();
        let verified = Verified::read(&partial).unwrap();
        assert_eq!(verified.proven.exchanges, number);
        assert_eq!((verified.rest.bytes, verified.rest.torn), (0, None));
    }
}

#[test]
fn what_is_not_as_it_was_written_is_left_out_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = closed(folder.path(), "x.jsonl", 4);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"status\":201", "\"status\":200", 1)).unwrap();
    let to = folder.path().join("to.jsonl.zst");
    let capture = repaired(&path, &to);
    let kept: Vec<_> = capture
        .exchanges
        .iter()
        .map(|exchange| exchange.seq)
        .collect();
    assert_eq!(kept, [2, 3, 4]);
    let footer = capture.footer.unwrap();
    assert_eq!((footer.dropped.damage, footer.dropped.queue), (1, 1));
    assert_eq!((footer.left_out.filter, footer.left_out.sample), (2, 3));
    assert_eq!(footer.offered, 5);
    assert_eq!(footer.audit.searched, 0);
}

#[test]
fn what_came_after_the_last_checkpoint_is_kept_as_far_as_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = closed(folder.path(), "x.jsonl", 3);
    let text = std::fs::read_to_string(&path).unwrap();
    // The last checkpoint and the footer are gone, and the last exchange is cut off.
    let lines: Vec<_> = text.lines().collect();
    let cut = format!("{}\n{}", lines[..4].join("\n"), &lines[5][..90]);
    std::fs::write(&path, cut).unwrap();
    let capture = repaired(&path, &folder.path().join("to.jsonl"));
    assert_eq!(capture.exchanges.len(), 2);
    assert_eq!(capture.footer.unwrap().dropped.damage, 1);
}

#[test]
fn nothing_is_overwritten_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = closed(folder.path(), "x.jsonl", 1);
    for taken in ["to.jsonl", "to.jsonl.partial", "to.jsonl.quarantine"] {
        let taken = folder.path().join(taken);
        std::fs::write(&taken, "precious").unwrap();
        let error = repair(&path, &folder.path().join("to.jsonl")).unwrap_err();
        assert!(matches!(error, RepairError::Exists { .. }), "{error}");
        assert_eq!(std::fs::read_to_string(&taken).unwrap(), "precious");
        std::fs::remove_file(taken).unwrap();
    }
    assert!(repair(&path, &path).is_err());
    assert!(
        repair(
            &folder.path().join("missing"),
            &folder.path().join("to.jsonl")
        )
        .is_err()
    );
    assert!(repair(&path, &folder.path().join("missing/to.jsonl")).is_err());
    assert_eq!(files(folder.path()), ["x.jsonl"]);
}

#[test]
fn a_repaired_capture_with_something_personal_is_in_quarantine() {
    let folder = tempfile::tempdir().unwrap();
    let path = closed(folder.path(), "x.jsonl", 1);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().collect();
    // After the last checkpoint, so that no chain says that it was changed.
    let changed = lines[1].replace("\"query\":\"\"", "\"query\":\"to=pepa@clinic.org\"");
    let changed = changed.replace("\"seq\":1", "\"seq\":2");
    std::fs::write(&path, format!("{}\n{changed}\n", lines[..3].join("\n"))).unwrap();
    let repaired = repair(&path, &folder.path().join("to.jsonl")).unwrap();
    assert_eq!(repaired.path, folder.path().join("to.jsonl.quarantine"));
    assert_eq!(repaired.footer.audit.found, 1);
    let said = repaired.findings[0].to_string();
    assert_eq!(
        said,
        "exchange 2, request query to: email p…@… (15 characters)"
    );
}
