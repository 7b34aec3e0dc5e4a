//! Upgrade of the binary: a new process takes over, nobody is refused, nothing in flight is lost.
//!
//! A bad successor changes nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use trace::format::Capture;

use crate::client::Client;
use crate::eventually;
use crate::load::Load;
use crate::origin::Origin;
use crate::proxy::{Config, request};
use crate::service::{Service, gone};

#[test]
fn nobody_is_refused_over_five_upgrades() {
    let origin = Origin::start();
    let service = Service::start(&Config::over(&origin));
    let load = Load::start(service.proxy.address);
    for _ in 0..5 {
        let before = service.upgrade();
        load.goes_on();
        // Those that kept their connection were told to come again.
        gone(before);
    }
    assert!(load.end() > 100);
    service.stop();
    assert!(!service.log().contains("cut off"), "{}", service.log());
}

#[test]
fn a_request_in_flight_ends_in_the_old_process() {
    let origin = Origin::start();
    let service = Service::start(&Config::over(&origin).recording());
    let mut client = service.proxy.client();
    client.send(&request("GET", "/slow", &[]));
    eventually("it is in flight", || {
        (origin.seen().len() == 1).then_some(())
    });
    let before = service.upgrade();
    service.logged("the new process serves");
    // The admin address is the new one's, which knows nothing of it.
    assert_eq!(service.proxy.status()["requests"], 0);
    assert_eq!(service.proxy.status()["connections"], 0);
    assert_eq!(service.proxy.get("/", &[]).status, 200);
    origin.release();
    let last = client.answer();
    assert_eq!(
        (last.status, last.header("connection")),
        (200, Some("close"))
    );
    assert!(client.is_closed());
    gone(before);
    service.stop();
    // Each process has closed a capture of its own.
    let exchanges = |name: &str| {
        let capture = Capture::read(&service.proxy.folder.path().join(name)).unwrap();
        capture.exchanges.len()
    };
    assert_eq!(exchanges("capture.jsonl"), 1);
    assert_eq!(exchanges("capture-2.jsonl"), 1);
}

#[test]
fn who_was_idle_is_answered_once_more() {
    let origin = Origin::start();
    let service = Service::start(&Config::over(&origin));
    let mut idle = service.proxy.client();
    assert_eq!(idle.ask(&request("GET", "/", &[])).status, 200);
    let before = service.upgrade();
    service.logged("the new process serves");
    let answer = idle.ask(&request("GET", "/", &[]));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("connection"), Some("close"));
    gone(before);
}

#[test]
fn who_stays_idle_is_closed_in_the_end() {
    let origin = Origin::start();
    let config = Config::over(&origin).head("shutdown_timeout = \"50ms\"");
    let service = Service::start(&config);
    let mut idle = service.proxy.client();
    assert_eq!(idle.ask(&request("GET", "/", &[])).status, 200);
    let before = service.upgrade();
    assert!(idle.is_closed());
    gone(before);
    assert!(!service.log().contains("cut off"), "{}", service.log());
}

#[test]
fn what_takes_too_long_is_cut_off_in_the_end() {
    let origin = Origin::start();
    let config = Config::over(&origin).head("drain_timeout = \"50ms\"");
    let service = Service::start(&config);
    let mut client = service.proxy.client();
    client.send(&request("GET", "/slow", &[]));
    eventually("it is in flight", || {
        (origin.seen().len() == 1).then_some(())
    });
    gone(service.upgrade());
    assert!(client.is_closed());
    assert!(service.log().contains("cut off"), "{}", service.log());
}

#[test]
fn a_relieved_process_can_be_stopped() {
    let origin = Origin::start();
    let service = Service::start(&Config::over(&origin));
    let mut idle = service.proxy.client();
    assert_eq!(idle.ask(&request("GET", "/", &[])).status, 200);
    let before = service.upgrade();
    service.logged("the new process serves");
    crate::service::send("-TERM", before);
    gone(before);
    assert!(idle.is_closed());
    // The other one goes on.
    assert_eq!(service.proxy.get("/", &[]).status, 200);
}

/// A supervisor starts another only when both are gone.
#[test]
fn a_relieved_process_does_not_outlive_the_one_that_serves() {
    let origin = Origin::start();
    let service = Service::start(&Config::over(&origin).head("shutdown_timeout = \"60s\""));
    let mut client = service.proxy.client();
    assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
    let before = service.upgrade();
    service.logged("the new process serves");
    crate::service::send("-KILL", service.main_process());
    gone(before);
    assert!(client.is_closed());
    service.logged("the new process has broken down (signal: 9");
}

#[test]
fn a_successor_with_a_bad_configuration_changes_nothing() {
    let origin = Origin::start();
    let service = Service::start(&Config::over(&origin));
    let file = service.proxy.folder.path().join("proxy.toml");
    let good = fs::read_to_string(&file).unwrap();
    fs::write(&file, "nonsense = 1\n").unwrap();
    service.signal("-USR2");
    service.logged("not upgraded: the new process ended before it was ready (exit status: 2)");
    assert_eq!(service.proxy.get("/", &[]).status, 200);
    assert_eq!(service.proxy.admin("/healthz").status, 200);
    // Once mended, it works.
    fs::write(&file, good).unwrap();
    service.upgrade();
    assert_eq!(service.proxy.get("/", &[]).status, 200);
}

#[test]
fn a_replaced_binary_is_started_and_a_missing_one_is_not() {
    let origin = Origin::start();
    let service = Service::start_copy(&Config::over(&origin));
    let binary = service.binary();
    fs::remove_file(&binary).unwrap();
    service.signal("-USR2");
    service.logged("not upgraded: cannot start ");
    assert_eq!(service.proxy.get("/", &[]).status, 200);
    fs::copy(env!("CARGO_BIN_EXE_rehearsal-proxy"), &binary).unwrap();
    let before = service.upgrade();
    gone(before);
    let runs = fs::read_link(format!("/proc/{}/exe", service.main_process())).unwrap();
    assert_eq!(runs, fs::canonicalize(&binary).unwrap());
    assert_eq!(service.proxy.get("/", &[]).status, 200);
}

#[test]
fn who_is_stopped_takes_its_unready_successor_along() {
    let origin = Origin::start();
    let service = Service::start_copy(&Config::over(&origin));
    fs::remove_file(service.binary()).unwrap();
    fs::write(
        service.binary(),
        "#!/bin/sh\necho $$ > successor\nexec sleep 60\n",
    )
    .unwrap();
    fs::set_permissions(service.binary(), fs::Permissions::from_mode(0o755)).unwrap();
    service.signal("-USR2");
    let successor = eventually("it was started", || {
        let process = fs::read_to_string(service.proxy.folder.path().join("successor"));
        process.ok()?.trim().parse().ok()
    });
    assert_eq!(service.proxy.get("/", &[]).status, 200);
    service.signal("-HUP");
    service.logged("an upgrade is under way");
    service.stop();
    gone(successor);
}

#[test]
fn a_successor_listens_where_its_configuration_says() {
    let origin = Origin::start();
    let config = Config::over(&origin).listen("\"127.0.0.1:0\", \"127.0.0.2:0\"");
    let service = Service::start(&config);
    let [kept, gone_address, admin] = service.proxy.listening[..] else {
        panic!("two listeners and the admin")
    };
    let file = service.proxy.folder.path().join("proxy.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("127.0.0.2:0", "127.0.0.3:0")).unwrap();
    gone(service.upgrade());
    assert_eq!(service.proxy.get("/", &[]).status, 200);
    assert_eq!(service.proxy.address, kept);
    assert_eq!(
        Client::connect(admin)
            .ask(&request("GET", "/healthz", &[]))
            .status,
        200
    );
    assert!(std::net::TcpStream::connect(gone_address).is_err());
}
