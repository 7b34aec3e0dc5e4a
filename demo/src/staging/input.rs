//! Reads bodies and queries field by field, and collects what is wrong as the real application reports it.
//!
//! A field that is missing or wrong yields a default, which [`Fields::done`] keeps from being used.

use std::ops::RangeInclusive;

use jiff::civil::{Date, DateTime};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::data::calendar::TODAY;
use super::error::ApiError;

/// The fields of one request, and the faults found so far.
pub(crate) struct Fields {
    place: &'static str,
    values: Map<String, Value>,
    faults: Vec<Value>,
}

/// Which page of a list is wanted; both numbers are at least 1.
#[derive(Clone, Copy)]
pub(crate) struct Paging {
    pub(crate) page: usize,
    pub(crate) size: usize,
}

/// What is wrong with a value: error type and message.
pub(crate) type Flaw = (&'static str, String);

impl Fields {
    /// The fields of a JSON object.
    pub(crate) fn json(body: &[u8]) -> Result<Self, ApiError> {
        if body.is_empty() {
            return Err(whole_body("missing", "Field required", Value::Null));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(values)) => Ok(Self::new("body", values)),
            Ok(other) => Err(whole_body(
                "model_attributes_type",
                "Input should be a valid dictionary or object to extract fields from",
                other,
            )),
            Err(error) => Err(ApiError::Invalid(vec![json!({
                "type": "json_invalid",
                "loc": ["body", error.column()],
                "msg": "JSON decode error",
                "input": {},
            })])),
        }
    }

    /// The fields of a form-urlencoded body.
    pub(crate) fn form(body: &[u8]) -> Self {
        Self::pairs("body", body)
    }

    /// The fields of a query string.
    pub(crate) fn query(query: Option<&str>) -> Self {
        Self::pairs("query", query.unwrap_or_default().as_bytes())
    }

    /// A field that must be there.
    pub(crate) fn need<T: Default>(
        &mut self,
        name: &str,
        parse: impl Fn(&Value) -> Result<T, Flaw>,
    ) -> T {
        match self.values.get(name) {
            Some(value) => match parse(value) {
                Ok(parsed) => return parsed,
                Err((kind, message)) => self.fault(name, kind, &message, value.clone()),
            },
            None => {
                let given = Value::Object(self.values.clone());
                self.fault(name, "missing", "Field required", given);
            }
        }
        T::default()
    }

    /// A field that may be missing or null.
    pub(crate) fn may<T: Default>(
        &mut self,
        name: &str,
        parse: impl Fn(&Value) -> Result<T, Flaw>,
    ) -> Option<T> {
        match self.values.get(name) {
            None | Some(Value::Null) => None,
            Some(_) => Some(self.need(name, parse)),
        }
    }

    /// Takes a field over into `kept`, if it was sent.
    pub(crate) fn overwrite<T: Default, K: From<T>>(
        &mut self,
        name: &str,
        parse: impl Fn(&Value) -> Result<T, Flaw>,
        kept: &mut K,
    ) {
        if let Some(given) = self.may(name, parse) {
            *kept = K::from(given);
        }
    }

    /// `page` and `page_size`, from 1 up to `most`.
    pub(crate) fn paging(&mut self, usual: usize, most: i64) -> Paging {
        let page = self.may("page", integer(1..=1_000_000)).unwrap_or(1);
        let size = self.may("page_size", integer(1..=most));
        Paging {
            page: usize::try_from(page).unwrap_or(1).max(1),
            size: size
                .and_then(|size| usize::try_from(size).ok())
                .unwrap_or(usual)
                .max(1),
        }
    }

    /// Notes a fault that concerns more than one field.
    pub(crate) fn complain(&mut self, name: &str, message: &str) {
        self.fault(name, "value_error", message, Value::Null);
    }

    /// Refuses the request if any field was wrong.
    pub(crate) fn done(&mut self) -> Result<(), ApiError> {
        if self.faults.is_empty() {
            return Ok(());
        }
        Err(ApiError::Invalid(std::mem::take(&mut self.faults)))
    }

    /// All values, as given.
    pub(crate) fn into_values(self) -> Value {
        Value::Object(self.values)
    }

    fn new(place: &'static str, values: Map<String, Value>) -> Self {
        Self {
            place,
            values,
            faults: Vec::new(),
        }
    }

    fn pairs(place: &'static str, text: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(text);
        let values =
            pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
        Self::new(place, values.collect())
    }

    fn fault(&mut self, name: &str, kind: &str, message: &str, input: Value) {
        self.faults
            .push(fault(&[self.place, name], kind, message, input));
    }
}

/// A UUID out of a path, or the 422 for it.
pub(crate) fn path_id(name: &str, text: &str) -> Result<Uuid, ApiError> {
    let value = Value::String(text.to_owned());
    uuid(&value).map_err(|(kind, message)| {
        ApiError::Invalid(vec![fault(&["path", name], kind, &message, value)])
    })
}

/// Text with a length in `range`, in characters.
pub(crate) fn text(range: RangeInclusive<usize>) -> impl Fn(&Value) -> Result<String, Flaw> {
    move |value| {
        let text = value
            .as_str()
            .ok_or_else(|| ("string_type", "Input should be a valid string".to_owned()))?;
        let length = text.chars().count();
        if length < *range.start() {
            let message = format!("String should have at least {} characters", range.start());
            return Err(("string_too_short", message));
        }
        if length > *range.end() {
            let message = format!("String should have at most {} characters", range.end());
            return Err(("string_too_long", message));
        }
        Ok(text.to_owned())
    }
}

/// A whole number in `range`; numbers in text count, as in a query.
pub(crate) fn integer(range: RangeInclusive<i64>) -> impl Fn(&Value) -> Result<i64, Flaw> {
    move |value| {
        let parsed = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        let number =
            parsed.ok_or_else(|| ("int_parsing", "Input should be a valid integer".to_owned()))?;
        if number < *range.start() {
            let message = format!("Input should be greater than or equal to {}", range.start());
            return Err(("greater_than_equal", message));
        }
        if number > *range.end() {
            let message = format!("Input should be less than or equal to {}", range.end());
            return Err(("less_than_equal", message));
        }
        Ok(number)
    }
}

/// One of a few words.
pub(crate) fn one_of(
    words: &'static [&'static str],
) -> impl Fn(&Value) -> Result<&'static str, Flaw> {
    move |value| {
        let found = words.iter().find(|word| value.as_str() == Some(**word));
        found.copied().ok_or_else(|| {
            let known: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
            ("enum", format!("Input should be {}", known.join(" or ")))
        })
    }
}

/// True or false; the words count, as in a query.
pub(crate) fn flag(value: &Value) -> Result<bool, Flaw> {
    let parsed = value.as_bool().or_else(|| value.as_str()?.parse().ok());
    parsed.ok_or_else(|| ("bool_parsing", "Input should be a valid boolean".to_owned()))
}

/// A UUID.
pub(crate) fn uuid(value: &Value) -> Result<Uuid, Flaw> {
    let text = value.as_str().ok_or_else(|| {
        (
            "uuid_type",
            "UUID input should be a string, bytes or UUID object".to_owned(),
        )
    })?;
    text.parse().map_err(|error| {
        (
            "uuid_parsing",
            format!("Input should be a valid UUID, {error}"),
        )
    })
}

/// A date.
pub(crate) fn date(value: &Value) -> Result<Date, Flaw> {
    let parsed = value.as_str().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| {
        (
            "date_from_datetime_parsing",
            "Input should be a valid date or datetime".to_owned(),
        )
    })
}

/// A date for which something can be planned: at most five years from today.
pub(crate) fn plannable(value: &Value) -> Result<Date, Flaw> {
    let parsed = date(value)?;
    if (parsed.year() - TODAY.year()).abs() > 5 {
        return Err((
            "value_error",
            "Value error, date must be within 5 years of today".to_owned(),
        ));
    }
    Ok(parsed)
}

/// A point in time without a zone.
pub(crate) fn moment(value: &Value) -> Result<DateTime, Flaw> {
    let parsed = value.as_str().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| {
        (
            "datetime_parsing",
            "Input should be a valid datetime".to_owned(),
        )
    })
}

/// A list of texts, at most `most` of them.
pub(crate) fn texts(most: usize) -> impl Fn(&Value) -> Result<Vec<String>, Flaw> {
    move |value| {
        let items = value
            .as_array()
            .ok_or_else(|| ("list_type", "Input should be a valid list".to_owned()))?;
        if items.len() > most {
            let message = format!("List should have at most {most} items after validation");
            return Err(("too_long", message));
        }
        items.iter().map(text(1..=200)).collect()
    }
}

fn whole_body(kind: &str, message: &str, input: Value) -> ApiError {
    ApiError::Invalid(vec![fault(&["body"], kind, message, input)])
}

fn fault(place: &[&str], kind: &str, message: &str, input: Value) -> Value {
    json!({ "type": kind, "loc": place, "msg": message, "input": input })
}
