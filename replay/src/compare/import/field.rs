//! A place in another tool's JSON, so that what is wrong there says where.
//!
//! Pure.

use serde_json::{Map, Value};

/// A value and where it is.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    place: String,
    value: &'a Value,
}

/// What is wrong in a file, and where.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} is {found}, not {wanted}")]
pub(crate) struct Wrong {
    pub(super) place: String,
    pub(super) found: String,
    pub(super) wanted: &'static str,
}

impl<'a> Field<'a> {
    /// The whole file.
    pub(super) fn root(value: &'a Value) -> Self {
        Self {
            place: String::new(),
            value,
        }
    }

    /// The field of an object, if it is there and not `null`.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(self.at(name, value))
    }

    /// The field of an object.
    pub(super) fn need(&self, name: &str) -> Result<Self, Wrong> {
        let value = self.value.get(name).unwrap_or(&Value::Null);
        match value {
            Value::Null => Err(self.at(name, value).wrong("a value")),
            _ => Ok(self.at(name, value)),
        }
    }

    /// All fields of an object.
    pub(super) fn fields(&self) -> Result<Vec<(&'a str, Self)>, Wrong> {
        let fields: &'a Map<_, _> = self
            .value
            .as_object()
            .ok_or_else(|| self.wrong("an object"))?;
        let fields = fields.iter();
        let fields = fields.map(|(name, value)| (name.as_str(), self.at(name, value)));
        Ok(fields.collect())
    }

    /// All items of a list.
    pub(super) fn items(&self) -> Result<Vec<Self>, Wrong> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("a list"))?;
        let items = items.iter().enumerate();
        Ok(items
            .map(|(at, item)| self.at(&at.to_string(), item))
            .collect())
    }

    /// A text.
    pub(super) fn text(&self) -> Result<&'a str, Wrong> {
        self.value.as_str().ok_or_else(|| self.wrong("a text"))
    }

    /// A number of nought or more.
    pub(super) fn number(&self) -> Result<f64, Wrong> {
        let number = self.value.as_f64().filter(|&number| number >= 0.0);
        number.ok_or_else(|| self.wrong("a number of 0 or more"))
    }

    /// How many: tools write it as `12` or as `12.0`.
    pub(super) fn count(&self) -> Result<u64, Wrong> {
        let whole = |number: &f64| number.fract() == 0.0;
        let number = Some(self.number()?).filter(whole);
        number
            .and_then(super::whole)
            .ok_or_else(|| self.wrong("a whole number"))
    }

    fn at(&self, name: &str, value: &'a Value) -> Self {
        Self {
            place: format!("{}/{name}", self.place),
            value,
        }
    }

    fn wrong(&self, wanted: &'static str) -> Wrong {
        let found = match self.value {
            Value::Null => "missing".to_owned(),
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
            value => format!("`{}`", super::plain(&value.to_string())),
        };
        Wrong {
            place: format!("`{}`", super::plain(&self.place)),
            found,
            wanted,
        }
    }
}
