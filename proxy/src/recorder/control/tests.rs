//! Orders to the recorder, with exchanges under way.
//!
//! Real files; no waiting for time.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::thread;

use tempfile::TempDir;
use trace::anonymize::{Key, Mode, Policy};
use trace::recording::Sample;
use tracing_subscriber::layer::SubscriberExt;

use super::super::pending::Pending;
use super::super::selection::Filters;
use super::super::tests::tap;
use super::*;
use crate::config::Rotate;

fn settings(folder: &Path, name: &str, enabled: bool) -> RecordSettings {
    RecordSettings {
        enabled,
        file: folder.join(name),
        policy: Policy::parse("version = 1").unwrap(),
        mode: Mode::Tokens,
        body_limit: 1024,
        queue: 64 * 1024 * 1024,
        filters: Filters::default(),
        sample: Sample::ALL,
        rotate: Rotate::default(),
    }
}

fn recorder(folder: &TempDir) -> Arc<Recorder> {
    let settings = settings(folder.path(), "c.jsonl", true);
    Recorder::new(Some(settings), Clock::start())
}

/// An exchange that begins now, if anything is recorded.
fn begin(recorder: &Recorder) -> Option<Pending> {
    let intake = recorder.intake()?;
    let began = intake.started;
    Some(Pending::new(Box::new(tap(0)), intake, began))
}

fn settle(pending: Pending) {
    pending.settle(Duration::ZERO, Duration::ZERO, false);
}

/// (offered, recorded, dropped, waiting) of all captures.
fn in_all(recorder: &Recorder) -> (u64, u64, u64, u64) {
    let all = recorder.in_all();
    (all.offered, all.recorded, all.dropped.total(), all.waiting)
}

fn name(closed: &Closed) -> &str {
    closed.path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn orders_that_make_no_sense_are_refused() {
    let folder = TempDir::new().unwrap();
    let recorder = recorder(&folder);
    assert!(matches!(recorder.stop(), Err(OrderError::NotRecording)));
    assert!(matches!(recorder.rotate(), Err(OrderError::NotRecording)));
    recorder.start().unwrap();
    assert!(matches!(
        recorder.start(),
        Err(OrderError::AlreadyRecording)
    ));
    assert_eq!(name(&recorder.stop().unwrap()), "c.jsonl");
    assert!(matches!(recorder.stop(), Err(OrderError::NotRecording)));
    assert!(recorder.close().unwrap().is_none());
    // As a reload might that was under way.
    assert!(matches!(recorder.start(), Err(OrderError::Stopping)));
    let nowhere = Recorder::new(None, Clock::start());
    assert!(matches!(nowhere.start(), Err(OrderError::NoSettings)));
    assert_eq!((recorder.errors(), nowhere.errors()), (0, 0));
}

#[test]
fn an_exchange_under_way_goes_to_the_capture_in_which_it_began() {
    let folder = TempDir::new().unwrap();
    let recorder = recorder(&folder);
    recorder.start().unwrap();
    let intake = recorder.intake().unwrap();
    let [under_way, longer] = [0, 1].map(|_| begin(&recorder).unwrap());
    begin(&recorder).unwrap().discard();
    let old = thread::scope(|scope| {
        let rotation = scope.spawn(|| recorder.rotate());
        let is_ending = || lock(&recorder.books).open[0].1.is_set();
        while !is_ending() {
            thread::yield_now();
        }
        settle(begin(&recorder).unwrap());
        settle(under_way);
        // The writer has looked, and waits for the other one.
        while intake.tally.waiting() > 0 && !rotation.is_finished() {
            thread::yield_now();
        }
        assert!(!rotation.is_finished());
        settle(longer);
        rotation.join().unwrap().unwrap()
    });
    let (footer, dropped) = (&old.footer, old.footer.dropped.write);
    assert_eq!(
        (name(&old), footer.exchanges, footer.offered, dropped),
        ("c.jsonl", 2, 2, 0)
    );
    let new = recorder.stop().unwrap();
    assert_eq!((name(&new), new.footer.exchanges), ("c-2.jsonl", 1));
    assert_eq!(in_all(&recorder), (3, 3, 0, 0));
    assert_eq!(recorder.capture().state, "off");
}

#[test]
fn what_takes_too_long_is_dropped_and_counted_once() {
    let folder = TempDir::new().unwrap();
    let recorder = recorder(&folder);
    recorder.start().unwrap();
    let (slow, slower) = (begin(&recorder).unwrap(), begin(&recorder).unwrap());
    let capture = recorder.end(&mut lock(&recorder.control)).unwrap();
    let closed = recorder.finish(capture, Duration::ZERO).unwrap();
    let dropped = closed.footer.dropped.write;
    assert_eq!((closed.footer.offered, dropped), (2, 2));
    assert_eq!(in_all(&recorder), (2, 0, 2, 0));
    settle(slow);
    drop(slower);
    assert_eq!(in_all(&recorder), (2, 0, 2, 0));
}

#[test]
fn no_exchange_is_lost_by_rotating_under_load() {
    let folder = TempDir::new().unwrap();
    let recorder = recorder(&folder);
    recorder.start().unwrap();
    let done = AtomicBool::new(false);
    let (sent, closed) = thread::scope(|scope| {
        let load = |_| {
            scope.spawn(|| {
                let mut sent = 0;
                while !done.load(Ordering::Relaxed) {
                    settle(begin(&recorder).unwrap());
                    sent += 1;
                    // Slow enough for the writer: a full queue is not what this is about.
                    thread::sleep(Duration::from_micros(500));
                }
                sent
            })
        };
        let load: Vec<_> = (0..2).map(load).collect();
        let mut closed: Vec<_> = (0..5).map(|_| recorder.rotate().unwrap()).collect();
        done.store(true, Ordering::Relaxed);
        let sent: u64 = load.into_iter().map(|thread| thread.join().unwrap()).sum();
        closed.push(recorder.stop().unwrap());
        (sent, closed)
    });
    let recorded: u64 = closed.iter().map(|closed| closed.footer.exchanges).sum();
    let offered: u64 = closed.iter().map(|closed| closed.footer.offered).sum();
    assert!(sent > 0);
    assert_eq!((recorded, offered), (sent, sent));
    assert_eq!(in_all(&recorder), (sent, sent, 0, 0));
}

#[test]
fn only_the_current_capture_gives_way() {
    let folder = TempDir::new().unwrap();
    let recorder = recorder(&folder);
    recorder.start().unwrap();
    let first = Arc::clone(&recorder.intake().unwrap().tally);
    recorder.give_way(&first);
    let second = Arc::clone(&recorder.intake().unwrap().tally);
    assert!(second.file().ends_with("c-2.jsonl"));
    // As when an order was quicker than the thread that saw that it is due.
    recorder.give_way(&first);
    assert!(recorder.capture().file.unwrap().ends_with("c-2.jsonl"));
    assert_eq!((recorder.outcomes().clean, recorder.errors()), (1, 0));
    recorder.stop().unwrap();
    recorder.give_way(&second);
    assert_eq!(recorder.capture().state, "off");
}

#[test]
fn captures_that_are_being_closed_are_few_and_the_end_waits_for_all() {
    let folder = TempDir::new().unwrap();
    let recorder = recorder(&folder);
    recorder.start().unwrap();
    let is_closing = |count| lock(&recorder.books).open.len() > count;
    thread::scope(|scope| {
        let mut under_way = Vec::new();
        for count in 1..=CLOSING {
            under_way.push(begin(&recorder).unwrap());
            scope.spawn(|| recorder.rotate().unwrap());
            while !is_closing(count) {
                thread::yield_now();
            }
        }
        assert!(matches!(recorder.rotate(), Err(OrderError::Busy)));
        let current = Arc::clone(&recorder.intake().unwrap().tally);
        recorder.give_way(&current);
        assert!(Arc::ptr_eq(&current, &recorder.intake().unwrap().tally));
        let end = scope.spawn(|| recorder.close().unwrap().unwrap());
        let ends = || lock(&recorder.books).open.len() == CLOSING;
        while !ends() {
            thread::yield_now();
        }
        assert!(!end.is_finished());
        under_way.into_iter().for_each(settle);
        assert_eq!(name(&end.join().unwrap()), "c-3.jsonl");
        assert_eq!(recorder.outcomes().clean, 3);
    });
    assert_eq!(in_all(&recorder), (2, 2, 0, 0));
}

/// Keeps how many captures are open whenever something is said.
struct Said {
    recorder: Arc<Recorder>,
    open: Arc<Mutex<Vec<usize>>>,
}

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Said {
    fn on_event(
        &self,
        _event: &tracing::Event<'_>,
        _context: tracing_subscriber::layer::Context<'_, S>,
    ) {
        lock(&self.open).push(lock(&self.recorder.books).open.len());
    }
}

/// The process ends once the last account is closed, and nothing is said after that.
#[test]
fn how_a_capture_ended_is_told_before_its_account_is_closed() {
    let folder = TempDir::new().unwrap();
    let recorder = recorder(&folder);
    recorder.start().unwrap();
    let open = Arc::default();
    let said = Said {
        recorder: Arc::clone(&recorder),
        open: Arc::clone(&open),
    };
    tracing::subscriber::with_default(tracing_subscriber::registry().with(said), || {
        recorder.stop().unwrap();
    });
    assert_eq!(*lock(&open), [1]);
}

#[test]
fn captures_of_one_recording_are_on_one_clock() {
    let folder = TempDir::new().unwrap();
    let recorder = recorder(&folder);
    recorder.start().unwrap();
    let began = recorder.intake().unwrap().started;
    let first = recorder.rotate().unwrap();
    let later = recorder.intake().unwrap().started;
    let second = recorder.stop().unwrap();
    recorder.start().unwrap();
    let other = recorder.stop().unwrap();
    let [first, second, other] = [first, second, other]
        .map(|closed| trace::format::Capture::read(&closed.path).unwrap().header);
    assert_eq!((&first.clock, first.starts_ns), (&second.clock, 0));
    assert_eq!(second.starts_ns, later.nanos_since(began));
    assert!(other.clock != first.clock && other.starts_ns == 0);
}

#[test]
fn another_key_is_another_clock() {
    let folder = TempDir::new().unwrap();
    let recorder = recorder(&folder);
    recorder.start().unwrap();
    let keyed = |key: &str| RecordSettings {
        mode: Mode::Keyed(Key::new(key).unwrap()),
        ..settings(folder.path(), "c.jsonl", true)
    };
    let rotate = |settings: Option<RecordSettings>| {
        if let Some(settings) = settings {
            recorder.apply(Some(settings)).unwrap();
        }
        let closed = recorder.rotate().unwrap();
        let header = trace::format::Capture::read(&closed.path).unwrap().header;
        (header.mode, header.clock)
    };
    let plain = || Some(settings(folder.path(), "c.jsonl", true));
    let (first, same, one) = (
        rotate(plain()),
        rotate(None),
        rotate(Some(keyed(&"k".repeat(32)))),
    );
    let (keyed_one, keyed_same) = (rotate(None), rotate(Some(keyed(&"l".repeat(32)))));
    let other = rotate(None);
    assert_eq!((&first, &same), (&same, &one));
    assert_eq!((&*keyed_one.0, &keyed_one), ("keyed", &keyed_same));
    assert!(keyed_one.1 != one.1 && other.1 != keyed_one.1);
}

#[test]
fn a_new_file_that_cannot_be_made_leaves_the_old_one_going() {
    let folder = TempDir::new().unwrap();
    let recorder = recorder(&folder);
    recorder.start().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    recorder
        .apply(Some(settings(folder.path(), "file/c.jsonl", true)))
        .unwrap();
    let error = recorder.rotate().unwrap_err().to_string();
    assert!(error.contains("cannot create capture"), "{error}");
    assert_eq!(recorder.errors(), 1);
    settle(begin(&recorder).unwrap());
    assert_eq!(recorder.stop().unwrap().footer.exchanges, 1);
    assert!(matches!(recorder.start(), Err(OrderError::Start(_))));
    assert_eq!(recorder.errors(), 2);
}

#[test]
fn a_reload_acts_where_the_file_has_changed_its_mind() {
    let folder = TempDir::new().unwrap();
    let recorder = recorder(&folder);
    let is = |state| assert_eq!(recorder.capture().state, state);
    let of = |name, enabled| Some(settings(folder.path(), name, enabled));
    recorder.start().unwrap();
    recorder.stop().unwrap();
    recorder.apply(of("other.jsonl", true)).unwrap();
    // Stopped by hand, and the file says nothing new.
    is("off");
    recorder.start().unwrap();
    assert!(recorder.capture().file.unwrap().ends_with("other.jsonl"));
    recorder.apply(of("third.jsonl", false)).unwrap();
    is("off");
    recorder.apply(of("third.jsonl", true)).unwrap();
    is("recording");
    recorder.apply(None).unwrap();
    is("off");
    assert!(recorder.apply(of("other.jsonl/c.jsonl", true)).is_err());
    is("off");
    assert!(matches!(recorder.start(), Err(OrderError::NoSettings)));
}
