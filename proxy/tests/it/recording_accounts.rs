//! offered = recorded + dropped, at any load: in `/status`, in the metrics, and in the footer.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::eventually;
use crate::origin::Origin;
use crate::proxy::{Config, Proxy, request};

/// What one place says of a recording.
#[derive(Debug, PartialEq, Eq)]
struct Account {
    offered: u64,
    recorded: u64,
    /// By `queue`, `size`, `policy`, `write`.
    dropped: [u64; 4],
}

const REASONS: [&str; 4] = ["queue", "size", "policy", "write"];

impl Account {
    fn of_status(proxy: &Proxy) -> Self {
        Self::of_json(&proxy.status()["recording"], "recorded")
    }

    fn of_json(json: &Value, recorded: &str) -> Self {
        let number = |value: &Value| value.as_u64().unwrap();
        Self {
            offered: number(&json["offered"]),
            recorded: number(&json[recorded]),
            dropped: REASONS.map(|reason| number(&json["dropped"][reason])),
        }
    }

    /// All from one answer.
    fn of_metrics(proxy: &Proxy) -> Self {
        let text = proxy.admin("/metrics").body;
        let number = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().parse::<u64>().unwrap()
        };
        Self {
            offered: number("rehearsal_offered_total "),
            recorded: number("rehearsal_recorded_total "),
            dropped: REASONS
                .map(|reason| number(&format!("rehearsal_dropped_total{{reason=\"{reason}\"}} "))),
        }
    }

    #[track_caller]
    fn holds(self) -> Self {
        let dropped: u64 = self.dropped.iter().sum();
        assert_eq!(self.offered, self.recorded + dropped, "{self:?}");
        self
    }
}

/// Posts bodies of such lengths, each on a connection of its own, until `meanwhile` has had enough.
/// Returns how many requests were answered.
fn load(proxy: &Proxy, bodies: &[usize], mut meanwhile: impl FnMut() -> bool) -> u64 {
    let (enough, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for length in bodies {
            let (enough, answered) = (&enough, &answered);
            scope.spawn(move || post(proxy, *length, enough, answered));
        }
        // Also when it has waited in vain.
        let _enough = Enough(&enough);
        eventually("enough has been seen", || meanwhile().then_some(()));
    });
    answered.into_inner()
}

/// Ends the load when it is dropped.
struct Enough<'e>(&'e AtomicBool);

impl Drop for Enough<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn post(proxy: &Proxy, length: usize, enough: &AtomicBool, answered: &AtomicU64) {
    let length_line = format!("Content-Length: {length}");
    let head = request(
        "POST",
        "/api/v1/notes",
        &["Content-Type: application/octet-stream", &length_line],
    );
    // Nothing that takes long to anonymize or to audit.
    let body = "\u{1}".repeat(length);
    let mut client = proxy.client();
    while !enough.load(Ordering::Relaxed) {
        assert_eq!(client.ask(&format!("{head}{body}")).status, 200);
        answered.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(2));
    }
}

/// A queue of which each worker has a part that holds a few exchanges at most.
fn overloaded(origin: &Origin) -> Config {
    Config::over(origin)
        .recording()
        .keys("queue = \"1MiB\"\nbody_limit = \"2MiB\"")
}

const LARGER_THAN_ANY_SHARE: usize = 1_100_000;

#[test]
fn the_accounts_hold_and_agree_under_more_load_than_can_be_written() {
    let origin = Origin::start();
    let mut proxy = overloaded(&origin).start();
    let mut bodies = [200_000; 9];
    bodies[8] = LARGER_THAN_ANY_SHARE;
    let sent = load(&proxy, &bodies, || {
        let before = Account::of_status(&proxy).holds();
        let after = Account::of_metrics(&proxy).holds();
        // No count ever falls.
        let grown = before
            .dropped
            .iter()
            .zip(after.dropped)
            .all(|(b, a)| *b <= a);
        assert!(
            grown && before.recorded <= after.recorded,
            "{before:?} {after:?}"
        );
        after.recorded > 0 && after.dropped[0] > 0 && after.dropped[1] > 0
    });
    let closed = proxy.order("/record/stop", &[]).json()["closed"].clone();
    let account = Account::of_json(&closed, "exchanges").holds();
    assert_eq!(account.offered, sent);
    assert_eq!(account, Account::of_status(&proxy));
    assert_eq!(account, Account::of_metrics(&proxy));
    assert_eq!(proxy.status()["recording"]["waiting"], 0);
    assert_eq!(
        proxy.metric("rehearsal_captures_total{outcome=\"clean\"}"),
        1
    );
    assert!(proxy.stop().status.success());
    let footer = proxy.captures().remove(0).footer.unwrap();
    let dropped = &footer.dropped;
    let dropped = [dropped.queue, dropped.size, dropped.policy, dropped.write];
    let (offered, recorded) = (footer.offered, footer.exchanges);
    let footer = Account {
        offered,
        recorded,
        dropped,
    };
    assert_eq!(account, footer);
}

#[test]
fn the_accounts_hold_while_captures_are_rotated_and_stopped_under_load() {
    let origin = Origin::start();
    let mut proxy = overloaded(&origin).start();
    let mut rotations = 0;
    let sent = load(&proxy, &[200, 1_000], || {
        Account::of_status(&proxy).holds();
        Account::of_metrics(&proxy).holds();
        rotations += u32::from(proxy.order("/record/rotate", &[]).status == 200);
        rotations == 3
    });
    assert!(proxy.stop().status.success());
    let captures = proxy.captures();
    assert_eq!(captures.len(), 4);
    let footers = captures
        .iter()
        .map(|capture| capture.footer.as_ref().unwrap());
    let offered: u64 = footers.clone().map(|footer| footer.offered).sum();
    let settled: u64 = footers.map(|f| f.exchanges + f.dropped.total()).sum();
    assert_eq!((offered, settled), (sent, sent));
    let exchanges: usize = captures.iter().map(|capture| capture.exchanges.len()).sum();
    assert!(exchanges > 0);
}

#[test]
fn the_accounts_hold_when_the_disk_fills_up_under_load() {
    let origin = Origin::start();
    let mut proxy = Config::over(&origin).recording().start_with_file_limit(64);
    let sent = load(&proxy, &[3_000, 5_000], || {
        Account::of_status(&proxy).holds();
        Account::of_metrics(&proxy).holds().dropped[3] > 20
    });
    eventually("all is settled", || {
        (proxy.status()["recording"]["waiting"] == 0).then_some(())
    });
    let stopped = proxy.order("/record/stop", &[]);
    assert_eq!(stopped.status, 500, "{}", stopped.body);
    let account = Account::of_status(&proxy).holds();
    assert_eq!(
        (account.offered, account),
        (sent, Account::of_metrics(&proxy))
    );
    let captures = json!({"clean": 0, "quarantined": 0, "failed": 1, "findings": 0});
    assert_eq!(proxy.status()["captures"], captures);
    // Told once when it failed and once when it was to be closed.
    assert_eq!(proxy.metric("rehearsal_recording_errors_total"), 1);
    assert!(proxy.stop().status.success());
    assert!(proxy.folder.path().join("capture.jsonl.partial").exists());
}

/// Its folder is away for a while: what is written then may be anywhere.
#[test]
fn a_capture_that_has_failed_stays_as_its_last_checkpoint_left_it() {
    let origin = Origin::start();
    let proxy = Config::over(&origin).record("sub/c.jsonl", true).start();
    let mut client = proxy.client();
    let mut sent = 0;
    let mut ask = || {
        assert_eq!(client.ask(&request("GET", "/", &[])).status, 200);
        sent += 1;
    };
    ask();
    eventually("one is recorded", || {
        (Account::of_status(&proxy).recorded == 1).then_some(())
    });
    let [here, away] = ["sub", "away"].map(|name| proxy.folder.path().join(name));
    fs::rename(&here, &away).unwrap();
    eventually("recording has failed", || {
        ask();
        (proxy.status()["recording"]["state"] == "failed").then_some(())
    });
    fs::rename(&away, &here).unwrap();
    let stopped = proxy.order("/record/stop", &[]);
    assert_eq!(stopped.status, 500, "{}", stopped.body);
    let account = Account::of_metrics(&proxy).holds();
    assert_eq!(account, Account::of_status(&proxy));
    assert_eq!((account.offered, account.recorded), (sent, 1));
    let partial = fs::read_to_string(here.join("c.jsonl.partial")).unwrap();
    let mut lines = partial.lines();
    let checkpoint = lines.rfind(|line| line.contains("\"type\":\"checkpoint\""));
    let checkpoint: Value = serde_json::from_str(checkpoint.unwrap()).unwrap();
    assert_eq!(checkpoint["exchanges"], 1);
}
