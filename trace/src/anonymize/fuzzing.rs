//! What has to hold of the anonymizer, whatever clients and servers send. `fuzz/` tries; its corpus
//! is tried with the tests.

mod script;

use std::cell::OnceCell;

use percent_encoding::percent_decode;
use serde_json::Value;

use super::json::{self, Json, Tape};
use super::policy::Rule;
use super::url::decode_form;
use super::{Anonymizer, Mode, Policy};
use crate::exchange::{Body, Content, Exchange};
use crate::format::fuzzing::exchange_in;
pub use crate::format::fuzzing::reader;
use crate::raw::RawExchange;
use crate::recording::Sample;

/// A word that no rule and no replacement has. Wherever it was sent, it is gone.
const MARK: &str = "zqxMarkedxqz";

/// Exchanges in the form of [`script`]: each becomes a line that can be read, with the bodies' types
/// and shape, with links to what came before, and without the word that was sent.
pub fn anonymizer(bytes: &[u8]) {
    let mut anonymizer = fresh();
    for raw in script::exchanges(bytes) {
        let Some(safe) = anonymizer.apply(&raw) else {
            panic!("an exchange is left out");
        };
        let exchange = written(safe.line());
        no_mark(safe.line());
        keeps_shape(&raw, &exchange.request.body);
        for link in &exchange.links {
            assert!(
                (1..exchange.seq).contains(&link.from),
                "a link to {}",
                link.from
            );
        }
    }
}

/// A path without its first slash, and after a line break a query: both keep their parts, and hold nothing that may not
/// stand there.
pub fn url(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (path, query) = text.split_once('\n').unwrap_or((&text, ""));
    let reference: Vec<u8> = percent_decode(query.replace('+', " ").as_bytes()).collect();
    assert_eq!(decode_form(query), String::from_utf8_lossy(&reference));
    // The proxy takes no other.
    let path = format!("/{path}");
    let raw = script::form(&path, query);
    let mut anonymizer = fresh();
    let Some(safe) = anonymizer.apply(&raw) else {
        panic!("an exchange is left out");
    };
    no_mark(safe.line());
    let request = written(safe.line()).request;
    let count = |text: &str, of: char| text.matches(of).count();
    assert_eq!(count(&path, '/'), count(&request.path, '/'), "segments");
    assert_eq!(
        count(query, '&'),
        count(&request.query, '&'),
        "pairs of the query"
    );
    if let Content::Utf8(form) = &request.body.content {
        assert_eq!(count(query, '&'), count(form, '&'), "pairs of the form");
    }
    for text in [&request.path, &request.query] {
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    }
}

/// Text is JSON exactly when it is for `serde_json`, and means the same.
pub fn json(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut tape = Tape::default();
    let meant: Option<Value> = serde_json::from_str(text).ok();
    assert_eq!(
        tape.read(text, |_| Rule::NONE).map(as_value),
        meant,
        "{text}"
    );
}

fn as_value(json: Json<'_>) -> Value {
    match json.value() {
        json::Value::Null => Value::Null,
        json::Value::Bool(value) => value.into(),
        json::Value::Number(number) => serde_json::Number::from(number).into(),
        json::Value::String(text) => text.into(),
        json::Value::Array(array) => array.items().map(as_value).collect(),
        json::Value::Object(object) => {
            let fields = object.fields();
            let fields = fields.map(|(field, value)| (field.name.to_owned(), as_value(value)));
            Value::Object(fields.collect())
        }
    }
}

fn fresh() -> Anonymizer {
    Anonymizer::new(policy(), &Mode::Tokens, Sample::ALL)
}

/// The shipped policy, which is read once.
fn policy() -> Policy {
    thread_local! {
        static POLICY: OnceCell<Option<Policy>> = const { OnceCell::new() };
    }
    let policy = POLICY.with(|policy| {
        let shipped = || Policy::parse(include_str!("../../../config/anonymize.toml")).ok();
        policy.get_or_init(shipped).clone()
    });
    let Some(policy) = policy else {
        panic!("the shipped policy cannot be read");
    };
    policy
}

fn written(line: &[u8]) -> Exchange {
    let Some(exchange) = exchange_in(line) else {
        panic!("no exchange: {}", String::from_utf8_lossy(line));
    };
    exchange
}

fn no_mark(line: &[u8]) {
    let has_mark = |text: &[u8]| String::from_utf8_lossy(text).contains(MARK);
    let decoded: Vec<u8> = percent_decode(line).collect();
    let twice: Vec<u8> = percent_decode(&decoded).collect();
    for text in [line, &decoded, &twice] {
        assert!(!has_mark(text), "{}", String::from_utf8_lossy(line));
    }
}

/// JSON stays JSON of the same shape, if it could be read at all.
fn keeps_shape(raw: &RawExchange, body: &Body) {
    let value_of = |wanted| {
        let found = raw.request_headers.iter().find(|(name, _)| *name == wanted);
        found.map_or("", |(_, value)| value)
    };
    let plain = value_of("content-encoding").is_empty() && !raw.request_body.truncated();
    if value_of("content-type") != "application/json" || !plain {
        return;
    }
    let Ok(sent) = serde_json::from_slice::<Value>(raw.request_body.kept()) else {
        return;
    };
    let Content::Utf8(text) = &body.content else {
        panic!("JSON became {body:?}");
    };
    let kept: Option<Value> = serde_json::from_str(text).ok();
    assert!(
        kept.is_some_and(|kept| same_shape(&sent, &kept)),
        "{sent} became {text}"
    );
}

fn same_shape(sent: &Value, kept: &Value) -> bool {
    match (sent, kept) {
        (Value::Object(sent), Value::Object(kept)) => {
            let mut pairs = sent.values().zip(kept.values());
            sent.len() == kept.len() && pairs.all(|(sent, kept)| same_shape(sent, kept))
        }
        (Value::Array(sent), Value::Array(kept)) => {
            let mut pairs = sent.iter().zip(kept);
            sent.len() == kept.len() && pairs.all(|(sent, kept)| same_shape(sent, kept))
        }
        (Value::String(_), Value::String(_)) | (Value::Number(_), Value::Number(_)) => true,
        _ => sent == kept,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Tries every file that the corpus of a target has.
    fn corpus(target: &str, try_it: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
        let files = std::fs::read_dir(folder.join(target)).unwrap();
        let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        assert!(files.len() >= 5, "{target} has {} files", files.len());
        for file in files {
            let bytes = std::fs::read(&file).unwrap();
            let tried = std::panic::catch_unwind(|| try_it(&bytes));
            assert!(tried.is_ok(), "{}", file.display());
        }
    }

    #[test]
    fn the_corpus_of_the_reader_holds() {
        corpus("reader", super::reader);
    }

    #[test]
    fn the_corpus_of_the_anonymizer_holds() {
        corpus("anonymizer", super::anonymizer);
    }

    #[test]
    fn the_corpus_of_json_holds() {
        corpus("json", super::json);
    }

    #[test]
    fn the_corpus_of_urls_holds() {
        corpus("url", super::url);
    }
}
