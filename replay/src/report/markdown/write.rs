//! Markdown in which nothing that comes from elsewhere is markup.
//!
//! Pure. Characters that mean something become entities, which Markdown never takes for markup.

use std::fmt::Write as _;
use std::mem;

/// Text that was not written by us, as code: there, GitHub looks for no names and numbers either.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text, MOST_CHARS))
}

/// A sentence that may have such text in it.
pub(super) fn prose(text: &str) -> String {
    // Anybody of that name would be told, and anything of that number be linked to.
    let alone = |mark: &str| format!("<code>{mark}</code>");
    let text = escaped(text, 2 * MOST_CHARS);
    text.replace("&#64;", &alone("&#64;"))
        .replace("&#35;", &alone("&#35;"))
}

/// A list of sentences.
pub(super) fn list(sentences: &[String], most: usize) -> String {
    if sentences.is_empty() {
        return String::new();
    }
    let shown = sentences.iter().take(most);
    let shown: String = shown.map(|it| format!("- {}\n", prose(it))).collect();
    match sentences.len().saturating_sub(most) {
        0 => shown + "\n",
        more => format!("{shown}- {more} more in summary.json\n\n"),
    }
}

/// A table of cells that are Markdown already; columns that are `true` stand to the right.
pub(super) fn table(head: &[(&str, bool)], rows: &[Vec<String>], most: usize) -> String {
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = "|".to_owned();
        for cell in cells {
            line.push(' ');
            line.push_str(cell);
            line.push_str(" |");
        }
        line + "\n"
    };
    let sides = head
        .iter()
        .map(|(_, right)| if *right { "--:" } else { "---" });
    let shown = rows.iter().take(most);
    let shown = shown.map(|row| line(&mut row.iter().map(String::as_str)));
    let mut table = line(&mut head.iter().map(|(name, _)| *name)) + &line(&mut { sides });
    table.extend(shown);
    match rows.len().saturating_sub(most) {
        0 => table + "\n",
        more => format!("{table}\n{more} more in summary.json\n\n"),
    }
}

/// A table, folded up where it is long.
pub(super) fn folded(
    title: &str,
    head: &[(&str, bool)],
    rows: &[Vec<String>],
    most: usize,
) -> String {
    let table = table(head, rows, most);
    match rows.len() {
        0..=LONG => table,
        count => format!("<details><summary>{title} ({count})</summary>\n\n{table}</details>\n\n"),
    }
}

/// The text in one line, not endless, with every character that could mean something as an entity.
fn escaped(text: &str, most: usize) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut chars = text.chars().take(most).peekable();
    let mut is_in_word = false;
    while let Some(c) = chars.next() {
        let was_in_word = mem::replace(&mut is_in_word, c.is_alphanumeric());
        let goes_on = chars.peek().is_some_and(|next| next.is_alphanumeric());
        match c {
            c if c.is_alphanumeric() => escaped.push(c),
            // Within a word, as in `http_reqs`, it means nothing.
            '_' if was_in_word && goes_on => escaped.push('_'),
            ' ' | '/' | '.' | ',' | ':' | ';' | '-' | '(' | ')' | '{' | '}' | '%' | '=' | '?'
            | '+' | '\'' | '"' => escaped.push(c),
            c if c.is_control() || c.is_whitespace() => escaped.push(' '),
            c if c.is_ascii() => {
                let written = write!(escaped, "&#{};", u32::from(c));
                debug_assert!(written.is_ok(), "memory takes all");
            }
            c => escaped.push(c),
        }
    }
    if text.chars().nth(most).is_some() {
        escaped.push('…');
    }
    escaped
}

/// No route or name is longer.
const MOST_CHARS: usize = 160;

/// What is longer is folded up.
const LONG: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_is_no_markup() {
        assert_eq!(
            code("GET /a|b/{id}_`<script>&amp;\n@team #1"),
            "<code>GET /a&#124;b/{id}&#95;&#96;&#60;script&#62;&#38;amp; &#64;team &#35;1</code>"
        );
        assert_eq!(
            prose("*it* is 5 % of [a](b)"),
            "&#42;it&#42; is 5 % of &#91;a&#93;(b)"
        );
        assert_eq!(
            prose("@team #1"),
            "<code>&#64;</code>team <code>&#35;</code>1"
        );
        assert_eq!(code(&"x".repeat(500)).len(), 160 + "<code>…</code>".len());
    }

    #[test]
    fn tables_and_lists_are_cut() {
        let rows: Vec<_> = (0..3)
            .map(|row| vec![format!("{row}"), "x".to_owned()])
            .collect();
        assert_eq!(
            table(&[("n", true), ("x", false)], &rows, 2),
            "| n | x |\n| --: | --- |\n| 0 | x |\n| 1 | x |\n\n1 more in summary.json\n\n"
        );
        assert_eq!(
            list(&["a".to_owned(), "b".to_owned()], 1),
            "- a\n- 1 more in summary.json\n\n"
        );
        assert_eq!(list(&[], 1), "");
    }
}
