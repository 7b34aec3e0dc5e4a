//! Keys that a person at the terminal can press during a run: q ends it, p pauses it and lets it go
//! on.
//!
//! Only where this program is in the foreground of a terminal, which is put back as it was.

use std::io;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

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
    before: Termios,
}

impl Keys {
    /// Listens, where somebody can press keys and sees what they do.
    pub(crate) fn listen(quiet: bool, commands: mpsc::UnboundedSender<Command>) -> Option<Self> {
        let stdin = io::stdin();
        let is_ours = || tcgetpgrp(&stdin).is_ok_and(|group| group == getpgrp());
        if quiet || !console::is_watched() || !isatty(&stdin) || !is_ours() {
            return None;
        }
        let before = tcgetattr(&stdin).ok()?;
        let mut each = before.clone();
        each.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        each.special_codes[SpecialCodeIndex::VMIN] = 0;
        each.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&stdin, OptionalActions::Now, &each).ok()?;
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let listening = thread::Builder::new()
            .name("replay-keys".to_owned())
            .spawn(move || listen(&is_over, &commands))
            .ok();
        Some(Self {
            over,
            listening,
            before,
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
        // A terminal that is gone needs nothing put back.
        let _put_back = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

fn listen(over: &AtomicBool, commands: &mpsc::UnboundedSender<Command>) {
    let stdin = io::stdin();
    while !over.load(Ordering::Relaxed) {
        let mut ready = [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN)];
        let mut key = [0];
        if poll(&mut ready, Some(&PERIOD)) != Ok(1) {
            continue;
        }
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
