//! One wrong letter.

use super::MatchClass;
use super::words::Words;

/// In a shorter word a wrong letter is another word.
pub(crate) const TYPO_LETTERS_MIN: usize = 4;

/// How letters are found at the beginning of a name if one of them is missing, too many, wrong, or
/// swapped with the next.
pub(crate) fn class(letters: &[u8], name: &Words) -> MatchClass {
    if letters.len() < TYPO_LETTERS_MIN || name.len + 1 < letters.len() {
        return MatchClass::Absent;
    }
    let (text, len) = name.letters();
    let ends = ends_after_typo(letters, &text[..len]);
    if ends.into_iter().flatten().any(|end| end == len) && !name.is_cut {
        MatchClass::Typo
    } else if ends.iter().any(Option::is_some) {
        MatchClass::TypoInPrefix
    } else {
        MatchClass::Absent
    }
}

/// For each kind of typo where the text ends that is meant, if the text begins with it.
fn ends_after_typo(letters: &[u8], text: &[u8]) -> [Option<usize>; 4] {
    let same = letters.iter().zip(text).take_while(|(letter, other)| letter == other).count();
    let (typed, meant) = (&letters[same..], &text[same..]);
    if typed.is_empty() {
        return [Some(same); 4];
    }
    let end = |typed: Option<&[u8]>, skipped: usize| {
        let typed = typed?;
        meant.get(skipped..)?.starts_with(typed).then_some(same + skipped + typed.len())
    };
    let wrong = end(typed.get(1..), 1);
    let extra = end(typed.get(1..), 0);
    let missing = end(Some(typed), 1);
    let swapped = match (typed, meant) {
        ([a, b, rest @ ..], [c, d, ..]) if a == d && b == c => end(Some(rest), 2),
        _ => None,
    };
    [wrong, extra, missing, swapped]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::fold;

    #[track_caller]
    fn check(typed: &str, name: &str, expected: MatchClass) {
        let found = class(&fold(typed.as_bytes()), &Words::new(name.as_bytes()));
        assert_eq!(found, expected, "{typed} in {name}");
    }

    #[test]
    fn one_letter_may_be_missing_or_extra_or_swapped_or_wrong() {
        use MatchClass::*;
        for typed in ["hshmap", "hasshmap", "hsahmap", "hazhmap", "ahshmap", "hashmpa", "hashmapp"]
        {
            check(typed, "HashMap", Typo);
        }
        check("ashmap", "HashMap", Typo);
        check("hasmhp", "HashMap", Absent);
        check("xahsmap", "HashMap", Absent);
    }

    #[test]
    fn a_typo_may_stand_in_a_prefix() {
        use MatchClass::*;
        check("hahsm", "HashMap", TypoInPrefix);
        check("hahsmap", "ConcurrentHashMap", Absent);
        check("hahsmap", "Hash", Absent);
    }

    #[test]
    fn a_short_word_has_no_typos() {
        check("mpa", "Map", MatchClass::Absent);
        check("lits", "List", MatchClass::Typo);
    }
}
