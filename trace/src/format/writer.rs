//! Writes a capture to any [`Write`]: one line a record, with a hash chain at each checkpoint.
//!
//! It accepts [`Anonymized`] exchanges only, so that nothing else can reach a file.

use std::io::{self, Write};

use serde::Serialize;

use super::chain::Chain;
pub(crate) use super::chain::hex;
use super::header::Header;
use super::totals::{Audit, Checkpoint, Dropped, Footer, LeftOut};
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
    /// The medium had refused before.
    #[error("writing has failed before; what was written until then can be read")]
    Over,
}

/// Appends records to a capture.
pub struct Writer<W: Write> {
    out: W,
    chain: Chain,
    line: Vec<u8>,
    exchanges: u64,
    bytes: u64,
    last_seq: u64,
    /// Whether the medium refused once. Nothing is written then any more: what was cut off would
    /// be in the middle of the file.
    refused: bool,
}

/// What a footer says beyond what the writer knows itself.
pub(crate) struct Totals {
    pub(crate) dropped: Dropped,
    pub(crate) left_out: LeftOut,
    pub(crate) truncated: u64,
    pub(crate) redacted: std::collections::BTreeMap<String, u64>,
    pub(crate) audit: Audit,
    pub(crate) repaired: bool,
}

impl<W: Write> Writer<W> {
    /// Starts a capture with its header, which is on the medium when this returns.
    pub fn start(out: W, header: &Header) -> Result<Self, WriteError> {
        let mut writer = Self {
            out,
            chain: Chain::default(),
            line: Vec::with_capacity(4096),
            exchanges: 0,
            bytes: 0,
            last_seq: 0,
            refused: false,
        };
        writer.write("header", header)?;
        writer.flush()?;
        Ok(writer)
    }

    /// Appends one exchange.
    pub fn append(&mut self, exchange: &Anonymized<'_>) -> Result<(), WriteError> {
        self.put_exchange(exchange.line(), exchange.seq())
    }

    /// Appends the line of an exchange from another capture, which had been made safe there. Its
    /// line feed may be missing.
    pub(crate) fn copy(&mut self, line: &[u8], seq: u64) -> Result<(), WriteError> {
        self.put_exchange(line, seq)?;
        self.put(b"\n")
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
    pub fn checkpoint(&mut self, dropped: Dropped, left_out: LeftOut) -> Result<(), WriteError> {
        let chain = self.link();
        let checkpoint = Checkpoint {
            seq: self.last_seq,
            exchanges: self.exchanges,
            offered: self.exchanges + dropped.total(),
            dropped,
            left_out,
            chain,
        };
        self.write("checkpoint", &checkpoint)?;
        self.flush()
    }

    /// Hands everything to the medium.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        self.attempt(W::flush)
    }

    /// Writes the footer and gives the medium back, flushed.
    pub(crate) fn finish(mut self, totals: Totals) -> Result<(W, Footer), WriteError> {
        let footer = Footer {
            exchanges: self.exchanges,
            offered: self.exchanges + totals.dropped.total(),
            dropped: totals.dropped,
            left_out: totals.left_out,
            truncated: totals.truncated,
            redacted: totals.redacted,
            audit: totals.audit,
            repaired: totals.repaired,
            chain: self.link(),
        };
        self.write("footer", &footer)?;
        self.flush()?;
        Ok((self.out, footer))
    }

    /// Closes the current stretch of the chain and starts the next one with its value.
    fn link(&mut self) -> String {
        hex(&self.chain.link())
    }

    fn write<T: Serialize>(&mut self, kind: &str, record: &T) -> Result<(), WriteError> {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        render(&mut line, kind, record).map_err(WriteError::Serialize)?;
        self.put(&line)?;
        self.line = line;
        Ok(())
    }

    fn put_exchange(&mut self, line: &[u8], seq: u64) -> Result<(), WriteError> {
        self.put(line)?;
        self.exchanges += 1;
        self.last_seq = seq;
        Ok(())
    }

    fn put(&mut self, line: &[u8]) -> Result<(), WriteError> {
        self.attempt(|out| out.write_all(line))?;
        self.chain.take(line);
        self.bytes += line.len() as u64;
        Ok(())
    }

    fn attempt(&mut self, act: impl FnOnce(&mut W) -> io::Result<()>) -> Result<(), WriteError> {
        if self.refused {
            return Err(WriteError::Over);
        }
        act(&mut self.out).map_err(|error| {
            self.refused = true;
            WriteError::Write(error)
        })
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
