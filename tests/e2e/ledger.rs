//! The planted ledger: thousands of made-up originals go through a real proxy, in every place of an
//! exchange, and none of them may be in anything that it leaves behind.
//!
//! `LEDGER_SEED=… cargo test -p rehearsal-tests --test e2e ledger` repeats a run that failed.

mod send;
mod valid;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use rehearsal_tests::ledger::Ledger;
use rehearsal_tests::ledger::search::{Found, Search};
use rehearsal_tests::proxy::{Proxy, without_limits};
use rehearsal_tests::told::Told;
use serde_json::Value;
use toml::Table;

/// What a proxy left behind after the whole ledger had passed through it.
struct Left {
    ledger: Ledger,
    /// The lines of the capture.
    capture: Vec<Value>,
    quarantined: bool,
    /// Every other text, by where it is from.
    texts: BTreeMap<String, Vec<u8>>,
}

/// The ledger passes once, for all tests.
fn left() -> &'static Left {
    static LEFT: OnceLock<Left> = OnceLock::new();
    LEFT.get_or_init(pass)
}

fn seed() -> u64 {
    let given = std::env::var("LEDGER_SEED").ok();
    given.map_or_else(rand::random, |seed| seed.parse().unwrap())
}

fn pass() -> Left {
    let ledger = Ledger::new(seed());
    let told = ledger.exchanges.iter();
    let told = told.map(|exchange| (exchange.id(), exchange.answer_bytes()));
    let backend = Told::start(told.collect()).unwrap();
    let proxy = Proxy::start(&backend.address, open).unwrap();
    send::all(&ledger.exchanges, &proxy.address);
    let mut texts = BTreeMap::from([
        ("metrics".to_owned(), proxy.metrics().unwrap().into_bytes()),
        (
            "status".to_owned(),
            proxy.status().unwrap().to_string().into_bytes(),
        ),
    ]);
    // It fails when the capture is quarantined: what is in it matters more.
    let (_status, said, folder) = proxy.ended().unwrap();
    texts.insert("standard error".to_owned(), said.into_bytes());
    let mut left = Left {
        ledger,
        capture: Vec::new(),
        quarantined: false,
        texts,
    };
    collect(folder.path(), &mut left);
    left
}

/// Without limits, and with the WebSocket recorded too: others may record theirs.
fn open(config: &mut Table) {
    without_limits(config);
    let routes = config["route"].as_array_mut().unwrap().iter_mut();
    for route in routes.filter_map(toml::Value::as_table_mut) {
        if route["name"].as_str() == Some("websocket") {
            route.insert("record".to_owned(), true.into());
        }
    }
}

/// Every file that the proxy made is searched, whatever it is called.
fn collect(folder: &Path, left: &mut Left) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            collect(&path, left);
        } else if name.starts_with("capture.jsonl") {
            left.quarantined |= name.ends_with("quarantine");
            let text = fs::read_to_string(&path).unwrap();
            left.capture.extend(
                text.lines()
                    .map(|line| serde_json::from_str::<Value>(line).unwrap()),
            );
        } else if !matches!(
            name.as_str(),
            "anonymize.toml" | "proxy.toml" | "users.csv" | "notify"
        ) {
            left.texts.insert(name, fs::read(&path).unwrap());
        }
    }
}

/// Fails with a table of what was found.
fn none(left: &Left, search: &Search<'_>, found: &Found) {
    assert!(
        found.is_empty(),
        "{} of {} values survived; repeat with LEDGER_SEED={}\n{}",
        found.len(),
        left.ledger.planted.len(),
        left.ledger.seed,
        search.table(found),
    );
}

#[test]
fn the_ledger_has_every_kind_in_every_place() {
    let ledger = Ledger::new(1);
    assert!(ledger.planted.len() >= 10_000, "{}", ledger.planted.len());
    let kinds = ledger.kinds();
    let numbers: BTreeSet<_> = kinds.keys().map(|kind| &kind[..2]).collect();
    assert_eq!(numbers.len(), 18, "{kinds:?}");
    assert!(kinds.values().all(|count| *count >= 200), "{kinds:?}");
    let places = ledger.places();
    assert!(places.len() >= 250, "{places:?}");
    let texts: BTreeSet<_> = ledger
        .planted
        .iter()
        .map(|planted| &planted.value.text)
        .collect();
    assert_eq!(texts.len(), ledger.planted.len(), "a value is there twice");
}

#[test]
fn the_search_finds_every_value_in_what_is_sent() {
    let ledger = Ledger::new(seed());
    let search = Search::new(&ledger).unwrap();
    let mut found = Found::new();
    for exchange in &ledger.exchanges {
        for (place, message, bytes) in [
            ("request", &exchange.request, exchange.request_bytes()),
            ("answer", &exchange.answer, exchange.answer_bytes()),
        ] {
            // As a capture has them: each by itself.
            for part in bytes.split(|byte| *byte == b'\r') {
                search.look(part, place, &mut found);
            }
            search.look(&message.body, place, &mut found);
            search.look_in_brotli(&message.body, place, &mut found);
        }
    }
    let missing = (0..ledger.planted.len()).filter(|planted| !found.contains_key(planted));
    let missing: Found = missing
        .map(|planted| (planted, "not found".to_owned()))
        .collect();
    let table = search.table(&missing);
    assert!(missing.is_empty(), "LEDGER_SEED={}\n{table}", ledger.seed);
}

#[test]
fn no_planted_value_is_in_the_capture() {
    let left = left();
    let search = Search::new(&left.ledger).unwrap();
    let mut found = Found::new();
    for line in &left.capture {
        look_in(line, "line", &search, &mut found);
    }
    none(left, &search, &found);
    let told = String::from_utf8_lossy(&left.texts["standard error"]);
    assert!(
        !left.quarantined,
        "nothing survived, but the audit says so: {told}"
    );
}

/// Names of fields and texts, each by itself: encodings do not reach over their ends.
fn look_in(value: &Value, place: &str, search: &Search<'_>, found: &mut Found) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                search.look(name.as_bytes(), place, found);
                look_in(value, name, search, found);
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| look_in(item, place, search, found)),
        Value::String(text) => search.look(text.as_bytes(), place, found),
        Value::Number(number) => search.look(number.to_string().as_bytes(), place, found),
        Value::Bool(_) | Value::Null => {}
    }
}

#[test]
fn no_planted_value_is_in_logs_metrics_or_status() {
    let left = left();
    let search = Search::new(&left.ledger).unwrap();
    let mut found = Found::new();
    for name in ["access.jsonl", "metrics", "standard error", "status"] {
        assert!(left.texts.contains_key(name), "{:?}", left.texts.keys());
    }
    for (name, text) in &left.texts {
        search.look(text, name, &mut found);
    }
    // A client's address is what an access log is for.
    found.retain(|planted, _| {
        let planted = &left.ledger.planted[*planted];
        planted.place != "request header, forwarded for" || planted.value.kind != "15 ip"
    });
    none(left, &search, &found);
}

#[test]
fn every_exchange_of_the_ledger_is_recorded() {
    let left = left();
    let footer = left.capture.last().unwrap();
    let sent = left.ledger.exchanges.len();
    assert_eq!(footer["exchanges"], sent, "{footer}");
    assert_eq!(footer["offered"], sent, "{footer}");
}

#[test]
fn what_is_recorded_is_as_valid_as_what_was_sent() {
    let left = left();
    let mut problems = Vec::new();
    let mut checked = 0;
    for request in left
        .capture
        .iter()
        .map(|line| &line["request"])
        .filter(|it| it.is_object())
    {
        let query = request["query"].as_str().unwrap();
        // The number of the exchange, which the policy keeps.
        let number = query.rsplit("page=").next().unwrap().parse::<usize>();
        let number = number.unwrap_or_else(|_| panic!("no number in {query}"));
        let sent = &left.ledger.exchanges[number - 1];
        problems.extend(valid::problems(sent, request));
        checked += 1;
    }
    assert_eq!(checked, left.ledger.exchanges.len());
    let seed = left.ledger.seed;
    let text = problems.join("\n");
    assert!(
        problems.is_empty(),
        "{} problems, LEDGER_SEED={seed}\n{text}",
        problems.len()
    );
}
