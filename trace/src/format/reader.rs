//! Reads a capture's exchanges, tolerating a damaged end and saying so.
//!
//! Fields and line types that this version does not know are skipped; a newer version is refused.

use std::borrow::Cow;
use std::io::BufRead;
use std::path::Path;

use serde::Deserialize;

use super::error::{LONGEST_LINE, LineProblem, ReadError, Warning};
use super::header::{self, Header, Refusal};
use super::lines::Lines;
use super::ordered::{Ordered, Window};
use super::quick;
use super::record::ExchangeRecord;
use super::totals::Footer;
use crate::exchange::Exchange;

/// An iterator over a capture's exchanges, in the order of the file.
pub struct Reader<R: BufRead> {
    lines: Lines<R>,
    parser: Parser,
    header: Header,
    footer: Option<Footer>,
    exchanges: u64,
    warnings: Vec<Warning>,
    done: bool,
}

/// A whole capture in memory, its exchanges sorted by time.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// The first line.
    pub header: Header,
    /// All exchanges, by `at_ns` and then `seq`.
    pub exchanges: Vec<Exchange>,
    /// Exchanges whose lines came after one that began later, as ends come.
    pub moved: u64,
    /// Those that came later than the window of [`Ordered`] allows, such as streams of minutes.
    pub late: u64,
    /// The last line, if the capture was closed.
    pub footer: Option<Footer>,
    /// What the reader should know.
    pub warnings: Vec<Warning>,
}

impl Capture {
    /// Reads the file at `path`, plain or `.zst`.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let mut ordered = Ordered::new(Reader::open(path)?, Window::default());
        let mut exchanges = ordered.by_ref().collect::<Result<Vec<_>, _>>()?;
        let (moved, late) = (ordered.moved(), ordered.late());
        if late > 0 {
            // In memory there is a place for those too.
            exchanges.sort_by_key(|exchange| (exchange.at_ns, exchange.seq));
        }
        let reader = ordered.into_input();
        Ok(Self {
            moved,
            late,
            header: reader.header,
            exchanges,
            footer: reader.footer,
            warnings: reader.warnings,
        })
    }
}

impl Reader<Box<dyn BufRead + Send>> {
    /// Opens the file at `path`, plain or `.zst`, and reads its header.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        Self::of(Lines::open(path)?)
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads the header from `input`; `path` is for messages.
    pub fn new(path: &Path, input: R) -> Result<Self, ReadError> {
        Self::of(Lines::new(path, input))
    }

    fn of(mut lines: Lines<R>) -> Result<Self, ReadError> {
        Ok(Self {
            header: read_header(&mut lines)?,
            lines,
            parser: Parser::default(),
            footer: None,
            exchanges: 0,
            warnings: Vec::new(),
            done: false,
        })
    }

    /// The first line.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The last line, once the end was reached.
    pub const fn footer(&self) -> Option<&Footer> {
        self.footer.as_ref()
    }

    /// What a reader should know, once the end was reached.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    fn next_exchange(&mut self) -> Result<Option<Exchange>, ReadError> {
        while self.lines.advance()? {
            match self.parser.parse(self.lines.text()) {
                Ok(Line::Exchange(exchange)) => {
                    self.exchanges += 1;
                    return Ok(Some(*exchange));
                }
                Ok(Line::Footer(footer)) => {
                    self.end(*footer);
                    return Ok(None);
                }
                Ok(Line::Checkpoint | Line::Other) => {}
                Err(_) if self.lines.is_last() => {
                    let line = self.lines.number();
                    self.warnings.push(Warning::TornTail { line });
                    break;
                }
                Err(problem) => return Err(ReadError::line(&self.lines, problem)),
            }
        }
        self.warnings.push(Warning::NotClosed);
        Ok(None)
    }

    fn end(&mut self, footer: Footer) {
        if footer.exchanges != self.exchanges {
            self.warnings.push(Warning::Miscounted {
                footer: footer.exchanges,
                read: self.exchanges,
            });
        }
        if footer.repaired {
            self.warnings.push(Warning::Repaired);
        }
        self.footer = Some(footer);
        if !self.lines.is_last() {
            self.warnings.push(Warning::AfterFooter);
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Exchange, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.next_exchange().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

/// What a line is.
pub(crate) enum Line {
    Exchange(Box<Exchange>),
    /// For who checks the file: it is not looked into.
    Checkpoint,
    Footer(Box<Footer>),
    /// Empty, or of a type that a later version added.
    Other,
}

#[derive(Deserialize)]
struct Type<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

/// The writer puts the type first, which spares the common line a second parse.
const EXCHANGE: &[u8] = b"{\"type\":\"exchange\",";

/// Reads the lines after the first.
#[derive(Default)]
pub(crate) struct Parser {
    seen: quick::Seen,
}

impl Parser {
    /// Reads one line.
    pub(crate) fn parse(&mut self, line: &[u8]) -> Result<Line, LineProblem> {
        if line.len() <= LONGEST_LINE
            && let Some(exchange) = quick::exchange(line, &mut self.seen)
        {
            return Ok(Line::Exchange(Box::new(exchange)));
        }
        parse(line)
    }
}

fn parse(line: &[u8]) -> Result<Line, LineProblem> {
    if line.len() > LONGEST_LINE {
        return Err(LineProblem::TooLong);
    }
    if line.trim_ascii().is_empty() {
        return Ok(Line::Other);
    }
    let kind = if line.starts_with(EXCHANGE) {
        "exchange".into()
    } else {
        serde_json::from_slice::<Type<'_>>(line)?.kind
    };
    Ok(match kind.as_ref() {
        "exchange" => {
            let record: ExchangeRecord<'_> = serde_json::from_slice(line)?;
            Line::Exchange(Box::new(record.into_exchange()?))
        }
        "checkpoint" => Line::Checkpoint,
        "footer" => Line::Footer(Box::new(serde_json::from_slice(line)?)),
        _ => Line::Other,
    })
}

/// Reads the first line.
pub(super) fn read_header<R: BufRead>(lines: &mut Lines<R>) -> Result<Header, ReadError> {
    let there = lines.advance()?;
    let path = lines.path().to_owned();
    if !there {
        return Err(ReadError::Empty { path });
    }
    header::parse(lines.text()).map_err(|refusal| match refusal {
        Refusal::NoHeader => ReadError::NotACapture { path },
        Refusal::TooNew(found) => ReadError::TooNew { path, found },
    })
}
