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
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let text = text.as_bytes().to_vec();
        let folded = text.to_ascii_lowercase();
        Self { text, folded }
    }

    /// How the name matches.
    pub(crate) fn class_in(&self, name: &[u8]) -> MatchClass {
        if !self.is_subsequence_of(name) {
            return MatchClass::Absent;
        }
        if name.len() == self.text.len() {
            let exact = name == self.text;
            return if exact { MatchClass::Exact } else { MatchClass::ExactIgnoringCase };
        }
        if name[..self.text.len()].eq_ignore_ascii_case(&self.text) {
            return MatchClass::Prefix;
        }
        let searched = &name[..name.len().min(NAME_SEARCHED_BYTES_MAX)];
        let by_words = self.class_by_words(searched);
        if by_words == MatchClass::Absent {
            let is_piece = self.is_piece_of(searched);
            return if is_piece { MatchClass::Substring } else { MatchClass::Subsequence };
        }
        by_words
    }

    /// Every class of match implies this one, and it refuses most names at little cost.
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

    fn is_piece_of(&self, name: &[u8]) -> bool {
        name.windows(self.text.len()).any(|part| part.eq_ignore_ascii_case(&self.text))
    }

    /// [`MatchClass::Humps`] or [`MatchClass::WordStart`], if the pattern consists of beginnings of
    /// words.
    ///
    /// Goes through the pattern with all positions in the name at which its last byte can stand. The
    /// next byte stands right after one of these, or begins a word after the first of them. A capital
    /// in the pattern does not stand for a small letter within a word.
    fn class_by_words(&self, name: &[u8]) -> MatchClass {
        let (starts, small) = words(name);
        let mut from_first = 1;
        let mut from_any = starts;
        let mut ends_from_first = 0;
        for (byte, folded) in self.text.iter().zip(&self.folded) {
            let mut here = positions(name, |of_name| of_name.to_ascii_lowercase() == *folded);
            if byte.is_ascii_uppercase() {
                here &= starts | !small;
            }
            ends_from_first = here & from_first;
            let ends = here & from_any;
            if ends == 0 {
                return MatchClass::Absent;
            }
            from_first = next_positions(ends_from_first, starts);
            from_any = next_positions(ends, starts);
        }
        if ends_from_first == 0 { MatchClass::WordStart } else { MatchClass::Humps }
    }
}

/// Where the byte can stand that follows one at these positions.
fn next_positions(ends: u64, starts: u64) -> u64 {
    let up_to_first = ends ^ ends.wrapping_sub(1);
    ends << 1 | starts & !up_to_first
}

/// Where words begin: `Hash|Map`, `HTTP|Server`, `MAX_|VALUE`, `utf8|Name`; and where small letters
/// are.
fn words(name: &[u8]) -> (u64, u64) {
    let small = positions(name, |byte| byte.is_ascii_lowercase());
    let capital = positions(name, |byte| byte.is_ascii_uppercase());
    let separator = positions(name, |byte| matches!(byte, b'_' | b'$' | b'.' | b'-'));
    let after_other = capital & !(capital << 1);
    let before_small = capital & small >> 1;
    (1 | separator << 1 | after_other | before_small, small)
}

/// The positions of the bytes that are so.
fn positions(name: &[u8], is_so: impl Fn(&u8) -> bool) -> u64 {
    (0..).zip(name).fold(0, |bits, (index, byte)| bits | u64::from(is_so(byte)) << index)
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
