//! Looks into captures, and sends nothing: `replay verify`, `audit` and `inspect`.
//!
//! Each file gets a block of text; the worst of them decides the exit code.

mod audit;
mod inspect;
mod verify;

use std::fmt::{Display, Write as _};
use std::path::Path;

pub(crate) use audit::audit;
pub(crate) use inspect::inspect;
pub(crate) use verify::verify;

use crate::console;
use crate::exit::{Exit, Trouble, failed};

/// Checks each file and prints what is said of it. One that cannot be read is said on stderr, and
/// the others are checked all the same.
fn each<P: AsRef<Path>>(
    files: &[P],
    check: impl Fn(&Path) -> Result<(String, Exit), anyhow::Error>,
) -> Result<Exit, Trouble> {
    let mut worst = Exit::Passed;
    for file in files {
        let exit = match check(file.as_ref()) {
            Ok((text, exit)) => {
                print(&text)?;
                exit
            }
            Err(error) => {
                console::error(&error);
                Exit::Usage
            }
        };
        if exit.code() > worst.code() {
            worst = exit;
        }
    }
    Ok(worst)
}

fn print(text: &str) -> Result<(), Trouble> {
    console::data(text)
        .map_err(|error| failed(anyhow::Error::new(error).context("cannot print the result")))
}

/// The reader's message names its cause already.
fn one_line(error: impl Display) -> anyhow::Error {
    anyhow::Error::msg(error.to_string())
}

/// A block of text: a line with the file and what became of it, and lines with a name each.
struct Block(String);

impl Block {
    fn new(file: &Path, result: &str) -> Self {
        Self(format!("{}: {result}\n", file.display()))
    }

    fn line(&mut self, name: &str, text: impl Display) {
        let written = writeln!(self.0, "  {name:<9} {text}");
        debug_assert!(written.is_ok(), "memory takes all");
    }
}

/// What a stranger wrote, without what a terminal would obey, and not endless.
fn plain(text: &str) -> String {
    let shown = text.chars().take(80);
    shown
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

/// `12 lines`, `1 line`.
fn count(number: u64, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {one}{plural}", grouped(number))
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<_> = groups.map(String::from_utf8_lossy).collect();
    groups.join(",")
}
