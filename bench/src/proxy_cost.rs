//! What a gated request costs: nginx, rehearsal-proxy, and rehearsal-proxy while it records.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use demo::programs::Program;
use harness::nginx::Nginx;
use tempfile::TempDir;

use crate::nginx::{self, KEY};
use crate::{Row, Table, cpu, median, wrk};

/// Many short ones: the machine's speed changes from one second to the next.
const ROUNDS: usize = 15;
const SECONDS: u32 = 1;
pub(crate) const PATH: &str = "/api/loadtest/people?page=1";

/// Counts every request and refuses none.
pub(crate) const LIMIT: &str = r#"rate = "1000000/s", burst = 100000"#;

/// Runs the rounds.
pub(crate) fn run() -> Result<Table> {
    let stage = Stage::new()?;
    let contestants = [
        (
            "nginx: gate, limits, tag, forward",
            stage.peer.id(),
            stage.peer.address.clone(),
        ),
        (
            "rehearsal-proxy: the same",
            stage.plain.id(),
            address(&stage.plain)?,
        ),
        (
            "rehearsal-proxy: and recording, anonymized",
            stage.recording.id(),
            address(&stage.recording)?,
        ),
    ];
    let mut rows: Vec<Row> = contestants
        .iter()
        .map(|(name, ..)| Row::new(name))
        .collect();
    let mut costs = vec![Vec::new(); rows.len()];
    for _ in 0..ROUNDS {
        for (place, (_, process, address)) in contestants.iter().enumerate() {
            let cost = cost(*process, address)?;
            rows[place].values.push(cost.user + cost.system);
            costs[place].push(cost);
        }
    }
    for (row, costs) in rows.iter_mut().zip(&costs) {
        let part = |of: fn(&Cost) -> f64| median(&costs.iter().map(of).collect::<Vec<_>>());
        row.parts = format!(
            "; user {:.1}, system {:.1}, of these the recorder's thread {:.1}",
            part(|cost| cost.user),
            part(|cost| cost.system),
            part(|cost| cost.recorder),
        );
    }
    stage.end()?;
    let [plain, recording] = [1, 2].map(|place| &rows[place].values);
    let added: Vec<f64> = recording.iter().zip(plain).map(|(r, p)| r - p).collect();
    let added = format!("; {:.1} more, round by round", median(&added));
    rows[2].parts.push_str(&added);
    Ok(Table {
        title: "a proxied request",
        rows,
    })
}

/// nginx, the proxy and the proxy with recording, all before one origin.
pub(crate) struct Stage {
    pub(crate) peer: Nginx,
    pub(crate) plain: Program,
    recording: Program,
    _origin: Nginx,
    _folder: TempDir,
}

impl Stage {
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let origin = nginx::origin()?;
        Ok(Self {
            peer: nginx::gate(&origin.address)?,
            plain: proxy(folder.path(), &origin.address, LIMIT, false)?,
            recording: proxy(folder.path(), &origin.address, LIMIT, true)?,
            _origin: origin,
            _folder: folder,
        })
    }

    /// Stops the proxies as an operator would; the capture has to be closed as it should be.
    fn end(self) -> Result<()> {
        for proxy in [self.plain, self.recording] {
            let (status, said) = proxy.stop()?;
            ensure!(status.success(), "the proxy ended with {status}: {said}");
        }
        Ok(())
    }
}

/// Microseconds of CPU time for each request.
#[derive(Clone, Copy)]
struct Cost {
    user: f64,
    system: f64,
    recorder: f64,
}

/// What each request of a flood costs.
fn cost(process: u32, address: &str) -> Result<Cost> {
    let before = (cpu::of(process)?, cpu::of_threads(process, "recorder")?);
    let requests = wrk::flood(address, PATH, SECONDS)?;
    let all = cpu::of(process)? - before.0;
    let recorder = cpu::of_threads(process, "recorder")? - before.1;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53 requests")]
    let each = |seconds: f64| seconds * 1e6 / requests as f64;
    Ok(Cost {
        user: each(all.user),
        system: each(all.system),
        recorder: each(recorder.total()),
    })
}

/// Where clients connect to a proxy.
pub(crate) fn address(program: &Program) -> Result<String> {
    let address = program.addresses().into_iter().next();
    address.context("the proxy did not say where it listens")
}

/// A proxy with the gate and a limit, given as its keys.
pub(crate) fn proxy(folder: &Path, upstream: &str, limit: &str, record: bool) -> Result<Program> {
    let name = if record { "recording" } else { "plain" };
    let policy = folder.join("anonymize.toml");
    fs::write(&policy, include_str!("../../config/anonymize.toml"))?;
    let config = folder.join(format!("{name}.toml"));
    let (capture, policy) = (folder.join(format!("{name}.jsonl")), policy.display());
    fs::write(
        &config,
        format!(
            r#"
            listen = ["127.0.0.1:0"]
            admin = "127.0.0.1:0"
            trusted_proxies = ["127.0.0.1"]
            [load_test]
            enabled = true
            allow = ["127.0.0.1/32", "198.18.0.0/15"]
            keys = [{{ name = "bench", env = "LOAD_TEST_KEY" }}]
            [upstream.staging]
            servers = [{{ address = "{upstream}" }}]
            keepalive = 100
            [[route]]
            name = "loadtest"
            prefix = "/api/loadtest/"
            rewrite = "/api/v1/"
            gate = "key"
            limit = {{ {limit}, concurrent = 10000, per = "client" }}
            upstream = "staging"
            record = {record}
            [record]
            enabled = {record}
            file = "{}"
            policy = "{policy}"
            "#,
            capture.display()
        ),
    )?;
    let args = ["-c".into(), config.into_os_string()];
    Program::start("rehearsal-proxy", args, &[("LOAD_TEST_KEY", KEY)])
}
