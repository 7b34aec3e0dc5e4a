//! What has to hold of answers, whatever bytes they are read from. `fuzz/` tries.

use super::super::super::outcome::Keep;
use super::{Answering, Broken};

/// Reads bytes as an answer: the first few say how it is cut, and whether it is to a HEAD. However it
/// is cut, it is the same answer, or none.
pub fn answer(bytes: &[u8]) {
    let Some((sizes, bytes)) = bytes.split_first_chunk::<4>() else {
        return;
    };
    let to_head = sizes[0] > 250;
    let sizes = sizes.map(|size| usize::from(size) % 40 + 1);
    assert_eq!(
        known(read(bytes, &sizes.repeat(bytes.len() / 4 + 1), to_head)),
        known(read(bytes, &[], to_head)),
        "it is another one where it is cut"
    );
}

type Read = Result<(Answering, usize), Broken>;

/// Feeds an answer in pieces of these sizes, and the rest at once; gives what it was and how many
/// bytes it left.
pub(super) fn read(bytes: &[u8], sizes: &[usize], to_head: bool) -> Read {
    let mut answering = Answering::new(
        to_head,
        Keep {
            head: true,
            body: 1_000,
        },
    );
    let (mut rest, mut at) = (Vec::new(), 0);
    let mut sizes = sizes.iter().copied().chain(std::iter::repeat(usize::MAX));
    while at < bytes.len() && !answering.is_done() {
        let size = sizes.next().unwrap_or(1).clamp(1, bytes.len() - at);
        rest.extend_from_slice(&bytes[at..at + size]);
        at += size;
        let used = answering.feed(&rest)?;
        rest.drain(..used);
    }
    if at == bytes.len() {
        answering.end();
    }
    Ok((answering, rest.len() + bytes.len() - at))
}

/// All that anybody asks of an answer.
fn known(read: Read) -> Option<impl PartialEq + std::fmt::Debug> {
    let (answering, left) = read.ok()?;
    let is_done = answering.is_done();
    let is_reusable = answering.is_reusable();
    // What is left of one that is not done depends on how much of it came in.
    let left = if is_done { left } else { 0 };
    let answer = answering.into_answer();
    Some((
        answer.status,
        is_done,
        is_reusable,
        [answer.head, answer.body],
        left,
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    #[test]
    fn the_corpus_of_answers_holds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/answer");
        let files: Vec<_> = fs::read_dir(folder).unwrap().collect();
        assert!(files.len() >= 5);
        for file in files {
            super::answer(&fs::read(file.unwrap().path()).unwrap());
        }
    }
}
