//! Where a text is no code: its comments and literals, found from its start up to an offset.
//!
//! Only a pass from the start can tell them: a quote in a comment opens nothing.

use crate::scanner::{Cursor, WORD, has};

/// So many stretches before the offset are kept, and half as many at least.
const STRETCHES_MAX: usize = 8192;

/// A comment or a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) kind: StretchKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StretchKind {
    Literal,
    Comment,
}

/// What of a text up to an offset is no code.
#[derive(Debug)]
pub(crate) struct Stretches {
    /// Those that end before the offset or at it, in order; if they are many, the last ones.
    pub(crate) before: Vec<Stretch>,
    /// The one that the offset is in. At the end of a line comment, or of a literal that nothing
    /// closes, is in it.
    pub(crate) at: Option<Stretch>,
}

/// The stretches of `text` up to `offset`.
pub(crate) fn up_to(text: &str, offset: usize) -> Stretches {
    let mut cursor = Cursor::new(text);
    let mut before = Vec::new();
    loop {
        cursor.skip_to_literal_or_slash();
        let start = cursor.pos();
        if start >= offset || cursor.at_end() {
            return Stretches { before, at: None };
        }
        let kind = if cursor.peek() != b'/' {
            cursor.skip_literal();
            StretchKind::Literal
        } else if cursor.skip_comment() {
            StretchKind::Comment
        } else {
            cursor.bump();
            continue;
        };
        let stretch = Stretch { kind, start, end: cursor.pos() };
        let is_before_code = cursor.peek() != 0 && has(cursor.peek(), WORD);
        if stretch.end > offset || (stretch.end == offset && !is_before_code) {
            return Stretches { before, at: Some(stretch) };
        }
        if before.len() == STRETCHES_MAX {
            before.drain(..STRETCHES_MAX / 2);
        }
        before.push(stretch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of every stretch up to the bar, and of the one that it is in.
    #[track_caller]
    fn check(marked: &str, before: &[&str], at: Option<&str>) {
        let offset = marked.find('|').expect("a bar marks the offset");
        let text = marked.replace('|', "");
        let found = up_to(&text, offset);
        let written = |stretch: &Stretch| &text[stretch.start..stretch.end];
        assert_eq!(found.before.iter().map(written).collect::<Vec<_>>(), before, "{marked}");
        assert_eq!(found.at.as_ref().map(written), at, "{marked}");
    }

    #[test]
    fn comments_and_literals_are_told_from_code() {
        check("a /* \" */ + \"/*\" + '\"' | b", &["/* \" */", "\"/*\"", "'\"'"], None);
        check("a / b // c|\nd", &[], Some("// c"));
        check("\"\"\"\n\" | \"\"\" a", &[], Some("\"\"\"\n\"  \"\"\""));
        check("a(\"b|\n)", &[], Some("\"b"));
        check("/**/|a", &["/**/"], None);
        check("a |/* b", &[], None);
    }

    #[test]
    fn of_many_stretches_the_last_ones_are_kept() {
        let text = "''".repeat(3 * STRETCHES_MAX);
        let found = up_to(&format!("{text}a"), text.len());
        assert!((STRETCHES_MAX / 2..=STRETCHES_MAX).contains(&found.before.len()));
        assert_eq!(found.before.last().map(|stretch| stretch.end), Some(text.len()));
    }
}
