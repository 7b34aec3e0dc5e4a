//! Made-up values of the same type and shape as what they replace.
//!
//! Words are strung together from syllables, so that none of them is taken from a dictionary of
//! real names. Pure but for the random source.

use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _};

/// A random value of the same shape: letters become pronounceable words of the same length and
/// case, digits become digits, everything else stays.
pub(super) fn words(original: &str, rng: &mut StdRng) -> String {
    let mut vowel = rng.random_bool(0.3);
    let mut out = String::with_capacity(original.len());
    for old in original.chars() {
        if old.is_ascii_digit() {
            out.push(digit(rng));
        } else if old.is_alphanumeric() {
            let new = pick(if vowel { VOWELS } else { CONSONANTS }, rng);
            vowel = !vowel;
            out.push(if old.is_uppercase() {
                new.to_ascii_uppercase()
            } else {
                new
            });
        } else {
            vowel = rng.random_bool(0.3);
            // A symbol may say as much as a word.
            out.push(if old.is_ascii() { old } else { '-' });
        }
    }
    out
}

/// A name of as many words and letters as the original, each with a capital letter.
pub(super) fn name(original: &str, rng: &mut StdRng) -> String {
    let made_up = words(original, rng);
    let mut start = true;
    made_up
        .chars()
        .map(|c| {
            let c = if start { c.to_ascii_uppercase() } else { c };
            start = !c.is_alphanumeric();
            c
        })
        .collect()
}

/// An identifier of the same character classes; hexadecimal stays hexadecimal, and base64 can be
/// decoded.
pub(super) fn opaque(original: &str, rng: &mut StdRng) -> String {
    // The mark of a weak entity tag (RFC 9110, §8.8.3) says nothing.
    if let Some(tag) = original
        .strip_prefix("W/")
        .filter(|tag| tag.starts_with('"'))
    {
        return format!("W/{}", opaque(tag, rng));
    }
    let hex = is_hex(original);
    let mut first = true;
    let made_up: String = original
        .chars()
        .map(|old| match old {
            // No leading zero: a number must stay one.
            '0'..='9' if first && !hex => {
                first = false;
                pick(&DIGITS[1..], rng)
            }
            'a'..='f' | '0'..='9' if hex => pick(b"0123456789abcdef", rng),
            'A'..='F' if hex => pick(b"0123456789ABCDEF", rng),
            '0'..='9' => digit(rng),
            'a'..='z' => pick(LOWER, rng),
            'A'..='Z' => pick(LOWER, rng).to_ascii_uppercase(),
            other if other.is_alphanumeric() => pick(LOWER, rng),
            other => {
                first = true;
                if other.is_ascii() { other } else { '-' }
            }
        })
        .collect();
    if hex { made_up } else { base64(made_up, rng) }
}

fn is_hex(original: &str) -> bool {
    original.len() >= 8
        && original.bytes().any(|b| b.is_ascii_digit())
        && original.bytes().any(|b| b.is_ascii_alphabetic())
        && original.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// The same, with the bits at its end zero that no byte has, if it is base64 (RFC 4648, §3.5):
/// strict decoders look. That it is can only be told where it has signs of filling.
fn base64(text: String, rng: &mut StdRng) -> String {
    let bare = text.trim_end_matches('=');
    let last: &[u8] = match text.len() - bare.len() {
        1 => b"AEIMQUYcgkosw048",
        2 => b"AQgw",
        _ => return text,
    };
    match bare.strip_suffix(|c: char| c.is_ascii_alphanumeric()) {
        Some(start) if text.len().is_multiple_of(4) => {
            format!("{start}{}{}", pick(last, rng), &text[bare.len()..])
        }
        _ => text,
    }
}

/// A random version 4 UUID (RFC 9562) in the original's case and form: with dashes, without, in
/// braces, or as a URN.
pub(super) fn uuid(original: &str, rng: &mut StdRng) -> String {
    let mut bytes = [0_u8; 16];
    rng.fill_bytes(&mut bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let start = original.find("uuid:").map_or(0, |at| at + "uuid:".len());
    let upper = original[start..].bytes().any(|b| b.is_ascii_uppercase());
    let digits: &[u8; 16] = if upper {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    let mut nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let mut out = String::with_capacity(original.len());
    out.push_str(&original[..start]);
    for old in original[start..].chars() {
        let new = old.is_ascii_hexdigit().then(|| nibbles.next()).flatten();
        out.push(new.map_or(old, |nibble| char::from(digits[usize::from(nibble)])));
    }
    out
}

/// An address at example.com (RFC 2606), its local part as long as the original's and a number: of
/// short ones there are too few.
pub(super) fn email(original: &str, rng: &mut StdRng) -> String {
    let local = original.split('@').next().unwrap_or_default();
    let local = words(local, rng).to_ascii_lowercase();
    format!("{local}{}@example.com", rng.random_range(100..100_000))
}

/// A JSON number of as many digits, no larger than the original by its first one, so that it stays
/// within whatever range the application has; with a fraction where the original has one, which ends
/// in zero only where that one does, and with its exponent.
pub(super) fn number(original: &str, rng: &mut StdRng) -> String {
    let (mantissa, exponent) =
        original.split_at(original.find(['e', 'E']).unwrap_or(original.len()));
    let end = mantissa.find('.').map(|_| mantissa.len() - 1);
    let mut place = 0;
    let made_up: String = mantissa
        .char_indices()
        .map(|(at, old)| {
            place += usize::from(old.is_ascii_digit());
            match (old, place) {
                ('0', 1) => old,
                ('0', _) if Some(at) == end => old,
                ('1'..='9', 1) => {
                    let below = usize::from(old as u8 - b'0').saturating_sub(1).max(1);
                    pick(&DIGITS[1..=below], rng)
                }
                // No more than 64 bits can hold.
                ('0'..='9', 2) if mantissa.len() >= 19 => pick(&DIGITS[..=7], rng),
                ('1'..='9', _) if Some(at) == end => pick(&DIGITS[1..], rng),
                ('0'..='9', _) => digit(rng),
                _ => old,
            }
        })
        .collect();
    made_up + exponent
}

/// A number from the block that is set aside for fiction, 555-0100 to 555-0199, written as the
/// original was: with its extension and, abroad, its country's code. After many `tries` there may
/// be none left of that form.
pub(super) fn phone(original: &str, tries: u32, rng: &mut StdRng) -> String {
    let (number, extension) = original.split_at(extension(original));
    let count = number.bytes().filter(u8::is_ascii_digit).count();
    // With other words in it, it is more than a number.
    let is_number = (7..=15).contains(&count) && !number.contains(char::is_alphabetic);
    if !is_number || tries > PHONE_TRIES {
        let (area, line) = (area(rng), rng.random_range(100..200));
        return match tries {
            0..=PHONE_TRIES => format!("+1{area}5550{line}"),
            _ => format!("+1{area}5550{line}x{}", rng.random_range(1000..100_000)),
        };
    }
    let kept = country(number, count).min(count - 7);
    let mut left = count;
    let digits = number.chars().map(|old| {
        if !old.is_ascii_digit() {
            return if old.is_ascii() { old } else { '-' };
        }
        left -= 1;
        match left {
            4..=6 => '5',
            3 => '0',
            2 => '1',
            0 | 1 => digit(rng),
            _ if count - left <= kept => old,
            // Where an area's code begins, which has no zero or one.
            9 => pick(b"23456789", rng),
            _ => digit(rng),
        }
    });
    let mut made_up: String = digits.collect();
    made_up.extend(extension.chars().map(|old| match old {
        '0'..='9' => digit(rng),
        'e' | 'E' | 'x' | 'X' | 't' | 'T' => old,
        other if other.is_ascii() && !other.is_ascii_alphanumeric() => other,
        _ => 'x',
    }));
    made_up
}

/// Where `ext. 12` or `x12` begins.
fn extension(phone: &str) -> usize {
    let at = phone.find(['e', 'E', 'x', 'X', '#']);
    at.map_or(phone.len(), |at| phone[..at].trim_end().len())
}

/// How many of its digits say the country.
fn country(number: &str, count: usize) -> usize {
    let Some(abroad) = number.trim_start().strip_prefix('+') else {
        return usize::from(count == 11);
    };
    match abroad.find(|c: char| !c.is_ascii_digit()) {
        Some(code @ 1..=3) => code,
        _ if abroad.starts_with('1') => 1,
        _ => 2,
    }
}

fn area(rng: &mut StdRng) -> String {
    format!("{}{}{}", pick(b"23456789", rng), digit(rng), digit(rng))
}

/// A social security number of area 000, which is never given to anybody, written as the original
/// was.
pub(super) fn ssn(original: &str, rng: &mut StdRng) -> String {
    let number = format!(
        "000{:02}{:04}",
        rng.random_range(1..100),
        rng.random_range(1..10_000)
    );
    let mut digits = number.chars();
    let fill = |old: char| match old.is_ascii_digit() {
        true => digits.next().unwrap_or(old),
        false if old.is_ascii() => old,
        false => '0',
    };
    original.chars().map(fill).collect()
}

/// A postal code that is nowhere: the ZIP codes from 000 to 004 are not given to any place, and no
/// code of the UK or of Canada begins with Q. A state stays.
pub(super) fn postcode(original: &str, rng: &mut StdRng) -> String {
    let is_zip = original.bytes().filter(u8::is_ascii_alphabetic).count() == 0
        || original.bytes().filter(u8::is_ascii_digit).count() >= 5;
    let mut place = 0;
    let made_up = original.chars().map(|old| match old {
        '0'..='9' if is_zip => {
            place += 1;
            match place {
                1 | 2 => '0',
                3 => pick(&DIGITS[..5], rng),
                _ => digit(rng),
            }
        }
        _ if is_zip => old,
        '0'..='9' => digit(rng),
        'A'..='Z' => {
            place += 1;
            let letter = pick(b"ABEGHJLNPRSTUWXYZ", rng);
            if place == 1 { 'Q' } else { letter }
        }
        other => other,
    });
    made_up.collect()
}

/// The address of a device that is nobody's: one that is set locally and begins as those do that
/// systems show in place of a real one.
pub(super) fn mac(original: &str, rng: &mut StdRng) -> String {
    let mut place = 0;
    let made_up = original.chars().map(|old| {
        if !old.is_ascii_hexdigit() {
            return old;
        }
        place += 1;
        match place {
            2 => '2',
            1..=6 => '0',
            _ if old.is_ascii_uppercase() => pick(b"0123456789ABCDEF", rng),
            _ => pick(b"0123456789abcdef", rng),
        }
    });
    made_up.collect()
}

/// A link to example.com with a path as long as what followed the scheme, or within the site.
pub(super) fn url(original: &str, rng: &mut StdRng) -> String {
    let (scheme, rest) = match original.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None if original.starts_with('/') => (String::new(), &original[1..]),
        None => ("https".to_owned(), original),
    };
    let letters: String = rest
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { 'x' })
        .collect();
    let path = opaque(&letters, rng);
    match scheme.as_str() {
        "" => format!("/{path}"),
        "ftp" | "http" | "webcal" | "ws" | "wss" => format!("{scheme}://example.com/{path}"),
        _ => format!("https://example.com/{path}"),
    }
}

/// The same with letters for digits and at signs: for text in which any would look personal.
pub(super) fn plain_letters(text: &str) -> String {
    text.chars()
        .map(|c| match c.to_digit(10) {
            Some(digit) => char::from(LOWER[digit as usize]),
            None if c == '@' => 'a',
            None => c,
        })
        .collect()
}

fn digit(rng: &mut StdRng) -> char {
    pick(DIGITS, rng)
}

fn pick(from: &[u8], rng: &mut StdRng) -> char {
    char::from(from[rng.random_range(0..from.len())])
}

/// How often a telephone number of the original's form is tried.
const PHONE_TRIES: u32 = 24;

const VOWELS: &[u8] = b"aeiou";
const CONSONANTS: &[u8] = b"bdfgklmnprstvz";
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const DIGITS: &[u8] = b"0123456789";

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[track_caller]
    fn check(make: impl Fn(&str, &mut StdRng) -> String, original: &str, shape: &str) {
        let made_up = make(original, &mut StdRng::seed_from_u64(7));
        assert_ne!(made_up, original);
        let pattern = regex::Regex::new(&format!("^{shape}$")).unwrap();
        assert!(
            pattern.is_match(&made_up),
            "{made_up} does not match {shape}"
        );
    }

    #[test]
    fn values_keep_their_shape() {
        check(
            words,
            "Back pain, since 2024.",
            "[A-Z][a-z]{3} [a-z]{4}, [a-z]{5} [0-9]{4}\\.",
        );
        check(
            name,
            "dr. Ana O'Neil",
            "[A-Z][a-z]\\. [A-Z][a-z]{2} [A-Z]'[A-Z][a-z]{3}",
        );
        check(opaque, "1042", "[1-9][0-9]{3}");
        check(opaque, "MRN-77410", "[A-Z]{3}-[1-9][0-9]{4}");
        check(opaque, "5c1d9fe2aa", "[0-9a-f]{10}");
        check(
            email,
            "maria.gonzalez@hospital.org",
            "[a-z]{5}\\.[a-z]{8}[0-9]{3,5}@example\\.com",
        );
    }

    #[test]
    fn uuids_stay_valid() {
        check(
            uuid,
            "123E4567-E89B-12D3-A456-426614174000",
            "[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}",
        );
        check(
            uuid,
            "urn:uuid:123e4567-e89b-12d3-a456-426614174000",
            "urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
        );
        check(
            uuid,
            "{123e4567-e89b-12d3-a456-426614174000}",
            r"\{[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\}",
        );
        check(
            uuid,
            "123e4567e89b12d3a456426614174000",
            "[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}",
        );
    }

    #[test]
    fn numbers_keep_their_type() {
        for (original, shape) in [
            ("5", "[1-4]"),
            ("4821", r"[1-3]\d{3}"),
            ("-17", r"-1\d"),
            ("3.25", r"[12]\.\d\d"),
            ("0.75", r"0\.\d\d"),
            ("2.5e30", r"1\.\de30"),
            ("18446744073709551615", r"1[0-7]\d{18}"),
            ("-9223372036854775808", r"-[1-8][0-7]\d{17}"),
        ] {
            check(number, original, shape);
            for seed in 0..50 {
                let made_up = number(original, &mut StdRng::seed_from_u64(seed));
                let [old, new] =
                    [original, &made_up].map(|text| text.parse::<serde_json::Number>());
                let (old, new) = (old.unwrap(), new.unwrap());
                assert_eq!(old.is_f64(), new.is_f64(), "{original} became {made_up}");
                assert_eq!(old.is_i64(), new.is_i64(), "{original} became {made_up}");
            }
        }
    }

    #[test]
    fn codes_are_nowhere_and_devices_nobodys() {
        check(postcode, "HI 96813-1234", r"HI 00[0-4]\d\d-\d{4}");
        check(postcode, "SW1A 1AA", r"Q[A-Z]\d[A-Z] \d[A-Z]{2}");
        check(postcode, "K1A 0B6", r"Q\d[A-Z] \d[A-Z]\d");
        check(mac, "00:1A:2b:3c:4d:5e", r"02:00:00(:[0-9a-f]{2}){3}");
    }

    #[test]
    fn base64_can_be_decoded() {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;

        for seed in 0..50 {
            for original in ["TWFyaWE=", "R29uemFsZXouLg==", "Sm9hbw=="] {
                let made_up = opaque(original, &mut StdRng::seed_from_u64(seed));
                let (old, new) = (STANDARD.decode(original), STANDARD.decode(&made_up));
                assert_eq!(new.unwrap().len(), old.unwrap().len(), "{made_up}");
            }
        }
        check(opaque, "a=", "[a-z]=");
        check(opaque, "W/\"1a-b\"", "W/\"[1-9][a-z]-[a-z]\"");
    }

    #[test]
    fn links_stay_links() {
        check(
            url,
            "webcal://clinic.org/ana",
            "webcal://example.com/[a-z]{14}",
        );
        check(
            url,
            "postgres://ana:pw@db/x",
            "https://example.com/[a-z]{11}",
        );
        check(url, "/feed/77", "/[a-z]{5}[0-9]{2}");
    }

    #[test]
    fn phones_come_from_the_block_for_fiction() {
        let phone = |original: &str, rng: &mut StdRng| phone(original, 1, rng);
        for (original, shape) in [
            ("(808) 201-3388", r"\([2-9]\d\d\) 555-01\d\d"),
            ("+1 808 201 3388", r"\+1 [2-9]\d\d 555 01\d\d"),
            (
                "1-808-201-3388 ext. 12",
                r"1-[2-9]\d\d-555-01\d\d ext\. \d\d",
            ),
            ("8082013388x7", r"[2-9]\d\d55501\d\dx\d"),
            ("201-3388", r"555-01\d\d"),
            ("+49 30 1234567", r"\+49 \d\d 55501\d\d"),
            ("+44 20 7946 0958", r"\+44 [2-9]\d \d555 01\d\d"),
            ("+4930123456", r"\+49\d55501\d\d"),
            ("911", r"\+1[2-9]\d\d55501\d\d"),
        ] {
            check(phone, original, shape);
        }
    }
}
