//! A certificate that nobody but a test believes.

use std::fs;
use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;
use toml::{Table, Value};

use crate::curl::HOST;

/// A certificate for [`HOST`], in files.
pub struct Certificate(TempDir);

impl Certificate {
    /// A new one.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        write(folder.path())?;
        Ok(Self(folder))
    }

    /// What a proxy's `listen` has to be, so that it shows this certificate on a free port.
    pub fn listen(&self) -> Value {
        let file = |name| self.0.path().join(name).display().to_string().into();
        let tls = [("certificate", file(CERTIFICATE)), ("key", file(KEY))];
        let listen = [("address", "127.0.0.1:0".into()), ("tls", table(tls))];
        vec![table(listen)].into()
    }
}

/// Writes a new certificate for [`HOST`], and its key, where the shipped nginx looks for them.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let made = rcgen::generate_simple_self_signed([HOST.to_owned()])?;
    fs::write(folder.join(CERTIFICATE), made.cert.pem())?;
    fs::write(folder.join(KEY), made.signing_key.serialize_pem())?;
    Ok(())
}

const CERTIFICATE: &str = "staging.crt";
const KEY: &str = "staging.key";

fn table(entries: [(&str, Value); 2]) -> Value {
    let entries = entries.map(|(name, value)| (name.to_owned(), value));
    Value::Table(Table::from_iter(entries))
}
