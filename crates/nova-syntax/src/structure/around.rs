//! The stretches around a place, from the inside out.

use tree_sitter::{Node, Tree};

use super::span;
use crate::declarations::Span;
use crate::scanner::{WORD, has};

/// More stretches than this are not told: nobody widens a selection so often.
const AROUND_MAX: usize = 256;

/// The stretches around the byte at `probe`.
pub(super) fn around(text: &str, tree: &Tree, probe: usize) -> Vec<Span> {
    let mut outside_in = vec![span(0, text.len())];
    let mut add = |start: usize, end: usize| {
        let stretch = span(start, end);
        // A word in a string may go on over the end of an escape.
        let is_inside = outside_in.last().is_some_and(|around| {
            around.start <= stretch.start && stretch.end <= around.end && *around != stretch
        });
        if is_inside && start <= probe && probe < end {
            outside_in.push(stretch);
        }
    };
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if !(node.start_byte()..node.end_byte()).contains(&probe) {
            break;
        }
        add(node.start_byte(), node.end_byte());
        if let Some((start, end)) = inside_brackets(node, text) {
            add(start, end);
        }
        if cursor.goto_first_child_for_byte(probe).is_none() {
            break;
        }
    }
    let (start, end) = word_at(text.as_bytes(), probe);
    add(start, end);
    let mut inside_out: Vec<_> = outside_in.into_iter().rev().collect();
    if inside_out.len() > AROUND_MAX {
        inside_out.drain(AROUND_MAX - 1..inside_out.len() - 1);
    }
    inside_out
}

/// What stands between the brackets that a node begins and ends with.
fn inside_brackets(node: Node<'_>, text: &str) -> Option<(usize, usize)> {
    let written = text.get(node.byte_range())?;
    let is_bracketed = node.child_count() > 2
        && [('{', '}'), ('(', ')'), ('[', ']')]
            .iter()
            .any(|&(open, close)| written.starts_with(open) && written.ends_with(close));
    let inside = if is_bracketed { written.get(1..written.len() - 1)? } else { return None };
    let start = node.start_byte() + 1 + (inside.len() - inside.trim_start().len());
    Some((start, start + inside.trim().len()))
}

/// The word at `probe`, empty if none is there. In code it is a node as well, in comments and
/// literals it is not.
fn word_at(bytes: &[u8], probe: usize) -> (usize, usize) {
    let is_word = |byte: &&u8| has(**byte, WORD);
    let end = probe + bytes[probe..].iter().take_while(is_word).count();
    let start = probe - bytes[..probe].iter().rev().take_while(is_word).count();
    if end > probe { (start, end) } else { (probe, probe) }
}

#[cfg(test)]
mod tests {
    use super::super::Structure;
    use super::*;

    /// What is around the bar.
    #[track_caller]
    fn check(marked: &str, expected: &[&str]) {
        let offset = marked.find('|').expect("a bar marks the offset");
        let text = marked.replace('|', "");
        let around = Structure::parse(&text).expect("the text is small").around(offset);
        let written: Vec<_> =
            around.iter().map(|span| &text[span.start as usize..span.end as usize]).collect();
        assert_eq!(written, expected);
    }

    #[test]
    fn stretches_widen_from_the_word_to_the_text() {
        check(
            "class A { int f() { return g( a.b|, c ); } }\n",
            &[
                "b",
                "a.b",
                "a.b, c",
                "( a.b, c )",
                "g( a.b, c )",
                "return g( a.b, c );",
                "{ return g( a.b, c ); }",
                "int f() { return g( a.b, c ); }",
                "{ int f() { return g( a.b, c ); } }",
                "class A { int f() { return g( a.b, c ); } }",
                "class A { int f() { return g( a.b, c ); } }\n",
            ],
        );
    }

    #[test]
    fn words_in_comments_and_strings_are_stretches() {
        check("/* a b|c */", &["bc", "/* a bc */"]);
        check("int a = \"b |c\";", &["c", "b c", "\"b c\"", "a = \"b c\"", "int a = \"b c\";"]);
        check("|", &[""]);
    }

    #[test]
    fn very_many_stretches_are_the_inner_ones_and_the_text() {
        let text = format!("int a = {}1;", "1+".repeat(1000));
        let around = Structure::parse(&text).expect("the text is flat").around(8);
        assert_eq!(around.len(), AROUND_MAX);
        assert_eq!(around.first(), Some(&span(8, 9)));
        assert_eq!(around.last(), Some(&span(0, text.len())));
    }
}
