//! Sets of the dictionary's names, by what a pattern needs.

use zerocopy::little_endian::U64;

use crate::dictionary::Dictionary;
use crate::matching::{LOOSE_LETTERS_MAX, Pattern, letter_class};

/// Names, a bit each.
pub(super) struct NameSet(Vec<u64>);

impl NameSet {
    /// By words of 64 names.
    pub(super) fn new(words: impl Iterator<Item = u64>) -> Self {
        Self(words.collect())
    }

    pub(super) fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().enumerate().flat_map(|(at, word)| names_of(at, *word))
    }

    pub(super) fn contains(&self, name: u32) -> bool {
        self.0.get(name as usize / 64).is_some_and(|word| word >> (name % 64) & 1 != 0)
    }
}

/// For each letter of a pattern but the first, what a match by words needs.
pub(super) struct Chain<'d> {
    links: Vec<Link<'d>>,
    /// Letters that may stand elsewhere in a match by loose letters.
    loose_max: usize,
}

struct Link<'d> {
    /// Names that have the letter.
    letters: &'d [U64],
    /// Those in which it begins a word.
    starts: &'d [U64],
    /// Those in which it follows the letter before it; none if it was typed after an underscore.
    pairs: Option<&'d [U64]>,
}

impl<'d> Chain<'d> {
    pub(super) fn new(dictionary: &'d Dictionary, pattern: &Pattern) -> Self {
        let links = pattern.letters().windows(2).zip(1..).map(|(pair, at)| Link {
            letters: dictionary.names_with_letter(letter_class(pair[1])),
            starts: dictionary.names_with_start(pair[1]),
            pairs: (!pattern.begins_word(at)).then(|| dictionary.names_with_pair(pair[0], pair[1])),
        });
        Self { links: links.collect(), loose_max: pattern.loose_max() }
    }

    /// Those of some names in which each letter can stand.
    pub(super) fn names(&self, at: usize, mut names: u64) -> u64 {
        for link in &self.links {
            names &= link.letters[at].get() & link.in_run(at);
            if names == 0 {
                break;
            }
        }
        names
    }

    /// Those of some names in which not too many letters are loose. Counts in 64 names at a time.
    pub(super) fn loose_names(&self, at: usize, names: u64) -> u64 {
        // More than this many are loose.
        let mut more_than = [0; LOOSE_LETTERS_MAX + 1];
        for link in &self.links {
            let mut also_loose = !link.in_run(at);
            for more in &mut more_than {
                let one_more = *more & also_loose;
                *more |= also_loose;
                also_loose = one_more;
            }
        }
        names & !more_than[self.loose_max]
    }
}

impl Link<'_> {
    /// The names in which the letter can follow the one before it, or begin a word.
    fn in_run(&self, at: usize) -> u64 {
        self.starts[at].get() | self.pairs.map_or(0, |pairs| pairs[at].get())
    }
}

/// The names that are in all sets.
pub(super) fn all_of(sets: &[&[U64]], at: usize) -> u64 {
    sets.iter().fold(u64::MAX, |word, set| word & set[at].get())
}

/// The first of the names of a word.
pub(super) fn first_name(at: usize) -> u32 {
    at as u32 * u64::BITS
}

/// The names of a word of a set.
pub(super) fn names_of(at: usize, mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        Some(first_name(at) + bit)
    })
}

/// Names in ascending order, of which mostly but the first are asked for.
pub(super) struct SmallestFirst {
    names: Vec<u32>,
    /// Up to here they are in order.
    sorted: usize,
    next: usize,
}

impl SmallestFirst {
    /// What is sorted at first.
    const FIRST: usize = 256;

    pub(super) fn new(names: Vec<u32>) -> Self {
        Self { names, sorted: 0, next: 0 }
    }

    pub(super) fn next(&mut self) -> Option<u32> {
        if self.next == self.sorted {
            self.sort_more();
        }
        let name = self.names.get(self.next).copied();
        self.next += 1;
        name
    }

    fn sort_more(&mut self) {
        let rest = &mut self.names[self.sorted..];
        if self.sorted == 0 && rest.len() > Self::FIRST {
            rest.select_nth_unstable(Self::FIRST);
            rest[..Self::FIRST].sort_unstable();
            self.sorted = Self::FIRST;
        } else {
            let rest = self.names.split_off(self.sorted);
            self.names.extend(in_order(rest));
            self.sorted = self.names.len();
        }
    }
}

/// If one of so many words of a set has a name, it is faster to go through the set than to sort.
const WORDS_PER_NAME: usize = 8;

/// Sorts names. Many are put into a set, where they are in order by themselves.
fn in_order(mut names: Vec<u32>) -> Vec<u32> {
    let Some(last) = names.iter().max() else { return names };
    let words = *last as usize / 64 + 1;
    if names.len() < words / WORDS_PER_NAME {
        names.sort_unstable();
        return names;
    }
    let mut set = vec![0_u64; words];
    names.iter().for_each(|name| set[*name as usize / 64] |= 1 << (name % 64));
    NameSet(set).iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_order_however_many_are_asked_for() {
        // Next to each other, and far apart.
        for (count, below) in [(10_000, 10_007), (400, 1_000_003)] {
            let names: Vec<u32> = (0..count).map(|it| it * 7919 % below).collect();
            let mut sorted = names.clone();
            sorted.sort_unstable();
            let mut smallest = SmallestFirst::new(names);
            let all: Vec<u32> = std::iter::from_fn(|| smallest.next()).collect();
            assert_eq!(all, sorted);
        }
        assert_eq!(SmallestFirst::new(Vec::new()).next(), None);
    }
}
