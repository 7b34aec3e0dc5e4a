//! The limits of all routes, and which of them count together.
//!
//! Counts have names. Limits with the same name share them, as nginx's do by zone, and a reload
//! keeps those whose name and meaning stay the same.

use std::collections::HashMap;
use std::hash::RandomState;
use std::sync::Arc;

use jiff::civil::Time;

use super::Limit;
use super::allowance::Allowance;
use super::in_flight::InFlight;
use super::rate::Rates;
use crate::clock::Moment;
use crate::config::{LimitSettings, Per, Schedule};

/// The limits of all routes.
pub(crate) struct Limits {
    /// By place of the route.
    limits: Vec<Option<Limit>>,
    hasher: RandomState,
    rates: HashMap<Name, Arc<Rates>>,
    in_flight: HashMap<Name, Arc<InFlight>>,
}

/// What counts are known by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Name {
    zone: Zone,
    /// The listed value of the header that they are of, if they are of one.
    value: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Zone {
    /// All routes that limit what a client has in flight.
    Clients,
    Named(String),
    Route(String),
}

impl Limits {
    /// Takes over what an older set has counted, where it still means the same.
    pub(crate) fn new(routes: &[(&str, Option<&LimitSettings>)], old: Option<&Self>) -> Self {
        let mut set = Self {
            limits: Vec::new(),
            // The same header has to be the same key as before.
            hasher: old.map_or_else(RandomState::new, |old| old.hasher.clone()),
            rates: HashMap::new(),
            in_flight: HashMap::new(),
        };
        let largest = largest_bursts(routes);
        for (route, settings) in routes {
            let limit = settings.map(|settings| set.limit(route, settings, &largest, old));
            set.limits.push(limit);
        }
        set
    }

    /// The limit of the route at this place, if it has one.
    pub(crate) fn get(&self, route: usize) -> Option<&Limit> {
        self.limits[route].as_ref()
    }

    /// Lets the numbers hold that are for this time of day.
    pub(crate) fn turn(&self, time: Time, now: Moment) {
        for limit in self.limits.iter().flatten() {
            limit.turn(time, now);
        }
    }

    /// Forgets whoever would be treated like a newcomer anyway.
    pub(crate) fn sweep(&self, now: Moment) {
        for rates in self.rates.values() {
            rates.sweep(now);
        }
    }

    fn limit(
        &mut self,
        route: &str,
        settings: &LimitSettings,
        largest: &HashMap<Name, Vec<u32>>,
        old: Option<&Self>,
    ) -> Limit {
        let mut allowance = |value: Option<&str>, schedule: &Schedule| {
            let per = counted_by(settings, value);
            let name = rate_name(route, settings, value);
            let largest = largest.get(&name).map(Vec::as_slice).unwrap_or_default();
            let rates = self.rates(name, &per, schedule, old);
            let in_flight = schedule.numbers()[0].concurrent.map(|_| {
                let name = in_flight_name(route, settings, value, &per);
                self.in_flight(name, &per, old)
            });
            Allowance::new(schedule, largest, rates, in_flight)
        };
        let general = allowance(None, &settings.schedule);
        let values = settings.values.iter().map(|(value, schedule)| {
            let allowance = allowance(Some(value), schedule);
            (Box::from(value.as_bytes()), allowance)
        });
        Limit {
            per: settings.per.clone(),
            general,
            values: values.collect(),
            hasher: self.hasher.clone(),
        }
    }

    fn rates(
        &mut self,
        name: Name,
        per: &Per,
        schedule: &Schedule,
        old: Option<&Self>,
    ) -> Option<Arc<Rates>> {
        if let Some(known) = self.rates.get(&name) {
            return Some(Arc::clone(known));
        }
        let wanted = schedule.rates();
        let kept = old
            .and_then(|old| old.rates.get(&name))
            .filter(|old| old.counts_like(per, &wanted))
            .map(Arc::clone);
        let rates = kept.or_else(|| Rates::new(per, &wanted).map(Arc::new))?;
        self.rates.insert(name, Arc::clone(&rates));
        Some(rates)
    }

    fn in_flight(&mut self, name: Name, per: &Per, old: Option<&Self>) -> Arc<InFlight> {
        let kept = || {
            let old = old?.in_flight.get(&name)?;
            old.counts_like(per).then(|| Arc::clone(old))
        };
        let new = || kept().unwrap_or_else(|| Arc::new(InFlight::new(per)));
        Arc::clone(self.in_flight.entry(name.clone()).or_insert_with(new))
    }
}

/// The largest bursts of those that share a rate, by place in the schedule.
fn largest_bursts(routes: &[(&str, Option<&LimitSettings>)]) -> HashMap<Name, Vec<u32>> {
    let mut largest: HashMap<Name, Vec<u32>> = HashMap::new();
    let limited = routes.iter();
    for (route, settings) in limited.filter_map(|(route, settings)| Some((route, (*settings)?))) {
        for (value, schedule) in settings.schedules() {
            let bursts = largest
                .entry(rate_name(route, settings, value))
                .or_default();
            bursts.resize(schedule.numbers().len(), 0);
            for (largest, numbers) in bursts.iter_mut().zip(schedule.numbers()) {
                *largest = numbers.burst.max(*largest);
            }
        }
    }
    largest
}

fn rate_name(route: &str, settings: &LimitSettings, value: Option<&str>) -> Name {
    let own = || Zone::Route(route.to_owned());
    Name {
        zone: settings.zone.clone().map_or_else(own, Zone::Named),
        value: value.map(str::to_owned),
    }
}

/// nginx counts a client's requests in flight over all locations, and so do limits per client.
fn in_flight_name(route: &str, settings: &LimitSettings, value: Option<&str>, per: &Per) -> Name {
    let own = || match per {
        Per::Client => Zone::Clients,
        Per::Header(_) | Per::Key | Per::Route => Zone::Route(route.to_owned()),
    };
    let zone = settings.concurrent_zone.clone();
    Name {
        zone: zone.map_or_else(own, Zone::Named),
        value: value.map(str::to_owned),
    }
}

/// What keys there are in the counts of a value, or of whoever has no listed one.
fn counted_by(settings: &LimitSettings, value: Option<&str>) -> Per {
    match (value, settings.values.is_empty()) {
        (Some(_), _) => Per::Route,
        (None, true) => settings.per.clone(),
        (None, false) => Per::Client,
    }
}
