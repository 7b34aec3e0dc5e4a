//! What `[record]` accepts, and how it says what it does not.

use trace::recording::By;

use super::tests::{Fake, ROUTE, UPSTREAM, mistakes};
use super::*;

fn with(record: &str) -> String {
    let head = "[record]\nfile = \"c.jsonl\"\npolicy = \"config/anonymize.toml\"\n";
    format!("{UPSTREAM}{ROUTE}{head}{record}")
}

fn record(text: &str) -> RecordSettings {
    parse(&with(text), &Fake).unwrap().record.unwrap()
}

#[test]
fn all_is_recorded_unless_something_else_is_said() {
    let record = record("");
    assert_eq!((record.mode.name(), record.sample.share), ("tokens", 1.0));
    assert_eq!((record.body_limit, record.queue), (131_072, 67_108_864));
    assert!(record.filters.only.is_empty() && record.filters.except.is_empty());
    assert_eq!(record.rotate, Rotate::default());
}

#[test]
fn a_key_comes_from_the_environment_or_a_file() {
    for key in ["env = \"GOOD\"", "file = \"/keys/ci\""] {
        let text = with(&format!("mode = \"keyed\"\nkey = {{ {key} }}"));
        let settings = parse(&text, &Fake).unwrap();
        assert!(settings.warnings.is_empty());
        assert_eq!(settings.record.as_ref().unwrap().mode.name(), "keyed");
        assert!(!format!("{settings:?}").contains("0123456789abcdef"));
    }
    let open = with("mode = \"keyed\"\nkey = { file = \"/keys/open\" }");
    let warnings = parse(&open, &Fake).unwrap().warnings;
    let warnings: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "13: record.key.file: others than its owner can read /keys/open; close it: chmod 600 /keys/open"
        ]
    );
}

#[test]
fn what_is_recorded_is_chosen() {
    let record = record(
        r#"
only = [
    { paths = ["/api/v1/people/**", "/api/v1/*/notes"], methods = ["GET", "HEAD"] },
    { statuses = ["5xx", "404", "none"] },
]
except = { body_over = "1MiB" }
sample = 0.25
sample_by = "exchange"
rotate = { size = "256MiB", every = "1h" }
queue = "1MiB"
"#,
    );
    let [named, failed] = &record.filters.only[..] else {
        panic!("{:?}", record.filters);
    };
    assert_eq!(named.paths.as_ref().unwrap().len(), 2);
    assert_eq!(named.methods.as_ref().unwrap()[1].as_str(), "HEAD");
    let statuses = failed.statuses.as_ref().unwrap();
    assert_eq!(statuses[..], [500..=599, 404..=404, 0..=0]);
    assert_eq!(record.filters.except[0].body_over, Some(1024 * 1024));
    assert_eq!(
        (record.sample.share, record.sample.by),
        (0.25, By::Exchange)
    );
    let every = Some(Duration::from_secs(3600));
    let size = Some(256 * 1024 * 1024);
    assert_eq!(record.rotate, Rotate { size, every });
    assert_eq!(record.queue, 1024 * 1024);
}

#[test]
fn mistakes_in_the_key_are_found() {
    let keys = [
        "mode = \"keyed\"",
        "key = { env = \"GOOD\" }",
        "mode = \"keyed\"\nkey = \"0123456789abcdef0123456789abcdef\"",
        "mode = \"keyed\"\nkey = {}",
        "mode = \"keyed\"\nkey = { env = \"GOOD\", file = \"/keys/ci\" }",
        "mode = \"keyed\"\nkey = { env = \"ABSENT\" }",
        "mode = \"keyed\"\nkey = { env = \"SHORT\" }",
        "mode = \"keyed\"\nkey = { file = \"/keys/absent\", name = \"x\" }",
        "mode = \"random\"",
    ];
    let all: Vec<_> = keys.iter().map(|key| mistakes(&with(key))).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    proxy.toml:9: record.key: missing; name what replacements are derived from
    proxy.toml:12: record.key: only mode = "keyed" has a key; leave it out, or name that mode
    proxy.toml:13: record.key: expected a table, found string
    proxy.toml:13: record.key.env: name either an environment variable (env) or a file (file)
    proxy.toml:13: record.key.env: name either an environment variable (env) or a file (file)
    proxy.toml:13: record.key.env: ABSENT is not set; set it: export ABSENT=$(rehearsal-proxy key)
    proxy.toml:13: record.key.env: SHORT holds 4 characters; a key has at least 32, make one: rehearsal-proxy key
    proxy.toml:13: record.key.file: cannot read /keys/absent: entity not found; make it: rehearsal-proxy key > /keys/absent
    proxy.toml:13: record.key.name: unknown key; keys here are env, file
    proxy.toml:12: record.mode: there is no mode `random`; use tokens or keyed
    "#);
}

#[test]
fn mistakes_in_what_is_recorded_are_all_found() {
    let record = r#"
only = []
except = [
    {},
    { path = ["/a"] },
    { paths = [] },
    { paths = ["a", "/a*", 7], methods = ["get", "UNKNOWN"] },
    { statuses = ["200-299", "6xx", "99", "+404", "2x"], body_over = 5 },
    "/a",
]
sample = 0
sample_by = "session"
rotate = { size = "1KiB", every = "10ms" }
queue = "64KiB"
"#;
    let more = "sample = 1.5\nrotate = {}\nonly = \"/api\"";
    let all = [mistakes(&with(record)), mistakes(&with(more))].join("\n");
    insta::assert_snapshot!(all, @r#"
    proxy.toml:13: record.only: it says nothing; leave it out
    proxy.toml:15: record.except[0].paths: nothing is named; name paths, methods, statuses or body_over
    proxy.toml:16: record.except[1].paths: nothing is named; name paths, methods, statuses or body_over
    proxy.toml:16: record.except[1].path: unknown key; did you mean `paths`?
    proxy.toml:17: record.except[2].paths: nothing is like this; name at least one, or leave it out
    proxy.toml:18: record.except[3].methods[0]: HTTP has no method `get`; write it as GET or POST
    proxy.toml:18: record.except[3].methods[1]: HTTP has no method `UNKNOWN`; write it as GET or POST
    proxy.toml:18: record.except[3].paths[0]: `a` is no pattern of paths; begin it with /
    proxy.toml:18: record.except[3].paths[1]: `/a*` is no pattern of paths; * stands for a whole segment, ** for the rest, as in /api/*/notes/**
    proxy.toml:18: record.except[3].paths[2]: expected a text in quotes, found 7
    proxy.toml:19: record.except[4].statuses[0]: cannot read `200-299` as a status; write it as 404, 2xx or none
    proxy.toml:19: record.except[4].statuses[1]: cannot read `6xx` as a status; write it as 404, 2xx or none
    proxy.toml:19: record.except[4].statuses[2]: cannot read `99` as a status; write it as 404, 2xx or none
    proxy.toml:19: record.except[4].statuses[3]: cannot read `+404` as a status; write it as 404, 2xx or none
    proxy.toml:19: record.except[4].statuses[4]: cannot read `2x` as a status; write it as 404, 2xx or none
    proxy.toml:19: record.except[4].body_over: expected a text in quotes, found 5
    proxy.toml:20: record.except[5]: expected a table, found string
    proxy.toml:22: record.sample: expected a number above 0, and 1 at most, found 0
    proxy.toml:23: record.sample_by: cannot sample by `session`; use user or exchange
    proxy.toml:24: record.rotate.size: `1KiB` is too small; take at least 64KiB
    proxy.toml:24: record.rotate.every: less than a second; files would be too many
    proxy.toml:25: record.queue: `64KiB` is too small; take at least 1MiB
    proxy.toml:12: record.sample: expected a number above 0, and 1 at most, found 1.5
    proxy.toml:13: record.rotate.size: name a size, a time (every), or both
    proxy.toml:14: record.only: expected a list in [ ], found string
    "#);
}
