//! What is known of the request that a connection carries now, while its bytes come in.
//!
//! pingora repairs a line that its parser refuses: it escapes what stands between the first space
//! and the last, and shows only the repaired line. Others refuse such a line, or cut it elsewhere.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::pace::Expected;

/// What is known of a connection's current request. Written by who reads the bytes and by who
/// serves the request, one after the other.
#[derive(Debug)]
pub(crate) struct Line {
    stage: AtomicU32,
    odd: AtomicBool,
}

/// How far a request has come, and which it is: no two requests have the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stage(u32);

const REQUEST: u32 = 0;
const HEADER: u32 = 1;
const BODY: u32 = 2;
const NOTHING: u32 = 3;
/// Frames of HTTP/2, which tell on their own what they are.
const FRAMES: u32 = 4;

/// Bits of a stage that say what is expected; those above count requests.
const EXPECTED: u32 = 7;

impl Stage {
    pub(super) const fn expected(self) -> Expected {
        match self.0 & EXPECTED {
            REQUEST => Expected::Request,
            HEADER => Expected::Header,
            BODY => Expected::Body,
            _ => Expected::Nothing,
        }
    }

    const fn is_frames(self) -> bool {
        self.0 & EXPECTED == FRAMES
    }
}

impl Line {
    pub(super) const fn new() -> Self {
        Self {
            stage: AtomicU32::new(REQUEST),
            odd: AtomicBool::new(false),
        }
    }

    /// The header has been read and parsed; with `body`, a body follows.
    pub(crate) fn head_read(&self, body: bool) {
        self.enter(if body {
            Expected::Body
        } else {
            Expected::Nothing
        });
    }

    /// The body has been read to its end, or what comes now is not HTTP any more.
    pub(crate) fn body_read(&self) {
        self.enter(Expected::Nothing);
    }

    /// A request has ended: what comes now is the next one's line.
    pub(crate) fn begin(&self) {
        self.advance(|stage| (stage & !EXPECTED).wrapping_add(EXPECTED + 1));
    }

    /// Whether the line is not just three words.
    pub(crate) fn is_odd(&self) -> bool {
        self.odd.load(Ordering::Relaxed)
    }

    pub(super) fn set_odd(&self, odd: bool) {
        self.odd.store(odd, Ordering::Relaxed);
    }

    pub(super) fn stage(&self) -> Stage {
        Stage(self.stage.load(Ordering::Relaxed))
    }

    /// Goes on to what is expected next in the same request.
    pub(super) fn enter(&self, expected: Expected) {
        let next = match expected {
            Expected::Request => REQUEST,
            Expected::Header => HEADER,
            Expected::Body => BODY,
            Expected::Nothing => NOTHING,
        };
        self.advance(|stage| (stage & !EXPECTED) | next);
    }

    /// From here on there are frames only.
    pub(super) fn become_frames(&self) {
        self.advance(|stage| (stage & !EXPECTED) | FRAMES);
    }

    /// Frames stay frames.
    fn advance(&self, next: impl FnOnce(u32) -> u32) {
        let stage = self.stage();
        if !stage.is_frames() {
            self.stage.store(next(stage.0), Ordering::Relaxed);
        }
    }
}

/// A request line that is being read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    spaces: usize,
    last: u8,
}

impl Reading {
    /// Goes on with the line; at its end, or as soon as that is clear, says whether it is odd.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Option<bool> {
        for &byte in bytes {
            let last = std::mem::replace(&mut self.last, byte);
            match byte {
                // Empty lines may come before it (RFC 9112 §2.2).
                b'\r' | b'\n' if matches!(last, 0 | b'\n') => self.last = 0,
                b'\n' => return Some(self.spaces != 2),
                b'\r' => {}
                _ if last == b'\r' => return Some(true),
                b' ' => self.spaces += 1,
                0..=0x1f | 0x7f => return Some(true),
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<bool>) {
        assert_eq!(
            Reading::default().read(line.as_bytes()),
            expected,
            "{line:?}"
        );
        // In pieces it is the same.
        let mut reading = Reading::default();
        let read = line
            .as_bytes()
            .chunks(1)
            .find_map(|byte| reading.read(byte));
        assert_eq!(read, expected, "{line:?}");
    }

    #[test]
    fn a_line_is_three_words() {
        check("GET /a?b=c%20d HTTP/1.1\r\nX: y z\r\n", Some(false));
        check("\r\n\r\nGET / HTTP/1.1\r\n", Some(false));
        check("GET / HTTP/1.1\n", Some(false));
        check("GET / HTTP", None);
        check("GET /a b HTTP/1.1\r\n", Some(true));
        check("GET /a?b=c d HTTP/1.1\r\n", Some(true));
        check("GET  / HTTP/1.1\r\n", Some(true));
        check("GET /\r\n", Some(true));
        check("GET /a?\tb HTTP/1.1\r\n", Some(true));
        check("GET /a?\x7f HTTP/1.1\r\n", Some(true));
        check("GET /a?\0 HTTP/1.1\r\n", Some(true));
        check("GET /a?\rb HTTP/1.1\r\n", Some(true));
    }

    #[test]
    fn every_request_has_a_stage_of_its_own() {
        let line = Line::new();
        line.enter(Expected::Header);
        line.head_read(true);
        let first = line.stage();
        assert_eq!(first.expected(), Expected::Body);
        line.begin();
        assert_eq!(line.stage().expected(), Expected::Request);
        line.enter(Expected::Header);
        line.head_read(true);
        assert_eq!(line.stage().expected(), Expected::Body);
        assert_ne!(line.stage(), first);
        line.body_read();
        assert_eq!(line.stage().expected(), Expected::Nothing);
    }

    #[test]
    fn frames_stay_frames() {
        let line = Line::new();
        line.become_frames();
        let frames = line.stage();
        line.head_read(true);
        line.begin();
        assert_eq!(line.stage(), frames);
        assert_eq!(frames.expected(), Expected::Nothing);
    }
}
