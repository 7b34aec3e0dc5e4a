//! The published schema of summaries, `replay/summary.schema.json`, held against the types.
//!
//! `UPDATE_SCHEMA=1 cargo test -p rehearsal-replay --lib schema` writes it anew.

use std::path::PathBuf;
use std::{env, fs};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::Summary;
use crate::report::sample::{judged, summary};

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("summary.schema.json")
}

fn published() -> Validator {
    let schema: Value = serde_json::from_str(&fs::read_to_string(file()).unwrap()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

#[test]
fn the_published_schema_is_what_the_types_say() {
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(Summary)).unwrap() + "\n";
    if env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(file(), &schema).unwrap();
    }
    let published = fs::read_to_string(file()).unwrap_or_default();
    assert!(
        published == schema,
        "replay/summary.schema.json is out of date; write it anew with \
         `UPDATE_SCHEMA=1 cargo test -p rehearsal-replay --lib schema`"
    );
}

#[test]
fn summaries_are_valid() {
    let schema = published();
    for summary in [summary(), judged()] {
        let written = serde_json::to_value(&summary).unwrap();
        let errors: Vec<_> = schema
            .iter_errors(&written)
            .map(|it| it.to_string())
            .collect();
        assert_eq!(errors, [""; 0]);
    }
}

#[test]
fn a_wrong_type_a_missing_field_and_another_format_are_not() {
    let schema = published();
    let good = serde_json::to_value(judged()).unwrap();
    let wrong = |pointer: &str, value: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        !schema.is_valid(&bad)
    };
    assert!(wrong("/totals/sent", json!("2000")));
    assert!(wrong("/totals/sent", json!(-1)));
    assert!(wrong("/verdict/status", json!("passed")));
    assert!(wrong("/thresholds/0/ok", json!(null)));
    assert!(wrong("/format", json!("other")));
    assert!(wrong("/version", json!(2)));
    assert!(!wrong("/thresholds/0/value", json!(null)));
    let mut bad = good.clone();
    bad["latency"]["response"]
        .as_object_mut()
        .unwrap()
        .remove("p99.9")
        .unwrap();
    assert!(!schema.is_valid(&bad));
}
