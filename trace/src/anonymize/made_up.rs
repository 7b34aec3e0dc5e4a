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

/// An identifier of the same character classes; hexadecimal stays hexadecimal.
pub(super) fn opaque(original: &str, rng: &mut StdRng) -> String {
    let hex = original.len() >= 8
        && original.bytes().any(|b| b.is_ascii_digit())
        && original.bytes().any(|b| b.is_ascii_alphabetic())
        && original.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let mut first = true;
    original
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
        .collect()
}

/// A random version 4 UUID (RFC 9562) in the original's case and form.
pub(super) fn uuid(original: &str, rng: &mut StdRng) -> String {
    let mut bytes = [0_u8; 16];
    rng.fill_bytes(&mut bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let digits = crate::format::writer::hex(&bytes);
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| &digits[group]);
    let mut uuid = groups.join(if original.contains('-') { "-" } else { "" });
    if original.bytes().any(|b| b.is_ascii_uppercase()) {
        uuid.make_ascii_uppercase();
    }
    uuid
}

/// An address at example.com (RFC 2606), its local part as long as the original's and a number: of
/// short ones there are too few.
pub(super) fn email(original: &str, rng: &mut StdRng) -> String {
    let local = original.split('@').next().unwrap_or_default();
    let local = words(local, rng).to_ascii_lowercase();
    format!("{local}{}@example.com", rng.random_range(100..100_000))
}

/// A number of as many digits, no larger than the original by its first one, so that it stays
/// within whatever range the application has.
pub(super) fn number(original: &str, rng: &mut StdRng) -> String {
    let mut first = true;
    original
        .chars()
        .map(|old| match old {
            '0'..='9' if first => {
                first = false;
                let below = usize::from(old as u8 - b'0').saturating_sub(1).max(1);
                if old == '0' {
                    old
                } else {
                    pick(&DIGITS[1..=below], rng)
                }
            }
            '0'..='9' => digit(rng),
            other => other,
        })
        .collect()
}

/// A number from the block that is set aside for fiction, 555-0100 to 555-0199, written as the
/// original was where it has groups of 3, 3 and 4 digits.
pub(super) fn phone(original: &str, rng: &mut StdRng) -> String {
    let area = format!("{}{}{}", pick(b"23456789", rng), digit(rng), digit(rng));
    let line = format!("01{}{}", digit(rng), digit(rng));
    let digits: Vec<usize> = original
        .char_indices()
        .filter(|(_, c)| c.is_ascii_digit())
        .map(|(at, _)| at)
        .collect();
    let country = original.trim_start().starts_with('+');
    let skip = match digits.as_slice() {
        [_, ..] if digits.len() == 10 && !country => 0,
        [first, ..] if digits.len() == 11 && original[*first..].starts_with('1') => 1,
        _ => return format!("+1{area}555{line}"),
    };
    let mut fresh = area.chars().chain("555".chars()).chain(line.chars());
    original
        .char_indices()
        .map(|(at, old)| match digits[skip..].binary_search(&at) {
            Ok(_) => fresh.next().unwrap_or(old),
            Err(_) => old,
        })
        .collect()
}

/// A social security number of area 000, which is never given to anybody.
pub(super) fn ssn(rng: &mut StdRng) -> String {
    format!(
        "000-{:02}-{:04}",
        rng.random_range(1..100),
        rng.random_range(1..10_000)
    )
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

const VOWELS: &[u8] = b"aeiou";
const CONSONANTS: &[u8] = b"bdfgklmnprstvz";
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const DIGITS: &[u8] = b"0123456789";

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[track_caller]
    fn check(make: fn(&str, &mut StdRng) -> String, original: &str, shape: &str) {
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
    }

    #[test]
    fn phones_come_from_the_block_for_fiction() {
        check(
            phone,
            "(808) 201-3388",
            "\\([2-9][0-9]{2}\\) 555-01[0-9]{2}",
        );
        check(
            phone,
            "+1 808 201 3388",
            "\\+1 [2-9][0-9]{2} 555 01[0-9]{2}",
        );
        check(phone, "+49 30 1234567", "\\+1[2-9][0-9]{2}55501[0-9]{2}");
    }
}
