//! How servers are chosen: turns, weights, loads and failures.
//!
//! Servers are addresses only; nothing is connected.

use std::time::Duration;

use super::*;
use crate::config::ServerSettings;

fn upstream(balance: Balance, weights: &[u32]) -> Upstream {
    let servers = weights
        .iter()
        .zip(8000..)
        .map(|(&weight, port)| ServerSettings {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            weight,
        });
    Upstream::new(&UpstreamSettings {
        name: "staging".to_owned(),
        servers: servers.collect(),
        balance,
        keepalive: 1,
        keepalive_timeout: Duration::from_secs(1),
        keepalive_requests: None,
        max_fails: 2,
        fail_timeout: Duration::from_secs(10),
    })
}

fn client(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

const START: Moment = Moment::START;

#[test]
fn round_robin_mixes_by_weight() {
    let upstream = upstream(Balance::RoundRobin, &[10, 2, 2]);
    let taken: Vec<_> = (0..7)
        .map(|_| upstream.take(client(1), START, None).index)
        .collect();
    assert_eq!(taken, [0, 0, 1, 0, 2, 0, 0]);
}

#[test]
fn least_connections_levels_the_load_by_weight() {
    let upstream = upstream(Balance::LeastConnections, &[2, 1]);
    let leases: Vec<_> = (0..6)
        .map(|_| upstream.take(client(1), START, None))
        .collect();
    let first = leases.iter().filter(|lease| lease.index == 0).count();
    assert_eq!(first, 4);
    drop(leases);
    assert!(
        upstream
            .servers()
            .all(|s| s.in_flight.load(Ordering::Relaxed) == 0)
    );
}

#[test]
fn client_hash_keeps_a_client_on_its_server() {
    let upstream = upstream(Balance::ClientHash, &[1, 1, 1]);
    let of = |last| upstream.take(client(last), START, None).index;
    assert!((0..=255).all(|last| of(last) == of(last)));
    let mut used: Vec<_> = (0..=255).map(of).collect();
    used.sort_unstable();
    used.dedup();
    assert_eq!(used, [0, 1, 2]);
}

#[test]
fn a_server_that_failed_rests_and_comes_back() {
    let upstream = upstream(Balance::RoundRobin, &[1, 1]);
    let server = Arc::clone(&upstream.servers[0]);
    server.health.failed(START);
    assert!(server.health.usable(START));
    server.health.failed(START);
    assert!(!server.health.usable(START));
    let taken: Vec<_> = (0..4)
        .map(|_| upstream.take(client(1), START, None).index)
        .collect();
    assert_eq!(taken, [1, 1, 1, 1]);
    assert!(!upstream.has_other(1, START));
    let later = START + Duration::from_secs(10);
    assert!(server.health.usable(later));
    assert!(upstream.has_other(1, later));
}

#[test]
fn the_only_server_is_taken_whatever_happened() {
    let upstream = upstream(Balance::LeastConnections, &[1]);
    upstream.servers[0].health.failed(START);
    upstream.servers[0].health.failed(START);
    assert_eq!(upstream.take(client(1), START, Some(0)).index, 0);
}
