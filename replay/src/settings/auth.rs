//! Who logs in, and how.

use std::path::PathBuf;

use http::{HeaderName, HeaderValue};

use crate::locator::Locator;

/// The pool of test users.
#[derive(Debug)]
pub(crate) struct Users {
    /// The CSV file.
    pub(crate) file: Option<PathBuf>,
    /// Where the capture tells a user's role.
    pub(crate) role: Option<RoleSource>,
    /// Whether several recorded users may log in as one test user.
    pub(crate) share: bool,
}

/// An answer in the capture that tells its user's role.
#[derive(Debug, Clone)]
pub(crate) struct RoleSource {
    /// Answers of this route.
    pub(crate) route: String,
    /// This place in them.
    pub(crate) at: Locator,
}

/// How test users log in, and stay so.
#[derive(Debug, Clone)]
pub(crate) struct Auth {
    /// The request for sessions that were recorded without one.
    pub(crate) login: Option<AuthRequest>,
    /// The request that gets a new token for an old one.
    pub(crate) refresh: Option<AuthRequest>,
    /// Where a log-in's answer has the access token.
    pub(crate) token: Locator,
    /// Where a log-in's answer has the refresh token, if it gives one.
    pub(crate) refresh_token: Locator,
    /// How the access token is sent, if not as it was recorded.
    pub(crate) sends: Option<Sends>,
    /// How long an access token is good for, in nanoseconds; `None` for ever.
    pub(crate) life_ns: Option<u64>,
}

/// A request of this program's own, with `{{username}}`, `{{password}}` and `{{refresh}}` in its body.
#[derive(Debug, Clone)]
pub(crate) struct AuthRequest {
    /// Its method.
    pub(crate) method: http::Method,
    /// Its path.
    pub(crate) path: String,
    /// Its body.
    pub(crate) body: String,
    /// What the body is.
    pub(crate) content_type: String,
}

/// A header that carries the access token, such as `authorization: Bearer {{token}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sends {
    /// Its name.
    pub(crate) header: HeaderName,
    /// What comes before the token and after it; of a cookie its name and `=` before that.
    pub(crate) around: [String; 2],
}

impl Sends {
    /// Reads `name: value` with a `{{token}}` in it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, value) = text.split_once(':')?;
        let (before, after) = value.trim().split_once(TOKEN)?;
        HeaderValue::from_str(value.trim()).ok()?;
        Some(Self {
            header: name.trim().parse().ok()?,
            around: [before.to_owned(), after.to_owned()],
        })
    }

    /// The header's value with that in place of the token.
    pub(crate) fn value(&self, token: &str) -> String {
        let [before, after] = &self.around;
        format!("{before}{token}{after}")
    }
}

/// What stands for the token.
const TOKEN: &str = "{{token}}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_with_its_hole() {
        let sends = Sends::parse("Authorization: Bearer {{token}}").unwrap();
        assert_eq!(sends.header, http::header::AUTHORIZATION);
        assert_eq!(sends.value("abc"), "Bearer abc");
        for wrong in [
            "authorization",
            "authorization: Bearer",
            "a b: {{token}}",
            ": {{token}}",
        ] {
            assert_eq!(Sends::parse(wrong), None, "{wrong}");
        }
    }
}
