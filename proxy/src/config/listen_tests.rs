//! What listeners, and the times of those who come by them, accept, and how they say what they do not.
//!
//! Messages are snapshots: they are what an operator reads.

use super::tests::{Fake, ROUTE, UPSTREAM, mistakes};
use super::*;

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
