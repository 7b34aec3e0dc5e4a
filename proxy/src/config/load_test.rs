//! `[load_test]`: who may use the gated routes.
//!
//! Keys come from the environment or a file, never from the configuration itself.

use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};

use super::section::{Entry, Section};
use super::{Surroundings, secret, values};
use crate::clock;

/// Who may use the gated routes, and with which keys.
#[derive(Debug, Default)]
pub(crate) struct LoadTestSettings {
    /// Off means that gated routes do not exist.
    pub(crate) enabled: bool,
    pub(crate) allow: Vec<Allowed>,
    pub(crate) keys: Vec<KeySettings>,
    /// Whether the file names any key, even one that could not be read.
    pub(crate) keys_named: bool,
}

/// A network that may use the gated routes.
#[derive(Debug)]
pub(crate) struct Allowed {
    pub(crate) net: IpNet,
    /// Why it is there, for whoever reviews the list.
    pub(crate) note: Option<String>,
}

/// One valid key.
#[derive(Debug)]
pub(crate) struct KeySettings {
    pub(crate) name: String,
    pub(crate) secret: SecretString,
    /// Unix second from which the key is no longer valid.
    pub(crate) expires: Option<i64>,
}

pub(crate) fn read(entry: Option<Entry<'_>>, around: &impl Surroundings) -> LoadTestSettings {
    let Some(mut section) = entry.and_then(Entry::section) else {
        return LoadTestSettings::default();
    };
    let enabled = section
        .entry("enabled")
        .and_then(Entry::flag)
        .unwrap_or(true);
    let allow = section
        .entry("allow")
        .and_then(Entry::list)
        .unwrap_or_default();
    let allow: Vec<_> = allow.into_iter().filter_map(allowed).collect();
    if enabled && allow.is_empty() {
        section.mistake(
            "allow",
            "nobody is allowed; name at least one network, or set enabled = false",
        );
    }
    let keys = section
        .entry("keys")
        .and_then(Entry::list)
        .unwrap_or_default();
    let keys_named = !keys.is_empty();
    let mut read = Vec::new();
    for entry in keys {
        // While load testing is off its keys need not be there.
        if let Some(key) = key(entry, enabled.then_some(around), &read) {
            read.push(key);
        }
    }
    section.finish();
    LoadTestSettings {
        enabled,
        allow,
        keys: read,
        keys_named,
    }
}

fn allowed(entry: Entry<'_>) -> Option<Allowed> {
    if !entry.is_table() {
        let net = entry.parsed(values::network)?;
        return Some(Allowed { net, note: None });
    }
    let mut section = entry.section()?;
    let net = section
        .required("net")
        .and_then(|entry| entry.parsed(values::network));
    let note = section.entry("note").and_then(Entry::text);
    section.finish();
    Some(Allowed { net: net?, note })
}

fn key(
    entry: Entry<'_>,
    around: Option<&impl Surroundings>,
    others: &[KeySettings],
) -> Option<KeySettings> {
    let mut section = entry.section()?;
    let name = section
        .required("name")
        .and_then(|entry| entry.parsed(key_name));
    if let Some(name) = &name
        && others.iter().any(|other| other.name == *name)
    {
        section.mistake("name", format!("there is already a key `{name}`"));
    }
    let named = secret::read(&mut section, around);
    let expires = section.parsed("expires", values::expiry);
    if around.is_some() && expires.is_some_and(|at| at <= clock::unix_seconds()) {
        section.warn("expires", "the key has expired: it opens nothing");
    }
    let secret = named.and_then(|named| in_a_header(&section, named));
    if let Some(secret) = &secret {
        check_secret(&section, secret, others);
    }
    section.finish();
    Some(KeySettings {
        name: name?,
        secret: secret?,
        expires,
    })
}

/// It stands in the access log.
fn key_name(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("empty; say whose key it is"),
        name => Ok(name.to_owned()),
    }
}

/// Who has the same secret as another cannot be told from it.
fn check_secret(section: &Section<'_>, secret: &SecretString, others: &[KeySettings]) {
    let same = |other: &&KeySettings| other.secret.expose_secret() == secret.expose_secret();
    if let Some(other) = others.iter().find(same) {
        let how = format!(
            "key `{}` is the same; make one for each: rehearsal-proxy key",
            other.name
        );
        section.warn("name", how);
    }
}

fn in_a_header(section: &Section<'_>, named: secret::Named) -> Option<SecretString> {
    let secret::Named {
        key,
        origin,
        secret,
    } = named;
    let fits = secret
        .expose_secret()
        .bytes()
        .all(|byte| byte.is_ascii_graphic());
    if !fits {
        let how = format!(
            "{origin} holds a character that a header cannot carry; use letters and digits"
        );
        section.mistake(key, how);
    }
    fits.then_some(secret)
}
