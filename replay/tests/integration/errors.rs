//! Mistakes: one line that says what, where and what to do; the right code; nothing half-written.

use std::fs::File;
use std::net::TcpListener;

use crate::capture::{Recorded, Recording};
use crate::program::Replay;
use crate::server::Server;

const TARGET: [&str; 2] = ["--target", "http://127.0.0.1:1"];

fn recording() -> String {
    Recording::new()
        .with(Recorded::get(0, 1, "/api/v1/people"))
        .text()
}

fn with_log_in() -> String {
    Recording::new()
        .with(Recorded::log_in(0, 1))
        .with(Recorded::log_in(0, 2))
        .text()
}

/// One line on stderr, nothing on stdout, nothing written.
#[track_caller]
fn check(replay: &Replay, code: i32) -> String {
    let ended = replay.run();
    assert_eq!(ended.code, code, "{ended:#?}");
    assert_eq!(ended.stdout, "");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(!replay.path("out").exists());
    ended.stderr
}

#[test]
fn a_capture_that_cannot_be_played() {
    let of = |text: &str| check(&Replay::new().file("capture.jsonl", text).args(TARGET), 2);
    insta::assert_snapshot!(of(""), @"error: capture `capture.jsonl` is empty; record it again, or name another file");
    insta::assert_snapshot!(of("{\"a\":1}\n"), @"error: `capture.jsonl` is not a capture: its first line is no rehearsal-capture header");
    let newer = recording().replace("\"version\":1,", "\"version\":2,");
    insta::assert_snapshot!(of(&newer), @"error: capture `capture.jsonl` has format version 2, and this program reads up to 1; use a newer replay");
    insta::assert_snapshot!(of(&Recording::new().text()), @"error: there is nothing to play: the capture, or what `--filter`, `--limit` and `--duration` leave of it, holds no exchange");
    let missing = check(&Replay::new().args(TARGET), 2);
    insta::assert_snapshot!(missing, @"error: cannot open capture `capture.jsonl`: No such file or directory (os error 2)");
}

#[test]
fn an_option_that_cannot_be_meant() {
    let of = |option: &str, value: &str| {
        check(
            &Replay::new()
                .file("capture.jsonl", &recording())
                .args([option, value]),
            2,
        )
    };
    insta::assert_snapshot!(of("--speed", "0"), @"error: invalid value '0' for '--speed <SPEED>': a speed is a number above 0, such as `5x`, `2` or `0.5x`, and at most 1000000x");
    insta::assert_snapshot!(of("--speed", "abc"), @"error: invalid value 'abc' for '--speed <SPEED>': a speed is a number above 0, such as `5x`, `2` or `0.5x`, and at most 1000000x");
    insta::assert_snapshot!(of("--header", "nonsense"), @"error: invalid value 'nonsense' for '--header <NAME: VALUE>': a header is written `Name: value`");
    insta::assert_snapshot!(of("--duration", "soon"), @"error: invalid value 'soon' for '--duration <DURATION>': a duration is above 0 and written with its unit, such as `90s`, `500ms` or `1m30s`");
    insta::assert_snapshot!(of("--target", "localhost:80"), @"error: target `localhost:80`: it is no http URL, write it as in `http://127.0.0.1:8080`");
    insta::assert_snapshot!(of("--target", "http://203.0.113.9"), @"error: target `203.0.113.9` is at 203.0.113.9, which is neither loopback nor a private range; if it may be loaded, say so with `--allow-target 203.0.113.9`");
    insta::assert_snapshot!(of("--config", "other.toml"), @"error: cannot read configuration `other.toml`: No such file or directory (os error 2)");
}

#[test]
fn a_setting_that_is_missing_or_wrong() {
    let of = |file: &str| {
        let replay = Replay::new().file("capture.jsonl", &with_log_in());
        check(&replay.file("config/replay.toml", file), 2)
    };
    insta::assert_snapshot!(of(""), @"error: no target; give `--target URL`, or set `target` in config/replay.toml");
    let target = "target = \"http://127.0.0.1:1\"\n";
    insta::assert_snapshot!(of(&format!("{target}via_loadtest = true")), @"error: the load-test path needs a key; put it into the environment as LOAD_TEST_KEY, or go without with `--via-loadtest=false`");
    insta::assert_snapshot!(of(&format!("{target}worker = 2")), @"error: config/replay.toml:2: there is no key `worker`; known keys are `target`, `target_metrics`, `via_loadtest`, `client_addresses`, `limits`, `allow_targets`, `shift_dates`, `tls`, `users`, `auth`, `unique`, `load`, `thresholds`, `slo`, `objective`, `check`");
    insta::assert_snapshot!(of(target), @"error: the capture needs 2 test users and no users file is configured; set `file` under `[users]` in config/replay.toml");
    insta::assert_snapshot!(of(&format!("{target}users.file = \"users.csv\"")), @"error: cannot read the users file `users.csv`, seen from the folder that replay was started in; make it, with `username,password,role` in every line, or name another under `[users]` in config/replay.toml: No such file or directory (os error 2)");
}

#[test]
fn a_pool_that_is_too_small() {
    let replay = || {
        Replay::new()
            .file("capture.jsonl", &with_log_in())
            .users("ann,secret,admin\n")
            .args(TARGET)
    };
    let config = "users.file = \"users.csv\"\n";
    let small = check(&replay().file("config/replay.toml", config), 2);
    insta::assert_snapshot!(small, @"error: the capture needs 2 test users, and `users.csv` has 1; add lines to it, or let several recorded users log in as one: `--share-users`, or `share = true` under `[users]` in config/replay.toml");
    let shared = replay().file(
        "config/replay.toml",
        &format!("{config}users.share = true\n"),
    );
    assert!(check(&shared, 1).starts_with("error: cannot connect"));
}

#[test]
fn a_target_that_is_not_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let replay = Replay::new()
        .file("capture.jsonl", &recording())
        .args(["--target", &url]);
    let message = check(&replay, 1).replace(&url, "[target]");
    insta::assert_snapshot!(message, @"error: cannot connect to [target]: connection refused; is the proxy running? is `--target` right?");
}

#[test]
fn results_that_cannot_be_written() {
    let server = Server::start(|_| 200.into());
    let recording = Recording::new().with(Recorded::get(0, 1, "/api/v1/people"));
    let replay = Replay::of(&recording, &server)
        .without_out()
        .args(["--out", "capture.jsonl/out"]);
    let message = check(&replay, 2);
    insta::assert_snapshot!(message, @"error: cannot write results to `capture.jsonl/out`; name another folder with `--out`: Not a directory (os error 20)");
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn every_mistake_of_usage_is_one_line() {
    let of = |args: &[&str]| {
        let replay = Replay::new().file("capture.jsonl", &recording());
        check(
            &args.iter().fold(replay, |replay, arg| replay.args([arg])),
            2,
        )
    };
    insta::assert_snapshot!(of(&["--no-such-option"]), @"error: unexpected argument '--no-such-option' found");
    insta::assert_snapshot!(of(&["--speed"]), @"error: a value is required for '--speed <SPEED>' but none was supplied");
    insta::assert_snapshot!(of(&["--speed", "1", "--speed", "2"]), @"error: the argument '--speed <SPEED>' cannot be used multiple times");
    insta::assert_snapshot!(of(&["another.jsonl", "--dry-run"]), @"error: cannot open capture `another.jsonl`: No such file or directory (os error 2)");
    insta::assert_snapshot!(of(&["--speed", "-1"]), @"error: invalid value '-1' for '--speed <SPEED>': a speed is a number above 0, such as `5x`, `2` or `0.5x`, and at most 1000000x");
    insta::assert_snapshot!(of(&["--timeout", "-5s"]), @"error: invalid value '-5s' for '--timeout <DURATION>': a duration is above 0 and written with its unit, such as `90s`, `500ms` or `1m30s`");
    insta::assert_snapshot!(of(&["--workers", "0"]), @"error: invalid value '0' for '--workers <N>': it is a whole number above 0, such as `2`");
    insta::assert_snapshot!(of(&["--limit", "-1"]), @"error: invalid value '-1' for '--limit <N>': it is a whole number above 0, such as `2`");
    insta::assert_snapshot!(of(&["--seed", "-1"]), @"error: invalid value '-1' for '--seed <SEED>': a seed is a whole number that is not below 0, such as `1`");
    insta::assert_snapshot!(of(&["--sessions", "closed"]), @"error: invalid value 'closed' for '--sessions <MODE>' [possible values: open, ordered, think]");
    insta::assert_snapshot!(of(&["--via-loadtest=perhaps"]), @"error: invalid value 'perhaps' for '--via-loadtest[=<BOOL>]': value was not a boolean");
    let nothing = Replay::new().without_capture().without_out();
    insta::assert_snapshot!(check(&nothing, 2), @"error: the following required arguments were not provided: <CAPTURE>...");
}

#[test]
fn mistakes_in_a_named_file_come_all_at_once_and_with_its_name() {
    let of = |text: &str| {
        Replay::new()
            .file("capture.jsonl", &with_log_in())
            .file("mine.toml", text)
            .args(["--config", "mine.toml"])
            .run()
    };
    let wrong = of("[load]\nspeed = \"fast\"\n[auth]\ntoken = \"header:x\"\n");
    assert_eq!(wrong.code, 2);
    insta::assert_snapshot!(wrong.stderr, @"error: mine.toml: auth.token: `header:x` is no place in an answer; write `body#` and a JSON pointer, as in `body#/access_token`, or `header/` or `cookie/` and a name
error: mine.toml: load.speed: `fast`: a speed is a number above 0, such as `5x`, `2` or `0.5x`, and at most 1000000x");
    let message = |text: &str| of(text).stderr;
    insta::assert_snapshot!(message("via_loadtest = 1\n"), @"error: mine.toml:1: via_loadtest: integer `1` is no value for it; write `true` or `false`");
    insta::assert_snapshot!(message(""), @"error: no target; give `--target URL`, or set `target` in mine.toml");
    insta::assert_snapshot!(message("target = \"http://127.0.0.1:1\"\n"), @"error: the capture needs 2 test users and no users file is configured; set `file` under `[users]` in mine.toml");
}

#[test]
fn what_cannot_be_printed_is_a_failure() {
    let server = Server::start(|_| 200.into());
    let recording = Recording::new().with(Recorded::get(0, 1, "/api/v1/people"));
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for (args, what) in [(vec!["--dry-run"], "the plan"), (vec![], "the summary")] {
        let replay = Replay::of(&recording, &server);
        let replay = args.iter().fold(replay, |replay, arg| replay.args([arg]));
        let ended = replay.wait(replay.start_into(full()));
        let message =
            format!("error: cannot print {what}: No space left on device (os error 28)\n");
        assert_eq!((ended.code, ended.stderr), (1, message));
    }
}
