//! What values hold others, and what becomes of those.

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
    let lines =
        BASE64_STANDARD.encode("<samlp:Response><saml:NameID>ana</saml:NameID></samlp:Response>");
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
