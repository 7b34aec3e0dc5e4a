//! Reads a TOML table key by key, so that every mistake in it is found in one pass.
//!
//! A key that nothing asked for is a mistake: what is not implemented is not accepted.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::report::Report;

/// A table that is being read.
pub(crate) struct Section<'a> {
    path: String,
    span: Range<usize>,
    values: Vec<(Spanned<String>, Spanned<DeValue<'a>>)>,
    known: Vec<&'static str>,
    report: &'a Report<'a>,
}

impl<'a> Section<'a> {
    /// The whole file. The first mistake of syntax goes to the report: those behind it may only be
    /// its echo. What could be read is returned.
    pub(crate) fn parse(text: &'a str, report: &'a Report<'a>) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        if let Some(error) = errors
            .into_iter()
            .min_by_key(|error| error.span().map(|s| s.start))
        {
            let span = error.span().unwrap_or(0..0);
            report.add(
                &span,
                "",
                format!("not TOML: {}", one_line(error.message())),
            );
        }
        let span = table.span();
        Self::new(String::new(), span, table.into_inner(), report)
    }

    fn new(path: String, span: Range<usize>, table: DeTable<'a>, report: &'a Report<'a>) -> Self {
        let values = table
            .into_iter()
            .map(|(key, value)| {
                let span = key.span();
                (Spanned::new(span, key.into_inner().into_owned()), value)
            })
            .collect();
        Self {
            path,
            span,
            values,
            known: Vec::new(),
            report,
        }
    }

    /// The value of a key, if it is there.
    pub(crate) fn entry(&mut self, key: &'static str) -> Option<Entry<'a>> {
        self.known.push(key);
        let index = self
            .values
            .iter()
            .position(|(name, _)| name.get_ref() == key)?;
        let (name, value) = self.values.swap_remove(index);
        Some(Entry {
            path: self.path_of(key),
            span: name.span(),
            value: value.into_inner(),
            report: self.report,
        })
    }

    /// The value of a key that has to be there.
    pub(crate) fn required(&mut self, key: &'static str) -> Option<Entry<'a>> {
        let entry = self.entry(key);
        if entry.is_none() {
            self.mistake(key, "missing");
        }
        entry
    }

    /// A text that `read` understands.
    pub(crate) fn parsed<T, E: Display>(
        &mut self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.entry(key)?.parsed(read)
    }

    /// Every key that is left, in the order of the file, for tables whose keys are names.
    pub(crate) fn named(&mut self) -> Vec<(String, Entry<'a>)> {
        let mut values: Vec<_> = self.values.drain(..).collect();
        values.sort_by_key(|(name, _)| name.span().start);
        values
            .into_iter()
            .map(|(name, value)| {
                let entry = Entry {
                    path: join(&self.path, name.get_ref()),
                    span: name.span(),
                    value: value.into_inner(),
                    report: self.report,
                };
                (name.into_inner(), entry)
            })
            .collect()
    }

    /// Notes a mistake about a key of this table.
    pub(crate) fn mistake(&self, key: &str, text: impl Into<String>) {
        self.report.add(&self.span, self.path_of(key), text);
    }

    /// Notes what is allowed, but hardly meant.
    pub(crate) fn warn(&self, key: &str, text: impl Into<String>) {
        self.report.warn(&self.span, self.path_of(key), text);
    }

    /// Ends the reading: whatever is left is unknown.
    pub(crate) fn finish(self) {
        for (name, _) in &self.values {
            let known = nearest(name.get_ref(), &self.known);
            let hint = known.map_or_else(
                || format!("keys here are {}", self.known.join(", ")),
                |known| format!("did you mean `{known}`?"),
            );
            let path = self.path_of(name.get_ref());
            self.report
                .add(&name.span(), path, format!("unknown key; {hint}"));
        }
    }

    fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }
}

/// One value of a table or list, with its place.
pub(crate) struct Entry<'a> {
    path: String,
    span: Range<usize>,
    value: DeValue<'a>,
    report: &'a Report<'a>,
}

impl<'a> Entry<'a> {
    /// Notes a mistake about this value.
    pub(crate) fn mistake(&self, text: impl Into<String>) {
        self.report.add(&self.span, self.path.as_str(), text);
    }

    pub(crate) fn text(self) -> Option<String> {
        match self.value {
            DeValue::String(text) => Some(text.into_owned()),
            _ => self.expected("a text in quotes"),
        }
    }

    /// A text that `read` understands, and may warn about.
    pub(crate) fn checked<T>(
        self,
        read: impl Fn(&str) -> Result<(T, Option<String>), String>,
    ) -> Option<T> {
        let (report, path, span) = (self.report, self.path.clone(), self.span.clone());
        let (value, warning) = self.parsed(read)?;
        if let Some(warning) = warning {
            report.warn(&span, path, warning);
        }
        Some(value)
    }

    /// A text that `read` understands.
    pub(crate) fn parsed<T, E: Display>(self, read: impl Fn(&str) -> Result<T, E>) -> Option<T> {
        let DeValue::String(text) = &self.value else {
            return self.expected("a text in quotes");
        };
        match read(text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.mistake(error.to_string());
                None
            }
        }
    }

    pub(crate) fn flag(self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(flag) => Some(flag),
            _ => self.expected("true or false"),
        }
    }

    /// A whole number in a range.
    pub(crate) fn whole(self, range: RangeInclusive<u32>) -> Option<u32> {
        let number = match &self.value {
            DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        match number {
            Some(number) if range.contains(&number) => Some(number),
            _ => {
                let (least, most) = range.into_inner();
                self.expected(&format!("a whole number of {least} to {most}"))
            }
        }
    }

    /// A part of a whole.
    pub(crate) fn share(self) -> Option<f64> {
        let share = match &self.value {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        };
        match share {
            Some(share) if share > 0.0 && share <= 1.0 => Some(share),
            _ => self.expected("a number above 0, and 1 at most"),
        }
    }

    pub(crate) fn list(self) -> Option<Vec<Self>> {
        let DeValue::Array(values) = self.value else {
            return self.expected("a list in [ ]");
        };
        let entries = values.into_iter().enumerate().map(|(index, value)| Self {
            path: format!("{}[{index}]", self.path),
            span: value.span(),
            value: value.into_inner(),
            report: self.report,
        });
        Some(entries.collect())
    }

    pub(crate) fn section(self) -> Option<Section<'a>> {
        match self.value {
            DeValue::Table(table) => Some(Section::new(self.path, self.span, table, self.report)),
            _ => self.expected("a table"),
        }
    }

    /// A table, or `true` for one with nothing in it; none for `false`.
    pub(crate) fn switched(self) -> Option<Section<'a>> {
        match self.value {
            DeValue::Boolean(false) => None,
            DeValue::Boolean(true) => {
                let nothing = DeTable::new();
                Some(Section::new(self.path, self.span, nothing, self.report))
            }
            DeValue::Table(table) => Some(Section::new(self.path, self.span, table, self.report)),
            _ => self.expected("true, false or a table"),
        }
    }

    pub(crate) fn is_empty_list(&self) -> bool {
        matches!(&self.value, DeValue::Array(values) if values.is_empty())
    }

    pub(crate) const fn is_table(&self) -> bool {
        matches!(self.value, DeValue::Table(_))
    }

    fn expected<T>(&self, what: &str) -> Option<T> {
        let found = match &self.value {
            DeValue::Integer(number) => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            other => other.type_str(),
        };
        self.mistake(format!("expected {what}, found {found}"));
        None
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The known key that a typing error most likely meant.
fn nearest<'k>(typed: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|key| (edit_distance(typed, key), *key))
        .min()
        .filter(|(distance, key)| *distance <= 1 + key.len() / 4)
        .map(|(_, key)| key)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
