//! Who plays in a worker's sessions: as which test user, and with what tokens.
//!
//! Secrets stay in their type until the moment they are written into a request.

use std::cell::RefCell;
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
    /// Requests on their way whose answer brings a token: by how they get it.
    coming: [u32; 2],
    /// After a log-in in vain, the next one is not before this.
    not_before_ns: u64,
}

/// How a request gets a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// It is a log-in, or any that this program makes up: it waits for nobody else's token.
    LogIn,
    /// It is a recorded refresh: it waits for those, and only for those.
    Refresh,
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

    /// Takes note that a request which brings a token goes out.
    pub(super) fn expect(&self, identity: u32, by: By) {
        self.with(identity, |known| known.coming[by as usize] += 1);
    }

    /// The same for one that this program makes up, unless one is on its way already, or was in
    /// vain just now; gives who it is for.
    pub(super) fn expect_own(&self, identity: u32, now_ns: u64) -> Option<Player> {
        let mut known = self.known.borrow_mut();
        let known = known.get_mut(&identity)?;
        if known.coming != [0, 0] || now_ns < known.not_before_ns {
            return None;
        }
        let player = known.player.clone()?;
        known.coming[By::LogIn as usize] += 1;
        Some(player)
    }

    /// Those whose tokens are old and were used: they will be again.
    pub(super) fn ageing(&self, auth: &Auth, now_ns: u64) -> Vec<u32> {
        let known = self.known.borrow();
        let ageing = known.iter().filter(|(_, known)| {
            known.is_used && matches!(known.token(auth, now_ns), Token::Old | Token::Over)
        });
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

    /// Takes note that an expected answer is in, whatever it brought.
    pub(super) fn settle(&self, identity: u32, by: By) {
        self.with(identity, |known| {
            let coming = &mut known.coming[by as usize];
            *coming = coming.saturating_sub(1);
        });
        self.changed.notify_waiters();
    }

    /// Takes note that the tokens of one are of no use, and when it may try again.
    pub(super) fn failed(&self, identity: u32, not_before_ns: u64) {
        self.with(identity, |known| {
            known.not_before_ns = not_before_ns;
            known.refresh = None;
        });
    }

    /// Waits for a token that is coming, until `is_enough`; tells whether it had to. Who will
    /// refresh it waits for log-ins alone, so that two never wait for each other.
    pub(super) async fn wait(
        &self,
        identity: u32,
        by: Option<By>,
        is_enough: impl Fn() -> bool,
    ) -> bool {
        let is_coming = || {
            let known = self.known.borrow();
            let coming = known.get(&identity).map_or([0, 0], |known| known.coming);
            coming[0] > 0 || (by.is_none() && coming[1] > 0)
        };
        let mut waited = false;
        while is_coming() && !is_enough() {
            waited = true;
            self.changed.notified().await;
        }
        waited
    }

    fn with(&self, identity: u32, change: impl FnOnce(&mut Known)) {
        change(self.known.borrow_mut().entry(identity).or_default());
    }
}

impl Known {
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
