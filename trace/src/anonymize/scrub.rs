//! One value at a named place: what the policy and the value's form make of it.

use super::detect::{self, Form};
use super::memo::Memo;
use super::people::{Identity, People};
use super::policy::{Kind, NOTHING, Policy};
use super::tally::Label;
use super::tokens::Tokens;

/// Everything that is needed to replace the values of one exchange.
pub(super) struct Scrub<'a> {
    pub(super) policy: &'a Policy,
    pub(super) memo: &'a mut Memo,
    pub(super) tokens: &'a mut Tokens,
    pub(super) people: &'a People,
    pub(super) identity: Identity,
    /// Whether an identifier of the application was replaced in the request.
    pub(super) identifier: bool,
}

impl Scrub<'_> {
    /// What stands for the value of a field, query key or cookie called `name`.
    pub(super) fn field(&mut self, name: &str, value: &str) -> String {
        let policy = self.policy;
        match policy.field(name) {
            None if is_plain(value) => value.to_owned(),
            kind => self.value(kind, value),
        }
    }

    /// What stands for a value of the given kind.
    pub(super) fn value(&mut self, kind: Option<&Kind>, value: &str) -> String {
        let user = self.identity.member.user;
        match kind {
            Some(Kind::Keep(words)) if stays(words, value) => value.to_owned(),
            Some(Kind::Keep(_)) => self.tokens.replace(value, None),
            Some(Kind::Credential) => self.credential(value, "auth"),
            Some(Kind::Refresh) => self.credential(value, "refresh"),
            Some(Kind::Username) if self.identity.logged_in => {
                self.slot(value, format!("{{{{username:u{user}}}}}"), Label::Username)
            }
            Some(Kind::Password) if self.identity.logged_in => {
                self.slot(value, format!("{{{{password:u{user}}}}}"), Label::Secret)
            }
            _ => {
                self.tokens.varies |= matches!(kind, Some(Kind::Username | Kind::Password));
                self.identifier |= is_identifier(kind, value);
                self.tokens.replace(value, kind)
            }
        }
    }

    /// What stands for a credential: a slot in place of the token in `Bearer <token>`. What is no
    /// single token is replaced as a whole.
    pub(super) fn credential(&mut self, value: &str, slot: &str) -> String {
        let Some(token) = bare_credential(value) else {
            return self.tokens.replace(value, Some(&Kind::Secret));
        };
        let Some(owner) = self.people.owner(token) else {
            // It may be somebody's later.
            self.tokens.varies = true;
            return self.tokens.replace(value, Some(&Kind::Secret));
        };
        self.tokens.hide(token, Label::Token);
        // It is a slice of the value.
        let start = token.as_ptr().addr() - value.as_ptr().addr();
        let (before, after) = (&value[..start], &value[start + token.len()..]);
        format!("{before}{{{{{slot}:u{}}}}}{after}", owner.user)
    }

    /// What stands for a field's name: itself where the policy knows it.
    pub(super) fn key(&mut self, name: &str) -> String {
        if self.policy.name(name).schema {
            name.to_owned()
        } else {
            self.value(None, name)
        }
    }

    fn slot(&mut self, original: &str, slot: String, label: Label) -> String {
        self.tokens.varies = true;
        self.tokens.hide(original, label);
        slot
    }
}

/// The token in `Bearer <token>`, with or without quotes and scheme; `None` for anything else.
pub(super) fn bare_credential(value: &str) -> Option<&str> {
    let value = value.trim().trim_matches('"');
    let token = match value.split_once(' ') {
        Some(("Basic" | "Bearer" | "Token" | "basic" | "bearer" | "token", token)) => token,
        Some(_) => return None,
        None => value,
    };
    let is_token = token.len() >= SHORTEST_TOKEN && token.bytes().all(is_token_byte);
    (is_token && !NOTHING.contains(&token)).then_some(token)
}

const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

/// Whether a field's value is a number or flag, or one of its words: those listed, or any single
/// one.
pub(super) fn stays(words: &[String], value: &str) -> bool {
    if is_plain(value) {
        return true;
    }
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b"_-.:,+".contains(&b);
    if words.is_empty() {
        value.bytes().all(is_word) && keepable(value)
    } else {
        words.iter().any(|word| word == value)
    }
}

/// Whether a number or flag stays in a query, as it does in JSON.
pub(super) fn is_plain(value: &str) -> bool {
    matches!(value, "true" | "false")
        || (value.len() < detect::LONG_DIGITS
            && !value.is_empty()
            && value.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a value that a rule keeps may stay: it is not long, and nothing personal by its form.
pub(super) fn keepable(value: &str) -> bool {
    value.len() <= MAX_KEPT
        && !value.bytes().any(|byte| matches!(byte, b'@' | b'{' | b'}'))
        && !detect::has_digit_run(value)
        && detect::whole(value).is_none()
        && detect::within(value).is_empty()
}

fn is_identifier(kind: Option<&Kind>, value: &str) -> bool {
    match detect::whole(value) {
        Some(form) => form == Form::Uuid,
        None => matches!(kind, Some(Kind::Id)),
    }
}

/// The longest value that a rule keeps, in bytes: long enough for an `accept` header.
const MAX_KEPT: usize = 200;

/// The shortest value that counts as a credential, in bytes.
const SHORTEST_TOKEN: usize = 6;
