//! Writes a capture to any [`Write`]: one line a record, with a hash chain at each checkpoint.
//!
//! It accepts [`Anonymized`] exchanges only, so that nothing else can reach a file.

use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::record::{Audit, Checkpoint, Dropped, Footer, Header};
use crate::anonymize::Anonymized;

/// A line that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The record could not be turned into JSON.
    #[error("{0}")]
    Serialize(serde_json::Error),
    /// The medium refused: full, gone, or read-only.
    #[error("{0}")]
    Write(io::Error),
}

/// Appends records to a capture.
pub struct Writer<W: Write> {
    out: W,
    /// Hash of the previous chain value and of every byte since.
    hasher: Sha256,
    line: Vec<u8>,
    exchanges: u64,
    bytes: u64,
    last_seq: u64,
}

/// What a footer says beyond what the writer knows itself.
pub(crate) struct Totals {
    pub(crate) dropped: Dropped,
    pub(crate) truncated: u64,
    pub(crate) redacted: std::collections::BTreeMap<String, u64>,
    pub(crate) audit: Audit,
}

impl<W: Write> Writer<W> {
    /// Starts a capture with its header.
    pub fn start(out: W, header: &Header) -> Result<Self, WriteError> {
        let mut writer = Self {
            out,
            hasher: Sha256::new(),
            line: Vec::with_capacity(4096),
            exchanges: 0,
            bytes: 0,
            last_seq: 0,
        };
        writer.write("header", header)?;
        Ok(writer)
    }

    /// Appends one exchange.
    pub fn append(&mut self, exchange: &Anonymized<'_>) -> Result<(), WriteError> {
        let line = exchange.line();
        self.out.write_all(line).map_err(WriteError::Write)?;
        self.hasher.update(line);
        self.bytes += line.len() as u64;
        self.exchanges += 1;
        self.last_seq = exchange.seq();
        Ok(())
    }

    /// Exchanges written so far.
    pub const fn exchanges(&self) -> u64 {
        self.exchanges
    }

    /// Bytes written so far.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes a checkpoint and flushes, so that everything before it survives a kill.
    pub fn checkpoint(&mut self, dropped: Dropped) -> Result<(), WriteError> {
        let chain = self.link();
        let checkpoint = Checkpoint {
            seq: self.last_seq,
            exchanges: self.exchanges,
            offered: self.exchanges + dropped.total(),
            dropped,
            chain,
        };
        self.write("checkpoint", &checkpoint)?;
        self.flush()
    }

    /// Hands everything to the medium.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        self.out.flush().map_err(WriteError::Write)
    }

    /// Writes the footer and gives the medium back, flushed.
    pub(crate) fn finish(mut self, totals: Totals) -> Result<(W, Footer), WriteError> {
        let footer = Footer {
            exchanges: self.exchanges,
            offered: self.exchanges + totals.dropped.total(),
            dropped: totals.dropped,
            truncated: totals.truncated,
            redacted: totals.redacted,
            audit: totals.audit,
            chain: self.link(),
        };
        self.write("footer", &footer)?;
        self.flush()?;
        Ok((self.out, footer))
    }

    /// Closes the current stretch of the chain and starts the next one with its value.
    fn link(&mut self) -> String {
        let value = std::mem::take(&mut self.hasher).finalize();
        self.hasher.update(value);
        hex(&value)
    }

    fn write<T: Serialize>(&mut self, kind: &str, record: &T) -> Result<(), WriteError> {
        self.line.clear();
        render(&mut self.line, kind, record).map_err(WriteError::Serialize)?;
        self.out.write_all(&self.line).map_err(WriteError::Write)?;
        self.hasher.update(&self.line);
        self.bytes += self.line.len() as u64;
        Ok(())
    }
}

/// Writes a record as a line.
pub(super) fn render<T: Serialize>(
    line: &mut Vec<u8>,
    kind: &str,
    record: &T,
) -> Result<(), serde_json::Error> {
    line.extend_from_slice(b"{\"type\":\"");
    line.extend_from_slice(kind.as_bytes());
    line.extend_from_slice(b"\",");
    let start = line.len();
    serde_json::to_writer(&mut *line, record)?;
    // Every record is an object with a field, so its own brace gives way to the type.
    line.remove(start);
    line.push(b'\n');
    Ok(())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}
