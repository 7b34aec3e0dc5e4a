//! The project's own programs as child processes: found beside this one, started, awaited, stopped.

use std::env;
use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::clock;

/// How long a program may take to be ready, and to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(45);

/// A running program. Dropping it kills it.
pub struct Program {
    name: String,
    child: Child,
    ready: String,
    /// Collects standard error, so that the program never waits for a reader.
    errors: Option<JoinHandle<String>>,
}

/// The path of one of the project's programs, as built together with this one.
pub fn path_of(name: &str) -> Result<PathBuf> {
    let this = env::current_exe().context("cannot tell where this program is")?;
    // Tests run from a folder below that of the programs.
    let found = this
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|p| p.is_file());
    found.with_context(|| {
        format!("`{name}` is not built; run `cargo build` for the whole workspace first")
    })
}

/// A command for one of the project's programs, free of the settings of whoever runs this.
pub fn command(name: &str) -> Result<Command> {
    let mut command = Command::new(path_of(name)?);
    command.stdin(Stdio::null());
    for (variable, _) in env::vars_os() {
        let settings = variable.to_string_lossy();
        if settings.starts_with("REPLAY_") || settings == "LOAD_TEST_KEY" || settings == "RUST_LOG"
        {
            command.env_remove(variable);
        }
    }
    Ok(command)
}

impl Program {
    /// Starts a program and waits for the first line that it prints, which says that it is ready.
    pub fn start<I, A>(name: &str, args: I, env: &[(&str, &str)]) -> Result<Self>
    where
        I: IntoIterator<Item = A>,
        A: AsRef<OsStr>,
    {
        let mut child = command(name)?
            .args(args)
            .envs(env.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{name}`"))?;
        let errors = child
            .stderr
            .take()
            .map(|errors| thread::spawn(|| all_of(errors)));
        let output = child.stdout.take();
        let mut program = Self {
            name: name.to_owned(),
            child,
            ready: String::new(),
            errors,
        };
        if let Some(output) = output {
            program.ready = program.first_line(output)?;
        }
        if program.ready.is_empty() {
            let (status, said) = program.wait()?;
            bail!(
                "`{name}` ended with {status} before it was ready: {}",
                said.trim()
            );
        }
        Ok(program)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The addresses in the ready line, such as `127.0.0.1:8080`, in order.
    pub fn addresses(&self) -> Vec<String> {
        let urls = self.ready.split("://").skip(1);
        urls.map(|rest| rest.split([',', ' ']).next().unwrap_or_default().to_owned())
            .collect()
    }

    /// Asks it to end, and waits until it has. Gives what it wrote to standard error.
    pub fn stop(mut self) -> Result<(ExitStatus, String)> {
        self.signal(Signal::TERM)?;
        self.wait()
    }

    fn first_line(&self, output: ChildStdout) -> Result<String> {
        let (sender, line) = mpsc::channel();
        // It ends with the program at the latest.
        thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(output).read_line(&mut line);
            // Nobody listens any more to what comes too late.
            let _late = sender.send(read.map(|_length| line));
        });
        let line = line.recv_timeout(PATIENCE);
        let line =
            line.with_context(|| format!("`{}` is not ready after {PATIENCE:?}", self.name))?;
        Ok(line?.trim_end().to_owned())
    }

    fn wait(&mut self) -> Result<(ExitStatus, String)> {
        let deadline = clock::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            let name = &self.name;
            ensure!(
                clock::now() < deadline,
                "`{name}` has not ended after {PATIENCE:?}"
            );
            thread::sleep(Duration::from_millis(5));
        };
        let said = self.errors.take().and_then(|errors| errors.join().ok());
        Ok((status, said.unwrap_or_default()))
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let id = id.with_context(|| format!("`{}` has no process id", self.name))?;
        kill_process(id, signal).with_context(|| format!("cannot signal `{}`", self.name))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already in the good case.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn all_of(mut errors: ChildStderr) -> String {
    let mut said = Vec::new();
    // What was read before a failure is still worth showing.
    let _closed: io::Result<usize> = errors.read_to_end(&mut said);
    String::from_utf8_lossy(&said).into_owned()
}
