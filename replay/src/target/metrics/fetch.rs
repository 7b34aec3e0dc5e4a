//! One GET, on a connection of its own, to a place that may be asked.
//!
//! Blocking, and over within a bounded time with a bounded answer, whatever the other side does.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};

use crate::clock;
use crate::engine::{Answering, Keep};
use crate::target::Target;

/// The body that the target's URL has, if it comes within this time.
pub(super) fn fetch(target: &Target, within: Duration) -> io::Result<String> {
    let until_ns = clock::now_ns() + nanos(within);
    let stream = Timed {
        stream: connect(target, within.min(CONNECT))?,
        until_ns,
    };
    let (Some(config), Some(name)) = (&target.tls, &target.server_name) else {
        return exchange(target, stream);
    };
    let connection = ClientConnection::new(Arc::clone(config), name.clone());
    let connection = connection.map_err(io::Error::other)?;
    exchange(target, StreamOwned::new(connection, stream))
}

fn exchange(target: &Target, mut stream: impl Read + Write) -> io::Result<String> {
    let path = match target.prefix.as_str() {
        "" => USUAL_PATH,
        path => path,
    };
    let host = target.host.to_str().map_err(io::Error::other)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {host}\r\naccept: text/plain;version=0.0.4\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    stream.flush()?;
    let mut answering = Answering::new(false, Keep::body(LARGEST));
    let (mut buffer, mut rest, mut all) = (vec![0; 16 << 10], Vec::new(), 0);
    while !answering.is_done() {
        let read = match stream.read(&mut buffer) {
            // Some end a secure connection without a word.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            read => read?,
        };
        if read == 0 && !answering.end() {
            return Err(io::Error::other("the connection ended within its answer"));
        }
        all += read;
        if all > LARGEST {
            return Err(io::Error::other("its answer is larger than 16 MB"));
        }
        rest.extend_from_slice(&buffer[..read]);
        let used = answering.feed(&rest).map_err(io::Error::other)?;
        rest.drain(..used);
    }
    let answer = answering.into_answer();
    match answer.status {
        200 => Ok(String::from_utf8_lossy(&answer.body).into_owned()),
        status => Err(io::Error::other(format!("it answers {status}"))),
    }
}

/// The first of the addresses that answers; that it may be asked was checked with its name, and is
/// checked again.
fn connect(target: &Target, within: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in &target.addresses {
        match TcpStream::connect_timeout(address, within) {
            Ok(stream) => return permitted(target, stream.peer_addr()?).map(|()| stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn permitted(target: &Target, peer: SocketAddr) -> io::Result<()> {
    if target.guard.permits(peer.ip()) {
        return Ok(());
    }
    let reason = format!("connected to {peer}, which may not be loaded");
    Err(io::Error::new(io::ErrorKind::PermissionDenied, reason))
}

/// A connection on which nothing is waited for beyond a time.
struct Timed {
    stream: TcpStream,
    until_ns: u64,
}

impl Timed {
    fn left(&self) -> io::Result<Duration> {
        let left = self.until_ns.saturating_sub(clock::now_ns());
        if left == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(Duration::from_nanos(left))
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        in_words(self.stream.read(buffer))
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        in_words(self.stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// A time-out of a socket is told as if it were to be tried again.
fn in_words(done: io::Result<usize>) -> io::Result<usize> {
    done.map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    })
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Where metrics are when a URL does not say.
const USUAL_PATH: &str = "/metrics";
const CONNECT: Duration = Duration::from_secs(2);
/// Bytes of an answer, at most.
const LARGEST: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::settings::Tls;

    /// What comes of a server that says this to whoever connects, piece by piece, and then no more.
    fn fetched(mut pieces: impl Iterator<Item = Vec<u8>> + Send + 'static) -> io::Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let open = pieces.all(|piece| stream.write_all(&piece).is_ok());
            // Stays open until the other side has enough.
            while open && stream.read(&mut [0; 512]).is_ok_and(|read| read > 0) {}
        });
        let target = Target::resolve(&url, &[], &Tls::default(), false).unwrap();
        let fetched = fetch(&target, Duration::from_millis(300));
        server.join().unwrap();
        fetched
    }

    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";

    #[test]
    fn an_answer_is_complete_though_its_connection_stays() {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nup 1".to_vec();
        let bytes = answer.into_iter().map(|byte| vec![byte]);
        assert_eq!(fetched(bytes).unwrap(), "up 1");
    }

    #[test]
    fn silence_is_not_waited_for() {
        let fetched = fetched([HEAD.to_vec()].into_iter());
        assert_eq!(fetched.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn what_never_ends_is_not_read_to_its_end() {
        let endless = std::iter::repeat_with(|| vec![b'x'; 1 << 20]);
        let error = fetched([HEAD.to_vec()].into_iter().chain(endless)).unwrap_err();
        assert!(
            error.kind() == io::ErrorKind::TimedOut || error.to_string().contains("larger"),
            "{error}"
        );
    }
}
