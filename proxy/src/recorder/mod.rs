//! The recorder: takes finished exchanges off the request path and writes them down.
//!
//! A request hands over a [`Tap`] with one bounded `try_send` and is done; a thread of its own
//! anonymizes and writes. Whatever fails here changes no response.

pub(crate) mod pending;
pub(crate) mod tally;
pub(crate) mod tap;
mod writer;

use std::path::Path;
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use trace::recording::{Closed, RecordError, Recording, Start};

use crate::clock::{Clock, Moment};
use crate::config::RecordSettings;
use tally::{Loss, Tally};
use tap::Tap;

/// The end of the recorder that requests hold.
pub(crate) struct Intake {
    queue: SyncSender<Waiting>,
    clock: Clock,
    pub(crate) tally: Arc<Tally>,
    /// When the capture began.
    pub(crate) started: Moment,
    /// Bytes of each body that are kept.
    pub(crate) body_limit: usize,
}

/// An exchange in the queue.
struct Waiting {
    tap: Box<Tap>,
    /// What [`Tap::weight`] said.
    bytes: usize,
}

/// The recorder as a whole; closes the capture.
pub(crate) struct Recorder {
    thread: JoinHandle<Result<Closed, RecordError>>,
    clock: Clock,
    /// Set when recording is to end: until when what waits may still be written.
    stop: Arc<OnceLock<Moment>>,
}

/// Exchanges that may wait to be written.
const QUEUE: usize = 8192;

/// Bytes of exchanges that may wait to be written.
const WAITING_BYTES: usize = 64 * 1024 * 1024;

/// How long what waits may take to be written at the end.
const DRAIN: Duration = Duration::from_secs(5);

/// Creates the capture and starts the thread that writes it.
pub(crate) fn start(
    settings: RecordSettings,
    clock: Clock,
) -> Result<(Recorder, Intake), RecordError> {
    let recording = Recording::start(Start {
        file: &settings.file,
        policy: settings.policy,
        tool: concat!("rehearsal-proxy ", env!("CARGO_PKG_VERSION")),
        body_limit: settings.body_limit,
        sample: 1.0,
    })?;
    let path = recording.path().to_owned();
    let (queue, taps) = mpsc::sync_channel(QUEUE);
    let tally = Arc::new(Tally::new(&path));
    let stop = Arc::new(OnceLock::new());
    let writer = writer::Writer::new(recording, clock, Arc::clone(&tally));
    let thread = {
        let stop = Arc::clone(&stop);
        thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || writer.run(&taps, &stop))
            .map_err(|source| cannot_start(&path, source))?
    };
    let intake = Intake {
        queue,
        clock,
        tally,
        started: clock.now(),
        body_limit: usize::try_from(settings.body_limit).unwrap_or(usize::MAX),
    };
    let recorder = Recorder {
        thread,
        clock,
        stop,
    };
    Ok((recorder, intake))
}

impl Intake {
    /// Hands over a finished exchange. Never waits: what there is no room for is dropped and
    /// counted.
    pub(crate) fn offer(&self, tap: Box<Tap>) {
        let bytes = tap.weight();
        if self.tally.waiting_bytes() + bytes > WAITING_BYTES {
            return self.tally.dropped(Loss::Size);
        }
        self.tally.waits(bytes);
        if let Err(error) = self.queue.try_send(Waiting { tap, bytes }) {
            self.tally.taken(bytes);
            self.tally.dropped(match error {
                TrySendError::Full(_) => Loss::Queue,
                TrySendError::Disconnected(_) => Loss::Write,
            });
        }
    }
}

impl Recorder {
    /// Writes what still waits, as far as there is time, and closes the capture.
    ///
    /// Closing itself reads the capture once more, for the audit.
    pub(crate) fn close(self) -> anyhow::Result<Closed> {
        self.stop.get_or_init(|| self.clock.now() + DRAIN);
        self.thread.thread().unpark();
        let closed = self.thread.join().map_err(|_panic| {
            anyhow::anyhow!("the recorder broke; what it wrote is left as a .partial file")
        })?;
        Ok(closed?)
    }
}

fn cannot_start(path: &Path, source: std::io::Error) -> RecordError {
    RecordError::Create {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use bytes::BytesMut;

    use super::tap::Origin;
    use super::*;
    use crate::http1::head::{Request, Search};
    use crate::server::connection::Protocol;

    fn tap_of(head: &str, limit: usize) -> Box<Tap> {
        let origin = Origin {
            at: Duration::ZERO,
            connection: 1,
            protocol: Protocol::Http1,
            client: IpAddr::from([192, 0, 2, 1]),
        };
        let mut buffer = BytesMut::from(&*format!("{head}\r\n\r\n"));
        let request = Request::take(&mut buffer, &mut Search::default());
        Box::new(Tap::new(request.unwrap().unwrap(), origin, limit))
    }

    pub(super) fn tap(body: usize) -> Box<Tap> {
        let mut tap = tap_of("GET / HTTP/1.1", usize::MAX);
        tap.request_piece(&vec![0; body]);
        tap
    }

    #[test]
    fn headers_and_target_weigh_too() {
        let (target, value) = ("/".repeat(5_000), "x".repeat(100_000));
        let large = tap_of(&format!("GET {target} HTTP/1.1\r\nX-Large: {value}"), 0).weight();
        assert!((105_000..107_000).contains(&large), "{large}");
        assert!(tap(0).weight() < 2_000);
    }

    #[test]
    fn what_there_is_no_room_for_is_dropped_and_counted() {
        let (queue, taps) = mpsc::sync_channel(2);
        let intake = Intake {
            queue,
            clock: Clock::start(),
            tally: Arc::new(Tally::new(Path::new("capture.jsonl"))),
            started: Moment::START,
            body_limit: usize::MAX,
        };
        intake.offer(tap(WAITING_BYTES));
        assert_eq!(intake.tally.missed().size, 1);
        for _ in 0..5 {
            intake.offer(tap(0));
        }
        assert_eq!(intake.tally.missed().queue, 3);
        drop(taps);
        intake.offer(tap(0));
        assert_eq!(intake.tally.missed().write, 1);
        let snapshot = intake.tally.snapshot();
        assert_eq!(
            (snapshot.offered, snapshot.recorded, snapshot.waiting),
            (5, 0, 2)
        );
    }
}
