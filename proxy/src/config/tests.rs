//! What the configuration accepts, and how it says what it does not.
//!
//! Messages are snapshots: they are what an operator reads.

use std::io;
use std::sync::LazyLock;

use super::*;

/// An environment with a good key, a short one, and one file.
pub(super) struct Fake;

impl Surroundings for Fake {
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "GOOD" | "LOAD_TEST_KEY" => Some("0123456789abcdef0123456789abcdef".to_owned()),
            "SHORT" => Some("hush".to_owned()),
            _ => None,
        }
    }

    fn file(&self, path: &str) -> io::Result<String> {
        match path {
            "config/ca.pem" => Ok(authority()),
            "/keys/ci" => Ok("fedcba9876543210fedcba9876543210\n".to_owned()),
            "/tls/cert.pem" => Ok(pair().0.clone()),
            "/tls/old.pem" => Ok(made_until(2026, 1, 31)),
            "/tls/key.pem" | "/tls/open.pem" => Ok(pair().1.clone()),
            "/tls/other.pem" => Ok(make_pair().1),
            "/tls/locked.pem" => Ok("-----BEGIN ENCRYPTED PRIVATE KEY-----\n".to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn others_can_read(&self, path: &str) -> bool {
        path == "/tls/open.pem"
    }

    fn authorities(&self) -> Result<Trust, String> {
        Err("the system has none".to_owned())
    }

    fn timezone(&self, name: &str) -> Option<TimeZone> {
        match name {
            "UTC" => Some(TimeZone::UTC),
            "Europe/Berlin" => TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").ok(),
            _ => None,
        }
    }

    fn policy(&self, path: &Path) -> Result<Policy, trace::anonymize::LoadError> {
        match path.to_str() {
            Some("config/anonymize.toml") => Ok(Policy::parse("version = 1").unwrap()),
            _ => Err(trace::anonymize::LoadError::Read {
                path: path.to_owned(),
                source: io::ErrorKind::NotFound.into(),
            }),
        }
    }
}

/// A certificate and its key, always the same.
fn pair() -> &'static (String, String) {
    static PAIR: LazyLock<(String, String)> = LazyLock::new(make_pair);
    &PAIR
}

fn make_pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["staging.test".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// A certificate for the key of the pair, which ends on a day.
fn made_until(year: i32, month: u8, day: u8) -> String {
    let mut made = rcgen::CertificateParams::new(["staging.test".to_owned()]).unwrap();
    made.not_after = rcgen::date_time_ymd(year, month, day);
    let key = rcgen::KeyPair::from_pem(&pair().1).unwrap();
    made.self_signed(&key).unwrap().pem()
}

/// A certificate in PEM.
fn authority() -> String {
    pair().0.clone()
}

pub(super) const UPSTREAM: &str = r#"
[upstream.staging]
servers = [{ address = "127.0.0.1:8000" }]
"#;

pub(super) const ROUTE: &str = r#"
[[route]]
name = "other"
prefix = "/"
upstream = "staging"
"#;

/// Every mistake, one to a line.
pub(super) fn mistakes(text: &str) -> String {
    let mistakes = parse(text, &Fake).unwrap_err();
    let lines: Vec<_> = mistakes.iter().map(|m| format!("proxy.toml:{m}")).collect();
    lines.join("\n")
}

#[test]
fn the_shipped_file_is_good() {
    let settings = parse(include_str!("../../../config/proxy.toml"), &Fake).unwrap();
    assert_eq!(settings.routes.len(), 13);
    assert_eq!(settings.client.idle_timeout, Duration::from_secs(65));
    assert!(settings.warnings.is_empty());
    let zones = |name: &str| {
        let limits = settings.routes.iter().filter_map(|r| r.limit.as_ref());
        limits.filter(|l| l.zone.as_deref() == Some(name)).count()
    };
    assert_eq!(["login", "generate", "api"].map(zones), [4, 2, 2]);
    let generate = settings
        .routes
        .iter()
        .find(|r| r.name == "loadtest-generate")
        .unwrap();
    assert_eq!(
        generate.rewrite.as_deref(),
        Some("/api/v1/schedule/generate")
    );
    assert_eq!(generate.gate, Gate::Key);
    assert_eq!(generate.timeouts.read, Duration::from_secs(600));
    assert!(!generate.record);
    let numbers = generate.limit.as_ref().unwrap().schedule.numbers()[0];
    assert_eq!(numbers.rate, Some(Rate::parse("10/min").unwrap()));
    assert_eq!((numbers.burst, numbers.concurrent), (5, Some(10)));
    assert_eq!(settings.upstreams[0].keepalive, 100);
    assert!(!settings.record.unwrap().enabled);
    assert_eq!(
        settings.access_log.unwrap().to_str(),
        Some("logs/access.jsonl")
    );
}

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

#[test]
fn the_least_file_is_good() {
    let settings = parse(&format!("{UPSTREAM}{ROUTE}"), &Fake).unwrap();
    assert_eq!(settings.listen.len(), 1);
    assert_eq!(
        settings.listen[0].address,
        "127.0.0.1:8080".parse().unwrap()
    );
    assert!(settings.listen[0].tls.is_none());
    assert_eq!(settings.client.header_timeout, Duration::from_secs(60));
    assert_eq!(settings.client.min_body_rate, 240);
    assert_eq!(settings.drain_timeout, Duration::from_secs(900));
    assert_eq!(settings.admin, "127.0.0.1:9090".parse().unwrap());
    assert_eq!(settings.shutdown_timeout, Duration::from_secs(10));
    assert!(!settings.load_test.enabled);
    assert!(settings.record.is_none() && settings.access_log.is_none());
    let route = &settings.routes[0];
    assert!(route.record);
    assert_eq!(route.timeouts.connect, Duration::from_secs(60));
    assert_eq!(route.body_limit, 50 * 1024 * 1024);
}

#[test]
fn keys_come_from_the_environment_or_a_file() {
    let load_test = r#"
[load_test]
allow = ["::1"]
keys = [{ name = "a", env = "GOOD" }, { name = "b", file = "/keys/ci", expires = "2027-01-01" }]
"#;
    let settings = parse(&format!("{UPSTREAM}{ROUTE}{load_test}"), &Fake).unwrap();
    let keys = &settings.load_test.keys;
    assert_eq!(
        (keys[0].expires, keys[1].expires),
        (None, Some(1_798_761_600))
    );
    assert!(format!("{settings:?}").contains("REDACTED"));
}

#[test]
fn keys_of_a_disabled_load_test_need_not_be_there() {
    let load_test = "[load_test]\nenabled = false\nkeys = [{ name = \"a\", env = \"ABSENT\" }]\n";
    let settings = parse(&format!("{UPSTREAM}{ROUTE}{load_test}"), &Fake).unwrap();
    assert!(settings.load_test.keys.is_empty());
}

#[test]
fn rates_are_read_as_written() {
    let check = |text: &str, count: u32, seconds: u64, shown: &str| {
        let rate = Rate::parse(text).unwrap();
        assert_eq!(
            (rate.count.get(), rate.window.as_secs()),
            (count, seconds),
            "{text}"
        );
        assert_eq!(rate.to_string(), shown);
    };
    check("10/min", 10, 60, "10/min");
    check("100/s", 100, 1, "100/s");
    check("1/10s", 1, 10, "1/10s");
    check("5/h", 5, 3600, "5/h");
    check("3/2min", 3, 120, "3/120s");
    for wrong in [
        "",
        "10",
        "/s",
        "0/s",
        "-1/s",
        "1.5/s",
        "10/parsec",
        "1/0s",
        "1/1",
        "1/s2",
    ] {
        assert!(Rate::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn mistakes_in_routes_are_all_found() {
    let routes = r#"
[[route]]
name = "Api"
prefix = "api"
upstream = "production"
gates = "key"
limit = { rate = "10/parsec", burst = -1, per = "user" }

[[route]]
name = "other"
prefix = "/x"
rewrite = "/a/../b"
upstream = "staging"
gate = "password"
timeouts = { read = "soon" }
body_limit = "large"

[[route]]
name = "other"
prefix = "/x"
upstream = "staging"
limit = { burst = 3, per = "key" }
record = "yes"

[[route]]
name = "open"
prefix = "/api/loadtest/x"
upstream = "staging"
"#;
    insta::assert_snapshot!(mistakes(&format!("{UPSTREAM}{routes}")), @r#"
    proxy.toml:6: route[0].name: `Api` is no name; use a-z, 0-9, - and _
    proxy.toml:7: route[0].prefix: `api` can match no request: the target is not a path
    proxy.toml:8: route[0].upstream: there is no upstream `production`; there are: staging
    proxy.toml:9: route[0].gates: unknown key; did you mean `gate`?
    proxy.toml:10: route[0].limit.rate: cannot read `10/parsec` as a rate; write it as 10/min, 100/s or 1/10s
    proxy.toml:10: route[0].limit.burst: expected a whole number of 0 to 1000000, found -1
    proxy.toml:10: route[0].limit.per: cannot count per `user`; use client, key, route or header:NAME
    proxy.toml:15: route[1].rewrite: `/a/../b` can match no request: a dot segment in the path
    proxy.toml:17: route[1].gate: there is no gate `password`; use none, address or key
    proxy.toml:18: route[1].timeouts.read: cannot read `soon` as a duration; write it as 500ms, 60s or 5m
    proxy.toml:19: route[1].body_limit: cannot read `large` as a size; write it as 64KiB or 50MiB
    proxy.toml:21: route[2].name: there is already a route `other`
    proxy.toml:21: route[2].prefix: route `other` already has `/x`
    proxy.toml:25: route[2].limit.rate: a limit needs rate, concurrent or both
    proxy.toml:25: route[2].limit.burst: a burst needs a rate
    proxy.toml:25: route[2].limit.per: only a route with gate = "key" knows keys
    proxy.toml:26: route[2].record: expected true or false, found string
    proxy.toml:28: route[3].gate: a route under /api/loadtest needs gate = "key" or "address"
    "#);
}

#[test]
fn numbers_that_nothing_could_hold_are_found() {
    let file = r#"
[upstream.staging]
servers = [{ address = "127.0.0.1:8000", weight = 4000000000 }]
keepalive = 4294967295
keepalive_timeout = "999999999h"

[[route]]
name = "other"
prefix = "/"
upstream = "staging"
limit = { rate = "1/999999999999h", burst = 4294967295, concurrent = 4294967295 }

[[route]]
name = "slow"
prefix = "/slow"
upstream = "staging"
limit = { rate = "1/24h", burst = 1000000 }
"#;
    insta::assert_snapshot!(mistakes(file), @"
    proxy.toml:3: upstream.staging.servers[0].weight: expected a whole number of 1 to 1000, found 4000000000
    proxy.toml:4: upstream.staging.keepalive: expected a whole number of 1 to 65535, found 4294967295
    proxy.toml:5: upstream.staging.keepalive_timeout: `999999999h` is more than a day; shorten it
    proxy.toml:11: route[0].limit.rate: `1/999999999999h` counts over more than a day; shorten the window
    proxy.toml:11: route[0].limit.burst: expected a whole number of 0 to 1000000, found 4294967295
    proxy.toml:11: route[0].limit.concurrent: expected a whole number of 1 to 1000000, found 4294967295
    proxy.toml:17: route[1].limit.burst: after a burst like this the rate takes over a year to recover; lower it
    ");
}

/// What is just not a mistake has to work.
#[test]
fn the_largest_limit_holds() {
    let limit = "limit = { rate = \"1/24h\", burst = 364 }\n";
    let settings = parse(&format!("{UPSTREAM}{ROUTE}{limit}"), &Fake).unwrap();
    let limits = crate::limit::Limits::new(&[("r", settings.routes[0].limit.as_ref())], None);
    let asker = crate::limit::Asker {
        client: std::net::IpAddr::from([192, 0, 2, 1]).into(),
        key: None,
        fields: &crate::http1::fields::Fields::default(),
    };
    let now = crate::clock::Moment::START + Duration::from_secs(1);
    let admit = || limits.get(0).unwrap().admit(&asker, now);
    assert_eq!((0..400).filter(|_| admit().is_ok()).count(), 365);
}

#[test]
fn mistakes_in_the_gate_are_all_found() {
    let load_test = r#"
[load_test]
allow = ["10.0.0.0/33", { net = "::1/128", notes = "x" }, 7]
keys = [
    { name = "a", env = "ABSENT" },
    { name = "b", env = "SHORT" },
    { name = "c", file = "/keys/absent" },
    { name = "d" },
    { name = "e", env = "GOOD", expires = "soon" },
    { name = "e", env = "GOOD" },
]
"#;
    insta::assert_snapshot!(mistakes(&format!("{UPSTREAM}{ROUTE}{load_test}")), @r#"
    proxy.toml:11: load_test.allow[0]: cannot read `10.0.0.0/33` as a network; write it as 10.0.0.0/8, ::1/128 or 192.0.2.7
    proxy.toml:11: load_test.allow[1].notes: unknown key; did you mean `note`?
    proxy.toml:11: load_test.allow[2]: expected a text in quotes, found 7
    proxy.toml:13: load_test.keys[0].env: ABSENT is not set; set it: export ABSENT=$(rehearsal-proxy key)
    proxy.toml:14: load_test.keys[1].env: SHORT holds 4 characters; a key has at least 32, make one: rehearsal-proxy key
    proxy.toml:15: load_test.keys[2].file: cannot read /keys/absent: entity not found; make it: rehearsal-proxy key > /keys/absent
    proxy.toml:16: load_test.keys[3].env: name either an environment variable (env) or a file (file)
    proxy.toml:17: load_test.keys[4].expires: cannot read `soon` as a date; write it as 2027-01-31
    proxy.toml:18: load_test.keys[5].name: there is already a key `e`
    "#);
}

#[test]
fn mistakes_elsewhere_are_all_found() {
    let file = r#"
listen = ["localhost", 8080]
admin = "127.0.0.1"
trusted_proxies = "10.0.0.0/8"
shutdown_timeout = "-1s"
trusted_proxy = []

[upstream.staging]
servers = [{ address = "127.0.0.1", weight = 0 }]
balance = "random"
keepalive = 0
keepalive_timeout = 60

[upstream.empty]
servers = []

[[route]]
name = "other"
prefix = "/"
upstream = "staging"

[record]
file = "captures/x.jsonl"
policy = "nowhere.toml"
mode = "keyed"
sample = 0.5

[log]
access = ""
acces = "x"
"#;
    insta::assert_snapshot!(mistakes(file), @r#"
    proxy.toml:2: listen[0]: cannot read `localhost` as an address to listen on; write it as 127.0.0.1:8080 or [::1]:8080
    proxy.toml:2: listen[1]: expected a text in quotes, found 8080
    proxy.toml:3: admin: cannot read `127.0.0.1` as an address to listen on; write it as 127.0.0.1:8080 or [::1]:8080
    proxy.toml:4: trusted_proxies: expected a list in [ ], found string
    proxy.toml:5: shutdown_timeout: cannot read `-1s` as a duration; write it as 500ms, 60s or 5m
    proxy.toml:6: trusted_proxy: unknown key; did you mean `trusted_proxies`?
    proxy.toml:9: upstream.staging.servers[0].address: cannot use `127.0.0.1` as a server: invalid socket address; write it as HOST:PORT or unix:/PATH
    proxy.toml:9: upstream.staging.servers[0].weight: expected a whole number of 1 to 1000, found 0
    proxy.toml:10: upstream.staging.balance: there is no balance `random`; use least-connections, round-robin or client-hash
    proxy.toml:11: upstream.staging.keepalive: expected a whole number of 1 to 65535, found 0
    proxy.toml:12: upstream.staging.keepalive_timeout: expected a text in quotes, found 60
    proxy.toml:14: upstream.empty.servers: name at least one server
    proxy.toml:24: record.policy: cannot read anonymization policy `nowhere.toml`: entity not found
    proxy.toml:25: record.mode: mode `keyed` is not available yet; use "tokens"
    proxy.toml:26: record.sample: unknown key; keys here are enabled, file, policy, mode, body_limit
    proxy.toml:29: log.access: empty; name a file, or leave the key out for no access log
    proxy.toml:30: log.acces: unknown key; did you mean `access`?
    "#);
}

#[test]
fn what_is_not_toml_is_said_with_its_line() {
    insta::assert_snapshot!(mistakes("listen = [\"127.0.0.1:8080\"]\nadmin = 127.0.0.1\nlisten = 1\n[[route]\n"), @"proxy.toml:2: not TOML: invalid float, expected nothing");
}

#[test]
fn an_address_is_listened_on_once() {
    let rest = format!("{UPSTREAM}{ROUTE}");
    let twice = "listen = [\"127.0.0.1:80\", \"127.0.0.1:80\"]\nadmin = \"127.0.0.1:80\"\n";
    insta::assert_snapshot!(mistakes(&format!("{twice}{rest}")), @r#"
    proxy.toml:1: listen[1]: `127.0.0.1:80` is there already; leave one
    proxy.toml:2: admin: clients connect there; give the admin an address of its own
    "#);
    let default = "listen = [\"127.0.0.1:9090\"]\n";
    insta::assert_snapshot!(mistakes(&format!("{default}{rest}")), @"proxy.toml:1: admin: it is 127.0.0.1:9090 by default, and clients connect there; give the admin an address of its own");
    let free = "listen = [\"127.0.0.1:0\", \"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n";
    assert!(parse(&format!("{free}{rest}"), &Fake).is_ok());
}

#[test]
fn an_empty_file_lacks_the_essentials() {
    insta::assert_snapshot!(mistakes(""), @r#"
    proxy.toml:1: upstream: missing
    proxy.toml:1: route: missing
    "#);
}

#[test]
fn a_gate_that_no_key_opens_is_a_mistake() {
    let text = format!(
        "{UPSTREAM}[load_test]\nallow = [\"::1\"]\n[[route]]\nname = \"a\"\nprefix = \"/api/loadtest/\"\nupstream = \"staging\"\ngate = \"key\"\n"
    );
    insta::assert_snapshot!(mistakes(&text), @r#"proxy.toml:6: route[0].gate: no key could open it; name one in load_test.keys"#);
}

#[test]
fn an_address_may_have_a_certificate() {
    let listen = r#"
listen = [
    { address = "127.0.0.1:1", tls = { certificate = "/tls/cert.pem", key = "/tls/key.pem" } },
    { address = "127.0.0.1:2", tls = { certificate = "/tls/cert.pem", key = "/tls/open.pem" }, http2 = false },
    { address = "127.0.0.1:3" },
    { address = "127.0.0.1:4", tls = { certificate = "/tls/old.pem", key = "/tls/key.pem" } },
]
"#;
    let settings = parse(&format!("{listen}{UPSTREAM}{ROUTE}"), &Fake).unwrap();
    let protocols = |index: usize| -> Option<Vec<String>> {
        let tls = settings.listen[index].tls.as_ref()?;
        let names = tls.server.alpn_protocols.iter();
        Some(
            names
                .map(|name| String::from_utf8(name.clone()).unwrap())
                .collect(),
        )
    };
    assert_eq!(protocols(0).unwrap(), ["h2", "http/1.1"]);
    assert_eq!(protocols(1).unwrap(), ["http/1.1"]);
    assert_eq!(protocols(2), None);
    let warnings: Vec<_> = settings.warnings.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(warnings.join("\n"), @"
    4: listen[1].tls.key: others than its owner can read /tls/open.pem; close it: chmod 600 /tls/open.pem
    6: listen[3].tls.certificate: /tls/old.pem has been invalid since 2026-01-31; renew it
    ");
    // Nothing of the key is ever printed.
    let printed = format!("{settings:?}");
    assert!(printed.contains("TlsSettings([redacted])"), "{printed}");
}

#[test]
fn mistakes_in_listeners_are_all_found() {
    let listen = r#"
listen = [
    { address = "127.0.0.1:1", tls = { certificate = "/tls/absent.pem", key = "/tls/locked.pem" } },
    { address = "127.0.0.1:2", tls = { certificate = "/tls/key.pem", key = "/tls/cert.pem" } },
    { address = "127.0.0.1:3", tls = { certificate = "/tls/cert.pem", key = "/tls/other.pem" } },
    { address = "127.0.0.1:4", tls = { certificate = "/tls/cert.pem", keys = "/tls/key.pem" } },
    { address = "127.0.0.1:4", http2 = true },
    { adress = "127.0.0.1:5", tls = true },
    { address = "127.0.0.1:6" },
    { address = "127.0.0.1:6" },
]
"#;
    insta::assert_snapshot!(mistakes(&format!("{listen}{UPSTREAM}{ROUTE}")), @"
    proxy.toml:3: listen[0].tls.certificate: cannot read /tls/absent.pem: entity not found; name a PEM file
    proxy.toml:3: listen[0].tls.key: /tls/locked.pem needs a password, which nobody could type; take it off: openssl pkey -in /tls/locked.pem
    proxy.toml:4: listen[1].tls.certificate: /tls/key.pem holds no certificate; it begins with -----BEGIN CERTIFICATE-----
    proxy.toml:4: listen[1].tls.key: /tls/cert.pem holds no private key; it begins with -----BEGIN PRIVATE KEY-----
    proxy.toml:5: listen[2].tls.key: it is not the key of the certificate; name the two that belong together
    proxy.toml:6: listen[3].tls.key: missing
    proxy.toml:6: listen[3].tls.keys: unknown key; did you mean `key`?
    proxy.toml:7: listen[4].http2: HTTP/2 is agreed on through TLS; add tls = { certificate, key }
    proxy.toml:8: listen[5].address: missing
    proxy.toml:8: listen[5].tls: expected a table, found boolean
    proxy.toml:8: listen[5].adress: unknown key; did you mean `address`?
    proxy.toml:10: listen[7].address: `127.0.0.1:6` is there already; leave one
    ");
}

#[test]
fn mistakes_about_clients_are_all_found() {
    let client = r#"
drain_timeout = "25h"

[client]
header_timeout = 60
idle_timeout = "0s"
min_body_rate = "240B"
body_rate = "240B/s"
"#;
    insta::assert_snapshot!(mistakes(&format!("{client}{UPSTREAM}{ROUTE}")), @"
    proxy.toml:2: drain_timeout: `25h` is more than a day; shorten it
    proxy.toml:5: client.header_timeout: expected a text in quotes, found 60
    proxy.toml:6: client.idle_timeout: cannot read `0s` as a duration; write it as 500ms, 60s or 5m
    proxy.toml:7: client.min_body_rate: cannot read `240B` as a rate of bytes; write it as 240B/s
    proxy.toml:8: client.body_rate: unknown key; did you mean `body_grace`?
    ");
}

#[test]
fn clients_may_be_given_other_times() {
    let client =
        "[client]\nheader_timeout = \"1s\"\nmin_body_rate = \"2KiB/s\"\nbody_grace = \"3s\"\n";
    let client = parse(&format!("{client}{UPSTREAM}{ROUTE}"), &Fake)
        .unwrap()
        .client;
    assert_eq!(client.header_timeout, Duration::from_secs(1));
    assert_eq!(
        (client.min_body_rate, client.body_grace),
        (2048, Duration::from_secs(3))
    );
    assert_eq!(client.body_timeout, Duration::from_secs(60));
}

#[test]
fn two_keys_with_one_secret_are_warned_of() {
    let keys = "[load_test]\nallow = [\"::1\"]\nkeys = [{ name = \"a\", env = \"GOOD\" }, { name = \"b\", env = \"LOAD_TEST_KEY\" }]\n";
    let settings = parse(&format!("{keys}{UPSTREAM}{ROUTE}"), &Fake).unwrap();
    let warnings: Vec<_> = settings.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["3: load_test.keys[1].name: key `a` is the same; make one for each: rehearsal-proxy key"]
    );
}

#[test]
fn an_expired_key_is_warned_of() {
    let keys = "[load_test]\nallow = [\"::1\"]\nkeys = [{ name = \"a\", env = \"GOOD\", expires = \"2020-01-01\" }]\n";
    let settings = parse(&format!("{keys}{UPSTREAM}{ROUTE}"), &Fake).unwrap();
    let warnings: Vec<_> = settings.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["3: load_test.keys[0].expires: the key has expired: it opens nothing"]
    );
}

#[test]
fn names_that_say_nothing_are_refused() {
    let text = format!(
        r#"route = []
[load_test]
allow = ["::1"]
keys = [{{ name = " ", env = "GOOD" }}]
[record]
file = "captures/"
policy = "config/anonymize.toml"
[log]
access = ".."
{UPSTREAM}"#
    );
    insta::assert_snapshot!(mistakes(&text), @r#"
    proxy.toml:1: route: name at least one route
    proxy.toml:4: load_test.keys[0].name: empty; say whose key it is
    proxy.toml:6: record.file: `captures/` names no file; write it as captures/staging.jsonl
    proxy.toml:9: log.access: `..` names no file; write it as captures/staging.jsonl
    "#);
    let text = format!(
        "{UPSTREAM}{ROUTE}[[route]]\nname = \"none\"\nprefix = \"/a\"\nupstream = \"staging\"\n"
    );
    insta::assert_snapshot!(mistakes(&text), @r#"proxy.toml:10: route[1].name: metrics say `none` of requests without a route; use another name"#);
    let text = "[upstream]\n[[route]]\nname = \"a\"\nprefix = \"/\"\nupstream = \"staging\"\n";
    insta::assert_snapshot!(mistakes(text), @r#"proxy.toml:5: route[0].upstream: there is no upstream; name its servers in [upstream.staging]"#);
}
