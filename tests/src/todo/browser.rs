//! A client that does with cookies and its connection what browsers do.

use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::message::Message;

/// One window, with a connection of its own.
pub struct Browser {
    address: String,
    stream: Option<BufReader<TcpStream>>,
    cookies: Vec<Cookie>,
}

/// A cookie that a server set (RFC 6265, as far as this service goes).
struct Cookie {
    name: String,
    value: String,
    path: String,
}

impl Browser {
    /// A fresh one, which connects when it has something to send.
    pub fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            stream: None,
            cookies: Vec::new(),
        }
    }

    /// Sends a request with further header lines, and reads the answer.
    pub fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &str,
    ) -> Result<Message> {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let cookies = self.cookies_for(path);
        let (host, length) = (&self.address, body.len());
        let length = match method {
            "GET" | "DELETE" => String::new(),
            _ => format!("Content-Length: {length}\r\n"),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\
             Accept: */*\r\n{cookies}{lines}{length}\r\n{body}"
        );
        let answer = self.exchange(&request)?;
        for line in answer.all("set-cookie") {
            self.keep(line, path);
        }
        Ok(answer)
    }

    /// The value of a cookie, as a page's script may read it.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let mut cookies = self.cookies.iter();
        let found = cookies.find(|cookie| cookie.name == name)?;
        Some(&found.value)
    }

    /// The header line with the cookies that go to a path, those of longer paths first.
    fn cookies_for(&self, path: &str) -> String {
        let mut cookies: Vec<_> = self.cookies.iter().filter(|it| it.goes_to(path)).collect();
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs = cookies.iter().map(|it| format!("{}={}", it.name, it.value));
        let pairs: Vec<_> = pairs.collect();
        match pairs.as_slice() {
            [] => String::new(),
            pairs => format!("Cookie: {}\r\n", pairs.join("; ")),
        }
    }

    /// Takes a cookie into the jar, in place of the one of its name and path.
    fn keep(&mut self, line: &str, path: &str) {
        let mut parts = line.split("; ");
        let pair = parts.next().and_then(|pair| pair.split_once('='));
        let Some((name, value)) = pair else { return };
        let (mut scope, mut is_gone) = (folder(path), false);
        for attribute in parts {
            match attribute.split_once('=') {
                Some(("Path", path)) => scope = path,
                Some(("Max-Age", "0")) => is_gone = true,
                _ => {}
            }
        }
        let is_same = |it: &Cookie| (it.name.as_str(), it.path.as_str()) == (name, scope);
        self.cookies.retain(|cookie| !is_same(cookie));
        if !is_gone {
            self.cookies.push(Cookie {
                name: name.to_owned(),
                value: value.to_owned(),
                path: scope.to_owned(),
            });
        }
    }

    /// A connection that was closed while nothing was on it is opened anew.
    fn exchange(&mut self, request: &str) -> Result<Message> {
        if let Some(mut stream) = self.stream.take()
            && stream.get_mut().write_all(request.as_bytes()).is_ok()
            && let Ok(Some(answer)) = Message::read(&mut stream)
        {
            self.stream = Some(stream);
            return Ok(answer);
        }
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut stream = BufReader::new(stream);
        stream.get_mut().write_all(request.as_bytes())?;
        let answer = Message::read(&mut stream)?.context("there is no answer")?;
        self.stream = Some(stream);
        Ok(answer)
    }
}

impl Cookie {
    /// Whether the path is the cookie's or below it (RFC 6265, §5.1.4).
    fn goes_to(&self, path: &str) -> bool {
        let path = path.split('?').next().unwrap_or_default();
        path.strip_prefix(&self.path).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/')
        })
    }
}

/// The path of a cookie that names none.
fn folder(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}
