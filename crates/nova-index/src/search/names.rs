//! The dictionary's names that match, the best first.
//!
//! The classes of match are gone through in passes, each with a set of names in which all of its
//! matches are: the intersection of what the dictionary knows of the pattern's letters. Within a pass
//! names come in the dictionary's order, so that whoever visits them can tell when nothing better is
//! left.

use zerocopy::little_endian::U64;

use super::passes::Pass;
use super::sets::{Chain, NameSet, SmallestFirst, all_of};
use super::{Cancelled, typos};
use crate::dictionary::Dictionary;
use crate::format::U24;
use crate::matching::{Grade, MatchClass, Pattern, fold};
use crate::query::{KindSet, NamePattern};

/// Takes the names that match.
pub(super) trait Visitor {
    /// Whether the rest of a pass, from this name on and with no better grade than this one, need not
    /// be looked at. So many names are next to be looked at.
    fn is_over(&mut self, at_most: Grade, name: u32, names: u32) -> Result<bool, Cancelled>;

    /// Whether matches of this class, or of worse ones, are of any use.
    fn needs(&mut self, class: MatchClass) -> bool;

    /// Whether a name may be of use, if it matches. Costs less than to find that out.
    fn may_want(&self, name: u32) -> bool;

    /// Whether every name is of use.
    fn wants_all(&self) -> bool;

    /// To be asked now and then by whoever takes long.
    fn go_on(&self) -> Result<(), Cancelled>;

    /// A name that matches.
    fn visit(&mut self, name: u32, grade: Grade) -> Result<(), Cancelled>;
}

/// Finds names in a dictionary.
pub(super) struct Finder<'d> {
    pub(super) dictionary: &'d Dictionary,
    /// Names of these kinds of symbols only; empty for all.
    kinds: Vec<&'d [U64]>,
    /// So many words of 64 names have any of these kinds.
    pub(super) words: usize,
}

impl<'d> Finder<'d> {
    pub(super) fn new(dictionary: &'d Dictionary, kinds: KindSet) -> Self {
        let sets = kinds.iter().map(|kind| dictionary.names_of_kind(kind));
        let kinds = if kinds.is_all() { Vec::new() } else { sets.collect() };
        let longest = kinds.iter().map(|set| set.len()).max();
        Self { dictionary, words: longest.unwrap_or(dictionary.set_words()), kinds }
    }

    /// Visits the names that match.
    pub(super) fn find(
        &self,
        name: &NamePattern,
        visitor: &mut impl Visitor,
    ) -> Result<(), Cancelled> {
        match name.single() {
            _ if name.is_empty() => self.all(name, visitor),
            None => self.of_several_words(name, visitor),
            Some(pattern) if name.allows_typo() => self.with_typo(name, pattern, visitor),
            Some(pattern) if name.is_loose() => self.by_loose_letters(name, pattern, visitor),
            Some(pattern) => {
                if name.class_max() > MatchClass::Humps {
                    self.by_beginning(name, pattern, visitor)?;
                    self.by_initials(name, pattern, visitor)?;
                }
                self.by_words(name, pattern, visitor)?;
                self.within_words(name, pattern, visitor)?;
                self.by_loose_letters(name, pattern, visitor)
            }
        }
    }

    fn all(&self, name: &NamePattern, visitor: &mut impl Visitor) -> Result<(), Cancelled> {
        self.pass(Pass::new(name.class_max()), |_| u64::MAX, |text| name.grade(text), visitor)
    }

    fn of_several_words(
        &self,
        name: &NamePattern,
        visitor: &mut impl Visitor,
    ) -> Result<(), Cancelled> {
        let chains: Vec<_> =
            name.words().iter().map(|word| Chain::new(self.dictionary, word)).collect();
        let letters = name.words().iter().fold(0, |classes, word| classes | word.classes());
        let mut sets = self.with_letters(letters);
        let short = name.words().iter().filter(|word| !word.matches_within_words());
        sets.extend(short.filter(|word| !word.is_empty()).map(|word| self.starts_of(word)));
        let names = |at: usize| match all_of(&sets, at) {
            0 => 0,
            names => chains.iter().fold(names, |names, chain| chain.names(at, names)),
        };
        let mut pass = Pass::new(name.class_max());
        let letters: usize = name.words().iter().map(Pattern::len).sum();
        let is_all = |text: &[u8]| may_have_letters(text, letters);
        let mut firsts = name.words().iter().filter_map(|word| word.letters().first());
        let first = firsts.next();
        if firsts.any(|it| Some(it) != first) {
            // Of words that begin differently not all stand at the beginning.
            pass.unless = Some((MatchClass::LaterWords, &is_all));
        }
        self.pass(pass, names, |text| name.grade(text), visitor)
    }

    /// Exact names and prefixes: neighbours in the order of the letters.
    fn by_beginning(
        &self,
        name: &NamePattern,
        pattern: &Pattern,
        visitor: &mut impl Visitor,
    ) -> Result<(), Cancelled> {
        let names = self.dictionary.names_beginning_with(pattern.letters());
        let is_longer = |it: &U24| {
            let text = self.dictionary.name(it.get());
            text.len() > pattern.len() && fold(text).len() > pattern.len()
        };
        let (exact, longer) = names.split_at(names.iter().take_while(|it| !is_longer(it)).count());
        for (top, names) in [(MatchClass::Exact, exact), (MatchClass::Prefix, longer)] {
            let mut names = SmallestFirst::new(names.iter().map(|name| name.get()).collect());
            while let Some(id) = names.next() {
                if !self.is_of_kind(id) || !visitor.may_want(id) {
                    continue;
                }
                if visitor.is_over(Grade::best_of(top), id, 1)? {
                    break;
                }
                let grade = name.grade(self.dictionary.name(id));
                if is_by_beginning(grade) {
                    visitor.visit(id, grade)?;
                }
            }
        }
        Ok(())
    }

    /// Names whose words begin with the pattern's letters.
    fn by_initials(
        &self,
        name: &NamePattern,
        pattern: &Pattern,
        visitor: &mut impl Visitor,
    ) -> Result<(), Cancelled> {
        if pattern.len() == 1 {
            return Ok(());
        }
        let class = match pattern.is_capitals() {
            true => MatchClass::CapitalInitials,
            false => MatchClass::Initials,
        };
        let starts = pattern.letters().iter().map(|it| self.dictionary.names_with_start(*it));
        let sets: Vec<_> = starts.collect();
        let grade = |text: &[u8]| match name.grade_of_initials(text) {
            grade if is_by_initials(grade) => grade,
            _ => Grade::ABSENT,
        };
        self.pass(Pass::new(class), |at| all_of(&sets, at), grade, visitor)
    }

    /// Names with a word that begins with the pattern's first letter, in which each further letter
    /// follows the one before it or begins a word: all other matches by words, and pieces beside such a
    /// word.
    fn by_words(
        &self,
        name: &NamePattern,
        pattern: &Pattern,
        visitor: &mut impl Visitor,
    ) -> Result<(), Cancelled> {
        let chain = Chain::new(self.dictionary, pattern);
        let starts = self.starts_of(pattern);
        let names = |at: usize| match starts[at].get() {
            0 => 0,
            starts => chain.names(at, starts),
        };
        let grade = |text: &[u8]| match name.grade_by_words(text) {
            grade if is_by_beginning(grade) || is_by_initials(grade) => Grade::ABSENT,
            grade => grade,
        };
        let first = |text: &[u8]| may_begin_with(text, pattern.letters()[0]);
        let class_max = MatchClass::Humps.min(name.class_max());
        let pass = Pass { class_max, unless: Some((MatchClass::LaterWords, &first)) };
        self.pass(pass, names, grade, visitor)
    }

    /// Names with a piece that is the pattern, and no word that begins with its first letter.
    fn within_words(
        &self,
        name: &NamePattern,
        pattern: &Pattern,
        visitor: &mut impl Visitor,
    ) -> Result<(), Cancelled> {
        if !pattern.matches_within_words() || !visitor.needs(MatchClass::Substring) {
            return Ok(());
        }
        let pairs = pattern.letters().windows(2);
        let pairs = pairs.map(|pair| self.dictionary.names_with_pair(pair[0], pair[1]));
        let sets: Vec<_> = pairs.chain(self.with_letters(pattern.classes())).collect();
        let starts = self.starts_of(pattern);
        let names = |at: usize| all_of(&sets, at) & !starts[at].get();
        self.pass(
            Pass::new(MatchClass::Substring),
            names,
            |text| name.grade_of_piece(text),
            visitor,
        )
    }

    /// Names with the pattern's letters in order, from a word that begins with the first one, and no
    /// better match.
    fn by_loose_letters(
        &self,
        name: &NamePattern,
        pattern: &Pattern,
        visitor: &mut impl Visitor,
    ) -> Result<(), Cancelled> {
        if !name.allows_loose() || !visitor.needs(MatchClass::LOOSE_BEST) {
            return Ok(());
        }
        let mut sets = vec![self.starts_of(pattern)];
        sets.extend(self.with_letters(pattern.classes()));
        let grade = |text: &[u8]| match name.grade(text) {
            grade if grade.class() > MatchClass::LOOSE_BEST => Grade::ABSENT,
            grade => grade,
        };
        let chain = Chain::new(self.dictionary, pattern);
        let names = |at: usize| match all_of(&sets, at) {
            0 => 0,
            names => chain.loose_names(at, names),
        };
        self.pass(Pass::new(MatchClass::LOOSE_BEST), names, grade, visitor)
    }

    /// Names that begin with the pattern but for one letter.
    fn with_typo(
        &self,
        name: &NamePattern,
        pattern: &Pattern,
        visitor: &mut impl Visitor,
    ) -> Result<(), Cancelled> {
        let names = typos::names(self.dictionary, pattern.letters());
        self.among(SmallestFirst::new(names), name, visitor)
    }

    /// Visits those of these names that match, in ascending order. Some may come several times.
    pub(super) fn among(
        &self,
        mut names: SmallestFirst,
        name: &NamePattern,
        visitor: &mut impl Visitor,
    ) -> Result<(), Cancelled> {
        let top = Grade::best_of(name.class_max());
        let mut last = None;
        while let Some(id) = names.next() {
            if last.replace(id) == Some(id) || !self.is_of_kind(id) || !visitor.may_want(id) {
                continue;
            }
            if visitor.is_over(top, id, 1)? {
                break;
            }
            let grade = name.grade(self.dictionary.name(id));
            if grade.is_match() {
                visitor.visit(id, grade)?;
            }
        }
        Ok(())
    }

    /// Those of the names that lead in which a match may be.
    pub(super) fn candidates(&self, name: &NamePattern) -> NameSet {
        let leading = (self.dictionary.leading_count() as usize).div_ceil(64);
        let words = (0..leading).map(|at| self.of_kinds(at));
        // With a typo any letter may be missing.
        if name.is_empty() || name.allows_typo() {
            return NameSet::new(words);
        }
        let letters = name.words().iter().fold(0, |classes, word| classes | word.classes());
        let sets = self.with_letters(letters);
        let Some(word) = name.single() else {
            return NameSet::new(words.zip(0..).map(|(names, at)| names & all_of(&sets, at)));
        };
        let (chain, starts) = (Chain::new(self.dictionary, word), self.starts_of(word));
        let pairs = word.letters().windows(2);
        let pairs = pairs.map(|pair| self.dictionary.names_with_pair(pair[0], pair[1]));
        let pairs: Vec<_> = pairs.collect();
        NameSet::new(words.zip(0..).map(|(names, at)| match names & all_of(&sets, at) {
            0 => 0,
            names => {
                let pieces = if word.matches_within_words() { all_of(&pairs, at) } else { 0 };
                chain.loose_names(at, names & starts[at].get()) | names & pieces
            }
        }))
    }

    fn starts_of(&self, pattern: &Pattern) -> &'d [U64] {
        self.dictionary.names_with_start(pattern.letters()[0])
    }

    fn with_letters(&self, classes: u32) -> Vec<&'d [U64]> {
        let classes = (0..32).filter(|class| classes >> class & 1 != 0);
        classes.map(|class| self.dictionary.names_with_letter(class)).collect()
    }

    pub(super) fn of_kinds(&self, at: usize) -> u64 {
        if self.kinds.is_empty() {
            return u64::MAX;
        }
        self.kinds.iter().fold(0, |word, set| word | set.get(at).map_or(0, |it| it.get()))
    }

    fn is_of_kind(&self, name: u32) -> bool {
        self.of_kinds(name as usize / 64) >> (name % 64) & 1 != 0
    }
}

/// Whether a match is one that is found by its beginning.
fn is_by_beginning(grade: Grade) -> bool {
    matches!(grade.class(), MatchClass::Exact | MatchClass::Prefix)
}

/// Whether it is one by the first letters of words.
fn is_by_initials(grade: Grade) -> bool {
    matches!(grade.class(), MatchClass::Initials | MatchClass::CapitalInitials)
}

/// Whether a letter may be a name's first; only then is a match one of the first word.
fn may_begin_with(name: &[u8], letter: u8) -> bool {
    let first = name.iter().find(|byte| **byte != b'_');
    first.is_some_and(|first| first.to_ascii_lowercase() == letter || !first.is_ascii())
}

/// Whether a name may have just so many letters.
fn may_have_letters(name: &[u8], letters: usize) -> bool {
    !name.is_ascii() || name.iter().filter(|byte| **byte != b'_').count() == letters
}
