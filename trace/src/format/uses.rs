//! Which values of an answer are used by later requests, as a capture's links tell.
//!
//! An answer's line comes before those that use it: this reads ahead, nothing but links, for who
//! plays the capture. Bounded by lines, bytes and values.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::BufRead;
use std::path::Path;

use foldhash::quality::RandomState;
use memchr::memmem::FinderRev;
use serde::Deserialize;

use super::error::ReadError;
use super::lines::Lines;

/// Reads a capture's links ahead.
pub struct Uses<R> {
    /// `None` when there is no more to read.
    lines: Option<Lines<R>>,
    /// Lines and bytes of them so far.
    read: u64,
    bytes: u64,
    known: HashMap<u64, Vec<Used>, RandomState>,
    /// Values in there.
    values: usize,
    /// How many exchanges were asked for, and the latest of them.
    asked: u64,
    newest: u64,
    list: FinderRev<'static>,
}

/// A value of an answer that later requests use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// Where it is in the answer, such as `body#/items/3/id`.
    pub source: String,
    /// By how many places of requests, as far as that is known.
    pub times: u32,
}

#[derive(Deserialize)]
struct UseRecord<'a> {
    from: u64,
    #[serde(borrow)]
    source: Cow<'a, str>,
}

#[derive(Deserialize)]
struct LineRecord<'a> {
    #[serde(borrow, default)]
    links: Vec<UseRecord<'a>>,
}

impl Uses<Box<dyn BufRead + Send>> {
    /// Opens the file at `path`, plain or `.zst`.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        Lines::open(path).map(Self::of_lines)
    }
}

impl<R: BufRead> Uses<R> {
    /// Of a capture that is read from `input`; `path` is for messages.
    pub fn new(path: &Path, input: R) -> Self {
        Self::of_lines(Lines::new(path, input))
    }

    fn of_lines(lines: Lines<R>) -> Self {
        Self {
            lines: Some(lines),
            read: 0,
            bytes: 0,
            known: HashMap::default(),
            values: 0,
            asked: 0,
            newest: 0,
            list: FinderRev::new(LIST),
        }
    }

    /// What later requests use of the answer of exchange `seq`; told once. What is wrong with the
    /// file is for others to say: this only ends with it.
    pub fn of(&mut self, seq: u64) -> Vec<Used> {
        let until = seq.saturating_add(self.ahead());
        while self.lines.is_some() && self.read < until && self.values < MOST_VALUES {
            self.advance();
        }
        let used = self.known.remove(&seq).unwrap_or_default();
        self.values -= used.len();
        self.asked += 1;
        self.newest = self.newest.max(seq);
        if self.asked.is_multiple_of(MOST_LINES) {
            self.forget_before(seq.saturating_sub(MOST_LINES));
        }
        used
    }

    /// What is used by a line so far behind its answer's that it came too late is never asked for.
    fn forget_before(&mut self, seq: u64) {
        self.known.retain(|from, _| *from >= seq);
        self.values = self.known.values().map(Vec::len).sum();
    }

    /// Lines to be ahead by.
    fn ahead(&self) -> u64 {
        let line = (self.bytes / self.read.max(1)).max(1);
        (MOST_BYTES / line).clamp(LEAST_LINES, MOST_LINES)
    }

    fn advance(&mut self) {
        let Some(lines) = &mut self.lines else { return };
        if !lines.advance().unwrap_or(false) {
            self.lines = None;
            return;
        }
        self.read += 1;
        self.bytes += lines.text().len() as u64;
        // What was asked for already comes too late.
        let asked = self.newest.saturating_sub(REORDERED);
        for link in links(&self.list, lines.text())
            .into_iter()
            .filter(|it| it.from >= asked)
        {
            let of = self.known.entry(link.from).or_default();
            match of.iter_mut().find(|used| used.source == link.source) {
                Some(used) => used.times += 1,
                None => {
                    self.values += 1;
                    of.push(Used {
                        source: link.source.into_owned(),
                        times: 1,
                    });
                }
            }
        }
    }
}

/// The links of a line: quickly where the writer wrote it, for it puts them near the end, and a
/// string cannot look like them.
fn links<'a>(list: &FinderRev<'_>, line: &'a [u8]) -> Vec<UseRecord<'a>> {
    if let Some(at) = list.rfind(line) {
        let text = &line[at + LIST.len() - 1..];
        if text.starts_with(b"[]") {
            return Vec::new();
        }
        let mut list = serde_json::Deserializer::from_slice(text);
        return Vec::deserialize(&mut list).unwrap_or_default();
    }
    let record = serde_json::from_slice::<LineRecord<'_>>(line);
    record.map_or_else(|_| Vec::new(), |record| record.links)
}

const LIST: &[u8] = b",\"links\":[";

/// How far ahead lines are read: a session's links reach back by some dozens of its own exchanges,
/// which thousands of others can lie between.
const MOST_LINES: u64 = 131_072;
const LEAST_LINES: u64 = 4_096;
/// How far from their place exchanges may be asked for.
const REORDERED: u64 = 65_536;
/// How far ahead in bytes, so that a run begins soon whatever the lines are.
const MOST_BYTES: u64 = 64 << 20;
/// Values that are known at once: about 20 MB.
const MOST_VALUES: usize = 200_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seq: u64, links: &[(u64, &str)]) -> String {
        let links = links
            .iter()
            .map(|(from, source)| serde_json::json!({"from": from, "source": source, "into": "x"}));
        let links = serde_json::Value::from_iter(links);
        format!(
            "{{\"type\":\"exchange\",\"seq\":{seq},\"text\":\",\\\"links\\\":[7]\",\"links\":{links},\"flags\":[]}}\n"
        )
    }

    fn uses(text: &str) -> Uses<&[u8]> {
        Uses::new(Path::new("c.jsonl"), text.as_bytes())
    }

    fn told(uses: &mut Uses<&[u8]>, seq: u64) -> Vec<(String, u32)> {
        let used = uses.of(seq).into_iter();
        used.map(|used| (used.source, used.times)).collect()
    }

    #[test]
    fn what_later_lines_use_is_told_before_they_come() {
        let text = line(1, &[])
            + &line(2, &[(1, "body#/id"), (1, "header/etag")])
            + "{\"type\":\"checkpoint\"}\n"
            + "no line at all\n"
            // As somebody else might write it.
            + "{ \"links\" : [ {\"from\":2, \"source\":\"cookie/c\", \"into\":\"x\", \"new\":1} ], \"seq\":3 }\n"
            + &line(4, &[(1, "body#/id")]);
        let mut uses = uses(&text);
        let mut first = told(&mut uses, 1);
        first.sort();
        assert_eq!(
            first,
            [("body#/id".to_owned(), 2), ("header/etag".to_owned(), 1)]
        );
        assert_eq!(told(&mut uses, 2), [("cookie/c".to_owned(), 1)]);
        assert_eq!((told(&mut uses, 1), told(&mut uses, 9)), (vec![], vec![]));
    }

    #[test]
    fn it_stays_a_bounded_way_ahead() {
        let far = MOST_LINES + 10;
        let lines: String = (1..=far).map(|seq| line(seq, &[])).collect();
        let text = lines + &line(far + 1, &[(1, "body#/a"), (far, "body#/b")]);
        let mut uses = uses(&text);
        assert_eq!(told(&mut uses, 1), []);
        assert!(uses.read <= MOST_LINES + 1, "{}", uses.read);
        assert_eq!(told(&mut uses, far), [("body#/b".to_owned(), 1)]);
        assert_eq!(
            uses.values, 1,
            "of the first one, which was asked for already"
        );
        for _ in 0..MOST_LINES {
            uses.of(far + 1);
        }
        assert_eq!(uses.values, 0);
    }
}
