//! Staging, and the proxy with the shipped configuration in front of it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use demo::programs::Program;
use demo::rehearsal::files::Files;
use tempfile::TempDir;

use crate::KEY;

/// A scratch folder, a running backend, and the configuration for what goes around it.
pub struct Stage {
    /// The configuration files.
    pub files: Files,
    /// Where the backend listens.
    pub staging: String,
    folder: TempDir,
    _backend: Program,
}

impl Stage {
    /// Starts a backend that answers at once.
    pub fn set() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let args = ["--listen", "127.0.0.1:0", "--latency-scale", "0"];
        let backend = Program::start("staging", args, &[])?;
        let staging = backend
            .addresses()
            .into_iter()
            .next()
            .context("no address")?;
        Ok(Self {
            files: Files::new(folder.path())?,
            staging,
            folder,
            _backend: backend,
        })
    }

    /// A path in the scratch folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the proxy, recording if a capture is named; gives its address too.
    pub fn proxy(&self, capture: Option<&Path>) -> Result<(Program, String)> {
        self.proxy_before(&self.staging, capture)
    }

    /// Starts the proxy in front of another upstream.
    pub fn proxy_before(
        &self,
        upstream: &str,
        capture: Option<&Path>,
    ) -> Result<(Program, String)> {
        let config = self.files.proxy(upstream, capture)?;
        let args = ["-c".into(), config.into_os_string()];
        let proxy = Program::start("rehearsal-proxy", args, &[("LOAD_TEST_KEY", KEY)])?;
        let address = proxy.addresses().into_iter().next().context("no address")?;
        Ok((proxy, address))
    }
}
