//! A real nginx in the foreground, with a configuration of the project's or of a test's.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

use crate::deadline::Deadline;
use crate::{bounded, certificate, eventually, project};

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running nginx. Dropping it ends it.
pub struct Nginx {
    /// Where it listens for users.
    pub address: String,
    child: Child,
    folder: TempDir,
}

impl Nginx {
    /// Starts nginx with one server: `http` goes before it, `location` into it.
    pub fn start(http: &str, location: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let dir = folder.path().display();
        let address = free()?;
        let conf = format!(
            "pid {dir}/pid; error_log {dir}/error.log;
            events {{ worker_connections 4096; }}
            http {{ access_log off; keepalive_requests 100000000; {http}
            server {{ listen {address}; {location} }} }}"
        );
        Self::run(folder, &conf, address)
    }

    /// Starts nginx with a file of `config/nginx/`, in which only addresses and folders (and what a
    /// test must) are replaced: each of `places` by what it is here, and ports that it listens on by free ones. Users
    /// connect to the last of these.
    pub fn shipped(name: &str, places: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = project().join("config/nginx").join(name);
        let mut conf = fs::read_to_string(path)?;
        for (there, here) in places {
            ensure!(conf.contains(there), "{name} does not name {there}");
            conf = conf.replace(there, here);
        }
        let (mut conf, users) = on_free_ports(conf)?;
        let dir = format!("{}/", folder.path().display());
        for there in ["/run/", "/var/log/nginx/", "/etc/nginx/tls/"] {
            conf = conf.replace(there, &dir);
        }
        if conf.contains("ssl_certificate") {
            certificate::write(folder.path())?;
        }
        Self::run(folder, &conf, users)
    }

    fn run(folder: TempDir, conf: &str, address: String) -> Result<Self> {
        let dir = folder.path().display();
        // Where nginx keeps what does not fit into memory; its own folders need not be ours.
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {dir}/{name}; "))
            .concat();
        let file = folder.path().join("nginx.conf");
        fs::write(
            &file,
            conf.replacen("http {", &format!("http {{ {temporary}"), 1),
        )?;
        check(&mut command(folder.path()))?;
        let child = spawn(folder.path())?;
        let mut nginx = Self {
            address,
            child,
            folder,
        };
        nginx.wait_until_ready()?;
        Ok(nginx)
    }

    /// Kills it, in the middle of whatever it does.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again where it was, after [`Self::kill`].
    pub fn start_again(&mut self) -> Result<()> {
        self.child = spawn(self.folder.path())?;
        self.wait_until_ready()
    }

    /// Its process id; there is one process only.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The port for users.
    pub fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap_or_default()
    }

    /// A file that it has or wrote, such as `access.log`.
    pub fn file(&self, name: &str) -> Result<String> {
        let path = self.folder.path().join(name);
        fs::read_to_string(&path).with_context(|| format!("no `{}`", path.display()))
    }

    /// A log, once it has so many lines: nginx writes them after it has answered.
    pub fn log(&self, name: &str, lines: usize) -> Result<String> {
        eventually(&format!("{name} has {lines} lines"), || {
            let log = self.file(name)?;
            Ok((log.lines().count() >= lines).then_some(log))
        })
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Deadline::after(PATIENCE);
        while TcpStream::connect(&self.address).is_err() {
            ensure!(
                !deadline.is_over(),
                "nginx does not listen on {} after {PATIENCE:?}",
                self.address
            );
            if let Some(status) = self.child.try_wait()? {
                let said = self.file("error.log").unwrap_or_default();
                bail!("nginx ended with {status} before it was ready: {said}");
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

/// nginx with the configuration in a folder.
fn command(folder: &Path) -> Command {
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder);
    command.arg("-c").arg(folder.join("nginx.conf"));
    command
}

/// One process in the foreground.
fn spawn(folder: &Path) -> Result<Child> {
    let mut command = command(folder);
    command
        .args(["-g", "daemon off; master_process off;"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Ok(command.spawn()?)
}

/// Whether nginx takes its configuration without a word of warning.
fn check(command: &mut Command) -> Result<()> {
    let output = bounded::output(command.arg("-t"), PATIENCE)?;
    let said = String::from_utf8_lossy(&output.stderr);
    // Which user workers run as only root can say.
    let mut warnings = said.lines().filter(|line| line.contains("[warn]"));
    let warned = warnings.any(|line| !line.contains("\"user\" directive"));
    ensure!(output.status.success() && !warned, "nginx -t: {said}");
    Ok(())
}

/// Replaces the ports that the servers of a configuration listen on by free ones; gives the last, too.
///
/// Comments may speak of `listen` as well: only lines that begin with it count.
fn on_free_ports(conf: String) -> Result<(String, String)> {
    let mut moved = conf.clone();
    let mut last = String::new();
    let listening = |line: &str| line.trim_start().starts_with("listen ");
    for line in conf.lines().filter(|line| listening(line)) {
        let place = line.trim_start().split([' ', ';']).nth(1);
        let place = place.context("`listen` without an address")?;
        last = free()?;
        moved = if place.contains(':') {
            // Others in the file name it, too.
            moved.replace(place, &last)
        } else {
            moved.replacen(line, &line.replacen(place, &last, 1), 1)
        };
    }
    Ok((moved, last))
}

fn free() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
