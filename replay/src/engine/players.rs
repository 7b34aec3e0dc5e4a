//! Who plays in a worker's sessions: as which test user, and with what tokens.
//!
//! Secrets stay in their type until the moment they are written into a request.

use std::cell::RefCell;
use std::collections::HashMap;

use foldhash::fast::RandomState;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Notify;

use crate::plan::Player;
use crate::settings::Auth;
use crate::users::TestUser;

use super::Job;

/// The players by their number as those who have tokens.
#[derive(Default)]
pub(super) struct Players {
    known: RefCell<HashMap<u32, Known, RandomState>>,
    changed: Notify,
}

#[derive(Default)]
struct Known {
    test_user: Option<usize>,
    access: Option<SecretString>,
    refresh: Option<SecretString>,
    /// Requests on their way whose answer brings a token.
    expected: u32,
}

impl Players {
    /// Takes note of one who will play.
    pub(super) fn meet(&self, player: &Player) {
        self.with(player.identity, |known| {
            known.test_user = Some(player.test_user);
        });
    }

    /// The test user that it logs in as.
    pub(super) fn test_user<'a>(&self, job: &'a Job, identity: u32) -> Option<&'a TestUser> {
        let known = self.known.borrow();
        job.pool.users.get(known.get(&identity)?.test_user?)
    }

    /// Gives the access token in clear, if there is one.
    pub(super) fn access<T>(&self, identity: u32, to: impl FnOnce(&str) -> T) -> Option<T> {
        let known = self.known.borrow();
        let token = known.get(&identity)?.access.as_ref()?;
        Some(to(token.expose_secret()))
    }

    /// Gives the refresh token in clear, if there is one.
    pub(super) fn refresh<T>(&self, identity: u32, to: impl FnOnce(&str) -> T) -> Option<T> {
        let known = self.known.borrow();
        let token = known.get(&identity)?.refresh.as_ref()?;
        Some(to(token.expose_secret()))
    }

    /// Takes note that a request which brings a token goes out.
    pub(super) fn expect(&self, identity: u32) {
        self.with(identity, |known| known.expected += 1);
    }

    /// Takes what a log-in's answer gave.
    pub(super) fn take(&self, identity: u32, body: &[u8], auth: &Auth) -> bool {
        let Some(access) = auth.token.text_in(body) else {
            return false;
        };
        let refresh = auth.refresh_token.text_in(body);
        self.with(identity, |known| {
            known.access = Some(access.into());
            known.refresh = refresh.map(Into::into);
        });
        true
    }

    /// Takes note that an expected answer is in, whatever it brought.
    pub(super) fn settle(&self, identity: u32) {
        self.with(identity, |known| {
            known.expected = known.expected.saturating_sub(1);
        });
        self.changed.notify_waiters();
    }

    /// Waits while there is no token but one may still come from more than `own` requests;
    /// tells whether it had to.
    pub(super) async fn wait(&self, identity: u32, own: u32) -> bool {
        let is_pending = || {
            let known = self.known.borrow();
            let known = known.get(&identity);
            known.is_some_and(|known| known.access.is_none() && known.expected > own)
        };
        let mut waited = false;
        while is_pending() {
            waited = true;
            self.changed.notified().await;
        }
        waited
    }

    fn with(&self, identity: u32, change: impl FnOnce(&mut Known)) {
        change(self.known.borrow_mut().entry(identity).or_default());
    }
}
