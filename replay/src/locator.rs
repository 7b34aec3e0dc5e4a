//! A place in an answer, such as `body#/access_token`.
//!
//! Pure; knows JSON bodies only.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// A place in an answer's JSON body, written `body#` and a JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Locator {
    pointer: String,
}

impl Locator {
    /// The text at this place of a live body, when there is any.
    pub(crate) fn text_in(&self, body: &[u8]) -> Option<String> {
        let value: Value = serde_json::from_slice(body).ok()?;
        let text = value.pointer(&self.pointer)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The value that the policy kept at this place of a recorded shape (`"keep:faculty"`).
    pub(crate) fn kept_in(&self, shape: &Value) -> Option<String> {
        shape
            .pointer(&self.pointer)?
            .as_str()?
            .strip_prefix("keep:")
            .map(str::to_owned)
    }
}

impl FromStr for Locator {
    type Err = InvalidLocator;

    fn from_str(text: &str) -> Result<Self, InvalidLocator> {
        match text.strip_prefix("body#") {
            Some(pointer) if pointer.is_empty() || pointer.starts_with('/') => Ok(Self {
                pointer: pointer.to_owned(),
            }),
            _ => Err(InvalidLocator(text.to_owned())),
        }
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "body#{}", self.pointer)
    }
}

/// The text names no place in an answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no place in an answer; write `body#` and a JSON pointer, as in `body#/access_token`"
)]
pub(crate) struct InvalidLocator(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_text_in_a_live_body() {
        let locator: Locator = "body#/tokens/0/value".parse().unwrap();
        let body = br#"{"tokens":[{"value":"abc"}]}"#;
        assert_eq!(locator.text_in(body).as_deref(), Some("abc"));
        assert_eq!(locator.text_in(br#"{"tokens":[{"value":7}]}"#), None);
        assert_eq!(locator.text_in(b"<html>"), None);
    }

    #[test]
    fn finds_what_the_policy_kept() {
        let locator: Locator = "body#/role".parse().unwrap();
        let shape = serde_json::json!({"role": "keep:faculty", "name": "string(11)"});
        assert_eq!(locator.kept_in(&shape).as_deref(), Some("faculty"));
        let other: Locator = "body#/name".parse().unwrap();
        assert_eq!(other.kept_in(&shape), None);
    }

    #[test]
    fn refuses_other_places() {
        for text in ["header:x", "body", "body#role", ""] {
            assert_eq!(
                text.parse::<Locator>(),
                Err(InvalidLocator(text.to_owned()))
            );
        }
    }
}
