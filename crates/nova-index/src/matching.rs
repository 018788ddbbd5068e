//! How well a name matches a pattern. Knows bytes only: no symbols, no ranking.
//!
//! Case is ignored for ASCII letters; all others must match as they are.

/// How a pattern was found in a name, the best last.
///
/// That it was not found is a class as well, the lowest: several patterns are found as well as the
/// least of them, and a byte per name tells all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum MatchClass {
    /// Not at all.
    Absent = 0,
    /// Its characters in order, anywhere: `hsp` in `HashMap`.
    Subsequence = 1,
    /// In one piece, anywhere: `shM` in `HashMap`.
    Substring = 2,
    /// Like [`Self::Humps`], but beginning at a later word: `Map` or `HM` in `ConcurrentHashMap`.
    WordStart = 3,
    /// Beginnings of words, from the first one on: `ConHM` in `ConcurrentHashMap`.
    Humps = 4,
    /// The name begins with it: `Hash` in `HashMap`.
    Prefix = 5,
    /// The whole name but for case: `hashmap` is `HashMap`.
    ExactIgnoringCase = 6,
    /// The whole name.
    Exact = 7,
}

/// Bytes of a name that are searched for words and pieces: a position is a bit of a [`u64`]. What
/// goes beyond can be matched as a prefix or as a subsequence; real names seldom reach half of it.
const NAME_SEARCHED_BYTES_MAX: usize = 64;

/// A text to be found in names.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    text: Vec<u8>,
    folded: Vec<u8>,
    letters: u32,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let text = text.as_bytes().to_vec();
        let folded = text.to_ascii_lowercase();
        let letters = letters(&text);
        Self { text, folded, letters }
    }

    /// How the name matches.
    pub(crate) fn class_in(&self, name: &[u8]) -> MatchClass {
        if letters(name) & self.letters != self.letters || !self.is_subsequence_of(name) {
            return MatchClass::Absent;
        }
        if name.len() == self.text.len() {
            let exact = name == self.text;
            return if exact { MatchClass::Exact } else { MatchClass::ExactIgnoringCase };
        }
        if name[..self.text.len()].eq_ignore_ascii_case(&self.text) {
            return MatchClass::Prefix;
        }
        self.class_within(&Searched::new(&name[..name.len().min(NAME_SEARCHED_BYTES_MAX)]))
    }

    /// Every class of match implies this one.
    fn is_subsequence_of(&self, name: &[u8]) -> bool {
        let mut rest = self.folded.as_slice();
        for byte in name {
            match rest {
                [] => return true,
                [first, tail @ ..] if *first == byte.to_ascii_lowercase() => rest = tail,
                _ => {}
            }
        }
        rest.is_empty()
    }

    /// The class of a subsequence that is no prefix.
    ///
    /// Goes through the pattern with all positions in the name at which its last byte can stand if
    /// it consists of beginnings of words: the next byte stands right after one of these, or begins a
    /// word after the first of them. A capital in the pattern does not stand for a small letter
    /// within a word.
    fn class_within(&self, name: &Searched) -> MatchClass {
        let mut from_first = 1;
        let mut from_any = name.starts;
        let (mut humps, mut words, mut pieces) = (0, 0, u64::MAX);
        for (index, (byte, folded)) in self.text.iter().zip(&self.folded).enumerate() {
            let equal = name.positions_of(*folded);
            let is_capital = byte.is_ascii_uppercase();
            let fitting = if is_capital { equal & (name.starts | name.capitals) } else { equal };
            humps = fitting & from_first;
            words = fitting & from_any;
            from_first = name.after(humps);
            from_any = name.after(words);
            pieces &= equal.checked_shr(index as u32).unwrap_or_default();
            if words | pieces == 0 {
                return MatchClass::Subsequence;
            }
        }
        match (humps, words) {
            (0, 0) => MatchClass::Substring,
            (0, _) => MatchClass::WordStart,
            _ => MatchClass::Humps,
        }
    }
}

/// The beginning of a name, made ready to be asked for the positions of bytes. Works on eight bytes
/// at once, each a lane of a [`u64`].
struct Searched {
    /// In small letters.
    folded: [u64; LANES_MAX],
    lanes: usize,
    /// Where words begin: `Hash|Map`, `HTTP|Server`, `MAX_|VALUE`, `utf8|Name`.
    starts: u64,
    capitals: u64,
}

const LANES_MAX: usize = NAME_SEARCHED_BYTES_MAX / 8;

/// The lowest bit of each byte.
const ONES: u64 = u64::from_ne_bytes([1; 8]);

impl Searched {
    fn new(name: &[u8]) -> Self {
        let mut bytes = [0; NAME_SEARCHED_BYTES_MAX];
        bytes[..name.len()].copy_from_slice(name);
        let mut folded = [0; LANES_MAX];
        let lanes = name.len().div_ceil(8);
        let (mut capitals, mut small, mut separators) = (0, 0, 0);
        let chunks = bytes.as_chunks::<8>().0[..lanes].iter();
        for (at, (chunk, folded)) in (0..).step_by(8).zip(chunks.zip(&mut folded)) {
            let lane = u64::from_le_bytes(*chunk);
            let separator = equal(lane, b'_') | equal(lane, b'$') | equal(lane, b'.');
            // Of ASCII, letters and some signs have 0x40; small ones have 0x20 as well.
            let letter = lane >> 6 & !(lane >> 7) & !separator & ONES;
            let is_small = lane >> 5 & letter;
            capitals |= gather(letter & !is_small) << at;
            small |= gather(is_small) << at;
            separators |= gather(separator) << at;
            *folded = lane | (letter & !is_small) << 5;
        }
        let after_other = capitals & !(capitals << 1);
        let before_small = capitals & small >> 1;
        let starts = 1 | separators << 1 | after_other | before_small;
        Self { folded, lanes, starts, capitals }
    }

    /// Where a small letter stands, or its capital; or a byte that is no letter.
    fn positions_of(&self, byte: u8) -> u64 {
        let lanes = (0..).step_by(8).zip(&self.folded[..self.lanes]);
        lanes.fold(0, |positions, (at, lane)| positions | gather(equal(*lane, byte)) << at)
    }

    /// Where the byte can stand that follows one at these positions.
    fn after(&self, ends: u64) -> u64 {
        let up_to_first = ends ^ ends.wrapping_sub(1);
        ends << 1 | self.starts & !up_to_first
    }
}

/// The lowest bit of each byte of the lane that is equal to this one.
fn equal(lane: u64, byte: u8) -> u64 {
    const LOW_BITS: u64 = ONES * 0x7f;
    let difference = lane ^ (ONES * u64::from(byte));
    !(((difference & LOW_BITS) + LOW_BITS) | difference) >> 7 & ONES
}

/// The lowest bits of a lane's bytes, as the bits of one byte: the highest of the product.
fn gather(lane: u64) -> u64 {
    lane.wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// A bit for each letter that occurs, whatever its case; other bytes share these bits. Refuses most
/// names for most patterns, at little cost.
fn letters(text: &[u8]) -> u32 {
    text.iter().fold(0, |letters, byte| letters | 1 << (byte & 31))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, name: &str, expected: MatchClass) {
        let found = Pattern::new(pattern).class_in(name.as_bytes());
        assert_eq!(found, expected, "{pattern} in {name}");
    }

    #[test]
    fn a_name_matches_in_the_best_class_that_it_can() {
        use MatchClass::*;
        for (pattern, name, expected) in [
            ("HashMap", "HashMap", Exact),
            ("hashmap", "HashMap", ExactIgnoringCase),
            ("hash", "HashMap", Prefix),
            ("HM", "HashMap", Humps),
            ("hm", "HashMap", Humps),
            ("HaMa", "HashMap", Humps),
            ("ConHM", "ConcurrentHashMap", Humps),
            ("CMap", "ConcurrentHashMap", Humps),
            ("HM", "ConcurrentHashMap", WordStart),
            ("map", "HashMap", WordStart),
            ("mv", "MAX_VALUE", Humps),
            ("hm", "hash_map", Humps),
            ("URLE", "URLEncoder", Prefix),
            ("HServ", "HTTPServer", Humps),
            ("shM", "HashMap", Substring),
            ("ASH", "HashMap", Substring),
            ("hsp", "HashMap", Subsequence),
            ("HashMaps", "HashMap", Absent),
            ("pam", "HashMap", Absent),
        ] {
            check(pattern, name, expected);
        }
    }

    #[test]
    fn a_hump_is_found_although_an_earlier_letter_tempts() {
        check("fob", "FoFooBar", MatchClass::Humps);
        check("bab", "BabBob", MatchClass::Prefix);
        check("bbo", "BabBob", MatchClass::Humps);
    }

    #[test]
    fn letters_beyond_ascii_match_as_they_are() {
        check("größe", "größe", MatchClass::Exact);
        check("GRöße", "größe", MatchClass::ExactIgnoringCase);
        check("GRÖSSE", "größe", MatchClass::Absent);
    }

    #[test]
    fn a_name_of_any_length_is_searched_in_bounded_time() {
        let long = "a".repeat(1 << 20);
        check("b", &long, MatchClass::Absent);
        check(&"a".repeat(1 << 10), &long, MatchClass::Prefix);
        check("ab", &format!("{long}b"), MatchClass::Subsequence);
    }
}
