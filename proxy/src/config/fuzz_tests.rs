//! Configurations as typing errors make them: each is read or refused in words, and nothing breaks.

use proptest::prelude::*;

use super::tests::Fake;
use super::*;

/// What ships, with every kind of key in it.
const SHIPPED: &str = include_str!("../../../config/proxy.toml");

/// One thing that is done to a text.
#[derive(Debug, Clone)]
enum Slip {
    /// A line is left out.
    Drop(usize),
    /// A line stands again, somewhere else.
    Copy(usize, usize),
    /// A key gets another value.
    Value(usize, String),
    /// Something is typed in the middle of a line.
    Type(usize, usize, String),
}

fn slip() -> impl Strategy<Value = Slip> {
    const VALUES: [&str; 26] = [
        "true",
        "0",
        "-1",
        "1.5",
        "4294967296",
        "0x10",
        "nan",
        "1979-05-27",
        "\"\"",
        "\" \"",
        "\"none\"",
        "\"/\"",
        "\"0s\"",
        "\"1/0s\"",
        "\"4294967295/24h\"",
        "\"1000000/s\"",
        "\"99999999999999999999B\"",
        "\"header:\"",
        "[]",
        "[[]]",
        "[1, \"a\"]",
        "{}",
        "{ a = 1 }",
        "{ rate = \"1/s\" }",
        "[{}]",
        "\"\\u00e9\\n\\u0000\"",
    ];
    let line = 0usize..400;
    let value = prop::sample::select(VALUES.as_slice()).prop_map(str::to_owned);
    let typed = prop_oneof!["[\\[\\]{}\"'=.#\\n ,a]{1,3}", "\\PC{1,3}"];
    prop_oneof![
        1 => line.clone().prop_map(Slip::Drop),
        1 => (line.clone(), line.clone()).prop_map(|(from, to)| Slip::Copy(from, to)),
        4 => (line.clone(), value).prop_map(|(line, value)| Slip::Value(line, value)),
        2 => (line, 0usize..80, typed).prop_map(|(line, at, text)| Slip::Type(line, at, text)),
    ]
}

fn apply(text: &str, slip: &Slip) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let count = lines.len().max(1);
    match slip {
        _ if lines.is_empty() => {}
        Slip::Drop(line) => drop(lines.remove(line % count)),
        Slip::Copy(from, to) => {
            let line = lines[from % count].clone();
            lines.insert(to % count, line);
        }
        Slip::Value(line, value) => {
            let line = &mut lines[line % count];
            if let Some((key, _)) = line.split_once('=') {
                *line = format!("{key}= {value}");
            }
        }
        Slip::Type(line, at, typed) => {
            let line = &mut lines[line % count];
            let at = line.char_indices().map(|(at, _)| at).nth(*at);
            // A name would be looked up.
            if !line.contains("address") {
                line.insert_str(at.unwrap_or(line.len()), typed);
            }
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn slips_are_mistakes_and_nothing_worse(slips in prop::collection::vec(slip(), 1..6)) {
        // Names are not looked up in a test.
        let text = slips.iter().fold(SHIPPED.to_owned(), |text, slip| apply(&text, slip));
        let lines = text.lines().count();
        match parse(&text, &Fake) {
            Ok(settings) => prop_assert!(!settings.routes.is_empty()),
            Err(mistakes) => {
                prop_assert!(!mistakes.is_empty());
                for mistake in mistakes {
                    prop_assert!((1..=lines.max(1)).contains(&mistake.line), "{mistake}");
                    let shown = mistake.to_string();
                    prop_assert!(!shown.contains(char::is_control), "{shown:?}");
                    prop_assert!(!shown.contains("0123456789abcdef"), "{shown}");
                }
            }
        }
    }

    #[test]
    fn no_text_breaks_it(text in "[\\PC\\n]{0,200}") {
        drop(parse(&text, &Fake));
    }
}
