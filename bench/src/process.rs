//! Processes under measurement: started, asked for their CPU time, and ended with the guard.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// A process that ends when this is dropped.
pub(crate) struct Running {
    child: Child,
}

impl Running {
    /// Starts `command`, its output thrown away.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self { child })
    }

    /// Starts `command` and gives the first line that it prints.
    pub(crate) fn start_and_hear(command: &mut Command) -> Result<(Self, String)> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let output = child.stdout.take().context("its output is piped")?;
        let running = Self { child };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        if line.is_empty() {
            bail!("{command:?} ended before it was ready");
        }
        Ok((running, line))
    }

    /// CPU time of the process and of its living children so far, in seconds.
    pub(crate) fn cpu(&self) -> Result<f64> {
        let own = self.child.id();
        let mut ticks = ticks_of(own)?;
        let children = format!("/proc/{own}/task/{own}/children");
        for child in fs::read_to_string(children)?.split_whitespace() {
            ticks += ticks_of(child.parse()?)?;
        }
        Ok(seconds(ticks))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // SIGTERM, so that nginx ends its workers too.
        let _gone = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let _ended = self.child.wait();
    }
}

/// CPU time of all children that were waited for so far, in seconds.
pub(crate) fn cpu_of_ended_children() -> Result<f64> {
    let fields = stat_fields("self")?;
    Ok(seconds(fields[13] + fields[14]))
}

/// Whether a program is on the path.
pub(crate) fn installed(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    found.is_ok_and(|output| output.status.success())
}

/// The path of one of our own programs, which stands beside this one.
pub(crate) fn own(program: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(program);
    if !path.exists() {
        bail!(
            "{} is missing; run `cargo build --release` first",
            path.display()
        );
    }
    Ok(path)
}

/// A port of the loopback address that is free now.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Waits until something answers on the port.
pub(crate) fn wait_for_port(port: u16) -> Result<()> {
    for _ in 0..200 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    bail!("nothing listens on port {port} after 5 s")
}

fn ticks_of(process: u32) -> Result<u64> {
    let fields = stat_fields(&process.to_string())?;
    Ok(fields[11] + fields[12])
}

/// The numbers after the state in `/proc/PID/stat` (proc(5)), parent's id first.
fn stat_fields(process: &str) -> Result<Vec<u64>> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, after_name) = stat.rsplit_once(')').context("a process has a name")?;
    let numbers = after_name.split_whitespace().skip(1);
    let mut fields = vec![0];
    fields.extend(numbers.map(|number| number.parse::<u64>().unwrap_or(0)));
    Ok(fields)
}

/// A tick is 10 ms on every Linux that we run on (`USER_HZ`).
fn seconds(ticks: u64) -> f64 {
    Duration::from_millis(ticks * 10).as_secs_f64()
}
