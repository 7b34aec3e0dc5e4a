//! Anonymization: from a raw exchange to one that may be written.
//!
//! Fail closed: what no rule of the [`Policy`] keeps is replaced. Only [`Anonymizer::apply`] makes
//! an [`Anonymized`], and only that can be written.

mod address;
pub(crate) mod audit;
mod body;
mod decode;
mod detect;
mod draw;
mod evidence;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "bodies are not read with it yet")
)]
mod graphql;
mod headers;
mod json;
mod made_up;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "bodies are not read with it yet")
)]
mod markup;
mod memo;
mod mode;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "bodies are not read with it yet")
)]
mod multipart;
mod original;
mod outline;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "values are not read with it yet")
)]
mod packed;
mod part;
mod people;
mod policy;
mod policy_file;
#[cfg(test)]
mod scratch;
mod scrub;
mod tally;
mod template;
mod tokens;
mod url;

use std::borrow::Cow;
use std::collections::BTreeMap;

pub use mode::{Key, Mode};
pub use outline::{LEFT_OUT, outline_text};
pub use policy::Policy;
pub use policy_file::{LoadError, PolicyError};

use crate::exchange::Flag;
use crate::format::line::{Head, Line, quoted};
use crate::raw::RawExchange;
use body::Body;
use memo::{Memo, Part, Place};
use people::People;
use scrub::Scrub;
use tokens::Tokens;

/// Makes exchanges safe to write. One for each capture.
pub struct Anonymizer {
    policy: Policy,
    people: People,
    tokens: Tokens,
    memo: Memo,
    seq: u64,
    /// The last exchange: one buffer for all of them.
    line: Line,
}

/// An exchange that holds nothing personal any more, as far as the policy and the detectors know:
/// its line in the capture.
pub struct Anonymized<'a> {
    line: Cow<'a, [u8]>,
    seq: u64,
    truncated: bool,
}

impl Anonymized<'_> {
    /// What may be written.
    pub(crate) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Its number within the capture, from 1.
    pub(crate) const fn seq(&self) -> u64 {
        self.seq
    }

    /// Whether a body was cut at the body limit.
    pub(crate) const fn truncated(&self) -> bool {
        self.truncated
    }

    /// Lets the tests of the format write what they like.
    #[cfg(test)]
    pub(crate) fn for_format_tests(exchange: crate::exchange::Exchange) -> Self {
        Self {
            line: Cow::Owned(crate::format::tests::line_of(&exchange)),
            seq: exchange.seq,
            truncated: false,
        }
    }
}

impl Anonymizer {
    /// Starts with nothing seen and, but for a key's, a fresh secret.
    pub fn new(policy: Policy, mode: &Mode) -> Self {
        Self {
            policy,
            people: People::default(),
            tokens: Tokens::new(tokens::MAX_ORIGINALS, mode),
            memo: Memo::new(),
            seq: 0,
            line: Line::default(),
        }
    }

    /// Replaces what no rule keeps.
    pub fn apply(&mut self, raw: &RawExchange) -> Anonymized<'_> {
        let (mut request_body, mut response_body) = self.bodies(raw);
        let evidence =
            evidence::gather(&self.policy, &self.memo, raw, &request_body, &response_body);
        let moved = self.people.moved();
        let identity = self.people.identify(raw.client, &evidence);
        if self.people.moved() != moved {
            self.memo.clear();
            (request_body, response_body) = self.bodies(raw);
        }
        self.seq += 1;
        self.line.start(&Head {
            seq: self.seq,
            at_ns: raw.at_ns,
            session: identity.member.session,
            user: identity.member.user,
            connection: raw.connection,
        });
        let mut scrub = Scrub {
            policy: &self.policy,
            memo: &mut self.memo,
            tokens: &mut self.tokens,
            people: &self.people,
            identity,
            identifier: false,
        };
        scrub.request(raw, &request_body, &mut self.line);
        let flags = flags(raw, scrub.identifier);
        scrub.response(raw, &response_body, &mut self.line);
        self.line.finish(&raw.timing, flags);
        Anonymized {
            line: Cow::Borrowed(self.line.text()),
            seq: self.seq,
            truncated: raw.request_body.truncated() || raw.response_body.truncated(),
        }
    }

    fn bodies<'r>(&self, raw: &'r RawExchange) -> (Body<'r>, Body<'r>) {
        let (request, response) = (&raw.request_headers, &raw.response_headers);
        (
            Body::of_request(&raw.request_body, request, &self.memo),
            Body::of_response(&self.policy, &raw.response_body, response, &self.memo),
        )
    }

    /// How many values were replaced so far, by kind.
    pub fn redacted(&self) -> BTreeMap<&'static str, u64> {
        self.tokens.counts()
    }

    /// A search for everything private that was replaced so far.
    pub(crate) fn audit(&self) -> audit::Search {
        audit::Search::new(self.tokens.private_originals(), self.policy.vocabulary())
    }
}

impl Scrub<'_> {
    fn request(&mut self, raw: &RawExchange, body: &Body<'_>, line: &mut Line) {
        let path = self.known_path(&raw.path);
        line.request(raw.version, raw.method.as_str(), &path.template);
        line.path().extend_from_slice(&path.json);
        self.query(&raw.query, line.query());
        self.request_headers(&raw.request_headers, line.headers());
        self.request_body(body, line.body());
    }

    fn query(&mut self, query: &str, out: &mut Vec<u8>) {
        self.part(
            Part::new(Place::Query, query),
            out,
            |scrub, out| quoted(out, &scrub.pairs(query)),
            |policy, evidence| evidence.pairs(policy, query),
        );
    }

    fn response(&mut self, raw: &RawExchange, body: &Body<'_>, line: &mut Line) {
        line.response(raw.status);
        self.response_headers(&raw.response_headers, line.headers());
        self.response_body(body, line.body());
    }
}

fn flags(raw: &RawExchange, identifier: bool) -> impl Iterator<Item = Flag> {
    let flags = [
        (raw.aborted, Flag::Aborted),
        (identifier, Flag::Identifier),
        (raw.request_body.truncated(), Flag::RequestTruncated),
        (raw.response_body.truncated(), Flag::ResponseTruncated),
    ];
    let set = flags.into_iter().filter(|(set, _)| *set);
    set.map(|(_, flag)| flag)
}

#[cfg(test)]
mod tests;
