//! Anonymization: from a raw exchange to one that may be written.
//!
//! Fail closed: what no rule of the [`Policy`] keeps is replaced. Only [`Anonymizer::apply`] makes
//! an [`Anonymized`], and only that can be written.

mod address;
pub mod audit;
mod body;
mod content;
mod dates;
mod detect;
mod draw;
mod evidence;
#[cfg(test)]
mod examples;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod graphql;
mod headers;
mod here;
mod http;
mod json;
mod made_up;
mod markup;
mod memo;
mod mistake;
mod mode;
mod multipart;
mod original;
mod outline;
mod packed;
mod part;
mod people;
mod pointers;
mod policy;
mod policy_file;
mod sampler;
#[cfg(test)]
mod scratch;
mod scrub;
mod sent;
mod shape;
mod source;
mod tally;
mod template;
mod tokens;
mod url;
mod walk;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use mistake::{LoadError, Mistake, PolicyError};
pub use mode::{Key, Mode};
pub use outline::{LEFT_OUT, outline_agent};
pub use policy::Policy;

use crate::exchange::Flag;
use crate::format::line::{Head, Line, quoted};
use crate::links::{Links, Owner, Seen, Spots};
use crate::raw::RawExchange;
use crate::recording::Sample;
use body::{Body, Desk};
use evidence::Gather;
use here::Here;
use memo::{Known, Memo, Part, Place};
use people::People;
use sampler::Sampler;
use scrub::Scrub;
use tokens::Tokens;

/// Makes exchanges safe to write, and finds their links. One for each capture.
pub struct Anonymizer {
    policy: Policy,
    people: People,
    sampler: Sampler,
    tokens: Tokens,
    memo: Memo,
    links: Links,
    spots: Spots,
    seq: u64,
    request: Desk,
    response: Desk,
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
    /// Starts with nothing seen and, but for a key's, a fresh secret. Of a sample of users only
    /// what those do is made safe.
    pub fn new(policy: Policy, mode: &Mode, sample: Sample) -> Self {
        let detectors = policy.detectors.clone();
        Self {
            policy,
            people: People::new(),
            sampler: Sampler::new(sample),
            tokens: Tokens::new(tokens::MAX_ORIGINALS, mode, detectors),
            memo: Memo::new(),
            links: Links::new(),
            spots: Spots::new(),
            seq: 0,
            request: Desk::default(),
            response: Desk::default(),
            line: Line::default(),
        }
    }

    /// Replaces what no rule keeps; `None` when the exchange's user is not in the sample.
    pub fn apply(&mut self, raw: &RawExchange) -> Option<Anonymized<'_>> {
        let mut request = Body::of_request(&mut self.request, &self.policy, raw, &mut self.memo);
        let mut response = Body::of_response(&mut self.response, &self.policy, raw, &mut self.memo);
        let (policy, people) = (&self.policy, &self.people);
        let evidence = Gather { policy, people }.all(&mut self.memo, raw, &request, &response);
        let moved = self.people.moved();
        let identity = self.people.identify(raw.client, &evidence);
        if self.people.moved() != moved {
            drop((request, response));
            self.memo.clear();
            request = Body::of_request(&mut self.request, &self.policy, raw, &mut self.memo);
            response = Body::of_response(&mut self.response, &self.policy, raw, &mut self.memo);
        }
        if !self.sampler.takes(identity.member.user) {
            return None;
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
            spots: &mut self.spots,
            spotted: Vec::new(),
            here: Here::default(),
            identifier: false,
        };
        let path = scrub.request(raw, &request, &mut self.line);
        let flags = flags(raw, scrub.identifier);
        let used = std::mem::take(&mut scrub.spotted);
        scrub.response(raw, &response, &mut self.line);
        let mut seen = Seen {
            session: identity.member.session,
            seq: self.seq,
            at_ns: raw.at_ns,
            end_ns: raw.at_ns.saturating_add(raw.timing.total_ns),
            owner: Owner::of_template(&path.template),
            used,
            given: std::mem::take(&mut scrub.spotted),
        };
        self.links.leave_news(&mut seen);
        let told = seen.given.iter().flat_map(|given| given.told());
        self.line
            .ids(told.map(|(place, token)| (in_body(place), token)));
        let links = self.links.of(&seen);
        self.line.finish(&raw.timing, &links, flags);
        Some(Anonymized {
            line: Cow::Borrowed(self.line.text()),
            seq: self.seq,
            truncated: raw.request_body.truncated() || raw.response_body.truncated(),
        })
    }

    /// How many values were replaced so far, by kind.
    pub fn redacted(&self) -> BTreeMap<&'static str, u64> {
        self.tokens.counts()
    }

    /// A search for everything private that was replaced so far.
    pub(crate) fn audit(&self) -> audit::Search<'_> {
        audit::Search::new(
            self.tokens.private_originals(),
            self.policy.vocabulary(),
            self.policy.detectors.clone(),
        )
        .among(self.tokens.made_up())
    }
}

impl Scrub<'_> {
    /// Writes the request; what its path became.
    fn request(&mut self, raw: &RawExchange, body: &Body<'_>, line: &mut Line) -> Arc<Known> {
        let path = self.known_path(&raw.path);
        line.request(raw.version, raw.method.as_str(), &path.template);
        line.path().extend_from_slice(&path.json);
        self.query(&raw.query, line.query());
        self.request_headers(&raw.request_headers, line.headers());
        self.request_body(body, line.body());
        path
    }

    fn query(&mut self, query: &str, out: &mut Vec<u8>) {
        self.part(
            Part::new(Place::Query, query),
            out,
            |scrub, out| {
                scrub.here.start("query");
                quoted(out, &scrub.pairs(query));
            },
            |gather, evidence| gather.pairs(query, evidence),
        );
    }

    fn response(&mut self, raw: &RawExchange, body: &Body<'_>, line: &mut Line) {
        line.response(raw.status);
        self.response_headers(&raw.response_headers, line.headers());
        self.response_body(body, line.body());
    }
}

/// Of a place in a JSON body the pointer.
fn in_body(place: &str) -> &str {
    place.strip_prefix("body#").unwrap_or(place)
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
