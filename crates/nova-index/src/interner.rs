//! Distinct strings and their numbers, in the order of first appearance.

use std::ops::Range;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use xxhash_rust::xxh3::xxh3_64;

/// A set of strings in one piece of text.
#[derive(Default)]
pub(crate) struct Interner {
    text: Vec<u8>,
    /// Where each string ends; it begins where the one before ends.
    ends: Vec<u32>,
    /// Numbers, by the hash of their strings. Half of the hash stands beside, so that the table can
    /// grow without a look at the text, and yet is small.
    numbers: HashTable<(u32, u32)>,
}

impl Interner {
    /// The number of a string, the next free one if it is new. The callers' limits keep the text
    /// below 4 GiB.
    pub(crate) fn intern(&mut self, string: &[u8]) -> u32 {
        let Self { text, ends, numbers } = self;
        let hash = xxh3_64(string) as u32;
        let is_same =
            |&(other, number): &(u32, u32)| other == hash && text[range(ends, number)] == *string;
        match numbers.entry(spread(hash), is_same, |&(hash, _)| spread(hash)) {
            Entry::Occupied(entry) => entry.get().1,
            Entry::Vacant(entry) => {
                let number = ends.len() as u32;
                text.extend_from_slice(string);
                ends.push(text.len() as u32);
                entry.insert((hash, number));
                number
            }
        }
    }

    /// The string that has this number.
    pub(crate) fn get(&self, number: u32) -> &[u8] {
        &self.text[range(&self.ends, number)]
    }

    /// How many strings there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all strings together.
    pub(crate) fn text_bytes(&self) -> usize {
        self.text.len()
    }
}

/// The table looks at the lowest and the highest bits.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

fn range(ends: &[u32], number: u32) -> Range<usize> {
    let number = number as usize;
    let start = if number == 0 { 0 } else { ends[number - 1] };
    start as usize..ends[number] as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_share_a_number() {
        let mut interner = Interner::default();
        let numbers = ["a", "", "bc", "a", ""].map(|string| interner.intern(string.as_bytes()));
        assert_eq!(numbers, [0, 1, 2, 0, 1]);
        assert_eq!([0, 1, 2].map(|number| interner.get(number)), [&b"a"[..], b"", b"bc"]);
    }
}
