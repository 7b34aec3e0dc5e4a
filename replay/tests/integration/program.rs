//! The program in a folder of its own, with nothing from the environment of the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::capture::Recording;
use crate::server::Server;

/// A scratch folder to run the program in.
pub(crate) struct Replay {
    scratch: TempDir,
    args: Vec<String>,
    key: Option<&'static str>,
    env: Vec<(&'static str, String)>,
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) summary: Value,
}

impl Replay {
    /// The program, told to play a capture that does not exist yet.
    pub(crate) fn new() -> Self {
        Self {
            scratch: TempDir::new().unwrap(),
            args: ["capture.jsonl", "--out", "out"]
                .map(str::to_owned)
                .to_vec(),
            key: None,
            env: Vec::new(),
        }
    }

    /// The program, told to play this against that.
    pub(crate) fn of(recording: &Recording, server: &Server) -> Self {
        Self::at(recording, &server.url())
    }

    /// The program, told to play this there.
    pub(crate) fn at(recording: &Recording, url: &str) -> Self {
        Self::new()
            .file("capture.jsonl", &recording.text())
            .args(["--target", url])
    }

    /// Writes a file into the folder.
    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Writes test users.
    pub(crate) fn users(self, users: &str) -> Self {
        let text = format!("username,password,role\n{users}");
        self.file("users.csv", &text)
    }

    /// Adds arguments.
    pub(crate) fn args<const N: usize>(mut self, args: [&str; N]) -> Self {
        self.args.extend(args.map(str::to_owned));
        self
    }

    /// The program, told this and nothing else.
    pub(crate) fn told<const N: usize>(args: [&str; N]) -> Self {
        let mut told = Self::new();
        told.args.clear();
        told.args(args)
    }

    /// Names no capture.
    pub(crate) fn without_capture(mut self) -> Self {
        self.args.retain(|arg| arg != "capture.jsonl");
        self
    }

    /// Leaves it to the program where results go.
    pub(crate) fn without_out(mut self) -> Self {
        self.args.retain(|arg| arg != "--out" && arg != "out");
        self
    }

    /// Puts a key into the environment.
    pub(crate) fn key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }

    /// Puts something else into the environment.
    pub(crate) fn env(mut self, name: &'static str, value: &str) -> Self {
        self.env.push((name, value.to_owned()));
        self
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Starts the program.
    pub(crate) fn start(&self) -> Child {
        self.start_into(Stdio::piped())
    }

    /// Starts the program with this as its output.
    pub(crate) fn start_into(&self, stdout: impl Into<Stdio>) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_replay"));
        command
            .args(&self.args)
            .current_dir(self.scratch.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::piped());
        if let Some(key) = self.key {
            command.env("LOAD_TEST_KEY", key);
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.spawn().unwrap()
    }

    /// The program as a shell starts it.
    pub(crate) fn line(&self) -> String {
        let args: Vec<_> = self.args.iter().map(|arg| format!("'{arg}'")).collect();
        format!("{} {}", env!("CARGO_BIN_EXE_replay"), args.join(" "))
    }

    /// What the last run wrote.
    pub(crate) fn summary(&self) -> Value {
        read(&self.path("out/summary.json"))
    }

    /// Waits for the program's end.
    pub(crate) fn wait(&self, child: Child) -> Ended {
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let scratch = self.scratch.path().display().to_string();
        Ended {
            code: output.status.code().unwrap(),
            stdout: text(output.stdout).replace(&scratch, "[scratch]"),
            stderr: text(output.stderr).replace(&scratch, "[scratch]"),
            summary: self.summary(),
        }
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self) -> Ended {
        self.wait(self.start())
    }
}

impl Ended {
    /// That something was measured: it passed, or this machine was too busy to keep time.
    #[track_caller]
    pub(crate) fn measured(self) -> Self {
        let invalid = self.code == 96 && self.stdout.contains("the generator was late");
        assert!(self.code == 0 || invalid, "{self:#?}");
        self
    }

    /// That every arrival is in exactly one account.
    #[track_caller]
    pub(crate) fn balanced(self) -> Self {
        let total = |name: &str| self.summary["totals"][name].as_u64().unwrap();
        let sum = |name: &str| -> u64 {
            let counts = self.summary[name].as_object().unwrap().values();
            counts.map(|count| count.as_u64().unwrap()).sum()
        };
        let sent = total("sent");
        assert_eq!(total("planned"), sent + total("dropped"), "{self:#?}");
        assert_eq!(sent, total("completed") + total("failed"), "{self:#?}");
        assert_eq!(sent, sum("statuses") + sum("errors"), "{self:#?}");
        self
    }

    /// How often something has happened, by the name of its account; never is 0.
    pub(crate) fn count(&self, account: &str, name: &str) -> u64 {
        self.summary[account][name].as_u64().unwrap_or(0)
    }
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}
