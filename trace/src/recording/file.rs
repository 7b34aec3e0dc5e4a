//! The file of a capture in the making: plain or compressed, and its names until it is closed.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// A plain or compressed file.
pub(super) enum Medium {
    Plain(BufWriter<File>),
    Zstd(zstd::Encoder<'static, File>),
}

impl Medium {
    /// Writes to `file`.
    pub(super) fn new(file: File, compressed: bool) -> io::Result<Self> {
        Ok(if compressed {
            Self::Zstd(zstd::Encoder::new(file, zstd::DEFAULT_COMPRESSION_LEVEL)?)
        } else {
            Self::Plain(BufWriter::with_capacity(1 << 16, file))
        })
    }

    /// Ends the file and waits until it is on the disk.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(buffer) => buffer.into_inner().map_err(io::Error::from)?.sync_all(),
            Self::Zstd(encoder) => encoder.finish()?.sync_all(),
        }
    }
}

impl Write for Medium {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(buffer) => buffer.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(buffer) => buffer.flush(),
            Self::Zstd(encoder) => encoder.flush(),
        }
    }
}

/// Creates `NAME.partial` for the first name of which there is no capture in any state.
pub(super) fn create_free(wanted: &Path) -> io::Result<(PathBuf, PathBuf, File)> {
    for path in numbered(wanted) {
        let partial = with_suffix(&path, "partial");
        if path.exists() || with_suffix(&path, "quarantine").exists() {
            continue;
        }
        match create_new(&partial) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(file) => return Ok((path, partial, file)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Creates a file that was not there.
pub(super) fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        // Until the audit at its end nobody else should look into it.
        .mode(0o640)
        .open(path)
}

/// Gives a finished file its name, unless somebody has taken it meanwhile.
pub(super) fn place(partial: &Path, path: &Path) -> io::Result<()> {
    match std::fs::hard_link(partial, path) {
        Err(_) if path.exists() => Err(io::ErrorKind::AlreadyExists.into()),
        // A file system without links: there the name is taken without looking once more.
        Err(_) => std::fs::rename(partial, path),
        Ok(()) => std::fs::remove_file(partial),
    }
}

/// Gives a finished file its name, or the next free one if somebody has taken it meanwhile.
pub(super) fn settle(partial: &Path, wanted: &Path, quarantined: bool) -> io::Result<PathBuf> {
    for path in numbered(wanted) {
        let path = if quarantined {
            with_suffix(&path, "quarantine")
        } else {
            path
        };
        match place(partial, &path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            placed => return placed.map(|()| path),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The name, and the same with `-2`, `-3`, … before its first dot.
fn numbered(wanted: &Path) -> impl Iterator<Item = PathBuf> {
    let name = wanted
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("capture.jsonl");
    let (stem, rest) = name.split_once('.').unwrap_or((name, "jsonl"));
    (1..).map(move |number| match number {
        1 => wanted.to_owned(),
        _ => wanted.with_file_name(format!("{stem}-{number}.{rest}")),
    })
}

/// The same with another suffix at its end.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}
