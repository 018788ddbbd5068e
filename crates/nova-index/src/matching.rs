//! How well a name matches what someone typed. Knows text only: no symbols, no places.
//!
//! ```text
//! name ─▶ Words (its letters, where words begin) ─┐
//! typed word ─▶ Pattern ──────────────────────────┴─▶ Grade
//! ```
//!
//! `docs/search.md` says the same for people, with examples.

mod pattern;
mod typo;
mod words;

pub(crate) use pattern::{LOOSE_LETTERS_MAX, Pattern};
pub(crate) use typo::TYPO_LETTERS_MIN;
pub(crate) use words::{LETTER_CLASSES, Words, fold, letter_class};

/// How a pattern was found in a name, the best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum MatchClass {
    /// Not at all.
    Absent = 0,
    /// Its letters in order from the beginning of a word on, with several gaps: `cncrntmp` in
    /// `ConcurrentMap`.
    Scattered = 1,
    /// The name begins with it, but for one letter: `hahsm` in `HashMap`.
    TypoInPrefix = 2,
    /// Its letters in order from the beginning of a word on, one of them out of its run: `cchm` in
    /// `ConcurrentHashMap`.
    Skipping = 3,
    /// The whole name, but for one letter: `hahsmap` is `HashMap`.
    Typo = 4,
    /// In one piece, within a word: `shM` in `HashMap`.
    Substring = 5,
    /// Beginnings of words, from a later word on: `map` or `HM` in `ConcurrentHashMap`.
    LaterWords = 6,
    /// Beginnings of words, from the first word on, with words left out: `CMap` in
    /// `ConcurrentHashMap`.
    WordStarts = 7,
    /// Beginnings of all words: `hamap` in `HashMap`, `ConHM` in `ConcurrentHashMap`.
    Humps = 8,
    /// The first letters of all words: `hm` in `HashMap`.
    Initials = 9,
    /// The name begins with it: `hash` in `HashMap`.
    Prefix = 10,
    /// The first letters of all words, in capitals: `HM` in `HashMap`.
    CapitalInitials = 11,
    /// The whole name, but for case and underscores: `hashmap` or `hash_map` is `HashMap`.
    Exact = 12,
}

impl MatchClass {
    const ALL: [Self; 13] = [
        Self::Absent,
        Self::Scattered,
        Self::TypoInPrefix,
        Self::Skipping,
        Self::Typo,
        Self::Substring,
        Self::LaterWords,
        Self::WordStarts,
        Self::Humps,
        Self::Initials,
        Self::Prefix,
        Self::CapitalInitials,
        Self::Exact,
    ];

    /// The best class of a match in which letters stand anywhere.
    pub(crate) const LOOSE_BEST: Self = Self::Skipping;

    /// Whether it is one of those that are of use only where little else matches.
    pub(crate) fn is_loose(self) -> bool {
        matches!(self, Self::Skipping | Self::Scattered)
    }

    /// Whether the pattern's pieces are where words begin, or all of the name.
    pub(crate) fn is_by_words(self) -> bool {
        self >= Self::LaterWords
    }
}

/// A class of match, and within it whether every capital that was typed is a capital in the name.
///
/// Ordered by quality, the best last. Without capitals in the pattern the case is as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Grade(u8);

impl Grade {
    pub(crate) const ABSENT: Self = Self(0);
    /// The best of all.
    pub(crate) const EXACT: Self = Self::best_of(MatchClass::Exact);

    pub(crate) fn new(class: MatchClass, case_as_typed: bool) -> Self {
        match class {
            MatchClass::Absent => Self::ABSENT,
            _ => Self((class as u8) << 1 | u8::from(case_as_typed)),
        }
    }

    /// The grade that has these six bits.
    pub(crate) fn from_bits(bits: u8) -> Self {
        Self(bits.min(Self::EXACT.0))
    }

    /// The best grade of a class.
    pub(crate) const fn best_of(class: MatchClass) -> Self {
        Self((class as u8) << 1 | 1)
    }

    pub(crate) fn class(self) -> MatchClass {
        MatchClass::ALL[usize::from(self.0 >> 1)]
    }

    pub(crate) fn case_as_typed(self) -> bool {
        self.0 & 1 != 0
    }

    pub(crate) fn is_match(self) -> bool {
        self != Self::ABSENT
    }

    /// The same, in a class that is not better than this one.
    pub(crate) fn at_most(self, class: MatchClass) -> Self {
        Self::new(self.class().min(class), self.case_as_typed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_are_ordered_by_class_then_case() {
        for (index, class) in MatchClass::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, index);
            assert_eq!(Grade::best_of(class).class(), class);
        }
        let grade = |class| Grade::new(class, false);
        assert!(grade(MatchClass::Exact) > Grade::best_of(MatchClass::Prefix));
        assert!(grade(MatchClass::Prefix) < Grade::best_of(MatchClass::Prefix));
        assert_eq!(Grade::new(MatchClass::Absent, true), Grade::ABSENT);
    }
}
