//! Who plays in a worker's sessions: as which test user, and with what tokens.
//!
//! Secrets stay in their type until the moment they are written into a request.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use foldhash::fast::RandomState;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Notify;

use crate::locator::Seen;
use crate::plan::Player;
use crate::settings::Auth;
use crate::users::TestUser;

use super::Job;

/// The players by their number as those who have tokens.
#[derive(Default)]
pub(super) struct Players {
    known: RefCell<HashMap<u32, Known, RandomState>>,
    changed: Notify,
    /// Whether nobody is to wait any more.
    closed: Cell<bool>,
}

#[derive(Default)]
struct Known {
    player: Option<Player>,
    access: Option<SecretString>,
    refresh: Option<SecretString>,
    /// When the tokens came, on the clock.
    since_ns: u64,
    /// How many times they came.
    times: u32,
    /// Whether the access token was used since.
    is_used: bool,
    /// Requests on their way that bring a token and wait for nobody: what this program makes up, and
    /// recorded refreshes once they go out.
    coming: u32,
    /// Recorded log-ins that were released so far, and those of them that are over.
    released: u32,
    over: u32,
    /// After a log-in in vain, the next one is not before this.
    not_before_ns: u64,
}

/// What can be said of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// There is none.
    None,
    /// It has most of its life behind it.
    Old,
    /// It is over.
    Over,
    /// It is good.
    Good,
}

impl Players {
    /// Takes note of one who will play.
    pub(super) fn meet(&self, player: &Player) {
        self.with(player.identity, |known| known.player = Some(player.clone()));
    }

    /// The test user that it logs in as.
    pub(super) fn test_user<'a>(&self, job: &'a Job, identity: u32) -> Option<&'a TestUser> {
        let known = self.known.borrow();
        let player = known.get(&identity)?.player.as_ref()?;
        job.pool.users.get(player.test_user)
    }

    /// Gives the access token in clear, if there is one.
    pub(super) fn access<T>(&self, identity: u32, to: impl FnOnce(&str) -> T) -> Option<T> {
        let mut known = self.known.borrow_mut();
        let known = known.get_mut(&identity)?;
        known.is_used = true;
        Some(to(known.access.as_ref()?.expose_secret()))
    }

    /// Gives the refresh token in clear, if there is one.
    pub(super) fn refresh<T>(&self, identity: u32, to: impl FnOnce(&str) -> T) -> Option<T> {
        let known = self.known.borrow();
        let token = known.get(&identity)?.refresh.as_ref()?;
        Some(to(token.expose_secret()))
    }

    /// How it is with its access token at this time.
    pub(super) fn token(&self, identity: u32, auth: &Auth, now_ns: u64) -> Token {
        let known = self.known.borrow();
        let known = known.get(&identity);
        known.map_or(Token::None, |known| known.token(auth, now_ns))
    }

    /// How many times it got tokens.
    pub(super) fn times(&self, identity: u32) -> u32 {
        self.known
            .borrow()
            .get(&identity)
            .map_or(0, |known| known.times)
    }

    /// Takes note that a request which brings a token goes out, and waits for nobody.
    pub(super) fn expect(&self, identity: u32) {
        self.with(identity, |known| known.coming += 1);
    }

    /// The same for one that this program makes up, unless another one is on its way already, or was
    /// in vain just now; gives who it is for.
    pub(super) fn expect_own(&self, identity: u32, mark: u32, now_ns: u64) -> Option<Player> {
        let mut known = self.known.borrow_mut();
        let known = known.get_mut(&identity)?;
        if known.is_coming(mark) || now_ns < known.not_before_ns {
            return None;
        }
        let player = known.player.clone()?;
        known.coming += 1;
        Some(player)
    }

    /// Takes note that an expected answer is in, whatever it brought.
    pub(super) fn settle(&self, identity: u32) {
        self.with(identity, |known| {
            debug_assert!(known.coming > 0, "it was expected");
            known.coming = known.coming.saturating_sub(1);
        });
        self.changed.notify_waiters();
    }

    /// Takes note that a recorded log-in is released.
    pub(super) fn release(&self, identity: u32) {
        self.with(identity, |known| known.released += 1);
    }

    /// Takes note that a recorded log-in is over, or will not be sent.
    pub(super) fn over(&self, identity: u32) {
        self.with(identity, |known| known.over += 1);
        self.changed.notify_waiters();
    }

    /// Stands for the recorded log-ins that were released by now. Who waits for these alone waits
    /// for nobody who may wait for it.
    pub(super) fn mark(&self, identity: u32) -> u32 {
        self.known
            .borrow()
            .get(&identity)
            .map_or(0, |known| known.released)
    }

    /// Those whose tokens are old and were used: they will be again.
    pub(super) fn ageing(&self, auth: &Auth, now_ns: u64) -> Vec<u32> {
        let known = self.known.borrow();
        let ageing = known
            .iter()
            .filter(|(_, known)| known.is_used && known.token(auth, now_ns) == Token::Old);
        ageing.map(|(identity, _)| *identity).collect()
    }

    /// Takes what a log-in's or a refresh's answer gave.
    pub(super) fn take(&self, identity: u32, answer: &Seen<'_>, auth: &Auth, now_ns: u64) -> bool {
        let Some(access) = auth.token.token(answer) else {
            return false;
        };
        let refresh = auth.refresh_token.token(answer);
        self.with(identity, |known| {
            known.access = Some(access.into_owned().into());
            if let Some(refresh) = refresh {
                known.refresh = Some(refresh.into_owned().into());
            }
            known.since_ns = now_ns;
            known.times += 1;
            known.is_used = false;
        });
        true
    }

    /// Takes note that the tokens of one are of no use, and when it may try again.
    pub(super) fn failed(&self, identity: u32, not_before_ns: u64) {
        self.with(identity, |known| {
            known.not_before_ns = not_before_ns;
            known.refresh = None;
        });
    }

    /// Waits for tokens that are coming by a mark, until that `is_enough`, or nobody is to wait any
    /// more; tells whether it had to.
    pub(super) async fn wait(
        &self,
        identity: u32,
        mark: u32,
        is_enough: impl Fn() -> bool,
    ) -> bool {
        let is_coming = || {
            let known = self.known.borrow();
            known
                .get(&identity)
                .is_some_and(|known| known.is_coming(mark))
        };
        let mut waited = false;
        while is_coming() && !is_enough() && !self.closed.get() {
            waited = true;
            self.changed.notified().await;
        }
        waited
    }

    /// Lets nobody wait any more.
    pub(super) fn close(&self) {
        self.closed.set(true);
        self.changed.notify_waiters();
    }

    fn with(&self, identity: u32, change: impl FnOnce(&mut Known)) {
        change(self.known.borrow_mut().entry(identity).or_default());
    }
}

impl Known {
    const fn is_coming(&self, mark: u32) -> bool {
        self.coming > 0 || self.over < mark
    }

    fn token(&self, auth: &Auth, now_ns: u64) -> Token {
        if self.access.is_none() {
            return Token::None;
        }
        let Some(life_ns) = auth.life_ns else {
            return Token::Good;
        };
        match now_ns.saturating_sub(self.since_ns) {
            age_ns if age_ns >= life_ns => Token::Over,
            age_ns if age_ns >= life_ns / 5 * 4 => Token::Old,
            _ => Token::Good,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: fn() -> bool = || false;

    fn players() -> Players {
        let players = Players::default();
        players.meet(&Player {
            identity: 1,
            session: 1,
            player: 1,
            test_user: 0,
            logs_in_first: false,
        });
        players
    }

    /// Whether somebody with this mark waits now.
    async fn waits(players: &Players, mark: u32) -> bool {
        let done = async {
            players.wait(1, mark, NOBODY).await;
            false
        };
        let gives_up = async {
            tokio::task::yield_now().await;
            true
        };
        tokio::select! {
            biased;
            waits = done => waits,
            waits = gives_up => waits,
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn nobody_waits_for_a_log_in_that_was_released_later() {
        let players = players();
        let before = players.mark(1);
        players.release(1);
        let after = players.mark(1);
        assert!(!waits(&players, before).await && waits(&players, after).await);
        assert!(players.expect_own(1, after, 0).is_none());
        players.over(1);
        assert!(!waits(&players, after).await);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn there_is_one_log_in_at_a_time_and_all_wait_for_it() {
        let players = players();
        assert!(players.expect_own(1, 0, 0).is_some());
        assert!(players.expect_own(1, 0, 0).is_none());
        assert!(waits(&players, 0).await);
        players.settle(1);
        assert!(!waits(&players, 0).await);
        players.failed(1, 50);
        assert!(players.expect_own(1, 0, 49).is_none() && players.expect_own(1, 0, 50).is_some());
    }

    #[tokio::test(flavor = "current_thread")]
    async fn at_the_end_nobody_waits() {
        let players = players();
        players.expect(1);
        assert!(waits(&players, 0).await);
        let closing = async {
            tokio::task::yield_now().await;
            players.close();
        };
        let (waited, ()) = tokio::join!(players.wait(1, 0, NOBODY), closing);
        assert!(waited && !waits(&players, 0).await);
    }
}
