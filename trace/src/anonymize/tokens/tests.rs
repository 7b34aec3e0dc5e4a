//! Properties of the map: one token for one original, and nothing in it that can be linked.

use std::collections::HashMap;

use jiff::ToSpan as _;
use proptest::collection;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_assert_ne, prop_oneof,
    proptest,
};
use rand::SeedableRng as _;

use super::super::mode::Key;

use super::*;

fn seeded(seed: u64) -> Tokens {
    Tokens::with_rng(10_000, StdRng::seed_from_u64(seed))
}

#[test]
fn one_original_has_one_replacement_and_no_two_share_it() {
    let mut tokens = seeded(1);
    let mut seen = HashSet::new();
    for id in 0..500 {
        let original = id.to_string();
        let replacement = tokens.replace(&original, Some(&Kind::Id));
        assert!(replacement.parse::<u64>().is_ok(), "{replacement}");
        assert_eq!(tokens.replace(&original, Some(&Kind::Text)), replacement);
        assert!(seen.insert(replacement));
    }
}

#[test]
fn values_beyond_the_limit_are_masked_and_counted() {
    let mut tokens = Tokens::with_rng(1, StdRng::seed_from_u64(1));
    tokens.replace("first", None);
    assert_eq!(tokens.replace("second", None), "xxxxxx");
    assert_eq!(tokens.counts().get("masked"), Some(&1));
}

#[test]
fn a_value_of_any_form_has_a_replacement_that_no_detector_objects_to() {
    let mut tokens = seeded(1);
    for original in [
        "123e4567-e89b-12d3-a456-426614174000",
        "2026-02-28T08:30:00Z",
        "ana@hospital.org",
        "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl",
        "123-45-1203",
        "2001:db8::1",
        "(808) 201-3388",
        "+49 30 1234567",
        "4111 1111 1111 1111",
        "https://ana:pw@hospital.org/x",
        "1234567890",
        "call 808-201-3388 or 123-45-6789",
        "write to maria@hospital.org before friday",
        "\u{1f930}\u{1f930}",
    ] {
        let replacement = tokens.replace(original, None);
        assert_ne!(replacement, original);
        assert_eq!(
            detect::within(&replacement),
            [],
            "{original} became {replacement}"
        );
    }
    assert_eq!(tokens.counts().get("masked"), None);
}

fn keyed(key: &str) -> Tokens {
    let key = Key::new(&key.repeat(32)).unwrap();
    Tokens::new(10_000, &Mode::Keyed(key), Detectors::default())
}

/// Values of every form, short and long, next to values that are nearly the same.
fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,4}",
        "-?[1-9][0-9]{0,18}",
        "-?[0-9]{1,5}\\.[0-9]{1,4}",
        any::<f64>().prop_map(|number| serde_json::json!(number).to_string()),
        "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
        "[a-z]{1,6}(\\+[a-z]{1,3})?@[a-z]{2,5}\\.org",
        "\\([2-9][0-9]{2}\\) [0-9]{3}-[0-9]{4}( x[0-9]{1,3})?",
        "\\+[0-9]{2} [0-9]{2,3} [0-9]{5,8}",
        "[0-9]{3}-[0-9]{2}-[0-9]{4}",
        "(10|192)\\.[0-9]\\.[0-9]\\.[0-9]",
        "2001:db8::[0-9a-f]{1,4}",
        "https://[a-z]{2,5}\\.org/[a-z]{1,9}",
        "[A-Z][a-z]{2,6} [A-Z][a-z]{2,6}",
        "[A-Z]{2,3}-[0-9]{3,6}",
        "[A-Za-z0-9+/]{12}[A-Za-z0-9+/]{3}=",
        "[a-z]{1,3}",
        "\\PC{1,12}",
    ]
}

fn any_kind() -> impl Strategy<Value = Option<Kind>> {
    proptest::option::of(proptest::sample::select(Vec::from(REPLACING)))
}

/// The kinds that put something else in a value's place whatever it is.
const REPLACING: [Kind; 13] = [
    Kind::Address,
    Kind::Credential,
    Kind::Email,
    Kind::Id,
    Kind::Name,
    Kind::Password,
    Kind::Phone,
    Kind::Refresh,
    Kind::Secret,
    Kind::Session,
    Kind::Text,
    Kind::Url,
    Kind::Username,
];

fn is_json_number(text: &str) -> bool {
    is_number(text)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn equal_originals_have_one_token_and_different_ones_never_the_same(
        pool in collection::vec((any_value(), any_kind()), 1..40),
        again in collection::vec((any::<usize>(), any_kind(), any::<bool>()), 0..80),
        key in proptest::option::of("[a-z]"),
        seed: u64,
    ) {
        let mut tokens = key.map_or_else(|| seeded(seed), |key| keyed(&key));
        let mut known: HashMap<String, String> = HashMap::new();
        let pool_once = pool.iter().map(|(value, kind)| (value, kind, false));
        let repeated = again.iter().map(|(place, kind, number)| {
            (&pool[place % pool.len()].0, kind, *number)
        });
        for (value, kind, number) in pool_once.chain(repeated) {
            let replaced = if number && is_json_number(value) {
                tokens.number(value, kind.as_ref())
            } else {
                tokens.replace(value, kind.as_ref())
            };
            let before = known.entry(value.clone()).or_insert_with(|| replaced.clone());
            prop_assert_eq!(&*before, &replaced, "{}", value);
        }
        prop_assert!(!tokens.counts().contains_key("masked"));
        let replaced: HashSet<_> = known.values().collect();
        prop_assert_eq!(replaced.len(), known.len(), "{:?}", known);
    }

    #[test]
    fn a_number_has_one_token_as_a_number_and_as_text(
        number in prop_oneof![any::<i32>().prop_map(f64::from), any::<f64>(), Just(17.0), Just(0.0)],
        seed: u64,
    ) {
        let text = match number {
            whole if whole.fract() == 0.0 && whole.abs() < 1e9 => format!("{whole:.0}").replace("-0", "0"),
            number => serde_json::json!(number).to_string(),
        };
        for kind in [None, Some(Kind::Id), Some(Kind::Text), Some(Kind::Name)] {
            let (mut first, mut second) = (seeded(seed), seeded(seed));
            let as_number = first.number(&text, kind.as_ref());
            prop_assert_eq!(first.replace(&text, Some(&Kind::Id)), as_number.clone());
            let as_text = second.replace(&text, kind.as_ref());
            prop_assert_eq!(second.number(&text, None), as_text.clone());
            prop_assert!(as_text.parse::<serde_json::Number>().is_ok(), "{}", as_text);
            prop_assert_ne!(as_text, text.clone());
        }
    }

    #[test]
    fn a_replacement_keeps_type_and_shape(value in any_value(), seed: u64) {
        let replaced = seeded(seed).replace(&value, None);
        let form = detect::whole(&value);
        let again = detect::whole(&replaced);
        match form {
            // Its check digit is wrong now.
            Some(Form::Card) => prop_assert!(again.is_none() || again == Some(Form::Digits)),
            // A title would make a name of it again, and so would a label a number.
            Some(Form::Account | Form::Jwt | Form::Mrn | Form::Name | Form::Street) => {}
            Some(form) => prop_assert_eq!(again, Some(form), "{} became {}", value, replaced),
            None => {
                let number = |text: &str| text.parse::<serde_json::Number>().ok();
                match (number(&value), number(&replaced)) {
                    (Some(old), Some(new)) => {
                        prop_assert_eq!(old.is_f64(), new.is_f64(), "{} became {}", value, replaced);
                    }
                    (Some(_), None) => panic!("{value} became {replaced}"),
                    (None, _) => {}
                }
            }
        }
        let signs = |text: &str| text.replace(|c: char| c.is_alphanumeric(), "");
        if form.is_none() && value.is_ascii() && !value.contains('{') {
            prop_assert_eq!(signs(&replaced), signs(&value), "{} became {}", value, replaced);
        }
    }

    #[test]
    fn captures_of_one_key_can_be_joined_and_others_cannot(
        values in collection::hash_set("[a-z]{12}|[A-Z][a-z]{7} [A-Z][a-z]{7}|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|2001:db8::[0-9a-f]{4}|[a-z]{9}@a\\.org", 1..20),
        seed: u64,
    ) {
        let (mut one, mut same) = (keyed("k"), keyed("k"));
        let mut others = [keyed("j"), seeded(seed), seeded(seed ^ 1), Tokens::new(100, &Mode::Tokens, Detectors::default())];
        let ordered: Vec<_> = values.iter().collect();
        let of_one: Vec<String> = ordered.iter().map(|value| one.replace(value, None)).collect();
        // In another order, and after others.
        same.replace("someone else", None);
        for (value, replaced) in ordered.iter().zip(&of_one).rev() {
            prop_assert_eq!(&same.replace(value, None), replaced);
            let mut seen = HashSet::from([replaced.clone()]);
            for other in &mut others {
                prop_assert!(seen.insert(other.replace(value, None)), "{} is linked", value);
            }
        }
    }

    #[test]
    fn dates_keep_order_gaps_and_weekdays(a in 0_i32..4000, b in 0_i32..4000, seed: u64) {
        let mut tokens = seeded(seed);
        let day = |n: i32| jiff::civil::date(2020, 1, 1) + n.days();
        let mut shift = |n: i32| tokens.replace(&day(n).to_string(), None)
            .parse::<jiff::civil::Date>().unwrap();
        let (new_a, new_b) = (shift(a), shift(b));
        prop_assert_eq!(new_a.weekday(), day(a).weekday());
        prop_assert_eq!((new_b - new_a).get_days(), b - a);
        prop_assert_ne!(new_a, day(a));
    }

    #[test]
    fn any_value_is_replaced_by_another(original in "\\PC{1,40}", seed: u64) {
        let mut tokens = seeded(seed);
        let replacement = tokens.replace(&original, None);
        if original.chars().any(char::is_alphanumeric) {
            prop_assert_ne!(&replacement, &original);
        }
        prop_assert_eq!(tokens.replace(&original, None), replacement);
    }
}

#[test]
fn no_kind_lets_words_through() {
    let rest = [
        Kind::Age,
        Kind::Choice(vec!["sick".to_owned(), "leave".to_owned()]),
        Kind::Date,
        Kind::Keep(Vec::new()),
    ];
    let values = [
        "(845) 268-6895;password=wraintk",
        "Call Maria Keller at 845-268-6895",
        "+1 845 268 6895 ext 12 (Maria Keller)",
        "192.0.2.77 Maria",
        "Maria 2026-01-02",
        "2026-01-02 Keller",
        "Keller, 98 years old",
        "98 Keller",
        "maria@h.org, Keller <keller@h.org>",
        "https://maria:wraintk@h.org/keller",
        "/keller?password=wraintk",
        "123-45-6789 Maria",
        "Keller 96857-0001",
    ];
    for kind in REPLACING.iter().chain(&rest).map(Some).chain([None]) {
        let mut tokens = Tokens::with_rng(1000, StdRng::seed_from_u64(7));
        for value in values {
            let safe = tokens.replace(value, kind).to_lowercase();
            for word in ["maria", "keller", "wraintk", "password"] {
                assert!(!safe.contains(word), "{kind:?}: {value} became {safe}");
            }
        }
    }
}
