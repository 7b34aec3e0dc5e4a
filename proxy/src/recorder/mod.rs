//! The recorder: takes finished exchanges off the request path and writes them down.
//!
//! A request leaves a [`Tap`] on the shelf of its worker and is done; a thread of its own comes by,
//! anonymizes and writes. Whatever fails here changes no response.

mod batch;
mod capture;
pub(crate) mod control;
pub(crate) mod counts;
pub(crate) mod pending;
mod pile;
mod rotation;
pub(crate) mod selection;
pub(crate) mod tally;
pub(crate) mod tap;
mod writer;

use std::sync::Arc;

use crate::clock::{Clock, Moment};
use crate::shelf::Shelves;
use batch::Batch;
use pile::Pile;
use selection::{Choice, Selection};
use tally::{Loss, Tally};
use tap::Tap;

/// The end of a capture that requests hold.
pub(crate) struct Intake {
    shelves: Arc<Shelves<Pile>>,
    clock: Clock,
    pub(crate) tally: Arc<Tally>,
    /// When the capture began.
    pub(crate) started: Moment,
    /// Bytes of each body that are kept.
    pub(crate) body_limit: usize,
    /// Bytes of exchanges that may wait to be written, over all shelves.
    room: usize,
    selection: Selection,
}

impl Intake {
    /// Whether an exchange that begins is to be followed. One that is not counts as left out.
    pub(crate) fn wants(&self, method: &[u8], path: &[u8]) -> bool {
        let left_out = self.selection.at_start(method, path);
        if let Some(why) = left_out {
            self.tally.begins();
            self.tally.left_out(why);
        }
        left_out.is_none()
    }

    /// Takes an exchange that began and has ended, unless its end leaves it out.
    fn take(&self, tap: &Tap) {
        let (method, path) = (tap.request.method(), tap.request.path());
        if self.selection.filters.want(method, path, tap.ended()) {
            self.offer(tap);
        } else {
            self.tally.left_out(Choice::Filter);
        }
    }

    /// Hands over a finished exchange. Never waits: what there is no room for is dropped and
    /// counted.
    fn offer(&self, tap: &Tap) {
        if let Err(loss) = self.put(tap) {
            self.tally.dropped(loss);
        }
    }

    fn put(&self, tap: &Tap) -> Result<(), Loss> {
        let (room, weight) = (self.shelves.share(self.room), Batch::weight_of(tap));
        if self.tally.is_over() {
            return Err(Loss::Write);
        }
        if weight > room {
            return Err(Loss::Size);
        }
        self.shelves.put(|pile| {
            if pile.weight() + weight > room {
                return Err(Loss::Queue);
            }
            self.tally.waits();
            pile.push(tap, weight);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::path::Path;
    use std::time::Duration;

    use bytes::BytesMut;

    use super::selection::{Filter, Filters};
    use super::tap::Origin;
    use super::*;
    use crate::http1::head::{Request, Search};
    use crate::server::connection::Protocol;

    pub(super) fn tap(body: usize) -> Tap {
        let origin = Origin {
            at: Duration::ZERO,
            connection: 1,
            protocol: Protocol::Http1,
            client: IpAddr::from([192, 0, 2, 1]),
        };
        let mut buffer = BytesMut::from("GET / HTTP/1.1\r\n\r\n");
        let request = Request::take(&mut buffer, &mut Search::default());
        let mut tap = Tap::new(request.unwrap().unwrap(), origin, usize::MAX);
        tap.request_piece(&vec![0; body]);
        tap
    }

    const ROOM: usize = 64 * 1024 * 1024;

    fn intake(selection: Selection) -> Intake {
        Intake {
            shelves: Arc::new(Shelves::of(2)),
            clock: Clock::start(),
            tally: Arc::new(Tally::new(Path::new("capture.jsonl"))),
            started: Moment::START,
            body_limit: usize::MAX,
            room: ROOM,
            selection,
        }
    }

    #[test]
    fn what_there_is_no_room_for_is_dropped_and_counted() {
        let intake = intake(Selection::default());
        intake.offer(&tap(ROOM / 2));
        assert_eq!(intake.tally.missed().size, 1);
        for _ in 0..5 {
            intake.offer(&tap(ROOM / 5));
        }
        assert_eq!(intake.tally.missed().queue, 3);
        intake.tally.end();
        intake.offer(&tap(0));
        assert_eq!(intake.tally.missed().write, 1);
        let counts = intake.tally.counts();
        let seen = (counts.dropped.total(), counts.recorded, counts.waiting);
        assert_eq!(seen, (5, 0, 2));
    }
    #[test]
    fn what_is_left_out_is_not_offered() {
        let large = Filter {
            body_over: Some(10),
            ..Filter::default()
        };
        let posts = Filter {
            methods: Some(vec![trace::raw::Method::of(b"POST")]),
            ..Filter::default()
        };
        let intake = intake(Selection {
            filters: Filters {
                except: vec![large, posts],
                ..Filters::default()
            },
            share: None,
        });
        assert!(!intake.wants(b"POST", b"/"));
        assert!(intake.tally.all_settled());
        for body in [10, 11] {
            assert!(intake.wants(b"GET", b"/"));
            intake.tally.begins();
            intake.take(&tap(body));
        }
        let counts = intake.tally.counts();
        assert_eq!((counts.left_out.filter, counts.waiting), (2, 1));
        // Only the one that waits is still to be written.
        assert!(!intake.tally.all_settled());
        intake.tally.written();
        assert!(intake.tally.all_settled());
    }
}
