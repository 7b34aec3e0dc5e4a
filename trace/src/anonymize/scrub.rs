//! One value at a named place: what the policy and the value's form make of it.

use super::detect::{self, Form};
use super::people::{Identity, People};
use super::policy::{Kind, Policy};
use super::tokens::Tokens;

/// Everything that is needed to replace the values of one exchange.
pub(super) struct Scrub<'a> {
    pub(super) policy: &'a Policy,
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
        self.value(policy.field(name), value)
    }

    /// What stands for a value of the given kind.
    pub(super) fn value(&mut self, kind: Option<&Kind>, value: &str) -> String {
        let user = self.identity.member.user;
        match kind {
            Some(Kind::Keep) if is_word(value) && keepable(value) => value.to_owned(),
            Some(Kind::Keep) => self.tokens.replace(value, None),
            Some(Kind::Credential) => self.credential(value, "auth"),
            Some(Kind::Refresh) => self.credential(value, "refresh"),
            Some(Kind::Username) if self.identity.logged_in => {
                self.slot(value, format!("{{{{username:u{user}}}}}"), "username")
            }
            Some(Kind::Password) if self.identity.logged_in => {
                self.slot(value, format!("{{{{password:u{user}}}}}"), "secret")
            }
            _ => {
                self.identifier |= is_identifier(kind, value);
                self.tokens.replace(value, kind)
            }
        }
    }

    /// What stands for a credential: a slot in place of the token, whatever is around it, as in
    /// `"Bearer <token>"`.
    pub(super) fn credential(&mut self, value: &str, slot: &str) -> String {
        let token = bare_credential(value);
        match self.people.owner(token) {
            Some(owner) if !token.is_empty() => {
                let slot = format!("{{{{{slot}:u{}}}}}", owner.user);
                self.tokens.hide(token, &slot, "token");
                value.replacen(token, &slot, 1)
            }
            _ => self.tokens.replace(value, Some(&Kind::Secret)),
        }
    }

    fn slot(&mut self, original: &str, slot: String, kind: &str) -> String {
        self.tokens.hide(original, &slot, kind);
        slot
    }
}

/// The token in `"Bearer <token>"`, with or without quotes and scheme.
pub(super) fn bare_credential(value: &str) -> &str {
    let value = value.trim().trim_matches('"');
    value.rsplit_once(' ').map_or(value, |(_, token)| token)
}

/// Whether a value is a single word, as those of an application's own vocabulary are.
pub(super) fn is_word(value: &str) -> bool {
    value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_-.:,+".contains(&b))
}

/// Whether a value that a rule keeps may stay: it is not long, and nothing personal by its form.
pub(super) fn keepable(value: &str) -> bool {
    value.len() <= MAX_KEPT
        && !value.contains(['@', '{', '}'])
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
