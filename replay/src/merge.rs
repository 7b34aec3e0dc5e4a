//! Several captures as one: on one time line, with nobody taken for somebody else.
//!
//! Captures of one clock are put where they belong on it, such as the files of a recording that was
//! rotated. Others all begin together. Users, sessions and slots of the second capture and on get
//! its number (`u2` becomes `u2-2`): each capture numbers its own. Pure; read as it is asked for.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use trace::exchange::{Body, Content, Exchange};
use trace::format::Header;

use crate::heap::Heap;
use crate::plan::Recorded;
use crate::slot;

/// A capture: the file, and its first line.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) file: PathBuf,
    pub(crate) header: Header,
}

/// The exchanges of all captures by `at_ns`, those of each sorted by it. Those of a single one stay
/// as they are; of several, numbers are made so that no two are the same.
pub(crate) struct Merge<I> {
    captures: Vec<(Shift, I)>,
    /// The next exchange of each, by time, then by capture and number.
    next: Heap<(u64, usize, u64), (usize, Box<Recorded>)>,
    begun: bool,
}

/// What is done to the exchanges of one capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shift {
    /// Its place among the captures.
    index: usize,
    captures: usize,
    /// Added to its times.
    ns: u64,
}

impl<E, I: Iterator<Item = Result<Recorded, E>>> Merge<I> {
    /// Merges captures, each with what [`shifts`] says of it.
    pub(crate) fn new(captures: Vec<(Shift, I)>) -> Self {
        Self {
            captures,
            next: Heap::default(),
            begun: false,
        }
    }

    /// Takes the next exchange of a capture, when there is one.
    fn pull(&mut self, index: usize) -> Result<(), E> {
        let (shift, capture) = &mut self.captures[index];
        if let Some(recorded) = capture.next() {
            let mut recorded = Box::new(recorded?);
            shift.apply(&mut recorded.exchange);
            let place = (recorded.exchange.at_ns, index, recorded.exchange.seq);
            self.next.push(place, (index, recorded));
        }
        Ok(())
    }

    fn step(&mut self) -> Result<Option<Recorded>, E> {
        if let [(_, only)] = &mut self.captures[..] {
            return only.next().transpose();
        }
        if !std::mem::replace(&mut self.begun, true) {
            for index in 0..self.captures.len() {
                self.pull(index)?;
            }
        }
        let Some((index, recorded)) = self.next.pop() else {
            return Ok(None);
        };
        self.pull(index)?;
        Ok(Some(*recorded))
    }
}

impl<E, I: Iterator<Item = Result<Recorded, E>>> Iterator for Merge<I> {
    type Item = Result<Recorded, E>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

impl Shift {
    fn apply(self, exchange: &mut Exchange) {
        let number = |own: u64| own.saturating_mul(self.captures as u64) + self.index as u64;
        exchange.at_ns = exchange.at_ns.saturating_add(self.ns);
        exchange.seq = number(exchange.seq);
        exchange.connection = number(exchange.connection);
        for link in &mut exchange.links {
            link.from = number(link.from);
        }
        if self.index > 0 {
            rename(exchange, &format!("-{}", self.index + 1));
        }
    }
}

/// What is to be done to each capture, and what to be careful with.
pub(crate) fn shifts(sources: &[Source]) -> (Vec<Shift>, Vec<String>) {
    let zeros = zeros(sources);
    let shift = |(index, source): (usize, &Source)| Shift {
        index,
        captures: sources.len(),
        ns: source.header.starts_ns - zeros[&clock(index, &source.header)],
    };
    let shifts = sources.iter().enumerate().map(shift).collect();
    (shifts, warnings(sources, zeros.len()))
}

/// By whose clock a capture goes: those that name none have one each.
fn clock(index: usize, header: &Header) -> (usize, String) {
    match header.clock.as_str() {
        "" => (index, String::new()),
        clock => (usize::MAX, clock.to_owned()),
    }
}

/// When the first capture of each clock begins.
fn zeros(sources: &[Source]) -> BTreeMap<(usize, String), u64> {
    let mut zeros = BTreeMap::new();
    for (index, source) in sources.iter().enumerate() {
        let header = &source.header;
        let zero = zeros.entry(clock(index, header)).or_insert(u64::MAX);
        *zero = header.starts_ns.min(*zero);
    }
    zeros
}

fn warnings(sources: &[Source], clocks: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    if clocks > 1 {
        warnings.push(format!(
            "the captures go by {clocks} clocks, so that nobody knows which was first: \
             those of each clock begin together with the others"
        ));
    }
    let mut seen = HashSet::new();
    for source in sources {
        if !seen.insert(&source.header.capture) {
            warnings.push(format!(
                "capture `{}` is the same recording as one before it: its requests are sent twice",
                source.file.display()
            ));
        }
    }
    warnings
}

fn rename(exchange: &mut Exchange, suffix: &str) {
    exchange.user.push_str(suffix);
    exchange.session.push_str(suffix);
    let (request, response) = (&mut exchange.request, &mut exchange.response);
    let rename = |text: &mut String| {
        if let Some(renamed) = slot::renamed(text, suffix) {
            *text = renamed;
        }
    };
    for headers in [&mut request.headers, &mut response.headers] {
        let has_slot = |text: &str| slot::renamed(text, suffix).is_some();
        if headers.iter().any(|(_, value)| has_slot(value)) {
            headers.change_values(rename);
        }
    }
    [&mut request.path, &mut request.query]
        .into_iter()
        .chain(text(&mut request.body))
        .chain(text(&mut response.body))
        .for_each(rename);
}

fn text(body: &mut Body) -> Option<&mut String> {
    match &mut body.content {
        Content::Utf8(text) => Some(text),
        Content::None | Content::Base64(_) | Content::Shape(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use trace::exchange::{Headers, Link, Request, Response, Timing};

    use super::*;

    fn exchange(seq: u64, at_ns: u64) -> Exchange {
        Exchange {
            seq,
            at_ns,
            session: "s1".to_owned(),
            user: "u1".to_owned(),
            connection: seq,
            route: "GET /{id}".to_owned(),
            request: Request {
                version: "1.1".to_owned(),
                method: "GET".to_owned(),
                path: "/{{fresh:k1}}/{{no:slot}}".to_owned(),
                query: "as={{username:u1}}".to_owned(),
                headers: vec![("authorization".to_owned(), "Bearer {{auth:u1}}".to_owned())].into(),
                body: Body {
                    bytes: 20,
                    content: Content::Utf8("{\"p\":\"{{password:u1}}\"}".to_owned()),
                },
            },
            response: Response {
                status: 200,
                headers: Headers::default(),
                body: Body {
                    bytes: 20,
                    content: Content::Utf8("{\"t\":\"{{auth:u1}}\"}".to_owned()),
                },
            },
            timing: Timing {
                first_byte_ns: 1,
                total_ns: 2,
            },
            links: Vec::new(),
            flags: Vec::new(),
        }
    }

    type Made = (Source, Vec<Exchange>);

    fn source(name: &str, clock: &str, starts_ns: u64, exchanges: Vec<Exchange>) -> Made {
        let header = serde_json::json!({
            "format": "rehearsal-capture", "version": 1, "capture": name, "tool": "test",
            "mode": "tokens", "policy": "", "body_limit": 1, "sample": 1.0,
            "clock": clock, "starts_ns": starts_ns,
        });
        let source = Source {
            file: name.into(),
            header: serde_json::from_value(header).unwrap(),
        };
        (source, exchanges)
    }

    struct Merged {
        exchanges: Vec<Exchange>,
        warnings: Vec<String>,
    }

    fn merge<const N: usize>(made: [Made; N]) -> Merged {
        let (sources, exchanges): (Vec<_>, Vec<_>) = made.into_iter().unzip();
        let (shifts, warnings) = shifts(&sources);
        let captures = exchanges
            .into_iter()
            .map(|each| each.into_iter().map(|it| Ok::<_, Infallible>(it.into())));
        let merge = Merge::new(shifts.into_iter().zip(captures).collect());
        Merged {
            exchanges: merge.map(|it| it.unwrap().exchange).collect(),
            warnings,
        }
    }

    fn order(merged: &Merged) -> Vec<(u64, &str)> {
        let each = merged.exchanges.iter();
        each.map(|exchange| (exchange.at_ns, exchange.user.as_str()))
            .collect()
    }

    #[test]
    fn a_single_capture_stays_as_it_is() {
        let only = [source("a", "c", 90, vec![exchange(7, 5)])];
        let merged = merge(only);
        assert_eq!(merged.exchanges, [exchange(7, 5)]);
        assert!(merged.warnings.is_empty());
    }

    #[test]
    fn files_of_one_recording_follow_each_other() {
        let merged = merge([
            source("b", "c", 150, vec![exchange(1, 5), exchange(2, 10)]),
            source("a", "c", 100, vec![exchange(1, 0), exchange(2, 57)]),
        ]);
        assert_eq!(
            order(&merged),
            [(0, "u1-2"), (55, "u1"), (57, "u1-2"), (60, "u1")]
        );
        assert!(merged.warnings.is_empty());
        let seqs: HashSet<_> = merged.exchanges.iter().map(|it| it.seq).collect();
        assert_eq!(seqs.len(), 4);
        let connections: HashSet<_> = merged.exchanges.iter().map(|it| it.connection).collect();
        assert_eq!(connections.len(), 4);
    }

    #[test]
    fn captures_of_other_clocks_begin_together() {
        let merged = merge([
            source("a", "c", u64::MAX, vec![exchange(1, u64::MAX)]),
            source("b", "", 7, vec![exchange(1, 1)]),
            source("d", "", 9, vec![exchange(1, 0)]),
        ]);
        assert_eq!(order(&merged), [(0, "u1-3"), (1, "u1-2"), (u64::MAX, "u1")]);
        assert_eq!(merged.warnings.len(), 1);
        assert!(merged.warnings[0].contains("3 clocks"));
    }

    #[test]
    fn nobody_is_taken_for_somebody_else() {
        let merged = merge([
            source("a", "c", 0, vec![exchange(1, 0)]),
            source("b", "c", 1, vec![exchange(1, 0)]),
        ]);
        let [first, second] = &*merged.exchanges else {
            panic!("two exchanges");
        };
        assert_eq!(first.session, "s1");
        assert_eq!(
            (second.session.as_str(), second.user.as_str()),
            ("s1-2", "u1-2")
        );
        let request = &second.request;
        assert_eq!(request.path, "/{{fresh:k1-2}}/{{no:slot}}");
        assert_eq!(request.query, "as={{username:u1-2}}");
        assert_eq!(request.headers[0].1, "Bearer {{auth:u1-2}}");
        let body = Content::Utf8("{\"p\":\"{{password:u1-2}}\"}".to_owned());
        assert_eq!(request.body.content, body);
        let answer = Content::Utf8("{\"t\":\"{{auth:u1-2}}\"}".to_owned());
        assert_eq!(second.response.body.content, answer);
        assert_eq!(slot::parts(&request.query).len(), 2, "it is still a slot");
    }

    #[test]
    fn links_follow_their_exchanges() {
        let linked = |from| {
            let mut exchange = exchange(9, 20);
            exchange.links = vec![Link {
                from,
                source: "body#/id".to_owned(),
                into: "path/1".to_owned(),
            }];
            exchange
        };
        let merged = merge([
            source("a", "c", 0, vec![exchange(4, 0), linked(4)]),
            source("b", "c", 5, vec![exchange(4, 0), linked(4)]),
        ]);
        let (first, linked) = merged.exchanges.split_at(2);
        for (source, exchange) in first.iter().zip(linked) {
            assert_eq!(exchange.links[0].from, source.seq);
            assert_eq!(exchange.session, source.session);
        }
    }

    #[test]
    fn the_same_recording_twice_is_said() {
        let twice = || source("a", "c", 0, vec![exchange(1, 0)]);
        let merged = merge([twice(), twice()]);
        assert_eq!(merged.exchanges.len(), 2);
        assert!(
            merged.warnings[0].contains("sent twice"),
            "{:?}",
            merged.warnings
        );
    }
}
