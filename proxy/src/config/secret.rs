//! Secrets: from the environment or a file, never from the configuration itself.

use std::io;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::Surroundings;
use super::section::{Entry, Section};

/// Shorter ones can be guessed.
pub(super) const SHORTEST: usize = 32;

/// A secret that a table names by `env` or `file`.
pub(super) struct Named {
    /// Which of the two.
    pub(super) key: &'static str,
    /// The variable or the file.
    pub(super) origin: String,
    pub(super) secret: SecretString,
}

/// Reads `env` and `file`, of which there has to be one. Without surroundings the secret need not
/// be there, and is not read.
pub(super) fn read(section: &mut Section<'_>, around: Option<&impl Surroundings>) -> Option<Named> {
    let env = section.entry("env").and_then(Entry::text);
    let file = section.entry("file").and_then(Entry::text);
    let (key, origin) = match (env, file) {
        (Some(env), None) => ("env", env),
        (None, Some(file)) => ("file", file),
        _ => {
            let how = "name either an environment variable (env) or a file (file)";
            section.mistake("env", how);
            return None;
        }
    };
    let around = around?;
    let value = match key {
        "env" => variable(&origin, around),
        _ => content(section, &origin, around),
    };
    let secret = value.and_then(|value| long_enough(&origin, &value));
    let secret = secret.map_err(|how| section.mistake(key, how)).ok()?;
    Some(Named {
        key,
        origin,
        secret,
    })
}

fn variable(name: &str, around: &impl Surroundings) -> Result<Zeroizing<String>, String> {
    let value = around.variable(name).map(Zeroizing::new);
    let value = value.filter(|value| !value.trim().is_empty());
    value.ok_or_else(|| format!("{name} is not set; set it: export {name}=$(rehearsal-proxy key)"))
}

fn content(
    section: &Section<'_>,
    path: &str,
    around: &impl Surroundings,
) -> Result<Zeroizing<String>, String> {
    let unreadable = |error: io::Error| {
        format!("cannot read {path}: {error}; make it: rehearsal-proxy key > {path}")
    };
    let value = around.file(path).map_err(unreadable)?;
    if around.others_can_read(path) {
        let how = format!("others than its owner can read {path}; close it: chmod 600 {path}");
        section.warn("file", how);
    }
    Ok(Zeroizing::new(value))
}

fn long_enough(origin: &str, value: &str) -> Result<SecretString, String> {
    let value = value.trim();
    if value.len() < SHORTEST {
        let length = value.len();
        return Err(format!(
            "{origin} holds {length} characters; a key has at least {SHORTEST}, make one: rehearsal-proxy key"
        ));
    }
    Ok(SecretString::from(value))
}
