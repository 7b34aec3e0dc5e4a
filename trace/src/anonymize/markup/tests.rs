//! Documents with something planted, and what is no document.

use proptest::collection;
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::*;
use crate::anonymize::scratch::Scratch;

fn scrubbed(text: &str) -> String {
    let document = Markup::read(text).unwrap_or_else(|| panic!("cannot read {text}"));
    Scratch::shipped().scrub().markup(&document)
}

#[track_caller]
fn matches(text: &str, pattern: &str) {
    let pattern = regex::Regex::new(&format!("^{pattern}$")).unwrap();
    let safe = scrubbed(text);
    assert!(pattern.is_match(&safe), "{safe} does not match {pattern}");
}

#[test]
fn names_and_words_that_are_known_stay() {
    let kept = "<person xml:space=\"\" type=\"resident\"><status>pending</status> \
                <pgy_level>3</pgy_level><score>-0.25</score><is_active>true</is_active></person>";
    assert_eq!(scrubbed(kept), kept);
}

#[test]
fn soap_stays_soap() {
    let envelope = "<?xml version='1.0' encoding=\"latin1\"?>\r\n\
        <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
        xmlns:mil='https://clinic.org/miller' xmlns=''>\
        <soapenv:Body><mil:AnaMiller xsi:type=\"mil:Miller\"> <mil:name>Ana</mil:name>\
        </mil:AnaMiller></soapenv:Body></soapenv:Envelope><!-- for Ana -->";
    matches(
        envelope,
        "<\\?xml version=\"1.0\" encoding=\"UTF-8\"\\?>\
         <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:[a-z]{3}=\"https://example.com/[a-z]{17}\" xmlns=\"\">\
         <soapenv:Body><[a-z]{3}:[A-Z][a-z]{2}[A-Z][a-z]{5} xsi:type=\"[a-z]{3}:[A-Z][a-z]{5}\"> \
         <[a-z]{3}:name>[A-Z][a-z]{2}</[a-z]{3}:name></[a-z]{3}:[A-Z][a-z]{2}[A-Z][a-z]{5}>\
         </soapenv:Body></soapenv:Envelope>",
    );
    matches(
        "<x xmlns='http://miller.org/'/>",
        "<[a-z] xmlns=\"https://example.com/[a-z]{11}\"/>",
    );
    let safe = scrubbed(envelope);
    let prefix = &safe.split("xmlns:").nth(2).unwrap()[..3];
    assert_eq!(safe.matches(&format!("{prefix}:")).count(), 5, "{safe}");
}

#[test]
fn what_a_saml_response_says_of_a_person_goes() {
    matches(
        "<samlp:Response ID=\"_7f3\" Version=\"2.0\" IssueInstant=\"2026-02-03T08:00:00Z\">\
         <saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">\
         ana@clinic.org</saml:NameID><saml:Attribute Name=\"rank\"><saml:AttributeValue>\
         Captain Miller</saml:AttributeValue></saml:Attribute></samlp:Response>",
        "<samlp:Response ID=\"_[1-9][a-z][1-9]\" Version=\"2.0\" IssueInstant=\"20\\d\\d-\\d\\d-\\d\\dT08:00:00Z\">\
         <saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">\
         [a-z]{3}[0-9]+@example.com</saml:NameID><saml:Attribute Name=\"[A-Z][a-z]{3}\">\
         <saml:AttributeValue>[A-Z][a-z]{6} [A-Z][a-z]{5}</saml:AttributeValue>\
         </saml:Attribute></samlp:Response>",
    );
}

#[test]
fn a_value_is_one_whatever_cuts_it_up() {
    for text in [
        "<x>123<!-- -->4567</x>",
        "<x>123<?x y?>4567</x>",
        "<x>&#49;23&#x34;567</x>",
        "<x>12<![CDATA[345]]>67</x>",
        "<x>\n 1234567\t</x>",
    ] {
        let safe = scrubbed(text);
        assert!(!safe.contains("123") && !safe.contains("567"), "{safe}");
    }
    matches("<x>\n 1234567\t</x>", "<x>\n [0-9]{7}\t</x>");
}

#[test]
fn what_is_written_is_escaped() {
    matches(
        "<x y='&lt;&#10;\"&amp;'>a&lt;b]]&gt;&#13;</x>",
        "<x y=\"&lt;&#10;&quot;&amp;\">[a-z]&lt;[a-z]]]&gt;&#13;</x>",
    );
    matches(
        "<x><![CDATA[Ana <b> & co]]></x>",
        r"<x><!\[CDATA\[[A-Z][a-z]{2} <[a-z]> & [a-z]{2}]]></x>",
    );
    matches(
        "<x><![CDATA[a]]]]><![CDATA[>b]]></x>",
        "<x>[a-z]]]&gt;[a-z]</x>",
    );
}

#[test]
fn names_that_meet_stay_apart() {
    let attributes: String = ('a'..='z').map(|c| format!(" {c}=\"1\"")).collect();
    let safe = scrubbed(&format!("<Zzyzx{attributes}/>"));
    let again = Markup::read(&safe).unwrap_or_else(|| panic!("not valid: {safe}"));
    assert_eq!(again.values().count(), 26);
}

#[test]
fn names_begin_as_names_do() {
    let mut scratch = Scratch::shipped();
    for n in 0..200 {
        let document = Markup::read(&format!("<abcdef{n:02}/>")).unwrap();
        let safe = scratch.scrub().markup(&document);
        assert!(Markup::read(&safe).is_some(), "{safe}");
    }
}

#[test]
fn what_cannot_be_read_is_none() {
    let deep = "<a>".repeat(DEEPEST + 1) + &"</a>".repeat(DEEPEST + 1);
    let many: String = (0..=MOST_ATTRIBUTES).map(|n| format!(" a{n}=''")).collect();
    let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><l>&b;</l>";
    for text in [
        "",
        "Ana",
        "{\"a\":1}",
        laughs,
        "<!DOCTYPE html><html></html>",
        "<a>&b;</a>",
        "<a x='&b;'/>",
        "<a>&#0;</a>",
        "<a>&#x1f;</a>",
        "<a x='&#8;'/>",
        "<a>\u{1}</a>",
        "<a>&#xffff;</a>",
        "<a>&</a>",
        "<a><b></a></b>",
        "<a>",
        "<a></a></a>",
        "<a/><b/>",
        "<a/>Ana",
        "Ana<a/>",
        "<a/><![CDATA[]]>",
        "<a x=1/>",
        "<a x='1' x='2'/>",
        "<a x='1/>",
        "<a x/>",
        "<1a/>",
        "<a:b:c/>",
        "<:a/>",
        "<a:/>",
        "<a><?xml version='1.0'?></a>",
        "<a",
        "<a><!-- </a>",
        "<br><p>Ana</p>",
        &deep,
        &format!("<a{many}/>"),
    ] {
        assert!(Markup::read(text).is_none(), "{text}");
    }
    let deepest = "<a>".repeat(DEEPEST) + &"</a>".repeat(DEEPEST);
    assert!(Markup::read(&deepest).is_some());
}

#[test]
fn values_are_found_by_name() {
    let document = "<w:Security><w:Username> ana </w:Username><x a:Token=\"t-1\"/></w:Security>";
    let document = Markup::read(document).unwrap();
    let values: Vec<_> = document.values().collect();
    assert_eq!(values, [("Username", "ana"), ("Token", "t-1")]);
}

/// Names of which the policy knows some, and text in which something is planted.
fn any_element() -> impl Strategy<Value = String> {
    let name = || {
        prop_oneof![
            "m[a-f]{1,9}",
            "[a-z]:zmiller[0-9]{0,8}",
            Just("notes".to_owned())
        ]
    };
    let text = || {
        prop_oneof![
            "zmiller[ -%'-;=?-~é]{0,9}",
            "&amp;|&#x41;",
            "[ \t\n]{0,2}",
            "[0-9]{1,3}"
        ]
    };
    let leaf = text().prop_map(|text| text.replace("]]>", ""));
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let attribute = (name(), text())
            .prop_map(|(name, value)| format!(" {name}=\"{}\"", value.replace('"', "&quot;")));
        let attributes = proptest::option::of(attribute);
        (name(), attributes, collection::vec(inner, 0..4)).prop_map(|(name, attributes, inner)| {
            let attributes = attributes.unwrap_or_default();
            format!("<{name}{attributes}>{}</{name}>", inner.concat())
        })
    })
}

/// What is where, without the names and values.
fn structure(document: &Markup) -> Vec<String> {
    let nodes = document.nodes.iter().map(|node| match node {
        Node::Declaration => "declaration".to_owned(),
        Node::End => "end".to_owned(),
        Node::Start(start) => format!("start {}", start.attributes.len()),
        Node::Text { cdata, .. } => format!("text {cdata}"),
    });
    nodes.collect()
}

proptest! {
    #[test]
    fn what_comes_out_has_the_same_structure(inner in any_element()) {
        let text = format!("<notes>{inner}</notes>");
        let document = Markup::read(&text).unwrap();
        let mut scratch = Scratch::shipped();
        let safe = scratch.scrub().markup(&document);
        prop_assert!(!safe.contains("zmiller"), "{} became {}", text, safe);
        let again = Markup::read(&safe);
        prop_assert!(again.is_some(), "{} became {}", text, safe);
        prop_assert_eq!(structure(&again.unwrap()), structure(&document));
        prop_assert_eq!(scratch.scrub().markup(&document), safe);
    }

    #[test]
    fn any_text_is_read_or_not(
        text in "(<|</|>|/>|a|b:|=|'|\"|&|;|#|]]>|<!\\[CDATA\\[|<!--|-->|<\\?xml|\\?>|\\s|\\PC){0,30}",
    ) {
        for text in [format!("<a>{text}</a>"), text] {
            if let Some(document) = Markup::read(&text) {
                let safe = Scratch::shipped().scrub().markup(&document);
                prop_assert!(Markup::read(&safe).is_some(), "{} became {}", text, safe);
            }
        }
    }
}
