//! A capture's lines, of bounded length, plain or decompressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use memchr::memchr;

use super::error::{LONGEST_LINE, ReadError};

/// Reads line by line into one buffer.
pub(crate) struct Lines<R> {
    path: PathBuf,
    input: R,
    text: Vec<u8>,
    /// Lines read so far, and so the number of the current one.
    number: u64,
}

impl Lines<Box<dyn BufRead + Send>> {
    /// Opens the file, decompressing when its name says so.
    pub(crate) fn open(path: &Path) -> Result<Self, ReadError> {
        match open(path) {
            Ok(input) => Ok(Self::new(path, input)),
            Err(source) => Err(ReadError::Open {
                path: path.to_owned(),
                source,
            }),
        }
    }
}

impl<R: BufRead> Lines<R> {
    /// The lines of `input`; `path` is for messages.
    pub(crate) fn new(path: &Path, input: R) -> Self {
        Self {
            path: path.to_owned(),
            input,
            text: Vec::new(),
            number: 0,
        }
    }

    /// Goes on to the next line: up to and with the next line feed, or a byte more than a line may
    /// have. `false` when there is none.
    pub(crate) fn advance(&mut self) -> Result<bool, ReadError> {
        self.text.clear();
        let read = self.fill();
        match read {
            Err(error) if !is_cut_off(&error) => Err(ReadError::Read {
                path: self.path.clone(),
                line: self.number,
                source: error,
            }),
            _ => {
                self.number += u64::from(!self.text.is_empty());
                Ok(!self.text.is_empty())
            }
        }
    }

    /// As `read_until` does, with a quicker search.
    fn fill(&mut self) -> io::Result<()> {
        while self.text.len() <= LONGEST_LINE {
            let input = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                input => input?,
            };
            let room = LONGEST_LINE + 1 - self.text.len();
            let piece = &input[..input.len().min(room)];
            let end = memchr(b'\n', piece).map(|at| at + 1);
            let length = end.unwrap_or(piece.len());
            self.text.extend_from_slice(&piece[..length]);
            self.input.consume(length);
            if end.is_some() || length == 0 {
                break;
            }
        }
        Ok(())
    }

    /// The file, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The current line, with its line feed if it has one.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The current line's number, from 1.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Whether nothing follows the current line.
    pub(crate) fn is_last(&mut self) -> bool {
        match self.input.fill_buf() {
            Ok(rest) => rest.is_empty(),
            Err(error) => is_cut_off(&error),
        }
    }
}

/// Whether the input ends where a compressed one should not: its writer was killed.
fn is_cut_off(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
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
