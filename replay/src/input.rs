//! Reads what a run is made of: the captures and the users file.
//!
//! A capture is read as far as it is asked for; what its end says is noted then.

use std::collections::HashSet;
use std::fs;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use trace::format::{Ordered, ReadError, Reader, Uses, Window};

use crate::merge::{Merge, Shift, Source, shifts};
use crate::plan::{Input, PlanError, Recorded};
use crate::summary::{FORMAT, Summary, VERSION};
use crate::users::{Pool, UsersError};

/// The captures that are played.
#[derive(Debug, Clone)]
pub(crate) struct Captures {
    /// In the order in which they were named.
    pub(crate) sources: Vec<Source>,
    /// What to be careful with, as far as their beginnings tell.
    pub(crate) warnings: Vec<String>,
    shifts: Vec<Shift>,
    ends: Arc<Mutex<Ends>>,
}

/// What was found out by reading.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ends {
    /// Exchanges that were read, each once.
    pub(crate) exchanges: u64,
    /// Captures that were read to their end, and were closed properly.
    pub(crate) complete: usize,
    /// What a reader should know.
    pub(crate) warnings: Vec<String>,
    /// The captures that this is of, by their place.
    noted: HashSet<usize>,
}

impl Captures {
    /// Reads the captures' beginnings, or says in one line what is wrong with the first that has
    /// something.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self, anyhow::Error> {
        let sources = paths.iter().map(|path| {
            // The reader's message names its cause already.
            let reader = Reader::open(path).map_err(|it| anyhow::Error::msg(it.to_string()))?;
            Ok(Source {
                file: path.clone(),
                header: reader.header().clone(),
            })
        });
        let sources: Vec<_> = sources.collect::<Result<_, anyhow::Error>>()?;
        let (shifts, warnings) = shifts(&sources);
        Ok(Self {
            sources,
            warnings,
            shifts,
            ends: Arc::default(),
        })
    }

    /// All exchanges from the beginning, sorted by time.
    pub(crate) fn read(&self) -> Result<Input, PlanError> {
        let captures = self.sources.iter().zip(&self.shifts);
        let captures = captures.enumerate().map(|(index, (source, shift))| {
            let reader = Reader::open(&source.file).map_err(unreadable)?;
            let noting = Noting {
                index,
                file: source.file.clone(),
                exchanges: Ordered::new(reader, WINDOW),
                uses: Uses::open(&source.file).map_err(unreadable)?,
                read: 0,
                ends: Arc::clone(&self.ends),
            };
            Ok((*shift, noting))
        });
        let captures = captures.collect::<Result<_, PlanError>>()?;
        Ok(Box::new(Merge::new(captures)))
    }

    /// What was found out so far.
    pub(crate) fn ends(&self) -> Ends {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.clone()
    }
}

/// The exchanges of one capture; notes what its end says when it is reached for the first time.
struct Noting<R: BufRead> {
    index: usize,
    file: PathBuf,
    exchanges: Ordered<Reader<R>>,
    /// The same file, read ahead.
    uses: Uses<R>,
    read: u64,
    ends: Arc<Mutex<Ends>>,
}

impl<R: BufRead> Iterator for Noting<R> {
    type Item = Result<Recorded, PlanError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.exchanges.next();
        if matches!(next, Some(Ok(_))) {
            self.read += 1;
        }
        if next.is_none() {
            self.note();
        }
        next.map(|exchange| {
            let exchange = exchange.map_err(unreadable)?;
            let used = self.uses.of(exchange.seq);
            Ok(Recorded { exchange, used })
        })
    }
}

impl<R: BufRead> Noting<R> {
    fn note(&self) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if !ends.noted.insert(self.index) {
            return;
        }
        let reader = self.exchanges.input();
        let said = reader.warnings().iter().map(ToString::to_string);
        let late = self.exchanges.late();
        let late = (late > 0).then(|| {
            format!(
                "{late} exchanges are so far from their place in time that they are played late"
            )
        });
        let found = reader.footer().map_or(0, |footer| footer.audit.found);
        let warnings = said.chain(late).chain(personal(&self.file, found));
        let warnings = warnings.map(|it| format!("capture `{}`: {it}", self.file.display()));
        ends.warnings.extend(warnings);
        ends.exchanges += self.read;
        let is_complete = reader.footer().is_some() && reader.warnings().is_empty();
        ends.complete += usize::from(is_complete);
    }
}

/// What its audit had found.
fn personal(file: &Path, found: u64) -> Option<String> {
    if found > 0 {
        return Some(format!(
            "its audit found {found} places that may tell of real people; keep it to yourself, \
             and record it again with a stricter policy"
        ));
    }
    let extension = file.extension();
    extension
        .is_some_and(|extension| extension == "quarantine")
        .then(|| {
            "it is in quarantine because its audit failed; keep it to yourself, and record it \
             again with a stricter policy"
                .to_owned()
        })
}

fn unreadable(error: ReadError) -> PlanError {
    PlanError::Read(error.to_string())
}

/// The pool of test users; empty when no file is configured.
pub(crate) fn pool(file: Option<&Path>, config: &str) -> Result<Pool, InputError> {
    let Some(file) = file else {
        return Ok(Pool::default());
    };
    let text = fs::read_to_string(file).map_err(|source| InputError::Users {
        file: file.to_owned(),
        config: config.to_owned(),
        source,
    })?;
    Ok(Pool::parse(file, &text)?)
}

/// The summary of an earlier replay.
pub(crate) fn summary(file: &Path) -> Result<Summary, InputError> {
    let failed = |reason: String| InputError::Summary {
        file: file.to_owned(),
        reason,
    };
    let text = fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
    let summary: Summary = serde_json::from_str(&text).map_err(|it| failed(it.to_string()))?;
    if summary.format != FORMAT || summary.version != VERSION {
        let (format, version) = (&summary.format, summary.version);
        let known = format!("it is `{format}` {version}, and this is `{FORMAT}` {VERSION}");
        return Err(failed(known));
    }
    Ok(summary)
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// It is no summary of this version.
    #[error(
        "cannot read the summary `{file}`: {reason}; name a `summary.json` that this replay wrote",
        file = file.display()
    )]
    Summary {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The users file is wrong.
    #[error(transparent)]
    Parse(#[from] UsersError),
    /// The users file cannot be read.
    #[error(
        "cannot read the users file `{file}`, seen from the folder that replay was started in; make it, with \
         `username,password,role` in every line, or name another under `[users]` in {config}",
        file = file.display()
    )]
    Users {
        /// The file.
        file: PathBuf,
        /// The configuration file.
        config: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What ends within a minute of its beginning is put in its place, at up to a few hundred a second;
/// what is recorded faster, within a few seconds. About 16 MB of ordinary exchanges.
const WINDOW: Window = Window {
    exchanges: 16_384,
    ns: 60_000_000_000,
};

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tempfile::TempDir;

    use super::*;

    /// A capture of three exchanges that ends as `end` says.
    fn capture(folder: &TempDir, name: &str, end: &str) -> PathBuf {
        let header = json!({
            "type": "header", "format": "rehearsal-capture", "version": 1, "capture": name,
            "tool": "test", "mode": "tokens", "policy": "", "body_limit": 1, "sample": 1.0,
        });
        let none = json!({"encoding": "none", "bytes": 0});
        let exchange = |seq: u64| {
            json!({
                "type": "exchange", "seq": seq, "at_ns": seq, "session": "s1", "user": "u1",
                "connection": 1, "route": "GET /",
                "request": {
                    "version": "1.1", "method": "GET", "path": "/", "query": "", "headers": [],
                    "body": none,
                },
                "response": {"status": 200, "headers": [], "body": none},
                "timing": {"first_byte_ns": 1, "total_ns": 2}, "links": [], "flags": [],
            })
        };
        let lines = [header, exchange(1), exchange(2), exchange(3)];
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let path = folder.path().join(name);
        fs::write(&path, lines + end).unwrap();
        path
    }

    /// The last line of a capture that counts so many exchanges.
    fn footer(count: u64) -> String {
        let footer = json!({
            "type": "footer", "exchanges": count, "offered": count,
            "dropped": {"queue": 0, "size": 0, "policy": 0, "write": 0}, "truncated": 0,
            "redacted": {}, "audit": {"searched": 9, "found": 0}, "chain": "",
        });
        format!("{footer}\n")
    }

    #[test]
    fn what_a_lap_reads_again_is_noted_once() {
        let folder = TempDir::new().unwrap();
        let paths = [
            capture(&folder, "good", &footer(3)),
            capture(&folder, "open", ""),
            capture(&folder, "miscounted", &footer(4)),
        ];
        let captures = Captures::open(&paths).unwrap();
        for _lap in 0..2 {
            assert_eq!(captures.read().unwrap().map(Result::unwrap).count(), 9);
            let ends = captures.ends();
            assert_eq!((ends.exchanges, ends.complete), (9, 1));
            assert_eq!(ends.warnings.len(), 2, "{:?}", ends.warnings);
        }
    }
}
