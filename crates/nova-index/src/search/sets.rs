//! Sets of the dictionary's names, by what a pattern needs.

use zerocopy::little_endian::U64;

use crate::dictionary::Dictionary;
use crate::matching::{Pattern, letter_class};

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

    pub(super) fn contains(&self, name: u32) -> bool {
        self.0.get(name as usize / 64).is_some_and(|word| word >> (name % 64) & 1 != 0)
    }
}

/// For each letter of a pattern but the first, what a match by words needs.
pub(super) struct Chain<'d> {
    links: Vec<Link<'d>>,
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
        Self { links: links.collect() }
    }

    /// The names in which each letter can stand.
    pub(super) fn names(&self, at: usize) -> u64 {
        self.links.iter().fold(u64::MAX, |names, link| {
            let follows = link.pairs.map_or(0, |pairs| pairs[at].get());
            names & link.letters[at].get() & (link.starts[at].get() | follows)
        })
    }
}

/// The names that are in all sets.
pub(super) fn all_of(sets: &[&[U64]], at: usize) -> u64 {
    sets.iter().fold(u64::MAX, |word, set| word & set[at].get())
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
            let rest = &mut self.names[self.sorted..];
            let more = rest.len().min(self.sorted.max(Self::FIRST));
            if more < rest.len() {
                rest.select_nth_unstable(more);
            }
            rest[..more].sort_unstable();
            self.sorted += more;
        }
        let name = self.names.get(self.next).copied();
        self.next += 1;
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_order_however_many_are_asked_for() {
        let names: Vec<u32> = (0..10_000).map(|it| it * 7919 % 10_007).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        let mut smallest = SmallestFirst::new(names);
        let all: Vec<u32> = std::iter::from_fn(|| smallest.next()).collect();
        assert_eq!(all, sorted);
        assert_eq!(SmallestFirst::new(Vec::new()).next(), None);
    }
}
