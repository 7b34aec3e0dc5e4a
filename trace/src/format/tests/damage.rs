//! Captures that were cut off, changed or added to: what is said of them.

use super::*;
use crate::format::verify::{Problem, Rest};

fn verify(bytes: &[u8]) -> Verified {
    Verified::read_from(Path::new("x.jsonl"), bytes).unwrap()
}

fn several() -> Vec<u8> {
    written(&[exchange(1), exchange(2), exchange(3)])
}

/// The file without its line of this number.
fn without(text: &[u8], line: usize) -> Vec<u8> {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let kept = lines.enumerate().filter(|(at, _)| at + 1 != line);
    kept.flat_map(|(_, line)| line.to_vec()).collect()
}

#[test]
fn a_whole_capture_is_good() {
    let whole = several();
    let verified = verify(&whole);
    assert!(verified.is_good(), "{verified:?}");
    assert_eq!((verified.lines, verified.exchanges), (8, 3));
    assert_eq!(verified.bytes, whole.len() as u64);
    assert_eq!(verified.proven.lines, [(1, 8)]);
    assert_eq!(verified.proven.exchanges, 3);
    assert_eq!(verified.rest, Rest::default());
}

#[test]
fn every_cut_leaves_what_was_checkpointed() {
    let whole = several();
    let header = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for cut in header..whole.len() - 1 {
        let part = &whole[..cut];
        let checkpoints = part.split(|byte| *byte == b'\n');
        let checkpoints = checkpoints
            .filter(|line| line.starts_with(b"{\"type\":\"checkpoint") && line.ends_with(b"\"}"));
        let checkpoints = checkpoints.count() as u64;
        let verified = verify(part);
        assert!(!verified.is_good(), "cut at {cut}");
        assert_eq!(verified.problems, [], "cut at {cut}");
        assert_eq!(verified.proven.exchanges, checkpoints, "cut at {cut}");
        assert!(verified.rest.exchanges <= 1, "cut at {cut}");
        assert!(read(part).unwrap().exchanges.len() as u64 >= checkpoints);
    }
}

#[test]
fn every_changed_byte_is_noticed_and_located() {
    let whole = several();
    let line_of = |at: usize| 1 + whole[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        let Ok(verified) = Verified::read_from(Path::new("x"), &*changed) else {
            assert_eq!(line_of(at), 1, "only a header makes a capture unreadable");
            continue;
        };
        // The footer's chain covers all but itself.
        let in_footer = line_of(at) == 8;
        assert!(in_footer || !verified.is_good(), "byte {at}");
        let proven = |line| {
            verified
                .proven
                .lines
                .iter()
                .any(|(from, to)| (*from..*to).contains(&line))
        };
        assert!(in_footer || !proven(line_of(at)), "byte {at}: {verified:?}");
        // What is two checkpoints away is still proven.
        assert!(
            line_of(at) > 3 || at == 0 || verified.proven.exchanges >= 1,
            "byte {at}"
        );
    }
}

#[test]
fn what_was_changed_is_between_these_lines() {
    let text = String::from_utf8(several()).unwrap();
    let changed = text.replacen("\"at_ns\":2000", "\"at_ns\":2001", 1);
    let verified = verify(changed.as_bytes());
    assert_eq!(verified.problems, [Problem::Chain { from: 3, to: 5 }]);
    assert_eq!(verified.proven.lines, [(1, 3), (5, 8)]);
    assert_eq!(verified.proven.exchanges, 2);
}

#[test]
fn a_line_that_was_removed_is_counted() {
    let verified = verify(&without(&several(), 4));
    assert_eq!(
        verified.problems,
        [
            Problem::Chain { from: 3, to: 4 },
            Problem::Miscounted {
                line: 4,
                says: 2,
                are: 1
            },
        ]
    );
    assert_eq!((verified.proven.counted, verified.proven.exchanges), (3, 2));
}

#[test]
fn lines_that_were_exchanged_or_doubled_are_noticed() {
    let text = String::from_utf8(written(&[exchange(2), exchange(1), exchange(1)])).unwrap();
    let orders: Vec<_> = verify(text.as_bytes())
        .problems
        .into_iter()
        .filter(|problem| matches!(problem, Problem::Order { .. }))
        .collect();
    assert_eq!(
        orders,
        [
            Problem::Order {
                line: 4,
                seq: 1,
                after: 2
            },
            Problem::Order {
                line: 6,
                seq: 1,
                after: 1
            },
        ]
    );
}

#[test]
fn what_does_not_add_up_is_said() {
    let text = String::from_utf8(several()).unwrap();
    let verified = verify(text.replace("\"offered\":5", "\"offered\":6").as_bytes());
    assert_eq!(verified.problems, [Problem::Offered { line: 8 }]);
    let counted = text.replace(
        "\"seq\":2,\"exchanges\":2,\"offered\":2",
        "\"seq\":2,\"exchanges\":7,\"offered\":7",
    );
    let miscounted = Problem::Miscounted {
        line: 5,
        says: 7,
        are: 2,
    };
    assert!(verify(counted.as_bytes()).problems.contains(&miscounted));
    let twice = verify(format!("{text}{text}").as_bytes());
    assert_eq!(twice.problems, [Problem::AfterFooter { line: 8 }]);
}

#[test]
fn problems_are_bounded_and_say_nothing_of_what_they_read() {
    let mut text = String::from_utf8(written(&[])).unwrap();
    for _ in 0..50 {
        text.push_str("{\"type\":\"exchange\",\"seq\":\"Maria\"}\n{\"type\":\"Maria\n");
    }
    let text = without(text.as_bytes(), 2);
    let verified = verify(&[&text[..], b"{}\n"].concat());
    assert_eq!((verified.problems.len(), verified.more_problems), (20, 80));
    let said: String = verified.problems.iter().map(ToString::to_string).collect();
    assert!(!said.contains("Maria"), "{said}");
}

#[test]
fn a_garbled_end_is_a_warning_and_a_garbled_middle_an_error() {
    let whole = written(&[exchange(1)]);
    let end = whole.len()
        - 2
        - String::from_utf8_lossy(&whole)
            .lines()
            .last()
            .unwrap()
            .len();
    for garbage in [&b"\0\0\0\0\0"[..], b"{\"type\":\"exch\n", b"\xff\xfe{}\n"] {
        let torn = [&whole[..=end], garbage].concat();
        let capture = read(&torn).unwrap();
        assert_eq!(
            capture.warnings,
            [Warning::TornTail { line: 4 }, Warning::NotClosed]
        );
        assert_eq!(verify(&torn).rest.torn, Some(4));
        let middle = [&torn, &b"\n"[..], &line_of(&exchange(2))].concat();
        assert!(matches!(
            read(&middle),
            Err(ReadError::Line { line: 4, .. })
        ));
    }
}

#[test]
fn a_line_without_end_is_refused_without_being_kept() {
    struct Endless;
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            buffer.fill(b'x');
            Ok(buffer.len())
        }
    }
    use std::io::Read as _;
    let whole = written(&[]);
    let header = whole.split_inclusive(|byte| *byte == b'\n').next().unwrap();
    let input = header.chain(Endless.take(70 << 20)).chain(&b"\n{}"[..]);
    let mut reader = Reader::new(Path::new("x"), std::io::BufReader::new(input)).unwrap();
    let error = reader.next().unwrap().unwrap_err();
    assert!(error.to_string().contains("longer than 64 MiB"), "{error}");
}
