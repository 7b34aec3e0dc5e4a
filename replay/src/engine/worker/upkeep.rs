//! Keeps sessions logged in: before their first request, ahead of the end of a token, and after a 401.
//!
//! Outside the measured requests. What a request waits for it is link wait.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_local};

use crate::clock::{self, NANOS_PER_SECOND};
use crate::plan::{Arrival, Player};

use super::super::login::{self, LoginFailed};
use super::super::players::Token;
use super::Worker;

impl Worker {
    /// Takes note of those who will play, and logs in who has to be.
    pub(in crate::engine) fn meet(self: &Rc<Self>, players: Vec<Player>) {
        drop(self.introduce(players));
    }

    pub(super) fn introduce(self: &Rc<Self>, players: Vec<Player>) -> Vec<JoinHandle<()>> {
        let mut tasks = Vec::new();
        for player in players {
            self.memory.players.meet(&player);
            if player.logs_in_first {
                self.memory.players.expect(player.identity);
                tasks.push(spawn_local(Rc::clone(self).log_in(player)));
            }
        }
        tasks
    }

    /// Refreshes tokens ahead of their end, until it is dropped.
    pub(super) async fn keep_fresh(self: Rc<Self>) {
        let Some(life_ns) = self.job.auth.life_ns else {
            return;
        };
        let mut ticks = tokio::time::interval(Duration::from_nanos(life_ns / 20).max(SHORTEST));
        while !self.stopping() {
            ticks.tick().await;
            for identity in self.memory.players.ageing(&self.job.auth, clock::now_ns()) {
                self.renew(identity, self.memory.players.mark(identity));
            }
        }
    }

    /// Sees to it that an arrival has a token to carry, as far as that can be; tells whether it
    /// had to wait.
    pub(super) async fn token_for(self: &Rc<Self>, arrival: &Arrival, mark: u32) -> bool {
        let entry = arrival.entry();
        let Some(needs) = entry.needs else {
            return false;
        };
        let identity = self.job.identity(needs, arrival);
        let players = &self.memory.players;
        if entry.refreshes {
            // Two must not use one refresh token.
            return players.wait(identity, mark, || false).await;
        }
        let token = || players.token(identity, &self.job.auth, clock::now_ns());
        if matches!(token(), Token::None | Token::Over) {
            self.renew(identity, mark);
        }
        let is_good = || matches!(token(), Token::Good | Token::Old);
        players.wait(identity, mark, is_good).await
    }

    /// After a 401 that was not recorded: logs in afresh, unless that has been done since the
    /// request went out; tells whether there is another token now.
    pub(super) async fn log_in_again(
        self: &Rc<Self>,
        identity: u32,
        mark: u32,
        times: u32,
    ) -> bool {
        let players = &self.memory.players;
        let has_another = || players.times(identity) != times;
        if !has_another()
            && self.job.auth.login.is_some()
            && let Some(player) = players.expect_own(identity, mark, clock::now_ns())
        {
            drop(spawn_local(Rc::clone(self).log_in(player)));
        }
        players.wait(identity, mark, has_another).await;
        has_another()
    }

    /// Gets somebody another token, unless one is on its way.
    fn renew(self: &Rc<Self>, identity: u32, mark: u32) {
        let auth = &self.job.auth;
        let now_ns = clock::now_ns();
        if (auth.login.is_some() || auth.refresh.is_some())
            && let Some(player) = self.memory.players.expect_own(identity, mark, now_ns)
        {
            drop(spawn_local(Rc::clone(self).refresh_or_log_in(player)));
        }
    }

    async fn refresh_or_log_in(self: Rc<Self>, player: Player) {
        let refreshed = {
            let _slot = self.log_ins.take().await;
            login::refresh(&self.job, &self.client, &self.memory, &player).await
        };
        match refreshed {
            Some(Ok(())) => {
                self.upkeep.borrow_mut().refreshes += 1;
                self.memory.players.settle(player.identity);
            }
            Some(Err(failed)) if self.job.auth.login.is_none() => {
                self.in_vain(&player, failed);
                self.memory.players.settle(player.identity);
            }
            // A refresh token may be over, too: who knows the password needs none.
            Some(Err(_)) | None => self.log_in(player).await,
        }
    }

    async fn log_in(self: Rc<Self>, player: Player) {
        let _slot = self.log_ins.take().await;
        if !self.stopping()
            && let Some(login) = &self.job.auth.login
        {
            match login::ask(&self.job, &self.client, &self.memory, &player, login).await {
                Ok(()) => self.upkeep.borrow_mut().log_ins += 1,
                Err(failed) => self.in_vain(&player, failed),
            }
        }
        self.memory.players.settle(player.identity);
    }

    fn in_vain(&self, player: &Player, failed: LoginFailed) {
        self.upkeep.borrow_mut().failed(failed);
        let players = &self.memory.players;
        players.failed(player.identity, clock::now_ns() + PATIENCE_NS);
    }
}

/// After a log-in in vain, the next one is not before this: it may be a limit that was met.
const PATIENCE_NS: u64 = 5 * NANOS_PER_SECOND;

/// How often tokens are looked after, at most.
const SHORTEST: Duration = Duration::from_millis(20);
