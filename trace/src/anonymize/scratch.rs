//! What the tests of single formats scrub with.

use std::sync::LazyLock;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::here::Here;
use super::memo::Memo;
use super::people::{Identity, Member, People};
use super::policy::Policy;
use super::scrub::Scrub;
use super::tokens::Tokens;
use crate::links::Spots;

/// A policy and all that is remembered, for as many scrubs as a test likes.
pub(super) struct Scratch {
    policy: Policy,
    memo: Memo,
    tokens: Tokens,
    people: People,
    spots: Spots,
}

impl Scratch {
    /// With the policy that is shipped.
    pub(super) fn shipped() -> Self {
        static SHIPPED: LazyLock<Policy> = LazyLock::new(|| {
            Policy::parse(include_str!("../../../config/anonymize.toml")).unwrap()
        });
        Self {
            policy: SHIPPED.clone(),
            memo: Memo::new(),
            tokens: Tokens::with_rng(10_000, StdRng::seed_from_u64(7)),
            people: People::new(),
            spots: Spots::new(),
        }
    }

    /// The policy.
    pub(super) const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// For an exchange of somebody who is not logged in.
    pub(super) fn scrub(&mut self) -> Scrub<'_> {
        Scrub {
            policy: &self.policy,
            memo: &mut self.memo,
            tokens: &mut self.tokens,
            people: &self.people,
            identity: Identity {
                member: Member {
                    session: 1,
                    user: 1,
                },
                logged_in: false,
            },
            spots: &mut self.spots,
            spotted: Vec::new(),
            here: Here::default(),
            identifier: false,
        }
    }
}
