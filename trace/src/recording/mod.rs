//! A recording: raw exchanges in, an anonymized and audited capture file out.
//!
//! The file is called `NAME.partial` until it is closed, and `NAME.quarantine` if the audit finds
//! something in it. A file that exists is never overwritten.

mod file;
pub mod repair;
mod sample;
mod series;

use std::io;
use std::path::{Path, PathBuf};

use crate::anonymize::audit::{Finding, Report};
use crate::anonymize::{Anonymizer, Mode, Policy};
pub use crate::format::LeftOut;
use crate::format::writer::Totals;
use crate::format::{
    Dropped, FORMAT, Footer, Header, ReadError, Reader, VERSION, WriteError, Writer, is_compressed,
};
use crate::raw::RawExchange;
use file::{Medium, create_free, settle};
pub use repair::{RepairError, Repaired, repair};
pub use sample::{By, Sample};
pub use series::Series;

/// What a recording needs to know.
pub struct Start<'a> {
    /// Where the finished capture goes; `.zst` at the end compresses.
    pub file: &'a Path,
    /// What anonymization does.
    pub policy: Policy,
    /// How it makes replacements.
    pub mode: Mode,
    /// Program and version, for the header.
    pub tool: &'a str,
    /// How many bytes of a body are kept.
    pub body_limit: u64,
    /// Which share of the traffic is recorded.
    pub sample: Sample,
    /// The recording that this file is part of.
    pub series: &'a Series,
    /// Nanoseconds from the beginning of the series to that of this file.
    pub starts_ns: u64,
}

/// A capture in the making.
pub struct Recording {
    writer: Writer<Medium>,
    anonymizer: Anonymizer,
    path: PathBuf,
    partial: PathBuf,
    truncated: u64,
    since_checkpoint: u64,
}

/// Exchanges that were offered and never reached [`Recording::record`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Missed {
    /// The queue was full.
    pub queue: u64,
    /// Too many bytes were waiting.
    pub size: u64,
    /// They came after the file could no longer be written.
    pub write: u64,
    /// They were not to be recorded, and so count as not offered.
    pub left_out: LeftOut,
}

/// What became of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is in the capture.
    Written,
    /// Its user is not in the sample.
    LeftOut,
}

/// A finished capture.
#[derive(Debug)]
pub struct Closed {
    /// Where it is.
    pub path: PathBuf,
    /// Its totals.
    pub footer: Footer,
    /// Whether the audit found something, so that it must not be shared.
    pub quarantined: bool,
    /// The first places where the audit found something; the footer counts all.
    pub findings: Vec<Finding>,
}

/// Why a recording cannot start, go on, or be closed.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file or its folder cannot be made.
    #[error("cannot create capture `{}`: {source}; check that the folder exists and is writable", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The medium refused.
    #[error("cannot write capture `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: WriteError,
    },
    /// What was written cannot be read again for the audit.
    #[error("cannot audit capture `{}`: {source}", path.display())]
    Audit {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ReadError,
    },
    /// The finished file cannot get its name.
    #[error("cannot rename capture `{}`: {source}", path.display())]
    Rename {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Recording {
    /// Creates the file, and its folder where that is missing.
    pub fn start(start: Start<'_>) -> Result<Self, RecordError> {
        let create = |source| RecordError::Create {
            path: start.file.to_owned(),
            source,
        };
        if let Some(folder) = start.file.parent() {
            std::fs::create_dir_all(folder).map_err(create)?;
        }
        let (path, partial, file) = create_free(start.file).map_err(create)?;
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            capture: random_name(),
            tool: start.tool.to_owned(),
            mode: start.mode.name().to_owned(),
            policy: start.policy.hash.clone(),
            body_limit: start.body_limit,
            sample: start.sample.share,
            sampled_by: start.sample.by.name().to_owned(),
            clock: start.series.clock.clone(),
            starts_ns: start.starts_ns,
        };
        let medium = Medium::new(file, is_compressed(&path)).map_err(create)?;
        let writer = Writer::start(medium, &header).map_err(|source| RecordError::Write {
            path: partial.clone(),
            source,
        })?;
        Ok(Self {
            writer,
            anonymizer: Anonymizer::new(start.policy, &start.mode, start.sample),
            path,
            partial,
            truncated: 0,
            since_checkpoint: 0,
        })
    }

    /// Where the finished capture will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Exchanges written so far.
    pub const fn exchanges(&self) -> u64 {
        self.writer.exchanges()
    }

    /// Bytes of lines written so far, before any compression.
    pub const fn bytes(&self) -> u64 {
        self.writer.bytes()
    }

    /// Anonymizes an exchange and appends it, if its user is in the sample.
    pub fn record(&mut self, raw: &RawExchange) -> Result<Recorded, RecordError> {
        let Some(safe) = self.anonymizer.apply(raw) else {
            return Ok(Recorded::LeftOut);
        };
        self.truncated += u64::from(safe.truncated());
        let written = self.writer.append(&safe);
        written.map_err(|source| self.write_error(source))?;
        self.since_checkpoint += 1;
        Ok(Recorded::Written)
    }

    /// Writes a checkpoint if anything came since the last one, and flushes. A file that somebody
    /// has removed takes all that is written to it, and nobody will ever read it: that is an error.
    pub fn checkpoint(&mut self, missed: Missed) -> Result<(), RecordError> {
        if self.since_checkpoint > 0 {
            let there = std::fs::metadata(&self.partial).map_err(WriteError::Write);
            there
                .and_then(|_| self.writer.checkpoint(dropped(missed), missed.left_out))
                .map_err(|source| self.write_error(source))?;
            self.since_checkpoint = 0;
        }
        Ok(())
    }

    /// Audits what was written, adds the footer, and gives the file its name.
    pub fn close(mut self, missed: Missed) -> Result<Closed, RecordError> {
        self.writer
            .flush()
            .map_err(|source| self.write_error(source))?;
        let report = self.audit()?;
        let totals = Totals {
            dropped: dropped(missed),
            left_out: missed.left_out,
            truncated: self.truncated,
            redacted: self
                .anonymizer
                .redacted()
                .into_iter()
                .map(|(kind, times)| (kind.to_owned(), times))
                .collect(),
            audit: report.totals(),
            repaired: false,
        };
        let (partial, path) = (self.partial, self.path);
        let (medium, footer) = self
            .writer
            .finish(totals)
            .map_err(|source| RecordError::Write {
                path: partial.clone(),
                source,
            })?;
        let rename = |source| RecordError::Rename {
            path: partial.clone(),
            source,
        };
        medium.finish().map_err(rename)?;
        let quarantined = footer.audit.found > 0;
        let path = settle(&partial, &path, quarantined).map_err(rename)?;
        Ok(Closed {
            path,
            footer,
            quarantined,
            findings: report.findings.first,
        })
    }

    fn audit(&self) -> Result<Report, RecordError> {
        let search = self.anonymizer.audit();
        Reader::open(&self.partial)
            .and_then(|reader| search.run(reader))
            .map_err(|source| RecordError::Audit {
                path: self.partial.clone(),
                source,
            })
    }

    fn write_error(&self, source: WriteError) -> RecordError {
        RecordError::Write {
            path: self.partial.clone(),
            source,
        }
    }
}

/// The anonymizer makes every exchange safe, so that the policy drops none.
const fn dropped(missed: Missed) -> Dropped {
    Dropped {
        queue: missed.queue,
        size: missed.size,
        policy: 0,
        write: missed.write,
        damage: 0,
    }
}

/// 26 random characters of Crockford's base 32, as a ULID has, without the time in it.
fn random_name() -> String {
    use rand::RngExt as _;
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut rng = rand::rng();
    (0..26)
        .map(|_| char::from(DIGITS[rng.random_range(0..DIGITS.len())]))
        .collect()
}
