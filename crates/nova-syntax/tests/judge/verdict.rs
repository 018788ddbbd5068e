//! One text, both paths: do they agree?

use std::fmt::Debug;

use nova_syntax::declarations::{Declarations, ImportKind, Kind, Modifiers, Span};
use nova_syntax::escapes;
use nova_syntax::scanner::{self, Doubt};
use nova_syntax::tree::{self, TreeError};

/// What came of one text.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    Agree,
    /// The scanner is not sure, so that the tree would be asked: nothing to compare.
    Doubt(Doubt),
    /// The scanner is sure, and there is no tree to compare with.
    NoTree(TreeError),
    /// Both are sure, and differ.
    Disagree(String),
}

/// Judges a text; asserts what must hold of a scan of any text at all.
pub(crate) fn judge(text: &str) -> Verdict {
    let translation = escapes::translate(text);
    let text = translation.text();
    let scan = scanner::scan(text);
    assert_well_formed(text, &scan.declarations);
    if let Some(doubt) = scan.doubt {
        return Verdict::Doubt(doubt);
    }
    match tree::parse(text) {
        Err(error) => Verdict::NoTree(error),
        Ok(tree) => match difference(text, &scan.declarations, &tree) {
            Some(difference) => Verdict::Disagree(difference),
            None => Verdict::Agree,
        },
    }
}

/// Spans lie in the text, on boundaries of characters, names in their declarations, and parents
/// stand before their children.
pub(crate) fn assert_well_formed(text: &str, declarations: &Declarations) {
    let in_text = |span: Span| text.get(span.start as usize..span.end as usize).is_some();
    let within = |inner: Span, outer: Span| outer.start <= inner.start && inner.end <= outer.end;
    for (index, symbol) in declarations.symbols.iter().enumerate() {
        assert!(in_text(symbol.name_span) && in_text(symbol.span), "{symbol:?} in {text:?}");
        assert!(within(symbol.name_span, symbol.span), "{symbol:?} in {text:?}");
        assert!(symbol.parent.is_none_or(|parent| (parent as usize) < index), "{symbol:?}");
        let (name, signature) =
            (declarations.text(symbol.name), declarations.text(symbol.signature));
        assert!(!name.is_empty() && signature.starts_with(name), "{symbol:?} in {text:?}");
    }
    if let Some(package) = &declarations.package {
        assert!(in_text(package.name_span) && in_text(package.span), "{package:?} in {text:?}");
        assert!(within(package.name_span, package.span), "{package:?} in {text:?}");
    }
}

/// The first declaration, import or package clause in which the two differ.
fn difference(text: &str, scan: &Declarations, tree: &Declarations) -> Option<String> {
    first_difference(text, symbols(scan), symbols(tree))
        .or_else(|| first_difference(text, imports(scan), imports(tree)))
        .or_else(|| first_difference(text, package(scan), package(tree)))
}

fn first_difference<T: Debug + PartialEq>(
    text: &str,
    mut scan: impl Iterator<Item = (u32, T)>,
    mut tree: impl Iterator<Item = (u32, T)>,
) -> Option<String> {
    loop {
        let (scanned, parsed) = (scan.next(), tree.next());
        if scanned != parsed {
            let offsets = [&scanned, &parsed].into_iter().flatten().map(|(offset, _)| *offset);
            let offset = offsets.min().unwrap_or_default() as usize;
            let line = 1 + text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count();
            let shown = |side: Option<(u32, T)>| format!("{:?}", side.map(|(_, item)| item));
            let (scanned, parsed) = (shown(scanned), shown(parsed));
            return Some(format!("line {line}\n  scanner {scanned}\n  tree    {parsed}"));
        }
        scanned?;
    }
}

/// A declaration as both must see it, its strings resolved.
#[derive(Debug, PartialEq)]
struct Seen<'d> {
    kind: Kind,
    name: &'d str,
    signature: &'d str,
    parent: Option<u32>,
    modifiers: Modifiers,
    local: bool,
    name_span: Span,
    span: Span,
}

fn symbols(declarations: &Declarations) -> impl Iterator<Item = (u32, Seen<'_>)> {
    declarations.symbols.iter().map(|symbol| {
        let seen = Seen {
            kind: symbol.kind,
            name: declarations.text(symbol.name),
            signature: declarations.text(symbol.signature),
            parent: symbol.parent,
            modifiers: symbol.modifiers,
            local: symbol.local,
            name_span: symbol.name_span,
            span: symbol.span,
        };
        (symbol.name_span.start, seen)
    })
}

fn imports(declarations: &Declarations) -> impl Iterator<Item = (u32, (&str, ImportKind))> {
    let imports = declarations.imports.iter();
    imports.map(|import| (0, (declarations.text(import.path), import.kind)))
}

fn package(declarations: &Declarations) -> impl Iterator<Item = (u32, (&str, Span, Span, bool))> {
    declarations.package.iter().map(|clause| {
        let name = declarations.text(clause.name);
        (clause.span.start, (name, clause.name_span, clause.span, clause.deprecated))
    })
}
