//! `[record]`: what is written down, where, and by which policy.
//!
//! Policy and key are loaded here: one that is no good is a mistake like any other, even while
//! nothing is recorded.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret as _;
use trace::anonymize::{Key, Mode, Policy};
use trace::pattern::Pattern;
use trace::raw::Method;
use trace::recording::{By, Sample};

use super::section::{Entry, Section};
use super::{Surroundings, secret, values};
use crate::recorder::selection::{Filter, Filters};

/// What to record.
#[derive(Debug, Clone)]
pub(crate) struct RecordSettings {
    /// Whether recording begins with the process.
    pub(crate) enabled: bool,
    /// The capture; relative to the working directory.
    pub(crate) file: PathBuf,
    /// What anonymization does.
    pub(crate) policy: Policy,
    /// How it makes replacements.
    pub(crate) mode: Mode,
    /// Bytes of each body that are kept.
    pub(crate) body_limit: u64,
    /// Bytes of exchanges that may wait to be written.
    pub(crate) queue: u64,
    pub(crate) filters: Filters,
    pub(crate) sample: Sample,
    pub(crate) rotate: Rotate,
}

/// When a capture gives way to the next one; never by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rotate {
    /// At so many bytes of lines.
    pub(crate) size: Option<u64>,
    /// So long after its beginning.
    pub(crate) every: Option<Duration>,
}

/// A smaller file would be closed before the next one is there.
const SMALLEST_FILE: &str = "64KiB";

/// What one exchange with small bodies takes has to fit, on machines with many cores, too.
const SMALLEST_QUEUE: &str = "1MiB";

pub(crate) fn read(entry: Option<Entry<'_>>, around: &impl Surroundings) -> Option<RecordSettings> {
    let mut section = entry?.section()?;
    let enabled = section.entry("enabled").and_then(Entry::flag);
    let file = section
        .required("file")
        .and_then(|entry| entry.parsed(values::file));
    let policy = section
        .required("policy")
        .and_then(|entry| entry.parsed(|path| around.policy(Path::new(path))));
    let mode = mode(&mut section, around);
    let body_limit = section.parsed("body_limit", values::size);
    let queue = section.parsed("queue", |text| at_least(SMALLEST_QUEUE, text));
    let filters = Filters {
        only: filters(section.entry("only")),
        except: filters(section.entry("except")),
    };
    let sample = Sample {
        share: section
            .entry("sample")
            .and_then(Entry::share)
            .unwrap_or(1.0),
        by: section.parsed("sample_by", by).unwrap_or(By::User),
    };
    let rotate = section.entry("rotate").and_then(rotate);
    section.finish();
    Some(RecordSettings {
        enabled: enabled.unwrap_or(true),
        file: file?,
        policy: policy?,
        mode: mode?,
        body_limit: body_limit.unwrap_or(128 * 1024),
        queue: queue.unwrap_or(64 * 1024 * 1024),
        filters,
        sample,
        rotate: rotate.unwrap_or_default(),
    })
}

/// `mode` and its `key`.
fn mode(section: &mut Section<'_>, around: &impl Surroundings) -> Option<Mode> {
    let keyed = section.parsed("mode", |text| match text {
        "tokens" => Ok(false),
        "keyed" => Ok(true),
        other => Err(format!("there is no mode `{other}`; use tokens or keyed")),
    });
    let key = section.entry("key");
    match (keyed.unwrap_or(false), key) {
        (true, Some(key)) => self::key(key, around).map(Mode::Keyed),
        (true, None) => {
            section.mistake("key", "missing; name what replacements are derived from");
            None
        }
        (false, Some(key)) => {
            key.mistake("only mode = \"keyed\" has a key; leave it out, or name that mode");
            None
        }
        (false, None) => Some(Mode::Tokens),
    }
}

fn key(entry: Entry<'_>, around: &impl Surroundings) -> Option<Key> {
    let mut section = entry.section()?;
    let named = secret::read(&mut section, Some(around));
    section.finish();
    Key::new(named?.secret.expose_secret())
}

fn by(text: &str) -> Result<By, String> {
    match text {
        "exchange" => Ok(By::Exchange),
        "user" => Ok(By::User),
        other => Err(format!("cannot sample by `{other}`; use user or exchange")),
    }
}

fn at_least(least: &str, text: &str) -> Result<u64, String> {
    let size = values::size(text)?;
    if size < values::size(least)? {
        return Err(format!("`{text}` is too small; take at least {least}"));
    }
    Ok(size)
}

fn rotate(entry: Entry<'_>) -> Option<Rotate> {
    let mut section = entry.section()?;
    let [size, every] = ["size", "every"].map(|key| section.entry(key));
    if size.is_none() && every.is_none() {
        section.mistake("size", "name a size, a time (every), or both");
    }
    let size = size.and_then(|entry| entry.parsed(|text| at_least(SMALLEST_FILE, text)));
    let every = every.and_then(|entry| entry.parsed(values::duration));
    if every.is_some_and(|every| every < Duration::from_secs(1)) {
        section.mistake("every", "less than a second; files would be too many");
    }
    section.finish();
    Some(Rotate { size, every })
}

/// A table, or a list of them.
fn filters(entry: Option<Entry<'_>>) -> Vec<Filter> {
    let entries = match entry {
        None => return Vec::new(),
        Some(entry) if entry.is_table() => vec![entry],
        Some(entry) => {
            if entry.is_empty_list() {
                entry.mistake("it says nothing; leave it out");
            }
            entry.list().unwrap_or_default()
        }
    };
    entries.into_iter().filter_map(filter).collect()
}

fn filter(entry: Entry<'_>) -> Option<Filter> {
    let mut section = entry.section()?;
    let keys = ["methods", "paths", "statuses", "body_over"];
    let [methods, paths, statuses, body_over] = keys.map(|key| section.entry(key));
    if methods.is_none() && paths.is_none() && statuses.is_none() && body_over.is_none() {
        section.mistake(
            "paths",
            "nothing is named; name paths, methods, statuses or body_over",
        );
    }
    section.finish();
    Some(Filter {
        methods: methods.map(|entry| all(entry, method)),
        paths: paths.map(|entry| all(entry, Pattern::parse)),
        statuses: statuses.map(|entry| all(entry, status)),
        body_over: body_over.and_then(|entry| entry.parsed(values::size)),
    })
}

/// Every text of a list, which is not empty.
fn all<T>(entry: Entry<'_>, read: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
    if entry.is_empty_list() {
        entry.mistake("nothing is like this; name at least one, or leave it out");
    }
    let entries = entry.list().unwrap_or_default().into_iter();
    entries.filter_map(|entry| entry.parsed(&read)).collect()
}

fn method(text: &str) -> Result<Method, String> {
    let method = Method::of(text.as_bytes());
    if method.as_str() == text && text != "UNKNOWN" {
        Ok(method)
    } else {
        Err(format!(
            "HTTP has no method `{text}`; write it as GET or POST"
        ))
    }
}

fn status(text: &str) -> Result<RangeInclusive<u16>, String> {
    let wrong = || format!("cannot read `{text}` as a status; write it as 404, 2xx or none");
    if text == "none" {
        return Ok(0..=0);
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let (from, to) = match text.strip_suffix("xx") {
        Some(class) => (format!("{class}00"), format!("{class}99")),
        None if is_number => (text.to_owned(), text.to_owned()),
        None => return Err(wrong()),
    };
    let number = |text: String| text.parse().ok().filter(|code| (100..=599).contains(code));
    let range = number(from).zip(number(to));
    range.map(|(from, to)| from..=to).ok_or_else(wrong)
}
