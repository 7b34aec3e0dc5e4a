//! A real nginx in the foreground, with a configuration written by the test.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

/// A running nginx. Dropping it ends it.
pub struct Nginx {
    /// Where it listens.
    pub address: String,
    child: Child,
    _folder: TempDir,
}

impl Nginx {
    /// Starts nginx with one server: `http` goes before it, `location` into it.
    pub fn start(http: &str, location: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let dir = folder.path().display();
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let conf = folder.path().join("nginx.conf");
        fs::write(
            &conf,
            format!(
                "daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;
                events {{ worker_connections 4096; }}
                http {{ access_log off; keepalive_requests 100000000; {http}
                client_body_temp_path {dir}/1; proxy_temp_path {dir}/2;
                fastcgi_temp_path {dir}/3; uwsgi_temp_path {dir}/4; scgi_temp_path {dir}/5;
                server {{ listen 127.0.0.1:{port}; {location} }} }}"
            ),
        )?;
        let child = Command::new("nginx")
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&conf)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start nginx; `make test` installs it")?;
        let mut nginx = Self {
            address: format!("127.0.0.1:{port}"),
            child,
            _folder: folder,
        };
        nginx.wait_until_ready()?;
        Ok(nginx)
    }

    /// Its process id; there is one process only.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        while TcpStream::connect(&self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("nginx ended with {status} before it was ready");
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}
