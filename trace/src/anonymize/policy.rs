//! The policy: which values stay, and what kind the others are. Pure.
//!
//! What no rule keeps is replaced.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::detect::Detectors;
use super::pointers::{Cursor, Pointers};
use super::template::Templates;

/// What anonymization does with each value.
#[derive(Debug, Clone)]
pub struct Policy {
    /// `sha256:` and the hash of the file's text.
    pub(crate) hash: String,
    pub(super) templates: Templates,
    pub(super) headers: HashMap<String, HeaderRule, Quick>,
    pub(super) names: Names,
    pub(super) pointers: Pointers,
    /// How bodies of some content types are read, by their lower-case names; of a whole sort, such
    /// as `image/`.
    pub(super) contents: HashMap<String, Content, Quick>,
    pub(super) vocabulary: HashSet<String>,
    pub(super) detectors: Detectors,
}

/// Quick, for maps whose keys are the policy's own: nobody else can fill them.
pub(super) type Quick = foldhash::fast::RandomState;

/// Names that the policy knows, each with the kind that a rule gives it.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// By their folded forms, the places of their kinds.
    places: HashMap<Vec<u8>, u32, Quick>,
    kinds: Vec<Option<Kind>>,
}

/// Where the policy has a name, if it has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule(u32);

impl Rule {
    /// Of names that the policy does not have.
    pub(super) const NONE: Self = Self(u32::MAX);
}

impl FromIterator<(Vec<u8>, Option<Kind>)> for Names {
    fn from_iter<I: IntoIterator<Item = (Vec<u8>, Option<Kind>)>>(names: I) -> Self {
        let mut all = Self::default();
        for ((name, kind), place) in names.into_iter().zip(0..) {
            all.places.insert(name, place);
            all.kinds.push(kind);
        }
        all
    }
}

/// What the policy says of a name.
#[derive(Clone, Copy)]
pub(super) struct Name<'a> {
    /// Whether it is part of the application's schema rather than data.
    pub(super) schema: bool,
    /// What its value is, if a rule says so.
    pub(super) kind: Option<&'a Kind>,
}

/// What the value of a field is, and so what replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A network address.
    Address,
    /// Somebody's age in years: nobody stays older than 89.
    Age,
    /// One of a few words that the application defines; replaced by another of them.
    Choice(Vec<String>),
    /// A token that proves who the client is.
    Credential,
    /// A calendar date, with or without a time.
    Date,
    /// An e-mail address.
    Email,
    /// An identifier that the application made.
    Id,
    /// A word of the application's own vocabulary stays, unless a detector objects: one of these,
    /// or any single word where there are none.
    Keep(Vec<String>),
    /// A person's name.
    Name,
    /// A log-in's password.
    Password,
    /// A telephone number.
    Phone,
    /// A token that buys a new credential.
    Refresh,
    /// Anything else that must stay secret.
    Secret,
    /// What names a client's session, as a cookie does; replaced as a secret.
    Session,
    /// Free text.
    Text,
    /// A link.
    Url,
    /// A log-in's user name.
    Username,
}

impl Kind {
    /// Whether who has the value is taken for its owner.
    pub(super) const fn is_bearer(&self) -> bool {
        matches!(self, Self::Credential | Self::Refresh)
    }
}

/// What happens to a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HeaderRule {
    /// It is not in the capture.
    Drop,
    /// Its value becomes a name for which replay makes a fresh value in each run.
    Fresh,
    /// It stays, unless a detector objects.
    Keep,
    /// Its value is replaced as that of a field would be.
    Kind(Kind),
}

/// How a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Form,
    Graphql,
    Json,
    /// It is not: only its length is in the capture.
    Shape,
    Text,
    Xml,
}

impl Policy {
    /// What is said of a JSON field, form field, query key or cookie of this name. Letter case and
    /// the difference between `camelCase` and `snake_case` do not matter.
    pub(super) fn name(&self, name: &str) -> Name<'_> {
        self.said(self.rule(name))
    }

    /// Where the policy has the name.
    pub(super) fn rule(&self, name: &str) -> Rule {
        let place = with_folded(name, |name| self.names.places.get(name).copied());
        place.map_or(Rule::NONE, Rule)
    }

    /// What the rule says.
    pub(super) fn said(&self, Rule(place): Rule) -> Name<'_> {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        let known = self.names.kinds.get(place);
        Name {
            schema: known.is_some(),
            kind: known.and_then(Option::as_ref),
        }
    }

    /// The rule for a field of this name.
    pub(super) fn field(&self, name: &str) -> Option<&Kind> {
        self.name(name).kind
    }

    /// Where a walk through a JSON body begins. What it says of a place wins over what is said of
    /// the name.
    pub(super) fn pointers(&self) -> Cursor<'_> {
        self.pointers.root()
    }

    /// The rule for a header of this lower-case name.
    pub(super) fn header(&self, name: &str) -> Option<&HeaderRule> {
        self.headers.get(name)
    }

    /// The rule for bodies of this content type, which is without parameters. One for it alone wins
    /// over one for all of its sort.
    pub(super) fn content(&self, essence: &str) -> Option<Content> {
        if self.contents.is_empty() {
            return None;
        }
        let mut essence = Cow::Borrowed(essence);
        if essence.bytes().any(|byte| byte.is_ascii_uppercase()) {
            essence.to_mut().make_ascii_lowercase();
        }
        let own = self.contents.get(&*essence);
        let of_sort = || {
            let slash = essence.find('/')?;
            self.contents.get(&essence[..=slash])
        };
        own.or_else(of_sort).copied()
    }

    /// Whether the policy itself has this word.
    pub(super) fn is_public(&self, word: &str) -> bool {
        self.vocabulary.contains(word)
    }

    /// Every word that the policy itself contains, so that it says nothing about a person.
    pub(super) fn vocabulary(&self) -> impl Iterator<Item = &str> {
        self.vocabulary.iter().map(String::as_str)
    }
}

/// What programs write for no value.
pub(super) const NOTHING: [&str; 6] = ["false", "none", "None", "null", "true", "undefined"];

/// `personName`, `person_name` and `Person-Name` are one name.
pub(super) fn folded(name: &str) -> Vec<u8> {
    fold(name).collect()
}

/// Looks up a name as [`folded`] makes it; mostly without memory being taken for it.
pub(super) fn with_folded<R>(name: &str, look: impl FnOnce(&[u8]) -> R) -> R {
    let mut usual = [0; USUAL_NAME];
    if name.len() > usual.len() {
        return look(&folded(name));
    }
    let mut length = 0;
    for byte in fold(name) {
        usual[length] = byte;
        length += 1;
    }
    look(&usual[..length])
}

fn fold(name: &str) -> impl Iterator<Item = u8> {
    let bytes = name.bytes().filter(|byte| !matches!(byte, b'_' | b'-'));
    bytes.map(|byte| byte.to_ascii_lowercase())
}

/// The longest name that is looked up without memory being taken for it, in bytes.
const USUAL_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        let policy = "version = 1\n[[field]]\nnames = [\"person_name\"]\nkind = \"name\"";
        let policy = Policy::parse(policy).unwrap();
        for name in ["person_name", "personName", "PersonName", "PERSON-NAME"] {
            assert_eq!(policy.field(name), Some(&Kind::Name), "{name}");
        }
        assert_eq!(policy.field("name"), None);
    }
}
