//! An origin that says byte for byte what a test tells it to.
//!
//! Each connection is played on a thread of its own, until the test process ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// A connection from the proxy.
pub(crate) struct Peer {
    /// How many came before it.
    pub(crate) number: usize,
    stream: BufReader<TcpStream>,
}

/// Plays every connection that comes to the address it returns.
pub(crate) fn origin(play: impl Fn(&mut Peer) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let play = Arc::new(play);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (play, stream) = (Arc::clone(&play), stream.unwrap());
            let patience = Some(Duration::from_secs(10));
            stream.set_read_timeout(patience).unwrap();
            thread::spawn(move || {
                play(&mut Peer {
                    number,
                    stream: BufReader::new(stream),
                });
            });
        }
    });
    address
}

/// Answers every request, which has no body, with the same bytes.
pub(crate) fn answering(bytes: &'static str) -> SocketAddr {
    origin(move |peer| {
        while peer.head().is_some() {
            peer.send(bytes);
        }
    })
}

impl Peer {
    /// Reads a head; none at the connection's end.
    pub(crate) fn head(&mut self) -> Option<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head).unwrap_or(0) == 0 {
                return None;
            }
        }
        Some(head)
    }

    /// Reads so many bytes.
    pub(crate) fn read(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Reads to the connection's end, however it ends; returns how much there was.
    pub(crate) fn drain(&mut self) -> usize {
        let (mut bytes, mut count) = ([0; 16 * 1024], 0);
        while let Ok(read @ 1..) = self.stream.read(&mut bytes) {
            count += read;
        }
        count
    }

    /// Waits for bytes that no one has read. Whoever closes then, resets the connection.
    pub(crate) fn await_unread(&self) {
        let unread = self.stream.get_ref().peek(&mut [0]).unwrap();
        assert!(unread > 0);
    }

    /// A proxy that has gone is no failure of the test.
    pub(crate) fn send(&mut self, bytes: &str) {
        drop(self.stream.get_mut().write_all(bytes.as_bytes()));
    }
}
