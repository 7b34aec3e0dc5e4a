//! Documents with something planted, and what is no document.

use proptest::collection;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::*;
use crate::anonymize::scratch::Scratch;

fn scrubbed(text: &str) -> String {
    let document = Document::read(text).unwrap_or_else(|| panic!("cannot read {text}"));
    Scratch::shipped().scrub().graphql(&document)
}

#[track_caller]
fn matches(text: &str, pattern: &str) {
    let pattern = regex::Regex::new(&format!("^{pattern}$")).unwrap();
    let safe = scrubbed(text);
    assert!(pattern.is_match(&safe), "{safe} does not match {pattern}");
}

#[test]
fn what_a_schema_defines_stays() {
    matches(
        "# for Ana Miller\nquery Residents($pgy: [Int!]! = [1, 2], $x: Boolean = true @deprecated) {\n\
         people(pgyLevel: $pgy, filter: {role: resident, limit: 10}) @include(if: $x) {\n\
         __typename, fullName ... on Faculty { weeklyHours(ratio: -0.5) } ...Contact } }\n\
         fragment Contact on Person { email }",
        "query [A-Z][a-z]{8}\\(\\$[a-z]{3}:\\[Int!]!=\\[1 2]\\$[a-z]+:Boolean=true@deprecated\\)\\{\
         people\\(pgyLevel:\\$[a-z]{3} filter:\\{role:resident limit:10}\\)@include\\(if:\\$[a-z]+\\)\\{\
         __typename fullName\\.\\.\\.on Faculty\\{weeklyHours\\(ratio:-0.5\\)}\\.\\.\\.[A-Z][a-z]{6}}}\
         fragment [A-Z][a-z]{6} on Person\\{email}",
    );
}

#[test]
fn values_go_by_the_rule_of_their_argument() {
    matches(
        r#"{ a(firstName: "Ana", status: "pending", note: """
             Back pain
           """, email: ["ana@clinic.org"], in: {mrn: 77410, lat: 12345678.5, day: "2026-02-03"}) }"#,
        r#"\{a\(firstName:"[A-Z][a-z]{2}" status:"pending" note:"[A-Z][a-z]{3} [a-z]{4}" email:\["[a-z]{3}[0-9]+@example.com"]in:\{mrn:[0-9]{5} lat:[0-9]{8}\.[0-9] day:"\d{4}-\d\d-\d\d"}\)}"#,
    );
    let safe = scrubbed("{a(mrn:77410,x:12345678,y:-1.5E3)}");
    assert!(
        !safe.contains("77410") && !safe.contains("12345678"),
        "{safe}"
    );
    assert!(safe.ends_with(" y:-1.5E3)}"), "{safe}");
}

#[test]
fn words_of_enumerations_stay_where_a_rule_keeps_them() {
    assert_eq!(scrubbed("{a(status:pending)}"), "{a(status:pending)}");
    matches("{a(status:MILLER)}", r"\{a\(status:[A-Z]{6}\)}");
    matches("{a(who:MILLER_ANA)}", r"\{a\(who:[A-Z]{6}_[A-Z]{3}\)}");
    // What a rule makes of it is no word.
    matches(
        "{a(email:MILLER)}",
        r"\{a\(email:_[a-z]{6}[0-9]+_example_com\)}",
    );
}

#[test]
fn names_of_the_client_go_together() {
    let safe = scrubbed(
        "query Miller($ana: ID) { ana_miller: person(id: $ana) { ...Miller ...Boss } } \
         fragment Boss on Person { id }",
    );
    assert!(
        !safe.to_lowercase().contains("miller") && !safe.contains("ana"),
        "{safe}"
    );
    let variable = &safe[safe.find('$').unwrap() + 1..][..3];
    assert!(safe.contains(&format!("id:${variable})")), "{safe}");
    assert!(!safe.contains("Boss"), "{safe}");
}

#[test]
fn client_names_are_those_of_the_json_around_them() {
    let mut scratch = Scratch::shipped();
    let mut scrub = scratch.scrub();
    let json = [
        scrub.key("wardId"),
        scrub.key("ana_miller"),
        scrub.field("operationName", "Ward"),
    ];
    let [variable, alias, operation] = json;
    let document = "query Ward($wardId:ID){ana_miller:ward(id:$wardId){id}}";
    let safe = scrub.graphql(&Document::read(document).unwrap());
    let expected =
        format!("query {operation}(${variable}:ID){{{alias}:ward(id:${variable}){{id}}}}");
    assert_eq!(safe, expected);
}

#[test]
fn names_that_are_data_go() {
    let long = "a".repeat(LONGEST_NAME + 1);
    for name in ["mrn_1234567", "t8082013388", long.as_str()] {
        let safe = scrubbed(&format!("{{{name}}}"));
        assert!(!safe.contains(name), "{safe}");
        assert!(Document::read(&safe).is_some(), "{safe}");
    }
}

#[test]
fn strings_side_by_side_stay_apart() {
    assert_eq!(scrubbed(r#"{a(b:["","",""])}"#), r#"{a(b:["" "" ""])}"#);
}

#[test]
fn what_somebody_types_is_no_document() {
    for text in [
        "",
        "query",
        "{",
        "{x",
        "{x}",
        "{ana miller}",
        "{ana, miller}",
        "Ana Miller",
        "{}",
        "{\"a\":1}",
        "query {",
        "mutation",
        "fragment",
        "{ana} miller",
        "subscription to news",
        "query {x} and more",
    ] {
        assert!(Document::evident(text).is_none(), "{text}");
    }
    for text in [
        "{a{b}}",
        "{a(b:1)}",
        "query{x}",
        "mutation M{a}",
        "{...F} fragment F on A{b}",
    ] {
        assert!(Document::evident(text).is_some(), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_none() {
    let deep = "{a".repeat(DEEPEST + 1) + &"}".repeat(DEEPEST + 1);
    let listed = format!("{{a(b:{}{})}}", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
    let typed = format!(
        "query($a:{}A{}){{b}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    for text in [
        "type Person { name: String }",
        "query Q() {a}",
        "query Q($a) {a}",
        "query Q(a: Int) {a}",
        "query ($a: Int = ) {a}",
        "{a()}",
        "{a(b)}",
        "{a(b:)}",
        "{a(b:1}",
        "{a{}}",
        "{a: }",
        "{a:b:c}",
        "{... }",
        "{...on}",
        "{a(b:{c})}",
        "{a(b:$)}",
        "{a @}",
        "{a}}",
        "fragment on on A {b}",
        "fragment F {b}",
        "{a(b:(c))}",
        &deep,
        &listed,
        &typed,
    ] {
        assert!(Document::read(text).is_none(), "{text:.80}");
    }
    let deepest = "{a".repeat(DEEPEST) + &"}".repeat(DEEPEST);
    assert!(Document::read(&deepest).is_some());
}

/// A value in which something is planted, where it is not of the schema.
fn any_value() -> impl Strategy<Value = String> {
    let planted = prop_oneof![
        "zmiller[ -~é]{0,12}".prop_map(|text| serde_json::Value::from(text).to_string()),
        "\"\"\"\n? {0,3}zmiller[ a-z]{0,5}\n?\"\"\"",
        "ZMILLER_?[A-Z0-9]{0,4}",
        "\\$zmiller[0-9]{0,2}",
        any::<i16>().prop_map(|number| number.to_string()),
        "true|null",
    ];
    planted.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(","))),
            collection::vec(("[a-z]{1,5}", inner), 0..3).prop_map(|fields| {
                let fields = fields.iter().map(|(name, value)| format!("{name}:{value}"));
                format!("{{{}}}", fields.collect::<Vec<_>>().join("\n"))
            }),
        ]
    })
}

fn any_selection() -> impl Strategy<Value = String> {
    let leaf = prop_oneof!["[a-z]{1,6}", Just("...zmillerF".to_owned())];
    leaf.prop_recursive(3, 16, 3, |inner| {
        let alias = prop_oneof![Just(""), Just("zmiller:"), Just("zmiller_2 :")];
        let inner = collection::vec(inner, 1..3);
        (alias, "[a-z]{1,6}", any_value(), inner).prop_map(|(alias, name, value, inner)| {
            format!(
                "{alias}{name}(v:{value})@skip(if:{value}){{{}}}",
                inner.join(" ")
            )
        })
    })
}

/// What is where, without the names and values.
fn structure(document: &Document<'_>) -> Vec<&'static str> {
    let pieces = document.pieces.iter().map(|piece| match piece {
        Piece::Chosen(_) => "chosen",
        Piece::Enum { .. } => "enum",
        Piece::Number { .. } => "number",
        Piece::Operation(_) => "operation",
        Piece::Schema(_) => "schema",
        Piece::Text { .. } => "text",
        Piece::Word(_) => "word",
    });
    pieces.collect()
}

proptest! {
    #[test]
    fn what_comes_out_has_the_same_structure(
        selection in any_selection(),
        operation in "(query zmiller[0-9]{0,3}(\\(\\$zmiller:T\\))?)?",
    ) {
        let text = format!("{operation}{{{selection}}} fragment zmillerF on A {{b}}");
        let document = Document::evident(&text);
        prop_assert!(document.is_some(), "{}", text);
        let document = document.unwrap();
        let mut scratch = Scratch::shipped();
        let safe = scratch.scrub().graphql(&document);
        prop_assert!(!safe.to_lowercase().contains("zmiller"), "{} became {}", text, safe);
        let again = Document::read(&safe);
        prop_assert!(again.is_some(), "{} became {}", text, safe);
        prop_assert_eq!(structure(&again.unwrap()), structure(&document));
        prop_assert_eq!(scratch.scrub().graphql(&document), safe);
    }

    #[test]
    fn any_text_is_read_or_not(
        text in "(\\{|\\}|\\(|\\)|a|on |query |fragment |:|\\.\\.\\.|\\$|@|=|\\[|\\]|!|1|-|\"|\\\\|#|\n| |,|\\PC){0,24}",
    ) {
        for text in [format!("{{a{text}}}"), format!("{{a(b:{text})}}"), text] {
            if let Some(document) = Document::read(&text) {
                let safe = Scratch::shipped().scrub().graphql(&document);
                prop_assert!(Document::read(&safe).is_some(), "{} became {}", text, safe);
            }
        }
    }
}
