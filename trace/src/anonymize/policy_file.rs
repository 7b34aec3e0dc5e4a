//! The policy's file: TOML, as `config/anonymize.toml` describes it, and what can be wrong with it.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::policy::{Ends, HeaderRule, Kind, NOTHING, Policy, Quick, folded};
use super::template::{Template, Templates};
use crate::format::writer::hex;

/// Why a policy file is of no use. Each message says what, where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read anonymization policy `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no policy.
    #[error("anonymization policy `{}`: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PolicyError,
    },
}

/// Why a text is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The text is not TOML, or has a key or value that no policy has.
    #[error("line {line}: {message}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A version that this program does not know.
    #[error("it has version {found}, and this program knows version 1")]
    Version {
        /// Its version.
        found: u32,
    },
    /// Two rules for one field.
    #[error("there are two rules for `{name}`; leave one")]
    Twice {
        /// The field or header.
        name: String,
    },
    /// A kind that does not exist.
    #[error(
        "there is no kind \"{kind}\", only address, choice, credential, date, \
         email, id, keep, name, password, phone, refresh, secret, session, text, url and username"
    )]
    Kind {
        /// What the rule says.
        kind: String,
    },
    /// A rule of kind `choice` that has nothing to choose from, or another kind with a choice.
    #[error("`of` goes with kind \"choice\", which needs it, and with \"keep\" (field `{name}`)")]
    Choice {
        /// The rule's first field.
        name: String,
    },
    /// A path template that is none.
    #[error(
        "path template `{template}` must begin with `/` and use only {{id}}, {{date}} and {{text}}"
    )]
    Template {
        /// The template.
        template: String,
    },
}

impl Policy {
    /// Reads the policy file at `path`.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let text = std::fs::read_to_string(path).map_err(|source| LoadError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text).map_err(|source| LoadError::Parse {
            path: path.to_owned(),
            source,
        })
    }

    /// Reads a policy from TOML.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: PolicyFile = toml::from_str(text).map_err(|error| PolicyError::Syntax {
            line: error
                .span()
                .map_or(1, |span| text[..span.start].matches('\n').count() + 1),
            message: error.message().trim().to_owned(),
        })?;
        if file.version != 1 {
            return Err(PolicyError::Version {
                found: file.version,
            });
        }
        let templates = file
            .paths
            .templates
            .iter()
            .map(|text| {
                Template::parse(text).ok_or_else(|| PolicyError::Template {
                    template: text.clone(),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let templates = Templates::new(templates);
        let mut names = fields(&file.field)?;
        for name in &file.keys.keep {
            names.entry(folded(name)).or_insert(None);
        }
        let bearers = names
            .iter()
            .filter(|(_, kind)| kind.as_ref().is_some_and(Kind::is_bearer));
        let bearers = Ends::of(bearers.map(|(name, _)| name.as_slice()));
        let vocabulary = vocabulary(&templates, &file);
        Ok(Self {
            hash: format!("sha256:{}", hex(&Sha256::digest(text))),
            templates,
            headers: headers(&file.headers)?,
            names,
            bearers,
            vocabulary,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    version: u32,
    #[serde(default)]
    paths: PathRules,
    #[serde(default)]
    headers: HeaderRules,
    #[serde(default)]
    keys: KeyRules,
    #[serde(default)]
    field: Vec<FieldRule>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PathRules {
    #[serde(default)]
    templates: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderRules {
    #[serde(default)]
    keep: Vec<String>,
    #[serde(default)]
    drop: Vec<String>,
    #[serde(default)]
    fresh: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyRules {
    #[serde(default)]
    keep: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldRule {
    names: Vec<String>,
    kind: String,
    #[serde(default)]
    of: Vec<String>,
}

fn fields(rules: &[FieldRule]) -> Result<HashMap<Vec<u8>, Option<Kind>, Quick>, PolicyError> {
    let mut fields = HashMap::default();
    for rule in rules {
        let kind = kind(rule)?;
        for name in &rule.names {
            if fields.insert(folded(name), Some(kind.clone())).is_some() {
                return Err(PolicyError::Twice { name: name.clone() });
            }
        }
    }
    Ok(fields)
}

fn kind(rule: &FieldRule) -> Result<Kind, PolicyError> {
    let kind = match rule.kind.as_str() {
        "address" => Kind::Address,
        "choice" => Kind::Choice(rule.of.clone()),
        "credential" => Kind::Credential,
        "date" => Kind::Date,
        "email" => Kind::Email,
        "id" => Kind::Id,
        "keep" => Kind::Keep(rule.of.clone()),
        "name" => Kind::Name,
        "password" => Kind::Password,
        "phone" => Kind::Phone,
        "refresh" => Kind::Refresh,
        "secret" => Kind::Secret,
        "session" => Kind::Session,
        "text" => Kind::Text,
        "url" => Kind::Url,
        "username" => Kind::Username,
        other => {
            let kind = other.to_owned();
            return Err(PolicyError::Kind { kind });
        }
    };
    let fits = match kind {
        Kind::Choice(_) => !rule.of.is_empty(),
        Kind::Keep(_) => true,
        _ => rule.of.is_empty(),
    };
    if !fits {
        let name = rule.names.first().cloned().unwrap_or_default();
        return Err(PolicyError::Choice { name });
    }
    Ok(kind)
}

fn headers(rules: &HeaderRules) -> Result<HashMap<String, HeaderRule, Quick>, PolicyError> {
    let lists = [
        (&rules.keep, HeaderRule::Keep),
        (&rules.drop, HeaderRule::Drop),
        (&rules.fresh, HeaderRule::Fresh),
    ];
    let mut headers = HashMap::default();
    for (names, rule) in lists {
        for name in names {
            if headers.insert(name.to_ascii_lowercase(), rule).is_some() {
                return Err(PolicyError::Twice { name: name.clone() });
            }
        }
    }
    Ok(headers)
}

/// Every word that stands in the policy itself.
fn vocabulary(templates: &Templates, file: &PolicyFile) -> HashSet<String> {
    let fields = file
        .field
        .iter()
        .flat_map(|rule| rule.names.iter().chain(&rule.of));
    let headers = file.headers.keep.iter().chain(&file.headers.fresh);
    templates
        .literals()
        .chain(
            fields
                .chain(headers)
                .chain(&file.keys.keep)
                .map(String::as_str),
        )
        .chain(NOTHING)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_has_its_message() {
        let message = |text: &str| Policy::parse(text).unwrap_err().to_string();
        let field = |rest: &str| format!("version = 1\n[[field]]\nnames = [\"a\"]\n{rest}");
        insta::assert_snapshot!(
            [
                message("version = 1\n[headers]\nkeep = \"accept\""),
                message("version = 1\nheader = 3"),
                message("version = 7"),
                message(&field("kind = \"nme\"")),
                message(&field("kind = \"choice\"")),
                message(&field("kind = \"name\"\nof = [\"x\"]")),
                message(
                    &(field("kind = \"name\"") + "\n[[field]]\nnames = [\"A\"]\nkind = \"id\"")
                ),
                message("version = 1\n[headers]\nkeep = [\"accept\"]\ndrop = [\"Accept\"]"),
                message("version = 1\n[paths]\ntemplates = [\"/a/{name}\"]"),
            ]
            .join("\n")
        );
    }
}
