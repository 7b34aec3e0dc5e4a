//! GraphQL documents that can be executed (October 2021, §2).
//!
//! Names that a schema defines stay: of fields, types, arguments, input fields and directives, if
//! they look like names in a program. A client's own names may say anything, as in
//! `ana_miller: person(…)`: aliases, variables, fragments and operations are replaced, unless the
//! policy knows them, as the keys of JSON are, so that the variables and the answer fit. Values,
//! those of enumerations too, go by the rule of their argument. Comments go.
//!
//! Bounded: [`DEEPEST`]; one pass over the text.

use super::detect;
use super::graphql_lexer::{Lexer, Token, is_name};
use super::policy::Kind;
use super::scrub::Scrub;
use crate::format::line;

/// A document, piece by piece.
pub(super) struct Document<'a> {
    pieces: Vec<Piece<'a>>,
    /// Whether it has a keyword, an argument or fields of fields.
    evident: bool,
}

/// A piece, and what it is.
enum Piece<'a> {
    /// A name of the client's own.
    Chosen(&'a str),
    /// A value of an enumeration, for the argument `of`.
    Enum {
        of: &'a str,
        name: &'a str,
    },
    Number {
        of: &'a str,
        text: &'a str,
    },
    /// The name of an operation, which the field `operationName` of the request repeats.
    Operation(&'a str),
    /// A name of the schema.
    Schema(&'a str),
    Text {
        of: &'a str,
        text: String,
    },
    /// A keyword or a sign.
    Word(&'a str),
}

impl<'a> Document<'a> {
    /// Reads a text that may be a document, such as the field `query` of JSON. What somebody
    /// searches for is one by chance only if it is as simple as `{ana miller}`: then it is not.
    pub(super) fn evident(text: &'a str) -> Option<Self> {
        Self::read(text).filter(|document| document.evident)
    }

    /// Reads the whole of a document.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let mut parser = Parser {
            lexer: Lexer::new(text),
            next: None,
            pieces: Vec::new(),
            evident: false,
            depth: 0,
        };
        parser.advance()?;
        parser.definition()?;
        while parser.next.is_some() {
            parser.definition()?;
        }
        Some(Self {
            pieces: parser.pieces,
            evident: parser.evident,
        })
    }
}

/// Reads by recursive descent: a method for each rule of the grammar (appendix B).
struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The next token; none at the end.
    next: Option<Token<'a>>,
    pieces: Vec<Piece<'a>>,
    evident: bool,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn advance(&mut self) -> Option<()> {
        self.next = self.lexer.token().ok()?;
        Some(())
    }

    fn definition(&mut self) -> Option<()> {
        match self.next {
            Some(Token::Name("fragment")) => self.fragment(),
            Some(Token::Name("query" | "mutation" | "subscription")) => self.operation(),
            _ => self.selections(),
        }
    }

    fn operation(&mut self) -> Option<()> {
        self.evident = true;
        self.keyword()?;
        if let Some(Token::Name(name)) = self.next {
            self.put(Piece::Operation(name))?;
        }
        if self.takes("(")? {
            self.variable_definition()?;
            while !self.takes(")")? {
                self.variable_definition()?;
            }
        }
        self.directives()?;
        self.selections()
    }

    fn fragment(&mut self) -> Option<()> {
        self.evident = true;
        self.keyword()?;
        let name = self.name()?;
        if name == "on" {
            return None;
        }
        self.put(Piece::Chosen(name))?;
        self.type_condition()?;
        self.directives()?;
        self.selections()
    }

    fn variable_definition(&mut self) -> Option<()> {
        let name = self.variable()?;
        self.sign(":")?;
        self.type_reference()?;
        if self.takes("=")? {
            self.value(name)?;
        }
        self.directives()
    }

    fn variable(&mut self) -> Option<&'a str> {
        self.sign("$")?;
        let name = self.name()?;
        self.put(Piece::Chosen(name))?;
        Some(name)
    }

    fn type_reference(&mut self) -> Option<()> {
        self.deeper(|parser| {
            if parser.takes("[")? {
                parser.type_reference()?;
                parser.sign("]")?;
            } else {
                let name = parser.name()?;
                parser.put(Piece::Schema(name))?;
            }
            parser.takes("!")?;
            Some(())
        })
    }

    fn type_condition(&mut self) -> Option<()> {
        if self.name()? != "on" {
            return None;
        }
        self.keyword()?;
        let name = self.name()?;
        self.put(Piece::Schema(name))
    }

    fn selections(&mut self) -> Option<()> {
        self.deeper(|parser| {
            parser.evident |= parser.depth > 1;
            parser.sign("{")?;
            parser.selection()?;
            while !parser.takes("}")? {
                parser.selection()?;
            }
            Some(())
        })
    }

    fn selection(&mut self) -> Option<()> {
        if !self.takes("...")? {
            return self.field();
        }
        match self.next {
            Some(Token::Name("on")) => self.type_condition()?,
            Some(Token::Name(fragment)) => {
                self.put(Piece::Chosen(fragment))?;
                return self.directives();
            }
            _ => {}
        }
        self.directives()?;
        self.selections()
    }

    fn field(&mut self) -> Option<()> {
        let first = self.name()?;
        self.advance()?;
        if self.next == Some(Token::Sign(":")) {
            self.pieces.push(Piece::Chosen(first));
            self.sign(":")?;
            let name = self.name()?;
            self.put(Piece::Schema(name))?;
        } else {
            self.pieces.push(Piece::Schema(first));
        }
        self.arguments()?;
        self.directives()?;
        if self.next == Some(Token::Sign("{")) {
            self.selections()?;
        }
        Some(())
    }

    fn arguments(&mut self) -> Option<()> {
        if self.takes("(")? {
            self.evident = true;
            self.argument()?;
            while !self.takes(")")? {
                self.argument()?;
            }
        }
        Some(())
    }

    /// An argument, or a field of an input object.
    fn argument(&mut self) -> Option<()> {
        let name = self.name()?;
        self.put(Piece::Schema(name))?;
        self.sign(":")?;
        self.value(name)
    }

    fn directives(&mut self) -> Option<()> {
        while self.takes("@")? {
            let name = self.name()?;
            self.put(Piece::Schema(name))?;
            self.arguments()?;
        }
        Some(())
    }

    /// A value of the argument `of`. The items of a list are of it too.
    fn value(&mut self, of: &'a str) -> Option<()> {
        match self.next.take()? {
            Token::Name(word @ ("false" | "null" | "true")) => self.put(Piece::Word(word)),
            Token::Name(name) => self.put(Piece::Enum { of, name }),
            Token::Number(text) => self.put(Piece::Number { of, text }),
            Token::Text(text) => self.put(Piece::Text { of, text }),
            sign => {
                self.next = Some(sign);
                self.deeper(|parser| parser.compound(of))
            }
        }
    }

    fn compound(&mut self, of: &'a str) -> Option<()> {
        if self.next == Some(Token::Sign("$")) {
            self.variable()?;
        } else if self.takes("[")? {
            while !self.takes("]")? {
                self.value(of)?;
            }
        } else {
            self.sign("{")?;
            while !self.takes("}")? {
                self.argument()?;
            }
        }
        Some(())
    }

    /// Reads what may contain itself.
    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        read(self)?;
        self.depth -= 1;
        Some(())
    }

    /// The name that is next.
    fn name(&self) -> Option<&'a str> {
        match self.next {
            Some(Token::Name(name)) => Some(name),
            _ => None,
        }
    }

    /// Puts the token that is next, as what it is.
    fn put(&mut self, piece: Piece<'a>) -> Option<()> {
        self.pieces.push(piece);
        self.advance()
    }

    fn keyword(&mut self) -> Option<()> {
        let word = self.name()?;
        self.put(Piece::Word(word))
    }

    /// Puts the sign if it is next.
    fn takes(&mut self, sign: &'static str) -> Option<bool> {
        let next = self.next == Some(Token::Sign(sign));
        if next {
            self.put(Piece::Word(sign))?;
        }
        Some(next)
    }

    fn sign(&mut self, sign: &'static str) -> Option<()> {
        self.takes(sign)?.then_some(())
    }
}

impl Scrub<'_> {
    /// The document with what no rule keeps replaced: valid, and of the same structure.
    pub(super) fn graphql(&mut self, document: &Document<'_>) -> String {
        let mut out = String::new();
        let mut after_word = false;
        for piece in &document.pieces {
            let text = self.piece(piece);
            let is_sign = text.starts_with(|c: char| SIGNS.contains(c));
            if after_word && !is_sign {
                out.push(' ');
            }
            out.push_str(&text);
            after_word = !is_sign;
        }
        out
    }

    fn piece(&mut self, piece: &Piece<'_>) -> String {
        match piece {
            Piece::Word(word) => (*word).to_owned(),
            Piece::Schema(name) if is_of_schema(name) => (*name).to_owned(),
            Piece::Schema(name) | Piece::Chosen(name) => as_name(self.key(name)),
            Piece::Operation(name) => as_name(self.field("operationName", name)),
            Piece::Enum { of, name } => as_name(self.field(of, name)),
            Piece::Number { of, text } => self.literal_number(of, text),
            Piece::Text { of, text } => {
                let mut quoted = Vec::new();
                line::quoted(&mut quoted, &self.field(of, text));
                // JSON is text.
                String::from_utf8(quoted).unwrap_or_default()
            }
        }
    }

    /// As in JSON: numbers stay, unless a rule says what they are or they are long enough to
    /// identify.
    fn literal_number(&mut self, of: &str, text: &str) -> String {
        let kind = self.policy.field(of);
        let whole = text.split(['.', 'e', 'E']).next().unwrap_or_default();
        if matches!(kind, None | Some(Kind::Keep(_))) && !detect::has_digit_run(whole) {
            return text.to_owned();
        }
        self.identifier |= matches!(kind, Some(Kind::Id));
        self.tokens.number(text)
    }
}

/// Whether a name looks like one in a program, rather than like data.
fn is_of_schema(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && !detect::has_digit_run(name)
        && detect::whole(name).is_none()
        && detect::within(name).is_empty()
}

/// What stands for a name, as one that the grammar allows.
fn as_name(safe: String) -> String {
    if is_name(&safe) {
        return safe;
    }
    let word = safe.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("_{word}")
}

/// What may follow anything without a space.
const SIGNS: &str = "!$()[]{}:=@.";

/// How deep selections, lists and objects may be nested.
const DEEPEST: usize = 64;

/// The longest name that stays, in bytes.
const LONGEST_NAME: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::collection;
    use proptest::prelude::{
        Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
    };

    use super::super::scratch::Scratch;
    use super::*;

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
        assert!(!scrubbed("{a(mrn:77410,x:\"77410\")}").contains("mrn:77410"));
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
                collection::vec(inner.clone(), 0..3)
                    .prop_map(|items| format!("[{}]", items.join(","))),
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
}
