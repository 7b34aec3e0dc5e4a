//! The systemd unit as shipped.
//!
//! Where systemd is installed, it says itself whether it understands every line.

use std::fs;
use std::io;
use std::process::Command;

use clap::CommandFactory as _;
use rehearsal_proxy::cli::Args;
use tempfile::TempDir;

const UNIT: &str = include_str!("../../../config/systemd/rehearsal-proxy.service");

#[test]
fn systemd_understands_the_unit() {
    let folder = TempDir::new().unwrap();
    let unit = folder.path().join("rehearsal-proxy.service");
    let here = UNIT.replace(
        "/usr/local/bin/rehearsal-proxy",
        env!("CARGO_BIN_EXE_rehearsal-proxy"),
    );
    fs::write(&unit, here).unwrap();
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&unit)
        .output();
    match verify {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        verified => {
            let said = String::from_utf8(verified.unwrap().stderr).unwrap();
            let about_us = said.lines().find(|line| line.contains("rehearsal-proxy"));
            assert_eq!(about_us, None);
        }
    }
}

#[test]
fn the_unit_starts_what_the_command_line_knows() {
    let start = UNIT
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let words = start.unwrap().split(' ');
    assert!(Args::command().try_get_matches_from(words).is_ok());
    // The type says that it tells its state, which it does: see the tests of upgrades.
    assert!(UNIT.lines().any(|line| line == "Type=notify"));
    assert!(UNIT.lines().any(|line| line == "NotifyAccess=all"));
}
