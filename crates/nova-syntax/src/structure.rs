//! What belongs together in a text: for folding it, for selecting in it, and to find where a local
//! name occurs.
//!
//! Read off tree-sitter's tree, also where the text is broken: then the tree is what the grammar's
//! error recovery makes of it. Looks at the text as written, unicode escapes are not translated; and
//! knows nothing of other files, so that it tells locals from other names and no more.

mod around;
mod excerpt;
mod flow;
mod folds;
mod occurrences;
mod scopes;

use tree_sitter::{Node, Tree};

use self::excerpt::Excerpt;
use crate::declarations::{Declarations, Span};
use crate::scanner::{WORD, has};
use crate::tree::nesting::{RECOVERY_NESTING_MAX, is_too_deep};
use crate::tree::{self, TreeError};

/// A text and its tree.
pub struct Structure<'t> {
    text: &'t str,
    tree: Tree,
}

/// Why a text has no structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StructureError {
    /// Its brackets nest so deeply that recovery from an error might take all memory.
    #[error("brackets nest deeper than {RECOVERY_NESTING_MAX}")]
    TooDeep,
    /// It is too large or takes the parser too long.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// A stretch that can be folded; it covers several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fold {
    /// From the first byte of what is folded to its last.
    pub span: Span,
    /// What is folded.
    pub kind: FoldKind,
}

/// What can be folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FoldKind {
    /// A comment, or line comments one below the other.
    Comment,
    /// The import declarations.
    Imports,
    /// What stands in braces, with them.
    Body,
}

/// A place where a name occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// The name.
    pub span: Span,
    /// It is declared here or assigned to, rather than read.
    pub is_written: bool,
}

impl<'t> Structure<'t> {
    /// Parses `text`.
    pub fn parse(text: &'t str) -> Result<Self, StructureError> {
        if is_too_deep(text) {
            return Err(StructureError::TooDeep);
        }
        Ok(Self { text, tree: tree::lenient(text)? })
    }

    /// What can be folded, in source order: bodies, array initialisers, comments, imports; each over
    /// several lines. Of very many the first ones.
    pub fn folds(&self) -> Vec<Fold> {
        folds::folds(self.text, &self.tree)
    }

    /// The stretches around `offset`, the innermost first, each larger than the one before. Of very
    /// many the inner ones, and the whole text.
    pub fn around(&self, offset: usize) -> Vec<Span> {
        around::around(self.text, &self.tree, self.probe(offset))
    }

    /// Where the name at `offset` occurs, in source order, that place included. Of a local variable,
    /// a parameter, a type parameter or a label only what refers to the same one; of any other name
    /// all that refers to no such local. Of very many the first ones.
    pub fn occurrences(&self, offset: usize) -> Vec<Occurrence> {
        occurrences::occurrences(self.text, &self.tree, self.probe(offset))
    }

    fn local_declaration(&self, offset: usize) -> Option<Span> {
        occurrences::local_declaration(self.text, &self.tree, self.probe(offset))
    }

    /// The byte that an offset means, which is between two: that of a word, if there is one.
    fn probe(&self, offset: usize) -> usize {
        let bytes = self.text.as_bytes();
        let offset = self.text.floor_char_boundary(offset);
        let is_word = |at: usize| bytes.get(at).is_some_and(|&byte| has(byte, WORD));
        let is_behind_word = !is_word(offset) && offset > 0 && is_word(offset - 1);
        if is_behind_word || (offset > 0 && offset == bytes.len()) { offset - 1 } else { offset }
    }
}

/// Where the local variable, the parameter, the type parameter or the label is declared whose name stands at `offset` of
/// a text with these declarations; nothing of any other name. Of the text only what is around the place is parsed.
pub fn local_declaration(
    text: &str,
    declarations: &Declarations,
    offset: usize,
) -> Result<Option<Span>, StructureError> {
    let excerpt = Excerpt::around(text, declarations, offset);
    let declared = Structure::parse(&excerpt.text)?.local_declaration(excerpt.offset(offset));
    Ok(declared.map(|span| excerpt.whole(span)))
}

fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}

fn is_comment(node: Node<'_>) -> bool {
    matches!(node.kind(), "line_comment" | "block_comment")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::{self, Fallback};

    #[test]
    fn what_is_too_deep_or_too_large_has_no_structure() {
        let parsed = |text: &str| Structure::parse(text).map(drop);
        assert_eq!(parsed(&"a<".repeat(20_000)), Err(StructureError::TooDeep));
        let large = parsed(&" ".repeat(tree::TREE_TEXT_BYTES_MAX + 1));
        assert!(matches!(large, Err(StructureError::Tree(TreeError::TooLarge { .. }))));
        assert_eq!(parsed(&"{".repeat(RECOVERY_NESTING_MAX)), Ok(()));
    }

    #[test]
    fn a_local_is_declared_somewhere_and_a_member_is_not() {
        let text = "class A<T> { int a; void e(int b) { } void f(int b) { int a = b; T c = g(a); } void h() { } }";
        let declarations = extract::declarations(text, Fallback::None).declarations;
        let declared = |at: usize| {
            let declared = local_declaration(text, &declarations, at).unwrap();
            declared.map(|it| it.start as usize)
        };
        let (field, local) = (text.find("a;").unwrap(), text.find("a =").unwrap());
        assert_eq!(declared(text.find("a);").unwrap()), Some(local));
        assert_eq!(declared(local), Some(local));
        assert_eq!(declared(text.find("b;").unwrap()), text.rfind("b)"));
        assert_eq!(declared(text.find("T c").unwrap()), text.find("T>"));
        assert_eq!((declared(field), declared(text.find("g(").unwrap())), (None, None));
    }

    #[test]
    fn any_text_has_some_structure_at_any_offset() {
        for text in
            ["", "\u{feff}", "é", "class", "class A { void f() { int é = ", "}", "/*", "\"é"]
        {
            let structure = Structure::parse(text).expect("the text is small");
            structure.folds();
            for offset in 0..=text.len() + 1 {
                structure.around(offset);
                structure.occurrences(offset);
            }
        }
    }
}
