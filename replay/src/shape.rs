//! How the shape of a live JSON answer differs from the recorded one.
//!
//! Pure. The grammar of shapes is in `captures/README.md`.

use serde_json::{Map, Value};

/// A difference, and where it is: a JSON pointer with `*` for any item of a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Difference {
    /// Where.
    pub(crate) at: String,
    /// What.
    pub(crate) what: What,
}

/// What is different.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// A field that was recorded is not there.
    Gone,
    /// A list has another length.
    Length,
    /// There is a field that was not recorded.
    New,
    /// A value is of another type.
    Type,
}

impl What {
    /// Its name in the summary.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Length => "length",
            Self::New => "new",
            Self::Type => "type",
        }
    }
}

/// Whether a recorded shape is that of JSON with something in it.
pub(crate) fn is_comparable(shape: &str) -> bool {
    shape.starts_with(['{', '['])
}

/// All differences, each once.
pub(crate) fn differences(recorded: &Value, live: &Value) -> Vec<Difference> {
    let mut comparing = Comparing {
        at: String::new(),
        found: Vec::new(),
    };
    comparing.value(recorded, live);
    comparing.found.sort();
    comparing.found.dedup();
    comparing.found
}

struct Comparing {
    at: String,
    found: Vec<Difference>,
}

impl Comparing {
    fn value(&mut self, recorded: &Value, live: &Value) {
        if self.found.len() >= MOST {
            return;
        }
        match (recorded, live) {
            (Value::Object(recorded), Value::Object(live)) => self.object(recorded, live),
            (Value::Array(recorded), Value::Array(live)) => self.list(recorded, live),
            _ if kind(recorded) == live_kind(live) || is_number_id(recorded, live) => {}
            _ => self.add(What::Type),
        }
    }

    fn object(&mut self, recorded: &Map<String, Value>, live: &Map<String, Value>) {
        if is_dictionary(recorded) || is_dictionary(live) {
            return self.dictionary(recorded, live);
        }
        for (name, value) in recorded {
            let length = self.enter(name);
            match live.get(name) {
                Some(live) => self.value(value, live),
                None => self.add(What::Gone),
            }
            self.at.truncate(length);
        }
        for name in live.keys().filter(|name| !recorded.contains_key(*name)) {
            let length = self.enter(name);
            self.add(What::New);
            self.at.truncate(length);
        }
    }

    /// One whose names are data is like a list.
    fn dictionary(&mut self, recorded: &Map<String, Value>, live: &Map<String, Value>) {
        if recorded.len() != live.len() {
            self.add(What::Length);
        }
        if let (Some(item), Some(first)) = (recorded.values().next(), live.values().next()) {
            let length = self.enter("*");
            self.value(item, first);
            self.at.truncate(length);
        }
    }

    /// A recorded list is its length and the first item for all of them.
    fn list(&mut self, recorded: &[Value], live: &[Value]) {
        let length = recorded.first().and_then(Value::as_str);
        let length = length.and_then(|text| text.strip_prefix("array(")?.strip_suffix(')'));
        if length.and_then(|length| length.parse().ok()) != Some(live.len()) {
            self.add(What::Length);
        }
        if let (Some(item), Some(first)) = (recorded.get(1), live.first()) {
            let length = self.enter("*");
            self.value(item, first);
            self.at.truncate(length);
        }
    }

    fn enter(&mut self, name: &str) -> usize {
        let length = self.at.len();
        self.at.push('/');
        self.at
            .push_str(&name.replace('~', "~0").replace('/', "~1"));
        length
    }

    fn add(&mut self, what: What) {
        let at = self.at.clone();
        self.found.push(Difference { at, what });
    }
}

/// Whether an object has a name that no field would have: an address, a date, an identifier, a name
/// of a person. Such names are in no report.
fn is_dictionary(object: &Map<String, Value>) -> bool {
    let is_field = |name: &str| {
        let letters = name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-$@:.".contains(&b));
        let digits = name.bytes().filter(u8::is_ascii_digit).count();
        let begins = name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
        begins && letters && digits <= 4 && name.len() <= 48 && !name[1..].contains('@')
    };
    object.keys().any(|name| !is_field(name))
}

/// Whether a number is what was recorded as an identifier: shapes have these as text.
fn is_number_id(recorded: &Value, live: &Value) -> bool {
    let id = recorded.as_str().and_then(|word| word.strip_prefix("id:"));
    live.is_number() && id.is_some_and(|id| id.parse::<f64>().is_ok())
}

/// The type of what was recorded: a shape's words but for three stand for text.
fn kind(recorded: &Value) -> &str {
    match recorded {
        Value::String(word) if matches!(word.as_str(), "number" | "boolean" | "null") => word,
        other => live_kind(other),
    }
}

const fn live_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// Differences of one answer, at most.
const MOST: usize = 100;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(recorded: &Value, live: &Value) -> Vec<String> {
        let differences = differences(recorded, live).into_iter();
        differences
            .map(|it| format!("{} {}", it.what.name(), it.at))
            .collect()
    }

    #[test]
    fn an_answer_of_the_same_shape_has_no_difference() {
        let recorded = json!({"items": ["array(2)", {"id": "id:x", "n": "number", "at": "date"}], "ok": "boolean", "none": "null", "empty": ["array(0)"]});
        let live = json!({"items": [{"id": "7", "n": 1.5, "at": "2026-01-01"}, 3], "ok": false, "none": null, "empty": []});
        assert_eq!(found(&recorded, &live), [""; 0]);
    }

    #[test]
    fn each_difference_is_told_with_its_place() {
        let recorded = json!({"items": ["array(3)", {"id": "id:x", "name": "string(3)"}], "total": "number", "a.b": "null"});
        let live = json!({"items": [{"id": 7, "new": 1}], "total": null, "a.b": {}});
        assert_eq!(
            found(&recorded, &live),
            [
                "type /a.b",
                "length /items",
                "type /items/*/id",
                "gone /items/*/name",
                "new /items/*/new",
                "type /total"
            ]
        );
        assert_eq!(found(&json!({"a": "null"}), &json!([])), ["type "]);
    }

    #[test]
    fn names_that_are_data_are_in_no_report() {
        let recorded = json!({"2027-04-19": {"n": "number"}, "2027-04-20": {"n": "number"}});
        let live = json!({"2026-11-16": {"n": "text"}});
        assert_eq!(found(&recorded, &live), ["length ", "type /*/n"]);
        for name in [
            "ann@example.com",
            "Ann Miller",
            "6f2c1a52-9d39-4a8e",
            "1952",
            "",
            "ü",
            "x\u{1b}[2J",
        ] {
            let told = found(&json!({}), &json!({name: 1}));
            assert_eq!(told, ["length "], "{name}");
        }
        assert_eq!(
            found(&json!({}), &json!({"person_id2": 1})),
            ["new /person_id2"]
        );
    }

    #[test]
    fn a_number_may_be_what_is_told_as_an_identifier() {
        let recorded = json!({"id": "id:4711", "token": "id:ab12"});
        assert_eq!(
            found(&recorded, &json!({"id": 17, "token": 5})),
            ["type /token"]
        );
        assert_eq!(
            found(&recorded, &json!({"id": "17", "token": "x"})),
            [""; 0]
        );
    }
}
