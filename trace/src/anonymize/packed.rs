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

use super::decode;
use super::detect;
use super::markup::Markup;
use super::policy::Kind;
use super::scrub::Scrub;

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
    let decoded = decode::decode("gzip", bytes, MOST_INFLATED).map(|bytes| bytes.into_owned());
    match decoded.or_else(|_| decode::deflate(bytes, MOST_INFLATED)) {
        Ok(bytes) => std::str::from_utf8(&bytes).is_ok_and(is_clear),
        Err(refused) => refused == decode::Undecoded::TooLarge,
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
mod tests {
    use base64::prelude::{
        BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD,
    };
    use proptest::collection;
    use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
    use serde_json::json;

    use super::super::scratch::Scratch;
    use super::*;

    /// As bodies are scrubbed, in brief.
    fn scrub_json(scrub: &mut Scrub<'_>, text: &str) -> Option<String> {
        let value = serde_json::from_str(text).ok()?;
        Some(scrub_value(scrub, "", value).to_string())
    }

    fn scrub_value(scrub: &mut Scrub<'_>, name: &str, value: Value) -> Value {
        match value {
            Value::String(text) => match unpack(&text) {
                Some(packed) => scrub.packed(&packed, scrub_json),
                None => scrub.field(name, &text),
            }
            .into(),
            Value::Array(items) => {
                let items = items.into_iter();
                items.map(|item| scrub_value(scrub, name, item)).collect()
            }
            Value::Object(fields) => {
                let fields = fields.into_iter();
                let fields = fields.map(|(name, value)| {
                    let value = scrub_value(scrub, &name, value);
                    (scrub.key(&name), value)
                });
                Value::Object(fields.collect())
            }
            plain => plain,
        }
    }

    fn scrubbed(value: &str) -> Option<String> {
        let packed = unpack(value)?;
        Some(Scratch::shipped().scrub().packed(&packed, scrub_json))
    }

    const CURSOR: &str = r#"{"id":"ward-7","name":"Ana Miller","page":2}"#;

    #[test]
    fn what_comes_out_is_encoded_as_it_was() {
        for (encoding, value) in [
            (BASE64_STANDARD, CURSOR),
            (BASE64_STANDARD, r#"{"q":"??>>~~","x":"???"}"#),
            (BASE64_URL_SAFE_NO_PAD, CURSOR),
            (BASE64_URL_SAFE, r#"{"q":"??>>~~~","x":"???"}"#),
            (BASE64_STANDARD_NO_PAD, r#"{"q":"??>>~~~","x":"?"}"#),
        ] {
            let encoded = encoding.encode(value);
            let safe = scrubbed(&encoded).unwrap_or_else(|| panic!("{encoded} is none"));
            let decoded = encoding.decode(&safe).unwrap_or_else(|_| panic!("{safe}"));
            let decoded: Value = serde_json::from_slice(&decoded).unwrap();
            let value: Value = serde_json::from_str(value).unwrap();
            assert_eq!(decoded["page"], value["page"]);
            assert_ne!(decoded["name"], json!("Ana Miller"));
            assert_ne!(safe, encoded);
        }
    }

    #[test]
    fn json_in_a_string_stays_json() {
        let safe: Value = serde_json::from_str(&scrubbed(CURSOR).unwrap()).unwrap();
        assert_eq!(safe["page"], 2);
        let name = safe["name"].as_str().unwrap();
        assert!(name.len() == 10 && name != "Ana Miller", "{name}");
        assert_eq!(
            scrubbed(" [ {\"status\": \"pending\"} ] ").unwrap(),
            r#"[{"status":"pending"}]"#
        );
    }

    #[test]
    fn xml_and_text_are_unpacked_too() {
        let lines = BASE64_STANDARD
            .encode("<samlp:Response><saml:NameID>ana</saml:NameID></samlp:Response>");
        let lines = format!("{}\r\n{}", &lines[..40], &lines[40..]);
        let safe = BASE64_STANDARD.decode(scrubbed(&lines).unwrap()).unwrap();
        let safe = String::from_utf8(safe).unwrap();
        assert!(
            safe.starts_with("<samlp:Response><saml:NameID>") && !safe.contains("ana"),
            "{safe}"
        );

        let text = BASE64_STANDARD.encode("call Ana at 808-201-3388");
        let safe = BASE64_STANDARD.decode(scrubbed(&text).unwrap()).unwrap();
        assert!(!String::from_utf8(safe).unwrap().contains("808"));
        assert!(scrubbed(&BASE64_STANDARD.encode("no more than text")).is_none());
    }

    #[test]
    fn the_same_original_becomes_the_same() {
        let mut scratch = Scratch::shipped();
        let mut again = |text: &str| {
            let packed = unpack(text).unwrap();
            scratch.scrub().packed(&packed, scrub_json)
        };
        let encoded = BASE64_URL_SAFE_NO_PAD.encode(CURSOR);
        let first = again(&encoded);
        assert_eq!(again(&encoded), first);
        assert_eq!(
            again(CURSOR).into_bytes(),
            BASE64_URL_SAFE_NO_PAD.decode(first).unwrap()
        );
    }

    #[test]
    fn ordinary_values_hold_nothing() {
        for value in [
            "",
            "{",
            "{}}",
            "{not json}",
            "[x]",
            "7",
            "resident",
            "residentschedule",
            "application/json",
            "123456789012",
            "6f1f4c9e-98f5-4c58-8a3c-3a1c4f0d1a11",
            "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl",
            "Back pain since 2024",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "AAAAAAAAAAAAAAAAAAAAAAAA",
            "eyJhIjoxfQ=+",
            "e30",
            &BASE64_STANDARD.encode([0xff; 40]),
        ] {
            assert!(unpack(value).is_none(), "{value}");
        }
    }

    #[test]
    fn what_is_packed_too_deep_is_not_unpacked() {
        let once = |text: &str| BASE64_STANDARD.encode(text);
        let json = |text: &str| json!({"state": text}).to_string();
        let three = once(&once(&once(CURSOR)));
        assert!(unpack(&three).is_some());
        assert!(unpack(&once(&three)).is_none());
        let three = json(&json(&json("x")));
        assert!(unpack(&three).is_some());
        assert!(unpack(&json(&three)).is_none());
        let mixed = once(&json(&once(&json(&once("ana@clinic.org")))));
        assert!(unpack(&mixed).is_some());
        assert!(unpack(&once(&json(&once(&json(&once(CURSOR)))))).is_some());
        assert!(unpack(&json(&mixed)).is_none());
        let bomb = (0..12).fold("ana@clinic.org".to_owned(), |text, _| once(&json(&text)));
        assert!(unpack(&bomb).is_none());
        assert!(unpack(&("[".repeat(60_000) + &"]".repeat(60_000))).is_none());
    }

    #[test]
    fn what_encodings_hide_is_found() {
        let once = |text: &str| BASE64_STANDARD_NO_PAD.encode(text);
        for hidden in [
            once("a@b.io"),
            once("Ana Miller, ward 7"),
            once("1234567"),
            once("2026-02-03"),
            once(&once("808-201-3388")),
            once(&once("a@b.io")),
            BASE64_URL_SAFE.encode(CURSOR),
            "ana%40clinic.org".to_owned(),
            "ana%2540clinic%252eorg".to_owned(),
            "%31%32345%367".to_owned(),
            format!(
                "%{:02X}{}",
                once("123-45-6789").as_bytes()[0],
                &once("123-45-6789")[1..]
            ),
            "%252525252540".to_owned(),
        ] {
            assert!(hides_personal(&hidden), "{hidden}");
        }
        for plain in [
            "",
            "pending",
            "a%20b",
            "100%",
            "gzip, deflate, br",
            "no-cache",
            "application/json",
            "0.75",
        ] {
            assert!(!hides_personal(plain), "{plain}");
        }
    }

    #[test]
    fn what_is_compressed_is_found() {
        use std::io::Write as _;
        let level = flate2::Compression::best();
        let text = "Ana Miller has been on leave since February";
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), level);
        gzip.write_all(text.as_bytes()).unwrap();
        let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), level);
        bare.write_all(text.as_bytes()).unwrap();
        for bytes in [gzip.finish().unwrap(), bare.finish().unwrap()] {
            let value = BASE64_URL_SAFE_NO_PAD.encode(bytes);
            assert!(hides_personal(&value), "{value}");
        }
    }

    #[test]
    fn no_word_of_the_policy_hides_anything() {
        let scratch = Scratch::shipped();
        for word in scratch.policy().vocabulary() {
            assert!(!hides_personal(word) && unpack(word).is_none(), "{word}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let text = prop_oneof!["zmiller[ -~é]{0,9}", "[ -~]{0,3}"];
        let leaf = prop_oneof![
            text.prop_map(Value::from),
            (0..1000).prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                collection::vec(("(id|notes|zmiller[0-9])", inner.clone()), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
                inner
                    .clone()
                    .prop_map(|value| Value::from(json!([value]).to_string())),
                inner.prop_map(|value| BASE64_STANDARD.encode(json!([value]).to_string()).into()),
            ]
        })
    }

    /// Types and lengths of all values.
    fn structure(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(structure).collect(),
            Value::Object(fields) => fields.values().map(structure).collect(),
            Value::String(text) => match unpack(text) {
                Some(packed) => json!(packed.wraps.len()),
                None => json!("string"),
            },
            plain => plain.clone(),
        }
    }

    proptest! {
        #[test]
        fn what_comes_out_has_the_same_structure(
            value in collection::vec(any_json(), 0..4),
            url_safe: bool,
        ) {
            let text = Value::from(value.clone()).to_string();
            let encoding = if url_safe { BASE64_URL_SAFE_NO_PAD } else { BASE64_STANDARD };
            for text in [encoding.encode(&text), text] {
                let Some(packed) = unpack(&text) else { continue };
                let safe = Scratch::shipped().scrub().packed(&packed, scrub_json);
                let again = unpack(&safe);
                prop_assert!(again.is_some(), "{} became {}", text, safe);
                let again = again.unwrap();
                prop_assert_eq!(again.wraps.len(), packed.wraps.len());
                let (Inner::Json(before), Inner::Json(after)) = (&packed.inner, &again.inner) else {
                    panic!("JSON is JSON");
                };
                prop_assert!(!after.contains("zmiller"), "{} became {}", before, after);
                let read = |text| structure(&serde_json::from_str(text).unwrap());
                prop_assert_eq!(read(after), read(before));
            }
        }

        #[test]
        fn any_value_is_unpacked_or_not(text in "([A-Za-z0-9+/_-]{0,40}={0,3}|\\PC{0,40})") {
            hides_personal(&text);
            if let Some(packed) = unpack(&text) {
                Scratch::shipped().scrub().packed(&packed, scrub_json);
            }
        }

        #[test]
        fn what_is_not_looked_into_is_no_text(
            text in prop_oneof![
                "[A-Za-z0-9+/]{8,24}={0,2}",
                "[ -~éñ\u{1f930}]{6,20}".prop_map(|text| BASE64_URL_SAFE.encode(text)),
            ],
        ) {
            let text_in = |(_, bytes)| String::from_utf8(bytes).ok();
            if Base64::decode(&text).and_then(text_in).is_some_and(|text| is_clear(&text)) {
                prop_assert!(begins_as_text(&text), "{}", text);
            }
        }

        #[test]
        fn random_base64_hides_nothing(bytes in collection::vec(any::<u8>(), 20..60)) {
            let text = BASE64_URL_SAFE_NO_PAD.encode(&bytes);
            prop_assert!(std::str::from_utf8(&bytes).is_ok() || !hides_personal(&text), "{}", text);
        }
    }
}
