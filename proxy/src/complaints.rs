//! Complaints of one kind: told once a minute at most, however often there is reason to.

use std::time::Duration;

use crate::clock::Moment;

/// Reasons to complain.
#[derive(Default)]
pub(crate) struct Complaints {
    untold: u64,
    quiet_until: Moment,
}

impl Complaints {
    /// Counts one; returns how many to tell of, when it is time to.
    pub(crate) fn note(&mut self, now: Moment) -> Option<u64> {
        self.untold += 1;
        if now < self.quiet_until {
            return None;
        }
        self.quiet_until = now + Duration::from_secs(60);
        Some(std::mem::take(&mut self.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_told_once_a_minute() {
        let at = |seconds| Moment::START + Duration::from_secs(seconds);
        let mut complaints = Complaints::default();
        assert_eq!(complaints.note(at(1)), Some(1));
        for second in 2..61 {
            assert_eq!(complaints.note(at(second)), None);
        }
        assert_eq!(complaints.note(at(61)), Some(60));
        assert_eq!(complaints.note(at(62)), None);
    }
}
