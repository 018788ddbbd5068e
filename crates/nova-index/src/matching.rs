//! How well a name matches a pattern. Knows bytes only: no symbols, no ranking.
//!
//! Case is ignored for ASCII letters; all others must match as they are.

/// How a pattern was found in a name, the best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum MatchClass {
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

/// Bytes of a name that are searched. Longer names match as a whole, or by what they begin with.
const NAME_SEARCHED_BYTES_MAX: usize = 128;

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

    /// How the name matches, if it does.
    pub(crate) fn matches(&self, name: &[u8]) -> Option<MatchClass> {
        if !self.is_subsequence_of(name) {
            return None;
        }
        if name.len() == self.text.len() {
            let exact = name == self.text;
            return Some(if exact { MatchClass::Exact } else { MatchClass::ExactIgnoringCase });
        }
        if name[..self.text.len()].eq_ignore_ascii_case(&self.text) {
            return Some(MatchClass::Prefix);
        }
        let searched = &name[..name.len().min(NAME_SEARCHED_BYTES_MAX)];
        let starts = word_starts(searched);
        if self.follows_words(searched, starts, 1) {
            Some(MatchClass::Humps)
        } else if self.follows_words(searched, starts, starts) {
            Some(MatchClass::WordStart)
        } else if self.is_substring_of(searched) {
            Some(MatchClass::Substring)
        } else {
            Some(MatchClass::Subsequence)
        }
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

    fn is_substring_of(&self, name: &[u8]) -> bool {
        name.windows(self.text.len()).any(|part| part.eq_ignore_ascii_case(&self.text))
    }

    /// Whether the pattern consists of beginnings of words, the first of them among `firsts`.
    ///
    /// Positions in the name are bits. `ends` are those at which the pattern so far can end; the next
    /// byte continues one of these, or begins a word after the first of these. A capital in the
    /// pattern does not stand for a small letter within a word.
    fn follows_words(&self, name: &[u8], starts: u128, firsts: u128) -> bool {
        let mut next = firsts;
        for (byte, folded) in self.text.iter().zip(&self.folded) {
            let mut here = 0;
            for (index, of_name) in name.iter().enumerate() {
                let bit = 1 << index;
                let small = byte.is_ascii_uppercase() && of_name.is_ascii_lowercase();
                if of_name.to_ascii_lowercase() == *folded && (!small || starts & bit != 0) {
                    here |= bit;
                }
            }
            let ends = here & next;
            if ends == 0 {
                return false;
            }
            let up_to_first = ends ^ (ends - 1);
            next = ends << 1 | starts & !up_to_first;
        }
        true
    }
}

/// Where words begin, as bits: `Hash|Map`, `HTTP|Server`, `MAX_|VALUE`, `utf8|Name`.
fn word_starts(name: &[u8]) -> u128 {
    let mut starts = 0;
    for (index, byte) in name.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| name[before]);
        let after = name.get(index + 1);
        let begins = match before {
            None | Some(b'_' | b'$' | b'.' | b'-') => true,
            Some(before) if byte.is_ascii_uppercase() => {
                !before.is_ascii_uppercase() || after.is_some_and(u8::is_ascii_lowercase)
            }
            Some(_) => false,
        };
        starts |= u128::from(begins) << index;
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, name: &str, expected: Option<MatchClass>) {
        let found = Pattern::new(pattern).matches(name.as_bytes());
        assert_eq!(found, expected, "{pattern} in {name}");
    }

    #[test]
    fn a_name_matches_in_the_best_class_that_it_can() {
        use MatchClass::*;
        for (pattern, name, expected) in [
            ("HashMap", "HashMap", Some(Exact)),
            ("hashmap", "HashMap", Some(ExactIgnoringCase)),
            ("hash", "HashMap", Some(Prefix)),
            ("HM", "HashMap", Some(Humps)),
            ("hm", "HashMap", Some(Humps)),
            ("HaMa", "HashMap", Some(Humps)),
            ("ConHM", "ConcurrentHashMap", Some(Humps)),
            ("CMap", "ConcurrentHashMap", Some(Humps)),
            ("HM", "ConcurrentHashMap", Some(WordStart)),
            ("map", "HashMap", Some(WordStart)),
            ("mv", "MAX_VALUE", Some(Humps)),
            ("hm", "hash_map", Some(Humps)),
            ("URLE", "URLEncoder", Some(Prefix)),
            ("HServ", "HTTPServer", Some(Humps)),
            ("shM", "HashMap", Some(Substring)),
            ("ASH", "HashMap", Some(Substring)),
            ("hsp", "HashMap", Some(Subsequence)),
            ("HashMaps", "HashMap", None),
            ("pam", "HashMap", None),
        ] {
            check(pattern, name, expected);
        }
    }

    #[test]
    fn a_hump_is_found_although_an_earlier_letter_tempts() {
        check("fob", "FoFooBar", Some(MatchClass::Humps));
        check("bab", "BabBob", Some(MatchClass::Prefix));
        check("bbo", "BabBob", Some(MatchClass::Humps));
    }

    #[test]
    fn letters_beyond_ascii_match_as_they_are() {
        check("größe", "größe", Some(MatchClass::Exact));
        check("GRöße", "größe", Some(MatchClass::ExactIgnoringCase));
        check("GRÖSSE", "größe", None);
    }

    #[test]
    fn a_name_of_any_length_is_searched_in_bounded_time() {
        let long = "a".repeat(1 << 20);
        check("b", &long, None);
        check(&"a".repeat(1 << 10), &long, Some(MatchClass::Prefix));
        check("ab", &format!("{long}b"), Some(MatchClass::Subsequence));
    }
}
