//! A text's declarations by the best means: the scanner, and the tree where the scanner is in
//! doubt. Unicode escapes are translated here, once for both.

use crate::declarations::Declarations;
use crate::scanner::{Scan, scan};
use crate::tree::nesting::is_too_deep;
use crate::{escapes, tree};

/// What to do where the scanner is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// Ask the tree: files on disk are as a rule what a compiler accepts.
    Tree,
    /// Take the scanner's answer: text is broken while someone types, for the tree as well.
    None,
}

/// Declarations, and whom to thank for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extracted {
    /// The declarations; offsets are those of the text as written.
    pub declarations: Declarations,
    /// Where they come from.
    pub origin: Origin,
}

/// Where declarations come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The scanner, which was sure.
    Scanner,
    /// The tree: the scanner was not sure.
    Tree,
    /// The scanner, which was not sure; the tree was not asked or failed as well.
    DoubtfulScanner,
}

/// The declarations in `text`.
pub fn declarations(text: &str, fallback: Fallback) -> Extracted {
    let translation = escapes::translate(text);
    let Scan { declarations, doubt } = scan(translation.text());
    let (mut declarations, origin) = match (doubt, fallback) {
        (None, _) => (declarations, Origin::Scanner),
        (Some(_), Fallback::None) => (declarations, Origin::DoubtfulScanner),
        (Some(_), Fallback::Tree) => match ask_tree(translation.text()) {
            Some(parsed) => (parsed, Origin::Tree),
            None => (declarations, Origin::DoubtfulScanner),
        },
    };
    if !translation.is_unchanged() {
        declarations.map_offsets(|offset| translation.written_at(offset));
    }
    Extracted { declarations, origin }
}

/// What the tree says of a text, if it can be asked and has an answer.
fn ask_tree(text: &str) -> Option<Declarations> {
    if is_too_deep(text) {
        return None;
    }
    tree::parse(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, fallback: Fallback, names: &[&str], origin: Origin) {
        let extracted = declarations(text, fallback);
        let found = extracted.declarations;
        let found: Vec<_> = found.symbols.iter().map(|symbol| found.text(symbol.name)).collect();
        assert_eq!((found.as_slice(), extracted.origin), (names, origin));
    }

    #[test]
    fn the_tree_is_asked_only_in_doubt_and_only_if_wanted() {
        check("class A { int b; }", Fallback::Tree, &["A", "b"], Origin::Scanner);
        let strange = "class A { B() {} }";
        check(strange, Fallback::Tree, &["A", "B"], Origin::Tree);
        check(strange, Fallback::None, &["A", "B"], Origin::DoubtfulScanner);
    }

    #[test]
    fn what_the_tree_does_not_take_either_is_the_scanners() {
        check("class A { int b", Fallback::Tree, &["A", "b"], Origin::DoubtfulScanner);
    }

    #[test]
    fn escapes_are_translated_and_offsets_are_those_of_the_text_as_written() {
        let text = r"class \u0041 \u007b int caf\u00e9; }";
        let found = declarations(text, Fallback::Tree).declarations;
        let [class, field] = found.symbols.as_slice() else { panic!("{found:?}") };
        assert_eq!((found.text(class.name), found.text(field.name)), ("A", "café"));
        let written =
            |span: crate::declarations::Span| &text[span.start as usize..span.end as usize];
        assert_eq!(written(class.name_span), r"\u0041");
        assert_eq!(written(field.span), r"int caf\u00e9;");
        assert_eq!(written(class.span), text);
    }

    #[test]
    fn the_tree_is_not_asked_where_its_recovery_would_take_all_memory() {
        let deep = format!("class A {{ {} }}", "a<".repeat(20_000));
        assert_eq!(declarations(&deep, Fallback::Tree).origin, Origin::DoubtfulScanner);
    }
}
