//! A server that takes the time of each request, and of which replay knows nothing.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::clock;

/// A running server. It ends with the process.
pub(crate) struct Sink {
    address: SocketAddr,
    began: Duration,
    seen: Arc<Mutex<Vec<(u64, u64)>>>,
}

impl Sink {
    /// Starts one on a free port.
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (began, seen) = (clock::now(), Arc::<Mutex<Vec<_>>>::default());
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                thread::spawn(move || serve(stream, began, &log));
            }
        });
        Ok(Self {
            address,
            began,
            seen,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Nanoseconds since it was started.
    pub(crate) fn now_ns(&self) -> u64 {
        since(self.began)
    }

    /// The requests since this was called last: the number in each path, and when it came.
    pub(crate) fn take(&self) -> Vec<(u64, u64)> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = std::mem::take(&mut *seen);
        taken.sort_by_key(|(_, at_ns)| *at_ns);
        taken
    }
}

/// Requests are short and come one after the other: each is read at once.
fn serve(mut stream: TcpStream, began: Duration, log: &Mutex<Vec<(u64, u64)>>) {
    let _quick = stream.set_nodelay(true);
    let mut buffer = [0; 4_096];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        let at_ns = since(began);
        if let Some(number) = number(&buffer[..length]) {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.push((number, at_ns));
        }
        if stream.write_all(ANSWER).is_err() {
            return;
        }
    }
}

fn since(began: Duration) -> u64 {
    u64::try_from((clock::now() - began).as_nanos()).unwrap_or(u64::MAX)
}

/// The number in `GET /n/7 HTTP/1.1`.
fn number(request: &[u8]) -> Option<u64> {
    let rest = request.strip_prefix(b"GET /n/")?;
    let end = rest.iter().position(|byte| *byte == b' ')?;
    str::from_utf8(&rest[..end]).ok()?.parse().ok()
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
