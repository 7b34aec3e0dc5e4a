//! TLS and HTTP/2 on listeners, spoken by rustls and h2 as any client would.
//!
//! Certificates are made for each test and trusted by nobody else.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

use crate::client::{Answer, Client};
use crate::origin::Origin;
use crate::proxy::{Config, command, request};

/// A certificate in a folder, and who trusts it.
pub(crate) struct Certificate {
    folder: TempDir,
}

impl Certificate {
    pub(crate) fn new() -> Self {
        let certificate = Self {
            folder: TempDir::new().unwrap(),
        };
        certificate.renew();
        certificate
    }

    /// Puts another one in its place.
    pub(crate) fn renew(&self) {
        let made = rcgen::generate_simple_self_signed(["staging.test".to_owned()]).unwrap();
        fs::write(self.path("cert.pem"), made.cert.pem()).unwrap();
        fs::write(self.path("key.pem"), made.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(self.path("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// An entry of `listen`.
    pub(crate) fn listen(&self, more: &str) -> String {
        let folder = self.folder.path().display();
        format!(
            "{{ address = \"127.0.0.1:0\", tls = {{ certificate = \"{folder}/cert.pem\", key = \"{folder}/key.pem\" }}{more} }}"
        )
    }

    pub(crate) fn trusting(&self, protocols: &[&str]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(self.path("cert.pem")).unwrap())
            .unwrap();
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let mut client = ClientConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
        Arc::new(client)
    }

    /// A client that trusts it as it is now.
    pub(crate) fn client(&self, address: SocketAddr) -> Client {
        Client::over(self.connect(address, &["http/1.1"]))
    }

    pub(crate) fn connect(
        &self,
        address: SocketAddr,
        protocols: &[&str],
    ) -> StreamOwned<ClientConnection, TcpStream> {
        let name = "staging.test".try_into().unwrap();
        let connection = ClientConnection::new(self.trusting(protocols), name).unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        stream.conn.complete_io(&mut stream.sock).unwrap();
        stream
    }

    /// What the two sides agree on.
    fn agreed(&self, address: SocketAddr, protocols: &[&str]) -> Option<String> {
        let stream = self.connect(address, protocols);
        let agreed = stream.conn.alpn_protocol()?;
        Some(String::from_utf8(agreed.to_vec()).unwrap())
    }
}

#[test]
fn http1_goes_through_tls() {
    let origin = Origin::start();
    let certificate = Certificate::new();
    let listen = format!("\"127.0.0.1:0\", {}", certificate.listen(""));
    let proxy = Config::over(&origin).listen(&listen).start();
    let (plain, encrypted) = (proxy.listening[0], proxy.listening[1]);
    let mut client = certificate.client(encrypted);
    for _ in 0..3 {
        assert_eq!(client.ask(&request("GET", "/a", &[])).status, 200);
    }
    let seen = origin.last();
    assert_eq!(seen.header("x-forwarded-proto"), Some("https"));
    let port = encrypted.port().to_string();
    assert_eq!(seen.header("x-forwarded-port"), Some(port.as_str()));
    // The plain one beside it stays plain.
    let answer = Client::connect(plain).ask(&request("GET", "/a", &[]));
    assert_eq!(answer.status, 200);
    assert_eq!(origin.last().header("x-forwarded-proto"), Some("http"));
}

#[test]
fn odd_request_lines_are_seen_through_tls() {
    let certificate = Certificate::new();
    let proxy = Config::over(&Origin::start())
        .listen(&certificate.listen(""))
        .start();
    let mut client = certificate.client(proxy.address);
    let answer = client.ask("GET /a b HTTP/1.1\r\nHost: staging.test\r\n\r\n");
    assert_eq!(answer.status, 400);
}

#[test]
fn the_protocol_is_agreed_on() {
    let certificate = Certificate::new();
    let listen = [
        certificate.listen(""),
        certificate.listen(", http2 = false"),
    ];
    let proxy = Config::over(&Origin::start())
        .listen(&listen.join(", "))
        .start();
    let agreed = |index: usize, wanted: &[&str]| certificate.agreed(proxy.listening[index], wanted);
    let both = ["h2", "http/1.1"];
    assert_eq!(agreed(0, &both).unwrap(), "h2");
    assert_eq!(agreed(0, &["http/1.1"]).unwrap(), "http/1.1");
    assert_eq!(agreed(0, &[]), None);
    assert_eq!(agreed(1, &both).unwrap(), "http/1.1");
}

#[test]
fn who_does_not_shake_hands_in_time_is_cut_off() {
    let (origin, certificate) = (Origin::start(), Certificate::new());
    let proxy = Config::over(&origin)
        .listen(&certificate.listen(""))
        .section("[client]\nheader_timeout = \"50ms\"")
        .start();
    assert!(Client::connect(proxy.address).is_closed());
    let mut half = Client::connect(proxy.address);
    half.send("\x16\x03");
    assert!(half.is_closed());
    // Plain text is no handshake either.
    let mut plain = Client::connect(proxy.address);
    plain.send(&request("GET", "/", &[]));
    plain.rest_of_bytes();
    // Others do not notice.
    let answer: Answer = certificate
        .client(proxy.address)
        .ask(&request("GET", "/", &[]));
    assert_eq!(answer.status, 200);
}

#[test]
fn a_key_that_others_can_read_is_warned_about() {
    let certificate = Certificate::new();
    let open = fs::Permissions::from_mode(0o644);
    fs::set_permissions(certificate.path("key.pem"), open).unwrap();
    let config = Config::over(&Origin::start()).listen(&certificate.listen(""));
    let told = format!(
        "proxy.toml:1: listen[0].tls.key: others than its owner can read {0}; close it: chmod 600 {0}",
        certificate.path("key.pem").display()
    );
    let log = config.start().stop().log;
    assert!(log.contains(&told), "{log}");
    let tested = test(&config.text());
    assert_eq!(tested, (Some(0), format!("warning: {told}\n")));
}

#[test]
fn a_certificate_that_cannot_be_read_is_said() {
    let certificate = Certificate::new();
    let path = certificate.path("cert.pem");
    fs::remove_file(&path).unwrap();
    let config = Config::over(&Origin::start()).listen(&certificate.listen(""));
    let told = format!(
        "error: proxy.toml:1: listen[0].tls.certificate: cannot read {}: No such file or directory (os error 2); name a PEM file\n",
        path.display()
    );
    assert_eq!(test(&config.text()), (Some(2), told));
}

/// The exit code of `--test` and what it says on stderr.
fn test(text: &str) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    let file: &Path = folder.path();
    fs::write(file.join("proxy.toml"), text).unwrap();
    let output = command(file).arg("--test").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), stderr)
}
