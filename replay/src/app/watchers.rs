//! Who watches a run: a line on the terminal with its keys, and the live page.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::console;
use crate::engine::{Command, News};
use crate::keys::Keys;
use crate::live::{Live, LiveError};
use crate::progress::Progress;

use super::account::Account;

/// All who watch a run.
pub(super) struct Watchers<'a> {
    account: &'a Account<'a>,
    progress: Progress,
    keys: Option<Keys>,
    live: Option<Live>,
}

impl<'a> Watchers<'a> {
    /// Begins to watch; what they ask for comes through the channel.
    pub(super) fn start(
        account: &'a Account<'a>,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Command>), LiveError> {
        let out = &account.settings.out;
        let (commander, commands) = mpsc::unbounded_channel();
        let steers = out.live_control.then(|| commander.clone());
        let live = out.live.map(|address| Live::start(address, steers));
        let live = live.transpose()?;
        if let Some(live) = &live {
            console::notice(&format!("live page: http://{}/\n", live.address()));
            if out.live_control {
                console::notice("the run waits to be started there\n");
            }
        }
        let mut progress = Progress::new(out.quiet, &account.settings.load);
        let keys = Keys::listen(out.quiet, commander);
        if keys.is_some() {
            progress.with_keys();
        }
        let watchers = Self {
            account,
            progress,
            keys,
            live,
        };
        Ok((watchers, commands))
    }

    /// Shows how the run is doing.
    pub(super) fn show(&mut self, news: &News<'_>) {
        self.progress.show(news);
        if let Some(live) = &self.live {
            live.follow(news.state);
            if let Some(moment) = &news.second {
                live.publish(Arc::new(self.account.so_far(moment)));
            }
        }
    }

    /// Puts the terminal back; the page is still to be told how it ended.
    pub(super) fn end(mut self) -> Option<Live> {
        drop(self.keys.take());
        self.progress.end();
        self.live.take()
    }
}
