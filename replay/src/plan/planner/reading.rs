//! The planner's input: windows of the capture as they are needed, and test users for those in them.

use std::sync::Arc;

use super::super::address::address;
use super::super::entry::Identity;
use super::super::script::Compiled;
use super::super::window::{Window, index};
use super::super::{PlanError, Player};
use super::Planner;

impl Planner {
    /// Compiles the beginning, so that what is wrong with it is known before anything is sent.
    pub(super) fn prologue(&mut self) -> Result<(), PlanError> {
        let mut identities = Vec::new();
        while self.weight < PROLOGUE
            && let Some(window) = self.compile()?
        {
            identities.extend_from_slice(&window.newcomers);
            self.kept.push_back(Arc::new(window));
        }
        if self.kept.is_empty() {
            return Err(PlanError::Empty);
        }
        self.meet(&identities)
    }

    /// Adds the next window to what is kept; `false` at the end of the capture.
    pub(super) fn read(&mut self) -> Result<bool, PlanError> {
        let Some(window) = self.compile()? else {
            return Ok(false);
        };
        if self.keeps && self.weight > MOST_KEPT {
            // What was played is read again in the next lap.
            self.keeps = false;
            self.kept.clear();
            self.next = 0;
        }
        let newcomers = window.newcomers.clone();
        self.kept.push_back(Arc::new(window));
        self.meet(&newcomers)?;
        Ok(true)
    }

    fn compile(&mut self) -> Result<Option<Window>, PlanError> {
        if self.is_read {
            return Ok(None);
        }
        let input = match &mut self.input {
            Some(input) => input,
            none => none.insert((self.open)()?),
        };
        let Some(compiled) = self.script.window(input)? else {
            self.input = None;
            self.is_read = true;
            return Ok(None);
        };
        let Compiled {
            window,
            users,
            routes,
        } = compiled;
        self.users.extend(users);
        self.routes.extend(routes);
        self.weight += window.weight();
        if let Some(network) = self.wanted.client_addresses {
            let players = self.users.len() * self.crowd.clones() as usize;
            let last = address(network, index(players.saturating_sub(1)));
            last.ok_or(PlanError::Addresses {
                network,
                needed: players,
            })?;
        }
        Ok(Some(window))
    }

    /// Finds test users for those who need one.
    fn meet(&mut self, identities: &[Identity]) -> Result<(), PlanError> {
        let first = identities.iter().filter(|identity| identity.logs_in_first);
        let sessions = first.count();
        if sessions > 0 && !self.wanted.can_log_in {
            return Err(PlanError::NoLogin {
                sessions,
                config: self.wanted.config.clone(),
            });
        }
        let mut playing = Vec::new();
        for identity in identities {
            for clone in 0..self.crowd.clones() {
                let user = &self.users[identity.user as usize];
                if !self.crowd.is_steady() || self.crowd.takes(user, clone, 0) {
                    playing.push((*identity, clone));
                }
            }
        }
        self.assign(&playing)?;
        for (identity, clone) in playing {
            let player = self.player(identity.user, clone);
            self.newcomers.push(Player {
                identity: self.player(identity.number, clone),
                session: self.player(identity.session, clone),
                player,
                test_user: self.test_users[&player],
                logs_in_first: identity.logs_in_first,
            });
        }
        Ok(())
    }

    fn assign(&mut self, playing: &[(Identity, u32)]) -> Result<(), PlanError> {
        let players = playing.iter();
        let players = players.map(|(identity, clone)| (identity.user, *clone));
        let mut players: Vec<_> = players
            .filter(|(user, clone)| !self.test_users.contains_key(&self.player(*user, *clone)))
            .collect();
        players.sort_unstable();
        players.dedup();
        let role = |(user, _): &(u32, u32)| self.script.roles().of(&self.users[*user as usize]);
        let roles: Vec<_> = players.iter().map(role).collect();
        let given = self.cast.assign(&roles)?;
        for ((user, clone), test_user) in players.into_iter().zip(given) {
            self.test_users.insert(self.player(user, clone), test_user);
        }
        Ok(())
    }
}

/// What is compiled before anything is sent.
const PROLOGUE: usize = 8 << 20;

/// What is kept for the next lap, at most.
const MOST_KEPT: usize = 16 << 20;
