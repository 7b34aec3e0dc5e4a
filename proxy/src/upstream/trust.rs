//! Whom the proxy believes when a server shows a certificate.
//!
//! Certificates are read and tried here, so that pingora, which gives up at a bad one, gets none.

use std::fmt;
use std::sync::Arc;

use pingora_core::connectors::{ConnectorOptions, TransportConnector};
use pingora_core::protocols::tls::CaType;
use pingora_core::tls::{CertificateDer, RootCertStore, load_native_certs};
use pingora_core::utils::tls::WrappedX509;
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;

use super::balance;

/// Certificates of authorities; at least one.
#[derive(Clone)]
pub(crate) struct Trust {
    authorities: Arc<CaType>,
    /// The same for the same certificates.
    fingerprint: u64,
}

impl PartialEq for Trust {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for Trust {}

impl Trust {
    /// Reads a PEM file. Everything that is called a certificate in it has to be one.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut certificates = Vec::new();
        for block in Pem::iter_from_buffer(text.as_bytes()) {
            let block = block.map_err(|error| format!("not PEM: {error}"))?;
            if block.label == "CERTIFICATE" {
                let number = certificates.len() + 1;
                let certificate = certificate(block.contents)
                    .ok_or_else(|| format!("certificate {number} in it cannot be used"))?;
                certificates.push(certificate);
            }
        }
        Self::new(certificates).ok_or_else(|| "there is no certificate in it".to_owned())
    }

    /// The authorities of the system, or those that SSL_CERT_FILE and SSL_CERT_DIR name. Those
    /// that cannot be used are left out.
    pub(crate) fn of_system() -> Result<Self, String> {
        let found = load_native_certs().map_err(|error| error.to_string())?;
        let usable = found
            .into_iter()
            .filter_map(|found| certificate(found.to_vec()))
            .collect();
        Self::new(usable).ok_or_else(|| "the system has none".to_owned())
    }

    fn new(certificates: Vec<WrappedX509>) -> Option<Self> {
        let raw: Vec<_> = certificates.iter().map(|c| c.borrow_raw_cert()).collect();
        let fingerprint = balance::hash(&raw);
        (!certificates.is_empty()).then(|| Self {
            authorities: certificates.into(),
            fingerprint,
        })
    }

    pub(super) fn authorities(&self) -> Arc<CaType> {
        Arc::clone(&self.authorities)
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({} certificates)", self.authorities.len())
    }
}

/// None unless rustls takes it as an authority.
fn certificate(der: Vec<u8>) -> Option<WrappedX509> {
    RootCertStore::empty()
        .add(CertificateDer::from(der.as_slice()))
        .ok()?;
    let parsed = WrappedX509::try_new(der, |der| {
        X509Certificate::from_der(der).map(|(_rest, parsed)| parsed)
    });
    parsed.ok()
}

/// What connects to servers. Whom to believe is said by each peer; left to itself, a connector
/// would read the system's certificates and panic at one that it does not like.
pub(crate) fn connector() -> TransportConnector {
    let mut options = ConnectorOptions::new(1);
    options.ca_file = Some(NO_AUTHORITIES.to_owned());
    TransportConnector::new(Some(options))
}

/// A file without certificates.
pub(crate) const NO_AUTHORITIES: &str = "/dev/null";
