//! Keys that a person at the terminal can press during a run: q ends it, p pauses it and lets it go
//! on.
//!
//! Only where this program is in the foreground of a terminal, which is put back as it was.

use std::io;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcgetpgrp, tcsetattr,
};
use tokio::sync::mpsc;

use crate::console;
use crate::engine::Command;

/// Listens for keys until it is dropped.
pub(crate) struct Keys {
    over: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
    terminal: Terminal,
}

/// How the terminal was, and how it is to be meanwhile.
#[derive(Clone)]
struct Terminal {
    before: Termios,
    meanwhile: Termios,
}

impl Keys {
    /// Listens, where somebody can press keys and sees what they do.
    pub(crate) fn listen(quiet: bool, commands: mpsc::UnboundedSender<Command>) -> Option<Self> {
        let stdin = io::stdin();
        if quiet || !console::is_watched() || !isatty(&stdin) || !is_ours() {
            return None;
        }
        let before = tcgetattr(&stdin).ok()?;
        let mut meanwhile = before.clone();
        meanwhile.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        meanwhile.special_codes[SpecialCodeIndex::VMIN] = 0;
        meanwhile.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&stdin, OptionalActions::Now, &meanwhile).ok()?;
        let terminal = Terminal { before, meanwhile };
        let of_thread = terminal.clone();
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let listening = thread::Builder::new()
            .name("replay-keys".to_owned())
            .spawn(move || listen(&is_over, &of_thread, &commands))
            .ok();
        Some(Self {
            over,
            listening,
            terminal,
        })
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(listening) = self.listening.take() {
            // It has nothing to say, and its panic would be told by itself.
            drop(listening.join());
        }
        set(&self.terminal.before);
    }
}

/// Sets the terminal, where it is this program's: from the background that would stop the program. A
/// terminal that is gone needs nothing.
fn set(modes: &Termios) {
    if is_ours() {
        let _set = tcsetattr(io::stdin(), OptionalActions::Now, modes);
    }
}

/// Whether this program is in the foreground: then keys are meant for it.
fn is_ours() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp())
}

fn listen(over: &AtomicBool, terminal: &Terminal, commands: &mpsc::UnboundedSender<Command>) {
    let stdin = io::stdin();
    let mut was_ours = true;
    while !over.load(Ordering::Relaxed) {
        let ours = is_ours();
        if ours && !was_ours {
            // The shell has set it as it likes it.
            set(&terminal.meanwhile);
        }
        was_ours = ours;
        if !ours {
            // What is typed is meant for others.
            thread::sleep(PERIOD_BEHIND);
            continue;
        }
        let mut ready = [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN)];
        if poll(&mut ready, Some(&PERIOD)) != Ok(1) || !is_ours() {
            continue;
        }
        let mut key = [0];
        let command = match rustix::io::read(&stdin, &mut key) {
            Ok(0) | Err(_) => return,
            Ok(_) => match key[0] {
                b'q' => Command::Stop,
                b'p' => Command::Toggle,
                _ => continue,
            },
        };
        if commands.send(command).is_err() {
            return;
        }
    }
}

/// How long it may take to notice that the run is over.
const PERIOD: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};
/// How often it looks whether it is in the foreground again.
const PERIOD_BEHIND: Duration = Duration::from_millis(50);
