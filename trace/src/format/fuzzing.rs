//! What has to hold of the reader, whatever bytes it is given. `fuzz/` tries.

use std::path::Path;

use super::reader::Reader;
use super::record::ExchangeRecord;
use super::writer;
use crate::exchange::Exchange;

/// Reads bytes as a capture. What it takes for an exchange is the same when it is written and read
/// again, and nothing makes it panic or go on for ever.
pub fn reader(bytes: &[u8]) {
    let Ok(mut reader) = Reader::new(Path::new("fuzzed.jsonl"), bytes) else {
        return;
    };
    let lines = bytes.split(|byte| *byte == b'\n').count();
    let exchanges: Vec<_> = reader.by_ref().take(lines + 1).collect();
    assert!(exchanges.len() <= lines, "more exchanges than lines");
    assert!(
        exchanges.iter().rev().skip(1).all(Result::is_ok),
        "it goes on after an error"
    );
    for exchange in exchanges.into_iter().flatten() {
        let mut line = Vec::new();
        let record = ExchangeRecord::from(&exchange);
        let rendered = writer::render(&mut line, "exchange", &record);
        assert!(rendered.is_ok(), "what was read cannot be written");
        assert_eq!(exchange_in(&line), Some(exchange), "it is another one now");
    }
}

/// The exchange in a line.
pub(crate) fn exchange_in(line: &[u8]) -> Option<Exchange> {
    let record: ExchangeRecord<'_> = serde_json::from_slice(line).ok()?;
    record.into_exchange().ok()
}
