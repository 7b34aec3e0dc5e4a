//! Several captures as one: on one time line, with nobody taken for somebody else.
//!
//! Captures of one clock are put where they belong on it, such as the files of a recording that was
//! rotated. Others all begin together. Users, sessions and slots of the second capture and on get
//! its number (`u2` becomes `u2-2`): each capture numbers its own. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use trace::exchange::{Body, Content, Exchange};
use trace::format::{Capture, Header};

use crate::slot;

/// A capture, and the file that it came from.
pub(crate) struct Source {
    pub(crate) file: PathBuf,
    pub(crate) capture: Capture,
}

/// What is played.
#[derive(Debug, Default)]
pub(crate) struct Merged {
    /// By `at_ns`, numbered in this order from 1 unless there was a single capture.
    pub(crate) exchanges: Vec<Exchange>,
    /// What to be careful with.
    pub(crate) warnings: Vec<String>,
}

/// Puts captures together, in the order of time. A single one stays as it is.
pub(crate) fn merge(sources: &mut [Source]) -> Merged {
    if let [only] = sources {
        return Merged {
            exchanges: std::mem::take(&mut only.capture.exchanges),
            warnings: Vec::new(),
        };
    }
    let zeros = zeros(sources);
    let warnings = warnings(sources, zeros.len());
    let mut all = Vec::new();
    let mut connections = 0;
    for (index, source) in sources.iter_mut().enumerate() {
        let header = &source.capture.header;
        let shift = header.starts_ns - zeros[&clock(index, header)];
        let mut exchanges = std::mem::take(&mut source.capture.exchanges);
        for exchange in &mut exchanges {
            exchange.at_ns = exchange.at_ns.saturating_add(shift);
            exchange.connection = exchange.connection.saturating_add(connections);
            if index > 0 {
                rename(exchange, &format!("-{}", index + 1));
            }
        }
        let last = exchanges.iter().map(|exchange| exchange.connection).max();
        connections = last.unwrap_or(connections).max(connections);
        all.extend(exchanges.into_iter().map(|exchange| (index, exchange)));
    }
    // Each capture is in order already, which makes this a merge.
    all.sort_by_key(|(index, exchange)| (exchange.at_ns, *index, exchange.seq));
    Merged {
        exchanges: renumber(all),
        warnings,
    }
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
        let header = &source.capture.header;
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
        if !seen.insert(&source.capture.header.capture) {
            warnings.push(format!(
                "capture `{}` is the same recording as one before it: its requests are sent twice",
                source.file.display()
            ));
        }
    }
    warnings
}

/// Numbers exchanges in their new order, and lets links follow.
fn renumber(all: Vec<(usize, Exchange)>) -> Vec<Exchange> {
    let numbered = (1..).zip(&all);
    let new: HashMap<(usize, u64), u64> = numbered
        .map(|(number, (index, exchange))| ((*index, exchange.seq), number))
        .collect();
    let renumbered = all.into_iter().map(|(index, mut exchange)| {
        exchange.seq = new[&(index, exchange.seq)];
        exchange.links.retain_mut(|link| {
            let from = new.get(&(index, link.from));
            link.from = from.copied().unwrap_or_default();
            from.is_some()
        });
        exchange
    });
    renumbered.collect()
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
                body: Body::EMPTY,
            },
            timing: Timing {
                first_byte_ns: 1,
                total_ns: 2,
            },
            links: Vec::new(),
            flags: Vec::new(),
        }
    }

    fn source(name: &str, clock: &str, starts_ns: u64, exchanges: Vec<Exchange>) -> Source {
        let header = serde_json::json!({
            "format": "rehearsal-capture", "version": 1, "capture": name, "tool": "test",
            "mode": "tokens", "policy": "", "body_limit": 1, "sample": 1.0,
            "clock": clock, "starts_ns": starts_ns,
        });
        Source {
            file: name.into(),
            capture: Capture {
                header: serde_json::from_value(header).unwrap(),
                exchanges,
                moved: 0,
                late: 0,
                footer: None,
                warnings: Vec::new(),
            },
        }
    }

    fn order(merged: &Merged) -> Vec<(u64, &str)> {
        let each = merged.exchanges.iter();
        each.map(|exchange| (exchange.at_ns, exchange.user.as_str()))
            .collect()
    }

    #[test]
    fn a_single_capture_stays_as_it_is() {
        let mut only = [source("a", "c", 90, vec![exchange(7, 5)])];
        let merged = merge(&mut only);
        assert_eq!(merged.exchanges, [exchange(7, 5)]);
        assert!(merged.warnings.is_empty());
    }

    #[test]
    fn files_of_one_recording_follow_each_other() {
        let merged = merge(&mut [
            source("b", "c", 150, vec![exchange(1, 5), exchange(2, 10)]),
            source("a", "c", 100, vec![exchange(1, 0), exchange(2, 57)]),
        ]);
        assert_eq!(
            order(&merged),
            [(0, "u1-2"), (55, "u1"), (57, "u1-2"), (60, "u1")]
        );
        assert!(merged.warnings.is_empty());
        let seqs: Vec<_> = merged.exchanges.iter().map(|it| it.seq).collect();
        assert_eq!(seqs, [1, 2, 3, 4]);
        let connections: HashSet<_> = merged.exchanges.iter().map(|it| it.connection).collect();
        assert_eq!(connections.len(), 4);
    }

    #[test]
    fn captures_of_other_clocks_begin_together() {
        let merged = merge(&mut [
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
        let merged = merge(&mut [
            source("a", "c", 0, vec![exchange(1, 0)]),
            source("b", "c", 1, vec![exchange(1, 0)]),
        ]);
        let [first, second] = &*merged.exchanges else {
            panic!("two exchanges");
        };
        assert_eq!(first, &exchange(1, 0));
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
        assert_eq!(slot::parts(&request.query).len(), 2, "it is still a slot");
    }

    #[test]
    fn links_follow_their_exchanges() {
        let linked = |from| {
            let mut exchange = exchange(9, 20);
            exchange.links = [from, 77]
                .into_iter()
                .map(|from| Link {
                    from,
                    source: "body#/id".to_owned(),
                    into: "path/1".to_owned(),
                })
                .collect();
            exchange
        };
        let merged = merge(&mut [
            source("a", "c", 0, vec![exchange(4, 0), linked(4)]),
            source("b", "c", 5, vec![exchange(4, 0), linked(4)]),
        ]);
        let links: Vec<Vec<_>> = merged
            .exchanges
            .iter()
            .map(|exchange| exchange.links.iter().map(|link| link.from).collect())
            .collect();
        assert_eq!(links, [vec![], vec![], vec![1], vec![2]]);
    }

    #[test]
    fn the_same_recording_twice_is_said() {
        let twice = || source("a", "c", 0, vec![exchange(1, 0)]);
        let merged = merge(&mut [twice(), twice()]);
        assert_eq!(merged.exchanges.len(), 2);
        assert!(
            merged.warnings[0].contains("sent twice"),
            "{:?}",
            merged.warnings
        );
    }
}
