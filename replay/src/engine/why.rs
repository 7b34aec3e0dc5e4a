//! Why there is no connection, in words, and what to look at then.

use std::io;

use rustls::{AlertDescription, CertificateError};

use super::client::NoConnection;
use super::outcome::Failure;
use super::{EngineError, Job};

/// The error that ends a run before anything is sent.
pub(super) fn connect_error(job: &Job, error: &NoConnection) -> EngineError {
    let (reason, hint) = if is_authority(&error.reason) {
        (
            "its certificate is that of an authority, which can't stand for a server".to_owned(),
            "make it one with `CA:FALSE`, or believe any certificate with `--insecure`",
        )
    } else {
        (reason(&error.reason), hint(error))
    };
    EngineError::Connect {
        target: job.target.url().to_owned(),
        reason,
        hint,
    }
}

/// The reason without the system's number.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::TimedOut => "no answer".to_owned(),
        _ => error.to_string(),
    }
}

fn hint(error: &NoConnection) -> &'static str {
    match error.failure {
        Failure::Tls => {}
        Failure::Protocol => return "is `--http2` right?",
        _ => return "is the proxy running? is `--target` right?",
    }
    match tls(&error.reason) {
        Some(rustls::Error::InvalidCertificate(_)) => {
            "name whom to believe with `--ca FILE`, or believe any certificate with `--insecure`"
        }
        Some(rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => {
            "is `--http2` right?"
        }
        _ => "does it speak TLS? is `--target` right?",
    }
}

/// What `openssl req -x509` makes unless it is told otherwise. The library has no name for that.
fn is_authority(error: &io::Error) -> bool {
    match tls(error) {
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(other))) => {
            other.to_string().contains("CaUsedAsEndEntity")
        }
        _ => false,
    }
}

fn tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
