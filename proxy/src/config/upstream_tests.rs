//! What upstreams and their servers accept, and how they say what they do not.
//!
//! Messages are snapshots: they are what an operator reads.

use super::tests::{Fake, ROUTE, UPSTREAM, mistakes};
use super::*;

/// What the shipped file only tells about is as good as what it sets.
#[test]
fn what_the_shipped_file_tells_of_upstreams_is_good() {
    let text = include_str!("../../../config/proxy.toml");
    let text = text
        .replace("# health =", "health =")
        .replace("# tls =", "tls =");
    let settings = parse(&text, &Fake).unwrap();
    let upstream = &settings.upstreams[0];
    assert_eq!(upstream.retry.statuses, [500, 502, 503]);
    let check = upstream.health.as_ref().unwrap();
    assert_eq!((check.fails, check.passes, check.status), (3, 2, Some(200)));
    assert_eq!(check.timeout, Duration::from_secs(2));
    let tls = upstream.tls.as_ref().unwrap();
    assert!(tls.verify);
    assert_eq!(tls.name_of(&upstream.servers[0]), "staging.internal");
}

#[test]
fn upstreams_have_defaults() {
    let settings = parse(&format!("{UPSTREAM}{ROUTE}"), &Fake).unwrap();
    let upstream = &settings.upstreams[0];
    assert_eq!(upstream.balance, Balance::LeastConnections);
    assert_eq!(
        (upstream.retry.tries, upstream.retry.within.as_secs()),
        (3, 10)
    );
    assert!(upstream.retry.statuses.is_empty());
    assert!(upstream.health.is_none() && upstream.tls.is_none());
    let health = "health = { path = \"/health?full=1\" }\n";
    let settings = parse(&format!("{UPSTREAM}{health}{ROUTE}"), &Fake).unwrap();
    let check = settings.upstreams[0].health.as_ref().unwrap();
    assert_eq!((check.fails, check.passes, check.status), (3, 2, None));
    assert_eq!((check.every.as_secs(), check.timeout.as_secs()), (5, 2));
}

#[test]
fn a_server_is_an_address_a_name_or_a_socket() {
    let servers = r#"
[upstream.staging]
servers = [
    { address = "127.0.0.1:8000", weight = 2 },
    { address = "unix:/run/staging.sock" },
    { address = "[::1]:8001" },
    { address = "127.0.0.1:8000", weight = 3 },
]
"#;
    let settings = parse(&format!("{servers}{ROUTE}"), &Fake).unwrap();
    let servers = settings.upstreams[0].servers.iter();
    let read: Vec<_> = servers
        .map(|server| format!("{} {:?} {}", server.address, server.host, server.weight))
        .collect();
    assert_eq!(
        read,
        [
            "127.0.0.1:8000 Some(\"127.0.0.1\") 5",
            "unix:/run/staging.sock None 1",
            "[::1]:8001 Some(\"::1\") 1",
        ]
    );
}

/// Every machine has this name, and some have it for both families.
#[test]
fn a_name_stands_for_all_its_addresses() {
    use std::net::ToSocketAddrs as _;
    let servers = "[upstream.staging]\nservers = [{ address = \"localhost:8000\", weight = 2 }]\n";
    let settings = parse(&format!("{servers}{ROUTE}"), &Fake).unwrap();
    let servers = &settings.upstreams[0].servers;
    let mut known: Vec<_> = "localhost:8000".to_socket_addrs().unwrap().collect();
    known.sort_unstable();
    known.dedup();
    let read: Vec<_> = servers.iter().map(|s| s.address.to_string()).collect();
    let known: Vec<_> = known.iter().map(ToString::to_string).collect();
    assert_eq!(read, known);
    assert!(
        servers
            .iter()
            .all(|s| s.weight == 2 && s.host.as_deref() == Some("localhost"))
    );
}

#[test]
fn a_server_proves_the_name_it_has() {
    let check = |address: &str, tls: &str, expected: &str| {
        let upstream = format!(
            "[upstream.staging]\nservers = [{{ address = \"{address}\" }}]\ntls = {{ ca = \"config/ca.pem\", {tls} }}\n"
        );
        let settings = parse(&format!("{upstream}{ROUTE}"), &Fake).unwrap();
        let upstream = &settings.upstreams[0];
        let tls = upstream.tls.as_ref().unwrap();
        assert_eq!(tls.name_of(&upstream.servers[0]), expected);
    };
    check("localhost:443", "", "localhost");
    check("127.0.0.1:443", "", "127.0.0.1");
    check("[::1]:443", "", "::1");
    check(
        "[::1]:443",
        "name = \"staging.internal\"",
        "staging.internal",
    );
    check(
        "unix:/run/s.sock",
        "name = \"staging.internal\"",
        "staging.internal",
    );
    check("unix:/run/s.sock", "verify = false", "localhost");
    let off = format!("{UPSTREAM}tls = false\n{ROUTE}");
    assert!(parse(&off, &Fake).unwrap().upstreams[0].tls.is_none());
}

#[test]
fn mistakes_in_upstreams_are_all_found() {
    let file = r#"
[upstream.Staging]
servers = [
    { address = "unix:run/staging.sock" },
    { address = "unix:/run/staging.sock" },
    { address = "nowhere" },
]
tls = { ca = "config/ca.pem", names = "x" }
retry = { tries = 11, within = "never", statuses = [200, "502"] }
health = { path = "health", every = "0s", fails = 0, status = 100, host = "a b" }

[upstream.system]
servers = [{ address = "127.0.0.1:443" }]
tls = true
health = { every = "1s" }

[upstream.files]
servers = [{ address = "127.0.0.1:443" }]
tls = { ca = "absent.pem", cn = "x" }

[upstream.empty]
servers = [{ address = "127.0.0.1:443" }]
tls = { ca = "/keys/ci", name = "a b" }

[upstream.odd]
servers = [{ address = "127.0.0.1:443" }]
tls = "yes"
"#;
    insta::assert_snapshot!(mistakes(&format!("{file}{UPSTREAM}{ROUTE}")), @r#"
    proxy.toml:2: upstream.Staging: `Staging` is no name; use a-z, 0-9, - and _
    proxy.toml:4: upstream.Staging.servers[0].address: cannot use `unix:run/staging.sock` as a server: the path is not absolute; write it as HOST:PORT or unix:/PATH
    proxy.toml:6: upstream.Staging.servers[2].address: cannot use `nowhere` as a server: invalid socket address; write it as HOST:PORT or unix:/PATH
    proxy.toml:8: upstream.Staging.tls.name: `unix:/run/staging.sock` has no name to verify; give the name that its certificate is for
    proxy.toml:8: upstream.Staging.tls.names: unknown key; did you mean `name`?
    proxy.toml:9: upstream.Staging.retry.tries: expected a whole number of 1 to 10, found 11
    proxy.toml:9: upstream.Staging.retry.within: cannot read `never` as a duration; write it as 500ms, 60s or 5m
    proxy.toml:9: upstream.Staging.retry.statuses[0]: expected a whole number of 400 to 599, found 200
    proxy.toml:9: upstream.Staging.retry.statuses[1]: expected a whole number of 400 to 599, found string
    proxy.toml:10: upstream.Staging.health.path: cannot ask for `health`: the target is not a path
    proxy.toml:10: upstream.Staging.health.host: `a b` is no host; write it as staging.internal
    proxy.toml:10: upstream.Staging.health.every: cannot read `0s` as a duration; write it as 500ms, 60s or 5m
    proxy.toml:10: upstream.Staging.health.fails: expected a whole number of 1 to 1000, found 0
    proxy.toml:10: upstream.Staging.health.status: expected a whole number of 200 to 599, found 100
    proxy.toml:14: upstream.system.tls.ca: no certificates of authorities: the system has none; install them (ca-certificates), or name a PEM file here
    proxy.toml:15: upstream.system.health.path: missing
    proxy.toml:19: upstream.files.tls.ca: cannot use absent.pem: entity not found; it has to hold certificates in PEM
    proxy.toml:19: upstream.files.tls.cn: unknown key; did you mean `ca`?
    proxy.toml:23: upstream.empty.tls.name: no certificate can be for `a b`; write it as staging.internal or 10.0.0.1
    proxy.toml:23: upstream.empty.tls.ca: cannot use /keys/ci: there is no certificate in it; it has to hold certificates in PEM
    proxy.toml:27: upstream.odd.tls: expected true, false or a table, found string
    "#);
}
