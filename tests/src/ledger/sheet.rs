//! An exchange as it goes over the wire: what the client sends and what the backend answers.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// One request and its answer.
pub struct Exchange {
    /// Its number. The request carries it as `page=` in its query, where policies keep it.
    pub number: u32,
    /// The method.
    pub method: String,
    /// The path and the query, percent-encoded.
    pub target: String,
    /// What the client sends besides the first line.
    pub request: Message,
    /// The answer's status.
    pub status: u16,
    /// What stands after it.
    pub reason: String,
    /// What the backend answers besides the first line.
    pub answer: Message,
}

/// Headers, a body, and what comes after it.
#[derive(Default)]
pub struct Message {
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body, in its content encoding.
    pub body: Vec<u8>,
    /// Headers after the body, which then comes in chunks.
    pub trailers: Vec<(String, String)>,
    /// Bytes of another protocol, after an upgrade.
    pub upgraded: Vec<u8>,
}

impl Exchange {
    pub(super) fn new(number: u32) -> Self {
        Self {
            number,
            method: "GET".to_owned(),
            target: "/api/v1/people".to_owned(),
            request: Message::default(),
            status: 200,
            reason: "OK".to_owned(),
            answer: Message::default(),
        }
    }

    /// Adds a pair to the query; `text` is encoded already.
    pub(super) fn query(&mut self, text: &str) {
        self.target
            .push(if self.target.contains('?') { '&' } else { '?' });
        self.target.push_str(text);
    }

    /// By this the backend knows it. Policies leave it out, or replace it.
    pub fn id(&self) -> String {
        format!("{:032x}", self.number)
    }

    /// The request as it is sent, on a connection of its own.
    pub fn request_bytes(&self) -> Vec<u8> {
        let page = if self.target.contains('?') { '&' } else { '?' };
        let mut head = format!(
            "{} {}{page}page={} HTTP/1.1\r\nX-Request-ID: {}\r\n",
            self.method,
            self.target,
            self.number,
            self.id()
        );
        if !self.request.has("host") {
            head.push_str("Host: staging\r\n");
        }
        self.request.put(head, self.method != "GET")
    }

    /// The answer as the backend sends it.
    pub fn answer_bytes(&self) -> Vec<u8> {
        let head = format!("HTTP/1.1 {} {}\r\n", self.status, self.reason);
        self.answer.put(head, self.status != 101)
    }
}

impl Message {
    /// Adds a header.
    pub(super) fn header(&mut self, name: &str, value: impl Into<String>) {
        self.headers.push((name.to_owned(), value.into()));
    }

    fn has(&self, wanted: &str) -> bool {
        self.headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    }

    /// The value of a header.
    pub fn get(&self, wanted: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.as_str())
    }

    fn put(&self, mut head: String, may_have_body: bool) -> Vec<u8> {
        if !self.has("connection") {
            head.push_str("Connection: close\r\n");
        }
        let chunked = !self.trailers.is_empty();
        if chunked {
            head.push_str("Transfer-Encoding: chunked\r\n");
        } else if may_have_body {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if chunked {
            let start = format!("{:x}\r\n", self.body.len());
            bytes.extend([start.as_bytes(), &self.body, b"\r\n0\r\n"].concat());
            for (name, value) in &self.trailers {
                bytes.extend(format!("{name}: {value}\r\n").into_bytes());
            }
            bytes.extend(b"\r\n");
        } else {
            bytes.extend(&self.body);
        }
        bytes.extend(&self.upgraded);
        bytes
    }
}

/// As it stands in a query: any byte that could mean something is escaped.
pub(super) fn in_query(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// The same in the other spelling that is allowed: lower-case digits, and `+` for a space.
pub(super) fn in_form(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02x}")),
        }
    }
    out
}

/// As it stands in a path. What would end a segment is escaped twice: the proxy refuses it once.
pub(super) fn in_path(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let mut bytes = [0; 4];
        let escaped = in_query(c.encode_utf8(&mut bytes));
        match c {
            '/' | '\\' | '\0'..='\x1f' => out.push_str(&escaped.replace('%', "%25")),
            _ => out.push_str(&escaped),
        }
    }
    out
}

/// As it stands in a header: plain where that is allowed, else percent-encoded.
pub(super) fn in_header(text: &str) -> String {
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if plain {
        text.to_owned()
    } else {
        in_query(text)
    }
}

/// The unreserved characters of RFC 3986.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
