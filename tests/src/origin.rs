//! An application that tells what reached it, echoes a WebSocket and sends events.
//!
//! One thread a connection, and no more of HTTP than its neighbours send.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use serde_json::{Map, Value, json};

/// A running application; it ends with the process.
///
/// - `GET /page` uses the rest and writes what it got into itself, for one browser, once
/// - `GET /api/v1/ws` is a WebSocket that answers `echo: …` to a text
/// - `GET /api/v1/events` sends a second event only when the page has had the first
/// - `GET /api/v1/never` has no answer
/// - anything else is answered with the request itself, in JSON
pub struct Origin {
    /// Where it listens.
    pub address: String,
}

/// What a browser's page has told.
#[derive(Default)]
struct Page {
    had_the_first_event: Latch,
    is_done: Latch,
}

impl Origin {
    /// Starts one on a free port.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let page = Arc::new(Page::default());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let page = Arc::clone(&page);
                // Whoever is at the other end finds out by itself that a connection broke.
                thread::spawn(move || drop(serve(stream, &page)));
            }
        });
        Ok(Self { address })
    }
}

fn serve(stream: TcpStream, page: &Page) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = Request::read(&mut stream)? {
        let out = stream.get_mut();
        match request.path() {
            "/page" => answer(out, "text/html", PAGE)?,
            "/api/v1/ws" => return websocket(stream, &request),
            "/api/v1/events" => return events(out, page),
            "/api/v1/events/first" => {
                page.had_the_first_event.open();
                answer(out, "text/plain", "")?;
            }
            "/api/v1/page" => {
                page.is_done.wait();
                answer(out, "text/plain", "")?;
            }
            "/api/v1/page/done" => {
                page.is_done.open();
                answer(out, "text/plain", "")?;
            }
            "/api/v1/never" => Latch::default().wait(),
            _ => answer(out, "application/json", &request.told().to_string())?,
        }
    }
    Ok(())
}

fn answer(out: &mut TcpStream, kind: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
    out.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice())
}

/// Whatever holds the first event back holds up the second for ever.
fn events(out: &mut TcpStream, page: &Page) -> io::Result<()> {
    out.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n\
        Connection: close\r\n\r\ndata: first\n\n",
    )?;
    page.had_the_first_event.wait();
    out.write_all(b"data: second\n\n")
}

fn websocket(mut stream: BufReader<TcpStream>, request: &Request) -> io::Result<()> {
    let key = request.header("sec-websocket-key").unwrap_or_default();
    let proof = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let proof = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, proof.as_bytes());
    write!(
        stream.get_mut(),
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Accept: {}\r\n\r\n",
        STANDARD.encode(proof)
    )?;
    // A frame of a short text or of a close (RFC 6455 §5.2): kind, length, mask, masked bytes.
    loop {
        let mut head = [0; 6];
        stream.read_exact(&mut head)?;
        let [kind, length, mask @ ..] = head;
        let mut text = vec![0; usize::from(length & 0x7f)];
        stream.read_exact(&mut text)?;
        for (byte, mask) in text.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        if kind == 0x81 {
            text.splice(0..0, *b"echo: ");
        }
        let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
        stream
            .get_mut()
            .write_all(&[&[kind, length], text.as_slice()].concat())?;
        if kind == 0x88 {
            return Ok(());
        }
    }
}

/// A request, in full.
struct Request {
    method: String,
    target: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// Reads one; nothing when the connection is at its end.
    fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let first = line(stream)?;
        let mut words = first.split(' ').map(str::to_owned);
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Ok(None);
        };
        let mut request = Self {
            method,
            target,
            headers: Vec::new(),
            body: Vec::new(),
        };
        while let Some((name, value)) = line(stream)?.split_once(": ") {
            let header = (name.to_ascii_lowercase(), value.to_owned());
            request.headers.push(header);
        }
        let length = request.header("content-length");
        if let Some(length) = length.and_then(|length| length.parse().ok()) {
            request.body.resize(length, 0);
            stream.read_exact(&mut request.body)?;
        } else if request.header("transfer-encoding").is_some() {
            while let Ok(length @ 1..) = usize::from_str_radix(&line(stream)?, 16) {
                let mut chunk = vec![0; length];
                stream.read_exact(&mut chunk)?;
                request.body.append(&mut chunk);
                line(stream)?;
            }
            line(stream)?;
        }
        Ok(Some(request))
    }

    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// What is told of it. A header that came twice is a list.
    fn told(&self) -> Value {
        let mut headers = Map::new();
        for (name, value) in &self.headers {
            let entry = headers.entry(name.as_str());
            let told = entry.or_insert_with(|| json!([]));
            if let Value::Array(values) = told {
                values.push(json!(value));
            }
        }
        for told in headers.values_mut() {
            if let Some([only]) = told.as_array().map(Vec::as_slice) {
                *told = only.clone();
            }
        }
        let body = String::from_utf8_lossy(&self.body);
        json!({"method": self.method, "target": self.target, "headers": headers, "body": body})
    }
}

fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// Something that happens once and is waited for.
#[derive(Default)]
struct Latch {
    happened: Mutex<bool>,
    news: Condvar,
}

impl Latch {
    fn open(&self) {
        let mut happened = self.happened.lock().unwrap_or_else(PoisonError::into_inner);
        *happened = true;
        self.news.notify_all();
    }

    fn wait(&self) {
        let happened = self.happened.lock().unwrap_or_else(PoisonError::into_inner);
        // A poisoned lock means that a test has failed already.
        drop(self.news.wait_while(happened, |happened| !*happened));
    }
}

const PAGE: &str = include_str!("page.html");
