//! Java text → tree-sitter's tree → declarations: where the scanner is in doubt, and as its judge.
//!
//! A whole tree costs some eighty times what a scan does, and eighty times the text's size in memory,
//! so both are bounded here. The bound on work counts the parser's steps, not time: what a text
//! yields does not depend on the machine's load. There are no declarations from a tree with errors:
//! what error recovery makes of broken text is worth less than what the scanner makes of it. Recovery
//! is also where the parser, between two steps, may take memory in proportion to the square of the
//! nesting; only a process of its own holds that. An editor's questions about broken text are
//! answered from such a tree all the same, and so have further bounds.

mod declare;
mod errors;
pub(crate) mod nesting;
mod source;
mod walk;

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use crate::declarations::Declarations;

/// Texts above this size are not parsed.
pub const TREE_TEXT_BYTES_MAX: usize = 2 << 20;

/// The parser's progress callbacks (one for each hundred of its operations) that any text may take.
const CALLBACKS_FREE: usize = 500;

/// The progress callbacks that each KiB of text may take beyond [`CALLBACKS_FREE`]. The JDK's files
/// take 4 on average and 21 at most, the densest Java 75.
const CALLBACKS_PER_KIB: usize = 100;

/// The same for a text that may be broken, and of the text that is parsed so far.
const RECOVERY_CALLBACKS_PER_KIB: usize = 32;

/// After that the parser gives up on a text that may be broken.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(1);

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
    /// Recovering from its errors took the parser too long.
    #[error("the parser gave up near byte {offset}: over {RECOVERY_TIMEOUT:?}")]
    TooSlow {
        /// How far it came.
        offset: usize,
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
    check_size(text)?;
    let callbacks_max = CALLBACKS_FREE + CALLBACKS_PER_KIB * text.len() / 1024;
    let tree = tree_of(&in_the_grammars_terms(text), strict(callbacks_max))?;
    match errors::first(tree.root_node(), text) {
        Some(offset) => Err(TreeError::Syntax { offset }),
        None => Ok(walk::declarations(text, &tree)),
    }
}

/// The tree of `text` as it is: where it is broken, what the grammar's error recovery makes of it.
/// The caller has seen to it that the text is not [too deep](nesting::is_too_deep).
///
/// Recovery from many errors takes time by the square of the text, most of it between two
/// callbacks. So the parser has to keep up with the text as it goes, and there is a limit on time:
/// what an editor shows of a broken text may depend on load.
pub(crate) fn lenient(text: &str) -> Result<Tree, TreeError> {
    check_size(text)?;
    let started = Instant::now();
    tree_of(&in_the_grammars_terms(text), |state, callbacks| {
        let offset = state.current_byte_offset();
        let callbacks_max = CALLBACKS_FREE + RECOVERY_CALLBACKS_PER_KIB * offset / 1024;
        if callbacks > callbacks_max {
            return Err(TreeError::TooComplex { offset, callbacks_max });
        }
        if started.elapsed() > RECOVERY_TIMEOUT {
            return Err(TreeError::TooSlow { offset });
        }
        Ok(())
    })
}

fn check_size(text: &str) -> Result<(), TreeError> {
    let bytes = text.len();
    if bytes > TREE_TEXT_BYTES_MAX { Err(TreeError::TooLarge { bytes }) } else { Ok(()) }
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

/// Goes on until the first error, and for so many callbacks.
fn strict(callbacks_max: usize) -> impl FnMut(&ParseState, usize) -> Result<(), TreeError> {
    move |state, callbacks| {
        let offset = state.current_byte_offset();
        if state.has_error() {
            return Err(TreeError::Syntax { offset });
        }
        if callbacks > callbacks_max {
            return Err(TreeError::TooComplex { offset, callbacks_max });
        }
        Ok(())
    }
}

/// The tree, unless `goes_on`, which is told the number of the callback, stops the parser.
fn tree_of(
    text: &[u8],
    mut goes_on: impl FnMut(&ParseState, usize) -> Result<(), TreeError>,
) -> Result<Tree, TreeError> {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_java::LANGUAGE.into())
        .expect("the grammar is built for this tree-sitter");
    let mut callbacks = 0;
    let mut stopped = TreeError::Syntax { offset: 0 };
    let mut progress = |state: &ParseState| {
        callbacks += 1;
        match goes_on(state, callbacks) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                stopped = error;
                ControlFlow::Break(())
            }
        }
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
        let stopped = tree_of(text.as_bytes(), strict(10)).map(drop);
        assert!(matches!(stopped, Err(TreeError::TooComplex { callbacks_max: 10, .. })));
    }

    #[test]
    fn the_parser_gives_up_on_text_that_is_hardly_java() {
        for piece in ["x = ; ", "a(; ", "} ) ] @ = + "] {
            let stopped = lenient(&piece.repeat(10_000)).map(drop);
            let gave_up =
                matches!(stopped, Err(TreeError::TooComplex { .. } | TreeError::TooSlow { .. }));
            assert!(gave_up, "{piece}: {stopped:?}");
        }
        assert!(lenient(&"class A { void f() { a b c ) ; } } ".repeat(1_000)).is_ok());
    }

    #[test]
    fn a_text_over_the_limit_is_not_parsed() {
        let text = " ".repeat(TREE_TEXT_BYTES_MAX + 1);
        assert_eq!(parse(&text), Err(TreeError::TooLarge { bytes: TREE_TEXT_BYTES_MAX + 1 }));
        assert!(parse(&text[1..]).is_ok());
    }
}
