//! What is found, what is not, and that no detector is spared where it would find something.

use proptest::collection;
use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};

use super::*;

#[test]
fn a_whole_value_has_one_form() {
    let table = [
        ("123e4567-e89b-12d3-a456-426614174000", Some(Form::Uuid)),
        ("{123E4567-e89b-12d3-a456-426614174000}", Some(Form::Uuid)),
        ("123e4567e89b12d3a456426614174000", Some(Form::Uuid)),
        ("2026-02-28", Some(Form::Date)),
        ("2026-02-28T08:30:00.125Z", Some(Form::Date)),
        ("March 14, 1962", Some(Form::Date)),
        ("Wed, 14 Mar 1962 08:49:37 GMT", Some(Form::Date)),
        ("3/14/62", Some(Form::Date)),
        ("2026-02-28 is late", None),
        ("2026-02-31", None),
        ("maria.gonzalez@hospital.org", Some(Form::Email)),
        ("maria+ward7@hospital.org", Some(Form::Email)),
        ("eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", Some(Form::Jwt)),
        ("123-45-1203", Some(Form::Ssn)),
        ("123 45 1203", Some(Form::Ssn)),
        ("203.0.113.9", Some(Form::Address)),
        ("2001:db8::1", Some(Form::Address)),
        ("00:1a:2b:3c:4d:5e", Some(Form::Mac)),
        ("(808) 201-3388", Some(Form::Phone)),
        ("808-201-3388 x12", Some(Form::Phone)),
        ("+49 30 1234567", Some(Form::Phone)),
        ("0049 30 1234567", Some(Form::Phone)),
        ("4111 1111 1111 1111", Some(Form::Card)),
        ("https://ana:pw@hospital.org/x", Some(Form::Url)),
        ("1234567890", Some(Form::Digits)),
        ("MRN-77410", Some(Form::Mrn)),
        ("94 years old", Some(Form::Age)),
        ("Dr. Maria Gonzalez", Some(Form::Name)),
        ("SW1A 1AA", Some(Form::Postcode)),
        ("1234 Kapiolani Boulevard", Some(Form::Street)),
        ("license number D1234567", Some(Form::Account)),
        ("123456", None),
        ("cp_sat", None),
        ("", None),
    ];
    for (value, form) in table {
        assert_eq!(whole(value), form, "{value}");
    }
}

fn kinds(text: &str) -> Vec<&'static str> {
    let found = Detectors::default().within(text).into_iter();
    found.map(|(kind, _)| kind).collect()
}

#[test]
fn personal_values_are_found_inside_text() {
    let table: [(&str, &[&str]); 46] = [
        (
            "write to ana@clinic.org or call 808-201-3388",
            &["email", "phone"],
        ),
        ("SSN 123-45-6789, card 4111111111111111", &["card", "ssn"]),
        ("ssn: 123456789", &["ssn"]),
        ("Social Security number 123 45 6789", &["ssn"]),
        ("token eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl", &["jwt"]),
        ("call 0049 30 123456789 now", &["phone"]),
        ("MRN: 1234567", &["mrn"]),
        ("see MRN-77410.", &["mrn"]),
        ("mrn#A774-10", &["mrn"]),
        ("medical record number 1234567", &["mrn"]),
        ("patient id 77410", &["mrn"]),
        ("acct no. 4471-93", &["account"]),
        ("EDIPI 1234567890", &["account"]),
        ("license number D1234567", &["account"]),
        ("VIN 1HGCM82633A004352", &["account"]),
        ("born 03/14/1962", &["date"]),
        ("on 14 Mar 1962 and March 15, 1962", &["date", "date"]),
        ("from 203.0.113.9", &["address"]),
        (
            "from 203.0.113.9:8443, 198.51.100.7",
            &["address", "address"],
        ),
        ("host [2001:db8::1]:443", &["address"]),
        ("via fe80::1ff:fe23:4567:890a%eth0", &["address"]),
        ("mac 00:1A:2b:3c:4d:5e", &["mac"]),
        ("mac 00-1A-2b-3c-4d-5e.", &["mac"]),
        ("seen by Dr. Maria Gonzalez", &["name"]),
        ("CPT Smith and Mrs. O'Neil", &["name", "name"]),
        ("ask Nurse Élodie", &["name"]),
        ("MAJ J. Miller", &["name"]),
        ("Prof. de Souza; Prof. Souza", &["name"]),
        ("a 94 year-old man", &["age"]),
        ("94 years old", &["age"]),
        ("aged 91", &["age"]),
        ("Age: 90", &["age"]),
        ("93 y/o, 95yo", &["age", "age"]),
        ("102 years of age", &["age"]),
        ("Honolulu, HI 96813", &["postcode"]),
        ("HI 96813-1234", &["postcode"]),
        ("ZIP code 96813", &["postcode"]),
        ("London SW1A 1AA", &["postcode"]),
        ("Ottawa K1A 0B6", &["postcode"]),
        ("PLZ 80331", &["postcode"]),
        ("at 1234 Kapiolani Blvd", &["street"]),
        ("postgres://ana:pw@db.clinic.org/x", &["email", "url"]),
        ("https://h.org/f?a=1&token=abcdefgh", &["url"]),
        ("https://s3.org/f?X-Amz-Signature=0a1b2c", &["url"]),
        ("wss://h.org/ws?token=abcdefgh", &["url"]),
        ("ana@clinic.org\u{a0}ana@clinic.org", &["email", "email"]),
    ];
    for (text, expected) in table {
        assert_eq!(kinds(text), expected, "{text}");
    }
}

#[test]
fn ordinary_words_and_what_is_made_up_are_not_found() {
    for text in [
        "",
        "2 of 14",
        "page 2 of 14",
        "block 7",
        "Block 10 AM",
        "AM",
        "PM",
        "Night Float",
        "FMIT AM",
        "PGY-2",
        "Sports Medicine Clinic",
        "Inpatient 4",
        "Clinic Room 12",
        "cp_sat",
        "80_HOUR_VIOLATION",
        "80-hour rule, 24+4",
        "AY 2025",
        "2024-25",
        "08:30",
        "12:30:45",
        "07:00-19:00",
        "v1.2.3.4",
        "version 1.2.3.4",
        "Version: 1.2.3.4",
        "1.2.3",
        "build 4.5.6.7",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.1",
        "k6/0.49.0 (https://k6.io/)",
        "curl/8.5.0",
        "max-age=100",
        "public, max-age=95, immutable",
        "age: 100 seconds",
        "age 95%",
        "90 days",
        "95 percent",
        "retry after 95 s",
        "aged 12",
        "age 45",
        "89 years old",
        "90 years",
        "text/html;q=0.9,*/*;q=0.8",
        "gzip, deflate, br",
        "application/json; charset=utf-8",
        "bytes=0-499",
        "bytes 0-499/1234",
        "1..=24",
        "::",
        "::1",
        "127.0.0.1",
        "std::vec::Vec",
        "a::b",
        "Dr",
        "dr smith",
        "Nurse Practitioner",
        "MS Windows",
        "Doctor On Call",
        "Q1 2ND",
        "H1 1ST",
        "P1 5PM",
        "id 41111111-1111-1111-8111-111111111111",
        "license to drive",
        "policy 2024",
        "policy number",
        "patient 12",
        "MRN",
        "zip 1",
        "step 12 Main",
        "https://h.org/f?page=1",
        "https://h.org/f?token=",
        "https://clinic.org/x",
        "token=abcdefgh",
        "tavo@example.com, (212) 555-0142, 000-12-3456",
        "SSN 000123456",
        "HI 00213",
        "Q12 3AB",
        "Q1A 2B3",
        "02:00:00:1a:2b:3c",
        "+49 81 5550142",
        "urn:uuid:41111111-1111-1111-8111-111111111111",
        "rehearsal-replay/0.1.0",
        "W/\"1a2b\"",
        "Kapiolani 12",
        "sha256:9f2c",
        "10% of 100",
    ] {
        assert_eq!(kinds(text), [""; 0], "{text}");
    }
}

#[test]
fn shifted_dates_and_moved_addresses_are_no_leaks() {
    let detectors = Detectors::default();
    let text = "on 2026-01-05 from 203.0.113.9 by Dr. Maria";
    assert_eq!(detectors.within(text).len(), 3);
    let leaks: Vec<_> = within(text).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(leaks, ["name"]);
    let looked_for = DETECTORS.iter().map(|detector| detector.name);
    let looked_for: Vec<_> = looked_for
        .filter(|name| !matches!(*name, "address" | "date"))
        .collect();
    assert_eq!(looked_for, super::super::audit::DETECTED);
}

#[test]
fn a_policy_switches_detectors_off_and_brings_its_own() {
    let own = Own {
        name: "ward".to_owned(),
        pattern: Regex::new("W[0-9]{3}").unwrap(),
        kind: Kind::Id,
        label: "id",
    };
    let detectors = Detectors::new(["postcode", "email"], vec![own]).unwrap();
    assert_eq!(detectors.within("ward W123, SW1A 1AA"), [("id", 5..9)]);
    assert_eq!(detectors.own("W123"), Some(&Kind::Id));
    assert_eq!(detectors.own("W1234"), None);
    assert_eq!(detectors.whole("SW1A 1AA"), None);
    assert_eq!(detectors.whole("ana@clinic.org"), None);
    assert_eq!(detectors.whole("123-45-1203"), Some(Form::Ssn));
    assert_eq!(Detectors::new(["zip"], Vec::new()).unwrap_err(), "zip");
    assert!(Names.to_string().ends_with("street and url"));
}

/// [`whole`] with everything tried on every value.
fn whole_by_patterns(value: &str) -> Option<Form> {
    if value.is_empty() {
        return None;
    }
    let by_form = WHOLE.iter().find(|it| (it.is)(value));
    let by_form = by_form.map(|it| it.form);
    let by_context = || {
        let detectors = DETECTORS
            .iter()
            .filter(|detector| is_contextual(detector.form));
        let is_all = |detector: &&Detector| {
            let mut all = false;
            (detector.find)(value, &mut |place| all |= place == (0..value.len()));
            all
        };
        detectors
            .into_iter()
            .find(is_all)
            .map(|detector| detector.form)
    };
    by_form.or_else(by_context)
}

/// [`Detectors::within`] with everything tried on every text.
fn within_by_patterns(text: &str) -> Vec<(&'static str, Range<usize>)> {
    let text = without_uuids(text);
    let mut found = Vec::new();
    for detector in &DETECTORS {
        (detector.find)(&text, &mut |place| found.push((detector.name, place)));
    }
    found
}

/// Text in which patterns match, nearly match, and stand next to each other.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[0-9]{1,7}",
        "[0-9a-fA-F]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9A-F]{4}-[0-9a-f]{12}",
        "[a-zA-Z.+']{1,5}@[a-z-]{1,4}\\.[a-zA-Z]{1,3}",
        "eyJ[a-z0-9]{4,6}\\.[A-Za-z0-9_-]{4,6}\\.",
        "[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}",
        "(SSN|ſsn|social security number)[ :]{1,2}",
        "[+(]?[0-9]{3}[) .-]{1,2}[0-9]{3}[ .-][0-9]{4}( ?x[0-9]{2})?",
        "(\\+|00)[0-9][0-9 ()/.-]{6,12}[0-9]",
        "[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}",
        "20[0-9]{2}-[01][0-9]-[0-3][0-9][T ]?",
        "[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{2,4}",
        "([0-3]?[0-9] )?(Mar|march|Sept|May)[ .]([0-3]?[0-9],? )?[0-9]{2,4}",
        "[0-2][0-9]:[0-5][0-9](:[0-5][0-9]Z)?",
        "[a-zA-Z]{1,3}:[/]{1,2}[a-z.:@]{1,9}(\\?(a=b&)?(token|Sig|ſig|\u{212a}ey)=[a-z]{3,5})?",
        "[0-9a-f]{0,4}::?[0-9a-f]{0,4}",
        "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}",
        "[0-9a-f]{2}(:[0-9A-F]{2}){5}|[0-9a-f]{2}(-[0-9a-f]{2}){5}",
        "(MRN|mrn|patient id|acct no|license number|EDIPI)[ :#-]{1,2}[A-Z]{0,2}[0-9]{2,6}",
        "(9[0-9]|1[0-4][0-9])( years old|-yr-old|yo| y/o)",
        "(age|aged|Age:|max-age=)[ =]?[0-9]{2,3}",
        "(Dr|Mr|Mrs|CPT|Nurse|Capt)[. ]{1,2}[A-ZÉ][a-zé]{1,4}",
        "(HI|ZIP|TX,|zip code) [0-9]{5}(-[0-9]{4})?",
        "[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}|[A-Z][0-9][A-Z] [0-9][A-Z][0-9]",
        "[0-9]{1,4} [A-Z][a-z]{2,4} (St|Ave|Road)",
        "[٠-٩०-९]{2,5}",
        "[\u{17f}\u{212a}é]{1,2}",
        "[ ,;:@/.+()=?&-]{1,2}",
        "\\PC{0,3}",
    ];
    collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn a_detector_that_is_not_tried_would_find_nothing(text in any_text()) {
        prop_assert_eq!(whole(&text), whole_by_patterns(&text));
        prop_assert_eq!(Detectors::default().within(&text), within_by_patterns(&text));
    }
}

#[test]
fn a_long_number_has_as_many_digits_as_a_long_run() {
    assert!(has_digit_run(&LONG_NUMBER.to_string()));
    assert!(!has_digit_run(&(LONG_NUMBER - 1).to_string()));
}
