//! Java text → tree-sitter's tree → declarations: where the scanner is in doubt, and as its judge.
//!
//! A whole tree costs some eighty times what a scan does, and a hundred times the text's size in
//! memory, so both are bounded here. The bound on work counts the parser's steps, not time: what a
//! text yields does not depend on the machine's load. There are no declarations from a tree with
//! errors: what error recovery makes of broken text is worth less than what the scanner makes of it,
//! and recovery is where the parser can take quadratic time.

mod declare;
mod errors;
mod source;
mod walk;

use std::borrow::Cow;
use std::ops::ControlFlow;

use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use crate::declarations::Declarations;

/// Texts above this size are not parsed: their trees would take hundreds of megabytes.
pub const TREE_TEXT_BYTES_MAX: usize = 4 << 20;

/// The parser's progress callbacks (one for each hundred of its operations) that any text may take.
const CALLBACKS_FREE: u64 = 500;

/// The progress callbacks that each KiB of text may take beyond [`CALLBACKS_FREE`]. The JDK's files
/// take 4 on average and at most 21.
const CALLBACKS_PER_KIB: u64 = 20;

/// Why a text has no tree, or none to rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The text is larger than [`TREE_TEXT_BYTES_MAX`].
    #[error("{bytes} bytes of text, over the limit of {TREE_TEXT_BYTES_MAX} for a syntax tree")]
    TooLarge {
        /// The text's size.
        bytes: usize,
    },
    /// The parser went on for longer than Java of this size takes it.
    #[error(
        "parsing took over {callbacks_max} progress callbacks, the limit for a text of its size"
    )]
    TooComplex {
        /// The limit that was reached.
        callbacks_max: u64,
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
    if text.len() > TREE_TEXT_BYTES_MAX {
        return Err(TreeError::TooLarge { bytes: text.len() });
    }
    let tree = tree_of(&in_the_grammars_terms(text))?;
    match errors::first(tree.root_node(), text) {
        Some(offset) => Err(TreeError::Syntax { offset }),
        None => Ok(walk::declarations(text, &tree)),
    }
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

fn tree_of(text: &[u8]) -> Result<Tree, TreeError> {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_java::LANGUAGE.into())
        .expect("the grammar is built for this tree-sitter");
    let callbacks_max = CALLBACKS_FREE + CALLBACKS_PER_KIB * (text.len() as u64 / 1024);
    let mut callbacks = 0;
    let mut error = TreeError::TooComplex { callbacks_max };
    let mut bound = |state: &ParseState| {
        callbacks += 1;
        if state.has_error() {
            error = TreeError::Syntax { offset: state.current_byte_offset() };
        }
        if state.has_error() || callbacks > callbacks_max {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let options = ParseOptions::new().progress_callback(&mut bound);
    parser
        .parse_with_options(&mut |at, _| text.get(at..).unwrap_or_default(), None, Some(options))
        .ok_or(error)
}
