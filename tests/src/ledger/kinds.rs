//! The eighteen kinds of identifiers that HIPAA names (45 CFR 164.514(b)(2)), as people write them.
//!
//! All of them are made up; no domain, number or place is anybody's on purpose.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::words::Maker;

/// What is written, and what of it says who it is about, wherever it stands.
pub(super) struct Written {
    pub(super) text: String,
    /// Other than the text as a whole.
    pub(super) marks: Vec<String>,
}

/// Makes a value of a kind.
type Make = fn(&mut Maker) -> Written;

/// A kind of identifier, the field that is called after it, and how it is written.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) field: &'static str,
    pub(super) make: Make,
}

const fn kind(name: &'static str, field: &'static str, make: Make) -> Kind {
    Kind { name, field, make }
}

/// In the order of the rule, each in all its spellings.
pub(super) const KINDS: [Kind; 48] = [
    kind("01 name", "full_name", full_name),
    kind("01 name", "entity_name", surname_first),
    kind("01 name", "provider", with_title),
    kind("01 name", "display_name", accented),
    kind("01 name", "nickname", |m| whole(m.word())),
    kind("02 place", "street_address", street),
    kind("02 place", "city", |m| whole(m.proper())),
    kind("02 place", "zip_code", zip),
    kind("02 place", "postcode", postcode),
    kind("02 place", "coordinates", coordinates),
    kind("03 date", "birth_date", iso_date),
    kind("03 date", "admitted_at", date_time),
    kind("03 date", "dob", american_date),
    kind("03 date", "discharge", spoken_date),
    kind("03 date", "died_on", compact_date),
    kind("03 age", "age_text", age),
    kind("04 phone", "personal_phone", phone),
    kind("04 phone", "mobile", dotted_phone),
    kind("04 phone", "callback", foreign_phone),
    kind("05 fax", "fax", fax),
    kind("06 e-mail", "email", email),
    kind("06 e-mail", "contact", addressee),
    kind("07 ssn", "ssn", ssn),
    kind("07 ssn", "social_security", spaced_ssn),
    kind("08 record", "mrn", record),
    kind("08 record", "chart_number", |m| whole(m.digits(11))),
    kind("09 plan", "member_id", plan),
    kind("10 account", "account", |m| whole(m.digits(12))),
    kind("10 account", "iban", iban),
    kind("10 account", "card", card),
    kind("11 licence", "certification_number", licence),
    kind("12 vehicle", "vin", vin),
    kind("12 vehicle", "plate", plate),
    kind("13 device", "serial", serial),
    kind("13 device", "imei", |m| whole(m.digits(15))),
    kind("13 device", "mac", mac),
    kind("14 url", "document_url", url),
    kind("14 url", "subscription_url", url_with_password),
    kind("15 ip", "ip_address", ipv4),
    kind("15 ip", "last_seen_from", ipv6),
    kind("16 biometric", "fingerprint", |m| whole(m.hex(40))),
    kind("16 biometric", "voice_print", voice),
    kind("17 photo", "photo", photo),
    kind("18 other", "person_id", uuid),
    kind("18 other", "access_token", jwt),
    kind("18 other", "edipi", |m| whole(m.digits(10))),
    kind("18 other", "password", password),
    kind("18 other", "notes", sentence),
];

/// The kind whose values a field called so holds.
pub(super) fn of_field(field: &str) -> &'static Kind {
    let found = KINDS.iter().find(|kind| kind.field == field);
    // A field that is not listed holds text.
    found.unwrap_or(&KINDS[KINDS.len() - 1])
}

fn whole(text: String) -> Written {
    marked(text, [])
}

fn marked<const N: usize>(text: String, marks: [String; N]) -> Written {
    Written {
        text,
        marks: marks.into(),
    }
}

fn full_name(m: &mut Maker) -> Written {
    let (first, last) = (m.proper(), m.proper());
    marked(format!("{first} {last}"), [first, last])
}

fn surname_first(m: &mut Maker) -> Written {
    let (first, last) = (m.proper(), m.proper());
    marked(
        format!("{}, {first} J.", last.to_uppercase()),
        [first, last],
    )
}

fn with_title(m: &mut Maker) -> Written {
    let (first, last) = (m.proper(), m.proper());
    marked(format!("Dr. {first} {last}, MD"), [first, last])
}

fn accented(m: &mut Maker) -> Written {
    let (first, last) = (m.proper(), m.word());
    marked(format!("{first} Ōkéa{last}"), [first, last])
}

fn street(m: &mut Maker) -> Written {
    let (number, street) = (m.digits(4), m.proper());
    marked(format!("{number} {street} Lane, Apt 7"), [street])
}

fn zip(m: &mut Maker) -> Written {
    whole(format!("{}-{}", m.digits(5), m.digits(4)))
}

fn postcode(m: &mut Maker) -> Written {
    let (word, digits) = (m.proper(), m.digits(5));
    marked(format!("HI {digits} {word}"), [word])
}

fn coordinates(m: &mut Maker) -> Written {
    let (north, west) = (m.digits(8), m.digits(8));
    marked(
        format!("21.{north}, -157.{west}"),
        [format!("21.{north}"), format!("157.{west}")],
    )
}

fn iso_date(m: &mut Maker) -> Written {
    let (year, day) = m.date();
    whole(format!("{year}-01-{day:02}"))
}

fn date_time(m: &mut Maker) -> Written {
    let (year, day) = m.date();
    marked(
        format!("{year}-01-{day:02}T08:30:00Z"),
        [format!("{year}-01-{day:02}")],
    )
}

fn american_date(m: &mut Maker) -> Written {
    let (year, day) = m.date();
    whole(format!("01/{day:02}/{year}"))
}

fn spoken_date(m: &mut Maker) -> Written {
    let (year, day) = m.date();
    whole(format!("January {day}, {year}"))
}

fn compact_date(m: &mut Maker) -> Written {
    let (year, day) = m.date();
    // With the time, as HL7 has it: eight digits are found in others by chance.
    whole(format!("{year}01{day:02}{}", m.digits(6)))
}

fn age(m: &mut Maker) -> Written {
    let (age, word) = (m.number(91..117), m.word());
    marked(format!("{age} years old, of {word}"), [word])
}

fn phone(m: &mut Maker) -> Written {
    let (area, rest) = (m.number(201..989), m.digits(4));
    let exchange = m.number(201..554);
    marked(
        format!("({area}) {exchange}-{rest}"),
        [format!("{area}{exchange}{rest}")],
    )
}

fn dotted_phone(m: &mut Maker) -> Written {
    let (area, exchange, rest) = (m.number(201..989), m.number(201..554), m.digits(4));
    marked(
        format!("{area}.{exchange}.{rest}"),
        [format!("{area}{exchange}{rest}")],
    )
}

fn foreign_phone(m: &mut Maker) -> Written {
    let (town, rest) = (m.digits(3), m.digits(7));
    whole(format!("+49 {town} {rest}"))
}

fn fax(m: &mut Maker) -> Written {
    let (area, exchange, rest) = (m.number(201..989), m.number(201..554), m.digits(4));
    marked(
        format!("fax: +1-{area}-{exchange}-{rest}"),
        [format!("{area}-{exchange}-{rest}")],
    )
}

fn email(m: &mut Maker) -> Written {
    let (user, host) = (m.word(), m.word());
    marked(format!("{user}@{host}.org"), [user, host])
}

fn addressee(m: &mut Maker) -> Written {
    let (name, user) = (m.proper(), m.word());
    marked(
        format!("\"{name}\" <{user}+clinic@example.org>"),
        [name, user],
    )
}

fn ssn(m: &mut Maker) -> Written {
    let (area, group, serial) = (m.number(100..665), m.number(10..99), m.digits(4));
    whole(format!("{area}-{group}-{serial}"))
}

fn spaced_ssn(m: &mut Maker) -> Written {
    let (area, group, serial) = (m.number(100..665), m.number(10..99), m.digits(4));
    whole(format!("{area} {group} {serial}"))
}

fn record(m: &mut Maker) -> Written {
    let number = m.digits(10);
    marked(format!("MRN-{number}"), [number])
}

fn plan(m: &mut Maker) -> Written {
    let (word, digits) = (m.word().to_uppercase(), m.digits(6));
    marked(format!("HPN{digits}-{word}"), [word])
}

fn iban(m: &mut Maker) -> Written {
    whole(format!("DE89{}", m.digits(18)))
}

/// With the check digit of ISO/IEC 7812-1, so that it could be one.
fn card(m: &mut Maker) -> Written {
    let body = format!("4{}", m.digits(14));
    let sum: u32 = body
        .bytes()
        .enumerate()
        .map(
            |(place, digit)| match (place % 2, u32::from(digit - b'0')) {
                (0, digit) if digit > 4 => digit * 2 - 9,
                (0, digit) => digit * 2,
                (_, digit) => digit,
            },
        )
        .sum();
    whole(format!("{body}{}", (10 - sum % 10) % 10))
}

fn licence(m: &mut Maker) -> Written {
    let word = m.word().to_uppercase();
    marked(format!("MD-{word}-{}", m.digits(4)), [word])
}

fn vin(m: &mut Maker) -> Written {
    let serial = m.digits(10);
    marked(format!("1HGCM{}A{serial}", m.digits(1)), [serial])
}

fn plate(m: &mut Maker) -> Written {
    let letters = m.word()[..6].to_uppercase();
    whole(format!("{letters} {}", m.digits(5)))
}

fn serial(m: &mut Maker) -> Written {
    let word = m.word();
    marked(format!("SN:{}/{word}", m.digits(6)), [word])
}

fn mac(m: &mut Maker) -> Written {
    let pairs: Vec<_> = (0..6).map(|_| m.hex(2)).collect();
    whole(pairs.join(":"))
}

fn url(m: &mut Maker) -> Written {
    let (host, path) = (m.word(), m.word());
    marked(
        format!("https://{host}.org/charts/{path}?page=2"),
        [host, path],
    )
}

fn url_with_password(m: &mut Maker) -> Written {
    let (user, password, host) = (m.word(), m.word(), m.word());
    marked(
        format!("webcal://{user}:{password}@{host}.org/feed.ics"),
        [user, password, host],
    )
}

fn ipv4(m: &mut Maker) -> Written {
    let [a, b, c, d] = [(); 4].map(|()| m.number(100..224));
    whole(format!("{a}.{b}.{c}.{d}"))
}

fn ipv6(m: &mut Maker) -> Written {
    let [a, b, c, d] = [(); 4].map(|()| format!("{:x}", m.number(0x1000..0x10000)));
    whole(format!("2001:db8:{a}:{b}::{c}:{d}"))
}

fn voice(m: &mut Maker) -> Written {
    whole(URL_SAFE_NO_PAD.encode(m.bytes(45)))
}

/// The beginning of a JPEG file, in base64.
fn photo(m: &mut Maker) -> Written {
    let mut bytes = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01".to_vec();
    bytes.extend(m.bytes(47));
    whole(STANDARD.encode(bytes))
}

fn uuid(m: &mut Maker) -> Written {
    let parts = [8, 4, 4, 4, 12].map(|count| m.hex(count));
    marked(parts.join("-"), [parts.concat()])
}

fn jwt(m: &mut Maker) -> Written {
    let (name, signature) = (m.word(), URL_SAFE_NO_PAD.encode(m.bytes(32)));
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"sub":"{name}","role":"admin"}}"#));
    marked(
        format!("eyJhbGciOiJIUzI1NiJ9.{claims}.{signature}"),
        [name, signature],
    )
}

fn password(m: &mut Maker) -> Written {
    let word = m.word();
    marked(format!("{word}!&=%{}#", m.digits(3)), [word])
}

fn sentence(m: &mut Maker) -> Written {
    let (who, what) = (m.proper(), m.word());
    marked(
        format!("Call {who}'s wife about the {what}; \"do not\" page <him> & wait\nBP 120/80"),
        [who, what],
    )
}
