//! Answers in pieces of any size, and what is none.

use proptest::prelude::*;

use super::fuzzing::{answer, read};
use super::*;

/// Status, body, whether it is complete, whether the connection can go on, and what is left over.
type Known = (u16, &'static str, bool, bool, usize);

const GOOD: [(&str, Known); 18] = [
    (
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
        (200, "hi", true, true, 0),
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi!",
        (200, "hi", true, true, 1),
    ),
    (
        "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n",
        (200, "", true, true, 0),
    ),
    ("HTTP/1.1 204 No Content\r\n\r\n", (204, "", true, true, 0)),
    (
        "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n",
        (304, "", true, true, 0),
    ),
    (
        "HTTP/1.1 200 OK\r\n\r\nall of it",
        (200, "all of it", true, false, 0),
    ),
    (
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi",
        (200, "hi", true, false, 0),
    ),
    (
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi",
        (200, "hi", true, false, 0),
    ),
    (
        "HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\ncontent-length: 2\r\n\r\nhi",
        (200, "hi", true, true, 0),
    ),
    (
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 1\r\n\r\nx",
        (201, "x", true, true, 0),
    ),
    (
        "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
        (204, "", true, true, 0),
    ),
    (
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n3;a=b\r\n yo\r\n0\r\n\r\n",
        (200, "hi yo", true, true, 0),
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n1\r\nx\r\n0\r\nx-sum: 1\r\nx-b: 2\r\n\r\nHTTP",
        (200, "x", true, true, 4),
    ),
    (
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 9\r\n\r\n0\r\n\r\n",
        (200, "", true, false, 0),
    ),
    (
        "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2\r\nhi\n1\r\nx\n0\r\n\n",
        (200, "hix", true, true, 0),
    ),
    (
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nhi",
        (200, "hi", true, true, 0),
    ),
    (
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhi",
        (200, "hi", false, true, 0),
    ),
    (
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
        (101, "", true, false, 0),
    ),
];

#[test]
fn answers_end_where_their_heads_say() {
    for (bytes, known) in GOOD {
        let (answering, left) = read(bytes.as_bytes(), &[], false).unwrap();
        let (status, done, reusable) = (
            answering.status,
            answering.is_done(),
            answering.is_reusable(),
        );
        let body = answering.into_answer().body;
        let body = str::from_utf8(&body).unwrap();
        assert_eq!((status, body, done, reusable, left), known, "{bytes}");
    }
}

#[test]
fn the_answer_to_head_has_no_body() {
    let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n";
    let (answering, left) = read(bytes, &[], true).unwrap();
    assert!(answering.is_done() && answering.is_reusable());
    assert_eq!(left, 0);
}

const THREE: Keep = Keep {
    head: false,
    body: 3,
};

#[test]
fn a_head_is_kept_where_it_is_wanted() {
    let mut answering = Answering::new(false, Keep::HEAD);
    let bytes = b"HTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\nA:  b \r\ncontent-length: 1\r\n\r\nx";
    answering.feed(bytes).unwrap();
    let answer = answering.into_answer();
    assert_eq!(answer.head, b"A: b\r\ncontent-length: 1\r\n");
    assert!(answer.body.is_empty());
}

#[test]
fn only_what_is_wanted_is_kept() {
    let mut answering = Answering::new(false, THREE);
    answering
        .feed(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabcdef")
        .unwrap();
    assert_eq!(answering.into_answer().body, b"abc");
    // Nor more of it where it comes in pieces.
    let mut answering = Answering::new(false, THREE);
    for bytes in ["HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\na", "bcd", "ef"] {
        answering.feed(bytes.as_bytes()).unwrap();
    }
    assert!(answering.is_done());
    assert_eq!(answering.into_answer().body, b"abc");
}

#[test]
fn many_headers_are_read_and_too_many_are_not() {
    let head = |count| {
        let headers = "a: b\r\n".repeat(count);
        format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n")
    };
    assert!(read(head(900).as_bytes(), &[], false).unwrap().0.is_done());
    assert!(read(head(2_000).as_bytes(), &[], false).is_err());
}

#[test]
fn what_is_no_answer_is_refused() {
    let endless = "x".repeat(300_000);
    for bytes in [
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1, 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
        "HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nxy\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n11111111111111111\r\n",
        &format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n{endless}"),
        &format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;{endless}"),
        &format!("HTTP/1.1 200 OK\r\nx: {endless}"),
        &"HTTP/1.1 100 Continue\r\n\r\n".repeat(100),
    ] {
        assert_eq!(
            read(bytes.as_bytes(), &[], false).err(),
            Some(Broken),
            "{:.60}",
            bytes
        );
    }
}

proptest! {
    #[test]
    fn it_does_not_matter_how_an_answer_is_cut(
        which in 0..GOOD.len(),
        pieces in prop::collection::vec(1_usize..20, 0..60),
    ) {
        let (bytes, known) = GOOD[which];
        let (answering, left) = read(bytes.as_bytes(), &pieces, false).unwrap();
        prop_assert_eq!(answering.status, known.0);
        prop_assert_eq!(answering.is_done(), known.2);
        prop_assert_eq!(left, known.4);
        prop_assert_eq!(answering.into_answer().body, known.1.as_bytes());
    }

    #[test]
    fn nothing_is_another_answer_where_it_is_cut(
        begin in "HTTP/1.[01] [1-5][0-9]{2} [a-z]{0,3}\r\n|.{0,4}",
        rest in prop::collection::vec(prop_oneof![
            Just("content-length: 3\r\n"), Just("transfer-encoding: chunked\r\n"), Just("\r\n"),
            Just("3\r\n"), Just("abc"), Just("0\r\n"), Just("\n"), Just("connection: close\r\n"),
        ], 0..12),
        sizes in any::<[u8; 4]>(),
    ) {
        answer(&[&sizes, begin.as_bytes(), rest.concat().as_bytes()].concat());
    }
}
