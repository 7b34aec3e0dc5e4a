//! GraphQL documents that can be executed (October 2021, §2).
//!
//! Names that a schema defines stay: of fields, types, arguments, input fields and directives, if
//! they look like names in a program. A client's own names may say anything, as in
//! `ana_miller: person(…)`: aliases, variables, fragments and operations are replaced, unless the
//! policy knows them, as the keys of JSON are, so that the variables and the answer fit. Values,
//! those of enumerations too, go by the rule of their argument. Comments go.
//!
//! Bounded: [`DEEPEST`]; one pass over the text.

mod lexer;

use crate::anonymize::detect;
use crate::anonymize::policy::Kind;
use crate::anonymize::scrub::Scrub;
use crate::format::line;
use lexer::{Lexer, Token, is_name};

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
        self.tokens.number(text, kind)
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
mod tests;
