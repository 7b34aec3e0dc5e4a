//! The demo's traffic as the proxy would see it: its users work against its backend, and whatever
//! passes between them is kept.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use demo::programs::Program;
use demo::users::{self, UsersConfig};

/// A request and its answer.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) connection: u64,
    pub(crate) request: Message,
    pub(crate) answer: Message,
}

/// First line, headers, body.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) first: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// Lets so many users make about so many requests, and gives all of them.
pub(crate) fn demo(users: usize, requests: usize, time: Duration) -> Result<Vec<Seen>> {
    let args = ["--listen", "127.0.0.1:0", "--latency-scale", "0"];
    let staging = Program::start("staging", args, &[])?;
    let upstream = staging.addresses().into_iter().next();
    let upstream = upstream.context("staging did not say where it listens")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let target = listener.local_addr()?;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let all = Arc::clone(&seen);
    thread::spawn(move || {
        for (connection, stream) in (1..).zip(listener.incoming().map_while(Result::ok)) {
            let (upstream, all) = (upstream.clone(), Arc::clone(&all));
            // A connection ends when either side has gone away.
            thread::spawn(move || drop(relay(connection, stream, &upstream, &all)));
        }
    });
    let config = UsersConfig {
        requests,
        ..UsersConfig::new(target, users, time)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(users::run(config, |_| {}));
    ensure!(
        report.failed == 0,
        "users met errors: {:?}",
        report.failures
    );
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut seen))
}

fn relay(number: u64, client: TcpStream, upstream: &str, all: &Mutex<Vec<Seen>>) -> io::Result<()> {
    let mut server = BufReader::new(TcpStream::connect(upstream)?);
    let mut client = BufReader::new(client);
    while let Some((request, bytes)) = Message::read(&mut client)? {
        server.get_mut().write_all(&bytes)?;
        let Some((answer, bytes)) = Message::read(&mut server)? else {
            return Ok(());
        };
        // Before the client can have it: whoever has its last answer has seen all of them.
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Seen {
            connection: number,
            request,
            answer,
        });
        drop(all);
        client.get_mut().write_all(&bytes)?;
    }
    Ok(())
}

impl Message {
    /// Reads one with a length, as those of the demo have; nothing when there is no more.
    fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<(Self, Vec<u8>)>> {
        let mut bytes = Vec::new();
        let mut line = || -> io::Result<String> {
            let mut line = String::new();
            stream.read_line(&mut line)?;
            bytes.extend(line.bytes());
            Ok(line.trim_end().to_owned())
        };
        let first = line()?;
        if first.is_empty() {
            return Ok(None);
        }
        let mut headers = Vec::new();
        while let Some((name, value)) = line()?.split_once(": ") {
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.and_then(|(_, length)| length.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body)?;
        bytes.extend(&body);
        let body = String::from_utf8_lossy(&body).into_owned();
        let message = Self {
            first,
            headers,
            body,
        };
        Ok(Some((message, bytes)))
    }
}
