//! Which made-up value goes with which form and kind, and what the kind is called in the footer.

use rand::rngs::StdRng;

use super::detect::Form;
use super::made_up;
use super::policy::Kind;
use super::tally::Label;

/// A made-up value of the form that the original has, or else of the kind that a rule gave it.
/// `tries` says how often that was in vain.
pub(super) fn draw(
    original: &str,
    form: Option<Form>,
    kind: Option<&Kind>,
    tries: u32,
    rng: &mut StdRng,
) -> String {
    match form {
        // A number in JSON and the same one in a path have one replacement.
        None | Some(Form::Card | Form::Digits) if is_number(original) => {
            made_up::number(original, rng)
        }
        Some(Form::Uuid) => made_up::uuid(original, rng),
        Some(Form::Email) => made_up::email(original, rng),
        Some(Form::Phone) => made_up::phone(original, tries, rng),
        Some(Form::Url) => made_up::url(original, rng),
        Some(Form::Ssn) => made_up::ssn(original, rng),
        Some(Form::Card | Form::Digits | Form::Jwt) => made_up::opaque(original, rng),
        Some(Form::Address | Form::Date) | None => match kind {
            Some(Kind::Name) => made_up::name(original, rng),
            Some(Kind::Email) => made_up::email(original, rng),
            Some(Kind::Phone) => made_up::phone(original, tries, rng),
            Some(Kind::Url) => made_up::url(original, rng),
            Some(Kind::Text | Kind::Username) => made_up::words(original, rng),
            None if original.contains(' ') => made_up::words(original, rng),
            _ => made_up::opaque(original, rng),
        },
    }
}

/// The same but longer, for when there is no replacement of the original's length left.
pub(super) fn longer(original: &str) -> String {
    if original == "0" {
        return "1".to_owned();
    }
    if !is_number(original) {
        let digits = original.bytes().all(|b| b.is_ascii_digit());
        return format!("{original}{}", if digits { '1' } else { 'a' });
    }
    match original.find(['e', 'E']) {
        Some(at) if original[..at].contains('.') => {
            format!("{}1{}", &original[..at], &original[at..])
        }
        Some(at) => format!("{}.1{}", &original[..at], &original[at..]),
        None => format!("{original}1"),
    }
}

/// Whether it is a JSON number.
pub(super) fn is_number(text: &str) -> bool {
    let may_be = text.bytes().next_back().is_some_and(|b| b.is_ascii_digit());
    may_be && text.parse::<serde_json::Number>().is_ok()
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
        (_, Some(Kind::Age)) => Label::Age,
        (Some(Form::Digits), Some(Kind::Date)) => Label::Date,
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
