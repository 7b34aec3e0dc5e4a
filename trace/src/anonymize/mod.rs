//! Anonymization: from a raw exchange to one that may be written.
//!
//! Fail closed: what no rule of the [`Policy`] keeps is replaced. Only [`Anonymizer::apply`] makes
//! an [`Anonymized`], and only that can be written.

mod address;
pub(crate) mod audit;
mod body;
mod detect;
mod draw;
mod evidence;
mod headers;
mod made_up;
mod original;
mod outline;
mod people;
mod policy;
mod policy_file;
mod scrub;
mod template;
mod tokens;
mod url;

use std::collections::BTreeMap;

pub use outline::{LEFT_OUT, outline_text};
pub use policy::Policy;
pub use policy_file::{LoadError, PolicyError};

use crate::exchange::{Exchange, Flag, Request, Response};
use crate::raw::RawExchange;
use people::People;
use scrub::Scrub;
use tokens::Tokens;

/// Makes exchanges safe to write. One for each capture.
pub struct Anonymizer {
    policy: Policy,
    people: People,
    tokens: Tokens,
    seq: u64,
}

/// An exchange that holds nothing personal any more, as far as the policy and the detectors know.
pub struct Anonymized(Exchange);

impl Anonymized {
    /// What may be written.
    pub const fn exchange(&self) -> &Exchange {
        &self.0
    }

    /// Lets the tests of the format write what they like.
    #[cfg(test)]
    pub(crate) const fn for_format_tests(exchange: Exchange) -> Self {
        Self(exchange)
    }
}

impl Anonymizer {
    /// Starts with nothing seen and a fresh secret.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            people: People::default(),
            tokens: Tokens::new(tokens::MAX_ORIGINALS),
            seq: 0,
        }
    }

    /// Replaces what no rule keeps.
    pub fn apply(&mut self, raw: &RawExchange) -> Anonymized {
        let request_body = body::parse(&raw.request_body, &raw.request_headers);
        let response_body = body::parse(&raw.response_body, &raw.response_headers);
        let evidence = evidence::gather(&self.policy, raw, &request_body, &response_body);
        let identity = self.people.identify(raw.client, &evidence);
        let mut scrub = Scrub {
            policy: &self.policy,
            tokens: &mut self.tokens,
            people: &self.people,
            identity,
            identifier: false,
        };
        let safe_path = scrub.path(&raw.path);
        let request = Request {
            version: raw.version.to_owned(),
            method: method(&raw.method).to_owned(),
            query: scrub.query(&raw.query),
            headers: scrub.headers(&raw.request_headers),
            body: scrub.request_body(&request_body, raw.request_body.total()),
            path: safe_path.path,
        };
        let identifier = scrub.identifier;
        let response = Response {
            status: raw.status,
            headers: scrub.headers(&raw.response_headers),
            body: scrub.response_body(&response_body, raw.response_body.total()),
        };
        self.seq += 1;
        Anonymized(Exchange {
            seq: self.seq,
            at_ns: raw.at_ns,
            session: format!("s{}", identity.member.session),
            user: format!("u{}", identity.member.user),
            connection: raw.connection,
            route: format!("{} {}", method(&raw.method), safe_path.template),
            request,
            response,
            timing: raw.timing,
            links: Vec::new(),
            flags: flags(raw, identifier),
        })
    }

    /// How many values were replaced so far, by kind.
    pub fn redacted(&self) -> &BTreeMap<String, u64> {
        self.tokens.counts()
    }

    /// A search for everything private that was replaced so far.
    pub(crate) fn audit(&self) -> audit::Search {
        audit::Search::new(self.tokens.private_originals(), self.policy.vocabulary())
    }
}

/// The method, if HTTP knows it: any other may be anything that somebody typed.
pub fn method(method: &str) -> &str {
    let known = METHODS.iter().find(|known| **known == method);
    known.copied().unwrap_or("UNKNOWN")
}

const METHODS: [&str; 9] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

fn flags(raw: &RawExchange, identifier: bool) -> Vec<Flag> {
    let flags = [
        (raw.aborted, Flag::Aborted),
        (identifier, Flag::Identifier),
        (raw.request_body.truncated(), Flag::RequestTruncated),
        (raw.response_body.truncated(), Flag::ResponseTruncated),
    ];
    flags
        .into_iter()
        .filter(|(set, _)| *set)
        .map(|(_, flag)| flag)
        .collect()
}

#[cfg(test)]
mod tests;
