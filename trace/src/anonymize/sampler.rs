//! Which users are in a sample: each as a whole, whatever they do and whenever.

use std::hash::BuildHasher as _;

use foldhash::quality::RandomState;

use crate::recording::{By, Sample};

/// Draws users.
pub(super) struct Sampler {
    hasher: RandomState,
    /// Users whose hash is below are in.
    below: f64,
}

impl Sampler {
    /// A sample of other kinds than of users has all of them.
    pub(super) fn new(sample: Sample) -> Self {
        Self {
            hasher: RandomState::default(),
            below: match sample.by {
                By::Exchange => 1.0,
                By::User => sample.share,
            },
        }
    }

    /// Whether the user is in the sample.
    pub(super) fn takes(&self, user: u32) -> bool {
        // 32 bits have their place in a float, and a share is not known better than that.
        let hash = u32::try_from(self.hasher.hash_one(user) >> 32).unwrap_or_default();
        self.below >= 1.0 || f64::from(hash) < self.below * (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(share: f64, by: By, about: std::ops::RangeInclusive<usize>) {
        let sampler = Sampler::new(Sample { share, by });
        let taken = (0..10_000).filter(|user| sampler.takes(*user)).count();
        assert!(about.contains(&taken), "{taken} of 10,000 at {share}");
        assert_eq!(sampler.takes(7), sampler.takes(7));
    }

    #[test]
    fn about_as_many_users_are_taken_as_asked_for() {
        check(0.0, By::User, 0..=0);
        check(0.25, By::User, 2_200..=2_800);
        check(1.0, By::User, 10_000..=10_000);
        check(0.25, By::Exchange, 10_000..=10_000);
    }
}
