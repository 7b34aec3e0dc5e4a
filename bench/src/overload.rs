//! What a recorder that cannot keep up does to answers: the time of small requests beside a flood
//! of large ones, without recording and with it, and what was dropped.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use demo::programs::Program;
use harness::http;

use crate::nginx::{self, KEY};
use crate::proxy_cost::{LIMIT, PATH, address, proxy};
use crate::proxy_latency::times;
use crate::{Effort, Row, Table, clock};

/// Small requests, whose answers are timed.
const RATE: u64 = 1000;

/// Connections that send large bodies, together 2,000 a second: 128 MB, in which there are twelve
/// million texts that never came before.
const FLOODERS: u32 = 4;
const PERIOD: Duration = Duration::from_millis(2);

/// Runs the rounds; gives a table for the median and one for the 99th percentile.
pub(crate) fn run(effort: Effort) -> Result<[Table; 2]> {
    let folder = tempfile::tempdir()?;
    let origin = nginx::origin()?;
    let proxies = [
        proxy(folder.path(), &origin.address, LIMIT, false)?,
        proxy(folder.path(), &origin.address, LIMIT, true)?,
    ];
    let rows = || ["not recording", "recording more than it can write"].map(Row::new);
    let (mut p50, mut p99) = (rows(), rows());
    for _ in 0..effort.rounds() {
        for (place, proxy) in proxies.iter().enumerate() {
            let mut times = beside_a_flood(&address(proxy)?, folder.path())?;
            times.sort_by(f64::total_cmp);
            p50[place].values.push(times[times.len() / 2]);
            p99[place].values.push(times[times.len() * 99 / 100]);
        }
    }
    let [_, recording] = &proxies;
    let said = accounts(recording, effort)?;
    p50[1].parts = format!("; {said}");
    // The proxies are killed: to close and audit so full a capture is not what is measured.
    let table = |title, rows: [Row; 2]| Table {
        title,
        rows: rows.into(),
    };
    Ok([
        table("time of an answer beside a flood of bodies, p50", p50),
        table("time of an answer beside a flood of bodies, p99", p99),
    ])
}

/// What the recorder counted.
fn accounts(proxy: &Program, effort: Effort) -> Result<String> {
    let admin = proxy.addresses().into_iter().nth(1);
    let admin = admin.context("the proxy did not say where operators connect")?;
    let metrics = http::get(&admin, "/metrics", &[])?.body;
    let count = |start: &str| -> u64 {
        let lines = metrics.lines().filter(|line| line.starts_with(start));
        let counts = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        counts.sum()
    };
    let (recorded, dropped) = (
        count("rehearsal_recorded_total"),
        count("rehearsal_dropped_total"),
    );
    ensure!(
        dropped > 0 || effort.is_quick(),
        "the recorder kept up with everything"
    );
    Ok(format!("{recorded} recorded, {dropped} dropped"))
}

fn beside_a_flood(address: &str, folder: &std::path::Path) -> Result<Vec<f64>> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = &over;
        let flooders: Vec<_> = (0..FLOODERS)
            .map(|number| scope.spawn(move || flood(address, number, over)))
            .collect();
        let times = times(address, RATE, folder);
        over.store(true, Ordering::Relaxed);
        for flooder in flooders {
            flooder.join().ok().context("a flooder panicked")??;
        }
        times
    })
}

/// Sends bodies that no other request has until it is told to stop.
fn flood(address: &str, flooder: u32, over: &AtomicBool) -> Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut request = Distinct::new(flooder);
    let mut answer = [0; 4096];
    let began = clock::now();
    for number in 1.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        stream.write_all(request.next())?;
        // The origin's answer is small, and comes in one piece.
        let length = stream.read(&mut answer)?;
        ensure!(answer[..length].starts_with(b"HTTP/1.1 "), "no answer");
        thread::sleep((began + PERIOD * number).saturating_sub(clock::now()));
    }
    Ok(())
}

/// A request whose JSON body is a list of texts, all of them new each time.
struct Distinct {
    bytes: Vec<u8>,
    /// Where the first text begins.
    start: usize,
    count: u64,
}

impl Distinct {
    fn new(flooder: u32) -> Self {
        let text = |_| format!("\"{:x}{}\"", flooder + 10, "0".repeat(WIDTH));
        let texts: Vec<_> = (0..TEXTS).map(text).collect();
        let body = format!("[{}]", texts.join(","));
        let head = format!(
            "POST {PATH} HTTP/1.1\r\nHost: bench\r\nX-Load-Test-Key: {KEY}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        Self {
            start: head.len() + 3,
            bytes: (head + &body).into_bytes(),
            count: 0,
        }
    }

    /// The next one. Letters only: long numbers would be something else.
    fn next(&mut self) -> &[u8] {
        for text in self.bytes[self.start..].chunks_mut(WIDTH + 4) {
            self.count += 1;
            let mut rest = self.count;
            for letter in text.iter_mut().take(WIDTH) {
                *letter = b'a' + (rest % 26) as u8;
                rest /= 26;
            }
        }
        &self.bytes
    }
}

/// Texts of a request.
const TEXTS: usize = 5_900;

/// Letters of a text behind the first, which is the flooder's.
const WIDTH: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchanges;

    fn body(request: &[u8]) -> Vec<String> {
        let text = String::from_utf8(request.to_vec()).unwrap();
        let body = text.split_once("\r\n\r\n").unwrap().1;
        assert!(
            body.len() <= exchanges::LIMIT && body.len() > 60_000,
            "{}",
            body.len()
        );
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn no_text_comes_twice() {
        let (mut one, mut other) = (Distinct::new(0), Distinct::new(1));
        let all = [body(one.next()), body(one.next()), body(other.next())].concat();
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), 3 * TEXTS);
    }
}
