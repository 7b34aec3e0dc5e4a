//! Reload on SIGHUP: all of a good configuration, or nothing of a bad one; no request fails.
//!
//! The tests write the file anew and wait for what the log says.

use std::fs;
use std::net::TcpStream;

use crate::client::Client;
use crate::eventually;
use crate::load::Load;
use crate::origin::Origin;
use crate::proxy::{Config, address, request};
use crate::service::Service;
use crate::tls::Certificate;

impl Service {
    /// Reloads with another configuration; returns what the log says of it.
    pub(crate) fn reload(&self, text: &str) -> String {
        fs::write(self.proxy.folder.path().join("proxy.toml"), text).unwrap();
        let before = self.log().len();
        self.signal("-HUP");
        assert!(self.told().starts_with("RELOADING=1\nMONOTONIC_USEC="));
        self.ready();
        self.log()[before..].to_owned()
    }
}

#[test]
fn no_request_fails_over_reloads() {
    let (first, second) = (Origin::start(), Origin::start());
    let service = Service::start(&Config::over(&first));
    let load = Load::start(service.proxy.address);
    for number in 0..20 {
        let origin = if number % 2 == 0 { &second } else { &first };
        let before = origin.seen().len();
        let log = service.reload(&Config::over(origin).text());
        assert!(log.contains("reloaded"), "{log}");
        eventually("the new upstream is used", || {
            (origin.seen().len() > before + 5).then_some(())
        });
    }
    assert!(load.end() > 100);
}

#[test]
fn routes_and_limits_are_replaced() {
    let origin = Origin::start();
    let config = Config::over(&origin);
    let service = Service::start(&config);
    let mut client = service.proxy.client();
    assert_eq!(client.ask(&request("GET", "/a", &[])).status, 200);
    let limited = "name = \"a\"\nprefix = \"/a\"\nlimit = { rate = \"1/h\" }";
    service.reload(&config.route(limited).text());
    // For connections that were there before, too.
    assert_eq!(client.ask(&request("GET", "/a", &[])).status, 200);
    assert_eq!(client.ask(&request("GET", "/a", &[])).status, 429);
    assert_eq!(client.ask(&request("GET", "/b", &[])).status, 200);
}

#[test]
fn a_request_keeps_what_it_began_with() {
    let origin = Origin::start();
    let service = Service::start(&Config::over(&origin));
    let mut client = service.proxy.client();
    client.send(&request("GET", "/slow", &[]));
    eventually("it is in flight", || {
        (origin.seen().len() == 1).then_some(())
    });
    // The new upstream is nowhere.
    let nowhere = TcpStream::connect(origin.address)
        .unwrap()
        .local_addr()
        .unwrap();
    service.reload(&Config::to(nowhere).text());
    assert_eq!(service.proxy.get("/", &[]).status, 502);
    origin.release();
    assert_eq!(client.answer().status, 200);
}

#[test]
fn a_bad_file_changes_nothing() {
    let origin = Origin::start();
    let config = Config::over(&origin);
    let service = Service::start(&config);
    let log = service.reload("listen = [7]\nadmin = \"nowhere\"\n");
    for mistake in [
        "proxy.toml:1: listen[0]: expected a text in quotes, found 7",
        "proxy.toml:1: upstream: missing",
        "proxy.toml:2: admin: cannot read `nowhere`",
        "not reloaded; the old configuration stays",
    ] {
        assert!(log.contains(mistake), "{log}");
    }
    fs::remove_file(service.proxy.folder.path().join("proxy.toml")).unwrap();
    service.signal("-HUP");
    service.logged("cannot read configuration proxy.toml");
    assert_eq!(service.proxy.get("/", &[]).status, 200);
    assert_eq!(service.proxy.admin("/readyz").status, 200);
}

#[test]
fn an_address_in_use_changes_nothing() {
    let origin = Origin::start();
    let service = Service::start(&Config::over(&origin));
    let listen = format!("\"127.0.0.1:0\", \"{}\"", origin.address);
    let limited = "name = \"a\"\nprefix = \"/a\"\nlimit = { rate = \"1/h\" }";
    let config = Config::over(&origin).listen(&listen).route(limited);
    let log = service.reload(&config.text());
    let told = format!(
        "not reloaded: cannot listen on {}: address already in use",
        origin.address
    );
    assert!(log.contains(&told), "{log}");
    for _ in 0..3 {
        assert_eq!(service.proxy.get("/a", &[]).status, 200);
    }
}

#[test]
fn addresses_come_stay_and_go() {
    let origin = Origin::start();
    let two =
        |other: &str| Config::over(&origin).listen(&format!("\"127.0.0.1:0\", \"{other}:0\""));
    let service = Service::start(&two("127.0.0.2"));
    let [kept, old, admin] = service.proxy.listening[..] else {
        panic!("two listeners and the admin")
    };
    let mut client = Client::connect(old);
    assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
    let log = service.reload(&two("127.0.0.3").text());
    let addresses: Vec<_> = log.split("://").skip(1).map(address).collect();
    assert_eq!((addresses[0], addresses[2]), (kept, admin));
    for address in [kept, addresses[1]] {
        let answer = Client::connect(address).ask(&request("GET", "/", &[]));
        assert_eq!(answer.status, 200);
    }
    eventually("the old address is closed", || {
        TcpStream::connect(old).err()
    });
    // Who came by it goes on.
    assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
    assert_eq!(service.proxy.admin("/healthz").status, 200);
}

#[test]
fn a_renewed_certificate_is_used() {
    let origin = Origin::start();
    let certificate = Certificate::new();
    let config = Config::over(&origin).listen(&certificate.listen(""));
    let service = Service::start(&config);
    let mut client = certificate.client(service.proxy.address);
    assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
    certificate.renew();
    service.reload(&config.text());
    // Only the new one is trusted here.
    let mut second = certificate.client(service.proxy.address);
    assert_eq!(second.ask(&request("GET", "/", &[])).status, 200);
    assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
}

#[test]
fn clients_get_other_times() {
    let origin = Origin::start();
    let config = Config::over(&origin);
    let service = Service::start(&config);
    service.reload(&config.section("[client]\nidle_timeout = \"50ms\"").text());
    assert!(service.proxy.client().is_closed());
}

#[test]
fn recording_and_the_log_follow() {
    let origin = Origin::start();
    let config = || Config::over(&origin);
    let service = Service::start(&config());
    let state = || service.proxy.status()["recording"]["state"].clone();
    assert_eq!(state(), "off");
    let log = "[log]\naccess = \"access.log\"";
    service.reload(&config().recording().section(log).text());
    assert_eq!(state(), "recording");
    assert_eq!(service.proxy.get("/", &[]).status, 200);
    service.reload(&config().text());
    assert_eq!(state(), "off");
    let file = |name: &str| service.proxy.folder.path().join(name);
    let capture = trace::format::Capture::read(&file("capture.jsonl")).unwrap();
    assert_eq!(capture.exchanges.len(), 1);
    eventually("it is in the access log", || {
        let lines = fs::read_to_string(file("access.log")).ok()?;
        (lines.lines().count() == 1).then_some(())
    });
    // Neither is begun when the other cannot be.
    let nowhere = config()
        .recording()
        .section("[log]\naccess = \"/proc/nowhere/access.log\"");
    let told = service.reload(&nowhere.text());
    assert!(
        told.contains("not reloaded: cannot open access log"),
        "{told}"
    );
    assert_eq!(state(), "off");
    let nowhere = config().recording().section(log).text();
    let nowhere = nowhere.replace("capture.jsonl", "/proc/nowhere/capture.jsonl");
    let told = service.reload(&nowhere);
    assert!(
        told.contains("not reloaded: cannot create capture"),
        "{told}"
    );
    assert_eq!(service.proxy.get("/", &[]).status, 200);
    assert_eq!(state(), "off");
}
