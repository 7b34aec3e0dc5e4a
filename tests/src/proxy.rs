//! The proxy with a configuration that the project ships, but for what a test changes in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context as _, Result, ensure};
use demo::programs::Program;
use demo::rehearsal::files::Files;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use toml::Table;
use trace::format::Capture;

use crate::service::Service;
use crate::{KEY, http, project};

/// A running proxy, with a folder for its capture.
pub struct Proxy {
    /// Where clients connect.
    pub address: String,
    /// Where operators connect.
    pub admin: String,
    /// The process. Dropping it kills it.
    pub program: Program,
    /// Whoever has taken over from it.
    pub service: Service,
    folder: TempDir,
}

impl Proxy {
    /// Starts one with `config/proxy.toml` in front of `upstream`, recording. The key is [`KEY`].
    pub fn start(upstream: &str, edit: impl FnOnce(&mut Table)) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let capture = folder.path().join(CAPTURE);
        let config = Files::new(folder.path())?.proxy(upstream, Some(&capture))?;
        let mut table: Table = fs::read_to_string(&config)?.parse()?;
        edit(&mut table);
        Self::run(folder, &config, &table)
    }

    /// Starts one with `config/nginx/mirror.toml`: it records and forwards nothing.
    pub fn mirror() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let shipped = project().join("config/nginx/mirror.toml");
        let mut table: Table = fs::read_to_string(shipped)?.parse()?;
        let free = || "127.0.0.1:0".into();
        table.insert("listen".to_owned(), vec![free()].into());
        table.insert("admin".to_owned(), free());
        let record = table.get_mut("record").and_then(toml::Value::as_table_mut);
        let record = record.context("the shipped configuration records nothing")?;
        let path = |path: PathBuf| path.display().to_string().into();
        record.insert("file".to_owned(), path(folder.path().join(CAPTURE)));
        let policy = project().join("config/anonymize.toml");
        record.insert("policy".to_owned(), path(policy));
        let config = folder.path().join("mirror.toml");
        Self::run(folder, &config, &table)
    }

    fn run(folder: TempDir, config: &Path, table: &Table) -> Result<Self> {
        fs::write(config, toml::to_string(table)?)?;
        let args = ["-c".as_ref(), config.as_os_str()];
        let notify = folder.path().join("notify");
        let mut service = Service::listen(&notify)?;
        let notify = notify.display().to_string();
        let env = [("LOAD_TEST_KEY", KEY), ("NOTIFY_SOCKET", &notify)];
        let program = Program::start("rehearsal-proxy", args, &env)?;
        service.ready()?;
        let mut addresses = program.addresses().into_iter();
        let mut next = || {
            addresses
                .next()
                .context("the proxy did not say where it is")
        };
        Ok(Self {
            address: next()?,
            admin: next()?,
            program,
            service,
            folder,
        })
    }

    /// Ends the process that serves now; gives what all of them said.
    pub fn stop(self) -> Result<String> {
        self.service.signal(Signal::TERM)?;
        // Of its own end, the first process need not be told twice.
        let (status, said) = self.program.stop()?;
        ensure!(status.success(), "the proxy ended with {status}: {said}");
        Ok(said)
    }

    /// What it counts, in Prometheus's text format.
    pub fn metrics(&self) -> Result<String> {
        Ok(http::get(&self.admin, "/metrics", &[])?.body)
    }

    /// What it says of itself.
    pub fn status(&self) -> Result<Value> {
        Ok(http::get(&self.admin, "/status", &[])?.json())
    }

    /// Stops it, and gives the capture and the folder that it is in.
    pub fn captured(self) -> Result<(Capture, PathBuf, TempDir)> {
        let (status, said, folder) = self.ended()?;
        ensure!(status.success(), "the proxy ended with {status}: {said}");
        let path = folder.path().join(CAPTURE);
        Ok((Capture::read(&path)?, path, folder))
    }

    /// Stops it, and gives how it ended, what it said and the folder with all of its files.
    pub fn ended(self) -> Result<(ExitStatus, String, TempDir)> {
        let (status, said) = self.program.stop()?;
        Ok((status, said, self.folder))
    }
}

/// Takes the limits out of a configuration.
pub fn without_limits(config: &mut Table) {
    let routes = config.get_mut("route").and_then(toml::Value::as_array_mut);
    for route in routes.into_iter().flatten() {
        route.as_table_mut().map(|route| route.remove("limit"));
    }
}

const CAPTURE: &str = "capture.jsonl";
