//! A recorder that is killed at any moment: what it had checkpointed is there, and is verified.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use common::{POLICY, note, start};
use rehearsal_trace::format::{Capture, Verified};
use rehearsal_trace::recording::{Missed, repair};

/// Names the file to a child that records.
const FILE: &str = "REHEARSAL_TEST_RECORD_TO";

/// How long a test may take before it is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// No test by itself: what the child does. Says how many exchanges each checkpoint covers, once it
/// is written, and ends when the disk refuses.
#[test]
fn record_until_killed() {
    let Ok(file) = std::env::var(FILE) else {
        return;
    };
    let mut recording = start(Path::new(&file), POLICY);
    let begun = std::time::Instant::now();
    let mut said = std::io::stdout();
    for number in 1.. {
        assert!(begun.elapsed() < PATIENCE, "nobody kills it");
        let body = format!(r#"{{"a":"{}"}}"#, "made up ".repeat(number % 50));
        let recorded = recording.record(&note(&format!("/notes/{number}"), &body));
        let mut done = recorded.map(drop);
        if done.is_ok() && number % 7 == 0 {
            done = recording.checkpoint(Missed::default());
            if done.is_ok() {
                writeln!(said, "covered {number}").unwrap();
                said.flush().unwrap();
            }
        }
        if let Err(error) = done {
            assert!(recording.record(&note("/notes/0", "")).is_err());
            assert!(recording.checkpoint(Missed::default()).is_err());
            assert!(recording.close(Missed::default()).is_err());
            writeln!(said, "refused {error}").unwrap();
            return;
        }
    }
}

/// Runs [`record_until_killed`] in a process of its own, by way of `command`.
fn recorder(mut command: Command, file: &Path) -> Child {
    command
        .args(["record_until_killed", "--exact", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What the child says that begins with `word`.
fn says<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.split_once(word).map(|(_, rest)| rest.trim())
}

#[test]
fn a_recorder_that_is_killed_leaves_what_it_had_checkpointed() {
    for (round, name) in ["x.jsonl", "x.jsonl.zst"]
        .into_iter()
        .cycle()
        .take(12)
        .enumerate()
    {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        let mut child = recorder(Command::new(std::env::current_exe().unwrap()), &file);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Killed after some checkpoints, and within the work for the next one.
        let mut covered = 0;
        for _ in 0..=round {
            let line = lines.by_ref().map(Result::unwrap).find_map(|line| {
                says(&line, "covered ").map(|number| number.parse::<u64>().unwrap())
            });
            covered = line.unwrap();
        }
        thread::sleep(Duration::from_micros(137 * round as u64 * round as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines.map_while(Result::ok) {
            if let Some(number) = says(&line, "covered ") {
                covered = number.parse().unwrap();
            }
        }
        check(&folder.path().join(format!("{name}.partial")), covered);
    }
}

/// All that was covered is in the file, proven, and in what is made of it.
fn check(partial: &Path, covered: u64) {
    let verified = Verified::read(partial).unwrap();
    assert_eq!(verified.problems, []);
    assert!(!verified.is_good() && verified.footer.is_none());
    let proven = verified.proven.exchanges;
    assert!(proven >= covered, "{proven} of {covered}");
    let capture = Capture::read(partial).unwrap();
    let read = capture.exchanges.len() as u64;
    assert_eq!(read, proven + verified.rest.exchanges);
    let seqs: Vec<_> = capture
        .exchanges
        .iter()
        .map(|exchange| exchange.seq)
        .collect();
    assert_eq!(seqs, (1..=read).collect::<Vec<_>>());

    let to = partial.with_file_name("repaired.jsonl");
    let repaired = repair(partial, &to).unwrap();
    assert!(repaired.footer.repaired && repaired.findings.is_empty());
    assert!(Verified::read(&to).unwrap().is_good());
    assert_eq!(Capture::read(&to).unwrap().exchanges, capture.exchanges);
}

#[test]
fn a_full_disk_ends_the_recording_and_leaves_what_was_written() {
    for name in ["x.jsonl", "x.jsonl.zst"] {
        let folder = tempfile::tempdir().unwrap();
        let mut limited = Command::new("sh");
        // No file may grow beyond 32 blocks of 512 bytes; the signal that says so is ignored.
        limited.args(["-c", "trap '' XFSZ; ulimit -f 32; exec \"$0\" \"$@\""]);
        limited.arg(std::env::current_exe().unwrap());
        let child = recorder(limited, &folder.path().join(name));
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let said = String::from_utf8(output.stdout).unwrap();
        let covered = said.lines().filter_map(|line| says(line, "covered "));
        let covered = covered.last().unwrap().parse().unwrap();
        assert!(said.contains("refused cannot write capture"), "{said}");
        let partial = folder.path().join(format!("{name}.partial"));
        assert!(partial.metadata().unwrap().len() <= 32 * 1024);
        check(&partial, covered);
    }
}
