//! The tokens of GraphQL (October 2021, §2.1).

/// A token that counts.
#[derive(PartialEq)]
pub(super) enum Token<'a> {
    Name(&'a str),
    Number(&'a str),
    Sign(&'static str),
    /// A string, of either notation, as what it means.
    Text(String),
}

/// What is no token.
pub(super) struct Invalid;

/// Reads a text token by token.
pub(super) struct Lexer<'a> {
    rest: &'a str,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// The next token; none at the end.
    pub(super) fn token(&mut self) -> Result<Option<Token<'a>>, Invalid> {
        self.skip();
        let Some(first) = self.rest.bytes().next() else {
            return Ok(None);
        };
        let token = match first {
            b'"' => self.text(),
            b'-' | b'0'..=b'9' => self.number(),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => Some(Token::Name(self.take_while(is_name_byte))),
            _ => {
                let sign = SIGNS.into_iter().find(|sign| self.rest.starts_with(sign));
                sign.map(|sign| {
                    self.take(sign.len());
                    Token::Sign(sign)
                })
            }
        };
        token.map(Some).ok_or(Invalid)
    }

    /// Skips what does not count: white space, commas, comments.
    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches(IGNORED);
            if !self.rest.starts_with('#') {
                return;
            }
            let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
            self.take(end);
        }
    }

    fn number(&mut self) -> Option<Token<'a>> {
        let is_digit = |byte: u8| byte.is_ascii_digit();
        let text = self.rest;
        self.skip_if(&['-']);
        let whole = self.take_while(is_digit);
        if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
            return None;
        }
        if self.skip_if(&['.']) && self.take_while(is_digit).is_empty() {
            return None;
        }
        if self.skip_if(&['e', 'E']) {
            self.skip_if(&['+', '-']);
            if self.take_while(is_digit).is_empty() {
                return None;
            }
        }
        let goes_on = self
            .rest
            .starts_with(|c| c == '.' || c == '_' || char::is_alphanumeric(c));
        (!goes_on).then(|| Token::Number(&text[..text.len() - self.rest.len()]))
    }

    fn text(&mut self) -> Option<Token<'a>> {
        if self.rest.starts_with("\"\"\"") {
            self.block_text()
        } else {
            self.short_text()
        }
    }

    fn short_text(&mut self) -> Option<Token<'a>> {
        let mut text = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        loop {
            let (at, c) = characters.next()?;
            match c {
                '"' => {
                    self.take(at + 1);
                    return Some(Token::Text(text));
                }
                '\\' => text.push(escaped(&mut characters.by_ref().map(|(_, c)| c))?),
                '\t' | ' '.. => text.push(c),
                _ => return None,
            }
        }
    }

    /// A string over several lines, in which nothing is escaped but its own end.
    fn block_text(&mut self) -> Option<Token<'a>> {
        self.take(3);
        let mut raw = String::new();
        loop {
            let end = self.rest.find("\"\"\"")?;
            let before = self.take(end);
            self.take(3);
            match before.strip_suffix('\\') {
                Some(before) => raw.extend([before, "\"\"\""]),
                None => {
                    raw.push_str(before);
                    return Some(Token::Text(dedented(&raw)));
                }
            }
        }
    }

    fn skip_if(&mut self, characters: &[char]) -> bool {
        let rest = self.rest.strip_prefix(characters);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn take_while(&mut self, of: impl Fn(u8) -> bool) -> &'a str {
        let end = self.rest.bytes().position(|byte| !of(byte));
        self.take(end.unwrap_or(self.rest.len()))
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }
}

/// The character that an escape sequence means; `characters` follow the backslash.
fn escaped(characters: &mut impl Iterator<Item = char>) -> Option<char> {
    Some(match characters.next()? {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        same @ ('"' | '\\' | '/') => same,
        'u' => {
            let high = unit(characters)?;
            match char::from_u32(high) {
                Some(c) => c,
                None if characters.next()? == '\\' && characters.next()? == 'u' => {
                    let pair = [high, unit(characters)?].map(|unit| u16::try_from(unit).ok());
                    char::decode_utf16([pair[0]?, pair[1]?]).next()?.ok()?
                }
                None => return None,
            }
        }
        _ => return None,
    })
}

/// Four hexadecimal digits.
fn unit(characters: &mut impl Iterator<Item = char>) -> Option<u32> {
    (0..4).try_fold(0, |unit, _| {
        Some(unit * 16 + characters.next()?.to_digit(16)?)
    })
}

/// What a block string means (§2.9.4): without the indentation that all but its first line have,
/// and without blank lines at either end.
fn dedented(raw: &str) -> String {
    let raw = raw.replace("\r\n", "\n").replace('\r', "\n");
    let is_blank = |line: &str| line.trim_matches(BLANK).is_empty();
    let indent = |line: &str| line.len() - line.trim_start_matches(BLANK).len();
    let rest = || raw.split('\n').skip(1).filter(|line| !is_blank(line));
    let common = rest().map(indent).min().unwrap_or_default();
    let lines = raw
        .split('\n')
        .enumerate()
        .map(|(place, line)| match place {
            0 => line,
            _ => line.get(common..).unwrap_or_default(),
        });
    let mut lines: Vec<&str> = lines.skip_while(|line| is_blank(line)).collect();
    while lines.last().is_some_and(|line| is_blank(line)) {
        lines.pop();
    }
    lines.join("\n")
}

/// Whether `text` is a name by the grammar.
pub(super) fn is_name(text: &str) -> bool {
    text.bytes().all(is_name_byte)
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Those of documents that can be executed: `&` and `|` are for definitions of types.
const SIGNS: [&str; 12] = ["!", "$", "(", ")", "...", ":", "=", "@", "[", "]", "{", "}"];

const IGNORED: [char; 6] = ['\u{feff}', '\t', ' ', '\n', '\r', ','];

/// White space within a line.
const BLANK: [char; 2] = [' ', '\t'];

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens in brief; `None` where something is no token.
    fn tokens(text: &str) -> Option<String> {
        let mut lexer = Lexer::new(text);
        let mut tokens = Vec::new();
        while let Some(token) = lexer.token().ok()? {
            tokens.push(match token {
                Token::Name(name) => name.to_owned(),
                Token::Number(number) => format!("#{number}"),
                Token::Sign(sign) => sign.to_owned(),
                Token::Text(text) => format!("<{text}>"),
            });
        }
        Some(tokens.join(" "))
    }

    #[test]
    fn tokens_are_told_apart() {
        for (text, expected) in [
            ("", ""),
            ("\u{feff} ,\t# all \u{7} of it\r\n,", ""),
            ("_a1 B", "_a1 B"),
            ("{a(b:1)...c@d}", "{ a ( b : #1 ) ... c @ d }"),
            ("0 -1 1.5e-3 1E+9 -0.0", "#0 #-1 #1.5e-3 #1E+9 #-0.0"),
            (r#""" "a\"b\\\/\u00e9""#, "<> <a\"b\\/é>"),
            (r#""\ud83e\udd30\n\t""#, "<\u{1f930}\n\t>"),
            ("\"\"\" # no comment \"\"\"x", "< # no comment > x"),
        ] {
            assert_eq!(tokens(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in [
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "1.x",
            "1a",
            "1_",
            "1.2.3",
            "--1",
            "a-b",
            "é",
            "..",
            "'a'",
            "a;b",
            "&",
            "a|b",
            "\"",
            "\"a\nb\"",
            "\"\u{1}\"",
            r#""\x""#,
            r#""\u00g0""#,
            r#""\ud800""#,
            r#""\ud800\u0041""#,
            r#""\"#,
            "\"\"\"a",
            "\"\"\"a\\\"\"\"",
            "\"\"\"a\"\"",
        ] {
            assert_eq!(tokens(text), None, "{text}");
        }
    }

    #[test]
    fn block_strings_lose_their_indentation() {
        for (block, expected) in [
            ("", ""),
            ("a", "a"),
            ("  a", "  a"),
            (
                "\n    Hello,\r\n      World!\n\n    Yours,\n  \n",
                "Hello,\n  World!\n\nYours,",
            ),
            ("first\n  second\n\tthird", "first\n second\nthird"),
            ("\n \n\t\n", ""),
            ("a\n \n    é", "a\n\né"),
            ("\n  x \\\"\"\" y \\n", "x \"\"\" y \\n"),
        ] {
            let text = format!("\"\"\"{block}\"\"\"");
            assert_eq!(tokens(&text), Some(format!("<{expected}>")), "{block}");
        }
    }
}
