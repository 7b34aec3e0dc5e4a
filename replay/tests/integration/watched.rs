//! Runs that a person watches on a terminal, a real one that `script` makes.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use crate::capture::{Recorded, Recording};
use crate::program::Replay;
use crate::server::{Answer, Server};

/// A program on a terminal of its own.
struct Terminal {
    script: Child,
    shown: String,
}

impl Terminal {
    fn of(replay: &Replay) -> Self {
        Self::run(replay, &replay.line())
    }

    /// A shell that runs this in the program's folder.
    fn run(replay: &Replay, line: &str) -> Self {
        let script = Command::new("script")
            .args(["-qefc", line, "/dev/null"])
            .current_dir(replay.path(""))
            .env_clear()
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            script,
            shown: String::new(),
        }
    }

    /// Waits until the terminal shows this.
    fn until(&mut self, text: &str) -> &mut Self {
        let mut bytes = [0; 4096];
        while !self.shown.contains(text) {
            let read = self
                .script
                .stdout
                .as_mut()
                .unwrap()
                .read(&mut bytes)
                .unwrap();
            assert!(read > 0, "{text} was never shown: {}", self.shown);
            self.shown += &String::from_utf8_lossy(&bytes[..read]);
        }
        self
    }

    /// Forgets what was shown, and presses a key.
    fn press(&mut self, key: &str) -> &mut Self {
        self.shown.clear();
        let stdin = self.script.stdin.as_mut().unwrap();
        stdin.write_all(key.as_bytes()).unwrap();
        stdin.flush().unwrap();
        self
    }

    fn end(mut self) -> i32 {
        let mut rest = String::new();
        self.script
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut rest)
            .unwrap();
        self.script.wait().unwrap().code().unwrap()
    }
}

#[test]
fn keys_pause_a_run_and_end_it() {
    let server = Server::start(|_| Answer::from(200));
    let recording = Recording::new().with_all((0..100).map(|at| Recorded::get(at * 20, 1, "/")));
    let replay = Replay::of(&recording, &server).args(["--loop", "--duration", "10m"]);
    let mut terminal = Terminal::of(&replay);
    terminal.until("/s ·").press("p").until("paused");
    let before = server.seen().len();
    // A pause that is shown to be one takes a second.
    terminal.until("paused").press("x").until("paused");
    let after = server.seen().len();
    assert!(after - before <= 1, "{before} {after}");
    terminal.press("p").until("/s ·");
    while server.seen().len() < after + 10 {
        std::thread::yield_now();
    }
    terminal.press("q");
    assert_eq!(terminal.end(), 130);
    let summary = replay.summary();
    assert_eq!(summary["interrupted"], true);
    let ended = summary["totals"]["duration_s"].as_f64().unwrap();
    let sent = summary["totals"]["sent"].as_u64().unwrap();
    assert!(sent >= 10 && ended < 600.0);
    // What was due in the pause was due after it: nothing is late by that.
    let p50 = summary["latency"]["response"]["p50"].as_u64().unwrap();
    assert!(p50 < 1_000_000, "{p50}");
}

/// A shell that has put the program into the background keeps its terminal.
#[test]
fn in_the_background_it_does_not_touch_the_terminal() {
    let server = Server::start(|_| Answer::from(200));
    let recording = Recording::new().with_all((0..100).map(|at| Recorded::get(at * 20, 1, "/")));
    let replay = Replay::of(&recording, &server);
    // With job control, `&` makes a group of its own, which has no terminal.
    let line = format!("set -m; {} & wait $!; echo it ended with $?", replay.line());
    let mut terminal = Terminal::run(&replay, &line);
    terminal.until("it ended with");
    terminal.end();
    assert_eq!(replay.summary()["totals"]["sent"], 100);
}
