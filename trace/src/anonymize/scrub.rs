//! One value at a named place: what the policy and the value's form make of it.

use std::sync::Arc;

use super::detect::{self, Detectors, Form};
use super::here::Here;
use super::memo::Memo;
use super::packed::{self, Packed};
use super::people::{Identity, People};
use super::policy::{Kind, NOTHING, Policy};
use super::tally::Label;
use super::tokens::Tokens;
use crate::links::{Spots, Spotted, Strength};

/// Everything that is needed to replace the values of one exchange.
pub(super) struct Scrub<'a> {
    pub(super) policy: &'a Policy,
    pub(super) memo: &'a mut Memo,
    pub(super) tokens: &'a mut Tokens,
    pub(super) people: &'a People,
    pub(super) identity: Identity,
    pub(super) spots: &'a mut Spots,
    /// What was spotted in the parts so far.
    pub(super) spotted: Vec<Arc<Spotted>>,
    pub(super) here: Here,
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
            Some(Kind::Keep(words)) if stays(&self.policy.detectors, words, value) => {
                value.to_owned()
            }
            Some(Kind::Keep(_)) => self.replaced(None, value),
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
                self.identifier = self.identifier || is_identifier(kind, value);
                self.replaced(kind, value)
            }
        }
    }

    /// What stands for a value that no rule keeps, in requests and answers alike.
    pub(super) fn replaced(&mut self, kind: Option<&Kind>, value: &str) -> String {
        if let Some(strength) = strength(kind, self.here.name(), value) {
            self.note(strength, value);
        }
        self.token(kind, value)
    }

    /// The same for a value that was noted, if it may be.
    pub(super) fn token(&mut self, kind: Option<&Kind>, value: &str) -> String {
        if let Some(known) = self.tokens.again(value, kind) {
            return known;
        }
        let is_secret = matches!(kind, Some(Kind::Password | Kind::Secret | Kind::Session));
        if is_secret || detect::is_uuid(value) {
            return self.tokens.replace(value, kind);
        }
        match packed::unpack(value) {
            Some(packed) => self.repacked(value, &packed),
            None => self.tokens.replace(value, kind),
        }
    }

    /// What stands for a value that holds others. Those are at no place that a link could name.
    fn repacked(&mut self, value: &str, packed: &Packed) -> String {
        let here = std::mem::take(&mut self.here);
        let replaced = self.packed(packed, Self::json_text);
        self.here = here;
        self.tokens.settle(value, &replaced);
        replaced
    }

    /// Takes note of a value that may be part of a link.
    pub(super) fn note(&mut self, strength: Strength, value: &str) {
        if !self.here.is_nowhere() {
            let here = &self.here;
            let entity = here.entity();
            self.spots.push(value, entity, strength, here.text(), "");
        }
    }

    /// The same for one that what is written of the part does not show: `token` stands for it.
    pub(super) fn tell(&mut self, strength: Strength, value: &str, token: &str) {
        let here = &self.here;
        let entity = here.entity();
        self.spots.push(value, entity, strength, here.text(), token);
    }

    /// What stands for a credential: a slot in place of the token in `Bearer <token>`. What is no
    /// single token is replaced as a whole.
    pub(super) fn credential(&mut self, value: &str, slot: &str) -> String {
        let Some(token) = bare_credential(value) else {
            return self.tokens.replace(value, Some(&Kind::Secret));
        };
        let fingerprint = self.people.fingerprint(token);
        let Some(owner) = self.people.owner(fingerprint) else {
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
            self.identifier = self.identifier || is_identifier(None, name);
            self.tokens.replace(name, None)
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
pub(super) fn stays(detectors: &Detectors, words: &[String], value: &str) -> bool {
    if is_plain(value) {
        return true;
    }
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b"_-.:,+".contains(&b);
    if words.is_empty() {
        value.bytes().all(is_word) && keepable(detectors, value)
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
pub(super) fn keepable(detectors: &Detectors, value: &str) -> bool {
    value.len() <= MAX_KEPT
        && !value.bytes().any(|byte| matches!(byte, b'@' | b'{' | b'}'))
        && !detect::has_digit_run(value)
        && detectors.whole(value).is_none()
        && detectors.within(value).is_empty()
        && !packed::hides_personal(value)
}

/// What it would say that a value comes again; `None` for one that says nothing by that, or for
/// which a slot stands.
pub(super) fn strength(kind: Option<&Kind>, name: &str, value: &str) -> Option<Strength> {
    match kind {
        Some(
            Kind::Credential | Kind::Password | Kind::Refresh | Kind::Session | Kind::Username,
        ) => None,
        _ if detect::is_uuid(value) => Some(Strength::Strong),
        Some(Kind::Id) if value.is_empty() => None,
        Some(Kind::Id) => Some(if is_guessable(value) {
            Strength::Weak
        } else {
            Strength::Strong
        }),
        Some(Kind::Secret) => (value.len() >= SHORTEST_SECRET).then_some(Strength::Strong),
        Some(Kind::Date) | None if is_moment(value) && is_version(name) => Some(Strength::Weak),
        None if is_opaque(value) => Some(Strength::Strong),
        _ => None,
    }
}

/// Whether a moment of this name tells one version of a thing from another: others are sent by
/// nobody.
fn is_version(name: &str) -> bool {
    ["updat", "modif", "version", "chang"]
        .into_iter()
        .any(|part| name.contains(part))
}

/// Whether it may well be the identifier of something else too.
fn is_guessable(value: &str) -> bool {
    value.len() < SHORTEST_SECRET || value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether it is a date with the time of day, to the second.
pub(super) fn is_moment(value: &str) -> bool {
    value.len() >= MOMENT && detect::date_at_start(value).is_some()
}

/// Whether it looks like a token: long, and of letters and digits.
fn is_opaque(value: &str) -> bool {
    (SHORTEST_OPAQUE..=LONGEST_OPAQUE).contains(&value.len())
        && value
            .bytes()
            .all(|byte| is_token_byte(byte) || byte == b':')
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| byte.is_ascii_alphabetic())
}

fn is_identifier(kind: Option<&Kind>, value: &str) -> bool {
    match detect::whole(value) {
        Some(Form::Uuid) => true,
        Some(form) if !matches!(form, Form::Account | Form::Mrn) => false,
        _ => matches!(kind, Some(Kind::Id)),
    }
}

/// The longest value that a rule keeps, in bytes: long enough for an `accept` header.
const MAX_KEPT: usize = 200;

/// Bytes of `2026-02-28T08:30:00`.
const MOMENT: usize = 19;

/// The shortest identifier or secret that nobody guesses, in bytes.
const SHORTEST_SECRET: usize = 8;

/// How long values are, in bytes, of which only the look says that they are tokens.
const SHORTEST_OPAQUE: usize = 16;
const LONGEST_OPAQUE: usize = 512;

/// The shortest value that counts as a credential, in bytes.
const SHORTEST_TOKEN: usize = 6;
