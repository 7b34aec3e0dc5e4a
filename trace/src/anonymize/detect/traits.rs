//! What a text has, found in one pass: most detectors cannot find anything in most texts.

/// What a text has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traits {
    seen: u16,
    pub(super) digits: usize,
    /// Whether a word may begin with a capital letter that is not its first.
    pub(super) capital: bool,
    pub(super) length: usize,
}

pub(super) const AT: u16 = 1;
pub(super) const COLON: u16 = 1 << 1;
pub(super) const DASH: u16 = 1 << 2;
pub(super) const DOT: u16 = 1 << 3;
pub(super) const EQUALS: u16 = 1 << 4;
/// The letter of `eyJ`.
pub(super) const J: u16 = 1 << 5;
/// Of ASCII.
pub(super) const LETTER: u16 = 1 << 6;
/// Anything that is no ASCII: patterns take its digits for digits and some of its letters for ours.
pub(super) const OTHER: u16 = 1 << 7;
pub(super) const PLUS: u16 = 1 << 8;
pub(super) const SLASH: u16 = 1 << 9;
const CAPITAL: u16 = 1 << 10;
const DIGIT: u16 = 1 << 11;
/// What may be between two words.
const APART: u16 = 1 << 12;

impl Traits {
    pub(super) fn of(text: &str) -> Self {
        let (mut seen, mut digits, mut capital, mut before) = (0, 0, false, 0);
        for byte in text.bytes() {
            let class = CLASSES[usize::from(byte)];
            seen |= class;
            digits += usize::from(class & DIGIT != 0);
            capital |= class & CAPITAL != 0 && before & APART != 0;
            before = class;
        }
        Self {
            seen,
            digits,
            capital,
            length: text.len(),
        }
    }

    /// Whether it has one of these.
    pub(super) const fn has(&self, any: u16) -> bool {
        self.seen & any != 0
    }
}

/// What each byte is.
const CLASSES: [u16; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = class(byte);
        byte += 1;
    }
    classes
};

const fn class(byte: usize) -> u16 {
    match byte {
        0x20 | 0x09 => APART,
        0x2b => PLUS,
        0x2d => DASH,
        0x2e => DOT | APART,
        0x2f => SLASH,
        0x30..=0x39 => DIGIT,
        0x3a => COLON,
        0x3d => EQUALS,
        0x40 => AT,
        0x4a => J | LETTER | CAPITAL,
        0x41..=0x5a => LETTER | CAPITAL,
        0x61..=0x7a => LETTER,
        0x80.. => OTHER | CAPITAL | APART,
        _ => 0,
    }
}
