//! Who is counted with whom, what a full table does, and what a reload keeps.
//!
//! The arithmetic of rates has tests of its own.

use std::net::IpAddr;
use std::time::Duration;

use super::rate::{Burst, Rates};
use super::{Asker, Excess, LimitKey, Limits};
use crate::clock::Moment;
use crate::config::{LimitSettings, Numbers, Per, Rate, Schedule};
use crate::http1::fields::Fields;

pub(super) fn rate(count: u32, seconds: u64) -> Rate {
    Rate {
        count: count.try_into().unwrap(),
        window: Duration::from_secs(seconds),
    }
}

pub(super) fn at(seconds: f64) -> Moment {
    Moment::START + Duration::from_secs_f64(seconds)
}

pub(super) fn numbers(rate: Option<Rate>, burst: u32, concurrent: Option<u32>) -> Numbers {
    Numbers {
        rate,
        burst,
        concurrent,
    }
}

/// Per client, without zones, the same in all hours.
pub(super) fn limit(numbers: Numbers) -> LimitSettings {
    LimitSettings {
        per: Per::Client,
        zone: None,
        concurrent_zone: None,
        schedule: Schedule::new(numbers, []),
        values: Vec::new(),
    }
}

/// One in an hour, with a burst.
fn hourly(burst: u32) -> LimitSettings {
    limit(numbers(Some(rate(1, 3600)), burst, None))
}

fn concurrent(most: u32) -> LimitSettings {
    limit(numbers(None, 0, Some(most)))
}

pub(super) fn set(routes: &[(&str, &LimitSettings)], old: Option<&Limits>) -> Limits {
    let routes: Vec<_> = routes
        .iter()
        .map(|(name, limit)| (*name, Some(*limit)))
        .collect();
    Limits::new(&routes, old)
}

/// A client, with the values of one header.
struct Who {
    address: &'static str,
    team: &'static [&'static str],
}

const ANNE: Who = Who {
    address: "192.0.2.1",
    team: &[],
};

fn ask(limits: &Limits, route: usize, who: &Who) -> Result<Option<super::Place>, Excess> {
    let lines = who.team.iter().map(|team| format!("X-Team-ID: {team}\r\n"));
    let fields = Fields::sent(&lines.collect::<String>());
    let asker = Asker {
        client: who.address.parse::<IpAddr>().unwrap().into(),
        key: None,
        fields: &fields,
    };
    limits.get(route).unwrap().admit(&asker, at(1.0))
}

fn passes(limits: &Limits, route: usize, who: &Who) -> bool {
    ask(limits, route, who).is_ok()
}

/// How many of ten pass.
fn volley(limits: &Limits, route: usize, who: &Who) -> usize {
    (0..10).filter(|_| passes(limits, route, who)).count()
}

#[test]
fn the_wait_is_the_time_until_one_passes() {
    let limit = Rates::new(&Per::Route, &[rate(10, 60)]).unwrap();
    let burst = Burst { own: 5, largest: 5 };
    let admit = |seconds| limit.admit(LimitKey::Route, burst, at(seconds));
    assert_eq!((0..7).filter(|_| admit(1.0).is_ok()).count(), 6);
    let wait = Excess::Rate(rate(10, 60), Duration::from_secs(4));
    assert_eq!(admit(3.0), Err(wait));
    assert_eq!(admit(7.0), Ok(()));
}

#[test]
fn a_flood_of_keys_takes_no_more_room_than_the_table_has() {
    let limit = Rates::with_capacity(&Per::Route, &[rate(1, 1)], 100).unwrap();
    let burst = Burst { own: 2, largest: 2 };
    let admit = |n| limit.admit(LimitKey::Header(n), burst, at(1.0)).is_ok();
    let passed = (0..1000).filter(|n| admit(*n)).count();
    assert_eq!(limit.len(), 100);
    // The first hundred have cells of their own; the rest share one.
    assert_eq!(passed, 103);
    assert!(admit(0));
    limit.sweep(at(1.5));
    assert_eq!(limit.len(), 100);
    limit.sweep(at(11.0));
    assert_eq!(limit.len(), 0);
}

#[test]
fn a_hundred_thousand_clients_are_a_few_megabytes() {
    const ENTRY: usize = size_of::<(LimitKey, u64)>();
    assert_eq!(ENTRY, 24);
    let limit = Rates::new(&Per::Client, &[rate(1, 60)]).unwrap();
    let burst = Burst { own: 0, largest: 0 };
    let admit = |address: IpAddr| {
        let key = LimitKey::Client(address.into());
        limit.admit(key, burst, at(1.0)).is_ok()
    };
    for n in 0..50_000u32 {
        assert!(admit(IpAddr::from((0x0a00_0000 + n).to_be_bytes())));
        let v6 = (0x2001_0db8_0000_0000_u128 + u128::from(n)) << 64;
        assert!(admit(IpAddr::from((v6 + 1).to_be_bytes())));
        // Another address of the same /64 is the same client.
        assert!(!admit(IpAddr::from((v6 + 2).to_be_bytes())));
    }
    assert_eq!(limit.len(), 100_000);
    // An entry, and a byte of the hash table for it.
    let bytes = limit.room() * (ENTRY + 1);
    assert!(bytes < 8_000_000, "{bytes}");
}

#[test]
fn who_finds_no_place_does_not_use_up_the_rate() {
    let limits = set(
        &[("r", &limit(numbers(Some(rate(1, 3600)), 1, Some(1))))],
        None,
    );
    let admit = || ask(&limits, 0, &ANNE);
    let first = admit();
    assert!(matches!(first, Ok(Some(_))));
    for _ in 0..3 {
        assert_eq!(admit().err(), Some(Excess::InFlight(1)));
    }
    drop(first);
    let second = admit();
    assert!(matches!(second, Ok(Some(_))));
    // No place and no rate: the rate is told. Then a place, which the rate gives back.
    assert!(matches!(admit(), Err(Excess::Rate(..))));
    drop(second);
    for _ in 0..2 {
        assert!(matches!(admit(), Err(Excess::Rate(..))));
    }
}

/// Base numbers, and those of the teams alpha and beta.
fn teams() -> LimitSettings {
    let schedule = |numbers| Schedule::new(numbers, []);
    let team = |burst, most| schedule(numbers(Some(rate(1, 3600)), burst, most));
    LimitSettings {
        per: Per::Header("x-team-id".parse().unwrap()),
        values: vec![
            ("alpha".to_owned(), team(4, None)),
            ("beta".to_owned(), team(2, Some(1))),
        ],
        ..limit(numbers(Some(rate(1, 3600)), 1, Some(2)))
    }
}

fn member(address: &'static str, team: &'static [&'static str]) -> Who {
    Who { address, team }
}

#[test]
fn a_listed_value_counts_by_value_under_its_own_numbers() {
    let limits = set(&[("r", &teams())], None);
    // Wherever its members are.
    assert_eq!(volley(&limits, 0, &member("192.0.2.1", &["alpha"])), 5);
    assert_eq!(volley(&limits, 0, &member("192.0.2.2", &["alpha"])), 0);
    let beta = member("192.0.2.1", &["beta"]);
    let place = ask(&limits, 0, &beta).unwrap();
    assert!(place.is_some());
    assert_eq!(ask(&limits, 0, &beta).err(), Some(Excess::InFlight(1)));
    drop(place);
    assert_eq!(volley(&limits, 0, &beta), 2);
}

#[test]
fn nobody_gets_more_by_inventing_values() {
    let invented: [&[&str]; 6] = [
        &[],
        &["gamma"],
        &["delta"],
        &["Alpha"],
        &["alpha", "alpha"],
        &["alpha", "beta"],
    ];
    let limits = set(&[("r", &teams())], None);
    let passed = invented
        .iter()
        .filter(|team| passes(&limits, 0, &member("192.0.2.1", team)));
    assert_eq!(passed.count(), 2);
    assert!(passes(&limits, 0, &member("192.0.2.2", &["gamma"])));
    assert_eq!(volley(&limits, 0, &member("192.0.2.1", &["alpha"])), 5);
}

fn by_header() -> LimitSettings {
    LimitSettings {
        values: Vec::new(),
        ..teams()
    }
}

#[test]
fn without_a_list_each_value_counts_for_itself() {
    let limits = set(&[("r", &by_header())], None);
    for team in [&["alpha"][..], &["gamma"], &[]] {
        assert_eq!(volley(&limits, 0, &member("192.0.2.1", team)), 2);
        assert_eq!(volley(&limits, 0, &member("192.0.2.2", team)), 0);
    }
    let twice = member("192.0.2.1", &["alpha", "epsilon"]);
    assert_eq!(volley(&limits, 0, &twice), 0, "several are none");
}

fn zone(name: &str, limit: LimitSettings) -> LimitSettings {
    LimitSettings {
        zone: Some(name.to_owned()),
        ..limit
    }
}

#[test]
fn limits_of_one_zone_share_a_rate_and_keep_their_bursts() {
    // As login and register do in nginx.
    let login = zone("login", hourly(3));
    let register = zone("login", hourly(2));
    let routes: [(&str, &LimitSettings); 3] = [
        ("login", &login),
        ("register", &register),
        ("alone", &hourly(3)),
    ];
    let limits = set(&routes, None);
    assert_eq!(volley(&limits, 1, &ANNE), 3);
    // Register's burst is used up; login's allows one more.
    assert_eq!(volley(&limits, 0, &ANNE), 1);
    assert_eq!(volley(&limits, 1, &ANNE), 0);
    assert_eq!(volley(&limits, 2, &ANNE), 4);
    // Asking where less is allowed forgives nothing where more is.
    assert_eq!(volley(&limits, 0, &ANNE), 0);
}

#[test]
fn what_a_client_has_in_flight_counts_over_all_routes() {
    let apart = LimitSettings {
        concurrent_zone: Some("apart".to_owned()),
        ..concurrent(1)
    };
    let all = LimitSettings {
        per: Per::Route,
        ..concurrent(1)
    };
    let limits = set(
        &[
            ("api", &concurrent(3)),
            ("login", &concurrent(1)),
            ("socket", &apart),
            ("all", &all),
            ("teams", &teams()),
        ],
        None,
    );
    let first = ask(&limits, 0, &ANNE).unwrap();
    assert_eq!(ask(&limits, 1, &ANNE).err(), Some(Excess::InFlight(1)));
    assert!(passes(&limits, 1, &member("192.0.2.2", &[])));
    let second = ask(&limits, 0, &ANNE).unwrap();
    // Who has no listed team is a client like any other.
    assert_eq!(ask(&limits, 4, &ANNE).err(), Some(Excess::InFlight(2)));
    assert!(passes(&limits, 2, &ANNE) && passes(&limits, 3, &ANNE));
    drop((first, second));
    assert!(passes(&limits, 1, &ANNE) && passes(&limits, 4, &ANNE));
}

#[test]
fn a_reload_forgets_no_count_that_still_means_the_same() {
    let zoned = zone("z", hourly(1));
    let old = set(
        &[
            ("same", &hourly(1)),
            ("zoned", &zoned),
            ("rate", &hourly(1)),
            ("per", &hourly(1)),
            ("burst", &hourly(1)),
            ("teams", &teams()),
            ("header", &by_header()),
        ],
        None,
    );
    let alpha = member("192.0.2.1", &["alpha"]);
    for route in 0..7 {
        volley(&old, route, &ANNE);
    }
    volley(&old, 5, &alpha);
    let other_rate = limit(numbers(Some(rate(2, 3600)), 1, None));
    let other_per = LimitSettings {
        per: Per::Route,
        ..hourly(1)
    };
    let mut more_teams = teams();
    more_teams.values.push((
        "gamma".to_owned(),
        Schedule::new(numbers(Some(rate(1, 60)), 0, None), []),
    ));
    let new = set(
        &[
            ("teams", &more_teams),
            ("burst", &hourly(3)),
            ("per", &other_per),
            ("rate", &other_rate),
            ("renamed", &zoned),
            ("same", &hourly(1)),
            ("header", &by_header()),
        ],
        Some(&old),
    );
    let passed: Vec<_> = (0..7).map(|route| volley(&new, route, &ANNE)).collect();
    assert_eq!(passed, [0, 2, 2, 2, 0, 0, 0]);
    assert_eq!(volley(&new, 0, &alpha), 0);
    assert_eq!(volley(&new, 0, &member("192.0.2.1", &["gamma"])), 1);
}

#[test]
fn a_place_from_before_a_reload_is_given_back_after_it() {
    let old = set(&[("a", &concurrent(1))], None);
    let place = ask(&old, 0, &ANNE).unwrap();
    let new = set(&[("b", &concurrent(1)), ("a", &concurrent(2))], Some(&old));
    drop(old);
    assert_eq!(ask(&new, 0, &ANNE).err(), Some(Excess::InFlight(1)));
    drop(place);
    assert!(passes(&new, 0, &ANNE));
}

#[test]
fn a_value_of_another_header_is_somebody_else_after_a_reload() {
    let by = |header: &str| LimitSettings {
        per: Per::Header(header.parse().unwrap()),
        ..limit(numbers(Some(rate(1, 3600)), 0, Some(1)))
    };
    let old = set(&[("r", &by("x-run-id"))], None);
    // Nobody sends that header, as nobody sends the team's below.
    let _held = ask(&old, 0, &ANNE).unwrap();
    let new = set(&[("r", &by("x-team-id"))], Some(&old));
    assert!(passes(&new, 0, &ANNE));
}
