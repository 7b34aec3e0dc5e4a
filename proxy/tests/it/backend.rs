//! A backend that can be stopped and started again, on a port, a unix socket, or with TLS.
//!
//! It answers every request with 200 and its own name, on a connection that it then closes; a sick
//! one answers `/health` with 503.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

/// What is left of a backend when nobody listens: its name, and what it saw.
#[derive(Clone)]
pub(crate) struct Backend {
    name: &'static str,
    seen: Arc<Mutex<Vec<String>>>,
    sick: Arc<AtomicBool>,
}

/// A backend that listens on a port, until this is dropped.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    stopped: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Backend {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            seen: Arc::default(),
            sick: Arc::default(),
        }
    }

    /// Heads of the requests so far, each as it came.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn set_sick(&self, sick: bool) {
        self.sick.store(sick, Ordering::SeqCst);
    }

    pub(crate) fn listen(&self) -> Listening {
        self.listen_on("127.0.0.1:0".parse().unwrap())
    }

    pub(crate) fn listen_on(&self, address: SocketAddr) -> Listening {
        let backend = self.clone();
        Listening::start(address, move |stream| backend.serve(stream, ""))
    }

    /// Shows a certificate, and tells in the answer which name it was asked for.
    pub(crate) fn listen_with_tls(&self, config: Arc<ServerConfig>) -> Listening {
        let backend = self.clone();
        let address = "127.0.0.1:0".parse().unwrap();
        Listening::start(address, move |mut stream| {
            let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            // A client that does not like the certificate ends it here.
            if tls.complete_io(&mut stream).is_ok() {
                let name = tls.server_name().unwrap_or("nobody").to_owned();
                backend.serve(StreamOwned::new(tls, stream), &name);
            }
        })
    }

    /// Listens until the test process ends.
    pub(crate) fn listen_on_socket(&self, path: &Path) {
        let listener = UnixListener::bind(path).unwrap();
        let backend = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                backend.serve(stream.unwrap(), "");
            }
        });
    }

    fn serve(&self, stream: impl Read + Write, asked_for: &str) {
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let sick = self.sick.load(Ordering::SeqCst) && head.contains(" /health ");
        let status = if sick { "503 Sick" } else { "200 OK" };
        self.seen.lock().unwrap().push(head);
        let body = format!("{} {asked_for}", self.name);
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        drop(stream.get_mut().write_all(answer.as_bytes()));
    }
}

impl Listening {
    fn start(address: SocketAddr, serve: impl Fn(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let stopped = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&stopped);
        Self {
            address: listener.local_addr().unwrap(),
            stopped,
            thread: Some(thread::spawn(move || {
                for stream in listener.incoming() {
                    if end.load(Ordering::SeqCst) {
                        return;
                    }
                    serve(stream.unwrap());
                }
            })),
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        drop(self.thread.take().map(thread::JoinHandle::join));
    }
}

/// A made-up authority, and its certificate in a file.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A server with a certificate for this name or IP address.
    pub(crate) fn server(&self, name: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            );
        Arc::new(config.unwrap())
    }
}
