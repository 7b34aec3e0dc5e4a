//! Upgrade of the binary: a new process takes over the listening sockets, and nobody is refused.
//!
//! The new process gets a socket as its standard input and the listeners through it. Only when it
//! says that it serves does the old one stop accepting; if it does not, the old one goes on.

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Write as _};
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, interval, timeout_at};

use super::listen::{Role, Socket};

/// What tells a process that it is to take over. Hidden from `--help`.
const TAKE_OVER: &str = "--take-over";

/// What the new process says once it serves.
const READY: &[u8] = b"ready\n";

/// How long it may take to say so.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often the old process looks whether the new one is still there.
const LOOK: Duration = Duration::from_millis(200);

/// Sockets that can be handed over at once; the kernel's limit.
const MOST: usize = 253;

/// How this process was started, and so the next one will be.
#[derive(Debug)]
pub(crate) struct Program {
    path: PathBuf,
    arguments: Vec<OsString>,
}

impl Program {
    /// To be asked at the start: later there may be another file by this name, which is the point,
    /// or none.
    pub(crate) fn of_this_process() -> io::Result<Self> {
        let mut arguments = env::args_os();
        let name = arguments.next().unwrap_or_default();
        // A link is followed anew each time. A bare name came from PATH, which only the shell knew.
        let path = match Path::new(&name) {
            path if path.components().count() > 1 => std::path::absolute(path)?,
            _ => env::current_exe()?,
        };
        let arguments = arguments.filter(|argument| argument != TAKE_OVER);
        Ok(Self {
            path,
            arguments: arguments.collect(),
        })
    }
}

/// The new process, until it serves. Dropped before that, it is ended.
pub(crate) struct Successor {
    child: Child,
    socket: tokio::net::UnixStream,
    deadline: Instant,
    serves: bool,
}

/// Why there is no new process.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpgradeError {
    #[error("cannot start {path}: {source}")]
    Start { path: PathBuf, source: io::Error },
    #[error("cannot hand over the sockets: {0}")]
    HandOver(io::Error),
    #[error("the new process was not ready within {} seconds", PATIENCE.as_secs())]
    Late,
    #[error("the new process ended before it was ready ({0})")]
    Ended(ExitStatus),
}

impl Successor {
    /// Starts the new process and hands the sockets to it.
    pub(crate) fn start<'s>(
        program: &Program,
        sockets: impl Iterator<Item = &'s Socket>,
    ) -> Result<Self, UpgradeError> {
        let (ours, theirs) = UnixStream::pair().map_err(UpgradeError::HandOver)?;
        send(&ours, sockets).map_err(UpgradeError::HandOver)?;
        ours.set_nonblocking(true).map_err(UpgradeError::HandOver)?;
        let socket = tokio::net::UnixStream::from_std(ours).map_err(UpgradeError::HandOver)?;
        let child = Command::new(&program.path)
            .args(&program.arguments)
            .arg(TAKE_OVER)
            .stdin(OwnedFd::from(theirs))
            .spawn()
            .map_err(|source| UpgradeError::Start {
                path: program.path.clone(),
                source,
            })?;
        Ok(Self {
            child,
            socket,
            deadline: Instant::now() + PATIENCE,
            serves: false,
        })
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it serves. May be asked again when it was not waited for to the end.
    pub(crate) async fn serves(&mut self) -> Result<(), UpgradeError> {
        // What it says comes in one piece; its end is the end of the stream.
        let mut said = [0; READY.len()];
        let read = timeout_at(self.deadline, self.socket.read(&mut said)).await;
        match read {
            Ok(Ok(count)) if said[..count] == *READY => {
                self.serves = true;
                Ok(())
            }
            Ok(_) => Err(UpgradeError::Ended(
                self.end().map_err(UpgradeError::HandOver)?,
            )),
            Err(_late) => Err(UpgradeError::Late),
        }
    }

    /// Waits until the process that serves has ended.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let mut look = interval(LOOK);
        loop {
            look.tick().await;
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
        }
    }

    fn end(&mut self) -> io::Result<ExitStatus> {
        // It closes the socket on its way out, a moment before it is gone.
        for _ in 0..100 {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.child.kill()?;
        self.child.wait()
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        if !self.serves {
            drop(self.end());
        }
    }
}

/// The old process, as the new one sees it.
pub(crate) struct Predecessor {
    socket: UnixStream,
}

impl Predecessor {
    /// Takes the sockets over from standard input, which is nobody's from then on.
    pub(crate) fn meet() -> io::Result<(Self, Vec<Socket>)> {
        let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let sockets = receive(&socket)?;
        Ok((Self { socket }, sockets))
    }

    /// Says that this process serves.
    pub(crate) fn relieve(mut self) -> io::Result<()> {
        self.socket.write_all(READY)
    }
}

/// The sockets, and a line for each that says which it is.
fn send<'s>(to: &UnixStream, sockets: impl Iterator<Item = &'s Socket>) -> io::Result<()> {
    let (mut lines, mut descriptors) = (Vec::new(), Vec::new());
    for socket in sockets {
        let role = match socket.role {
            Role::Clients => "clients",
            Role::Admin => "admin",
        };
        writeln!(lines, "{role} {}", socket.named)?;
        descriptors.push(socket.listener.as_fd());
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::Error::other(format!("more than {MOST} sockets")));
    }
    let bytes = IoSlice::new(&lines);
    sendmsg(to, &[bytes], &mut ancillary, SendFlags::empty())?;
    Ok(())
}

fn receive(from: &UnixStream) -> io::Result<Vec<Socket>> {
    let mut bytes = vec![0; 64 * MOST];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let slices = &mut [IoSliceMut::new(&mut bytes)];
    let count = recvmsg(from, slices, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?.bytes;
    let mut descriptors = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    let unreadable = || io::Error::new(io::ErrorKind::InvalidData, "unknown kind of hand-over");
    let lines = std::str::from_utf8(&bytes[..count]).map_err(|_error| unreadable())?;
    if lines.lines().count() != descriptors.len() || descriptors.is_empty() {
        return Err(unreadable());
    }
    lines
        .lines()
        .zip(descriptors)
        .map(|(line, descriptor)| socket(line, descriptor).ok_or_else(unreadable))
        .collect()
}

fn socket(line: &str, descriptor: OwnedFd) -> Option<Socket> {
    let (role, named) = line.split_once(' ')?;
    Some(Socket {
        role: match role {
            "clients" => Role::Clients,
            "admin" => Role::Admin,
            _ => return None,
        },
        named: named.parse().ok()?,
        listener: TcpListener::from(descriptor),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_cross_with_their_names() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let sockets: Vec<_> = [Role::Clients, Role::Clients, Role::Admin]
            .into_iter()
            .map(|role| Socket {
                role,
                named: "127.0.0.1:0".parse().unwrap(),
                listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            })
            .collect();
        send(&ours, sockets.iter()).unwrap();
        let received = receive(&theirs).unwrap();
        let seen = |sockets: &[Socket]| -> Vec<_> {
            let seen = sockets.iter();
            seen.map(|s| (s.role, s.named, s.listener.local_addr().unwrap()))
                .collect()
        };
        assert_eq!(seen(&received), seen(&sockets));
    }

    #[test]
    fn what_is_no_hand_over_is_an_error() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        ours.write_all(b"clients 127.0.0.1:80\n").unwrap();
        assert!(receive(&theirs).is_err());
        drop(ours);
        assert!(receive(&theirs).is_err());
    }
}
