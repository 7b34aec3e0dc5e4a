//! `replay verify` and `replay audit`, and several captures at once.

use std::fs;

use crate::capture::{Recorded, Recording};
use crate::program::Replay;

fn recording() -> Recording {
    Recording::new().with_all([
        Recorded::get(0, 1, "/a"),
        Recorded::get(40, 2, "/b"),
        Recorded::get(20, 1, "/c"),
    ])
}

/// A capture whose recorder was killed in the middle of its third exchange.
fn torn() -> String {
    let mut text = recording().unfinished();
    text.truncate(text.len() - 60);
    text
}

#[test]
fn a_capture_that_is_as_it_was_written_is_good() {
    let ended = Replay::told(["verify", "a.jsonl"])
        .file("a.jsonl", &recording().text())
        .run();
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ended.stdout);
}

#[test]
fn what_is_wrong_with_each_of_several_is_said() {
    let good = recording().text();
    let changed = good.replace("/b", "/d");
    let torn = torn();
    let ended = Replay::told([
        "verify",
        "good.jsonl",
        "changed.jsonl",
        "missing",
        "torn.jsonl",
    ])
    .file("good.jsonl", &good)
    .file("changed.jsonl", &changed)
    .file("torn.jsonl", &torn)
    .run();
    assert_eq!(ended.code, 90);
    insta::assert_snapshot!(ended.stderr, @"error: cannot open capture `missing`: No such file or directory (os error 2)");
    assert!(ended.stdout.starts_with("good.jsonl: good\n"));
    let (_, others) = ended.stdout.split_once("changed.jsonl").unwrap();
    insta::assert_snapshot!(others);
    let replay = Replay::told(["verify", "torn.jsonl"]).file("torn.jsonl", &torn);
    assert_eq!(replay.run().code, 90);
}

#[test]
fn a_damaged_capture_is_repaired_once() {
    let torn = torn();
    let repair =
        Replay::told(["verify", "--repair", "b.jsonl.zst", "a.jsonl"]).file("a.jsonl", &torn);
    let ended = repair.run();
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ended.stdout);
    let again = repair.run();
    assert_eq!((again.code, again.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(again.stderr, @"error: `b.jsonl.zst` exists; name another file, or move it away");

    let verify = Replay::told(["verify", "b.jsonl.zst"]);
    fs::copy(repair.path("b.jsonl.zst"), verify.path("b.jsonl.zst")).unwrap();
    let ended = verify.run();
    assert_eq!(ended.code, 0, "{ended:?}");
    let plan = Replay::told(["--dry-run", "b.jsonl.zst"]);
    fs::copy(repair.path("b.jsonl.zst"), plan.path("b.jsonl.zst")).unwrap();
    let ended = plan.run();
    assert_eq!(ended.code, 0);
    insta::assert_snapshot!(ended.stderr);
}

#[test]
fn an_audit_says_what_it_found_and_where_but_not_the_value() {
    let personal = Recording::new().with_all([
        Recorded::get(0, 1, "/people/pepa%40clinic.org/x"),
        Recorded::post(
            1,
            1,
            "/a",
            "application/json",
            r#"{"note":"call 808-201-3388"}"#,
        ),
    ]);
    let audit = Replay::told(["audit", "a.jsonl", "b.jsonl"])
        .file("a.jsonl", &recording().text())
        .file("b.jsonl", &personal.text());
    let ended = audit.run();
    assert_eq!((ended.code, ended.stderr.as_str()), (90, ""));
    insta::assert_snapshot!(ended.stdout);
    let audit = Replay::told(["audit", "a.jsonl", "--policy", "policy.toml"])
        .file("a.jsonl", &recording().text());
    assert_eq!(audit.run().code, 2);
    assert_eq!(audit.file("policy.toml", "version = 1\n").run().code, 0);
}

#[test]
fn commands_and_captures_do_not_get_in_each_others_way() {
    for args in [
        ["verify", "--speed=2"],
        ["audit", "--dry-run"],
        ["verify", "--nothing"],
    ] {
        let ended = Replay::told(args).run();
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{args:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
    assert_eq!(Replay::told(["verify"]).run().code, 2);
    assert_eq!(Replay::told([]).run().code, 2);
    let ended = Replay::told(["--dry-run", "./verify"])
        .file("verify", &recording().text())
        .run();
    assert_eq!(ended.code, 0, "{ended:?}");
    for command in ["verify", "audit"] {
        let ended = Replay::told([command, "--help"]).run();
        assert!(ended.stdout.contains("Exit codes:"), "{}", ended.stdout);
    }
}

#[test]
fn several_captures_are_played_on_one_time_line() {
    let first = recording().on_clock("c", 5_000);
    let second = recording().on_clock("c", 6_500);
    let ended = Replay::told(["--dry-run", "second.jsonl", "first.jsonl"])
        .file("first.jsonl", &first.text())
        .file("second.jsonl", &second.text())
        .run();
    assert_eq!((ended.code, ended.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ended.stdout);
    let ended = Replay::told(["--dry-run", "first.jsonl", "other.jsonl"])
        .file("first.jsonl", &first.text())
        .file("other.jsonl", &recording().text())
        .run();
    assert_eq!(ended.code, 0);
    insta::assert_snapshot!(ended.stderr);
}
