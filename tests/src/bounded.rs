//! Other people's programs, each with a deadline: who is late is killed with all that it started.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::deadline::Deadline;

/// A program that runs. Dropping it kills it and all that it started.
pub struct Running {
    name: String,
    child: Child,
    /// Files and not pipes: nobody waits for a reader, and no grandchild holds their end open.
    stdout: File,
    stderr: File,
    deadline: Deadline,
    patience: Duration,
}

/// Runs a program to its end.
pub fn output(command: &mut Command, patience: Duration) -> Result<Output> {
    Running::start(command, patience)?.end()
}

impl Running {
    /// Starts a program, which may take so long.
    pub fn start(command: &mut Command, patience: Duration) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let (stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
        let child = command
            .stdin(Stdio::null())
            .stdout(stdout.try_clone()?)
            .stderr(stderr.try_clone()?)
            .process_group(0)
            .spawn()
            .with_context(|| {
                format!("cannot start {name}; `make test` installs what tests need")
            })?;
        Ok(Self {
            name,
            child,
            stdout,
            stderr,
            deadline: Deadline::after(patience),
            patience,
        })
    }

    /// Asks it to end, as Ctrl-C does.
    pub fn interrupt(&self) -> Result<()> {
        kill_process(self.process()?, Signal::INT)
            .with_context(|| format!("interrupt {}", self.name))
    }

    /// What it has written to standard output by now.
    pub fn said(&self) -> Result<String> {
        all_so_far(&self.stdout)
    }

    /// What it has written to standard error by now.
    pub fn complained(&self) -> Result<String> {
        all_so_far(&self.stderr)
    }

    /// Waits for its end.
    pub fn end(mut self) -> Result<Output> {
        let ended = self.ended()?;
        self.kill_group();
        let (stdout, stderr) = (all_of(&mut self.stdout)?, all_of(&mut self.stderr)?);
        let Some(status) = ended else {
            bail!(
                "{} had not ended after {:?} and was killed; it said: {}",
                self.name,
                self.patience,
                String::from_utf8_lossy(&stderr).trim()
            );
        };
        Ok(Output {
            status,
            stdout,
            stderr,
        })
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        while !self.deadline.is_over() {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(None)
    }

    fn process(&self) -> Result<Pid> {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        id.with_context(|| format!("{} has no process id", self.name))
    }

    fn kill_group(&mut self) {
        if let Ok(group) = self.process() {
            // Nothing may be left of it.
            let _gone = kill_process_group(group, Signal::KILL);
        }
        let _ended = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill_group();
    }
}

fn all_of(file: &mut File) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads without moving the place at which the program writes.
fn all_so_far(file: &File) -> Result<String> {
    let mut bytes = vec![0; usize::try_from(file.metadata()?.len())?];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::eventually;

    #[test]
    fn who_is_late_is_killed_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let script = "echo busy >&2; sleep 60 & echo $! > child; wait";
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(folder.path());
        let error = output(&mut command, Duration::from_millis(300)).unwrap_err();
        let said = "sh had not ended after 300ms and was killed; it said: busy";
        assert_eq!(error.to_string(), said);
        let child = std::fs::read_to_string(folder.path().join("child")).unwrap();
        let status = format!("/proc/{}/stat", child.trim());
        eventually("its child is gone", || {
            let stat = std::fs::read_to_string(&status).unwrap_or_default();
            let ended = !Path::new(&status).exists() || stat.contains(") Z ");
            Ok(ended.then_some(()))
        })
        .unwrap();
    }

    #[test]
    fn who_still_runs_is_heard() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo what >&2; sleep 60"]);
        let running = Running::start(&mut command, Duration::from_secs(10)).unwrap();
        eventually("it has spoken", || {
            let (said, complained) = (running.said()?, running.complained()?);
            Ok((said == "one\n" && complained == "what\n").then_some(()))
        })
        .unwrap();
    }

    #[test]
    fn who_is_in_time_is_heard() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo done; exit 3"]);
        let output = output(&mut command, Duration::from_secs(10)).unwrap();
        assert_eq!(
            (output.status.code(), output.stdout),
            (Some(3), b"done\n".to_vec())
        );
    }
}
