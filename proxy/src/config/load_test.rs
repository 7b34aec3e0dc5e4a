//! `[load_test]`: who may use the gated routes.
//!
//! Keys come from the environment or a file, never from the configuration itself.

use std::io;

use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};

use super::Surroundings;
use super::section::{Entry, Section};
use super::values;
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

/// Shorter keys can be guessed.
const SHORTEST_KEY: usize = 32;

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
    let env = section.entry("env").and_then(Entry::text);
    let file = section.entry("file").and_then(Entry::text);
    let expires = section.parsed("expires", values::expiry);
    if around.is_some() && expires.is_some_and(|at| at <= clock::unix_seconds()) {
        section.warn("expires", "the key has expired: it opens nothing");
    }
    let secret = match (env, file) {
        (Some(env), None) => around.and_then(|around| from_variable(&section, &env, around)),
        (None, Some(file)) => around.and_then(|around| from_file(&section, &file, around)),
        _ => {
            section.mistake(
                "env",
                "name either an environment variable (env) or a file (file)",
            );
            None
        }
    };
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

fn from_variable(
    section: &Section<'_>,
    name: &str,
    around: &impl Surroundings,
) -> Option<SecretString> {
    match around
        .variable(name)
        .filter(|value| !value.trim().is_empty())
    {
        Some(value) => checked(section, "env", name, &value),
        None => {
            let how = format!("{name} is not set; set it: export {name}=$(rehearsal-proxy key)");
            section.mistake("env", how);
            None
        }
    }
}

fn from_file(
    section: &Section<'_>,
    path: &str,
    around: &impl Surroundings,
) -> Option<SecretString> {
    match around.file(path) {
        Ok(value) => checked(section, "file", path, &value),
        Err(error) => {
            section.mistake("file", unreadable(path, &error));
            None
        }
    }
}

fn unreadable(path: &str, error: &io::Error) -> String {
    format!("cannot read {path}: {error}; make it: rehearsal-proxy key > {path}")
}

fn checked(section: &Section<'_>, key: &str, origin: &str, value: &str) -> Option<SecretString> {
    let value = value.trim();
    if value.len() < SHORTEST_KEY {
        let length = value.len();
        let how = format!(
            "{origin} holds {length} characters; a key has at least {SHORTEST_KEY}, make one: rehearsal-proxy key"
        );
        section.mistake(key, how);
        return None;
    }
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        let how = format!(
            "{origin} holds a character that a header cannot carry; use letters and digits"
        );
        section.mistake(key, how);
        return None;
    }
    Some(SecretString::from(value))
}
