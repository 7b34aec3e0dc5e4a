//! `listen`: where clients connect, and with which certificate.
//!
//! Certificates and keys are read here: ones that are no good are mistakes like any other.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::Surroundings;
use super::section::{Entry, Section};
use super::values;
use crate::clock;

/// One address that clients connect to.
#[derive(Debug)]
pub(crate) struct ListenSettings {
    pub(crate) address: SocketAddr,
    /// Plain text when absent.
    pub(crate) tls: Option<TlsSettings>,
}

/// How TLS is spoken on one address.
pub(crate) struct TlsSettings {
    /// Certificate, key, protocols: ready for use.
    pub(crate) server: Arc<ServerConfig>,
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsSettings([redacted])")
    }
}

pub(crate) fn read(file: &mut Section<'_>, around: &impl Surroundings) -> Vec<ListenSettings> {
    let Some(entry) = file.entry("listen") else {
        return vec![ListenSettings {
            address: SocketAddr::from(([127, 0, 0, 1], 8080)),
            tls: None,
        }];
    };
    if entry.is_empty_list() {
        entry.mistake("name at least one address");
    }
    let mut listen = Vec::new();
    for entry in entry.list().unwrap_or_default() {
        let one = if entry.is_table() {
            table(entry, &listen, around)
        } else {
            let address = entry.parsed(|text| free(text, &listen));
            address.map(|address| ListenSettings { address, tls: None })
        };
        listen.extend(one);
    }
    listen
}

/// Where operators connect, which is nowhere that clients do.
pub(crate) fn admin(file: &mut Section<'_>, clients: &[ListenSettings]) -> SocketAddr {
    const TAKEN: &str = "clients connect there; give the admin an address of its own";
    let default = SocketAddr::from(([127, 0, 0, 1], 9090));
    let Some(entry) = file.entry("admin") else {
        if is_taken(default, clients) {
            file.mistake("admin", format!("it is {default} by default, and {TAKEN}"));
        }
        return default;
    };
    let address = entry.parsed(|text| {
        let address = values::listen_address(text)?;
        if is_taken(address, clients) {
            return Err(TAKEN.to_owned());
        }
        Ok(address)
    });
    address.unwrap_or(default)
}

fn table(
    entry: Entry<'_>,
    others: &[ListenSettings],
    around: &impl Surroundings,
) -> Option<ListenSettings> {
    let mut section = entry.section()?;
    let address = section
        .required("address")
        .and_then(|entry| entry.parsed(|text| free(text, others)));
    let http2 = section.entry("http2").and_then(Entry::flag);
    let tls = section.entry("tls");
    if http2 == Some(true) && tls.is_none() {
        section.mistake(
            "http2",
            "HTTP/2 is agreed on through TLS; add tls = { certificate, key }",
        );
    }
    let encrypted = tls.is_some();
    let tls = tls.and_then(|entry| self::tls(entry, http2.unwrap_or(true), around));
    section.finish();
    // Plain text where TLS was asked for would be worse than nothing.
    (!encrypted || tls.is_some()).then_some(ListenSettings {
        address: address?,
        tls,
    })
}

fn tls(entry: Entry<'_>, http2: bool, around: &impl Surroundings) -> Option<TlsSettings> {
    let mut section = entry.section()?;
    let certificates = section
        .required("certificate")
        .and_then(|entry| entry.checked(|path| certificates(path, around)));
    let key = section.required("key").and_then(|entry| {
        entry.checked(|path| {
            let secret = key(path, around)?;
            let open = around.others_can_read(path).then(|| {
                format!("others than its owner can read {path}; close it: chmod 600 {path}")
            });
            Ok((secret, open))
        })
    });
    let (Some(certificates), Some(key)) = (certificates, key) else {
        section.finish();
        return None;
    };
    let server = server(certificates, key, http2);
    let server = server.map_err(|error| section.mistake("key", error)).ok();
    section.finish();
    Some(TlsSettings { server: server? })
}

fn certificates(
    path: &str,
    around: &impl Surroundings,
) -> Result<(Vec<CertificateDer<'static>>, Option<String>), String> {
    let text = text(path, around)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match read {
        Ok(read) if read.is_empty() => Err(format!(
            "{path} holds no certificate; it begins with -----BEGIN CERTIFICATE-----"
        )),
        Ok(read) => {
            let soon = ends_soon(path, &read[0]);
            Ok((read, soon))
        }
        Err(error) => Err(format!("{path} is damaged: {error}; make it anew")),
    }
}

/// What to say of a certificate that ends within a month, or has ended.
fn ends_soon(path: &str, certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let end = certificate.validity().not_after.timestamp();
    let left = end.checked_sub(clock::unix_seconds())?;
    let day = jiff::Timestamp::from_second(end).ok()?.strftime("%F");
    match left {
        ..=0 => Some(format!("{path} has been invalid since {day}; renew it")),
        1..=MONTH => Some(format!("{path} is valid until {day} only; renew it")),
        _ => None,
    }
}

/// 30 days, in seconds.
const MONTH: i64 = 30 * 24 * 3600;

fn key(path: &str, around: &impl Surroundings) -> Result<PrivateKeyDer<'static>, String> {
    let text = text(path, around)?;
    if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
        return Err(format!(
            "{path} needs a password, which nobody could type; take it off: openssl pkey -in {path}"
        ));
    }
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_quoting| {
        format!("{path} holds no private key; it begins with -----BEGIN PRIVATE KEY-----")
    })
}

fn text(path: &str, around: &impl Surroundings) -> Result<String, String> {
    around
        .file(path)
        .map_err(|error| format!("cannot read {path}: {error}; name a PEM file"))
}

/// TLS 1.2 and 1.3, with tickets, so that who comes again need not shake hands in full.
fn server(
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    http2: bool,
) -> Result<Arc<ServerConfig>, String> {
    let refused = |error: rustls::Error| match error {
        rustls::Error::InconsistentKeys(_) => {
            "it is not the key of the certificate; name the two that belong together".to_owned()
        }
        error => format!("cannot use the certificate and its key: {error}"),
    };
    let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(refused)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(refused)?;
    server.ticketer = ring::Ticketer::new().map_err(refused)?;
    let protocols: &[&[u8]] = if http2 {
        &[b"h2", b"http/1.1"]
    } else {
        &[b"http/1.1"]
    };
    server.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(server))
}

fn free(text: &str, others: &[ListenSettings]) -> Result<SocketAddr, String> {
    let address = values::listen_address(text)?;
    if is_taken(address, others) {
        return Err(format!("`{text}` is there already; leave one"));
    }
    Ok(address)
}

/// Port 0 is never the same twice.
fn is_taken(address: SocketAddr, by: &[ListenSettings]) -> bool {
    address.port() != 0 && by.iter().any(|other| other.address == address)
}
