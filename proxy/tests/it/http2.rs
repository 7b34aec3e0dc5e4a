//! HTTP/2 on a listener, spoken by h2 over rustls as any client would.
//!
//! A slow client is kept to its time here, too, and nobody is cut off by an upgrade.

use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::eventually;
use crate::origin::Origin;
use crate::proxy::{Config, Proxy};
use crate::service::{Service, gone};
use crate::tls::Certificate;

/// A connection, and what drives it to its end.
pub(crate) async fn connect(
    certificate: &Certificate,
    proxy: &Proxy,
) -> (SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>) {
    let stream = tokio::net::TcpStream::connect(proxy.address).await.unwrap();
    let name = "staging.test".try_into().unwrap();
    let connector = TlsConnector::from(certificate.trusting(&["h2"]));
    let stream = connector.connect(name, stream).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    (client.ready().await.unwrap(), tokio::spawn(connection))
}

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn get(path: &str) -> Request<()> {
    Request::get(format!("https://staging.test{path}"))
        .body(())
        .unwrap()
}

#[test]
fn a_connection_carries_many_requests_at_once() {
    let (origin, certificate) = (Origin::start(), Certificate::new());
    let proxy = Config::over(&origin)
        .listen(&certificate.listen(""))
        .start();
    let statuses = runtime().block_on(async {
        let (mut client, _connection) = connect(&certificate, &proxy).await;
        let mut answers = Vec::new();
        for number in 0..20 {
            let request = get(&format!("/{number}"));
            answers.push(client.send_request(request, true).unwrap().0);
        }
        let mut statuses = Vec::new();
        for answer in answers {
            statuses.push(answer.await.unwrap().status().as_u16());
        }
        assert_eq!(proxy.status()["connections"], 1);
        statuses
    });
    assert_eq!(statuses, [200; 20]);
    assert_eq!(origin.last().header("x-forwarded-proto"), Some("https"));
}

#[test]
fn a_body_that_pauses_is_refused_and_others_go_on() {
    let (origin, certificate) = (Origin::start(), Certificate::new());
    let proxy = Config::over(&origin)
        .listen(&certificate.listen(""))
        .section("[client]\nbody_timeout = \"50ms\"")
        .start();
    runtime().block_on(async {
        let (mut client, _connection) = connect(&certificate, &proxy).await;
        let post = Request::post("https://staging.test/").body(()).unwrap();
        let (answer, mut body) = client.send_request(post, false).unwrap();
        body.send_data(Bytes::from_static(b"half"), false).unwrap();
        assert_eq!(answer.await.unwrap().status(), 408);
        let (answer, _body) = client.send_request(get("/"), true).unwrap();
        assert_eq!(answer.await.unwrap().status(), 200);
    });
}

#[test]
fn who_says_nothing_is_cut_off() {
    let (origin, certificate) = (Origin::start(), Certificate::new());
    let proxy = Config::over(&origin)
        .listen(&certificate.listen(""))
        .section("[client]\nheader_timeout = \"100ms\"\nidle_timeout = \"100ms\"")
        .start();
    let silent = certificate.connect(proxy.address, &["h2"]);
    eventually("the silent one is gone", || {
        (proxy.status()["connections"] == 0).then_some(())
    });
    drop(silent);
    runtime().block_on(async {
        let (mut client, connection) = connect(&certificate, &proxy).await;
        let (answer, _body) = client.send_request(get("/"), true).unwrap();
        assert_eq!(answer.await.unwrap().status(), 200);
        // Idle from here on.
        let ended = timeout(Duration::from_secs(5), connection).await;
        assert!(ended.is_ok(), "it is still open");
    });
}

#[test]
fn who_hangs_up_early_is_no_error() {
    let (origin, certificate) = (Origin::start(), Certificate::new());
    let mut proxy = Config::over(&origin)
        .listen(&certificate.listen(""))
        .start();
    drop(certificate.connect(proxy.address, &["h2"]));
    eventually("it has come and gone", || {
        (proxy.status()["connections"] == 0).then_some(())
    });
    let log = proxy.stop().log;
    assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
}

#[test]
fn an_upgrade_asks_clients_to_come_again() {
    let (origin, certificate) = (Origin::start(), Certificate::new());
    let config = Config::over(&origin).listen(&certificate.listen(""));
    let service = Service::start(&config);
    runtime().block_on(async {
        let (mut client, connection) = connect(&certificate, &service.proxy).await;
        let (answer, _body) = client.send_request(get("/slow"), true).unwrap();
        while origin.seen().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let before = service.upgrade();
        service.logged("the new process serves");
        origin.release();
        assert_eq!(answer.await.unwrap().status(), 200);
        let ended = timeout(Duration::from_secs(5), connection).await;
        // The client's own goodbye may come too late to be heard.
        let unheard = ended.unwrap().unwrap().err();
        assert!(unheard.as_ref().is_none_or(h2::Error::is_io), "{unheard:?}");
        gone(before);
    });
}
