//! Changes of a text, as editors send them.

use nova_syntax::lines::{Position, offset};

/// One change of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextChange {
    /// What is replaced, from the first position up to the second; none for the whole text.
    pub range: Option<(Position, Position)>,
    /// What takes its place.
    pub text: String,
}

/// The text after these changes, each of which speaks of the text that the one before left.
pub(crate) fn apply(text: &str, changes: &[TextChange]) -> String {
    let mut text = text.to_owned();
    for change in changes {
        match change.range {
            None => text.clone_from(&change.text),
            Some((start, end)) => {
                let (start, end) = (offset(&text, start), offset(&text, end));
                text.replace_range(start.min(end)..end.max(start), &change.text);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, [start, end]: [(u32, u32); 2], insert: &str, expected: &str) {
        let at = |(line, character)| Position { line, character };
        let range = Some((at(start), at(end)));
        let change = TextChange { range, text: insert.to_owned() };
        assert_eq!(apply(text, &[change]), expected, "{text:?}");
    }

    #[test]
    fn a_range_is_replaced_wherever_lines_end() {
        check("a\nbc\nd", [(1, 0), (1, 2)], "X", "a\nX\nd");
        check("a\r\nbc\r\nd", [(1, 1), (2, 0)], "X", "a\r\nbXd");
        check("a\rbc\rd", [(1, 1), (1, 1)], "X", "a\rbXc\rd");
        check("", [(0, 0), (0, 0)], "X", "X");
    }

    #[test]
    fn columns_are_utf_16_units() {
        check("é😀b", [(0, 3), (0, 4)], "X", "é😀X");
        check("é😀b", [(0, 1), (0, 3)], "", "éb");
        // Within a pair of surrogates is after it, never inside of a character.
        check("😀b", [(0, 1), (0, 1)], "X", "😀Xb");
    }

    #[test]
    fn positions_beyond_the_text_are_its_end() {
        check("ab\nc", [(0, 9), (0, 99)], "X", "abX\nc");
        check("ab\nc", [(9, 9), (99, 0)], "X", "ab\ncX");
        check("ab", [(0, 2), (0, 0)], "X", "X");
    }

    #[test]
    fn each_change_speaks_of_the_text_before_it() {
        let at = |line, character| Position { line, character };
        let insert = |at, text: &str| TextChange { range: Some((at, at)), text: text.to_owned() };
        let changes = [insert(at(0, 0), "x\n"), insert(at(1, 0), "y")];
        assert_eq!(apply("z", &changes), "x\nyz");
        let whole = TextChange { range: None, text: "new".to_owned() };
        assert_eq!(apply("z", &[changes[0].clone(), whole, insert(at(0, 3), "!")]), "new!");
    }
}
