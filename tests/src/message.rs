//! A message of HTTP/1.1 as it stands on a connection: no more of HTTP than tests send.

use std::io::{self, BufRead, Read as _};

/// A request or an answer, in full.
#[derive(Debug)]
pub struct Message {
    /// The line that it begins with.
    pub first: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Everything after the empty line.
    pub body: Vec<u8>,
}

impl Message {
    /// Reads one; nothing when the connection is at its end.
    pub fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut message = Self {
            first: line(stream)?,
            headers: Vec::new(),
            body: Vec::new(),
        };
        if message.first.is_empty() {
            return Ok(None);
        }
        while let Some((name, value)) = line(stream)?.split_once(':') {
            let header = (name.to_ascii_lowercase(), value.trim().to_owned());
            message.headers.push(header);
        }
        let length = message.header("content-length");
        if let Some(length) = length.and_then(|length| length.parse().ok()) {
            message.body.resize(length, 0);
            stream.read_exact(&mut message.body)?;
        } else if message.header("transfer-encoding").is_some() {
            message.read_chunks(stream)?;
        }
        Ok(Some(message))
    }

    /// A word of the first line.
    pub fn word(&self, place: usize) -> &str {
        self.first.split(' ').nth(place).unwrap_or_default()
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a header.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let found = self.headers.iter().filter(move |(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn read_chunks(&mut self, stream: &mut impl BufRead) -> io::Result<()> {
        while let Ok(length @ 1..) = u64::from_str_radix(&line(stream)?, 16) {
            stream.by_ref().take(length).read_to_end(&mut self.body)?;
            line(stream)?;
        }
        line(stream).map(drop)
    }
}

fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
