//! A running `rehearsal-proxy` with a configuration of its own.
//!
//! Killed when dropped; [`Proxy::stop`] ends it as an operator would.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use trace::format::Capture;

use crate::client::{Answer, Client};
use crate::eventually;
use crate::origin::Origin;

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A configuration in the making.
pub(crate) struct Config {
    listen: String,
    head: String,
    servers: Vec<String>,
    upstream: String,
    routes: String,
}

/// A proxy that serves.
pub(crate) struct Proxy {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Every address, the admin's last.
    pub(crate) listening: Vec<SocketAddr>,
    pub(crate) admin: SocketAddr,
    pub(crate) folder: TempDir,
}

/// How a proxy ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) log: String,
}

impl Config {
    /// Nothing but a catch-all to an origin.
    pub(crate) fn over(origin: &Origin) -> Self {
        Self::to(origin.address)
    }

    /// The same, to whatever may stand as the address of a server.
    pub(crate) fn to(server: impl ToString) -> Self {
        Self {
            listen: "\"127.0.0.1:0\"".to_owned(),
            head: String::new(),
            servers: vec![server.to_string()],
            upstream: String::new(),
            routes: String::new(),
        }
        .route("name = \"other\"\nprefix = \"/\"")
    }

    /// Other listeners than the one on a free port.
    pub(crate) fn listen(mut self, text: &str) -> Self {
        self.listen = text.to_owned();
        self
    }

    /// Keys at the top of the file.
    pub(crate) fn head(mut self, text: &str) -> Self {
        self.head.push_str(text);
        self.head.push('\n');
        self
    }

    pub(crate) fn server(mut self, address: impl ToString) -> Self {
        self.servers.push(address.to_string());
        self
    }

    /// Keys of the upstream.
    pub(crate) fn upstream(mut self, text: &str) -> Self {
        self.upstream.push_str(text);
        self.upstream.push('\n');
        self
    }

    pub(crate) fn route(mut self, text: &str) -> Self {
        self.routes.push_str("[[route]]\nupstream = \"staging\"\n");
        self.routes.push_str(text);
        self.routes.push('\n');
        self
    }

    /// Another section.
    pub(crate) fn section(mut self, text: &str) -> Self {
        self.routes.push_str(text);
        self.routes.push('\n');
        self
    }

    /// Load testing for loopback and 198.51.100.0/24, and a route with a key and one without.
    pub(crate) fn load_test(self) -> Self {
        self.head("trusted_proxies = [\"127.0.0.1\"]")
            .section(
                "[load_test]\nallow = [\"127.0.0.1\", \"198.51.100.0/24\"]\nkeys = [{ name = \"k\", env = \"LOAD_TEST_KEY\" }]",
            )
            .route("name = \"loadtest\"\nprefix = \"/api/loadtest/\"\nrewrite = \"/api/v1/\"\ngate = \"key\"")
            .route("name = \"loadtest-metrics\"\nprefix = \"/api/loadtest/metrics\"\nrewrite = \"/metrics\"\ngate = \"address\"")
    }

    /// Recording of everything on ungated routes, by the shipped policy.
    pub(crate) fn recording(self) -> Self {
        self.record("capture.jsonl", true)
    }

    pub(crate) fn record(self, file: &str, enabled: bool) -> Self {
        let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/anonymize.toml");
        let policy = policy.display();
        self.section(&format!(
            "[record]\nenabled = {enabled}\nfile = \"{file}\"\npolicy = \"{policy}\""
        ))
    }

    /// More keys of the section before.
    pub(crate) fn keys(self, text: &str) -> Self {
        self.section(text)
    }

    pub(crate) fn text(&self) -> String {
        let servers: Vec<_> = self
            .servers
            .iter()
            .map(|address| format!("{{ address = \"{address}\" }}"))
            .collect();
        format!(
            "listen = [{}]\nadmin = \"127.0.0.1:0\"\n{}[upstream.staging]\nservers = [{}]\n{}{}",
            self.listen,
            self.head,
            servers.join(", "),
            self.upstream,
            self.routes,
        )
    }

    pub(crate) fn start(&self) -> Proxy {
        self.start_as(command)
    }

    pub(crate) fn start_with_env(&self, name: &str, value: &str) -> Proxy {
        self.start_as(|folder| {
            let mut command = command(folder);
            command.env(name, value);
            command
        })
    }

    /// Starts it so that no file may grow beyond `kib` KiB, as on a disk that fills up.
    pub(crate) fn start_with_file_limit(&self, kib: u32) -> Proxy {
        self.start_as(|folder| {
            let plain = command(folder);
            let mut limited = Command::new("sh");
            // The signal for too large a file is ignored, so that writing fails instead.
            let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\"");
            limited
                .arg("-c")
                .arg(script)
                .arg(plain.get_program())
                .args(plain.get_args());
            limited.current_dir(folder).env("LOAD_TEST_KEY", KEY);
            limited.stdout(Stdio::piped()).stderr(Stdio::piped());
            limited
        })
    }

    pub(crate) fn start_as(&self, command: impl Fn(&Path) -> Command) -> Proxy {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("proxy.toml"), self.text()).unwrap();
        let mut child = command(folder.path()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        // The first is for clients, the last for operators.
        let addresses: Vec<_> = line.split("://").skip(1).map(address).collect();
        Proxy {
            address: addresses[0],
            admin: *addresses.last().unwrap(),
            listening: addresses,
            child,
            folder,
        }
    }
}

/// The address that a text begins with.
pub(crate) fn address(text: &str) -> SocketAddr {
    let end = text.find([',', ' ', '\n', '"']).unwrap_or(text.len());
    text[..end].parse().unwrap()
}

/// The binary in a folder with a `proxy.toml`.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal-proxy"));
    command
        .current_dir(folder)
        .args(["--config", "proxy.toml"])
        .env("LOAD_TEST_KEY", KEY)
        .env_remove("RUST_LOG")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Proxy {
    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// One request on a connection of its own. `headers` are whole lines.
    pub(crate) fn ask(&self, method: &str, target: &str, headers: &[&str]) -> Answer {
        self.client().ask(&request(method, target, headers))
    }

    pub(crate) fn get(&self, target: &str, headers: &[&str]) -> Answer {
        self.ask("GET", target, headers)
    }

    pub(crate) fn admin(&self, path: &str) -> Answer {
        Client::connect(self.admin).ask(&request("GET", path, &[]))
    }

    /// An order to the admin address. `headers` are whole lines.
    pub(crate) fn order(&self, path: &str, headers: &[&str]) -> Answer {
        Client::connect(self.admin).ask(&request("POST", path, headers))
    }

    pub(crate) fn status(&self) -> Value {
        self.admin("/status").json()
    }

    /// A value of `/metrics`, by its whole name.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let metrics = self.admin("/metrics").body;
        let mut lines = metrics.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap().parse().unwrap()
    }

    /// Every capture that was closed, as its recording went on.
    pub(crate) fn captures(&self) -> Vec<Capture> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        let closed = paths.filter(|path| path.extension().is_some_and(|it| it == "jsonl"));
        let mut captures: Vec<_> = closed.map(|path| Capture::read(&path).unwrap()).collect();
        captures.sort_by_key(|capture| capture.header.starts_ns);
        captures
    }

    /// The most memory that it has had, in KiB.
    pub(crate) fn peak_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let size = line.unwrap().split_whitespace().nth(1);
        size.unwrap().parse().unwrap()
    }

    /// How large a core file may become: now, and if it is asked for more.
    pub(crate) fn core_limits(&self) -> [String; 2] {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", self.child.id())).unwrap();
        let mut lines = limits.lines();
        let sizes = lines.find_map(|line| line.strip_prefix("Max core file size"));
        let mut sizes = sizes.unwrap().split_whitespace().map(str::to_owned);
        [sizes.next().unwrap(), sizes.next().unwrap()]
    }

    /// The processor time that it has had, in hundredths of a second.
    pub(crate) fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let fields: Vec<_> = fields.split_whitespace().collect();
        let user: u64 = fields[11].parse().unwrap();
        user + fields[12].parse::<u64>().unwrap()
    }

    pub(crate) fn capture(&self) -> PathBuf {
        self.folder.path().join("capture.jsonl")
    }

    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    pub(crate) fn signal(&self, signal: &str) {
        let process = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &process])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for the end after [`Proxy::terminate`].
    pub(crate) fn ended(&mut self) -> Ended {
        let status = eventually("the proxy has ended", || self.child.try_wait().unwrap());
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        Ended { status, log }
    }

    pub(crate) fn stop(&mut self) -> Ended {
        self.terminate();
        self.ended()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn request(method: &str, target: &str, headers: &[&str]) -> String {
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: staging.test\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request + "\r\n"
}

/// The header line with the right key.
pub(crate) fn key() -> String {
    format!("X-Load-Test-Key: {KEY}")
}
