//! Numbers below a bound, a bit each.

use std::ops::Range;

/// A set of numbers.
#[derive(Debug, Clone)]
pub(crate) struct BitSet {
    words: Vec<u64>,
}

impl BitSet {
    /// The empty set of numbers below this one.
    pub(crate) fn new(below: u32) -> Self {
        Self { words: vec![0; below.div_ceil(u64::BITS) as usize] }
    }

    /// Adds a range of numbers.
    pub(crate) fn insert(&mut self, range: Range<u32>) {
        if range.is_empty() {
            return;
        }
        let (first, last) = (word_of(range.start), word_of(range.end - 1));
        let from = u64::MAX << (range.start % u64::BITS);
        let to = u64::MAX >> (u64::BITS - 1 - (range.end - 1) % u64::BITS);
        if first == last {
            self.words[first] |= from & to;
        } else {
            self.words[first] |= from;
            self.words[first + 1..last].fill(u64::MAX);
            self.words[last] |= to;
        }
    }

    /// Removes what is not in the other set of as many.
    pub(crate) fn keep_all(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Removes what is in the other set.
    pub(crate) fn remove_all(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    pub(crate) fn contains(&self, number: u32) -> bool {
        let word = self.words.get(word_of(number));
        word.is_some_and(|word| word >> (number % u64::BITS) & 1 != 0)
    }

    /// The numbers, as ranges in ascending order.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = Range<u32>> + '_ {
        let end = self.words.len() as u32 * u64::BITS;
        let mut at = 0;
        std::iter::from_fn(move || {
            let start = self.next(at, end, 0)?;
            at = self.next(start, end, u64::MAX).unwrap_or(end);
            Some(start..at)
        })
    }

    /// The next number that is in the set; with all bits to be flipped one that is not.
    fn next(&self, mut at: u32, end: u32, flipped: u64) -> Option<u32> {
        while at < end {
            let word = (self.words[word_of(at)] ^ flipped) >> (at % u64::BITS);
            if word != 0 {
                return Some(at + word.trailing_zeros());
            }
            at = (at / u64::BITS + 1) * u64::BITS;
        }
        None
    }
}

fn word_of(number: u32) -> usize {
    (number / u64::BITS) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_come_out_as_they_went_in() {
        let cases: [&[(u32, u32)]; 5] =
            [&[], &[(0, 1)], &[(3, 64), (65, 300)], &[(0, 320)], &[(63, 65), (128, 192)]];
        for ranges in cases {
            let ranges: Vec<_> = ranges.iter().map(|(start, end)| *start..*end).collect();
            let mut set = BitSet::new(320);
            ranges.iter().for_each(|range| set.insert(range.clone()));
            assert_eq!(set.ranges().collect::<Vec<_>>(), ranges);
            for number in 0..400 {
                let is_in = ranges.iter().any(|range| range.contains(&number));
                assert_eq!(set.contains(number), is_in, "{number} in {ranges:?}");
            }
        }
    }

    #[test]
    fn sets_are_intersected_and_subtracted() {
        let set = |range: Range<u32>| {
            let mut set = BitSet::new(100);
            set.insert(range);
            set
        };
        let mut kept = set(10..90);
        kept.keep_all(&set(50..100));
        kept.remove_all(&set(60..70));
        assert_eq!(kept.ranges().collect::<Vec<_>>(), [50..60, 70..90]);
    }
}
