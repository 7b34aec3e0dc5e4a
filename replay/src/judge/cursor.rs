//! Reads a rule from left to right, and says where it is wrong.
//!
//! Pure.

use std::fmt;

/// What is left of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// A text that is no rule: what was expected where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misread {
    text: String,
    at: usize,
    expected: String,
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, at, expected } = self;
        let character = text[..*at].chars().count() + 1;
        match &text[*at..] {
            "" => write!(f, "`{text}` ends too early: expected {expected}"),
            rest => write!(
                f,
                "`{text}` is wrong at character {character}, `{rest}`: expected {expected}"
            ),
        }
    }
}

impl std::error::Error for Misread {}

impl<'a> Cursor<'a> {
    /// Of a whole text.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }.spaced()
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Whether nothing is left.
    pub(super) fn is_done(&self) -> bool {
        self.rest().is_empty()
    }

    /// Goes on behind this, where it is next, and behind spaces that follow.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let is_next = self.rest().starts_with(token);
        if is_next {
            self.at += token.len();
            *self = self.spaced();
        }
        is_next
    }

    /// The longest beginning of the rest that is made of such characters.
    pub(super) fn eat_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|it: char| !fits(it)).unwrap_or(rest.len());
        self.at += end;
        *self = self.spaced();
        &rest[..end]
    }

    /// A number above or equal to 0, such as `0.5` or `1e3`.
    pub(super) fn number(&mut self) -> Result<f64, Misread> {
        let rest = self.rest();
        let is_part = |(at, it): (usize, char)| match it {
            '0'..='9' | '.' => true,
            // `1e3`, `1e-3` and `1e+3`, but not the `e` of a word that follows.
            'e' | 'E' => {
                let is_exponent = |it: char| it.is_ascii_digit() || it == '-' || it == '+';
                at > 0 && rest[at + 1..].starts_with(is_exponent)
            }
            '-' | '+' => at > 0 && rest[..at].ends_with(['e', 'E']),
            _ => false,
        };
        let end = rest.char_indices().find(|it| !is_part(*it));
        let end = end.map_or(rest.len(), |(end, _)| end);
        let number = rest[..end].parse().ok().filter(|it: &f64| it.is_finite());
        let number = number.ok_or_else(|| self.expected("a number"))?;
        self.at += end;
        *self = self.spaced();
        Ok(number)
    }

    /// Something else was expected here.
    pub(super) fn expected(&self, what: impl Into<String>) -> Misread {
        Misread {
            text: self.text.to_owned(),
            at: self.at,
            expected: what.into(),
        }
    }

    fn spaced(self) -> Self {
        let rest = self.rest();
        Self {
            at: self.at + rest.len() - rest.trim_start().len(),
            ..self
        }
    }
}
