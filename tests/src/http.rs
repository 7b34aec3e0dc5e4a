//! A client that sends what it is told and reads the answer to the end.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// An answer as text.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Everything before the empty line, in lower case.
    pub head: String,
    /// Everything after it.
    pub body: String,
}

impl Answer {
    /// Takes an answer apart.
    pub fn parse(text: &str) -> Result<Self> {
        let (head, body) = text
            .split_once("\r\n\r\n")
            .context("the answer has no end of its head")?;
        let status = head
            .split(' ')
            .nth(1)
            .context("the answer has no status")?
            .parse()?;
        Ok(Self {
            status,
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        })
    }

    /// The only value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = lines.filter(|(known, _)| *known == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Sends a GET with further header lines on a connection of its own.
pub fn get(address: &str, target: &str, headers: &[&str]) -> Result<Answer> {
    let mut stream =
        TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nHost: staging\r\nConnection: close\r\n{lines}\r\n"
    )?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text)?;
    Answer::parse(&String::from_utf8_lossy(&text))
}
