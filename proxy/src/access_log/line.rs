//! An entry as a line of JSON: the fields of nginx's load-test log under their names, and ours.
//!
//! Quantities are numbers, so that they compare as such; what is not there is null. Nothing that a
//! person typed is in a line: of targets and referers only the application's own words, of the
//! user agent what does not look personal, of forwarding headers addresses, and never a key.

use std::collections::HashMap;
use std::fmt::Display;
use std::io::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use trace::anonymize::{self, LEFT_OUT, Policy};
use trace::raw::Method;

use super::pack::{Noted, Text};
use crate::access::client;

/// Makes lines.
pub(super) struct Formatter {
    policy: Option<Policy>,
    /// What is left of user agents that came before; there are few.
    agents: HashMap<Box<[u8]>, String>,
    /// Used again, so that a line allocates next to nothing.
    scratch: String,
}

/// User agents that are remembered.
const AGENTS: usize = 1024;

impl Formatter {
    pub(super) fn new(policy: Option<Policy>) -> Self {
        Self {
            policy,
            agents: HashMap::new(),
            scratch: String::new(),
        }
    }

    /// Appends the line of an entry that ended at `unix_nanos`.
    pub(super) fn line(&mut self, noted: &Noted<'_>, unix_nanos: i128, out: &mut Vec<u8>) {
        let facts = noted.facts;
        let mut line = Line::begin(out);
        let timestamp = Timestamp::from_nanosecond(unix_nanos).unwrap_or_default();
        line.plain("timestamp", &format_args!("\"{timestamp:.3}\""));
        line.plain("remote_addr", &format_args!("\"{}\"", facts.client));
        let method = noted.text(Text::Method).unwrap_or_default();
        line.text(
            "request_method",
            Some(Method::of(method.as_bytes()).as_str()),
        );
        let target = noted.text(Text::Target).unwrap_or_default();
        let prefix = noted.text(Text::Prefix);
        line.text("request_uri", Some(self.target(&target, prefix.as_deref())));
        line.text("request_protocol", Some(facts.protocol));
        line.plain("status", &facts.status);
        line.plain("body_bytes_sent", &facts.body_bytes);
        line.seconds("request_time", Some(facts.took));
        self.upstream(noted, &mut line);
        let referer = noted.text(Text::Referer);
        line.text(
            "http_referer",
            referer.map(|referer| self.referer(&referer)),
        );
        line.text(
            "http_user_agent",
            noted.bytes(Text::UserAgent).map(|agent| self.agent(agent)),
        );
        let chain = noted.text(Text::ForwardedFor);
        line.text(
            "http_x_forwarded_for",
            chain.map(|chain| self.chain(&chain)),
        );
        let mode = if facts.load_test { "1" } else { "0" };
        line.text("load_test_mode", Some(mode));
        line.text("load_test_key", noted.text(Text::Key).as_deref());
        line.plain("connection", &facts.connection);
        line.plain("connection_requests", &facts.connection_requests);
        line.text("route", noted.text(Text::Route).as_deref());
        line.text("request_id", noted.text(Text::RequestId).as_deref());
        line.text("refusal", facts.refusal);
        line.plain("tries", &facts.tries);
        line.text("run", noted.text(Text::Run).as_deref().map(run));
        line.end();
    }

    fn upstream(&self, noted: &Noted<'_>, line: &mut Line<'_>) {
        let facts = noted.facts;
        line.text("upstream_addr", noted.text(Text::Upstream).as_deref());
        match facts.upstream_status {
            Some(status) => line.plain("upstream_status", &status),
            None => line.plain("upstream_status", &"null"),
        }
        line.seconds("upstream_connect_time", facts.connect);
        line.seconds("upstream_header_time", facts.header);
        line.seconds("upstream_response_time", facts.response);
    }

    /// A target in the policy's words. Without a policy, the route's prefix at most.
    fn target(&mut self, target: &str, prefix: Option<&str>) -> &str {
        let out = &mut self.scratch;
        out.clear();
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let prefix = prefix.unwrap_or_default();
        let Some(policy) = &self.policy else {
            let known = target.strip_prefix(prefix);
            out.push_str(known.map_or("", |_| prefix));
            out.push_str(if known == Some("") { "" } else { LEFT_OUT });
            return out;
        };
        policy.outline_path(prefix, path, out);
        if let Some(query) = query {
            out.push('?');
            policy.outline_query(query, out);
        }
        out
    }

    /// The path and query of a page's address.
    fn referer(&mut self, referer: &str) -> &str {
        let target = referer
            .split_once("://")
            .and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
        self.target(target.unwrap_or_default(), None)
    }

    fn agent(&mut self, agent: &[u8]) -> &str {
        if !self.agents.contains_key(agent) {
            if self.agents.len() >= AGENTS {
                self.agents.clear();
            }
            let outline = anonymize::outline_agent(&String::from_utf8_lossy(agent));
            self.agents.insert(agent.into(), outline);
        }
        &self.agents[agent]
    }

    /// The addresses of a chain of proxies.
    fn chain(&mut self, chain: &str) -> &str {
        self.scratch.clear();
        for (index, hop) in chain.split(',').enumerate() {
            if index > 0 {
                self.scratch.push_str(", ");
            }
            match client::parse(hop.as_bytes()) {
                Some(address) => self.scratch.push_str(&address.to_string()),
                None => self.scratch.push_str(LEFT_OUT),
            }
        }
        &self.scratch
    }
}

/// The name of a run, where it looks like one.
fn run(name: &str) -> &str {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
    if name.bytes().all(is_plain) {
        name
    } else {
        LEFT_OUT
    }
}

/// A line in the making. Writing to memory does not fail.
struct Line<'o> {
    out: &'o mut Vec<u8>,
    begun: bool,
}

impl<'o> Line<'o> {
    fn begin(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, begun: false }
    }

    fn end(self) {
        self.out.extend_from_slice(b"}\n");
    }

    fn key(&mut self, key: &str) {
        if std::mem::replace(&mut self.begun, true) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A value that needs no escaping.
    fn plain(&mut self, key: &str, value: &dyn Display) {
        self.key(key);
        drop(write!(self.out, "{value}"));
    }

    fn text(&mut self, key: &str, text: Option<impl AsRef<str>>) {
        self.key(key);
        match text {
            Some(text) => drop(serde_json::to_writer(&mut *self.out, text.as_ref())),
            None => self.out.extend_from_slice(b"null"),
        }
    }

    /// Seconds, to the microsecond.
    fn seconds(&mut self, key: &str, duration: Option<Duration>) {
        self.key(key);
        match duration {
            Some(it) => drop(write!(
                self.out,
                "{}.{:06}",
                it.as_secs(),
                it.subsec_micros()
            )),
            None => self.out.extend_from_slice(b"null"),
        }
    }
}
