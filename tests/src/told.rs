//! An application that answers what a test told it to, byte by byte.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use anyhow::Result;

/// A running application; it ends with the process.
pub struct Told {
    /// Where it listens.
    pub address: String,
}

/// Answers by the `X-Request-ID` of the request.
pub type Answers = HashMap<String, Vec<u8>>;

impl Told {
    /// Starts one on a free port. It closes each connection after one answer.
    pub fn start(answers: Answers) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let answers = Arc::new(answers);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let answers = Arc::clone(&answers);
                // Whoever is at the other end finds out by itself that a connection broke.
                thread::spawn(move || drop(serve(stream, &answers)));
            }
        });
        Ok(Self { address })
    }
}

fn serve(stream: TcpStream, answers: &Answers) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut id, mut length, mut chunked) = (String::new(), 0, false);
    line(&mut stream)?;
    while let Some((name, value)) = line(&mut stream)?.split_once(": ") {
        match name.to_ascii_lowercase().as_str() {
            "x-request-id" => id = value.to_owned(),
            "content-length" => length = value.parse().unwrap_or(0),
            "transfer-encoding" => chunked = true,
            _ => {}
        }
    }
    io::copy(&mut stream.by_ref().take(length), &mut io::sink())?;
    if chunked {
        while let Ok(size @ 1..) = u64::from_str_radix(&line(&mut stream)?, 16) {
            io::copy(&mut stream.by_ref().take(size + 2), &mut io::sink())?;
        }
        while !line(&mut stream)?.is_empty() {}
    }
    let unknown = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let answer = answers.get(&id).map_or(&unknown[..], Vec::as_slice);
    stream.get_mut().write_all(answer)
}

/// Without its end. What is no text does not matter here.
fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut bytes = Vec::new();
    stream.read_until(b'\n', &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
}
