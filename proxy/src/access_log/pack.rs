//! Entries, packed: a few numbers each, and the bytes of their texts, cut to what a line may show.
//!
//! Both go into buffers that are used again, so that nothing is allocated for a request.

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use super::entry::{Attempt, Entry};
use crate::clock::Moment;
use crate::gate;
use crate::http1::fields::Fields;

/// Entries of one shelf, in their order.
#[derive(Default)]
pub(super) struct Pack {
    facts: Vec<Facts>,
    text: Vec<u8>,
}

/// The part of an entry that has a fixed size.
pub(super) struct Facts {
    pub(super) ended: Moment,
    pub(super) took: Duration,
    pub(super) client: IpAddr,
    pub(super) protocol: &'static str,
    pub(super) status: u16,
    pub(super) upstream_status: Option<u16>,
    pub(super) load_test: bool,
    pub(super) tries: u32,
    pub(super) body_bytes: u64,
    pub(super) refusal: Option<&'static str>,
    pub(super) connect: Option<Duration>,
    pub(super) header: Option<Duration>,
    pub(super) response: Option<Duration>,
    pub(super) connection: u64,
    pub(super) connection_requests: u64,
    /// How long each text is.
    lengths: [Option<u16>; Text::COUNT],
}

/// A text of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text {
    Method,
    Target,
    RequestId,
    Route,
    Prefix,
    Upstream,
    Referer,
    UserAgent,
    ForwardedFor,
    Key,
    Run,
}

/// An entry as the log's thread reads it.
pub(super) struct Noted<'p> {
    pub(super) facts: &'p Facts,
    texts: [Option<&'p [u8]>; Text::COUNT],
}

/// A buffer that has grown beyond this is given back.
const LARGE: usize = 1024 * 1024;

impl Pack {
    pub(super) fn entries(&self) -> impl Iterator<Item = Noted<'_>> {
        let mut rest = self.text.as_slice();
        self.facts.iter().map(move |facts| {
            let texts = facts.lengths.map(|length| {
                let (text, after) = rest.split_at(usize::from(length?));
                rest = after;
                Some(text)
            });
            Noted { facts, texts }
        })
    }

    /// Adds an entry; false when there is no room.
    pub(super) fn put(&mut self, entry: &Entry<'_>, room: usize) -> bool {
        let fits = self.bytes() < room;
        if fits {
            self.push(entry);
        }
        fits
    }

    fn bytes(&self) -> usize {
        self.text.len() + self.facts.len() * size_of::<Facts>()
    }

    pub(super) fn empty(&mut self) {
        self.text.clear();
        self.facts.clear();
        if self.text.capacity() > LARGE {
            *self = Self::default();
        }
    }

    fn push(&mut self, entry: &Entry<'_>) {
        let Attempt {
            address,
            status: upstream_status,
            connect,
            header,
            response,
        } = entry.upstream.unwrap_or_default();
        let route = entry.route.unzip();
        let value = |name| entry.fields.first(name);
        // In the order of `Text`.
        let lengths = [
            self.text(entry.method, 16),
            self.text(entry.target, 2048),
            self.text(entry.request_id, 64),
            self.optional(route.0, 128),
            self.optional(route.1, 256),
            self.optional(entry.upstream.is_some().then_some(address), 256),
            self.optional(value("referer"), 1024),
            self.optional(value("user-agent"), 256),
            self.forwarded_for(entry.fields),
            self.optional(entry.key, 128),
            self.optional(entry.load_test.then(|| run(entry.fields)).flatten(), 64),
        ];
        self.facts.push(Facts {
            ended: entry.ended,
            took: entry.took,
            client: entry.client,
            protocol: entry.protocol,
            status: entry.status,
            upstream_status,
            load_test: entry.load_test,
            tries: entry.tries,
            body_bytes: entry.body_bytes,
            refusal: entry.refusal,
            connect,
            header,
            response,
            connection: entry.connection,
            connection_requests: entry.connection_requests,
            lengths,
        });
    }

    fn optional(&mut self, text: Option<impl AsRef<[u8]>>, most: u16) -> Option<u16> {
        self.text(text?, most)
    }

    fn text(&mut self, text: impl AsRef<[u8]>, most: u16) -> Option<u16> {
        let text = text.as_ref();
        let length = u16::try_from(text.len()).map_or(most, |length| length.min(most));
        self.text.extend_from_slice(&text[..usize::from(length)]);
        Some(length)
    }

    /// All values, as one.
    fn forwarded_for(&mut self, fields: &Fields) -> Option<u16> {
        const MOST: u16 = 512;
        let mut length: Option<u16> = None;
        for value in fields.all("x-forwarded-for") {
            let mut so_far = length.unwrap_or(0);
            if so_far > 0 {
                so_far += self.text(",", MOST - so_far).unwrap_or(0);
            }
            so_far += self.text(value, MOST - so_far).unwrap_or(0);
            length = Some(so_far);
        }
        length
    }
}

/// The name of the run, unless somebody has put the key there.
fn run(fields: &Fields) -> Option<&[u8]> {
    let (run, mut keys) = (fields.first("x-load-test-run")?, fields.all(gate::KEY));
    let is_key = keys.any(|key| !key.is_empty() && run.windows(key.len()).any(|part| part == key));
    (!is_key).then_some(run)
}

impl Noted<'_> {
    /// A text; what is no UTF-8 in it is replaced.
    pub(super) fn text(&self, which: Text) -> Option<Cow<'_, str>> {
        self.bytes(which).map(String::from_utf8_lossy)
    }

    pub(super) const fn bytes(&self, which: Text) -> Option<&[u8]> {
        self.texts[which as usize]
    }
}

impl Text {
    const COUNT: usize = Self::Run as usize + 1;
}
