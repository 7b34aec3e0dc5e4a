//! What routes and their limits accept, and how they say what they do not.
//!
//! Messages are snapshots: they are what an operator reads.

use http::StatusCode;
use jiff::civil::Time;

use super::tests::{Fake, ROUTE, UPSTREAM, mistakes};
use super::*;

fn good(text: &str) -> Settings {
    parse(text, &Fake).unwrap()
}

/// The limit of a route that has this one.
fn limit(text: &str) -> LimitSettings {
    let settings = good(&format!("{UPSTREAM}{ROUTE}limit = {text}\n"));
    settings.routes[0].limit.clone().unwrap()
}

fn shown(numbers: &Numbers) -> (Option<String>, u32, Option<u32>) {
    let rate = numbers.rate.map(|rate| rate.to_string());
    (rate, numbers.burst, numbers.concurrent)
}

#[test]
fn values_have_numbers_of_their_own() {
    let limit = limit(
        r#"{ rate = "20/s", burst = 40, per = "header:X-Team-ID", values = { alpha = { rate = "200/s", burst = 300 }, "b eta" = { concurrent = 7 } } }"#,
    );
    assert_eq!(limit.per, Per::Header("x-team-id".parse().unwrap()));
    let values: Vec<_> = limit
        .schedules()
        .map(|(value, schedule)| (value, shown(&schedule.numbers()[0])))
        .collect();
    assert_eq!(
        values,
        [
            (None, (Some("20/s".to_owned()), 40, None)),
            (Some("alpha"), (Some("200/s".to_owned()), 300, None)),
            (Some("b eta"), (None, 0, Some(7))),
        ]
    );
}

#[test]
fn what_hours_leave_out_is_as_outside_of_them() {
    let limit = limit(
        r#"{ rate = "100/s", burst = 200, concurrent = 50, hours = [{ from = "09:00", to = "17:00", rate = "50/s", burst = 100 }, { from = "22:00", to = "06:00", concurrent = 5 }] }"#,
    );
    let check = |text: &str, rate: &str, burst, concurrent| {
        let time: Time = text.parse().unwrap();
        let numbers = &limit.schedule.numbers()[limit.schedule.at(time)];
        let expected = (Some(rate.to_owned()), burst, Some(concurrent));
        assert_eq!(shown(numbers), expected, "{text}");
    };
    check("08:59:59", "100/s", 200, 50);
    check("09:00:00", "50/s", 100, 50);
    check("16:59:59", "50/s", 100, 50);
    check("17:00:00", "100/s", 200, 50);
    check("22:00:00", "100/s", 200, 5);
    check("05:59:59", "100/s", 200, 5);
    check("06:00:00", "100/s", 200, 50);
}

#[test]
fn mistakes_in_hours_and_values_are_all_found() {
    let routes = r#"
[[route]]
name = "hours"
prefix = "/hours"
upstream = "staging"

[route.limit]
rate = "100/s"
hours = [
    { from = "9am", rate = "50/s" },
    { from = "09:00", to = "09:00", rate = "50/s" },
    { from = "09:00", to = "17:00" },
    { from = "16:00", to = "18:00", concurrent = 5 },
    { from = "20:00", to = "24:00", rate = "1/24h", burst = 1000000, rates = "1/s" },
]

[[route]]
name = "values"
prefix = "/values"
upstream = "staging"

[route.limit]
concurrent = 5
zone = "z"
hours = [{ from = "09:00", to = "17:00", rate = "50/s" }]
values = { alpha = { burst = 3 }, " b" = { rate = "1/s", per = "client" } }

[[route]]
name = "nothing"
prefix = "/none"
upstream = "staging"
limit = { rate = "1/s", per = "header:X-Team-ID", values = {}, concurrent_zone = "Z" }
"#;
    insta::assert_snapshot!(mistakes(&format!("{UPSTREAM}{routes}")), @r#"
    proxy.toml:13: route[0].limit.hours[0].from: cannot read `9am` as a time of day; write it as 09:00 or 17:30
    proxy.toml:13: route[0].limit.hours[0].to: missing
    proxy.toml:14: route[0].limit.hours[1].to: it begins when it ends; name two different times
    proxy.toml:15: route[0].limit.hours[2].rate: nothing is different then; name rate, burst or concurrent
    proxy.toml:16: route[0].limit.hours[3].concurrent: give the limit one for the other hours too
    proxy.toml:16: route[0].limit.hours[3].from: these hours overlap others; at most one may hold at a time
    proxy.toml:17: route[0].limit.hours[4].burst: after a burst like this the rate takes over a year to recover; lower it
    proxy.toml:17: route[0].limit.hours[4].rates: unknown key; did you mean `rate`?
    proxy.toml:27: route[1].limit.zone: the limit has no rate to count; add it, or leave this out
    proxy.toml:28: route[1].limit.hours[0].rate: give the limit a rate for the other hours too
    proxy.toml:29: route[1].limit.values: values are those of a header; count per = "header:NAME"
    proxy.toml:29: route[1].limit.values.alpha.rate: a limit needs rate, concurrent or both
    proxy.toml:29: route[1].limit.values.alpha.burst: a burst needs a rate
    proxy.toml:29: route[1].limit.values. b: no header can have this value
    proxy.toml:29: route[1].limit.values. b.per: unknown key; keys here are rate, burst, concurrent, hours
    proxy.toml:35: route[2].limit.values: name at least one value, or leave it out
    proxy.toml:35: route[2].limit.concurrent_zone: the limit has no concurrent to count; add it, or leave this out
    proxy.toml:35: route[2].limit.concurrent_zone: `Z` is no name; use a-z, 0-9, - and _
    "#);
}

#[test]
fn limits_of_one_zone_have_to_count_alike() {
    let routes = r#"
[[route]]
name = "login"
prefix = "/login"
upstream = "staging"
limit = { rate = "5/min", burst = 3, concurrent = 5, zone = "login", concurrent_zone = "c" }

[[route]]
name = "register"
prefix = "/register"
upstream = "staging"
limit = { rate = "5/min", burst = 2, concurrent = 3, zone = "login", concurrent_zone = "c" }

[[route]]
name = "faster"
prefix = "/faster"
upstream = "staging"
limit = { rate = "6/min", zone = "login" }

[[route]]
name = "together"
prefix = "/together"
upstream = "staging"
limit = { rate = "5/min", concurrent = 5, zone = "login", concurrent_zone = "c", per = "route" }

[[route]]
name = "by-night"
prefix = "/by-night"
upstream = "staging"
limit = { rate = "5/min", zone = "login", hours = [{ from = "00:00", to = "06:00", rate = "1/min" }] }
"#;
    insta::assert_snapshot!(mistakes(&format!("{UPSTREAM}{routes}")), @r#"
    proxy.toml:21: route[2].limit.zone: route `login` has this zone with another per, rate, hours or values; make them the same, or name another zone
    proxy.toml:27: route[3].limit.zone: route `login` has this zone with another per, rate, hours or values; make them the same, or name another zone
    proxy.toml:27: route[3].limit.concurrent_zone: route `login` has this zone with another per; make them the same, or name another zone
    proxy.toml:33: route[4].limit.zone: route `login` has this zone with another per, rate, hours or values; make them the same, or name another zone
    "#);
}

#[test]
fn a_route_answers_or_forwards() {
    let mirror = "[[route]]\nname = \"mirror\"\nprefix = \"/mirror\"\nanswer = 204\n";
    let settings = good(&format!("{UPSTREAM}{ROUTE}{mirror}"));
    let [other, mirror] = &settings.routes[..] else {
        panic!("two routes");
    };
    assert_eq!(other.action, Action::Forward(0));
    assert_eq!(mirror.action, Action::Answer(StatusCode::NO_CONTENT));
    assert!(mirror.record);

    let routes = r#"
[[route]]
name = "both"
prefix = "/both"
upstream = "staging"
answer = 204

[[route]]
name = "neither"
prefix = "/neither"

[[route]]
name = "more"
prefix = "/more"
answer = 204
rewrite = "/less"
timeouts = { read = "1s" }
tag = true

[[route]]
name = "early"
prefix = "/early"
answer = 103
"#;
    insta::assert_snapshot!(mistakes(&format!("{UPSTREAM}{routes}")), @r#"
    proxy.toml:9: route[0].answer: a route answers or forwards; leave out answer or upstream
    proxy.toml:11: route[1].upstream: missing; a route without one has answer = 204
    proxy.toml:19: route[2].rewrite: this route answers and forwards nothing; leave it out
    proxy.toml:20: route[2].timeouts: this route answers and forwards nothing; leave it out
    proxy.toml:21: route[2].tag: this route answers and forwards nothing; leave it out
    proxy.toml:26: route[3].answer: expected a whole number of 200 to 599, found 103
    "#);
}

#[test]
fn gated_requests_are_tagged_unless_told_otherwise() {
    let gate = "[load_test]\nallow = [\"::1\"]\n[[route]]\nname = \"a\"\nprefix = \"/a\"\nupstream = \"staging\"\ngate = \"address\"\n";
    let tags = |text: &str| {
        let settings = good(&format!("{UPSTREAM}{text}"));
        settings.routes.iter().map(|r| r.tag).collect::<Vec<_>>()
    };
    assert_eq!(tags(&format!("{ROUTE}{gate}")), [false, true]);
    assert_eq!(
        tags(&format!("{ROUTE}tag = true\n{gate}tag = false\n")),
        [true, false]
    );
}

#[test]
fn hours_follow_a_time_zone() {
    let rest = format!("{UPSTREAM}{ROUTE}");
    assert_eq!(good(&rest).timezone, TimeZone::UTC);
    let berlin = good(&format!("timezone = \"Europe/Berlin\"\n{rest}")).timezone;
    assert_ne!(berlin, TimeZone::UTC);
    insta::assert_snapshot!(mistakes(&format!("timezone = \"Europe/Nowhere\"\n{rest}")), @r#"proxy.toml:1: timezone: there is no time zone `Europe/Nowhere` on this machine; write it as UTC or Europe/Berlin, and see that tzdata is installed"#);
    assert_eq!(Process.timezone("UTC"), Some(TimeZone::UTC));
    assert_eq!(Process.timezone("Europe/Nowhere"), None);
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
