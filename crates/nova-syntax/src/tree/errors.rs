//! Where a text is not Java: the grammar's errors, and what the grammar lets pass.
//!
//! The grammar reads what compiles; it is lax about what does not. A tree that rests on a misread
//! token would be worth less than the scanner's answer, so it counts as an error here.

use tree_sitter::Node;

use super::source::children;
use crate::keywords::is_keyword;

const TEXT_BLOCK_QUOTE: &[u8] = b"\"\"\"";

/// The first error, in bytes.
pub(super) fn first(root: Node<'_>, text: &str) -> Option<usize> {
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() || is_misread(node, text.as_bytes()) {
            return Some(node.start_byte());
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
        }
    }
}

/// Whether the grammar makes of this node what it is not by the specification.
fn is_misread(node: Node<'_>, text: &[u8]) -> bool {
    let word = &text[node.byte_range()];
    match node.kind() {
        "string_literal" => {
            let block = word.strip_prefix(TEXT_BLOCK_QUOTE);
            block.is_some_and(|content| !ends_its_line(content))
                || children(node).any(|child| hides_a_quote(child, text))
        }
        // Where no keyword can stand, the grammar reads one as a name. It means to do so in
        // `case null, default`, `f(@X A this)` and `A.super::f`.
        "identifier" => is_keyword(word) && !matches!(word, b"default" | b"this" | b"super"),
        "type_identifier" => is_keyword(word) && word != b"super",
        // A type is declared in a block, not as a statement's only statement (§14.3).
        "if_statement"
        | "while_statement"
        | "do_statement"
        | "for_statement"
        | "enhanced_for_statement"
        | "labeled_statement" => children(node).any(|child| {
            child.kind().ends_with("_declaration") && child.kind() != "local_variable_declaration"
        }),
        "non-sealed" => continues_a_word(&text[node.end_byte()..]),
        _ => false,
    }
}

/// A text block's opening quote stands at the end of its line (JLS §3.10.6).
fn ends_its_line(after: &[u8]) -> bool {
    let blank = after.iter().position(|byte| !matches!(byte, b' ' | b'\t' | 0x0c));
    blank.is_some_and(|end| matches!(after[end], b'\n' | b'\r'))
}

/// In a text block the grammar sees comments, and does not look for the closing quote there.
fn hides_a_quote(node: Node<'_>, text: &[u8]) -> bool {
    node.kind().ends_with("_comment")
        && memchr::memmem::find(&text[node.byte_range()], TEXT_BLOCK_QUOTE).is_some()
}

/// `non-sealedclass` is `non - sealedclass` (JLS §3.9).
fn continues_a_word(after: &[u8]) -> bool {
    matches!(after, [b'_' | b'$' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.., ..])
}

#[cfg(test)]
mod tests {
    use crate::tree::{TreeError, parse};

    #[test]
    fn what_the_grammar_misreads_is_an_error() {
        for text in [
            "class A { String a = \"\"\"b\"\"\"; }",
            "class A { String a = \"\"\"\n\\n// \"\"\"; int b; /*\n\"\"\"; }",
            "non-sealedclass A { }",
            "class A { <T> final b() { } }",
            "class A { { if (b) class C { } } }",
        ] {
            assert!(matches!(parse(text), Err(TreeError::Syntax { .. })), "{text}");
        }
    }

    #[test]
    fn what_the_grammar_cannot_read_is_an_error() {
        for text in ["class A {", "class A } {", "class A { int a b; }", "\"", "/*"] {
            assert!(matches!(parse(text), Err(TreeError::Syntax { .. })), "{text}");
        }
    }

    #[test]
    fn keywords_that_the_grammar_rightly_takes_for_names_are_none() {
        let text =
            "class A { void f(@X A this) { switch (a) { case null, default -> A.super::f; } } }";
        assert!(parse(text).is_ok());
    }
}
