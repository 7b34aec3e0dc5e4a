//! Requests one after the other on a connection, as bytes from outside: however they are cut on
//! their way, the same is read, and nothing breaks it.

use bytes::BytesMut;
use proptest::prelude::*;

use super::body::{Body, Framing, Step};
use super::head::{Request, Search};

/// What was read, up to the first mistake.
#[derive(Debug, Default, PartialEq, Eq)]
struct Transcript {
    requests: Vec<(Head, Vec<u8>)>,
    /// Whether the last body has ended.
    is_between: bool,
    mistake: Option<String>,
}

/// Method, target and fields.
type Head = (Vec<u8>, Vec<u8>, Vec<(Vec<u8>, Vec<u8>)>);

/// Reads a connection whose bytes come in pieces.
#[derive(Default)]
struct Reader {
    buffer: BytesMut,
    search: Search,
    body: Option<Body>,
    read: Transcript,
}

impl Reader {
    fn come(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
        while self.read.mistake.is_none() {
            match self.step() {
                Ok(true) => {}
                Ok(false) => break,
                Err(mistake) => self.read.mistake = Some(mistake),
            }
        }
    }

    /// One head or body; false when more has to come for it.
    fn step(&mut self) -> Result<bool, String> {
        if let Some(body) = &mut self.body {
            let (_, data) = self.read.requests.last_mut().unwrap();
            let step = body.step(&mut self.buffer, |piece| data.extend_from_slice(piece));
            let done = step.map_err(|error| error.0.to_owned())? == Step::Done;
            self.read.is_between = done;
            if done {
                self.body = None;
            }
            return Ok(done);
        }
        let taken = Request::take(&mut self.buffer, &mut self.search);
        let Some(request) = taken.map_err(|error| format!("{error:?}"))? else {
            return Ok(false);
        };
        let framing = Framing::of_request(&request)?;
        self.body = Some(Body::new(framing));
        self.read.is_between = false;
        let fields = request.fields.iter();
        let fields = fields.map(|(name, value)| (name.to_vec(), value.to_vec()));
        let seen = (request.method().to_vec(), request.target().to_vec());
        let seen = (seen.0, seen.1, fields.collect());
        self.read.requests.push((seen, Vec::new()));
        Ok(true)
    }
}

fn read<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Transcript {
    let mut reader = Reader::default();
    pieces.into_iter().for_each(|piece| reader.come(piece));
    reader.read
}

/// Parts that requests are made of, whole and broken.
fn part() -> impl Strategy<Value = Vec<u8>> {
    const PARTS: [&str; 24] = [
        "GET / HTTP/1.1\r\n",
        "POST /a?b=c HTTP/1.1\r\n",
        "PUT /x HTTP/1.0\r\n",
        "Host: a\r\n",
        "Content-Length: 3\r\n",
        "Content-Length: 0\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\n\r\n",
        "Content-Length: 3\r\n\r\nabc",
        "X-Y: \u{e9} \r\n",
        "\r\n",
        "\r\n",
        "\r",
        "\n",
        "abc",
        "3\r\nabc\r\n",
        "a;x=\"y\"\r\n0123456789\r\n",
        "0\r\n",
        "0\r\n\r\n",
        "0\r\nX-T: 1\r\n\r\n",
        " folded\r\n",
        "fffffffffffffff\r\n",
        "PRI * HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ];
    let known = prop::sample::select(PARTS.as_slice()).prop_map(|part| part.as_bytes().to_vec());
    let any = prop::collection::vec(any::<u8>(), 1..4);
    prop_oneof![20 => known, 1 => any]
}

/// A request that is in order, with the body that it has.
fn request() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let body = prop::collection::vec(any::<u8>(), 0..40);
    (body, any::<bool>(), 1usize..9).prop_map(|(body, chunked, size)| {
        let mut sent = BytesMut::from("POST /a HTTP/1.1\r\nHost: a\r\n");
        if chunked {
            sent.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            body.chunks(size)
                .for_each(|part| super::write::chunk(&mut sent, part));
            super::write::last_chunk(&mut sent);
        } else {
            sent.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
            sent.extend_from_slice(&body);
        }
        (sent.to_vec(), body)
    })
}

/// The same bytes in pieces of these lengths, over and over.
fn cut<'b>(bytes: &'b [u8], lengths: &'b [usize]) -> impl Iterator<Item = &'b [u8]> {
    let mut rest = bytes;
    let mut lengths = lengths.iter().cycle();
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at((*lengths.next()?).min(rest.len()));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn cuts_change_nothing_that_is_read(
        parts in prop::collection::vec(part(), 0..16),
        lengths in prop::collection::vec(1usize..12, 1..5),
    ) {
        let bytes = parts.concat();
        prop_assert_eq!(read(cut(&bytes, &lengths)), read([&bytes[..]]));
    }

    #[test]
    fn requests_end_where_they_end(
        requests in prop::collection::vec(request(), 1..5),
        lengths in prop::collection::vec(1usize..30, 1..5),
    ) {
        let sent: Vec<u8> = requests.iter().flat_map(|(sent, _)| sent.clone()).collect();
        let read = read(cut(&sent, &lengths));
        let bodies: Vec<_> = read.requests.iter().map(|(_, body)| body).collect();
        prop_assert_eq!(bodies, requests.iter().map(|(_, body)| body).collect::<Vec<_>>());
        prop_assert!(read.is_between && read.mistake.is_none());
    }
}
