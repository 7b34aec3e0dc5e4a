//! Whether what stands for a value would pass where the value passed: same type, same shape.

use std::net::IpAddr;

use rehearsal_tests::ledger::Exchange;
use serde_json::Value;

/// What an application may check of a text.
#[derive(Debug, PartialEq, Eq)]
enum Form {
    Address,
    Date,
    DateTime,
    Digits(usize),
    Email,
    Empty,
    Other,
    Uuid,
}

/// Everything that is wrong with the recorded request, given the one that was sent.
pub(crate) fn problems(sent: &Exchange, recorded: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let text = |name: &str| recorded[name].as_str().unwrap_or_default();
    let (path, query) = sent.target.split_once('?').unwrap_or((&sent.target, ""));
    let mut check = |what: &str, sent: &str, recorded: &str, problem: Option<String>| {
        problems.extend(problem.map(|it| format!("{what}: {it}: {sent} became {recorded}")));
    };
    check("path", path, text("path"), path_problem(path, text("path")));
    let pairs = |query: &str| query.split('&').count();
    let sent_pairs = pairs(query) + usize::from(!query.is_empty());
    let differs = sent_pairs != pairs(text("query"));
    check(
        "query",
        query,
        text("query"),
        differs.then(|| "number of pairs".to_owned()),
    );
    let body = String::from_utf8_lossy(&sent.request.body);
    let kept = &recorded["body"]["text"];
    let problem = body_problem(sent, &body, kept.as_str());
    check("body", &body, &kept.to_string(), problem);
    problems
}

fn path_problem(sent: &str, recorded: &str) -> Option<String> {
    if sent.matches('/').count() != recorded.matches('/').count() {
        return Some("number of segments".to_owned());
    }
    let mut pairs = sent.split('/').zip(recorded.split('/'));
    pairs.find_map(|(sent, recorded)| text_problem(sent, recorded))
}

/// What is wrong with a body that has to be replayed as it was: JSON and forms, in the clear.
fn body_problem(sent: &Exchange, body: &str, recorded: Option<&str>) -> Option<String> {
    let content_type = sent.request.get("content-type").unwrap_or_default();
    if sent.request.get("content-encoding").is_some() || body.len() > LIMIT {
        return None;
    }
    let missing = || Some("was not kept".to_owned());
    if content_type.ends_with("json") {
        let Ok(body) = serde_json::from_str::<Value>(body) else {
            return None;
        };
        let Some(recorded) = recorded else {
            return missing();
        };
        match serde_json::from_str::<Value>(recorded) {
            Ok(recorded) => json_problem(&body, &recorded),
            Err(error) => Some(error.to_string()),
        }
    } else if content_type.ends_with("urlencoded") {
        let Some(recorded) = recorded else {
            return missing();
        };
        let pairs = |form: &str| form.split('&').filter(|pair| pair.contains('=')).count();
        (pairs(body) != pairs(recorded)).then(|| "number of pairs".to_owned())
    } else {
        None
    }
}

fn json_problem(sent: &Value, recorded: &Value) -> Option<String> {
    match (sent, recorded) {
        (Value::Object(sent), Value::Object(recorded)) => {
            if sent.len() != recorded.len() {
                return Some(format!("{} fields became {}", sent.len(), recorded.len()));
            }
            let mut pairs = sent.iter().zip(recorded);
            pairs.find_map(|((name, sent), (_, recorded))| {
                json_problem(sent, recorded).map(|problem| format!("{name}: {problem}"))
            })
        }
        (Value::Array(sent), Value::Array(recorded)) => {
            if sent.len() != recorded.len() {
                return Some(format!("{} items became {}", sent.len(), recorded.len()));
            }
            let mut pairs = sent.iter().zip(recorded);
            pairs.find_map(|(sent, recorded)| json_problem(sent, recorded))
        }
        (Value::String(sent), Value::String(recorded)) => text_problem(sent, recorded),
        (Value::Number(sent), Value::Number(recorded)) => (sent.is_u64() != recorded.is_u64())
            .then(|| format!("the number {sent} became {recorded}")),
        (Value::Bool(_), Value::Bool(_)) | (Value::Null, Value::Null) => None,
        _ => Some(format!("{sent} became {recorded}")),
    }
}

fn text_problem(sent: &str, recorded: &str) -> Option<String> {
    let (before, after) = (form(sent), form(recorded));
    let fits = before == Form::Other || recorded.starts_with("{{") || before == after;
    (!fits).then(|| format!("{before:?} {sent} became {after:?} {recorded}"))
}

fn form(text: &str) -> Form {
    let shape: String = text
        .chars()
        .map(|c| match c {
            '0'..='9' => '9',
            'a'..='f' => 'a',
            _ => c,
        })
        .collect();
    let hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts: Vec<_> = text.split('-').collect();
    let lengths: Vec<_> = parts.iter().map(|part| part.len()).collect();
    if text.is_empty() {
        Form::Empty
    } else if lengths == [8, 4, 4, 4, 12] && parts.iter().all(|part| hex(part)) {
        Form::Uuid
    } else if shape == "9999-99-99" {
        Form::Date
    } else if shape == "9999-99-99T99:99:99Z" {
        Form::DateTime
    } else if shape.bytes().all(|byte| byte == b'9') {
        Form::Digits(text.len())
    } else if text.parse::<IpAddr>().is_ok() {
        Form::Address
    } else if is_email(text) {
        Form::Email
    } else {
        Form::Other
    }
}

fn is_email(text: &str) -> bool {
    let plain = |part: &str| {
        let mut bytes = part.bytes();
        !part.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b))
    };
    text.split_once('@')
        .is_some_and(|(user, host)| plain(user) && plain(host) && host.contains('.'))
}

/// What the shipped configuration keeps of a body.
const LIMIT: usize = 64 * 1024;

#[test]
fn forms_are_told_apart() {
    let table = [
        ("2030-01-31", Form::Date),
        ("2030-01-31T08:30:00Z", Form::DateTime),
        ("6f1f4c9e-98f5-4c58-8a3c-3a1c4f0d1a11", Form::Uuid),
        ("ana@clinic.org", Form::Email),
        ("ana at clinic.org", Form::Other),
        ("192.0.2.7", Form::Address),
        ("2001:db8::7", Form::Address),
        ("0042", Form::Digits(4)),
        ("", Form::Empty),
    ];
    for (text, expected) in table {
        assert_eq!(form(text), expected, "{text}");
    }
}

#[test]
fn what_would_be_refused_is_a_problem() {
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let sent = json(r#"{"a":[1,"2030-01-31"],"b":null}"#);
    assert_eq!(
        json_problem(&sent, &json(r#"{"x":[2,"2031-01-31"],"b":null}"#)),
        None
    );
    for broken in [
        r#"{"a":[1,"2030-01-31"]}"#,
        r#"{"a":[1],"b":null}"#,
        r#"{"a":["1","2030-01-31"],"b":null}"#,
        r#"{"a":[1,"sometime"],"b":null}"#,
        r#"{"a":[1.5,"2030-01-31"],"b":null}"#,
        r#"{"a":[1,"2030-01-31"],"b":"null"}"#,
    ] {
        assert!(json_problem(&sent, &json(broken)).is_some(), "{broken}");
    }
}
