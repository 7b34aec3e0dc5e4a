//! `tls = true`, or `tls = { name = "…", ca = "FILE", verify = true }`: TLS to the servers of an
//! upstream, and how they prove who they are.
//!
//! Whatever is left out, servers are verified; only `verify = false` ends that. An IP address is as
//! good as a name: the certificate has to be for it.

use pingora_core::tls::ServerName;

use super::ServerSettings;
use crate::config::Surroundings;
use crate::config::section::{Entry, Section};
use crate::upstream::trust::Trust;

/// TLS to the servers of a group.
#[derive(Debug, Clone)]
pub(crate) struct TlsSettings {
    /// The name to ask for and to verify; of each server its host when absent.
    name: Option<String>,
    /// Whose certificates are believed.
    pub(crate) trust: Trust,
    /// Whether a server has to prove its name.
    pub(crate) verify: bool,
}

impl TlsSettings {
    /// The name that a server is asked to prove. What has none is not verified.
    pub(crate) fn name_of(&self, server: &ServerSettings) -> String {
        let name = self.name.as_ref().or(server.host.as_ref());
        name.map_or_else(|| "localhost".to_owned(), String::clone)
    }
}

pub(super) fn read(
    entry: Entry<'_>,
    servers: &[ServerSettings],
    around: &impl Surroundings,
) -> Option<TlsSettings> {
    let mut section = entry.switched()?;
    let verify = section.entry("verify").and_then(Entry::flag);
    let named = section.entry("name");
    let is_named = named.is_some();
    let name = named.and_then(|entry| entry.parsed(name));
    let settings = trust(&mut section, around).map(|trust| TlsSettings {
        name,
        trust,
        verify: verify.unwrap_or(true),
    });
    if let Some(settings) = &settings
        && !is_named
    {
        check_hosts(&section, settings, servers);
    }
    section.finish();
    settings
}

fn trust(section: &mut Section<'_>, around: &impl Surroundings) -> Option<Trust> {
    if let Some(entry) = section.entry("ca") {
        return entry.parsed(|path| {
            let text = around.file(path).map_err(|error| error.to_string());
            text.and_then(|text| Trust::read(&text)).map_err(|error| {
                format!("cannot use {path}: {error}; it has to hold certificates in PEM")
            })
        });
    }
    let trust = around.authorities().map_err(|error| {
        let how = "install them (ca-certificates), or name a PEM file here";
        section.mistake(
            "ca",
            format!("no certificates of authorities: {error}; {how}"),
        );
    });
    trust.ok()
}

/// Where no name is given, hosts have to do.
fn check_hosts(section: &Section<'_>, settings: &TlsSettings, servers: &[ServerSettings]) {
    const HOW: &str = "give the name that its certificate is for";
    for server in servers {
        let name = settings.name_of(server);
        if settings.verify && server.host.is_none() {
            let address = &server.address;
            section.mistake("name", format!("`{address}` has no name to verify; {HOW}"));
        } else if ServerName::try_from(name.as_str()).is_err() {
            section.mistake("name", format!("no certificate can be for `{name}`; {HOW}"));
        }
    }
}

fn name(text: &str) -> Result<String, String> {
    let name = ServerName::try_from(text).map(|_name| text.to_owned());
    name.map_err(|_error| {
        format!("no certificate can be for `{text}`; write it as staging.internal or 10.0.0.1")
    })
}
