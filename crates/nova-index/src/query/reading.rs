//! What a query can mean: which of its words are the name, and which stand around it.

use crate::matching::{Grade, MatchClass, Pattern, Words};

/// Of more words than this, all are the name, or all but one.
const SPLIT_WORDS_MAX: usize = 4;

/// One meaning of a query.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) name: NamePattern,
    pub(crate) around: Around,
}

/// What must stand around a name.
#[derive(Debug, Clone)]
pub(crate) enum Around {
    /// Anything.
    Anything,
    /// These types and parts of the package, from the outside in.
    Path(Vec<Pattern>),
    /// A type or a part of the package for each of these words, in no order.
    Words(Vec<Pattern>),
}

/// What a name must be: each of these words must be found in it.
#[derive(Debug, Clone)]
pub(crate) struct NamePattern {
    words: Vec<Pattern>,
    /// The best that a match is worth.
    class_max: MatchClass,
    part: Part,
}

/// Which of its matches count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// All but by a typo.
    All,
    /// These without those by loose letters.
    Tight,
    /// Those by loose letters; perhaps without what is a match by a typo.
    Loose { without_typos: bool },
    /// Those by a typo.
    Typo,
}

impl NamePattern {
    pub(crate) fn new(words: Vec<Pattern>) -> Self {
        let class_max = match words.as_slice() {
            [_, _, ..] => MatchClass::Humps,
            [word] if !word.is_empty() => MatchClass::Exact,
            _ => MatchClass::Prefix,
        };
        Self { words, class_max, part: Part::All }
    }

    /// The words.
    pub(crate) fn words(&self) -> &[Pattern] {
        &self.words
    }

    /// The only word, if there are not several.
    pub(crate) fn single(&self) -> Option<&Pattern> {
        match self.words.as_slice() {
            [word] => Some(word),
            _ => None,
        }
    }

    pub(crate) fn allows_typo(&self) -> bool {
        self.part == Part::Typo
    }

    /// Whether letters may stand anywhere.
    pub(crate) fn allows_loose(&self) -> bool {
        matches!(self.part, Part::All | Part::Loose { .. })
    }

    /// Whether no other match counts.
    pub(crate) fn is_loose(&self) -> bool {
        matches!(self.part, Part::Loose { .. })
    }

    /// Whether every name will do.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(Pattern::is_empty)
    }

    /// The best class that a name can match in.
    pub(crate) fn class_max(&self) -> MatchClass {
        self.class_max
    }

    /// How a name matches a single word, at least by a piece of it.
    pub(crate) fn grade_by_words(&self, name: &[u8]) -> Grade {
        self.grade_if(name, |_, _| true)
    }

    /// The same, if the word may be the first letters of all words.
    pub(crate) fn grade_of_initials(&self, name: &[u8]) -> Grade {
        self.grade_if(name, Pattern::is_initials_of)
    }

    /// The same, if it matches by one piece.
    pub(crate) fn grade_of_piece(&self, name: &[u8]) -> Grade {
        self.grade_if(name, Pattern::is_piece_of)
    }

    fn grade_if(&self, name: &[u8], may_match: impl Fn(&Pattern, &Words) -> bool) -> Grade {
        let Some(word) = self.single().filter(|word| word.may_be_in(name)) else {
            return Grade::ABSENT;
        };
        let name = Words::new(name);
        if !may_match(word, &name) {
            return Grade::ABSENT;
        }
        word.grade_by_words(&name).at_most(self.class_max)
    }

    /// How a name matches: of several words as well as the one that matches it least, unless they are all
    /// of it.
    pub(crate) fn grade(&self, name: &[u8]) -> Grade {
        if self.is_empty() && !self.allows_typo() {
            return Grade::best_of(MatchClass::Prefix).at_most(self.class_max);
        }
        if !self.allows_typo() && !self.words.iter().all(|word| word.may_be_in(name)) {
            return Grade::ABSENT;
        }
        let name = Words::new(name);
        let grade = match self.words.as_slice() {
            [] => Grade::ABSENT,
            [word] => match self.part {
                Part::All => word.grade(&name),
                Part::Tight => word.grade_by_words(&name),
                Part::Loose { without_typos } => match word.grade(&name) {
                    grade if grade.class() > MatchClass::LOOSE_BEST => Grade::ABSENT,
                    _ if without_typos && word.grade_of_typo(&name).is_match() => Grade::ABSENT,
                    grade => grade,
                },
                Part::Typo => word.grade_of_typo(&name),
            },
            several => {
                let grades = several.iter().map(|word| word.grade_by_words(&name));
                let least = grades.min().unwrap_or(Grade::ABSENT);
                let letters: usize = several.iter().map(Pattern::len).sum();
                if least.class() < MatchClass::Substring {
                    return Grade::ABSENT;
                }
                if letters == name.len { Grade::best_of(MatchClass::Humps) } else { least }
            }
        };
        grade.at_most(self.class_max)
    }
}

/// What a query can mean, the likeliest first.
pub(super) fn readings(qualifiers: &[Pattern], words: &[Pattern]) -> Vec<Reading> {
    let name = NamePattern::new(words.to_vec());
    if !qualifiers.is_empty() {
        return vec![Reading { name, around: Around::Path(qualifiers.to_vec()) }];
    }
    let part = if words.len() == 1 { Part::Tight } else { Part::All };
    let name = NamePattern { part, ..name };
    let mut readings = vec![Reading { name, around: Around::Anything }];
    if words.len() > 1 {
        readings.extend((0..words.len()).map(|around| split(words, 1 << around)));
    }
    readings
}

/// The same for what the readings of a single word leave out.
pub(super) fn loose(
    qualifiers: &[Pattern],
    words: &[Pattern],
    without_typos: bool,
) -> Option<Reading> {
    let is_left_out = qualifiers.is_empty() && words.len() == 1 && !words[0].is_empty();
    is_left_out.then(|| {
        let name = NamePattern::new(words.to_vec());
        let name = NamePattern { part: Part::Loose { without_typos }, ..name };
        Reading { name, around: Around::Anything }
    })
}

/// The same if nothing better was found: with more words around the name, or with a typo.
pub(super) fn second_readings(qualifiers: &[Pattern], words: &[Pattern]) -> Vec<Reading> {
    match words {
        [word] => {
            let around = match qualifiers {
                [] => Around::Anything,
                qualifiers => Around::Path(qualifiers.to_vec()),
            };
            let name = NamePattern::new(vec![word.clone()]);
            let name = NamePattern { part: Part::Typo, ..name };
            vec![Reading { name, around }]
        }
        words if words.len() <= SPLIT_WORDS_MAX => {
            let all = (1_u32 << words.len()) - 1;
            let several = (1..all).filter(|around| around.count_ones() > 1);
            several.map(|around| split(words, around)).collect()
        }
        _ => Vec::new(),
    }
}

/// The words that have a bit stand around the name, the others are in it.
fn split(words: &[Pattern], around: u32) -> Reading {
    let pick = |is_around: bool| {
        let picked = (0..).zip(words).filter(|(at, _)| (around >> at & 1 != 0) == is_around);
        picked.map(|(_, word)| word.clone()).collect()
    };
    let mut name = NamePattern::new(pick(false));
    // Whoever types two words thinks of a name with both.
    name.class_max = MatchClass::LaterWords;
    Reading { name, around: Around::Words(pick(true)) }
}
