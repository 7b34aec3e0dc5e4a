//! The shape of `replay.toml`, and where it is wrong.
//!
//! Only what was written; what it means is decided in [`super::resolve`].

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::judge::{Written, WrittenCheck, WrittenObjective};

use super::scenario::{Scenario, WrittenLoad};

/// The file as written. Every key is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    pub(crate) target: Option<String>,
    pub(crate) target_metrics: Option<String>,
    pub(crate) via_loadtest: Option<bool>,
    pub(crate) client_addresses: Option<String>,
    pub(crate) limits: Option<PathBuf>,
    pub(crate) allow_targets: Vec<String>,
    pub(crate) shift_dates: Option<String>,
    pub(crate) tls: Tls,
    pub(crate) users: Users,
    pub(crate) auth: Auth,
    pub(crate) unique: Vec<Unique>,
    pub(crate) load: WrittenLoad,
    pub(crate) thresholds: BTreeMap<String, Written>,
    pub(crate) slo: Option<String>,
    pub(crate) objective: Vec<WrittenObjective>,
    pub(crate) check: Vec<WrittenCheck>,
}

/// The `[tls]` table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tls {
    pub(crate) authorities: Option<PathBuf>,
    pub(crate) insecure: Option<bool>,
    pub(crate) resumption: Option<bool>,
}

/// The `[users]` table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Users {
    pub(crate) file: Option<PathBuf>,
    pub(crate) role: Option<Role>,
    pub(crate) share: Option<bool>,
}

/// Where the capture tells a user's role.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Role {
    pub(crate) route: String,
    pub(crate) at: String,
}

/// The `[auth]` table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Auth {
    pub(crate) login: Option<AuthRequest>,
    pub(crate) refresh: Option<AuthRequest>,
    pub(crate) token: Option<String>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) send: Option<String>,
    pub(crate) life: Option<String>,
}

/// A `[[unique]]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unique {
    pub(crate) route: Option<String>,
    pub(crate) at: String,
}

/// A request that logs a user in, or keeps it so.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthRequest {
    pub(crate) method: Option<String>,
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) content_type: Option<String>,
}

impl File {
    /// Reads the file that was named, else the default one where it exists, else nothing; tells
    /// which file that is, or would be.
    pub(crate) fn load(named: Option<&Path>) -> Result<(Self, PathBuf), FileError> {
        let path = named.unwrap_or_else(|| Path::new(DEFAULT));
        match fs::read_to_string(path) {
            Ok(text) => Ok((parse(path, &text)?, path.to_owned())),
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
                Ok((Self::default(), path.to_owned()))
            }
            Err(source) => Err(FileError::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// What it says of the load, and of what is asked of it.
    pub(crate) fn scenario(&mut self) -> Scenario {
        Scenario {
            load: mem::take(&mut self.load),
            thresholds: mem::take(&mut self.thresholds),
            slo: self.slo.take(),
            objective: mem::take(&mut self.objective),
            check: mem::take(&mut self.check),
            ..Scenario::default()
        }
    }
}

impl Scenario {
    /// Reads a file.
    pub(crate) fn load(path: &Path) -> Result<Self, FileError> {
        let text = fs::read_to_string(path).map_err(|source| FileError::Read {
            path: path.to_owned(),
            source,
        })?;
        parse(path, &text)
    }
}

fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, FileError> {
    toml::from_str(text).map_err(|error| {
        let line = line_of(text, error.span().map_or(0, |span| span.start));
        FileError::Parse {
            path: path.to_owned(),
            line,
            reason: in_words(
                &error.message().replace('\n', " "),
                text.lines().nth(line - 1).unwrap_or_default(),
            ),
        }
    })
}

/// A configuration file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// It is wrong in this line.
    #[error("{path}:{line}: {reason}", path = path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// It cannot be read.
    #[error("cannot read configuration `{path}`", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The parser's message in words for people, given the line that it is about.
fn in_words(message: &str, line: &str) -> String {
    if let Some((found, wanted)) = message
        .strip_prefix("invalid type: ")
        .and_then(|types| types.rsplit_once(", expected "))
    {
        let key = line.split_once('=').map_or(line, |(key, _)| key).trim();
        let found = match found {
            "sequence" => "a list",
            "map" => "a table",
            found => found,
        };
        let wanted = match wanted {
            "a boolean" => "`true` or `false`",
            "a sequence" => "a list in brackets",
            "a string" | "path string" => "text in quotes",
            wanted if wanted.starts_with("struct ") => "a table",
            wanted => wanted,
        };
        return format!("{key}: {found} is no value for it; write {wanted}");
    }
    if message.contains("did not match any variant") {
        return "write a rule as in `\"p(95)<500\"`, a list of them, or a table with `threshold`, \
                `abortOnFail` and `delayAbortEval`; a check's condition is a text, a number or a list"
            .to_owned();
    }
    message
        .replace("unknown field", "there is no key")
        .replace(", expected one of", "; known keys are")
        .replace("missing field", "missing key")
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|&byte| byte == b'\n')
        .count()
        + 1
}

/// Where the file is when no flag names one.
const DEFAULT: &str = "config/replay.toml";

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        parse::<File>(Path::new("replay.toml"), text)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn an_empty_file_is_valid() {
        let file = parse::<File>(Path::new("replay.toml"), "").unwrap();
        assert_eq!(file.target, None);
        assert_eq!(file.users.share, None);
    }

    #[test]
    fn the_shipped_file_is_valid_and_so_is_each_commented_key() {
        let shipped = include_str!("../../../config/replay.toml");
        parse::<File>(Path::new("config/replay.toml"), shipped).unwrap();
        let uncommented: String = shipped
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .map(|line| format!("{line}\n"))
            .collect();
        parse::<File>(Path::new("config/replay.toml"), &uncommented).unwrap();
    }

    #[test]
    fn says_where_it_is_wrong() {
        insta::assert_snapshot!(
            wrong("target = \"http://127.0.0.1\"\nspede = \"5x\"\n"),
            @"replay.toml:2: there is no key `spede`; known keys are `target`, `target_metrics`, `via_loadtest`, `client_addresses`, `limits`, `allow_targets`, `shift_dates`, `tls`, `users`, `auth`, `unique`, `load`, `thresholds`, `slo`, `objective`, `check`"
        );
        insta::assert_snapshot!(
            wrong("\n[threshold]\nhttp_req_failed = [\"rate<0.01\"]\n"),
            @"replay.toml:2: there is no key `threshold`; known keys are `target`, `target_metrics`, `via_loadtest`, `client_addresses`, `limits`, `allow_targets`, `shift_dates`, `tls`, `users`, `auth`, `unique`, `load`, `thresholds`, `slo`, `objective`, `check`"
        );
        insta::assert_snapshot!(wrong("target = \n"), @"replay.toml:1: string values must be quoted, expected literal string");
        insta::assert_snapshot!(wrong("target = 5\n"), @"replay.toml:1: target: integer `5` is no value for it; write text in quotes");
        insta::assert_snapshot!(wrong("via_loadtest = \"yes\"\n"), @r#"replay.toml:1: via_loadtest: string "yes" is no value for it; write `true` or `false`"#);
        insta::assert_snapshot!(wrong("allow_targets = \"a\"\n"), @r#"replay.toml:1: allow_targets: string "a" is no value for it; write a list in brackets"#);
        insta::assert_snapshot!(wrong("users = 1\n"), @"replay.toml:1: users: integer `1` is no value for it; write a table");
        insta::assert_snapshot!(wrong("[users]\nfile = []\n"), @"replay.toml:2: file: a list is no value for it; write text in quotes");
        insta::assert_snapshot!(wrong("[auth]\nlogin = { body = \"\" }\n"), @"replay.toml:2: missing key `path`");
    }
}
