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
        Some(Form::Mac) => made_up::mac(original, rng),
        Some(Form::Name) => made_up::name(original, rng),
        Some(Form::Postcode) if tries <= POSTCODE_TRIES => made_up::postcode(original, rng),
        Some(Form::Account | Form::Mrn | Form::Postcode | Form::Street) => {
            made_up::words(original, rng)
        }
        Some(Form::Address | Form::Age | Form::Date) | None => match kind {
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

/// How often a postal code of the original's form is tried: of those that are nowhere there are not
/// many.
const POSTCODE_TRIES: u32 = 24;

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
    match form {
        Some(Form::Account) => Label::Account,
        Some(Form::Address) => Label::Address,
        Some(Form::Age) => Label::Age,
        Some(Form::Card) => Label::Card,
        Some(Form::Date) => Label::Date,
        Some(Form::Email) => Label::Email,
        Some(Form::Jwt) => Label::Secret,
        Some(Form::Mac) => Label::Mac,
        Some(Form::Mrn) => Label::Mrn,
        Some(Form::Name) => Label::Name,
        Some(Form::Phone) => Label::Phone,
        Some(Form::Postcode) => Label::Postcode,
        Some(Form::Ssn) => Label::Ssn,
        Some(Form::Street) => Label::Street,
        Some(Form::Url) => Label::Url,
        Some(Form::Digits) if kind == Some(&Kind::Date) => Label::Date,
        Some(Form::Digits | Form::Uuid) => Label::Id,
        None => kind.map_or_else(|| label_by_look(original), label_of),
    }
}

/// What the footer calls what a rule says.
pub(super) const fn label_of(kind: &Kind) -> Label {
    match kind {
        Kind::Address => Label::Address,
        Kind::Age => Label::Age,
        Kind::Choice(_) => Label::Choice,
        Kind::Credential | Kind::Password | Kind::Refresh | Kind::Secret | Kind::Session => {
            Label::Secret
        }
        Kind::Date => Label::Date,
        Kind::Email => Label::Email,
        Kind::Id | Kind::Keep(_) => Label::Id,
        Kind::Name => Label::Name,
        Kind::Phone => Label::Phone,
        Kind::Text => Label::Text,
        Kind::Url => Label::Url,
        Kind::Username => Label::Username,
    }
}

fn label_by_look(original: &str) -> Label {
    if original.contains(' ') {
        Label::Text
    } else {
        Label::Id
    }
}
