//! A server that answers as a test says, and remembers what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// When its head was there, on the clock that never jumps.
    pub(crate) at: Duration,
}

impl Seen {
    /// The header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    /// How long its body is, as its head says.
    pub(crate) fn length(&self) -> usize {
        self.header("content-length").parse().unwrap_or(0)
    }
}

/// What the server answers.
pub(crate) enum Answer {
    /// A status and a JSON body.
    Json(u16, String),
    /// Bytes as they are, and then the connection ends.
    Raw(&'static str),
    /// A status, header lines, and a body.
    With(u16, Vec<String>, Vec<u8>),
}

impl From<u16> for Answer {
    fn from(status: u16) -> Self {
        Self::Json(status, "{}".to_owned())
    }
}

type Handler = dyn Fn(&Seen) -> Answer + Send + Sync;

/// A running server; it ends with the test's process.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Starts a server on a free port.
    pub(crate) fn start(handler: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let handler: Arc<Handler> = Arc::new(handler);
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (handler, log) = (Arc::clone(&handler), Arc::clone(&log));
                thread::spawn(move || serve(stream, &*handler, &log));
            }
        });
        Self { address, seen }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything it was asked, in the order in which requests were complete.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, handler: &Handler, log: &Mutex<Vec<Seen>>) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(seen) = read(&mut reader) {
        log.lock().unwrap().push(seen.clone());
        let (bytes, last) = match handler(&seen) {
            Answer::Json(status, body) => (answer(status, &[], body.as_bytes()), false),
            Answer::Raw(bytes) => (bytes.as_bytes().to_vec(), true),
            Answer::With(status, headers, body) => (answer(status, &headers, &body), false),
        };
        if writer.write_all(&bytes).is_err() || last {
            return;
        }
    }
}

fn answer(status: u16, headers: &[String], body: &[u8]) -> Vec<u8> {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn read(reader: &mut impl BufRead) -> Option<Seen> {
    let mut seen = head(reader)?;
    let mut body = vec![0; seen.length()];
    reader.read_exact(&mut body).ok()?;
    seen.body = String::from_utf8_lossy(&body).into_owned();
    Some(seen)
}

/// A request's head; its body is still to be read.
pub(crate) fn head(reader: &mut impl BufRead) -> Option<Seen> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_owned(), value.to_owned()));
    }
    Some(Seen {
        method,
        path,
        headers,
        body: String::new(),
        at: clock_gettime(ClockId::Monotonic).try_into().unwrap(),
    })
}
