//! Checks a capture: every line, the order, the counts, and the hash chain at each checkpoint.
//!
//! One pass, in little memory. Damage does not stop it: the chain goes on with the next
//! checkpoint's own value, so that it can say between which lines something was changed.

use std::io::BufRead;
use std::path::Path;

use super::chain::{self, Chain};
use super::error::{LineProblem, ReadError};
use super::header::Header;
use super::lines::Lines;
pub use super::problem::Problem;
use super::reader::{Line, Parser, read_header};
use super::totals::{Checkpoint, Dropped, Footer, LeftOut};
use crate::exchange::Exchange;

/// What is known of a capture once all of it was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// The first line.
    pub header: Header,
    /// The last line, if the capture was closed.
    pub footer: Option<Footer>,
    /// Lines, with the first.
    pub lines: u64,
    /// Bytes, decompressed.
    pub bytes: u64,
    /// Exchanges that can be read.
    pub exchanges: u64,
    /// What the hash chain proves to be as it was written.
    pub proven: Proven,
    /// What came after the last checkpoint of a capture that was not closed.
    pub rest: Rest,
    /// How far exchanges are from the order of time: they are written when they end.
    pub disorder: Disorder,
    /// The first problems, in the order of the file.
    pub problems: Vec<Problem>,
    /// How many others there are.
    pub more_problems: u64,
}

/// What the hash chain proves to be as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proven {
    /// Ranges of lines, both ends included.
    pub lines: Vec<(u64, u64)>,
    /// The exchanges in them.
    pub exchanges: u64,
    /// What the last checkpoint or footer with a right value says was lost.
    pub dropped: Dropped,
    /// What it says was left out.
    pub left_out: LeftOut,
    /// How many exchanges it says there are, in proven lines and others.
    pub counted: u64,
}

/// Lines that no checkpoint covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rest {
    /// The line that they come after; none when the capture was closed.
    pub after: Option<u64>,
    /// Exchanges that can be read.
    pub exchanges: u64,
    /// Bytes of all of it.
    pub bytes: u64,
    /// The last line, when it is cut off or garbled.
    pub torn: Option<u64>,
}

/// How far exchanges are from the order of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Disorder {
    /// Exchanges that began before one that is written above them.
    pub exchanges: u64,
    /// By how much at most, in nanoseconds.
    pub longest_ns: u64,
}

impl Verified {
    /// Checks the file at `path`, plain or `.zst`.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        Self::check(Lines::open(path)?)
    }

    /// Checks what `input` says; `path` is for messages.
    pub fn read_from(path: &Path, input: impl BufRead) -> Result<Self, ReadError> {
        Self::check(Lines::new(path, input))
    }

    /// Whether it was closed, and all of it is as it was written.
    pub fn is_good(&self) -> bool {
        self.footer.is_some() && self.problems.is_empty()
    }

    /// The footer, if it was there and the chain up to it is right.
    pub fn proven_footer(&self) -> Option<&Footer> {
        let proven = self.proven.lines.last();
        let footer = self.footer.as_ref();
        footer.filter(|_| proven.is_some_and(|(_, to)| *to == self.lines))
    }

    fn check<R: BufRead>(mut lines: Lines<R>) -> Result<Self, ReadError> {
        let header = read_header(&mut lines)?;
        let mut check = Check::new(header);
        check.marked = lines.text().len() as u64;
        check.take(lines.text());
        loop {
            match lines.advance() {
                Ok(true) => {
                    if check.line(&mut lines) {
                        break;
                    }
                }
                Ok(false) => break,
                Err(error) => {
                    check.unreadable(lines.number(), &error);
                    break;
                }
            }
        }
        Ok(check.seen)
    }
}

/// A check under way.
struct Check {
    seen: Verified,
    parser: Parser,
    chain: Chain,
    /// The line with which the current stretch of the chain begins.
    from: u64,
    /// The last exchange's number.
    seq: u64,
    /// The latest beginning of an exchange.
    latest_ns: u64,
    /// How many more exchanges the last checkpoint counted than there are.
    missing: i128,
    /// Bytes up to the end of the last checkpoint, or of the header.
    marked: u64,
}

/// What a checkpoint and a footer both say.
struct Mark {
    seq: Option<u64>,
    exchanges: u64,
    offered: u64,
    dropped: Dropped,
    left_out: LeftOut,
    chain: String,
}

impl Check {
    fn new(header: Header) -> Self {
        Self {
            seen: Verified {
                header,
                footer: None,
                lines: 0,
                bytes: 0,
                exchanges: 0,
                proven: Proven::default(),
                rest: Rest {
                    after: Some(1),
                    ..Rest::default()
                },
                disorder: Disorder::default(),
                problems: Vec::new(),
                more_problems: 0,
            },
            parser: Parser::default(),
            chain: Chain::default(),
            from: 1,
            seq: 0,
            latest_ns: 0,
            missing: 0,
            marked: 0,
        }
    }

    /// Checks the current line; `true` when it is the footer.
    fn line<R: BufRead>(&mut self, lines: &mut Lines<R>) -> bool {
        let number = lines.number();
        match self.parser.parse(lines.text()) {
            Ok(Line::Exchange(exchange)) => self.exchange(number, &exchange),
            Ok(Line::Checkpoint) => match serde_json::from_slice::<Checkpoint>(lines.text()) {
                Ok(checkpoint) => self.mark(number, lines.text().len(), &checkpoint.into()),
                Err(error) => self.bad_line(number, &error.into()),
            },
            Ok(Line::Footer(footer)) => {
                self.mark(number, lines.text().len(), &Mark::from(&*footer));
                self.take(lines.text());
                self.seen.footer = Some(*footer);
                self.seen.rest = Rest::default();
                if !lines.is_last() {
                    self.problem(Problem::AfterFooter { line: number });
                }
                return true;
            }
            Ok(Line::Other) => {}
            Err(_) if lines.is_last() => self.seen.rest.torn = Some(number),
            Err(problem) => self.bad_line(number, &problem),
        }
        self.take(lines.text());
        false
    }

    fn take(&mut self, line: &[u8]) {
        self.chain.take(line);
        self.seen.lines += 1;
        self.seen.bytes += line.len() as u64;
        self.seen.rest.bytes = self.seen.bytes - self.marked;
    }

    fn bad_line(&mut self, line: u64, problem: &LineProblem) {
        self.problem(Problem::Line {
            line,
            problem: problem.to_string(),
        });
    }

    fn exchange(&mut self, line: u64, exchange: &Exchange) {
        if exchange.seq <= self.seq {
            self.problem(Problem::Order {
                line,
                seq: exchange.seq,
                after: self.seq,
            });
        }
        self.seq = exchange.seq;
        self.seen.exchanges += 1;
        self.seen.rest.exchanges += 1;
        let behind = self.latest_ns.saturating_sub(exchange.at_ns);
        let disorder = &mut self.seen.disorder;
        disorder.exchanges += u64::from(behind > 0);
        disorder.longest_ns = disorder.longest_ns.max(behind);
        self.latest_ns = self.latest_ns.max(exchange.at_ns);
    }

    /// A checkpoint or footer: what it says of everything above it.
    fn mark(&mut self, line: u64, length: usize, mark: &Mark) {
        let computed = self.chain.link();
        let said = chain::value(&mark.chain);
        let proves = said == Some(computed);
        if proves {
            self.prove(line, mark);
        } else {
            self.problem(Problem::Chain {
                from: self.from,
                to: line,
            });
            self.chain.start_from(&said.unwrap_or(computed));
        }
        self.count(line, mark);
        self.from = line;
        self.seen.rest = Rest {
            after: Some(line),
            ..Rest::default()
        };
        self.marked = self.seen.bytes + length as u64;
    }

    fn prove(&mut self, line: u64, mark: &Mark) {
        let proven = &mut self.seen.proven;
        match proven.lines.last_mut() {
            Some((_, to)) if *to == self.from => *to = line,
            _ => proven.lines.push((self.from, line)),
        }
        proven.exchanges += self.seen.rest.exchanges;
        proven.dropped = mark.dropped;
        proven.left_out = mark.left_out;
        proven.counted = mark.exchanges;
    }

    /// A difference is said once: from then on it is taken into account.
    fn count(&mut self, line: u64, mark: &Mark) {
        let are = self.seen.exchanges;
        let missing = i128::from(mark.exchanges) - i128::from(are);
        let last = mark.seq.is_none_or(|seq| seq == self.seq);
        if missing != self.missing || !last {
            self.problem(Problem::Miscounted {
                line,
                says: mark.exchanges,
                are,
            });
            self.missing = missing;
        }
        if mark.exchanges.checked_add(mark.dropped.total()) != Some(mark.offered) {
            self.problem(Problem::Offered { line });
        }
    }

    fn unreadable(&mut self, after: u64, error: &ReadError) {
        let reason = match error {
            ReadError::Read { source, .. } => source.to_string(),
            other => other.to_string(),
        };
        self.problem(Problem::Unreadable { after, reason });
    }

    fn problem(&mut self, problem: Problem) {
        if self.seen.problems.len() < MAX_PROBLEMS {
            self.seen.problems.push(problem);
        } else {
            self.seen.more_problems += 1;
        }
    }
}

impl From<Checkpoint> for Mark {
    fn from(checkpoint: Checkpoint) -> Self {
        Self {
            seq: Some(checkpoint.seq),
            exchanges: checkpoint.exchanges,
            offered: checkpoint.offered,
            dropped: checkpoint.dropped,
            left_out: checkpoint.left_out,
            chain: checkpoint.chain,
        }
    }
}

impl From<&Footer> for Mark {
    fn from(footer: &Footer) -> Self {
        Self {
            seq: None,
            exchanges: footer.exchanges,
            offered: footer.offered,
            dropped: footer.dropped,
            left_out: footer.left_out,
            chain: footer.chain.clone(),
        }
    }
}

/// Problems that are kept; the others are counted.
const MAX_PROBLEMS: usize = 20;
