//! What can be wrong with a policy's file. Each message says what, where and what to do.

use std::path::PathBuf;

/// Why a policy file is of no use.
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

/// Why a text is no policy, and where.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {mistake}")]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub mistake: Mistake,
}

/// What is wrong in a policy.
#[derive(Debug, thiserror::Error)]
pub enum Mistake {
    /// A header that is always taken apart has a rule that would change nothing.
    #[error(
        "`{name}` is always taken apart: a rule can only drop it, and its parts have rules as fields"
    )]
    BuiltIn {
        /// The header.
        name: String,
    },
    /// A rule of kind `choice` that has nothing to choose from, or another kind with a choice.
    #[error("`of` goes with kind \"choice\", which needs it, and with \"keep\"")]
    Choice,
    /// What is no content type.
    #[error("`{essence}` is no content type, such as \"application/json\" or \"image/*\"")]
    Content {
        /// What the rule says.
        essence: String,
    },
    /// A rule for nothing.
    #[error("this rule is for no field; give it `names` or `pointers`")]
    Idle,
    /// A kind that does not exist.
    #[error(
        "there is no kind \"{kind}\", only address, age, choice, credential, date, email, id, keep, \
         name, password, phone, refresh, secret, session, text, url and username"
    )]
    Kind {
        /// What the rule says.
        kind: String,
    },
    /// A pointer that is none.
    #[error(
        "pointer `{pointer}` must be empty or begin with `/`; `~0` stands for `~`, `~1` for `/`, \
         and a segment `*` for any"
    )]
    Pointer {
        /// The pointer.
        pointer: String,
    },
    /// Pointers that make too many combinations.
    #[error("the pointers with `*` make too many combinations; name fields instead")]
    Pointers,
    /// The text is not TOML, or has a key or value that no policy has.
    #[error("{message}")]
    Syntax {
        /// What is wrong.
        message: String,
    },
    /// A path template that is none.
    #[error(
        "path template `{template}` must begin with `/` and use only {{id}}, {{date}} and {{text}}"
    )]
    Template {
        /// The template.
        template: String,
    },
    /// Two rules for one thing.
    #[error("there are two rules for `{name}`; leave one")]
    Twice {
        /// The field, pointer, header or content type.
        name: String,
    },
    /// A version that this program does not know.
    #[error("it has version {found}, and this program knows version 1")]
    Version {
        /// Its version.
        found: u32,
    },
}
