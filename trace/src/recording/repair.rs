//! Makes a clean capture from a damaged one.
//!
//! What the hash chain proves is kept, and what follows the last checkpoint as far as it can be
//! read. What lies between and is not as it was written is left out and counted: a line that can be
//! read there may still say something else than it did. Two passes, in little memory.

use std::fs::File;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use super::file::{Medium, create_new, place, with_suffix};
use crate::anonymize::audit::{Finding, Report, personal_looking};
use crate::exchange::Flag;
use crate::format::lines::Lines;
use crate::format::reader::{Line, Parser};
use crate::format::verify::{Proven, Verified};
use crate::format::writer::Totals;
use crate::format::{
    Audit, Checkpoint, Dropped, Footer, ReadError, WriteError, Writer, is_compressed,
};

/// A clean capture, made from a damaged one.
#[derive(Debug)]
pub struct Repaired {
    /// Where it is: as asked for, or with `.quarantine` at its end.
    pub path: PathBuf,
    /// Its totals.
    pub footer: Footer,
    /// What looks personal in it. The originals are gone, so that nothing else could be searched.
    pub findings: Vec<Finding>,
}

/// Why there is no clean capture.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The damaged one cannot be read at all, or the clean one cannot be read again.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Something of that name is there already.
    #[error("`{}` exists; name another file, or move it away", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be made or written.
    #[error("cannot write `{}`: {source}; check that the folder exists and has room", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: WriteError,
    },
}

/// Writes what is whole of the capture `from` to the new file `to`, each plain or `.zst`.
pub fn repair(from: &Path, to: &Path) -> Result<Repaired, RepairError> {
    let partial = with_suffix(to, "partial");
    for path in [
        to.to_owned(),
        with_suffix(to, "quarantine"),
        partial.clone(),
    ] {
        if path.exists() {
            return Err(RepairError::Exists { path });
        }
    }
    let verified = Verified::read(from)?;
    let file = create_new(&partial).map_err(|source| cannot_write(&partial, source))?;
    let repaired = fill(from, &verified, file, &partial, to);
    if repaired.is_err() {
        // It is ours, and of no use; the error that matters is the first.
        drop(std::fs::remove_file(&partial));
    }
    repaired
}

fn fill(
    from: &Path,
    verified: &Verified,
    file: File,
    partial: &Path,
    to: &Path,
) -> Result<Repaired, RepairError> {
    let failed = |source| RepairError::Write {
        path: partial.to_owned(),
        source,
    };
    let medium = Medium::new(file, is_compressed(to)).map_err(|it| cannot_write(partial, it))?;
    let mut copy = Copy {
        parser: Parser::default(),
        proven: &verified.proven,
        rest: verified.rest.after,
        writer: Writer::start(medium, &verified.header).map_err(failed)?,
        seq: 0,
        lost: 0,
        truncated: 0,
    };
    let mut lines = Lines::open(from)?;
    while lines.number() < verified.lines && lines.advance()? {
        copy.line(&lines).map_err(failed)?;
    }
    copy.writer.flush().map_err(failed)?;
    let report = personal_looking(partial, None)?;
    let totals = copy.totals(verified, &report);
    let (medium, footer) = copy.writer.finish(totals).map_err(failed)?;
    medium.finish().map_err(|it| cannot_write(partial, it))?;
    let path = match report.findings.total() {
        0 => to.to_owned(),
        _ => with_suffix(to, "quarantine"),
    };
    place(partial, &path).map_err(|it| cannot_write(&path, it))?;
    Ok(Repaired {
        path,
        footer,
        findings: report.findings.first,
    })
}

/// What is kept, on its way.
struct Copy<'a> {
    parser: Parser,
    proven: &'a Proven,
    /// The line after which no checkpoint follows; none in a capture that was closed.
    rest: Option<u64>,
    writer: Writer<Medium>,
    /// The last number of an exchange that was kept.
    seq: u64,
    /// Exchanges that are known to have been there.
    lost: u64,
    truncated: u64,
}

impl Copy<'_> {
    fn line<R: BufRead>(&mut self, lines: &Lines<R>) -> Result<(), WriteError> {
        let number = lines.number();
        let keep = self.is_proven(number) || self.rest.is_some_and(|rest| number > rest);
        match self.parser.parse(lines.text()) {
            Ok(Line::Exchange(exchange)) if keep && exchange.seq > self.seq => {
                let cut =
                    |flag: &Flag| matches!(flag, Flag::RequestTruncated | Flag::ResponseTruncated);
                self.seq = exchange.seq;
                self.truncated += u64::from(exchange.flags.iter().any(cut));
                self.writer
                    .copy(lines.text().trim_ascii_end(), exchange.seq)?;
            }
            Ok(Line::Exchange(_)) => self.lost += 1,
            Err(_) if !began_otherwise(lines.text()) => self.lost += 1,
            Ok(Line::Checkpoint) if self.is_proven(number) => {
                if let Ok(checkpoint) = serde_json::from_slice(lines.text()) {
                    self.checkpoint(&checkpoint)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The account of everything up to here, as the recorder gave it.
    fn checkpoint(&mut self, there: &Checkpoint) -> Result<(), WriteError> {
        self.lost = there.exchanges.saturating_sub(self.writer.exchanges());
        let dropped = self.dropped(there.dropped);
        self.writer.checkpoint(dropped, there.left_out)
    }

    fn dropped(&self, dropped: Dropped) -> Dropped {
        Dropped {
            damage: dropped.damage.saturating_add(self.lost),
            ..dropped
        }
    }

    /// Ranges come in the order of the lines, so that those behind are of no use any more.
    fn is_proven(&self, line: u64) -> bool {
        let next = self.proven.lines.partition_point(|(_, to)| *to < line);
        let range = self.proven.lines.get(next);
        range.is_some_and(|(from, _)| *from <= line)
    }

    fn totals(&mut self, verified: &Verified, report: &Report) -> Totals {
        let proven = &verified.proven;
        let footer = verified.proven_footer();
        if let Some(footer) = footer {
            self.lost = footer.exchanges.saturating_sub(self.writer.exchanges());
        }
        Totals {
            dropped: self.dropped(proven.dropped),
            left_out: proven.left_out,
            truncated: self.truncated,
            redacted: footer.map(|it| it.redacted.clone()).unwrap_or_default(),
            audit: Audit {
                found: report.findings.total(),
                ..Audit::default()
            },
            repaired: true,
        }
    }
}

fn cannot_write(path: &Path, source: io::Error) -> RepairError {
    RepairError::Write {
        path: path.to_owned(),
        source: WriteError::Write(source),
    }
}

/// Whether a line that cannot be read is one that is no exchange, such as a footer that was cut
/// off, or too little to tell.
fn began_otherwise(line: &[u8]) -> bool {
    let others: [&[u8]; 2] = [br#"{"type":"checkpoint""#, br#"{"type":"footer""#];
    let is = |other: &&[u8]| line.starts_with(other) || other.starts_with(line);
    others.iter().any(is)
}
