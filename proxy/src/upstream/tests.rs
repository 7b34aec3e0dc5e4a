//! How servers are chosen: turns, weights, loads, failures, and what outlives a reload.
//!
//! Servers are addresses only; nothing is connected.

use std::collections::HashMap;
use std::net::SocketAddr;

use proptest::prelude::*;

use std::time::Duration;

use super::*;
use crate::config::Address;

fn settings(balance: Balance, weights: &[u32]) -> UpstreamSettings {
    let servers = weights
        .iter()
        .zip(8000..)
        .map(|(&weight, port)| ServerSettings {
            address: Address::Tcp(SocketAddr::from(([127, 0, 0, 1], port))),
            host: Some("127.0.0.1".to_owned()),
            weight,
        });
    UpstreamSettings {
        name: "staging".to_owned(),
        servers: servers.collect(),
        balance,
        tls: None,
        keepalive: 1,
        keepalive_timeout: Duration::from_secs(1),
        keepalive_requests: None,
        max_fails: 2,
        fail_timeout: Duration::from_secs(10),
        retry: Retry::default(),
        health: None,
    }
}

fn upstream(balance: Balance, weights: &[u32]) -> Upstream {
    Upstream::new(&settings(balance, weights), None)
}

fn client(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn tried(servers: &[usize]) -> Tried {
    let mut tried = Tried::default();
    servers.iter().for_each(|server| tried.add(*server));
    tried
}

/// The servers that the next requests get, each done before the next.
fn taken(upstream: &Upstream, count: usize, now: Moment) -> Vec<usize> {
    (0..count)
        .map(|_| upstream.take(client(1), now, &Tried::default()).index)
        .collect()
}

/// A failed request to a server.
fn fail(upstream: &Upstream, index: usize, now: Moment) {
    Lease::new(index, Arc::clone(&upstream.servers[index]), now).failed(now);
}

const START: Moment = Moment::START;

fn at(seconds: u64) -> Moment {
    START + Duration::from_secs(seconds)
}

#[test]
fn round_robin_mixes_by_weight() {
    let upstream = upstream(Balance::RoundRobin, &[10, 2, 2]);
    assert_eq!(taken(&upstream, 7, START), [0, 0, 1, 0, 2, 0, 0]);
}

#[test]
fn least_connections_levels_the_load_by_weight() {
    let upstream = upstream(Balance::LeastConnections, &[2, 1]);
    let leases: Vec<_> = (0..6)
        .map(|_| upstream.take(client(1), START, &Tried::default()))
        .collect();
    let first = leases.iter().filter(|lease| lease.index == 0).count();
    assert_eq!(first, 4);
    drop(leases);
    assert!(upstream.servers().all(|server| server.in_flight() == 0));
}

#[test]
fn client_hash_deals_clients_out_by_weight() {
    let upstream = upstream(Balance::ClientHash, &[1, 3]);
    let of = |n: u16| {
        let [high, low] = n.to_be_bytes();
        let client = IpAddr::from([10, 0, high, low]);
        upstream.take(client, START, &Tried::default()).index
    };
    assert!((0..100).all(|n| of(n) == of(n)));
    let second = (0..4000).filter(|n| of(*n) == 1).count();
    assert!((2850..3150).contains(&second), "{second}");
}

proptest! {
    /// Clients of the others stay where they are, whatever happens to one server.
    #[test]
    fn only_clients_of_a_server_that_is_gone_move(
        clients in prop::collection::vec(any::<u128>(), 1..50),
        weights in prop::collection::vec(1_u32..10, 2..6),
        gone in any::<prop::sample::Index>(),
    ) {
        let upstream = upstream(Balance::ClientHash, &weights);
        let gone = gone.index(weights.len());
        let of = |client: u128, tried: &Tried| {
            let client = std::net::Ipv6Addr::from(client).into();
            upstream.take(client, START, tried).index
        };
        let before: Vec<_> = clients.iter().map(|c| of(*c, &Tried::default())).collect();
        fail(&upstream, gone, START);
        fail(&upstream, gone, START);
        for (client, before) in clients.iter().zip(before) {
            let after = of(*client, &Tried::default());
            prop_assert_ne!(after, gone);
            prop_assert!(before == gone || before == after);
        }
    }

    /// A server that a request tried already is never taken while there is another.
    #[test]
    fn no_server_is_tried_twice(
        servers in 2_usize..10,
        balance in prop::sample::select(vec![Balance::ClientHash, Balance::LeastConnections, Balance::RoundRobin]),
        resting in prop::collection::vec(any::<bool>(), 10),
    ) {
        let upstream = upstream(balance, &vec![1; servers]);
        for index in (0..servers).filter(|index| resting[*index]) {
            fail(&upstream, index, START);
            fail(&upstream, index, START);
        }
        let mut order = Vec::new();
        let mut sent = Tried::default();
        while order.len() < servers {
            let usable = (0..servers).any(|i| !resting[i] && !order.contains(&i));
            prop_assert_eq!(upstream.has_untried(&sent, START), usable);
            let index = upstream.take(client(7), START, &sent).index;
            prop_assert!(!order.contains(&index));
            prop_assert!(!usable || !resting[index], "a resting server while others could");
            order.push(index);
            sent.add(index);
        }
    }
}

#[test]
fn clients_of_a_server_that_is_gone_spread_over_the_others() {
    let upstream = upstream(Balance::ClientHash, &[1, 1, 1, 1]);
    let of = |n: u8, tried: &Tried| upstream.take(client(n), START, tried).index;
    let moved = (0..=255).filter(|n| of(*n, &Tried::default()) == 0);
    let mut counts = HashMap::new();
    for n in moved {
        *counts.entry(of(n, &tried(&[0]))).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 3, "{counts:?}");
    assert!(counts.values().all(|count| *count > 8), "{counts:?}");
}

#[test]
fn a_server_that_failed_rests() {
    let upstream = upstream(Balance::RoundRobin, &[1, 1]);
    fail(&upstream, 0, START);
    assert!(upstream.servers[0].is_up(START));
    fail(&upstream, 0, at(9));
    assert!(!upstream.servers[0].is_up(at(9)));
    assert_eq!(taken(&upstream, 4, at(18)), [1, 1, 1, 1]);
    assert!(!upstream.has_untried(&tried(&[1]), at(18)));
    assert!(upstream.has_untried(&tried(&[1]), at(19)));
}

#[test]
fn failures_far_apart_do_not_add_up_but_successes_between_them_do_not_help() {
    let upstream = upstream(Balance::RoundRobin, &[1, 1]);
    fail(&upstream, 0, START);
    fail(&upstream, 0, at(10));
    assert!(upstream.servers[0].is_up(at(10)));
    Lease::new(0, Arc::clone(&upstream.servers[0]), at(11)).answered();
    fail(&upstream, 0, at(11));
    assert!(!upstream.servers[0].is_up(at(11)));
}

#[test]
fn after_a_rest_one_request_finds_out() {
    let upstream = upstream(Balance::RoundRobin, &[1, 1]);
    fail(&upstream, 0, START);
    fail(&upstream, 0, START);
    let trial = |now| loop {
        let lease = upstream.take(client(1), now, &Tried::default());
        if lease.index == 0 {
            return lease;
        }
    };
    let lease = trial(at(10));
    assert_eq!(taken(&upstream, 4, at(10)), [1, 1, 1, 1]);
    lease.failed(at(12));
    assert_eq!(taken(&upstream, 4, at(21)), [1, 1, 1, 1]);
    let lease = trial(at(22));
    lease.answered();
    let mut both = taken(&upstream, 2, at(22));
    both.sort_unstable();
    assert_eq!(both, [0, 1]);
    // It is trusted as before: one failure more is not too many.
    fail(&upstream, 0, at(40));
    assert!(upstream.servers[0].is_up(at(40)));
}

#[test]
fn the_only_server_is_taken_whatever_happened() {
    let upstream = upstream(Balance::LeastConnections, &[1]);
    fail(&upstream, 0, START);
    fail(&upstream, 0, START);
    upstream.servers[0].set_down(true);
    assert_eq!(upstream.take(client(1), START, &tried(&[0])).index, 0);
}

#[test]
fn without_a_usable_server_the_least_bad_is_taken() {
    let upstream = upstream(Balance::RoundRobin, &[1, 1, 1]);
    upstream.servers[0].set_down(true);
    upstream.servers[2].set_down(true);
    fail(&upstream, 1, START);
    fail(&upstream, 1, START);
    assert_eq!(taken(&upstream, 3, START), [1, 1, 1]);
    let rest = upstream.take(client(1), START, &tried(&[1])).index;
    assert_ne!(rest, 1);
    upstream.servers[2].set_down(false);
    assert_eq!(taken(&upstream, 3, START), [2, 2, 2]);
}

#[test]
fn a_reload_keeps_what_is_known_of_a_server() {
    let mut settings = settings(Balance::LeastConnections, &[1, 1]);
    settings.health = Some(checks());
    let before = Upstream::all(&[settings.clone()], &[]);
    let lease = before[0].take(client(1), START, &tried(&[1]));
    before[0].servers[0].set_down(true);
    fail(&before[0], 1, START);
    fail(&before[0], 1, START);

    settings.servers.reverse();
    settings.servers[0].weight = 7;
    let after = Upstream::all(&[settings.clone()], &before);
    let [second, first] = after[0].servers.as_slice() else {
        panic!("two servers");
    };
    assert_eq!((first.in_flight(), second.in_flight()), (1, 0));
    assert_eq!(first.standing(START), Standing::Down);
    assert_eq!(second.standing(START), Standing::Resting);
    drop(lease);
    assert_eq!(first.in_flight(), 0);
    // The state is one: the old configuration's last requests still count.
    before[0].servers[0].set_down(false);
    assert!(first.is_up(START));

    settings.name = "other".to_owned();
    let other = Upstream::all(&[settings], &after);
    assert!(other[0].servers().all(|server| server.is_up(START)));
}

#[test]
fn without_checks_nothing_stays_down() {
    let mut settings = settings(Balance::RoundRobin, &[1, 1]);
    settings.health = Some(checks());
    let before = Upstream::new(&settings, None);
    before.servers[0].set_down(true);
    settings.health = None;
    let after = Upstream::new(&settings, Some(&before));
    assert!(after.servers[0].is_up(START));
}

fn checks() -> CheckSettings {
    CheckSettings {
        path: "/health".to_owned(),
        host: None,
        every: Duration::from_secs(1),
        timeout: Duration::from_secs(1),
        fails: 1,
        passes: 1,
        status: None,
    }
}
