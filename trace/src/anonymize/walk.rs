//! What the walks through the JSON of requests and of answers have in common: the rule for a place,
//! fields, numbers.

use std::borrow::Cow;

use serde_json::Number;

use super::detect;
use super::here::Mark;
use super::json::Field;
use super::pointers::Cursor;
use super::policy::{Kind, Policy};
use super::scrub::Scrub;
use crate::format::line;
use crate::links::Strength;

/// A place in a document: what a rule says of it, and where it leads.
#[derive(Clone, Copy)]
pub(super) struct At<'p> {
    pub(super) kind: Option<&'p Kind>,
    cursor: Cursor<'p>,
}

impl<'p> At<'p> {
    /// The whole document.
    pub(super) fn top(policy: &'p Policy) -> Self {
        let cursor = policy.pointers();
        Self {
            kind: cursor.kind(),
            cursor,
        }
    }

    /// An item of the array here, which is of the array's kind unless a pointer says otherwise.
    pub(super) fn item(self, place: usize) -> Self {
        if self.cursor.is_empty() {
            return self;
        }
        let cursor = self.cursor.element(place as u64);
        Self {
            kind: cursor.kind().or(self.kind),
            cursor,
        }
    }

    /// A field of the object here.
    pub(super) fn field(self, policy: &'p Policy, field: Field<'_>) -> Self {
        let kind = policy.said(field.rule).kind;
        if self.cursor.is_empty() {
            return Self { kind, ..self };
        }
        let cursor = self.cursor.child(field.name);
        Self {
            kind: cursor.kind().or(kind),
            cursor,
        }
    }
}

impl<'p> Scrub<'p> {
    /// Writes a field: its name, and what `write` makes of its value.
    pub(super) fn json_field(
        &mut self,
        at: At<'p>,
        field: Field<'_>,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Self, At<'p>, &mut Vec<u8>),
    ) {
        let (at, mark) = self.enter(at, field, Some(out));
        out.push(b':');
        write(self, at, out);
        self.here.leave(mark);
    }

    /// Goes to a field, and writes what stands for its name.
    pub(super) fn enter(
        &mut self,
        at: At<'p>,
        field: Field<'_>,
        out: Option<&mut Vec<u8>>,
    ) -> (At<'p>, Mark) {
        let safe = if self.policy.said(field.rule).schema {
            Cow::Borrowed(field.name)
        } else {
            Cow::Owned(self.key(field.name))
        };
        if let Some(out) = out {
            line::quoted(out, &safe);
        }
        (at.field(self.policy, field), self.here.enter(&safe))
    }

    /// What stands for a number where it is not itself. Numbers stay unless a rule says what they
    /// are, or they are long enough to identify.
    pub(super) fn other_number(&mut self, kind: Option<&Kind>, number: &Number) -> Option<String> {
        let stays = matches!(kind, None | Some(Kind::Keep(_)));
        if stays
            && number
                .as_u64()
                .is_some_and(|number| number < detect::LONG_NUMBER)
        {
            return None;
        }
        let text = number.to_string();
        let whole = text.split(['.', 'e', 'E']).next().unwrap_or_default();
        if stays && !detect::has_digit_run(whole) {
            return None;
        }
        if matches!(kind, Some(Kind::Id)) {
            self.note(Strength::Weak, &text);
        }
        Some(self.tokens.number(&text, kind))
    }
}
