//! Every mistake of a configuration file, collected before any is shown.
//!
//! An operator fixes them in one go instead of one per start.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Line in the file, from 1; 0 when the mistake has no place in it.
    pub(crate) line: usize,
    /// Path of the key, such as `route[2].limit.rate`; empty for a mistake of syntax.
    pub(crate) key: String,
    /// What is wrong and what to do.
    pub(crate) text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "{}: ", self.line)?;
        } else {
            f.write_str(" ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.text)
    }
}

/// Collects mistakes while a file is read.
pub(crate) struct Report<'a> {
    text: &'a str,
    mistakes: RefCell<Vec<Mistake>>,
    warnings: RefCell<Vec<Mistake>>,
}

impl<'a> Report<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self {
            text,
            mistakes: RefCell::new(Vec::new()),
            warnings: RefCell::new(Vec::new()),
        }
    }

    pub(crate) fn add(&self, span: &Range<usize>, key: impl Into<String>, text: impl Into<String>) {
        let mistake = self.at(span, key, text);
        self.mistakes.borrow_mut().push(mistake);
    }

    /// Notes what is allowed, but hardly meant.
    pub(crate) fn warn(
        &self,
        span: &Range<usize>,
        key: impl Into<String>,
        text: impl Into<String>,
    ) {
        let warning = self.at(span, key, text);
        self.warnings.borrow_mut().push(warning);
    }

    fn at(&self, span: &Range<usize>, key: impl Into<String>, text: impl Into<String>) -> Mistake {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        Mistake {
            line: before.matches('\n').count() + 1,
            key: in_one_line(&key.into()),
            text: in_one_line(&text.into()),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.mistakes.borrow().is_empty()
    }

    /// All mistakes in the order of the file.
    pub(crate) fn into_mistakes(self) -> Vec<Mistake> {
        in_order(self.mistakes.into_inner())
    }

    /// All warnings in the order of the file.
    pub(crate) fn into_warnings(self) -> Vec<Mistake> {
        in_order(self.warnings.into_inner())
    }
}

/// What is quoted from the file may hold line ends, and what a terminal obeys.
fn in_one_line(text: &str) -> String {
    let shown = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    text.chars().map(shown).collect()
}

fn in_order(mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    mistakes.sort_by_key(|mistake| mistake.line);
    mistakes
}
