//! What one limit allows each key at the moment, and the counts that it holds against that.
//!
//! Counts may be shared with other limits. The numbers are the limit's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::civil::Time;

use super::in_flight::{InFlight, Place};
use super::rate::{Burst, Rates};
use super::{Excess, LimitKey};
use crate::clock::Moment;
use crate::config::Schedule;

pub(crate) struct Allowance {
    schedule: Schedule,
    /// By place in the schedule.
    bursts: Vec<Burst>,
    /// Which numbers hold now.
    active: AtomicUsize,
    rates: Option<Arc<Rates>>,
    in_flight: Option<Arc<InFlight>>,
}

impl Allowance {
    /// `largest` has the bursts of the limit that allows most of those that share its rates, by
    /// place in the schedule.
    pub(crate) fn new(
        schedule: &Schedule,
        largest: &[u32],
        rates: Option<Arc<Rates>>,
        in_flight: Option<Arc<InFlight>>,
    ) -> Self {
        let numbers = schedule.numbers().iter().zip(largest);
        Self {
            schedule: schedule.clone(),
            bursts: numbers
                .map(|(numbers, largest)| Burst {
                    own: numbers.burst,
                    largest: *largest,
                })
                .collect(),
            active: AtomicUsize::new(0),
            rates,
            in_flight,
        }
    }

    /// Counts a request. While the place is held, the request counts as in flight.
    ///
    /// The place comes first, so that a request without one does not use up the rate as well.
    /// Where both are used up, the rate is what is told: it is the longer wait.
    pub(crate) fn admit(&self, key: LimitKey, now: Moment) -> Result<Option<Place>, Excess> {
        let active = self.active.load(Ordering::Relaxed);
        let burst = self.bursts[active];
        let mut place = None;
        let concurrent = self.schedule.numbers()[active].concurrent;
        if let (Some(in_flight), Some(most)) = (&self.in_flight, concurrent) {
            place = in_flight.enter(key, most);
            if place.is_none() {
                if let Some(rates) = &self.rates {
                    rates.would_admit(key, burst, now)?;
                }
                return Err(Excess::InFlight(most));
            }
        }
        if let Some(rates) = &self.rates {
            rates.admit(key, burst, now)?;
        }
        Ok(place)
    }

    /// Lets the numbers hold that are for this time of day.
    pub(crate) fn turn(&self, time: Time, now: Moment) {
        let to = self.schedule.at(time);
        if let Some(rates) = &self.rates {
            rates.turn(to, now);
        }
        self.active.store(to, Ordering::Relaxed);
    }
}
