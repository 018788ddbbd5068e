//! The dictionary's names that begin as someone would have typed without a slip.
//!
//! All names that begin with some letters are neighbours in the order of their letters. So the letters
//! before the slip lead to a range of names, and those after it, behind each letter that names go on
//! with, to ever smaller ones: what is looked at grows with the alphabet, not with the names.

use crate::dictionary::{Dictionary, first_beginning_with, range_beginning_with};
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
    let mut names = dictionary.names_beginning_with(&[]);
    for at in 0..letters.len() {
        let (before, rest) = letters.split_at(at);
        names = range_beginning_with(dictionary, names, before);
        if names.len() <= NAMES_FEW {
            found.extend(names.iter().map(|name| name.get()));
            break;
        }
        let mut take = |among: &[U24], parts: &[&[u8]]| {
            let meant = [&[before], parts].concat().concat();
            found.extend(range_beginning_with(dictionary, among, &meant).iter().map(|it| it.get()));
        };
        // Too many, swapped.
        take(names, &[&rest[1..]]);
        if let [first, second, after @ ..] = rest {
            take(names, &[&[*second, *first], after]);
        }
        // Wrong, missing.
        for (letter, names) in by_next_letter(dictionary, names, before) {
            take(names, &[&[letter], &rest[1..]]);
            take(names, &[&[letter], rest]);
        }
    }
    found
}

/// Some names that begin with the same letters by the letter that follows these.
fn by_next_letter<'n>(
    dictionary: &Dictionary,
    mut names: &'n [U24],
    before: &[u8],
) -> Vec<(u8, &'n [U24])> {
    let mut parts = Vec::new();
    while let Some((first, others)) = names.split_first() {
        let Some(letter) = fold(dictionary.name(first.get())).get(before.len()).copied() else {
            names = others;
            continue;
        };
        let same = first_beginning_with(dictionary, names, &[before, &[letter]].concat());
        parts.push((letter, same));
        // Nobody checked the order of the names: whatever it is, this ends.
        names = &names[same.len().max(1)..];
    }
    parts
}
