//! Who takes part: a part of the recorded users, all of them, or several for each.
//!
//! Pure, and the same for the same seed. A user takes part as a whole. What stands for a user
//! besides the first is called a clone: it does the same at a shifted time, under a name of its own.

use sha2::{Digest as _, Sha256};

use crate::clock::whole_ns;
use crate::settings::{Load, Pace, What};

use super::curve::Curve;

/// How many play for each recorded user.
#[derive(Debug, Clone)]
pub(crate) struct Crowd {
    size: Size,
    clones: u32,
    seed: u64,
}

#[derive(Debug, Clone)]
enum Size {
    Always(f64),
    Changing(Curve),
}

impl Crowd {
    /// The crowd of a load.
    pub(crate) fn of(load: &Load) -> Self {
        let (size, clones) = match &load.pace {
            Pace::Stages(stages) if stages.what == What::Users => {
                let most = stages.stages.iter().map(|(_, users)| users.ceil()).max();
                (Size::Changing(Curve::of(stages)), most.unwrap_or(1))
            }
            _ => (Size::Always(load.users.as_f64()), load.users.ceil()),
        };
        Self {
            size,
            clones,
            seed: load.seed,
        }
    }

    /// How many may stand for one recorded user.
    pub(crate) const fn clones(&self) -> u32 {
        self.clones
    }

    /// Whether this one of a user's takes part, when a session of it begins at that replayed time.
    pub(crate) fn takes(&self, user: &str, clone: u32, due_ns: u64) -> bool {
        let size = match &self.size {
            Size::Always(size) => *size,
            Size::Changing(curve) => curve.value(due_ns),
        };
        let whole = f64::from(clone + 1) <= size;
        whole || f64::from(clone) + self.lot(user, clone, b"part") < size
    }

    /// Whether it is the same all the time.
    pub(crate) const fn is_steady(&self) -> bool {
        matches!(self.size, Size::Always(_))
    }

    /// How much later than the recorded user a clone does everything, in recorded nanoseconds.
    pub(crate) fn shift_ns(&self, user: &str, clone: u32) -> u64 {
        match clone {
            0 => 0,
            _ => whole_ns(self.lot(user, clone, b"shift") * SPREAD_NS),
        }
    }

    /// Evenly from 0 to 1, and never 1.
    fn lot(&self, user: &str, clone: u32, of: &[u8]) -> f64 {
        let mut hash = Sha256::new();
        for part in [&self.seed.to_le_bytes()[..], &clone.to_le_bytes(), of] {
            hash.update(part);
        }
        hash.update(user);
        let hash: [u8; 32] = hash.finalize().into();
        let bits = hash
            .first_chunk()
            .map_or(0, |first| u64::from_le_bytes(*first));
        // The bits that a float has room for.
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Clones begin within this much recorded time of whom they stand for: nobody does all that
/// another one does at the same moment, and a peak stays one.
const SPREAD_NS: f64 = 10e9;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::load;
    use crate::settings::load::users;

    fn crowd(size: &str, seed: u64) -> Crowd {
        Crowd::of(&Load {
            users: users(size).unwrap(),
            seed,
            ..load("1")
        })
    }

    fn taken(crowd: &Crowd) -> Vec<(u32, u32)> {
        let all = (0..1_000).flat_map(|user| (0..crowd.clones()).map(move |clone| (user, clone)));
        all.filter(|(user, clone)| crowd.takes(&format!("u{user}"), *clone, 0))
            .collect()
    }

    #[test]
    fn whole_numbers_take_everybody_that_often() {
        assert_eq!(taken(&crowd("1x", 1)).len(), 1_000);
        assert_eq!(taken(&crowd("3x", 1)).len(), 3_000);
    }

    #[test]
    fn fractions_take_whole_users_by_the_seed() {
        let part = taken(&crowd("0.25x", 1));
        assert!((200..300).contains(&part.len()), "{}", part.len());
        assert_eq!(part, taken(&crowd("0.25x", 1)));
        assert_ne!(part, taken(&crowd("0.25x", 2)));
        // Who takes part in a small crowd takes part in a larger one.
        let more = taken(&crowd("0.5x", 1));
        assert!(part.iter().all(|one| more.contains(one)));
        let clones = taken(&crowd("2.5x", 1));
        assert!((2_400..2_600).contains(&clones.len()), "{}", clones.len());
    }

    #[test]
    fn a_crowd_grows_with_its_stages() {
        let crowd = Crowd::of(&Load {
            pace: Pace::Stages("10s:1users,10s:3users".parse().unwrap()),
            ..load("1")
        });
        assert_eq!(crowd.clones(), 3);
        let at = |seconds: u64, clone| crowd.takes("u1", clone, seconds * 1_000_000_000);
        assert!(at(0, 0) && !at(0, 1) && !at(10, 1) && at(15, 1) && !at(15, 2) && at(20, 2));
    }

    #[test]
    fn a_crowd_that_shrinks_has_room_for_its_largest() {
        let crowd = Crowd::of(&Load {
            pace: Pace::Stages("10s:1users,10s:3.5users,10s:2users".parse().unwrap()),
            ..load("1")
        });
        assert_eq!(crowd.clones(), 4);
    }

    #[test]
    fn clones_come_later_each_at_its_own_time() {
        let crowd = crowd("5x", 7);
        assert_eq!(crowd.shift_ns("u1", 0), 0);
        let shifts: Vec<_> = (1..5).map(|clone| crowd.shift_ns("u1", clone)).collect();
        assert!(shifts.iter().all(|shift| *shift < 10_000_000_000));
        let mut apart = shifts.clone();
        apart.sort_unstable();
        apart.dedup();
        assert_eq!(apart.len(), 4, "{shifts:?}");
    }
}
