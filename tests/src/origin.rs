//! An application that tells what reached it, echoes a WebSocket and sends events.
//!
//! One thread a connection, and no more of HTTP than its neighbours send.

use std::io::{self, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use serde_json::{Map, Value, json};

use crate::message::Message;

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
    while let Some(request) = Message::read(&mut stream)? {
        let out = stream.get_mut();
        match request.word(1).split('?').next().unwrap_or_default() {
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
            _ => answer(out, "application/json", &told(&request).to_string())?,
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

fn websocket(mut stream: BufReader<TcpStream>, request: &Message) -> io::Result<()> {
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

/// What is told of a request. A header that came twice is a list.
fn told(request: &Message) -> Value {
    let mut headers = Map::new();
    for (name, value) in &request.headers {
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
    let (method, target) = (request.word(0), request.word(1));
    let body = String::from_utf8_lossy(&request.body);
    json!({"method": method, "target": target, "headers": headers, "body": body})
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
