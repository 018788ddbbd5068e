//! A word that someone typed, to be found in names.

use std::fmt;

use super::words::{Words, fold, letter_class};
use super::{Grade, MatchClass, typo};

/// Words shorter than this are found at the beginnings of words only.
const SUBSTRING_LETTERS_MIN: usize = 3;

/// Letters that a scattered match may have out of any run, however long the pattern.
pub(crate) const LOOSE_LETTERS_MAX: usize = 4;

/// A word to be found in names.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// Folded.
    letters: Vec<u8>,
    /// A bit for each class of letter that occurs.
    classes: u32,
    /// Letters that were typed as capitals.
    capitals: u64,
    /// Letters that were typed after an underscore.
    starts: u64,
    /// For each byte of ASCII a bit for each of the letters that it is, in any case.
    letters_of: Box<[u64; ASCII]>,
}

/// How many bytes of ASCII there are.
const ASCII: usize = 1 << 7;

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        let typed = Words::new(text.as_bytes());
        let (letters, len) = typed.letters();
        let letters = letters[..len].to_vec();
        let classes = letters.iter().fold(0, |bits, letter| bits | 1 << letter_class(*letter));
        let mut letters_of = Box::new([0; ASCII]);
        for (at, letter) in letters.iter().enumerate().filter(|(_, letter)| letter.is_ascii()) {
            letters_of[usize::from(*letter)] |= 1 << at;
            letters_of[usize::from(letter.to_ascii_uppercase())] |= 1 << at;
        }
        let (capitals, starts) = (typed.capitals, after_underscores(text));
        Self { letters, classes, capitals, starts, letters_of }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.letters.len()
    }

    /// The letters, folded.
    pub(crate) fn letters(&self) -> &[u8] {
        &self.letters
    }

    /// The classes of letters that a name must have.
    pub(crate) fn classes(&self) -> u32 {
        self.classes
    }

    /// Whether it is two capitals or more and nothing else: someone types initials.
    pub(crate) fn is_capitals(&self) -> bool {
        self.len() > 1 && self.capitals.count_ones() as usize == self.len()
    }

    /// Whether the letter at a position was typed after an underscore.
    pub(crate) fn begins_word(&self, at: usize) -> bool {
        self.starts >> at & 1 != 0
    }

    /// Whether a piece of a name within a word is a match.
    pub(crate) fn matches_within_words(&self) -> bool {
        self.len() >= SUBSTRING_LETTERS_MIN
    }

    /// Whether the letters are in the name in order: every match but by a typo has them so. Costs less
    /// than to find out how it matches.
    pub(crate) fn may_be_in(&self, name: &[u8]) -> bool {
        // The letter that is wanted next, as a bit. Added to itself it is the one after that, and so no
        // branch depends on the name.
        let mut wanted: u64 = 1;
        let mut all = 0;
        for byte in name {
            let fitting = self.letters_of[usize::from(*byte) % ASCII];
            wanted = wanted.wrapping_add(wanted & fitting);
            all |= byte;
        }
        // Other letters are folded in other ways.
        wanted == 1_u64.checked_shl(self.len() as u32).unwrap_or(0) || !all.is_ascii()
    }

    /// Whether the letters are the first ones of all words of the name, and those of nothing else.
    pub(crate) fn is_initials_of(&self, name: &Words) -> bool {
        self.len() > 1
            && self.len() == name.major_starts.count_ones() as usize
            && self.stands_on(name, name.major_starts)
    }

    /// Letters that a scattered match may have out of any run.
    pub(crate) fn loose_max(&self) -> usize {
        self.len().div_ceil(2).min(LOOSE_LETTERS_MAX)
    }

    /// Whether the letters are in the name in one piece.
    pub(crate) fn is_piece_of(&self, name: &Words) -> bool {
        let mut pieces = u64::MAX;
        for (at, letter) in self.letters.iter().enumerate() {
            pieces &= name.positions_of(*letter) >> at;
            if pieces == 0 {
                return false;
            }
        }
        true
    }

    /// How a name matches; typos apart.
    pub(crate) fn grade(&self, name: &Words) -> Grade {
        let by_words = self.grade_by_words(name);
        if by_words.is_match() || self.len() > name.len || self.is_empty() {
            return by_words;
        }
        self.strict_or_lenient(name, |for_capitals| self.class_by_loose_letters(name, for_capitals))
    }

    /// The same, if it matches at least by a piece.
    pub(crate) fn grade_by_words(&self, name: &Words) -> Grade {
        if self.len() > name.len {
            return Grade::ABSENT;
        }
        self.strict_or_lenient(name, |for_capitals| self.class_with(name, for_capitals))
    }

    /// The best class by the positions at which capitals can stand: a capital that was typed may stand for
    /// a small letter where a word begins, if need be.
    fn strict_or_lenient(&self, name: &Words, class: impl Fn(u64) -> MatchClass) -> Grade {
        if self.capitals == 0 {
            return Grade::new(class(name.capitals), true);
        }
        let lenient = class(name.capitals | name.starts);
        // Mostly it is none, which spares the stricter look.
        let is_strict = lenient > MatchClass::Absent && class(name.capitals) == lenient;
        Grade::new(lenient, is_strict)
    }

    /// How a name matches with one letter missing, too many, swapped or wrong, if it matches no better
    /// without; no capital counts.
    pub(crate) fn grade_of_typo(&self, name: &Words) -> Grade {
        let grade = Grade::new(typo::class(&self.letters, name), self.capitals == 0);
        if grade > self.grade(name) { grade } else { Grade::ABSENT }
    }

    /// The class of the match if capitals can only stand at these positions.
    fn class_with(&self, name: &Words, for_capitals: u64) -> MatchClass {
        if self.is_empty() {
            return if name.len == 0 { MatchClass::Exact } else { MatchClass::Prefix };
        }
        match self.class_from_first(name, for_capitals) {
            Some(class) => class,
            None => self.class_by_words(name, for_capitals),
        }
    }

    /// The class of a match that begins with the name and goes on in one piece.
    fn class_from_first(&self, name: &Words, for_capitals: u64) -> Option<MatchClass> {
        let is_prefix = self.capitals & !for_capitals == 0
            && self.starts & !name.starts == 0
            && self.letters.iter().enumerate().all(|(at, letter)| name.letter(at) == *letter);
        if !is_prefix {
            return None;
        }
        let is_all = self.len() == name.len && !name.is_cut;
        Some(if is_all { MatchClass::Exact } else { MatchClass::Prefix })
    }

    /// The class of a match by pieces that begin words, or of one piece within a word.
    ///
    /// Goes through the pattern with all positions at which its last letter can stand: the next letter
    /// stands right after one of these, or begins a later word.
    fn class_by_words(&self, name: &Words, for_capitals: u64) -> MatchClass {
        let mut each = Ends { ends: 0, next: 1 };
        let mut first = Ends { ends: 0, next: 1 };
        let mut any = Ends { ends: 0, next: name.starts };
        let mut pieces = u64::MAX;
        for (at, letter) in self.letters.iter().enumerate() {
            let fitting = self.fitting(at, *letter, name, for_capitals);
            each.advance(fitting, |ends| ends << 1 | name.next_words(ends));
            first.advance(fitting, |ends| ends << 1 | name.later_words(ends));
            any.advance(fitting, |ends| ends << 1 | name.later_words(ends));
            pieces &= fitting >> at;
            if any.ends | pieces == 0 {
                return MatchClass::Absent;
            }
        }
        let reaches_last_word = |ends: u64| {
            let last = name.major_starts.checked_ilog2().map_or(0, |last| 1 << last);
            ends >= last
        };
        if each.ends != 0 && reaches_last_word(each.ends) && !name.is_cut {
            return self.class_of_all_words(name);
        }
        match (first.ends, any.ends) {
            (0, 0) if self.matches_within_words() => MatchClass::Substring,
            (0, 0) => MatchClass::Absent,
            (0, _) => MatchClass::LaterWords,
            _ => MatchClass::WordStarts,
        }
    }

    /// The class of a match by the beginnings of all words.
    fn class_of_all_words(&self, name: &Words) -> MatchClass {
        match (self.is_initials_of(name), self.is_capitals()) {
            (true, true) => MatchClass::CapitalInitials,
            (true, false) => MatchClass::Initials,
            (false, _) => MatchClass::Humps,
        }
    }

    /// Whether the letters are those at these positions, in order.
    fn stands_on(&self, name: &Words, mut positions: u64) -> bool {
        self.letters.iter().all(|letter| {
            let at = positions.trailing_zeros() as usize;
            positions &= positions.wrapping_sub(1);
            at < name.len && name.letter(at) == *letter
        })
    }

    /// The class of a match whose letters stand in order, the first one where a word begins, and not
    /// too many of the others out of a run and within a word.
    fn class_by_loose_letters(&self, name: &Words, for_capitals: u64) -> MatchClass {
        let loose_max = self.loose_max();
        // Where the last letter can stand, by the number of loose letters so far.
        let mut ends = [0; LOOSE_LETTERS_MAX + 1];
        ends[0] = self.fitting(0, self.letters[0], name, for_capitals) & name.starts;
        for (at, letter) in self.letters.iter().enumerate().skip(1) {
            let fitting = self.fitting(at, *letter, name, for_capitals);
            let mut looser = 0;
            for ends in &mut ends[..=loose_max] {
                let in_run = (*ends << 1 | name.later_words(*ends)) & fitting;
                let loose = above_lowest(*ends) & fitting;
                *ends = in_run | looser;
                looser = loose;
            }
            if ends == [0; LOOSE_LETTERS_MAX + 1] {
                return MatchClass::Absent;
            }
        }
        match ends.iter().position(|ends| *ends != 0) {
            Some(0 | 1) => MatchClass::Skipping,
            Some(_) => MatchClass::Scattered,
            None => MatchClass::Absent,
        }
    }

    /// Where a letter of the pattern can stand in a name.
    fn fitting(&self, at: usize, letter: u8, name: &Words, for_capitals: u64) -> u64 {
        let mut fitting = name.positions_of(letter);
        if self.capitals >> at & 1 != 0 {
            fitting &= for_capitals;
        }
        if self.starts >> at & 1 != 0 {
            fitting &= name.starts;
        }
        fitting
    }
}

impl fmt::Display for Pattern {
    /// The letters as they were typed, without underscores.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut at = 0;
        for char in String::from_utf8_lossy(&self.letters).chars() {
            let is_capital = self.capitals >> at & 1 != 0;
            at += char.len_utf8();
            match is_capital {
                true => write!(f, "{}", char.to_uppercase())?,
                false => write!(f, "{char}")?,
            }
        }
        Ok(())
    }
}

/// The letters that were typed after an underscore, as bits.
fn after_underscores(text: &str) -> u64 {
    let mut starts = 0;
    let (mut at, mut is_start) = (0, false);
    for part in text.split_inclusive('_') {
        let letters = fold(part.as_bytes()).len();
        if is_start && letters > 0 && at < u64::BITS as usize {
            starts |= 1 << at;
        }
        at += letters;
        is_start = at > 0;
    }
    starts
}

/// Where the letters of a pattern can stand, one letter at a time.
struct Ends {
    ends: u64,
    next: u64,
}

impl Ends {
    fn advance(&mut self, fitting: u64, next: impl Fn(u64) -> u64) {
        self.ends = fitting & self.next;
        self.next = next(self.ends);
    }
}

/// The positions after the lowest of these.
fn above_lowest(positions: u64) -> u64 {
    !(positions ^ positions.wrapping_sub(1))
}

impl Words {
    /// Where words begin that are later than the first of these positions.
    fn later_words(&self, ends: u64) -> u64 {
        self.starts & above_lowest(ends)
    }

    /// Where the word begins that follows each of these positions; a number may be passed over.
    fn next_words(&self, ends: u64) -> u64 {
        following(ends, self.starts) | following(ends, self.major_starts)
    }
}

/// For each of the ends the first start after it.
fn following(ends: u64, starts: u64) -> u64 {
    let next = ends << 1;
    let between = !starts;
    // A carry runs from each position up through those that are no start.
    (next & starts) | ((next & between).wrapping_add(between) & starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, name: &str, expected: MatchClass) {
        let found = Pattern::new(pattern).grade(&Words::new(name.as_bytes()));
        assert_eq!(found.class(), expected, "{pattern} in {name}");
    }

    #[test]
    fn a_name_matches_in_the_best_class_that_it_can() {
        use MatchClass::*;
        for (pattern, name, expected) in [
            ("HashMap", "HashMap", Exact),
            ("hashmap", "HashMap", Exact),
            ("hash_map", "HashMap", Exact),
            ("maxvalue", "MAX_VALUE", Exact),
            ("HM", "HashMap", CapitalInitials),
            ("hm", "HashMap", Initials),
            ("HM", "HMAC", Prefix),
            ("hash", "HashMap", Prefix),
            ("URLE", "URLEncoder", Prefix),
            ("HaMa", "HashMap", Humps),
            ("ConHM", "ConcurrentHashMap", Humps),
            ("HServ", "HTTPServer", Humps),
            ("be", "Base64Encoder", Initials),
            ("b64e", "Base64Encoder", Humps),
            ("mv", "MAX_VALUE", Initials),
            ("hm", "hash_map", Initials),
            ("CMap", "ConcurrentHashMap", WordStarts),
            ("ConH", "ConcurrentHashMap", WordStarts),
            ("HM", "ConcurrentHashMap", LaterWords),
            ("map", "HashMap", LaterWords),
            ("shM", "HashMap", Substring),
            ("ash", "HashMap", Substring),
            ("cchm", "ConcurrentHashMap", Skipping),
            ("cncrntmp", "ConcurrentMap", Scattered),
            ("as", "HashMap", Absent),
            ("HashMaps", "HashMap", Absent),
            ("pam", "HashMap", Absent),
            ("", "HashMap", Prefix),
        ] {
            check(pattern, name, expected);
        }
    }

    #[test]
    fn a_capital_is_a_capital_or_at_least_begins_a_word() {
        use MatchClass::*;
        check("HAshMap", "HashMap", Absent);
        check("LiSt", "list", Absent);
        check("ASH", "HashMap", Absent);
        let grade = |name: &str| Pattern::new("List").grade(&Words::new(name.as_bytes()));
        assert_eq!(grade("List"), Grade::EXACT);
        assert_eq!(grade("list"), Grade::new(Exact, false));
        assert_eq!(grade("LIST"), Grade::EXACT);
    }

    #[test]
    fn what_follows_an_underscore_begins_a_word() {
        check("ha_map", "HashMap", MatchClass::Humps);
        check("has_hmap", "HashMap", MatchClass::Absent);
        check("_map", "map", MatchClass::Exact);
        check("_", "__", MatchClass::Exact);
    }

    #[test]
    fn a_hump_is_found_although_an_earlier_letter_tempts() {
        check("fob", "FoFooBar", MatchClass::WordStarts);
        check("ffob", "FoFooBar", MatchClass::Humps);
        check("bbo", "BabBob", MatchClass::Humps);
        check("abc", "AaAbBcC", MatchClass::WordStarts);
    }

    #[test]
    fn letters_beyond_ascii_match_whatever_their_case() {
        check("größe", "größe", MatchClass::Exact);
        check("GRöße", "größe", MatchClass::Absent);
        check("Größe", "Größe", MatchClass::Exact);
        check("änd", "größeÄndern", MatchClass::LaterWords);
    }

    #[test]
    fn a_name_of_any_length_is_searched_in_bounded_time() {
        let long = "a".repeat(1 << 20);
        check("b", &long, MatchClass::Absent);
        check(&"a".repeat(1 << 10), &long, MatchClass::Prefix);
        check("ab", &format!("{long}B"), MatchClass::Absent);
    }

    #[test]
    fn letters_may_be_in_a_name_if_they_are_there_in_order() {
        let may_be_in =
            |pattern: &str, name: &str| Pattern::new(pattern).may_be_in(name.as_bytes());
        assert!(may_be_in("hSmP", "HashMap"));
        assert!(!may_be_in("pam", "HashMap"));
        assert!(!may_be_in("hashmaps", "HashMap"));
        assert!(may_be_in("pam", "HäshMap"), "who knows how the ä is folded");
        let longest = "ab".repeat(32);
        assert!(may_be_in(&longest, &longest.to_uppercase()));
        assert!(!may_be_in(&longest, &longest[1..]));
    }

    #[test]
    fn every_position_is_followed_by_the_next_start() {
        assert_eq!(following(0b1, 0b1001), 0b1000);
        assert_eq!(following(0b100, 0b1001), 0b1000);
        assert_eq!(following(0b101, 0b1001), 0b1000);
        assert_eq!(following(0b1001, 0b100_1001), 0b100_1000);
        assert_eq!(following(0b1, 0b11), 0b10);
        assert_eq!(following(0b111, 0b1111), 0b1110);
    }
}
