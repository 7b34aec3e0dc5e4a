//! The `staging` binary: its first line, its end, its complaints.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

fn staging(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_staging"))
        .args(args)
        .output()
        .unwrap()
}

#[track_caller]
fn refused(args: &[&str], code: i32, line: &str) {
    let output = staging(args);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code(), told.as_str()),
        (Some(code), format!("error: {line}\n").as_str())
    );
}

#[test]
fn bad_flags_are_one_line_and_exit_2() {
    refused(&["--bogus"], 2, "unexpected argument '--bogus' found");
    let faults = "there are error-rate=SHARE, slow=FACTORx, slower=PERCENT%/m, capacity=RATE/s and \
                  freeze=LENGTH@START";
    refused(
        &["--fault", "burn=1"],
        2,
        &format!("invalid value 'burn=1' for '--fault <KIND=VALUE>': no fault `burn`; {faults}"),
    );
    refused(
        &["--latency-scale", "-1"],
        2,
        "unexpected argument '-1' found",
    );
    refused(
        &["--token-life", "soon"],
        2,
        "invalid value 'soon' for '--token-life <TIME>': `soon` is not a length of time; write for example 250ms, 2s or 15m",
    );
}

#[test]
fn a_taken_port_is_one_line_and_exit_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let line =
        format!("cannot listen on {addr}: address already in use; choose another with --listen");
    refused(&["--listen", &addr], 1, &line);
}

#[test]
fn it_says_where_it_listens_and_ends_on_a_signal() {
    for signal in ["TERM", "INT"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_staging"))
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(
            line.starts_with("staging listens on http://127.0.0.1:"),
            "{line}"
        );
        let sent = Command::new("kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn it_prints_the_test_users() {
    let output = staging(&["--print-users"]);
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        rehearsal_demo::staging::users_csv()
    );
}
