//! A name made ready to be matched: its letters in lower case, and where its words begin.

/// Letters of a name that are searched, and of a word that is typed: a position is a bit of a [`u64`]. Real names seldom reach half
/// of it; of a longer one the rest is not looked at.
pub(crate) const NAME_LETTERS_MAX: usize = 64;

const LANES_MAX: usize = NAME_LETTERS_MAX / 8;

/// Classes of letters that the dictionary tells apart: `a` to `z`, digits, everything else.
pub(crate) const LETTER_CLASSES: usize = 28;

const DIGIT: u8 = 26;
const OTHER: u8 = 27;

/// The class of a folded letter.
pub(crate) fn letter_class(letter: u8) -> u8 {
    match letter {
        b'a'..=b'z' => letter - b'a',
        b'0'..=b'9' => DIGIT,
        _ => OTHER,
    }
}

/// The letters of a name, taken apart into words: `Hash|Map`, `HTTP|Server`, `MAX_|VALUE`, `utf|8|Name`.
///
/// Underscores part words and are no letters: `MAX_VALUE` has the letters of `MaxValue`.
pub(crate) struct Words {
    /// Folded; zero beyond the end.
    letters: [u64; LANES_MAX],
    /// How many letters there are.
    pub(crate) len: usize,
    /// Where words begin.
    pub(crate) starts: u64,
    /// The same without the numbers, which nobody needs to type.
    pub(crate) major_starts: u64,
    pub(crate) capitals: u64,
    /// The name goes on.
    pub(crate) is_cut: bool,
}

/// What stands before a letter, as far as it decides whether a word begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Gap,
    Small,
    Capital,
    Digit,
}

impl Words {
    pub(crate) fn new(name: &[u8]) -> Self {
        match Self::of_plain(name) {
            Some(words) => words,
            None if name.is_ascii() => Self::of_ascii(name),
            None => Self::of_any(name),
        }
    }

    /// The words of a name of ASCII without underscores, as most are: eight letters at a time. By the
    /// same rules as [`Builder`].
    fn of_plain(name: &[u8]) -> Option<Self> {
        if name.len() > NAME_LETTERS_MAX {
            return None;
        }
        let (whole, rest) = name.as_chunks::<8>();
        let rest = match name.last_chunk() {
            _ if rest.is_empty() => None,
            Some(last) => Some(u64::from_le_bytes(*last) >> (64 - rest.len() * 8)),
            None => Some(rest.iter().rev().fold(0, |lane, byte| lane << 8 | u64::from(*byte))),
        };
        let mut letters = [0; LANES_MAX];
        let (mut capitals, mut small, mut digits) = (0, 0, 0);
        let lanes = whole.iter().map(|chunk| u64::from_le_bytes(*chunk)).chain(rest);
        for (at, (lane, letters)) in (0..).step_by(8).zip(lanes.zip(&mut letters)) {
            if lane & (ONES << 7) != 0 || equal(lane, b'_') != 0 {
                return None;
            }
            let is_capital = between(lane, b'A', b'Z');
            capitals |= gather(is_capital) << at;
            small |= gather(between(lane, b'a', b'z')) << at;
            digits |= gather(between(lane, b'0', b'9')) << at;
            *letters = lane | is_capital << 5;
        }
        let all = u64::MAX.checked_shr((NAME_LETTERS_MAX - name.len()) as u32).unwrap_or(0);
        let others = all & !(capitals | small | digits);
        let number_starts = digits & !(digits << 1);
        let capital_starts = capitals & (!(capitals << 1) | small >> 1);
        let starts = all & (1 | others << 1 | capital_starts | number_starts);
        Some(Self {
            letters,
            len: name.len(),
            starts,
            major_starts: starts & !(number_starts & !1),
            capitals,
            is_cut: false,
        })
    }

    fn of_ascii(name: &[u8]) -> Self {
        let mut builder = Builder::default();
        let mut rest = name.iter();
        while let Some(&byte) = rest.next() {
            let next_is_small = || rest.as_slice().first().is_some_and(u8::is_ascii_lowercase);
            match byte {
                b'a'..=b'z' => builder.push_small(byte),
                b'A'..=b'Z' => builder.push_capital(byte | 0x20, next_is_small()),
                b'0'..=b'9' => builder.push_digit(byte),
                b'_' => builder.before = Before::Gap,
                _ => builder.push_other(byte),
            }
        }
        builder.finish()
    }

    /// The same for a name with letters beyond ASCII, which take several places each.
    fn of_any(name: &[u8]) -> Self {
        let name = String::from_utf8_lossy(name);
        let mut builder = Builder::default();
        let mut rest = name.chars();
        while let Some(char) = rest.next() {
            let next_is_small = || rest.as_str().chars().next().is_some_and(char::is_lowercase);
            match char {
                'a'..='z' => builder.push_small(char as u8),
                '0'..='9' => builder.push_digit(char as u8),
                '_' => builder.before = Before::Gap,
                _ if char.is_ascii() && !char.is_ascii_uppercase() => {
                    builder.push_other(char as u8);
                }
                _ => {
                    let is_capital = char.is_uppercase();
                    let next_is_small = is_capital && next_is_small();
                    let mut first = true;
                    for lower in char.to_lowercase() {
                        for &byte in lower.encode_utf8(&mut [0; 4]).as_bytes() {
                            match (first, is_capital) {
                                (true, true) => builder.push_capital(byte, next_is_small),
                                (true, false) => builder.push_small(byte),
                                (false, _) => builder.push_more(byte),
                            }
                            first = false;
                        }
                    }
                }
            }
        }
        builder.finish()
    }

    /// The letter at a position.
    pub(crate) fn letter(&self, at: usize) -> u8 {
        (self.letters[at / 8] >> (at % 8 * 8)) as u8
    }

    /// The letters.
    pub(crate) fn letters(&self) -> ([u8; NAME_LETTERS_MAX], usize) {
        let mut bytes = [0; NAME_LETTERS_MAX];
        for (chunk, lane) in bytes.chunks_exact_mut(8).zip(self.letters) {
            chunk.copy_from_slice(&lane.to_le_bytes());
        }
        (bytes, self.len)
    }

    /// Where a folded letter stands.
    pub(crate) fn positions_of(&self, letter: u8) -> u64 {
        let lanes = (0..).step_by(8).zip(&self.letters[..self.len.div_ceil(8)]);
        lanes.fold(0, |positions, (at, lane)| positions | gather(equal(*lane, letter)) << at)
    }
}

/// Takes the letters of a name one by one.
struct Builder {
    letters: [u8; NAME_LETTERS_MAX],
    len: usize,
    is_cut: bool,
    starts: u64,
    number_starts: u64,
    capitals: u64,
    before: Before,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            letters: [0; NAME_LETTERS_MAX],
            len: 0,
            is_cut: false,
            starts: 0,
            number_starts: 0,
            capitals: 0,
            before: Before::Gap,
        }
    }
}

impl Builder {
    fn push_small(&mut self, letter: u8) {
        let begins_word = self.before == Before::Gap;
        self.push(letter, begins_word, false);
        self.before = Before::Small;
    }

    fn push_capital(&mut self, letter: u8, next_is_small: bool) {
        let begins_word = self.before != Before::Capital || next_is_small;
        self.push(letter, begins_word, true);
        self.before = Before::Capital;
    }

    fn push_digit(&mut self, digit: u8) {
        let begins_number = self.before != Before::Digit;
        // What begins with a number begins a word there, like any other.
        if begins_number && self.len > 0 && self.len < NAME_LETTERS_MAX {
            self.number_starts |= 1 << self.len;
        }
        self.push(digit, begins_number, false);
        self.before = Before::Digit;
    }

    /// A `$`, mostly: a letter to be typed, and the end of a word.
    fn push_other(&mut self, byte: u8) {
        self.push(byte, self.before == Before::Gap, false);
        self.before = Before::Gap;
    }

    /// A further byte of a letter.
    fn push_more(&mut self, byte: u8) {
        self.push(byte, false, false);
    }

    fn push(&mut self, letter: u8, begins_word: bool, is_capital: bool) {
        if self.len == NAME_LETTERS_MAX {
            self.is_cut = true;
            return;
        }
        self.letters[self.len] = letter;
        self.starts |= u64::from(begins_word) << self.len;
        self.capitals |= u64::from(is_capital) << self.len;
        self.len += 1;
    }

    fn finish(self) -> Words {
        let mut letters = [0; LANES_MAX];
        for (lane, chunk) in letters.iter_mut().zip(self.letters.as_chunks::<8>().0) {
            *lane = u64::from_le_bytes(*chunk);
        }
        Words {
            letters,
            len: self.len,
            starts: self.starts,
            major_starts: self.starts & !self.number_starts,
            capitals: self.capitals,
            is_cut: self.is_cut,
        }
    }
}

/// A name's letters: all of them, in lower case, without underscores.
pub(crate) fn fold(name: &[u8]) -> Vec<u8> {
    if name.is_ascii() {
        let letters = name.iter().filter(|byte| **byte != b'_');
        return letters.map(u8::to_ascii_lowercase).collect();
    }
    let name = String::from_utf8_lossy(name);
    let letters = name.chars().filter(|char| *char != '_').flat_map(char::to_lowercase);
    letters.collect::<String>().into_bytes()
}

/// The lowest bit of each byte.
const ONES: u64 = u64::from_ne_bytes([1; 8]);

/// The lowest bit of each byte of the lane that is equal to this one.
fn equal(lane: u64, byte: u8) -> u64 {
    const LOW_BITS: u64 = ONES * 0x7f;
    let difference = lane ^ (ONES * u64::from(byte));
    !(((difference & LOW_BITS) + LOW_BITS) | difference) >> 7 & ONES
}

/// The lowest bit of each byte of an ASCII lane that is in this range.
fn between(lane: u64, first: u8, last: u8) -> u64 {
    let at_least = lane + ONES * u64::from(0x80 - first);
    let beyond = lane + ONES * u64::from(0x7f - last);
    (at_least & !beyond) >> 7 & ONES
}

/// The lowest bits of a lane's bytes, as the bits of one byte: the highest of the product.
fn gather(lane: u64) -> u64 {
    lane.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The letters, with a bar before each word but the first, and capitals as they are.
    #[track_caller]
    fn check(name: &str, expected: &str) {
        let words = Words::new(name.as_bytes());
        let (letters, len) = words.letters();
        let mut shown = Vec::new();
        for (at, letter) in letters[..len].iter().enumerate() {
            if at > 0 && words.starts >> at & 1 != 0 {
                shown.push(b'|');
            }
            let is_capital = words.capitals >> at & 1 != 0;
            shown.push(if is_capital { letter.to_ascii_uppercase() } else { *letter });
        }
        assert_eq!(String::from_utf8_lossy(&shown), expected);
        assert_eq!(fold(name.as_bytes()), &letters[..len], "{name}");
    }

    #[test]
    fn a_word_begins_where_a_reader_sees_one() {
        check("HashMap", "Hash|Map");
        check("HTTPServer", "HTTP|Server");
        check("MAX_VALUE", "MAX|VALUE");
        check("__init", "init");
        check("utf8Name", "utf|8|Name");
        check("Base64", "Base|64");
        check("access$000", "access$|000");
        check("", "");
    }

    #[test]
    fn eight_letters_at_a_time_are_seen_like_one() {
        let letters = [b'a', b'b', b'C', b'D', b'1', b'$', b'z', b'Z', b'0'];
        for seed in 0..20_000_usize {
            let len = seed % 65;
            let letter = |at: usize| letters[(seed.wrapping_mul(at * 7 + 13) >> 3) % letters.len()];
            let name: Vec<u8> = (0..len).map(letter).collect();
            let fast = Words::of_plain(&name).unwrap();
            let slow = Words::of_ascii(&name);
            let facts = |it: &Words| (it.letters, it.len, it.starts, it.major_starts, it.capitals);
            assert_eq!(facts(&fast), facts(&slow), "{:?}", String::from_utf8_lossy(&name));
        }
    }

    #[test]
    fn a_letter_beyond_ascii_is_folded_and_begins_words_too() {
        let words = Words::new("größeÄndern".as_bytes());
        assert_eq!(words.starts, 1 | 1 << 7);
        assert_eq!(words.capitals, 1 << 7);
        assert_eq!(fold("größeÄndern".as_bytes()), "größeändern".as_bytes());
    }

    #[test]
    fn of_a_long_name_the_beginning_is_searched() {
        let words = Words::new("a".repeat(100).as_bytes());
        assert_eq!((words.len, words.is_cut), (NAME_LETTERS_MAX, true));
        assert_eq!(words.positions_of(b'a'), u64::MAX);
    }
}
