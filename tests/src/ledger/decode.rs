//! What a text may say when it is read another way.

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};

/// A way to read something, and what it is called. Nothing comes of it where it says nothing new.
pub(super) type Decoder = (&'static str, fn(&[u8]) -> Vec<Vec<u8>>);

/// All of them.
pub(super) const DECODERS: [Decoder; 8] = [
    ("json escapes", json_escapes),
    ("percent", percent),
    ("entities", entities),
    ("base64", base64),
    ("hex", hex),
    ("utf-16", utf16),
    ("compressed", compressed),
    ("form", plus),
];

/// `\u0041`, `\n`, `\"` and their like, wherever they stand.
fn json_escapes(text: &[u8]) -> Vec<Vec<u8>> {
    if !text.contains(&b'\\') {
        return Vec::new();
    }
    let mut units: Vec<u16> = Vec::new();
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let unit = (byte == b'\\').then(|| escape(after)).flatten();
        if let Some((unit, length)) = unit {
            units.push(unit);
            rest = &after[length..];
            continue;
        }
        out.extend(String::from_utf16_lossy(&std::mem::take(&mut units)).bytes());
        out.push(byte);
        rest = after;
    }
    out.extend(String::from_utf16_lossy(&units).bytes());
    vec![out]
}

/// What follows a backslash, and how long it is.
fn escape(after: &[u8]) -> Option<(u16, usize)> {
    let plain = |unit: u8| Some((u16::from(unit), 1));
    match *after.first()? {
        b'n' => plain(b'\n'),
        b't' => plain(b'\t'),
        b'r' => plain(b'\r'),
        mark @ (b'"' | b'\\' | b'/') => plain(mark),
        b'u' => {
            let digits = std::str::from_utf8(after.get(1..5)?).ok()?;
            Some((u16::from_str_radix(digits, 16).ok()?, 5))
        }
        _ => None,
    }
}

fn percent(text: &[u8]) -> Vec<Vec<u8>> {
    let decoded: Vec<u8> = percent_encoding::percent_decode(text).collect();
    if decoded == text {
        Vec::new()
    } else {
        vec![decoded]
    }
}

fn plus(text: &[u8]) -> Vec<Vec<u8>> {
    if !text.contains(&b'+') {
        return Vec::new();
    }
    vec![
        text.iter()
            .map(|&byte| if byte == b'+' { b' ' } else { byte })
            .collect(),
    ]
}

/// `&amp;`, `&#65;`, `&#x41;`.
fn entities(text: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(text);
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    let mut any = false;
    for part in parts {
        let read = part.split_once(';').and_then(|(name, rest)| {
            let meant = match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                _ => numbered(name)?,
            };
            Some((meant, rest))
        });
        match read {
            Some((meant, rest)) => {
                any = true;
                out.push(meant);
                out.push_str(rest);
            }
            None => {
                out.push('&');
                out.push_str(part);
            }
        }
    }
    if any {
        vec![out.into_bytes()]
    } else {
        Vec::new()
    }
}

fn numbered(name: &str) -> Option<char> {
    let number = name.strip_prefix('#')?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code)
}

/// Runs of either alphabet, from each of the four places at which a byte may begin.
fn base64(text: &[u8]) -> Vec<Vec<u8>> {
    let runs = text.split(|byte| sextet(*byte).is_none());
    let long = runs.filter(|run| run.len() >= SHORTEST_RUN);
    long.flat_map(|run| (0..4).map(|skip| from_sextets(&run[skip..])))
        .collect()
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn from_sextets(run: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(run.len());
    let (mut bits, mut held) = (0_u32, 0);
    for sextet in run.iter().filter_map(|byte| sextet(*byte)) {
        bits = bits << 6 | u32::from(sextet);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xff) as u8);
        }
    }
    out
}

/// Runs of hexadecimal digits, from either of the two places at which a byte may begin.
fn hex(text: &[u8]) -> Vec<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let runs = text.split(|byte| digit(byte).is_none());
    let long = runs.filter(|run| run.len() >= SHORTEST_RUN);
    long.flat_map(|run| {
        (0..2).map(|skip| {
            let digits: Vec<u8> = run[skip..]
                .iter()
                .filter_map(|byte| Some(digit(byte)? as u8))
                .collect();
            digits
                .chunks_exact(2)
                .map(|pair| pair[0] << 4 | pair[1])
                .collect()
        })
    })
    .collect()
}

/// Latin letters in UTF-16 have a zero beside them.
fn utf16(text: &[u8]) -> Vec<Vec<u8>> {
    if !text.contains(&0) {
        return Vec::new();
    }
    vec![text.iter().copied().filter(|byte| *byte != 0).collect()]
}

/// gzip, zlib and zstd by how they begin.
fn compressed(bytes: &[u8]) -> Vec<Vec<u8>> {
    match bytes {
        [0x1f, 0x8b, ..] => some_of(GzDecoder::new(bytes)),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => some_of(ZlibDecoder::new(bytes)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            zstd::Decoder::new(bytes).map_or_else(|_| Vec::new(), some_of)
        }
        _ => Vec::new(),
    }
}

/// Brotli says nothing of itself: anything may be it.
pub(super) fn brotli(bytes: &[u8]) -> Vec<Vec<u8>> {
    some_of(brotli::Decompressor::new(bytes, 4096))
}

/// Whether reading it in yet another way could say more: what was decoded at the wrong place is no
/// text, and neither is most of what was nothing encoded at all.
pub(super) fn is_worth_it(bytes: &[u8]) -> bool {
    let zeros = bytes.iter().filter(|byte| **byte == 0).count();
    std::str::from_utf8(bytes).is_ok() || zeros > bytes.len() / 3 || !compressed(bytes).is_empty()
}

/// What can be read before an error, up to a limit.
fn some_of(reader: impl Read) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    // Even the part before an error may say too much.
    let _broken = reader.take(MOST).read_to_end(&mut out);
    if out.len() < SHORTEST_RUN {
        Vec::new()
    } else {
        vec![out]
    }
}

/// Shorter runs could not say anything that is looked for.
const SHORTEST_RUN: usize = 8;

/// Bytes of what was compressed.
const MOST: u64 = 1 << 20;
