//! What many clients take of the proxy's memory: connections that idle, clients that are counted.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use anyhow::{Context as _, Result, ensure};

use crate::nginx::KEY;
use crate::proxy_cost::{PATH, address, proxy};
use crate::{cpu, nginx, say};

/// Connections that are kept open without a request, after they had one.
const IDLE: usize = 10_000;

/// Clients, each with an address of its own.
const CLIENTS: u32 = 100_000;

/// A client is remembered for a minute after its request: longer than this takes.
const LIMIT: &str = r#"rate = "1/m", burst = 20"#;

pub(crate) fn run() -> Result<()> {
    allow_files()?;
    let (folder, origin) = (tempfile::tempdir()?, nginx::origin()?);
    let proxy = proxy(folder.path(), &origin.address, LIMIT, false)?;
    let (process, address) = (proxy.id(), address(&proxy)?);
    let (_, before) = cpu::memory(process)?;
    let first = u32::from(Ipv4Addr::new(198, 18, 0, 0));
    let mut idle = Vec::with_capacity(IDLE);
    // A few clients, each with as many connections as its burst lets through.
    for number in (0_u32..).take(IDLE) {
        let mut stream = TcpStream::connect(&address)?;
        ask(&mut stream, Ipv4Addr::from(first + number / 20))?;
        idle.push(stream);
    }
    let (_, with_idle) = cpu::memory(process)?;
    let mut stream = TcpStream::connect(&address)?;
    for client in 1000..1000 + CLIENTS {
        ask(&mut stream, Ipv4Addr::from(first + client))?;
    }
    let (peak, with_clients) = cpu::memory(process)?;
    say("memory of rehearsal-proxy");
    say(&format!(
        "  at the start                                 {before:>7.1} MiB"
    ));
    say(&format!(
        "  and {IDLE} idle connections              {with_idle:>7.1} MiB"
    ));
    say(&format!(
        "  and {CLIENTS} clients in the limiter        {with_clients:>7.1} MiB"
    ));
    say(&format!(
        "  at most                                      {peak:>7.1} MiB\n"
    ));
    Ok(())
}

/// One request of a client that the proxy is told of.
fn ask(stream: &mut TcpStream, client: Ipv4Addr) -> Result<()> {
    // One write: small ones wait for each other.
    let request = format!(
        "GET {PATH} HTTP/1.1\r\nHost: bench\r\nX-Load-Test-Key: {KEY}\r\nX-Forwarded-For: {client}\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = [0; 1024];
    let length = stream.read(&mut answer)?;
    let text = String::from_utf8_lossy(&answer[..length]);
    ensure!(
        text.starts_with("HTTP/1.1 200"),
        "an idle client met {text}"
    );
    Ok(())
}

/// Lets this process have a descriptor for each connection.
fn allow_files() -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: most,
            maximum: most,
        },
    )
    .context("cannot raise the limit of open files")
}
