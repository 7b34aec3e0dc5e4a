//! Paths that are sent otherwise than they were recorded: `/api/v1/=/api/v2/`.
//!
//! Pure.

use std::borrow::Cow;
use std::str::FromStr;

/// Paths that begin with one text are sent with another one there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rewrite {
    from: String,
    to: String,
}

impl Rewrite {
    /// The path as it is sent: by the longest of these that it begins with, or as it is.
    pub(crate) fn of<'a>(rewrites: &[Self], path: &'a str) -> Cow<'a, str> {
        let fitting = rewrites
            .iter()
            .filter_map(|it| Some((it, path.strip_prefix(&it.from)?)));
        match fitting.max_by_key(|(rewrite, _)| rewrite.from.len()) {
            Some((rewrite, rest)) => Cow::Owned(rewrite.to.clone() + rest),
            None => Cow::Borrowed(path),
        }
    }
}

impl FromStr for Rewrite {
    type Err = InvalidRewrite;

    fn from_str(text: &str) -> Result<Self, InvalidRewrite> {
        let (from, to) = text.split_once('=').ok_or(InvalidRewrite)?;
        if !from.starts_with('/') || !to.starts_with('/') {
            return Err(InvalidRewrite);
        }
        let (from, to) = (from.to_owned(), to.to_owned());
        Ok(Self { from, to })
    }
}

/// The text is no rewrite.
#[derive(Debug, thiserror::Error)]
#[error("a rewrite is written as the beginnings of two paths, such as `/api/v1/=/api/v2/`")]
pub(crate) struct InvalidRewrite;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_is_replaced_and_nothing_else() {
        let rewrites = ["/api/=/v0/", "/api/v1/=/v1/a=b/"].map(|text| text.parse().unwrap());
        let sent = |path| Rewrite::of(&rewrites, path);
        assert_eq!(sent("/api/v1/people"), "/v1/a=b/people");
        assert_eq!(sent("/api/v2/people"), "/v0/v2/people");
        assert_eq!(sent("/x/api/v1/"), "/x/api/v1/");
    }

    #[test]
    fn what_is_no_rewrite_is_refused() {
        for text in ["", "/a", "a=/b", "/a=b", "=/b"] {
            assert!(text.parse::<Rewrite>().is_err(), "{text}");
        }
    }
}
