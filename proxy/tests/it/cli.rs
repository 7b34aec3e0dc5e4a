//! The command line: help, `--test`, mistakes and exit codes.
//!
//! Messages are compared whole: they are all that an operator gets.

use std::net::TcpListener;
use std::process::Output;

use tempfile::TempDir;

use crate::origin::Origin;
use crate::proxy::{Config, command};

/// Runs the binary to its end on a configuration.
fn run(text: Option<&str>, arguments: &[&str]) -> Output {
    let folder = TempDir::new().unwrap();
    if let Some(text) = text {
        std::fs::write(folder.path().join("proxy.toml"), text).unwrap();
    }
    command(folder.path()).args(arguments).output().unwrap()
}

#[track_caller]
fn check(output: &Output, code: i32, stdout: &str, stderr: &str) {
    assert_eq!(String::from_utf8_lossy(&output.stdout), stdout);
    assert_eq!(String::from_utf8_lossy(&output.stderr), stderr);
    assert_eq!(output.status.code(), Some(code));
}

#[test]
fn a_good_configuration_is_ok() {
    let text = Config::over(&Origin::start())
        .load_test()
        .recording()
        .text();
    check(&run(Some(&text), &["--test"]), 0, "proxy.toml: ok\n", "");
}

#[test]
fn the_shipped_configuration_is_ok() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let shipped = command(root.as_ref())
        .args(["--test"])
        .arg("--config=config/proxy.toml")
        .output();
    // clap takes the last of an option that is given twice only if told to.
    assert_eq!(shipped.unwrap().status.code(), Some(2));
    let shipped = std::process::Command::new(env!("CARGO_BIN_EXE_rehearsal-proxy"))
        .current_dir(root)
        .arg("--test")
        .env("LOAD_TEST_KEY", crate::proxy::KEY)
        .output();
    check(&shipped.unwrap(), 0, "config/proxy.toml: ok\n", "");
}

#[test]
fn every_mistake_is_said_at_once() {
    let text = "listen = [\"x\"]\nlissen = 1\n[upstream.a]\nservers = []\n";
    check(
        &run(Some(text), &["--test"]),
        2,
        "",
        "error: proxy.toml:1: listen[0]: cannot read `x` as an address to listen on; write it as 127.0.0.1:8080 or [::1]:8080\n\
         error: proxy.toml:1: route: missing\n\
         error: proxy.toml:2: lissen: unknown key; did you mean `listen`?\n\
         error: proxy.toml:3: upstream.a.servers: name at least one server\n",
    );
}

#[test]
fn a_missing_file_is_said() {
    check(
        &run(None, &[]),
        2,
        "",
        "error: cannot read configuration proxy.toml: No such file or directory (os error 2); name another with --config FILE\n",
    );
}

#[test]
fn a_policy_that_is_missing_is_said() {
    let text = Config::over(&Origin::start())
        .section("[record]\nfile = \"c.jsonl\"\npolicy = \"nowhere.toml\"")
        .text();
    for arguments in [&["--test"][..], &[]] {
        let output = run(Some(&text), arguments);
        assert_eq!(output.status.code(), Some(2));
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            stderr.starts_with("error: ") && stderr.contains("nowhere.toml"),
            "{stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[test]
fn a_port_in_use_is_said_at_once() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let text =
        Config::over(&Origin::start())
            .text()
            .replacen("127.0.0.1:0", &address.to_string(), 1);
    check(
        &run(Some(&text), &[]),
        1,
        "",
        &format!(
            "error: cannot listen on {address}: address already in use; stop what uses it, or change `listen` in the configuration\n"
        ),
    );
}

#[test]
fn a_capture_that_cannot_be_made_is_said() {
    let text = Config::over(&Origin::start()).recording().text();
    let text = text.replace("capture.jsonl", "/proc/nowhere/capture.jsonl");
    let output = run(Some(&text), &[]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with("error: cannot create capture"),
        "{stderr}"
    );
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn a_filter_that_is_none_is_said() {
    let config = Config::over(&Origin::start());
    let ended = config
        .start_with_env("RUST_LOG", "rehearsal_proxy=loud")
        .stop();
    let told = ended.log.matches("cannot read RUST_LOG").count();
    assert_eq!(told, 1, "{}", ended.log);
    assert!(ended.log.contains("stopping"), "{}", ended.log);
}

#[test]
fn help_lists_the_exit_codes() {
    let output = run(None, &["--help"]);
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("Exit codes:\n  0  "), "{help}");
    assert_eq!(run(None, &["--nonsense"]).status.code(), Some(2));
}

#[test]
fn a_key_is_made() {
    let make = || {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_rehearsal-proxy"))
            .arg("key")
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let key = make();
    assert!(
        key.trim_end().len() >= 32 && key.lines().count() == 1,
        "{key}"
    );
    assert_ne!(make(), key);
}

#[test]
fn the_manual_says_what_the_help_says() {
    let said = |argument| String::from_utf8(run_alone(argument).stdout).unwrap();
    let manual = said("man").replace("\\-", "-");
    assert!(manual.contains(".TH rehearsal-proxy 1"), "{manual}");
    let help = said("--help");
    let (_, more) = help.split_once("\nEnvironment:\n").unwrap();
    let entries = more.lines().filter_map(|line| line.strip_prefix("  "));
    let mut count = 0;
    for (name, words) in entries.filter_map(|entry| entry.split_once("  ")) {
        // What is further to the right goes on with the words of the line before.
        let words = words.trim_start();
        let entry = format!(".TP\n\\fB{name}\\fR\n{words}\n");
        let wanted = if name.is_empty() { words } else { &entry };
        assert!(manual.contains(wanted), "{wanted} is not in {manual}");
        count += 1;
    }
    assert!(count > 20, "{help}");
    for part in [
        "SIGUSR2",
        "POST /record/stop",
        ".SH \"EXIT CODES\"",
        "--test",
        "\\fBkey\\fR",
    ] {
        assert!(manual.contains(part), "{part} is not in {manual}");
    }
    assert!(!manual.contains("take-over"), "hidden options stay hidden");
}

/// Where man is installed, it has nothing to complain about.
#[test]
fn man_understands_the_manual() {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("rehearsal-proxy.1");
    std::fs::write(&page, run_alone("man").stdout).unwrap();
    let read = std::process::Command::new("man")
        .args(["--warnings=all", "--local-file"])
        .arg(&page)
        .envs([
            ("MANPAGER", "cat"),
            ("MANWIDTH", "100"),
            ("LC_ALL", "C.UTF-8"),
        ])
        .output();
    match read {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        read => {
            let read = read.unwrap();
            assert_eq!(String::from_utf8_lossy(&read.stderr), "");
            let text = String::from_utf8(read.stdout).unwrap();
            assert!(text.contains("rehearsal-proxy key"), "{text}");
        }
    }
}

fn run_alone(argument: &str) -> Output {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rehearsal-proxy"))
        .arg(argument)
        .output()
        .unwrap();
    assert!(output.status.success());
    output
}

#[test]
fn a_key_that_cannot_be_printed_is_no_success() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rehearsal-proxy"))
        .arg("key")
        .stdout(full)
        .output()
        .unwrap();
    check(
        &output,
        1,
        "",
        "error: cannot print it: No space left on device (os error 28)\n",
    );
}
