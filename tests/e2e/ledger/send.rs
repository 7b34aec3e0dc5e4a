//! Sends the exchanges of a ledger, and sees that each got the answer that was meant for it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use rehearsal_tests::ledger::Exchange;

/// Sends all of them, a few at a time.
pub(crate) fn all(exchanges: &[Exchange], address: &str) {
    let share = exchanges.len().div_ceil(AT_ONCE);
    std::thread::scope(|scope| {
        for some in exchanges.chunks(share) {
            scope.spawn(move || some.iter().for_each(|exchange| one(exchange, address)));
        }
    });
}

fn one(exchange: &Exchange, address: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let request = exchange.request_bytes();
    let (head, upgraded) = request.split_at(request.len() - exchange.request.upgraded.len());
    stream.write_all(head).unwrap();
    let mut answer = Vec::new();
    if exchange.status == 101 {
        stream.write_all(upgraded).unwrap();
        let mut byte = [0];
        while !answer.ends_with(&exchange.answer.upgraded) {
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
    } else {
        stream.read_to_end(&mut answer).unwrap();
    }
    let status = format!("HTTP/1.1 {} ", exchange.status);
    assert!(
        answer.starts_with(status.as_bytes()),
        "exchange {}: {status}was to be the answer to\n{}\nbut it was\n{}",
        exchange.number,
        String::from_utf8_lossy(head),
        String::from_utf8_lossy(&answer),
    );
}

/// Few: the recorder has to keep up.
const AT_ONCE: usize = 4;
