//! A proxy as systemd runs it: told of its state, and followed over upgrades.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::eventually;

/// Hears what the proxy tells, and knows which process it is. Dropping it kills that one.
pub struct Service {
    notify: UnixDatagram,
    main: Option<Pid>,
}

impl Service {
    /// Listens where the proxy's `NOTIFY_SOCKET` says.
    pub fn listen(socket: &Path) -> Result<Self> {
        let notify = UnixDatagram::bind(socket)?;
        notify.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(Self { notify, main: None })
    }

    /// Waits until it says that it is ready, and who it is by now.
    pub fn ready(&mut self) -> Result<()> {
        let told = self.told()?;
        let id = told.strip_prefix("READY=1\nMAINPID=");
        let id = id.with_context(|| format!("it is not ready, but says {told:?}"))?;
        self.main = Pid::from_raw(id.parse()?);
        Ok(())
    }

    /// Lets it read its configuration again.
    pub fn reload(&mut self) -> Result<()> {
        self.signal(Signal::HUP)?;
        let told = self.told()?;
        ensure!(told.starts_with("RELOADING=1"), "it says {told:?}");
        self.ready()
    }

    /// Lets a new process take over, and waits until the one before has ended.
    pub fn upgrade(&mut self) -> Result<()> {
        let before = self.main()?;
        self.signal(Signal::USR2)?;
        self.ready()?;
        ensure!(self.main()? != before, "no new process took over");
        eventually("the process before has ended", || {
            Ok(has_ended(before).then_some(()))
        })
    }

    /// Signals the main process.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(self.main()?, signal).context("cannot signal the proxy")
    }

    fn main(&self) -> Result<Pid> {
        self.main.context("it has not been ready yet")
    }

    fn told(&self) -> Result<String> {
        let mut bytes = [0; 1000];
        let count = self.notify.recv(&mut bytes).context("it tells nothing")?;
        Ok(String::from_utf8_lossy(&bytes[..count]).into_owned())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(main) = self.main.filter(|main| !has_ended(*main)) {
            // It may just have ended by itself.
            let _ended = kill_process(main, Signal::KILL);
        }
    }
}

/// Whether a process is gone, or waits only for somebody to hear of its end.
fn has_ended(process: Pid) -> bool {
    let stat = format!("/proc/{}/stat", process.as_raw_nonzero());
    let stat = std::fs::read_to_string(stat).unwrap_or_default();
    test_kill_process(process).is_err() || stat.contains(") Z ")
}
