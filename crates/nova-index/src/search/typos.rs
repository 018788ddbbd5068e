//! The dictionary's names that begin as someone would have typed without a slip.
//!
//! All names that begin with some letters are neighbours in the order of their letters. So the letters
//! before the slip lead to a range of names, and those after it, behind each letter that names go on
//! with, to ever smaller ones: what is looked at grows with the alphabet, not with the names.

use crate::dictionary::{Dictionary, range_beginning_with};
use crate::format::U24;
use crate::matching::{TYPO_LETTERS_MIN, fold};

/// So few names are looked at one by one.
const NAMES_FEW: usize = 16;

/// The names that begin with these letters but for one that is missing, too many, wrong or swapped with
/// the next; and perhaps others. In no order, and some several times.
pub(super) fn names(dictionary: &Dictionary, letters: &[u8]) -> Vec<u32> {
    let mut found = Vec::new();
    if letters.len() < TYPO_LETTERS_MIN {
        return found;
    }
    for at in 0..letters.len() {
        let (before, rest) = letters.split_at(at);
        let names = dictionary.names_beginning_with(before);
        if names.len() <= NAMES_FEW {
            found.extend(names.iter().map(|name| name.get()));
            break;
        }
        let mut take = |parts: &[&[u8]]| {
            let meant = [&[before], parts].concat().concat();
            found.extend(range_beginning_with(dictionary, names, &meant).iter().map(|it| it.get()));
        };
        // Too many, swapped.
        take(&[&rest[1..]]);
        if let [first, second, after @ ..] = rest {
            take(&[&[*second, *first], after]);
        }
        // Wrong, missing.
        for letter in next_letters(dictionary, names, at) {
            take(&[&[letter], &rest[1..]]);
            take(&[&[letter], rest]);
        }
    }
    found
}

/// The letters at a position of names that are the same up to there.
fn next_letters(dictionary: &Dictionary, mut names: &[U24], at: usize) -> Vec<u8> {
    let mut letters = Vec::new();
    let letter_of = |name: &U24| fold(dictionary.name(name.get())).get(at).copied();
    while let Some(first) = names.first() {
        let letter = letter_of(first);
        letters.extend(letter);
        let same = names.partition_point(|name| letter_of(name) <= letter);
        names = &names[same..];
    }
    letters
}
