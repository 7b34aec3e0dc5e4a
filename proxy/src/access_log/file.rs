//! The file of the access log: appended to, opened anew on demand, and never left with half a line
//! as long as the disk takes the other half later.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::LogError;

/// The file, and where it is.
pub(super) struct LogFile {
    path: PathBuf,
    lines: Lines<File>,
}

/// Lines on their way into something.
struct Lines<W> {
    to: W,
    /// The end of a line of which the beginning is written.
    rest: Vec<u8>,
}

/// Lines that were not written, and why.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) lines: u64,
    pub(super) error: io::Error,
}

impl LogFile {
    /// Opens the file for appending. It and its folder are made where they are missing.
    pub(super) fn open(path: PathBuf) -> Result<Self, LogError> {
        match open(&path) {
            Ok(file) => Ok(Self {
                path,
                lines: Lines::new(file),
            }),
            Err(source) => Err(LogError::Open { path, source }),
        }
    }

    /// Goes on in the file that has the name now. When that cannot be opened, in the old one.
    pub(super) fn reopen(&mut self) -> Result<(), Lost> {
        let file = open(&self.path).map_err(|error| Lost { lines: 0, error })?;
        let before = std::mem::replace(&mut self.lines, Lines::new(file));
        match before.rest.is_empty() {
            true => Ok(()),
            false => Err(Lost {
                lines: 1,
                error: ErrorKind::StorageFull.into(),
            }),
        }
    }

    /// Appends whole lines.
    pub(super) fn write(&mut self, lines: &[u8]) -> Result<(), Lost> {
        self.lines.write(lines)
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o640)
        .open(path)
}

impl<W: Write> Lines<W> {
    const fn new(to: W) -> Self {
        Self {
            to,
            rest: Vec::new(),
        }
    }

    fn write(&mut self, lines: &[u8]) -> Result<(), Lost> {
        let rest = std::mem::take(&mut self.rest);
        if let Err((written, error)) = write(&mut self.to, &rest) {
            self.rest = rest[written..].to_vec();
            let lines = count(lines);
            return Err(Lost { lines, error });
        }
        let Err((written, error)) = write(&mut self.to, lines) else {
            return Ok(());
        };
        let (before, after) = lines.split_at(written);
        let begun = !matches!(before.last(), None | Some(b'\n'));
        let end = after
            .iter()
            .position(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let (rest, lost) = after.split_at(if begun { end } else { 0 });
        self.rest = rest.to_vec();
        let lines = count(lost);
        Err(Lost { lines, error })
    }
}

/// Writes all; else says how much it wrote.
fn write(to: &mut impl Write, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut written = 0;
    while written < bytes.len() {
        match to.write(&bytes[written..]) {
            Ok(0) => return Err((written, ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err((written, error)),
        }
    }
    Ok(())
}

fn count(lines: &[u8]) -> u64 {
    lines.iter().map(|b| u64::from(*b == b'\n')).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with so much room.
    struct Disk {
        room: usize,
        content: Vec<u8>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let fits = bytes.len().min(self.room - self.content.len());
            if fits == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.content.extend_from_slice(&bytes[..fits]);
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_loses_whole_lines_and_counts_them() {
        for room in 0..24 {
            let disk = Disk {
                room,
                content: Vec::new(),
            };
            let mut lines = Lines::new(disk);
            let mut lost = 0;
            for batch in ["aaa\nbbb\nccc\n", "ddd\n", "eee\nfff\n"] {
                if let Err(error) = lines.write(batch.as_bytes()) {
                    lost += error.lines;
                }
            }
            lines.to.room = 100;
            lines.write(b"ggg\n").unwrap();
            let content = String::from_utf8(lines.to.content).unwrap();
            assert!(
                content.lines().all(|line| line.len() == 3),
                "{room}: {content}"
            );
            assert_eq!(
                content.lines().count() as u64 + lost,
                7,
                "{room}: {content}"
            );
            assert!(content.ends_with("ggg\n"));
        }
    }
}
