//! Numbers that do not come from requests, in Prometheus's text format.
//!
//! They live in the recorder and the server, not in the registry, so that all of one kind come
//! from one snapshot.

use std::sync::atomic::Ordering;

use crate::shared::Shared;

pub(super) fn text(shared: &Shared, connections: u64) -> String {
    let recording = shared.recorder.in_all();
    let dropped = &recording.dropped;
    let log = shared.access_log.counts();
    format!(
        "# HELP rehearsal_connections Client connections that are open.\n\
         # TYPE rehearsal_connections gauge\n\
         rehearsal_connections {connections}\n\
         # HELP rehearsal_recording Whether exchanges are being recorded.\n\
         # TYPE rehearsal_recording gauge\n\
         rehearsal_recording {}\n\
         # HELP rehearsal_recording_errors_total Captures that could not be made, written or closed.\n\
         # TYPE rehearsal_recording_errors_total counter\n\
         rehearsal_recording_errors_total {}\n\
         # HELP rehearsal_offered_total Exchanges offered to the recorder and settled: recorded or dropped.\n\
         # TYPE rehearsal_offered_total counter\n\
         rehearsal_offered_total {}\n\
         # HELP rehearsal_recorded_total Exchanges written to the capture and flushed.\n\
         # TYPE rehearsal_recorded_total counter\n\
         rehearsal_recorded_total {}\n\
         # HELP rehearsal_dropped_total Exchanges that were not written, by reason.\n\
         # TYPE rehearsal_dropped_total counter\n\
         rehearsal_dropped_total{{reason=\"queue\"}} {}\n\
         rehearsal_dropped_total{{reason=\"size\"}} {}\n\
         rehearsal_dropped_total{{reason=\"policy\"}} {}\n\
         rehearsal_dropped_total{{reason=\"write\"}} {}\n\
         # HELP rehearsal_waiting Exchanges that are not settled yet: queued, or not flushed.\n\
         # TYPE rehearsal_waiting gauge\n\
         rehearsal_waiting {}\n\
         # HELP rehearsal_access_log_lines_total Lines written to the access log.\n\
         # TYPE rehearsal_access_log_lines_total counter\n\
         rehearsal_access_log_lines_total {}\n\
         # HELP rehearsal_access_log_dropped_total Requests that are not in the access log: no room, or not written.\n\
         # TYPE rehearsal_access_log_dropped_total counter\n\
         rehearsal_access_log_dropped_total {}\n\
         # HELP rehearsal_access_log_errors_total Times that the access log could not be written or opened.\n\
         # TYPE rehearsal_access_log_errors_total counter\n\
         rehearsal_access_log_errors_total {}\n",
        u8::from(recording.is_recording()),
        shared.recorder.errors(),
        recording.offered,
        recording.recorded,
        dropped.queue,
        dropped.size,
        dropped.policy,
        dropped.write,
        recording.waiting,
        log.written.load(Ordering::Relaxed),
        log.dropped.load(Ordering::Relaxed),
        log.errors.load(Ordering::Relaxed),
    )
}
