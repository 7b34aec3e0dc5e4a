//! What the recorder and the reader get done: exchanges and bytes in a second of CPU time, and what
//! a recording takes of memory over ten million exchanges.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::time::{ClockId, clock_gettime};
use trace::anonymize::{Anonymizer, Mode, Policy};
use trace::format::Reader;
use trace::raw::RawExchange;
use trace::recording::{Missed, Recording, Sample, Series, Start};

use crate::exchanges::{Anew, LIMIT, New, again, large};
use crate::tap::{Seen, demo};
use crate::{Effort, cpu, median, say};

/// Exchanges are made in batches of this many before the clock runs: as many as a recorder's queue
/// may well have.
const BATCH: usize = 32;

/// What one round got done in a second.
struct Rates {
    name: &'static str,
    unit: &'static str,
    wanted: f64,
    values: Vec<f64>,
}

impl Rates {
    const fn new(name: &'static str, unit: &'static str, wanted: f64) -> Self {
        Self {
            name,
            unit,
            wanted,
            values: Vec::new(),
        }
    }

    fn print(&self) {
        let value = median(&self.values);
        let least = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.values.iter().copied().fold(0.0, f64::max);
        say(&format!(
            "  {:<44} {value:>9.0} {:<12} {:>5.2} x   ({least:.0} to {most:.0})",
            self.name,
            self.unit,
            value / self.wanted,
        ));
    }
}

/// The anonymizer by itself, on one core.
pub(crate) fn anonymize(effort: Effort) -> Result<()> {
    say("anonymize, against what is wanted of a core");
    let seen = demo_traffic(effort)?;
    for (name, anew) in [
        ("the demo's traffic, of other users", Anew::Credentials),
        ("the same, of other people and blocks too", Anew::All),
    ] {
        let mut rates = Rates::new(name, "exchanges/s", 100_000.0);
        for _ in 0..effort.rounds() {
            rates.values.push(exchanges(&seen, anew, effort.of(12))?);
        }
        rates.print();
    }
    for (name, in_request, new) in [
        ("64 KiB JSON sent, again", true, New::Nothing),
        ("64 KiB JSON sent, one number new", true, New::Number),
        ("64 KiB JSON sent, of new people", true, New::People),
        ("64 KiB JSON answered, again", false, New::Nothing),
        ("64 KiB JSON answered, one number new", false, New::Number),
        ("64 KiB JSON answered, of new people", false, New::People),
    ] {
        let mut rates = Rates::new(name, "MB/s", 200.0);
        for _ in 0..effort.rounds() {
            let rate = megabytes(in_request, new, effort.of(1000))?;
            rates.values.push(rate);
        }
        rates.print();
    }
    let mut peer = Rates::new(
        "64 KiB JSON into a value of serde_json and out",
        "MB/s",
        200.0,
    );
    for _ in 0..effort.rounds() {
        peer.values.push(in_and_out(effort.of(1000))?);
    }
    peer.print();
    say("");
    Ok(())
}

/// What it takes to read large documents and to write them as they are.
fn in_and_out(count: u32) -> Result<f64> {
    let (mut spent, mut bytes) = (0.0, 0.0);
    for number in 0..count {
        let raw = large(number, New::People, true);
        let text = raw.request_body.kept();
        let mut outcome = Ok(Vec::new());
        spent += cpu_of(|| {
            outcome = serde_json::from_slice::<serde_json::Value>(text)
                .and_then(|value| serde_json::to_vec(&value));
        })?;
        bytes += as_f64(outcome?.len());
    }
    Ok(bytes / 1e6 / spent)
}

fn exchanges(seen: &[Seen], anew: Anew, generations: u32) -> Result<f64> {
    let mut anonymizer = anonymizer()?;
    let (mut spent, mut count) = (0.0, 0.0);
    // The first two are a recording's beginning.
    for generation in 1..=generations + 2 {
        for seen in seen.chunks(BATCH) {
            let batch = seen.iter().map(|seen| again(seen, anew, generation));
            let batch = batch.collect::<Result<Vec<_>>>()?;
            let taken = cpu_of(|| batch.iter().for_each(|raw| drop(anonymizer.apply(raw))))?;
            if generation > 2 {
                spent += taken;
                count += as_f64(batch.len());
            }
        }
    }
    Ok(count / spent)
}

fn megabytes(in_request: bool, new: New, count: u32) -> Result<f64> {
    let mut anonymizer = anonymizer()?;
    let (mut spent, mut bytes) = (0.0, 0.0);
    let numbers: Vec<u32> = (1..=count).collect();
    for numbers in numbers.chunks(BATCH) {
        let batch = numbers.iter().map(|it| large(*it, new, in_request));
        let batch: Vec<_> = batch.collect();
        spent += cpu_of(|| batch.iter().for_each(|raw| drop(anonymizer.apply(raw))))?;
        let length =
            |raw: &RawExchange| raw.request_body.kept().len() + raw.response_body.kept().len();
        bytes += as_f64(batch.iter().map(length).sum());
    }
    Ok(bytes / 1e6 / spent)
}

/// The reader, on a capture of the demo's traffic.
pub(crate) fn read(effort: Effort) -> Result<()> {
    say("read, against what is wanted of a core");
    let folder = tempfile::tempdir()?;
    let seen = demo_traffic(effort)?;
    let mut recording = start(&folder.path().join("read.jsonl"))?;
    for generation in 1..=effort.of(40) {
        for seen in &seen {
            recording.record(&again(seen, Anew::Credentials, generation)?)?;
        }
        recording.checkpoint(Missed::default())?;
    }
    let closed = recording.close(Missed::default())?;
    ensure!(
        !closed.quarantined,
        "the capture of the benchmark is quarantined"
    );
    let mut rates = Rates::new("records of the demo's traffic", "records/s", 500_000.0);
    for _ in 0..effort.rounds() {
        let mut records = 0_usize;
        let mut outcome = Ok(());
        let spent = cpu_of(|| outcome = count(&closed.path, &mut records))?;
        outcome?;
        rates.values.push(as_f64(records) / spent);
    }
    rates.print();
    let mut peer = Rates::new("the same into values of serde_json", "records/s", 500_000.0);
    for _ in 0..effort.rounds() {
        let (mut values, mut outcome) = (0, Ok(()));
        let spent = cpu_of(|| outcome = parse(&closed.path, &mut values))?;
        outcome?;
        peer.values.push(as_f64(values) / spent);
    }
    peer.print();
    say("");
    Ok(())
}

/// What a reader does that knows nothing of captures.
fn parse(path: &Path, values: &mut usize) -> Result<()> {
    for line in BufReader::new(File::open(path)?).lines() {
        black_box(serde_json::from_str::<serde_json::Value>(&line?)?);
        *values += 1;
    }
    Ok(())
}

fn count(path: &Path, records: &mut usize) -> Result<()> {
    for exchange in Reader::open(path)? {
        exchange?;
        *records += 1;
    }
    Ok(())
}

/// What a recording takes of memory: in a process of its own, which has nothing else.
pub(crate) fn memory(effort: Effort) -> Result<()> {
    say("memory of a recording: people, identifiers and texts that never come again");
    let millions = effort.millions().map(|count| count.to_string());
    let status = Command::new(std::env::current_exe()?)
        .arg(CHILD)
        .args(millions)
        .status()?;
    ensure!(status.success(), "the recording ended with {status}");
    say("");
    Ok(())
}

/// The argument that makes this program the process of [`memory`].
pub(crate) const CHILD: &str = "--record-and-measure";

/// Exchanges from one checkpoint to the next: of a second, at a rate of 500/s.
const CHECKPOINT: usize = 500;

/// Records until each of these counts is reached, and says what that took.
pub(crate) fn record_and_measure(counts: &[String]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("memory.jsonl");
    let partial = folder.path().join("memory.jsonl.partial");
    let mut recording = start(&path)?;
    let (mut done, mut first) = (0, None);
    for count in counts {
        let count: u32 = count.parse()?;
        while done < count {
            for _ in 0..CHECKPOINT {
                done += 1;
                recording.record(&edit(done))?;
            }
            recording.checkpoint(Missed::default())?;
            // It would not fit on every disk, and is not what is measured.
            File::options().write(true).open(&partial)?.set_len(0)?;
        }
        let (peak, now) = cpu::memory(std::process::id())?;
        let first = *first.get_or_insert(now);
        say(&format!(
            "  after {count:>9} exchanges                      {now:>7.1} MiB    {:>5.2} x   (at most {peak:.1})",
            now / first
        ));
    }
    Ok(())
}

/// Somebody new writes something new about somebody new.
fn edit(number: u32) -> RawExchange {
    let id = format!("6f1f4c9e-98f5-4c58-8a3c-{number:012x}");
    let seen = Seen {
        connection: u64::from(number),
        request: crate::tap::Message {
            first: format!("PUT /api/v1/people/{id}?person_id={id} HTTP/1.1"),
            headers: vec![
                ("content-type".to_owned(), "application/json".to_owned()),
                (
                    "authorization".to_owned(),
                    format!("Bearer token-{number}-of-somebody"),
                ),
                ("cookie".to_owned(), format!("session_id=session-{number}")),
            ],
            body: format!(
                r#"{{"person_id":"{id}","email":"avo.tamm{number}@clinic.invalid","notes":"Away with family {number}"}}"#
            ),
        },
        answer: crate::tap::Message {
            first: "HTTP/1.1 200 OK".to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: format!(
                r#"{{"id":"{number:08x}-98f5-4c58-8a3c-3a1c4f0d1a11","status":"pending"}}"#
            ),
        },
    };
    let mut raw = again(&seen, Anew::All, 0).unwrap_or_else(|_| RawExchange::blank());
    raw.at_ns = u64::from(number) * 10_000;
    raw
}

fn demo_traffic(effort: Effort) -> Result<Vec<Seen>> {
    let seconds = if effort.is_quick() { 2 } else { 10 };
    let users = effort.of(48) as usize;
    demo(
        users.max(5),
        users.max(5) * 50,
        Duration::from_secs(seconds),
    )
}

fn policy() -> Result<Policy> {
    Policy::parse(include_str!("../../config/anonymize.toml")).context("the shipped policy")
}

fn anonymizer() -> Result<Anonymizer> {
    Ok(Anonymizer::new(policy()?, &Mode::Tokens, Sample::ALL))
}

fn start(file: &Path) -> Result<Recording> {
    Ok(Recording::start(Start {
        file,
        policy: policy()?,
        mode: Mode::Tokens,
        tool: "rehearsal-bench",
        body_limit: LIMIT as u64,
        sample: Sample::ALL,
        series: &Series::new(&Mode::Tokens),
        starts_ns: 0,
    })?)
}

/// CPU time that this thread takes for something: other programs' work does not count.
fn cpu_of(work: impl FnOnce()) -> Result<f64> {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime));
    let began = now()?;
    work();
    Ok((now()? - began).as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
const fn as_f64(count: usize) -> f64 {
    count as f64
}
