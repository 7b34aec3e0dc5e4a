//! What a text says once it is decoded: percent-encoding, JSON's and HTML's escapes, base64, hex.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, NO_PAD};
use percent_encoding::percent_decode;

/// Calls `found` with the text, with what it says when it is decoded, and with what that says; and
/// with whether that is decoded no further.
///
/// No form is longer than the text that it is of, and each has a handful of its own, so that the
/// work is bounded by the text's length.
pub(super) fn each_form(text: &str, found: &mut dyn FnMut(&str, bool)) {
    decoded(text, LEVELS, found);
}

fn decoded(text: &str, levels: u32, found: &mut dyn FnMut(&str, bool)) {
    found(text, levels == 0);
    if levels == 0 {
        return;
    }
    for decode in [from_percent, from_json, from_html] {
        if let Some(form) = decode(text).filter(|form| form != text) {
            decoded(&form, levels - 1, found);
        }
    }
    for (is_digit, decode) in PACKED {
        for run in text.split(|c: char| !is_digit(c)) {
            if let Some(form) = decode(run).filter(|form| is_text(form)) {
                decoded(&form, levels - 1, found);
            }
        }
    }
}

/// Which characters a packed form is made of, and what it says.
type Packed = (fn(char) -> bool, fn(&str) -> Option<String>);

const PACKED: [Packed; 3] = [
    (|c| c.is_ascii_hexdigit(), from_hex),
    (
        |c| c.is_ascii_alphanumeric() || c == '+' || c == '/',
        from_base64,
    ),
    (
        |c| c.is_ascii_alphanumeric() || c == '-' || c == '_',
        from_base64_url,
    ),
];

/// Whether it has an escape that runs together with what comes next: of percent-encoding, or JSON's.
pub(super) fn has_escape(text: &str) -> bool {
    let bytes = text.as_bytes();
    let coded = |it: &[u8]| it[0] == b'%' && it[1].is_ascii_hexdigit() && it[2].is_ascii_hexdigit();
    let escaped = |it: &[u8]| it[0] == b'\\' && b"bfnrtu".contains(&it[1]);
    bytes.windows(3).any(coded) || bytes.windows(2).any(escaped)
}

/// `None` when the text has no such escapes, as with the others.
fn from_percent(text: &str) -> Option<String> {
    if !text.contains(['%', '+']) {
        return None;
    }
    let spaced = text.replace('+', " ");
    let form = percent_decode(spaced.as_bytes()).decode_utf8_lossy();
    Some(form.into_owned())
}

/// Escapes of JSON and of most programming languages.
fn from_json(text: &str) -> Option<String> {
    if !text.contains('\\') {
        return None;
    }
    let mut form = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        form.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(escape) = rest.chars().next() else {
            break;
        };
        rest = &rest[escape.len_utf8()..];
        match escape {
            'u' => match utf16(rest) {
                Some((c, after)) => {
                    form.push(c);
                    rest = after;
                }
                None => form.push('u'),
            },
            'b' | 'f' | 'n' | 'r' | 't' => form.push(' '),
            other => form.push(other),
        }
    }
    form.push_str(rest);
    Some(form)
}

/// The character whose UTF-16 units are written in `text` as `XXXX`, or `XXXX\uXXXX`.
fn utf16(text: &str) -> Option<(char, &str)> {
    let unit = |text: &str| u16::from_str_radix(text.get(..4)?, 16).ok();
    let first = unit(text)?;
    let rest = &text[4..];
    let pair = rest.strip_prefix("\\u").and_then(unit);
    let mut units = std::iter::once(first).chain(pair);
    match char::decode_utf16(&mut units).next()? {
        Ok(c) if c.len_utf16() == 2 => Some((c, &rest[6..])),
        Ok(c) => Some((c, rest)),
        Err(_) => None,
    }
}

fn from_html(text: &str) -> Option<String> {
    if !text.contains('&') {
        return None;
    }
    let mut form = String::with_capacity(text.len());
    let mut rest = text;
    let mut changed = false;
    while let Some(at) = rest.find('&') {
        form.push_str(&rest[..at]);
        let entity = rest[at + 1..].split_once(';');
        match entity.and_then(|(name, after)| Some((entity_of(name)?, after))) {
            Some((c, after)) => {
                form.push(c);
                rest = after;
                changed = true;
            }
            None => {
                form.push('&');
                rest = &rest[at + 1..];
            }
        }
    }
    form.push_str(rest);
    changed.then_some(form)
}

fn entity_of(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let number = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        return number.ok().and_then(char::from_u32);
    }
    let named = [
        ("amp", '&'),
        ("apos", '\''),
        ("commat", '@'),
        ("gt", '>'),
        ("lt", '<'),
        ("nbsp", ' '),
        ("period", '.'),
        ("quot", '"'),
    ];
    let known = named.iter().find(|(known, _)| *known == name);
    known.map(|(_, c)| *c)
}

fn from_hex(run: &str) -> Option<String> {
    if run.len() < SHORTEST || !run.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|it| u8::try_from(it).ok())
    };
    let bytes: Option<Vec<u8>> = run
        .as_bytes()
        .chunks_exact(2)
        .map(|pair| Some((digit(&pair[0])? << 4) | digit(&pair[1])?))
        .collect();
    text_of(bytes?)
}

/// Where both alphabets agree, the other one is tried. Its runs end at a slash, as paths want it.
fn from_base64(run: &str) -> Option<String> {
    let run = whole_groups(run).filter(|run| run.contains(['+', '/']))?;
    text_of(PLAIN.decode(run).ok()?)
}

fn from_base64_url(run: &str) -> Option<String> {
    text_of(FOR_URLS.decode(whole_groups(run)?).ok()?)
}

/// A lone last digit says nothing.
fn whole_groups(run: &str) -> Option<&str> {
    let whole = &run[..run.len() - usize::from(run.len() % 4 == 1)];
    (whole.len() >= SHORTEST).then_some(whole)
}

/// The text that bytes are, but for a character that is cut off at their end.
fn text_of(mut bytes: Vec<u8>) -> Option<String> {
    if let Err(error) = str::from_utf8(&bytes) {
        if error.error_len().is_some() {
            return None;
        }
        bytes.truncate(error.valid_up_to());
    }
    String::from_utf8(bytes).ok()
}

/// Whether somebody may have written it: random bytes have control characters.
fn is_text(form: &str) -> bool {
    !form
        .chars()
        .any(|c| c.is_control() && !c.is_ascii_whitespace())
}

const LENIENT: GeneralPurposeConfig = NO_PAD.with_decode_allow_trailing_bits(true);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const FOR_URLS: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// How often a text is decoded.
const LEVELS: u32 = 2;

/// The shortest run that is decoded: four bytes in base64.
const SHORTEST: usize = 6;

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;

    fn forms(text: &str) -> Vec<String> {
        let mut forms = Vec::new();
        each_form(text, &mut |form, _| forms.push(form.to_owned()));
        forms
    }

    #[test]
    fn what_is_encoded_once_or_twice_is_read() {
        for text in [
            "a=Jos%C3%A9+Ruiz",
            "a=Jos%25C3%25A9%20Ruiz",
            r"Jos\u00e9\u0020Ruiz",
            r#"{\"name\":\"Jos\u00E9 \u0052uiz\"}"#,
            "Jos&#233; Ruiz",
            "Jos&#xe9;&nbsp;Ruiz",
            "SsOpIEpvc8OpIFJ1aXo=",
            "token=Sm9zw6kgUnVpeg",
            "x:4a6f73c3a9205275697a",
            "NGE2ZjczYzNhOTIwNTI3NTY5N2E=",
            "%4a%36f%37%33c3a9205275697a &amp; Jos%c3%a9 Ruiz",
        ] {
            let found = forms(text).iter().any(|form| form.contains("José Ruiz"));
            assert!(found, "{text}: {:?}", forms(text));
        }
        assert_eq!(forms(r"\ud83e\udd30"), [r"\ud83e\udd30", "\u{1f930}"]);
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "([%&\\\\u+#x;a-fA-F0-9/_=-]|\\PC){0,60}") {
            let all = forms(&text);
            prop_assert!(all.iter().all(|form| form.len() <= 3 * text.len() + 3));
        }
    }
}
