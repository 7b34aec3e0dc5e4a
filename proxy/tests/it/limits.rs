//! Rate and concurrency: 429 with everything a client needs to wait well.
//!
//! Rates are slow enough that no test depends on its own speed.

use serde_json::json;

use crate::eventually;
use crate::origin::Origin;
use crate::proxy::{Config, Proxy, request};

fn statuses(proxy: &Proxy, count: usize, headers: &[&str]) -> Vec<u16> {
    let mut client = proxy.client();
    let ask = request("GET", "/limited", headers);
    (0..count).map(|_| client.ask(&ask).status).collect()
}

#[test]
fn burst_plus_one_pass_then_429_says_when_to_return() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .route(
            "name = \"limited\"\nprefix = \"/limited\"\nlimit = { rate = \"10/min\", burst = 5 }",
        )
        .start();
    assert_eq!(
        statuses(&proxy, 7, &[]),
        [200, 200, 200, 200, 200, 200, 429]
    );
    let answer = proxy.get("/limited", &[]);
    assert_eq!(answer.header("retry-after"), Some("6"));
    assert_eq!(
        answer.header("ratelimit-policy"),
        Some(r#""limited";q=10;w=60"#)
    );
    assert_eq!(answer.header("ratelimit"), Some(r#""limited";r=0;t=6"#));
    assert_eq!(
        answer.json(),
        json!({"error": "rate limited", "limit": "10/min", "retry_after": 6})
    );
    assert_eq!(origin.seen().len(), 6);
    assert_eq!(proxy.get("/", &[]).status, 200);
}

#[test]
fn clients_are_told_apart_by_their_address_behind_a_trusted_proxy_only() {
    let origin = Origin::start();
    let limited = "name = \"limited\"\nprefix = \"/limited\"\nlimit = { rate = \"1/h\" }";
    let proxy = Config::over(&origin)
        .head("trusted_proxies = [\"127.0.0.1\"]")
        .route(limited)
        .start();
    assert_eq!(
        statuses(&proxy, 2, &["X-Forwarded-For: 198.51.100.1"]),
        [200, 429]
    );
    assert_eq!(
        statuses(&proxy, 1, &["X-Forwarded-For: 198.51.100.2"]),
        [200]
    );
    assert_eq!(
        statuses(&proxy, 1, &["X-Forwarded-For: 2001:db8::1"]),
        [200]
    );
    assert_eq!(
        statuses(&proxy, 1, &["X-Forwarded-For: 2001:db8::2"]),
        [429]
    );

    let proxy = Config::over(&origin).route(limited).start();
    assert_eq!(
        statuses(&proxy, 1, &["X-Forwarded-For: 198.51.100.1"]),
        [200]
    );
    assert_eq!(
        statuses(&proxy, 1, &["X-Forwarded-For: 198.51.100.2"]),
        [429]
    );
}

#[test]
fn a_header_can_tell_teams_apart() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .route("name = \"limited\"\nprefix = \"/limited\"\nlimit = { rate = \"1/h\", per = \"header:X-Team-ID\" }")
        .start();
    assert_eq!(statuses(&proxy, 2, &["X-Team-ID: alpha"]), [200, 429]);
    assert_eq!(statuses(&proxy, 2, &["X-Team-ID: beta"]), [200, 429]);
    assert_eq!(statuses(&proxy, 2, &[]), [200, 429]);
}

#[test]
fn a_place_in_flight_is_free_again_after_the_answer() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .route("name = \"slow\"\nprefix = \"/slow\"\nlimit = { concurrent = 2 }")
        .start();
    let mut waiting: Vec<_> = (0..2).map(|_| proxy.client()).collect();
    for client in &mut waiting {
        client.send(&request("GET", "/slow", &[]));
    }
    eventually("both are in flight", || {
        (origin.seen().len() == 2).then_some(())
    });
    let answer = proxy.get("/slow", &[]);
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("ratelimit"), Some(r#""slow";r=0;t=1"#));
    assert_eq!(answer.json()["limit"], "2 at once");
    origin.release();
    for client in &mut waiting {
        assert_eq!(client.answer().status, 200);
    }
    eventually("a place is free", || {
        (proxy.get("/slow", &[]).status == 200).then_some(())
    });
}

#[test]
fn a_place_in_flight_is_free_again_when_the_client_leaves() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .route("name = \"slow\"\nprefix = \"/slow\"\nlimit = { concurrent = 1 }")
        .start();
    let mut client = proxy.client();
    client.send(&request("GET", "/slow", &[]));
    eventually("it is in flight", || {
        (origin.seen().len() == 1).then_some(())
    });
    assert_eq!(proxy.get("/slow", &[]).status, 429);
    drop(client);
    origin.release();
    eventually("the place is free", || {
        (proxy.get("/slow", &[]).status == 200).then_some(())
    });
}

#[test]
fn teams_have_numbers_of_their_own_and_strangers_count_by_client() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .route("name = \"limited\"\nprefix = \"/limited\"\nlimit = { rate = \"1/h\", burst = 1, per = \"header:X-Team-ID\", values = { alpha = { rate = \"10/min\", burst = 3 } } }")
        .start();
    let alpha = "X-Team-ID: alpha";
    assert_eq!(statuses(&proxy, 5, &[alpha]), [200, 200, 200, 200, 429]);
    let answer = proxy.get("/limited", &[alpha]);
    assert_eq!(
        answer.header("ratelimit-policy"),
        Some(r#""limited";q=10;w=60"#)
    );
    assert_eq!(statuses(&proxy, 1, &[]), [200]);
    assert_eq!(statuses(&proxy, 1, &["X-Team-ID: invented"]), [200]);
    assert_eq!(statuses(&proxy, 1, &["X-Team-ID: another"]), [429]);
    assert_eq!(statuses(&proxy, 1, &["X-Team-ID: ALPHA"]), [429]);
    assert_eq!(statuses(&proxy, 1, &[alpha, alpha]), [429]);
    let answer = proxy.get("/limited", &[]);
    assert_eq!(answer.json()["limit"], "1/h");
}

#[test]
fn routes_of_one_zone_share_a_rate() {
    let origin = Origin::start();
    let route = |name: &str, burst: u32| {
        format!(
            "name = \"{name}\"\nprefix = \"/{name}\"\nlimit = {{ rate = \"1/h\", burst = {burst}, zone = \"login\" }}"
        )
    };
    let proxy = Config::over(&origin)
        .route(&route("login", 3))
        .route(&route("register", 2))
        .start();
    let get = |path| proxy.get(path, &[]).status;
    assert_eq!([(); 4].map(|()| get("/register")), [200, 200, 200, 429]);
    assert_eq!([(); 2].map(|()| get("/login")), [200, 429]);
}

#[test]
fn requests_in_flight_count_over_all_routes() {
    let origin = Origin::start();
    let proxy = Config::over(&origin)
        .route("name = \"slow\"\nprefix = \"/slow\"\nlimit = { concurrent = 2 }")
        .route("name = \"strict\"\nprefix = \"/strict\"\nlimit = { concurrent = 1 }")
        .start();
    assert_eq!(proxy.get("/strict", &[]).status, 200);
    let mut client = proxy.client();
    client.send(&request("GET", "/slow", &[]));
    eventually("it is in flight", || {
        (origin.seen().len() == 2).then_some(())
    });
    let answer = proxy.get("/strict", &[]);
    assert_eq!(answer.status, 429);
    assert_eq!(answer.json()["limit"], "1 at once");
    origin.release();
    assert_eq!(client.answer().status, 200);
    eventually("the place is free", || {
        (proxy.get("/strict", &[]).status == 200).then_some(())
    });
}

#[test]
fn the_numbers_are_those_of_the_hour() {
    let origin = Origin::start();
    // Whatever hour it is, one of these holds and the base does not.
    let hours = "{ from = \"00:00\", to = \"12:00\", rate = \"10/min\", burst = 1 }, { from = \"12:00\", to = \"24:00\", rate = \"10/min\", burst = 1 }";
    let proxy = Config::over(&origin)
        .head("timezone = \"UTC\"")
        .route(&format!("name = \"limited\"\nprefix = \"/limited\"\nlimit = {{ rate = \"1/h\", hours = [{hours}] }}"))
        .start();
    assert_eq!(statuses(&proxy, 3, &[]), [200, 200, 429]);
    let answer = proxy.get("/limited", &[]);
    assert_eq!(answer.json()["limit"], "10/min");
}
