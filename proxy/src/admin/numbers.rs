//! Numbers that do not come from requests, in Prometheus's text format.
//!
//! They live in the recorder and the server, not in the registry, so that all of one kind come
//! from one snapshot.

use std::fmt::{self, Write as _};
use std::sync::atomic::Ordering;

use crate::shared::Shared;

pub(super) fn text(shared: &Shared, connections: u64) -> String {
    let mut text = Text::default();
    text.gauge(
        "connections",
        "Client connections that are open.",
        connections,
    );
    recording(&mut text, shared);
    captures(&mut text, shared);
    access_log(&mut text, shared);
    text.0
}

fn recording(text: &mut Text, shared: &Shared) {
    let recording = shared.recorder.in_all();
    let is_recording = u64::from(recording.is_recording());
    text.gauge(
        "recording",
        "Whether exchanges are being recorded.",
        is_recording,
    );
    text.counter(
        "offered_total",
        "Exchanges offered to the recorder and settled: recorded or dropped.",
        recording.offered,
    );
    text.counter(
        "recorded_total",
        "Exchanges written to the capture and flushed.",
        recording.recorded,
    );
    let dropped = &recording.dropped;
    text.counters(
        "dropped_total",
        "Exchanges that were not written, by reason.",
        "reason",
        &[
            ("queue", dropped.queue),
            ("size", dropped.size),
            ("policy", dropped.policy),
            ("write", dropped.write),
        ],
    );
    let left_out = recording.left_out;
    text.counters(
        "record_left_out_total",
        "Exchanges that were not offered: filtered, or not in the sample.",
        "reason",
        &[("filter", left_out.filter), ("sample", left_out.sample)],
    );
    text.gauge(
        "waiting",
        "Exchanges that are not settled yet: queued, or not flushed.",
        recording.waiting,
    );
}

fn captures(text: &mut Text, shared: &Shared) {
    let captures = shared.recorder.outcomes();
    text.counter(
        "recording_errors_total",
        "Times that a capture could not be made, written or closed.",
        shared.recorder.errors(),
    );
    text.counters(
        "captures_total",
        "Captures that have ended, by outcome.",
        "outcome",
        &[
            ("clean", captures.clean),
            ("quarantined", captures.quarantined),
            ("failed", captures.failed),
        ],
    );
    text.counter(
        "audit_findings_total",
        "Places in captures where the audit found what should not be there.",
        captures.findings,
    );
}

fn access_log(text: &mut Text, shared: &Shared) {
    let log = shared.access_log.counts();
    text.counter(
        "access_log_lines_total",
        "Lines written to the access log.",
        log.written.load(Ordering::Relaxed),
    );
    text.counter(
        "access_log_dropped_total",
        "Requests that are not in the access log: no room, or not written.",
        log.dropped.load(Ordering::Relaxed),
    );
    text.counter(
        "access_log_errors_total",
        "Times that the access log could not be written or opened.",
        log.errors.load(Ordering::Relaxed),
    );
}

/// Metrics in Prometheus's text format; each name gets our prefix.
#[derive(Default)]
struct Text(String);

impl Text {
    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, "gauge");
        self.line(format_args!("{name} {value}"));
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, "counter");
        self.line(format_args!("{name} {value}"));
    }

    /// One counter for each value of a label.
    fn counters(&mut self, name: &str, help: &str, label: &str, counts: &[(&str, u64)]) {
        self.head(name, help, "counter");
        for (word, count) in counts {
            self.line(format_args!("{name}{{{label}={word:?}}} {count}"));
        }
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let text = format_args!("# HELP rehearsal_{name} {help}\n# TYPE rehearsal_{name} {kind}\n");
        // Writing to a text cannot fail.
        let _written = self.0.write_fmt(text);
    }

    fn line(&mut self, text: fmt::Arguments<'_>) {
        // Nor can this.
        let _written = writeln!(self.0, "rehearsal_{text}");
    }
}
