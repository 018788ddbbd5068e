//! Java text → tree-sitter's tree → declarations: where the scanner is in doubt, and as its judge.
//!
//! A whole tree costs some eighty times what a scan does, and eighty times the text's size in memory,
//! so both are bounded here. The bound on work counts the parser's steps, not time: what a text
//! yields does not depend on the machine's load. There are no declarations from a tree with errors:
//! what error recovery makes of broken text is worth less than what the scanner makes of it. Recovery
//! is also where the parser, between two steps, may take memory in proportion to the square of the
//! nesting; only a process of its own holds that.

mod declare;
mod errors;
pub(crate) mod nesting;
mod source;
mod walk;

use std::borrow::Cow;
use std::ops::ControlFlow;

use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use crate::declarations::Declarations;

/// Texts above this size are not parsed.
pub const TREE_TEXT_BYTES_MAX: usize = 2 << 20;

/// The parser's progress callbacks (one for each hundred of its operations) that any text may take.
const CALLBACKS_FREE: usize = 500;

/// The progress callbacks that each KiB of text may take beyond [`CALLBACKS_FREE`]. The JDK's files
/// take 4 on average and 21 at most, the densest Java 75.
const CALLBACKS_PER_KIB: usize = 100;

/// Why a text has no tree, or none to rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The text is larger than [`TREE_TEXT_BYTES_MAX`].
    #[error("{bytes} bytes of text, over the limit of {TREE_TEXT_BYTES_MAX} for a syntax tree")]
    TooLarge {
        /// The text's size.
        bytes: usize,
    },
    /// The parser took more steps than Java of this size takes it.
    #[error("the parser gave up near byte {offset}: over {callbacks_max} progress callbacks")]
    TooComplex {
        /// How far it came.
        offset: usize,
        /// The limit for a text of this size.
        callbacks_max: usize,
    },
    /// The text is not Java to the grammar.
    #[error("syntax error near byte {offset}")]
    Syntax {
        /// Where the parser noticed, in bytes.
        offset: usize,
    },
}

/// The declarations of `text`, in which unicode escapes are translated already.
pub fn parse(text: &str) -> Result<Declarations, TreeError> {
    let callbacks_max = callbacks_max(text)?;
    let tree = tree_of(&in_the_grammars_terms(text), callbacks_max, AtError::Stop)?;
    match errors::first(tree.root_node(), text) {
        Some(offset) => Err(TreeError::Syntax { offset }),
        None => Ok(walk::declarations(text, &tree)),
    }
}

/// The tree of `text` as it is: where it is broken, what the grammar's error recovery makes of it.
/// The caller has seen to it that the text is not [too deep](nesting::is_too_deep).
pub(crate) fn lenient(text: &str) -> Result<Tree, TreeError> {
    let callbacks_max = callbacks_max(text)?;
    tree_of(&in_the_grammars_terms(text), callbacks_max, AtError::Recover)
}

/// What to do where the text is not Java.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AtError {
    Stop,
    Recover,
}

/// The progress callbacks that the parser may take for `text`.
fn callbacks_max(text: &str) -> Result<usize, TreeError> {
    if text.len() > TREE_TEXT_BYTES_MAX {
        return Err(TreeError::TooLarge { bytes: text.len() });
    }
    Ok(CALLBACKS_FREE + CALLBACKS_PER_KIB * text.len() / 1024)
}

/// Replaces what Java allows and the grammar does not know by bytes of the same meaning and length:
/// a lone CR, which ends a line (JLS §3.4), a last Ctrl-Z, which is ignored (§3.5), and NUL, which
/// is an ignorable part of identifiers as SOH is (§3.8) and ends no comment.
fn in_the_grammars_terms(text: &str) -> Cow<'_, [u8]> {
    let bytes = text.as_bytes();
    let ends_in_ctrl_z = bytes.last() == Some(&0x1a);
    if memchr::memchr2(b'\r', 0, bytes).is_none() && !ends_in_ctrl_z {
        return Cow::Borrowed(bytes);
    }
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len() {
        match bytes[at] {
            b'\r' if bytes.get(at + 1) != Some(&b'\n') => bytes[at] = b'\n',
            0 => bytes[at] = 1,
            _ => {}
        }
    }
    if ends_in_ctrl_z && let Some(last) = bytes.last_mut() {
        *last = b' ';
    }
    Cow::Owned(bytes)
}

fn tree_of(text: &[u8], callbacks_max: usize, at_error: AtError) -> Result<Tree, TreeError> {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_java::LANGUAGE.into())
        .expect("the grammar is built for this tree-sitter");
    let mut callbacks = 0;
    let mut stopped = TreeError::Syntax { offset: 0 };
    let mut progress = |state: &ParseState| {
        let offset = state.current_byte_offset();
        callbacks += 1;
        stopped = if at_error == AtError::Stop && state.has_error() {
            TreeError::Syntax { offset }
        } else if callbacks > callbacks_max {
            TreeError::TooComplex { offset, callbacks_max }
        } else {
            return ControlFlow::Continue(());
        };
        ControlFlow::Break(())
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    parser
        .parse_with_options(&mut |at, _| text.get(at..).unwrap_or_default(), None, Some(options))
        .ok_or(stopped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_nests_as_deeply_as_it_likes() {
        let open = "{".repeat(100_000);
        let close = "}".repeat(100_000);
        let parsed = parse(&format!("class A {{ {open} class B {{ }} {close} int c; }}"));
        assert_eq!(parsed.map(|declarations| declarations.symbols.len()), Ok(3));
    }

    #[test]
    fn a_field_list_of_any_length_is_read_in_linear_time() {
        let fields = "a,/**/".repeat(50_000);
        let parsed = parse(&format!("class A {{ int {fields}b; }}"));
        assert_eq!(parsed.map(|declarations| declarations.symbols.len()), Ok(50_002));
    }

    #[test]
    fn the_parser_gives_up_on_what_takes_it_too_long() {
        let text = "class A { int a; }".repeat(100);
        let stopped = tree_of(text.as_bytes(), 10, AtError::Stop).map(drop);
        assert!(matches!(stopped, Err(TreeError::TooComplex { callbacks_max: 10, .. })));
    }

    #[test]
    fn a_text_over_the_limit_is_not_parsed() {
        let text = " ".repeat(TREE_TEXT_BYTES_MAX + 1);
        assert_eq!(parse(&text), Err(TreeError::TooLarge { bytes: TREE_TEXT_BYTES_MAX + 1 }));
        assert!(parse(&text[1..]).is_ok());
    }
}
