//! A proxy as a service manager runs it: told of its state, and following it over upgrades.
//!
//! Stands in for systemd: it listens on the notify socket and knows the main process.

use std::cell::RefCell;
use std::fs::{self, File};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::eventually;
use crate::proxy::{Config, Proxy, command};

/// A running service; all its processes end with it.
pub(crate) struct Service {
    pub(crate) proxy: Proxy,
    folder: TempDir,
    notify: UnixDatagram,
    processes: RefCell<Vec<u32>>,
}

impl Service {
    pub(crate) fn start(config: &Config) -> Self {
        Self::start_as(config, |_folder| None)
    }

    /// Starts a copy of the binary, which may be replaced.
    pub(crate) fn start_copy(config: &Config) -> Self {
        Self::start_as(config, |folder| {
            let copy = folder.path().join("rehearsal-proxy");
            fs::copy(env!("CARGO_BIN_EXE_rehearsal-proxy"), &copy).unwrap();
            Some(copy)
        })
    }

    fn start_as(config: &Config, binary: impl Fn(&TempDir) -> Option<PathBuf>) -> Self {
        let folder = TempDir::new().unwrap();
        let notify = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        notify
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let binary = binary(&folder);
        let proxy = config.start_as(|config| {
            let plain = command(config);
            let mut command = match &binary {
                Some(binary) => {
                    let mut command = Command::new(binary);
                    command.args(plain.get_args()).current_dir(config);
                    command.stdout(std::process::Stdio::piped());
                    command
                }
                None => plain,
            };
            command
                .env("LOAD_TEST_KEY", crate::proxy::KEY)
                .env("NOTIFY_SOCKET", folder.path().join("notify"))
                .stderr(File::create(folder.path().join("log")).unwrap());
            command
        });
        let service = Self {
            proxy,
            folder,
            notify,
            processes: RefCell::default(),
        };
        service.ready();
        service
    }

    pub(crate) fn binary(&self) -> PathBuf {
        self.folder.path().join("rehearsal-proxy")
    }

    /// The next state that the service tells.
    pub(crate) fn told(&self) -> String {
        let mut bytes = [0; 1000];
        let count = self.notify.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..count].to_vec()).unwrap()
    }

    /// Waits until it says that it is ready; returns the main process.
    pub(crate) fn ready(&self) -> u32 {
        let told = self.told();
        let process = told.strip_prefix("READY=1\nMAINPID=").unwrap();
        let process = process.parse().unwrap();
        let mut processes = self.processes.borrow_mut();
        if !processes.contains(&process) {
            processes.push(process);
        }
        process
    }

    pub(crate) fn main_process(&self) -> u32 {
        *self.processes.borrow().last().unwrap()
    }

    /// Upgrades; returns the process that served before.
    pub(crate) fn upgrade(&self) -> u32 {
        let before = self.main_process();
        self.signal("-USR2");
        assert_ne!(self.ready(), before);
        before
    }

    /// Signals the main process.
    pub(crate) fn signal(&self, signal: &str) {
        send(signal, self.main_process());
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Waits until the log says something.
    #[track_caller]
    pub(crate) fn logged(&self, text: &str) {
        eventually(&format!("the log says {text:?}"), || {
            self.log().contains(text).then_some(())
        });
    }

    /// Stops the main process and waits until it is gone.
    #[track_caller]
    pub(crate) fn stop(&self) {
        self.signal("-TERM");
        assert_eq!(self.told(), "STOPPING=1");
        gone(self.main_process());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        for process in self.processes.borrow().iter() {
            if is_there(*process) {
                send("-KILL", *process);
            }
        }
    }
}

pub(crate) fn send(signal: &str, process: u32) {
    let sent = Command::new("kill")
        .args([signal, &process.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Waits until a process has ended.
#[track_caller]
pub(crate) fn gone(process: u32) {
    eventually("the process is gone", || (!is_there(process)).then_some(()));
}

/// Whether a process runs; one that nobody has asked after its end does not.
fn is_there(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat"));
    status.is_ok_and(|status| !status.contains(") Z "))
}
