//! Captures of any size, made for measuring.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Result;

/// What a capture is like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// How many exchanges.
    pub(crate) exchanges: u64,
    /// How many sessions take turns.
    pub(crate) sessions: u64,
    /// Recorded nanoseconds from one exchange to the next.
    pub(crate) gap_ns: u64,
    /// One in so many requests uses a value of its session's previous answer; 0 for none.
    pub(crate) linked: u64,
}

/// Writes one; each exchange asks for `/n/` and its number, from 0.
pub(crate) fn write(folder: &Path, shape: Shape) -> Result<PathBuf> {
    let path = folder.join("capture.jsonl");
    let mut file = BufWriter::with_capacity(1 << 20, File::create(&path)?);
    writeln!(
        file,
        r#"{{"type":"header","format":"rehearsal-capture","version":1,"capture":"BENCH","tool":"bench","mode":"tokens","policy":"none","body_limit":0,"sample":1.0}}"#
    )?;
    for number in 0..shape.exchanges {
        let (who, at_ns, seq) = (number % shape.sessions, number * shape.gap_ns, number + 1);
        let links = shape.links(seq);
        writeln!(
            file,
            r#"{{"type":"exchange","seq":{seq},"at_ns":{at_ns},"session":"s{who}","user":"u{who}","connection":{who},"route":"GET /n/{{id}}","request":{{"version":"1.1","method":"GET","path":"/n/{number}","query":"","headers":[["accept","application/json"]],"body":{{"encoding":"none","bytes":0}}}},"response":{{"status":200,"headers":[],"body":{{"encoding":"none","bytes":0}}}},"timing":{{"first_byte_ns":100000,"total_ns":100000}},"links":[{links}],"flags":[]}}"#
        )?;
    }
    file.flush()?;
    Ok(path)
}

impl Shape {
    /// The links of an exchange: to what the origin of the benchmarks answers.
    fn links(&self, seq: u64) -> String {
        let is_linked = self.linked > 0 && seq.is_multiple_of(self.linked);
        match seq.checked_sub(self.sessions) {
            Some(from) if is_linked && from > 0 => {
                format!(r#"{{"from":{from},"source":"body#/ok","into":"path/1"}}"#)
            }
            _ => String::new(),
        }
    }
}
