//! A tiny origin: notes what it gets, and answers as the path says.
//!
//! `/slow` waits to be released, `/reset` breaks off, `/continue` says only that it would go on,
//! `/chunked` has no length, `/large` has 64 MiB, `/hops` speaks to the next hop, `/ws` upgrades;
//! all else is a 200.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// A server on a free port; its threads end with the test.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Vec<Seen>>,
    released: Mutex<bool>,
    release: Condvar,
    closed: AtomicBool,
    connections: AtomicUsize,
}

/// A request as the origin got it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(n, _)| n == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} comes twice");
        value
    }
}

impl Origin {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = Self {
            address: listener.local_addr().unwrap(),
            shared: Arc::default(),
        };
        let server = origin.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if server.shared.closed.load(Ordering::SeqCst) {
                    return;
                }
                server.shared.connections.fetch_add(1, Ordering::SeqCst);
                let server = server.clone();
                thread::spawn(move || server.serve(stream.unwrap()));
            }
        });
        origin
    }

    /// Requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> Seen {
        self.seen().pop().unwrap()
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Lets every `/slow` request go on.
    pub(crate) fn release(&self) {
        *self.shared.released.lock().unwrap() = true;
        self.shared.release.notify_all();
    }

    fn serve(&self, stream: TcpStream) {
        // Head and body go in two pieces: neither is to wait for the other's arrival.
        stream.set_nodelay(true).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some(seen) = read(&mut reader) {
            let line = seen.line.clone();
            let upgrade = seen.header("upgrade").is_some();
            let close = seen.header("connection") == Some("close");
            self.shared.seen.lock().unwrap().push(seen);
            if line.contains("/reset") {
                return;
            }
            if line.contains("/continue") {
                drop((&stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n"));
            }
            if line.contains("/slow") || line.contains("/continue") {
                let released = self.shared.released.lock().unwrap();
                drop(
                    self.shared
                        .release
                        .wait_while(released, |released| !*released),
                );
            }
            if upgrade {
                return echo(reader, stream);
            }
            if !answer(&stream, &line) || close {
                return;
            }
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        // The last handle but those of the threads.
        if Arc::strong_count(&self.shared) <= 2 {
            self.release();
            self.shared.closed.store(true, Ordering::SeqCst);
            drop(TcpStream::connect(self.address));
        }
    }
}

fn answer(mut stream: &TcpStream, line: &str) -> bool {
    if line.contains("/chunked") {
        let bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nchunk\r\n0\r\n\r\n";
        return stream.write_all(bytes).is_ok();
    }
    let hops = if line.contains("/hops") {
        "Connection: X-Hop, Content-Length\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nX-Hop: secret\r\nUpgrade: h2c\r\nX-End: stays\r\n"
    } else {
        ""
    };
    let body = if line.contains("/large") {
        "x".repeat(64 * 1024 * 1024)
    } else {
        format!("{{\"saw\":\"{line}\"}}")
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nServer: origin\r\nX-Powered-By: origin\r\n{hops}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).is_ok() && stream.write_all(body.as_bytes()).is_ok()
}

/// Switches protocols, and returns whatever comes.
fn echo(mut reader: BufReader<TcpStream>, mut stream: TcpStream) {
    stream
        .write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n")
        .unwrap();
    let mut bytes = [0; 1024];
    while let Ok(count @ 1..) = reader.read(&mut bytes) {
        stream.write_all(&bytes[..count]).unwrap();
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Seen> {
    let line = line(reader)?;
    let mut headers = Vec::new();
    while let Some((name, value)) = self::line(reader)?.split_once(": ") {
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut seen = Seen {
        line,
        headers,
        body: String::new(),
    };
    let length = seen
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    if seen.header("transfer-encoding").is_some() {
        body = chunks(reader)?;
    }
    seen.body = String::from_utf8_lossy(&body).into_owned();
    Some(seen)
}

fn chunks(reader: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let length = usize::from_str_radix(&line(reader)?, 16).ok()?;
        let mut chunk = vec![0; length + 2];
        reader.read_exact(&mut chunk).ok()?;
        body.extend_from_slice(&chunk[..length]);
        if length == 0 {
            return Some(body);
        }
    }
}

fn line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    match reader.read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line.trim_end().to_owned()),
    }
}
