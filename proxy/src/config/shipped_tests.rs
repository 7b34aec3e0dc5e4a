//! `config/proxy.toml` is the reference of every key: here it is held against the code.

use super::tests::{Fake, ROUTE, UPSTREAM, mistakes};
use super::*;

const SHIPPED: &str = include_str!("../../../config/proxy.toml");

/// A key that nobody knows in each table that there is: the mistakes name those that are known.
const NOBODY_KNOWS: &str = r#"
zzzzzzzzzzzz = 1
listen = [{ zzzzzzzzzzzz = 1, tls = { zzzzzzzzzzzz = 1 } }]
client = { zzzzzzzzzzzz = 1 }
load_test = { zzzzzzzzzzzz = 1, allow = [{ zzzzzzzzzzzz = 1 }], keys = [{ zzzzzzzzzzzz = 1 }] }
log = { zzzzzzzzzzzz = 1 }
record = { zzzzzzzzzzzz = 1, rotate = { zzzzzzzzzzzz = 1 }, only = { zzzzzzzzzzzz = 1 }, mode = "keyed", key = { zzzzzzzzzzzz = 1 } }
[upstream.staging]
zzzzzzzzzzzz = 1
servers = [{ zzzzzzzzzzzz = 1 }]
tls = { zzzzzzzzzzzz = 1 }
retry = { zzzzzzzzzzzz = 1 }
health = { zzzzzzzzzzzz = 1 }
[[route]]
zzzzzzzzzzzz = 1
limit = { zzzzzzzzzzzz = 1, values = { a = { zzzzzzzzzzzz = 1 } }, hours = [{ zzzzzzzzzzzz = 1 }] }
timeouts = { zzzzzzzzzzzz = 1 }
"#;

#[test]
fn every_key_is_explained_in_the_shipped_file() {
    let mut tables = 0;
    for mistake in mistakes(NOBODY_KNOWS).lines() {
        let Some((place, keys)) = mistake
            .split_once(".zzzzzzzzzzzz: unknown key; keys here are ")
            .or_else(|| mistake.split_once(": zzzzzzzzzzzz: unknown key; keys here are "))
        else {
            assert!(!mistake.contains("unknown key"), "{mistake}");
            continue;
        };
        let table = place.rsplit(": ").next().unwrap();
        let text = part(table);
        for key in keys.split(", ") {
            assert!(explains(text, key), "{table}: nothing is said of {key}");
        }
        tables += 1;
    }
    assert_eq!(tables, NOBODY_KNOWS.matches("zzzzzzzzzzzz").count());
}

/// What the file says about a table.
fn part(table: &str) -> &'static str {
    let (from, to) = match table.split(['.', '[']).next() {
        Some("client") => ("\n[client]", "\n[load_test]"),
        Some("load_test") => ("\n[load_test]", "\n[upstream"),
        Some("upstream") => ("\n[upstream", "\n# Routes."),
        Some("route") => ("\n# Routes.", "\n# The access log"),
        Some("log") => ("\n# The access log", "\n# Recording:"),
        Some("record") => ("\n# Recording:", "\u{0}"),
        // Tables are known by their headers.
        Some("listen") => ("", "\n[client]"),
        _ => ("", "\u{0}"),
    };
    let (_, part) = SHIPPED.split_once(from).unwrap();
    part.split_once(to).map_or(part, |(part, _)| part)
}

/// Whether a key is set, be it in a comment, or stands in a list of keys, or is a table's header.
fn explains(text: &str, key: &str) -> bool {
    text.match_indices(key).any(|(at, _)| {
        let (before, after) = (&text[..at], text[at + key.len()..].trim_start_matches(' '));
        let begins = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let is_set = after.starts_with("= ");
        let is_listed = before.ends_with("#   ");
        let is_header = before.ends_with('[') && after.starts_with([']', '.']);
        begins && (is_set || is_listed || is_header)
    })
}

#[test]
fn what_is_left_out_is_as_the_shipped_file_says() {
    let shipped = parse(SHIPPED, &Fake).unwrap();
    let bare =
        format!("{UPSTREAM}{ROUTE}[record]\nfile = \"c\"\npolicy = \"config/anonymize.toml\"");
    let bare = parse(&bare, &Fake).unwrap();
    let recorded = |record: &RecordSettings| {
        let RecordSettings {
            filters, sample, ..
        } = record;
        let (mode, sizes) = (record.mode.name(), (record.body_limit, record.queue));
        format!("{:?}", (mode, sizes, filters, sample, record.rotate))
    };
    let common = |settings: &Settings| {
        let upstream = &settings.upstreams[0];
        let other = settings.routes.iter().find(|r| r.name == "other").unwrap();
        format!(
            "{:?}",
            (
                (&settings.listen, settings.admin, &settings.timezone),
                (
                    settings.shutdown_timeout,
                    settings.drain_timeout,
                    settings.client,
                    settings.core_dumps
                ),
                (
                    upstream.balance,
                    upstream.keepalive_timeout,
                    upstream.fail_timeout
                ),
                (
                    upstream.retry.tries,
                    upstream.retry.within,
                    &upstream.health,
                    &upstream.tls
                ),
                (
                    &other.timeouts,
                    other.gate,
                    other.tag,
                    other.record,
                    other.body_limit
                ),
                recorded(settings.record.as_ref().unwrap()),
            )
        )
    };
    assert_eq!(common(&bare), common(&shipped));
    // Where a comment says otherwise.
    let upstream = &bare.upstreams[0];
    assert_eq!(
        (upstream.keepalive, upstream.keepalive_requests),
        (32, None)
    );
    assert_eq!((upstream.max_fails, upstream.servers[0].weight), (1, 1));
    assert!(upstream.retry.statuses.is_empty() && bare.trusted_proxies.is_empty());
    assert!(!bare.load_test.enabled && bare.access_log.is_none());
    assert!(bare.record.unwrap().enabled);
}

/// What comments show can be taken over as it stands.
#[test]
fn limits_shown_in_comments_are_good() {
    let shown = SHIPPED.lines().filter(|line| line.starts_with('#'));
    let limits: Vec<_> = shown
        .filter_map(|line| line.find("limit = {").map(|at| &line[at..]))
        .collect();
    assert_eq!(limits.len(), 2, "{limits:?}");
    for limit in limits {
        let settings = parse(&format!("{UPSTREAM}{ROUTE}{limit}\n"), &Fake).unwrap();
        assert!(settings.routes[0].limit.is_some());
    }
}

#[test]
fn a_listener_and_a_key_shown_in_comments_are_good() {
    let shown = |of: &str| {
        let line = SHIPPED
            .lines()
            .find(|line| line.starts_with('#') && line.contains(of));
        let line = line.unwrap();
        &line[line.find('{').unwrap()..]
    };
    let listener = shown("tls = { certificate")
        .replace("tls/chain", "/tls/cert")
        .replace("\"tls/key", "\"/tls/key");
    let key = shown("expires =").replace("/run/secrets/ci", "/keys/ci");
    let text = format!(
        "listen = [{listener}]\n[load_test]\nallow = [\"::1\"]\nkeys = [{key}]\n{UPSTREAM}{ROUTE}"
    );
    let settings = parse(&text, &Fake).unwrap();
    assert!(settings.listen[0].tls.is_some());
    assert!(settings.load_test.keys[0].expires.is_some());
}

#[test]
fn what_is_shown_of_recording_is_good() {
    let (_, record) = SHIPPED.split_once("\n[record]\n").unwrap();
    let shown: String = record
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            // Under the mode that has one.
            Some(key) if key.starts_with("key = ") => "key = { env = \"GOOD\" }",
            Some(set)
                if ["only = ", "except = ", "rotate = "]
                    .iter()
                    .any(|k| set.starts_with(k)) =>
            {
                set
            }
            _ if line.starts_with("mode = ") => "mode = \"keyed\"",
            _ => line,
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let settings = parse(&format!("{UPSTREAM}{ROUTE}[record]\n{shown}"), &Fake).unwrap();
    let record = settings.record.unwrap();
    assert_eq!(record.mode.name(), "keyed");
    assert_eq!(
        (record.filters.only.len(), record.filters.except.len()),
        (1, 2)
    );
    assert!(record.rotate.size.is_some() && record.rotate.every.is_some());
}
