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
            "/keys/ci" | "/keys/open" => Ok("fedcba9876543210fedcba9876543210\n".to_owned()),
            "/tls/cert.pem" => Ok(pair().0.clone()),
            "/tls/old.pem" => Ok(made_until(2026, 1, 31)),
            "/tls/key.pem" | "/tls/open.pem" => Ok(pair().1.clone()),
            "/tls/other.pem" => Ok(make_pair().1),
            "/tls/locked.pem" => Ok("-----BEGIN ENCRYPTED PRIVATE KEY-----\n".to_owned()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn others_can_read(&self, path: &str) -> bool {
        matches!(path, "/tls/open.pem" | "/keys/open")
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
mode = "tokens"
sampel = 0.5

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
    proxy.toml:26: record.sampel: unknown key; did you mean `sample`?
    proxy.toml:29: log.access: empty; name a file, or leave the key out for no access log
    proxy.toml:30: log.acces: unknown key; did you mean `access`?
    "#);
}

#[test]
fn what_is_not_toml_is_said_with_its_line() {
    insta::assert_snapshot!(mistakes("listen = [\"127.0.0.1:8080\"]\nadmin = 127.0.0.1\nlisten = 1\n[[route]\n"), @"proxy.toml:2: not TOML: invalid float, expected nothing");
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
