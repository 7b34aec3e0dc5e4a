//! TLS: whom the program believes, and what it does with sessions of earlier connections.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use std::io::{BufReader, Read as _, Write as _};

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use crate::capture::{Recorded, Recording};
use crate::program::{Ended, Replay};
use crate::server::head;
use crate::streams::{Manner, Streams};

/// A certificate for one name that nobody but a test believes, and what a server shows it with.
struct Certificate {
    pem: String,
    config: ServerConfig,
}

impl Certificate {
    fn of(name: &str) -> Self {
        Self::made(name, IsCa::NoCa)
    }

    fn made(name: &str, is_ca: IsCa) -> Self {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.is_ca = is_ca;
        let signing_key = KeyPair::generate().unwrap();
        let cert = params.self_signed(&signing_key).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        Self {
            pem: cert.pem(),
            config,
        }
    }

    fn speaking(&self, protocol: &str) -> ServerConfig {
        let mut config = self.config.clone();
        config.alpn_protocols = vec![protocol.into()];
        config
    }
}

/// A server that speaks HTTP/1.1 through TLS; it ends with the test's process.
struct Secure {
    address: SocketAddr,
    shaken: Arc<Mutex<Vec<HandshakeKind>>>,
}

impl Secure {
    /// It says that it closes each connection after an answer, or keeps them all.
    fn start(config: ServerConfig, closes: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (config, shaken) = (Arc::new(config), Arc::<Mutex<Vec<_>>>::default());
        let log = Arc::clone(&shaken);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, log) = (Arc::clone(&config), Arc::clone(&log));
                thread::spawn(move || serve(stream, config, closes, &log));
            }
        });
        Self { address, shaken }
    }

    /// How many connections began with such a handshake.
    fn count(&self, kind: HandshakeKind) -> usize {
        let shaken = self.shaken.lock().unwrap();
        shaken.iter().filter(|shaken| **shaken == kind).count()
    }
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    closes: bool,
    log: &Mutex<Vec<HandshakeKind>>,
) {
    let connection = ServerConnection::new(config).unwrap();
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    let mut is_new = true;
    while let Some(seen) = head(&mut reader) {
        let mut body = vec![0; seen.length()];
        reader.read_exact(&mut body).unwrap();
        let stream = reader.get_mut();
        if is_new {
            log.lock().unwrap().extend(stream.conn.handshake_kind());
            is_new = false;
        }
        let close = if closes { "connection: close\r\n" } else { "" };
        let answer = format!("HTTP/1.1 200 OK\r\n{close}content-length: 2\r\n\r\nok");
        if stream.write_all(answer.as_bytes()).is_err() || closes {
            break;
        }
    }
    let stream = reader.get_mut();
    stream.conn.send_close_notify();
    let _flushed = stream.flush();
}

fn requests(count: u64) -> Recording {
    Recording::new().with_all((0..count).map(|number| Recorded::get(number * 10, 1, "/good")))
}

fn play(recording: &Recording, address: SocketAddr) -> Replay {
    let url = format!("https://localhost:{}", address.port());
    Replay::at(recording, &url).args(["--workers", "1"])
}

#[track_caller]
fn all_good(replay: &Replay, count: u64) -> Ended {
    let ended = replay.run().measured().balanced();
    let expected = json!({"200": count});
    assert_eq!(ended.summary["statuses"], expected, "{ended:#?}");
    ended
}

/// Nothing was sent, and one line says why.
#[track_caller]
fn refused(replay: &Replay, code: i32, port: u16) -> String {
    let ended = replay.run();
    assert_eq!(ended.code, code, "{ended:#?}");
    assert_eq!(ended.stdout, "");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(!replay.path("out").exists());
    ended.stderr.replace(&port.to_string(), "[port]")
}

#[test]
fn a_certificate_of_a_known_authority_is_believed() {
    let certificate = Certificate::of("localhost");
    let server = Secure::start(certificate.speaking("http/1.1"), false);
    let replay = play(&requests(5), server.address).file("ca.pem", &certificate.pem);
    let ended = all_good(&replay.args(["--ca", "ca.pem"]), 5);
    assert_eq!(ended.summary["settings"]["connections"], 1);
}

#[test]
fn a_certificate_of_nobody_is_refused_before_anything_is_sent() {
    let certificate = Certificate::of("localhost");
    let server = Secure::start(certificate.config.clone(), false);
    let port = server.address.port();
    let stranger = Certificate::of("localhost");
    let replay = play(&requests(5), server.address).file("ca.pem", &stranger.pem);
    insta::assert_snapshot!(refused(&replay.args(["--ca", "ca.pem"]), 1, port), @"error: cannot connect to https://localhost:[port]: invalid peer certificate: BadSignature; name whom to believe with `--ca FILE`, or believe any certificate with `--insecure`");
    assert_eq!(server.count(HandshakeKind::Full), 0);
}

#[test]
fn without_a_name_of_its_authority_it_is_refused_with_the_option_that_helps() {
    let server = Secure::start(Certificate::of("localhost").config, false);
    let replay = play(&requests(5), server.address);
    // Some systems believe somebody else, and some nobody: that shows before connecting.
    let ended = replay.run();
    assert!([1, 2].contains(&ended.code), "{ended:#?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("`--ca FILE`"), "{}", ended.stderr);
    assert!(!replay.path("out").exists());
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let certificate = Certificate::of("staging.test");
    let server = Secure::start(certificate.config.clone(), false);
    let port = server.address.port();
    let replay = play(&requests(5), server.address).file("ca.pem", &certificate.pem);
    insta::assert_snapshot!(refused(&replay.args(["--ca", "ca.pem"]), 1, port), @r#"error: cannot connect to https://localhost:[port]: invalid peer certificate: certificate not valid for name "localhost"; certificate is only valid for DnsName("staging.test"); name whom to believe with `--ca FILE`, or believe any certificate with `--insecure`"#);
}

/// As `openssl req -x509` makes them.
#[test]
fn a_certificate_of_an_authority_does_not_stand_for_a_server() {
    let certificate = Certificate::made("localhost", IsCa::Ca(BasicConstraints::Unconstrained));
    let server = Secure::start(certificate.config.clone(), false);
    let port = server.address.port();
    let replay = play(&requests(5), server.address).file("ca.pem", &certificate.pem);
    insta::assert_snapshot!(refused(&replay.args(["--ca", "ca.pem"]), 1, port), @"error: cannot connect to https://localhost:[port]: its certificate is that of an authority, which can't stand for a server; make it one with `CA:FALSE`, or believe any certificate with `--insecure`");
}

#[test]
fn any_certificate_is_believed_when_that_is_asked_for() {
    let server = Secure::start(Certificate::of("staging.test").config, false);
    all_good(&play(&requests(5), server.address).args(["--insecure"]), 5);
}

#[test]
fn a_target_that_speaks_no_tls_is_refused() {
    let server = crate::server::Server::start(|_| 200.into());
    let address: SocketAddr = server.url()[7..].parse().unwrap();
    let replay = play(&requests(5), address).args(["--insecure", "--connect-timeout", "1s"]);
    insta::assert_snapshot!(refused(&replay, 1, address.port()), @"error: cannot connect to https://localhost:[port]: tls handshake eof; does it speak TLS? is `--target` right?");
}

#[test]
fn authorities_that_cannot_be_read_are_refused() {
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let replay = play(&requests(5), address).args(["--ca", "ca.pem"]);
    insta::assert_snapshot!(refused(&replay, 2, 0), @"error: cannot read the authorities `ca.pem`: No such file or directory (os error 2)");
    let replay = replay.file("ca.pem", "not PEM");
    insta::assert_snapshot!(refused(&replay, 2, 0), @"error: the authorities `ca.pem` hold no certificate that can be used; they are written as PEM");
}

#[test]
fn connections_resume_sessions_of_earlier_ones_unless_they_must_not() {
    let certificate = Certificate::of("localhost");
    for (resumes, more) in [
        (true, "--tls-resumption=true"),
        (false, "--tls-resumption=false"),
    ] {
        let server = Secure::start(certificate.config.clone(), true);
        let replay = play(&requests(10), server.address).file("ca.pem", &certificate.pem);
        all_good(&replay.args(["--ca", "ca.pem", more]), 10);
        let kinds = [HandshakeKind::Full, HandshakeKind::Resumed].map(|kind| server.count(kind));
        assert_eq!(kinds.iter().sum::<usize>(), 10);
        if resumes {
            assert!(kinds[1] >= 8, "{kinds:?}");
        } else {
            assert_eq!(kinds[1], 0, "{kinds:?}");
        }
    }
}

#[test]
fn http_2_is_agreed_on_within_tls() {
    let certificate = Certificate::of("localhost");
    let server = Streams::start(Manner::default(), Some(certificate.speaking("h2")));
    let text = "x".repeat(1_000_000);
    let recording = requests(20)
        .with(Recorded::post(10, 2, "/large", "text/plain", &text))
        .with(Recorded::upload(20, 3, "/early", 2_000_000));
    let replay = play(&recording, server.address)
        .file("ca.pem", &certificate.pem)
        .args(["--ca", "ca.pem", "--http2", "--sessions", "open"]);
    let ended = replay.run().measured().balanced();
    let expected = json!({"200": 21, "413": 1});
    assert_eq!(ended.summary["statuses"], expected, "{ended:#?}");
    assert_eq!(ended.summary["settings"]["connections"], 1);
    let seen = server.seen();
    let large = seen.iter().find(|(_, path, _)| path == "/large").unwrap();
    assert_eq!(large.2.len(), text.len());
}

#[test]
fn a_target_that_cannot_agree_on_http_2_is_refused() {
    let certificate = Certificate::of("localhost");
    let server = Secure::start(certificate.speaking("http/1.1"), false);
    let replay = play(&requests(5), server.address).file("ca.pem", &certificate.pem);
    let replay = replay.args(["--ca", "ca.pem", "--http2"]);
    insta::assert_snapshot!(refused(&replay, 1, server.address.port()), @"error: cannot connect to https://localhost:[port]: received fatal alert: NoApplicationProtocol; is `--http2` right?");
}

#[test]
fn a_target_that_agrees_on_nothing_is_not_taken_for_http_2() {
    let certificate = Certificate::of("localhost");
    let server = Secure::start(certificate.config.clone(), false);
    let replay = play(&requests(5), server.address).file("ca.pem", &certificate.pem);
    let replay = replay.args(["--ca", "ca.pem", "--http2"]);
    insta::assert_snapshot!(refused(&replay, 1, server.address.port()), @"error: cannot connect to https://localhost:[port]: it does not speak HTTP/2; is `--http2` right?");
}

#[test]
fn a_webhook_is_believed_as_the_system_believes() {
    let certificate = Certificate::of("localhost");
    let webhook = Secure::start(certificate.speaking("http/1.1"), true);
    let target = crate::server::Server::start(|_| 200.into());
    let post = |pem: &str| {
        let url = format!("https://localhost:{}/SECRET", webhook.address.port());
        let replay = Replay::of(&requests(1), &target).file("ca.pem", pem);
        let replay = replay.env("SSL_CERT_FILE", "ca.pem");
        let ended = replay.env("REPLAY_SLACK_WEBHOOK", &url).run().measured();
        ended.stderr
    };
    assert_eq!(post(&certificate.pem), "");
    assert_eq!(webhook.count(HandshakeKind::Full), 1);
    let told = post(&Certificate::of("localhost").pem);
    insta::assert_snapshot!(told, @"warning: no message was posted to REPLAY_SLACK_WEBHOOK: TLS could not be agreed on");
    assert_eq!(webhook.count(HandshakeKind::Full), 1);
}
