//! Reads a capture line by line, tolerating a torn end and saying so.
//!
//! Fields and line types that this version does not know are skipped; a newer version is refused.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::{LONGEST_LINE, LineProblem, ReadError, Warning};
use super::record::{ExchangeRecord, Footer, Header};
use super::{FORMAT, VERSION};
use crate::exchange::Exchange;

/// An iterator over a capture's exchanges, in the order of the file.
pub struct Reader<R: BufRead> {
    path: PathBuf,
    input: R,
    buffer: Vec<u8>,
    line: u64,
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
    /// The last line, if the capture was closed.
    pub footer: Option<Footer>,
    /// What the reader should know.
    pub warnings: Vec<Warning>,
}

impl Capture {
    /// Reads the file at `path`, plain or `.zst`.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let mut reader = Reader::open(path)?;
        let mut exchanges = reader.by_ref().collect::<Result<Vec<_>, _>>()?;
        exchanges.sort_by_key(|exchange| (exchange.at_ns, exchange.seq));
        Ok(Self {
            header: reader.header,
            exchanges,
            footer: reader.footer,
            warnings: reader.warnings,
        })
    }
}

impl Reader<Box<dyn BufRead>> {
    /// Opens the file at `path`, plain or `.zst`, and reads its header.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let input = open_lines(path).map_err(|source| ReadError::Open {
            path: path.to_owned(),
            source,
        })?;
        Self::new(path, input)
    }
}

impl<R: BufRead> Reader<R> {
    /// Reads the header from `input`; `path` is for messages.
    pub fn new(path: &Path, mut input: R) -> Result<Self, ReadError> {
        let path = path.to_owned();
        let mut buffer = Vec::new();
        let read = read_line(&mut input, &mut buffer).map_err(|source| ReadError::Read {
            path: path.clone(),
            line: 0,
            source,
        })?;
        if read == 0 {
            return Err(ReadError::Empty { path });
        }
        let header = match parse_header(&buffer) {
            Some(Preamble { version, .. }) if version > VERSION => {
                return Err(ReadError::TooNew {
                    path,
                    found: version,
                });
            }
            Some(Preamble {
                header: Some(header),
                ..
            }) => header,
            _ => return Err(ReadError::NotACapture { path }),
        };
        Ok(Self {
            path,
            input,
            buffer,
            line: 1,
            header,
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
        while self.next_line()? {
            match parse_line(&self.buffer) {
                Ok(Line::Exchange(exchange)) => {
                    self.exchanges += 1;
                    return Ok(Some(*exchange));
                }
                Ok(Line::Footer(footer)) => return self.end(*footer).map(|()| None),
                Ok(Line::Other) => {}
                Err(_) if !self.buffer.ends_with(b"\n") && self.buffer.len() <= LONGEST_LINE => {
                    self.warnings.push(Warning::TornTail { line: self.line });
                    break;
                }
                Err(problem) => {
                    return Err(ReadError::Line {
                        path: self.path.clone(),
                        line: self.line,
                        problem,
                    });
                }
            }
        }
        self.warnings.push(Warning::NotClosed);
        Ok(None)
    }

    fn next_line(&mut self) -> Result<bool, ReadError> {
        let read = read_line(&mut self.input, &mut self.buffer);
        let read = read.map_err(|source| ReadError::Read {
            path: self.path.clone(),
            line: self.line,
            source,
        })?;
        self.line += 1;
        Ok(read > 0)
    }

    fn end(&mut self, footer: Footer) -> Result<(), ReadError> {
        if footer.exchanges != self.exchanges {
            self.warnings.push(Warning::Miscounted {
                footer: footer.exchanges,
                read: self.exchanges,
            });
        }
        self.footer = Some(footer);
        if self.next_line()? {
            self.warnings.push(Warning::AfterFooter);
        }
        Ok(())
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

/// Opens the file's lines, decompressing when the name ends in `.zst`.
fn open_lines(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a folder",
        ));
    }
    if super::is_compressed(path) {
        Ok(Box::new(BufReader::new(zstd::Decoder::new(file)?)))
    } else {
        Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
    }
}

enum Line {
    Exchange(Box<Exchange>),
    Footer(Box<Footer>),
    Other,
}

#[derive(Deserialize)]
struct Type<'a> {
    #[serde(rename = "type", borrow)]
    kind: std::borrow::Cow<'a, str>,
}

/// The writer puts the type first, which spares the common line a second parse.
const EXCHANGE: &[u8] = b"{\"type\":\"exchange\",";

fn parse_line(line: &[u8]) -> Result<Line, LineProblem> {
    if line.len() > LONGEST_LINE {
        return Err(LineProblem::TooLong);
    }
    if line.trim_ascii().is_empty() {
        return Ok(Line::Other);
    }
    let exchange = line.starts_with(EXCHANGE);
    let kind = if exchange {
        "exchange".into()
    } else {
        serde_json::from_slice::<Type<'_>>(line)?.kind
    };
    Ok(match kind.as_ref() {
        "exchange" => {
            let record: ExchangeRecord<'_> = serde_json::from_slice(line)?;
            Line::Exchange(Box::new(record.into_exchange()?))
        }
        "footer" => Line::Footer(Box::new(serde_json::from_slice(line)?)),
        _ => Line::Other,
    })
}

struct Preamble {
    version: u32,
    header: Option<Header>,
}

/// The version comes first, because a newer header may lack what this one needs.
fn parse_header(line: &[u8]) -> Option<Preamble> {
    #[derive(Deserialize)]
    struct Outline {
        format: String,
        version: u32,
    }
    let outline: Outline = serde_json::from_slice(line).ok()?;
    (outline.format == FORMAT).then(|| Preamble {
        version: outline.version,
        header: serde_json::from_slice(line).ok(),
    })
}

/// Reads up to and with the next line feed, or a byte more than a line may have. The cut-off end
/// of a compressed file ends the lines.
fn read_line(input: &mut impl BufRead, buffer: &mut Vec<u8>) -> io::Result<usize> {
    buffer.clear();
    match input
        .take(LONGEST_LINE as u64 + 1)
        .read_until(b'\n', buffer)
    {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(buffer.len()),
        other => other,
    }
}
