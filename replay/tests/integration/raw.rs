//! A server that writes bytes as a test says, and may behave as no server should.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

use crate::server::{Seen, head};

/// A running server; it ends with the test's process.
pub(crate) struct Raw {
    address: SocketAddr,
    heads: Arc<Log>,
}

type Log = Mutex<Vec<(usize, Seen)>>;

/// Whoever is connected.
pub(crate) struct Peer {
    /// How many requests it made before this one.
    pub(crate) before: usize,
    reader: BufReader<TcpStream>,
}

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    Keep,
    Close,
    /// It is closed as if the server had died, which the peer sees at once.
    Reset,
}

type Handler = dyn Fn(&Seen, &mut Peer) -> Then + Send + Sync;

impl Raw {
    /// Starts a server that does this for each head of a request.
    pub(crate) fn start(
        handler: impl Fn(&Seen, &mut Peer) -> Then + Send + Sync + 'static,
    ) -> Self {
        Self::greeting(|_| Then::Keep, handler)
    }

    /// The same, and this with each new connection, by its number.
    pub(crate) fn greeting(
        greet: impl Fn(usize) -> Then + Send + 'static,
        handler: impl Fn(&Seen, &mut Peer) -> Then + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::<Log>::default();
        let handler: Arc<Handler> = Arc::new(handler);
        let remembers = Arc::clone(&log);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                match greet(number) {
                    Then::Keep => {}
                    Then::Close => continue,
                    Then::Reset => {
                        reset(&stream);
                        continue;
                    }
                }
                let (handler, log) = (Arc::clone(&handler), Arc::clone(&remembers));
                thread::spawn(move || serve(stream, number, &*handler, &log));
            }
        });
        Self {
            address,
            heads: log,
        }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of all requests, each with the number of its connection.
    pub(crate) fn heads(&self) -> Vec<(usize, Seen)> {
        self.heads.lock().unwrap().clone()
    }
}

impl Peer {
    /// Writes; tells whether the peer took it.
    pub(crate) fn say(&mut self, text: &str) -> bool {
        self.reader.get_mut().write_all(text.as_bytes()).is_ok()
    }

    /// Writes again and again, with a pause after each, until the peer is gone; but not for ever.
    pub(crate) fn drip(&mut self, text: &str, pause: Duration) {
        for _ in 0..MOST_DRIPS {
            if !self.say(text) {
                return;
            }
            thread::sleep(pause);
        }
    }

    /// Reads so many bytes of a body.
    pub(crate) fn read(&mut self, length: usize) {
        let _read = self.reader.read_exact(&mut vec![0; length]);
    }

    /// Waits until the peer is gone, whatever it sends.
    pub(crate) fn outlast(&mut self) {
        let _wait = self.reader.get_ref().set_read_timeout(Some(PATIENCE));
        let mut rest = vec![0; 64 * 1024];
        while self.reader.read(&mut rest).is_ok_and(|read| read > 0) {}
    }
}

fn serve(stream: TcpStream, number: usize, handler: &Handler, log: &Log) {
    stream.set_nodelay(true).unwrap();
    let mut peer = Peer {
        before: 0,
        reader: BufReader::new(stream),
    };
    while let Some(seen) = head(&mut peer.reader) {
        log.lock().unwrap().push((number, seen.clone()));
        match handler(&seen, &mut peer) {
            Then::Keep => peer.before += 1,
            Then::Close => return,
            Then::Reset => return reset(peer.reader.get_ref()),
        }
    }
}

fn reset(stream: &TcpStream) {
    set_socket_linger(stream, Some(Duration::ZERO)).unwrap();
}

const PATIENCE: Duration = Duration::from_secs(10);
const MOST_DRIPS: usize = 100_000;
