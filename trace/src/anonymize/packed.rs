//! Values that hold other values: JSON in a string, and base64 of JSON, of XML or of text in which
//! a detector finds something, as cursors, SAML messages and opaque state are.
//!
//! Bounded: [`LAYERS`] within each other. What is packed deeper is not unpacked, and so replaced as
//! the one value that it is. Almost every value is told to be none by its first bytes.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::detect;
use super::markup::Markup;
use super::policy::Kind;
use super::scrub::Scrub;
use crate::coding::{self, Undecoded};

/// A value that holds others.
pub(super) struct Packed {
    /// The outermost first.
    wraps: Vec<Base64>,
    inner: Inner,
}

enum Inner {
    Json(String),
    Markup(Markup),
    Text(String),
}

/// How something was encoded.
#[derive(Clone, Copy)]
struct Base64 {
    url_safe: bool,
    padded: bool,
}

/// It holds more than is looked into.
struct TooDeep;

/// What `value` holds, if it holds anything.
pub(super) fn unpack(value: &str) -> Option<Packed> {
    unpack_up_to(LAYERS, value).ok()?
}

fn unpack_up_to(most: usize, value: &str) -> Result<Option<Packed>, TooDeep> {
    let mut wraps = Vec::new();
    let mut unwrapped: Option<String> = None;
    loop {
        let text = unwrapped.as_deref().unwrap_or(value);
        let layers = wraps.len().max(1);
        let inner = if let Some(json) = json(text) {
            if layers > most {
                return Err(TooDeep);
            }
            each_string(&json, &mut |text| {
                unpack_up_to(most - layers, text).map(|_| ())
            })?;
            Some(Inner::Json(text.to_owned()))
        } else if let Some((wrap, text)) = Base64::unwrap(text) {
            wraps.push(wrap);
            unwrapped = Some(text);
            if wraps.len() > LAYERS {
                return Err(TooDeep);
            }
            continue;
        } else if wraps.is_empty() {
            None
        } else if let Some(document) = Markup::read(text) {
            Some(Inner::Markup(document))
        } else {
            is_personal(text).then(|| Inner::Text(text.to_owned()))
        };
        if inner.is_some() && layers > most {
            return Err(TooDeep);
        }
        return Ok(inner.map(|inner| Packed { wraps, inner }));
    }
}

/// A JSON object or array. Any other value says no more than the text does.
fn json(text: &str) -> Option<Value> {
    let text = text.trim();
    let ends = [("{", "}"), ("[", "]")];
    let looks = |(start, end)| text.starts_with(start) && text.ends_with(end);
    ends.into_iter()
        .any(looks)
        .then(|| serde_json::from_str(text).ok())?
}

/// Calls `found` with every string in `value`. Names are not unpacked.
fn each_string(
    value: &Value,
    found: &mut dyn FnMut(&str) -> Result<(), TooDeep>,
) -> Result<(), TooDeep> {
    match value {
        Value::String(text) => found(text),
        Value::Array(items) => items.iter().try_for_each(|item| each_string(item, found)),
        Value::Object(fields) => fields
            .values()
            .try_for_each(|value| each_string(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

impl Base64 {
    /// How `text` is encoded, and the text that it encodes.
    fn unwrap(text: &str) -> Option<(Self, String)> {
        if text.len() < SHORTEST || !begins_as_text(text) {
            return None;
        }
        let (wrap, bytes) = Self::decode(text)?;
        let text = String::from_utf8(bytes).ok()?;
        is_clear(&text).then_some((wrap, text))
    }

    /// How `text` is encoded, and the bytes. In MIME it has lines (RFC 2045, §6.8).
    fn decode(text: &str) -> Option<(Self, Vec<u8>)> {
        let lines = text.replace(['\r', '\n'], "");
        let url_safe = lines.contains(['-', '_']);
        let engine = if url_safe { &URL_SAFE } else { &STANDARD };
        let bytes = engine.decode(&lines).ok()?;
        let padded = lines.ends_with('=') || (lines.len().is_multiple_of(4) && !url_safe);
        // Without any of the letters in which they differ, the one without padding is for URLs.
        let has_own = lines.contains(['+', '/']);
        let wrap = Self {
            url_safe: url_safe || (!padded && !has_own),
            padded,
        };
        Some((wrap, bytes))
    }

    fn encode(self, text: &str) -> String {
        let engine = match (self.url_safe, self.padded) {
            (false, false) => base64::prelude::BASE64_STANDARD_NO_PAD,
            (false, true) => base64::prelude::BASE64_STANDARD,
            (true, false) => base64::prelude::BASE64_URL_SAFE_NO_PAD,
            (true, true) => base64::prelude::BASE64_URL_SAFE,
        };
        engine.encode(text)
    }
}

/// Whether the first letters encode text. Soon said of most values, without memory being taken.
fn begins_as_text(text: &str) -> bool {
    let mut letters = [0; START];
    let length = text.len().min(START);
    letters[..length].copy_from_slice(&text.as_bytes()[..length]);
    for letter in &mut letters {
        match letter {
            b'-' => *letter = b'+',
            b'_' => *letter = b'/',
            _ => {}
        }
    }
    let mut bytes = [0; START / 4 * 3];
    let Ok(decoded) = STANDARD.decode_slice(&letters[..length], &mut bytes) else {
        return false;
    };
    let valid = match std::str::from_utf8(&bytes[..decoded]) {
        Ok(text) => text,
        Err(error) if error.error_len().is_some() => return false,
        // A character that goes on beyond.
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    is_clear(valid)
}

fn is_clear(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

fn is_personal(text: &str) -> bool {
    detect::has_digit_run(text) || detect::whole(text).is_some() || !detect::within(text).is_empty()
}

/// Whether a value that a rule keeps has something personal in it that its encoding hides:
/// percent-encoded or base64, plain or compressed. Of base64 any clear text will do, because a word
/// of an application is none by chance.
pub(super) fn hides_personal(value: &str) -> bool {
    hides(value, LAYERS)
}

fn hides(value: &str, layers: usize) -> bool {
    // What is hidden deeper is hidden on purpose.
    let Some(layers) = layers.checked_sub(1) else {
        return true;
    };
    if value.contains('%') {
        let decoded = percent_decode_str(value).decode_utf8_lossy();
        if decoded != value && (is_personal(&decoded) || hides(&decoded, layers)) {
            return true;
        }
    }
    if value.len() < SHORTEST {
        return false;
    }
    let Some((_, bytes)) = Base64::decode(value) else {
        return false;
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) if is_clear(text) => {
            bytes.len() >= LONG_TEXT || is_personal(text) || hides(text, layers)
        }
        _ => is_compressed(&bytes),
    }
}

fn is_compressed(bytes: &[u8]) -> bool {
    let decoded = coding::decode("gzip", bytes, MOST_INFLATED).map(|bytes| bytes.into_owned());
    match decoded.or_else(|_| coding::deflate(bytes, MOST_INFLATED)) {
        Ok(bytes) => std::str::from_utf8(&bytes).is_ok_and(is_clear),
        Err(refused) => refused == Undecoded::TooLarge,
    }
}

impl Scrub<'_> {
    /// What stands for a value that holds others: the same with those replaced, encoded as it was.
    /// `json` does so for JSON; if it cannot, JSON is text.
    ///
    /// The same original becomes the same, as long as what it holds does.
    pub(super) fn packed(
        &mut self,
        packed: &Packed,
        json: fn(&mut Self, &str) -> Option<String>,
    ) -> String {
        let inner = match &packed.inner {
            Inner::Json(text) => match json(self, text) {
                Some(json) => json,
                None => self.value(Some(&Kind::Text), text),
            },
            Inner::Markup(document) => self.markup(document),
            Inner::Text(text) => self.value(Some(&Kind::Text), text),
        };
        let wraps = packed.wraps.iter().rev();
        wraps.fold(inner, |text, wrap| wrap.encode(&text))
    }
}

/// How often values are unpacked from each other.
const LAYERS: usize = 3;

/// The shortest base64 that is looked into, in letters: that of `{"a":1}` or of an e-mail address.
const SHORTEST: usize = 8;

/// How many letters are looked at first.
const START: usize = 16;

/// From how many bytes on no word encodes clear text by chance.
const LONG_TEXT: usize = 12;

/// How much is inflated to see whether it is text, in bytes.
const MOST_INFLATED: usize = 4096;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

#[cfg(test)]
mod tests;
