//! Which made-up value goes with which form and kind, and what the kind is called in the footer.

use rand::rngs::StdRng;

use super::detect::Form;
use super::made_up;
use super::policy::Kind;
use super::tally::Label;

/// A made-up value of the form that the original has, or else of the kind that a rule gave it.
pub(super) fn draw(
    original: &str,
    form: Option<Form>,
    kind: Option<&Kind>,
    rng: &mut StdRng,
) -> String {
    match form {
        Some(Form::Uuid) => made_up::uuid(original, rng),
        Some(Form::Email) => made_up::email(original, rng),
        Some(Form::Phone) => made_up::phone(original, rng),
        Some(Form::Url) => url(original, rng),
        Some(Form::Ssn) => made_up::ssn(rng),
        Some(Form::Card | Form::Digits | Form::Jwt) => made_up::opaque(original, rng),
        Some(Form::Address | Form::Date) | None => match kind {
            Some(Kind::Name) => made_up::name(original, rng),
            Some(Kind::Email) => made_up::email(original, rng),
            Some(Kind::Phone) => made_up::phone(original, rng),
            Some(Kind::Url) => url(original, rng),
            Some(Kind::Text | Kind::Username) => made_up::words(original, rng),
            None if original.contains(' ') => made_up::words(original, rng),
            _ => made_up::opaque(original, rng),
        },
    }
}

/// A link to example.com with a path as long as what followed the scheme.
fn url(original: &str, rng: &mut StdRng) -> String {
    let rest = original
        .split_once("://")
        .map_or(original, |(_, rest)| rest);
    let letters: String = rest
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { 'x' })
        .collect();
    format!("https://example.com/{}", made_up::opaque(&letters, rng))
}

/// What the footer calls the value.
pub(super) fn label(form: Option<Form>, kind: Option<&Kind>, original: &str) -> Label {
    match (form, kind) {
        (Some(Form::Address), _) | (None, Some(Kind::Address)) => Label::Address,
        (Some(Form::Card), _) => Label::Card,
        (Some(Form::Date), _) | (None, Some(Kind::Date)) => Label::Date,
        (Some(Form::Email), _) | (None, Some(Kind::Email)) => Label::Email,
        (Some(Form::Phone), _) | (None, Some(Kind::Phone)) => Label::Phone,
        (Some(Form::Ssn), _) => Label::Ssn,
        (Some(Form::Url), _) | (None, Some(Kind::Url)) => Label::Url,
        (Some(Form::Jwt), _)
        | (
            None,
            Some(Kind::Credential | Kind::Password | Kind::Refresh | Kind::Secret | Kind::Session),
        ) => Label::Secret,
        (None, Some(Kind::Choice(_))) => Label::Choice,
        (None, Some(Kind::Name)) => Label::Name,
        (None, Some(Kind::Username)) => Label::Username,
        (None, Some(Kind::Text)) => Label::Text,
        (None, None) if original.contains(' ') => Label::Text,
        _ => Label::Id,
    }
}
