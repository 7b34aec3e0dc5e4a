//! Whom replay believes when a target shows a certificate.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::settings::Tls;

/// What secure connections are made with.
pub(super) fn config(settings: &Tls, http2: bool) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = if settings.insecure {
        Arc::new(AnyCertificate(Arc::clone(&provider)))
    } else {
        let roots = Arc::new(roots(settings.authorities.as_deref())?);
        let built = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
        built.build().map_err(|_none| TlsError::NoAuthority)?
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Versions)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let protocol: &[u8] = if http2 { b"h2" } else { b"http/1.1" };
    config.alpn_protocols = vec![protocol.to_vec()];
    if settings.no_resumption {
        config.resumption = Resumption::disabled();
    }
    Ok(Arc::new(config))
}

/// Why there can be no secure connections.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// Nobody is believed.
    #[error("the system has no authorities to believe; name some with `--ca FILE`")]
    NoAuthority,
    /// The file can't be read.
    #[error("cannot read the authorities `{file}`", file = file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file holds something else.
    #[error(
        "the authorities `{file}` hold no certificate that can be used; they are written as PEM",
        file = file.display()
    )]
    Unusable {
        /// The file.
        file: PathBuf,
    },
    /// There is no common version of TLS.
    #[error("TLS cannot be set up")]
    Versions(#[source] Error),
}

fn roots(file: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        let found = rustls_native_certs::load_native_certs().unwrap_or_default();
        roots.add_parsable_certificates(found);
        return Ok(roots);
    };
    let text = fs::read(file).map_err(|source| TlsError::Read {
        file: file.to_owned(),
        source,
    })?;
    let unusable = || TlsError::Unusable {
        file: file.to_owned(),
    };
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|_error| unusable())?;
        roots.add(certificate).map_err(|_error| unusable())?;
    }
    if roots.is_empty() {
        return Err(unusable());
    }
    Ok(roots)
}

/// Believes whatever it is shown, as was asked.
struct AnyCertificate(Arc<CryptoProvider>);

impl fmt::Debug for AnyCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyCertificate")
    }
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
