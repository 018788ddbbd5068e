//! Where a name occurs, and what of that refers to the same thing.
//!
//! One walk finds all identifiers of the name, and the stretches in which some of them mean what one
//! of them declares. A second pass, over these alone, keeps the stretches that are open on a stack:
//! the innermost one tells.

use std::cmp::Reverse;

use tree_sitter::{Node, Tree};

use super::scopes::{self, Namespace};
use super::{Occurrence, span};
use crate::declarations::Span;

/// A name has no more occurrences than this.
const OCCURRENCES_MAX: usize = 10_000;

/// An identifier.
struct Name {
    start: usize,
    end: usize,
    namespace: Namespace,
    is_written: bool,
    /// What it declares, by index.
    declares: Option<usize>,
}

/// What an identifier declares that may be hidden or hide.
#[derive(Clone, Copy)]
struct Binding {
    namespace: Namespace,
    is_local: bool,
}

/// A stretch in which a name has the meaning of a binding.
struct Scope {
    start: usize,
    end: usize,
    binding: usize,
}

#[derive(Default)]
struct Collected {
    names: Vec<Name>,
    bindings: Vec<Binding>,
    scopes: Vec<Scope>,
}

/// The occurrences of the name at the byte `probe`.
pub(super) fn occurrences(text: &str, tree: &Tree, probe: usize) -> Vec<Occurrence> {
    let Some(Namesakes { names, meanings, wanted }) = namesakes(text, tree, probe) else {
        return Vec::new();
    };
    let same = names.iter().zip(&meanings).filter(|(_, meaning)| **meaning == wanted);
    let occurrences = same.map(|(name, _)| Occurrence {
        span: span(name.start, name.end),
        is_written: name.is_written,
    });
    occurrences.take(OCCURRENCES_MAX).collect()
}

/// Where the local is declared that is named at the byte `probe`; nothing of any other name.
pub(super) fn local_declaration(text: &str, tree: &Tree, probe: usize) -> Option<Span> {
    let Namesakes { names, wanted, .. } = namesakes(text, tree, probe)?;
    let declaration = names.iter().find(|name| wanted.is_some() && name.declares == wanted)?;
    Some(span(declaration.start, declaration.end))
}

/// All identifiers that are called as one of them.
struct Namesakes {
    names: Vec<Name>,
    /// What each means.
    meanings: Vec<Option<usize>>,
    /// What the one means.
    wanted: Option<usize>,
}

fn namesakes(text: &str, tree: &Tree, probe: usize) -> Option<Namesakes> {
    let mut collected = collect(text, tree, identifier_at(text, tree, probe)?);
    collected.scopes.sort_by_key(|scope| (scope.start, Reverse(scope.end)));
    let meanings = meanings(&collected);
    let names = collected.names;
    let at = names.iter().position(|name| (name.start..name.end).contains(&probe))?;
    let wanted = meanings[at];
    Some(Namesakes { names, meanings, wanted })
}

fn is_identifier(node: Node<'_>) -> bool {
    matches!(node.kind(), "identifier" | "type_identifier")
}

fn identifier_at<'t>(text: &'t str, tree: &Tree, probe: usize) -> Option<&'t str> {
    let mut cursor = tree.walk();
    while cursor.goto_first_child_for_byte(probe).is_some() {}
    let node = cursor.node();
    let is_there = is_identifier(node) && node.byte_range().contains(&probe);
    if is_there { text.get(node.byte_range()) } else { None }
}

/// All identifiers that are `name`, in source order, and what they declare.
fn collect(text: &str, tree: &Tree, name: &str) -> Collected {
    let mut collected = Collected::default();
    let mut cursor = tree.walk();
    let mut path = Vec::new();
    loop {
        let node = cursor.node();
        let is_name = node.end_byte() - node.start_byte() == name.len()
            && is_identifier(node)
            && text.get(node.byte_range()) == Some(name);
        if is_name {
            collected.add(node, &path);
        } else if cursor.goto_first_child() {
            path.push(node);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return collected;
            }
            path.pop();
        }
    }
}

impl Collected {
    fn add(&mut self, node: Node<'_>, path: &[Node<'_>]) {
        let used = scopes::of(node, path);
        let declares = used.binds.map(|binds| {
            let binding = self.bindings.len();
            self.bindings.push(Binding { namespace: used.namespace, is_local: binds.is_local });
            let scopes = binds.scopes.into_iter();
            self.scopes.extend(scopes.map(|(start, end)| Scope { start, end, binding }));
            binding
        });
        self.names.push(Name {
            start: node.start_byte(),
            end: node.end_byte(),
            namespace: used.namespace,
            is_written: used.is_written,
            declares,
        });
    }
}

/// The local that each of the names means, if it means one.
fn meanings(collected: &Collected) -> Vec<Option<usize>> {
    let mut scopes = collected.scopes.iter().peekable();
    let mut open = Open::default();
    let local = |binding: usize| collected.bindings[binding].is_local.then_some(binding);
    let meaning = |name: &Name| {
        while let Some(scope) = scopes.next_if(|scope| scope.start <= name.start) {
            let namespace = collected.bindings[scope.binding].namespace;
            open.of(namespace).extend([(scope.end, scope.binding)]);
        }
        let binding = name.declares.or_else(|| open.innermost(name.namespace, name.start))?;
        local(binding)
    };
    collected.names.iter().map(meaning).collect()
}

/// The scopes that are open, by what they are scopes of: their ends and bindings.
#[derive(Default)]
struct Open {
    variables: Vec<(usize, usize)>,
    types: Vec<(usize, usize)>,
    labels: Vec<(usize, usize)>,
    members: Vec<(usize, usize)>,
}

impl Open {
    fn of(&mut self, namespace: Namespace) -> &mut Vec<(usize, usize)> {
        match namespace {
            Namespace::Variable => &mut self.variables,
            Namespace::Type => &mut self.types,
            Namespace::Label => &mut self.labels,
            Namespace::Member => &mut self.members,
        }
    }

    /// What a name at `offset` means.
    fn innermost(&mut self, namespace: Namespace, offset: usize) -> Option<usize> {
        let open = self.of(namespace);
        while open.pop_if(|(end, _)| *end <= offset).is_some() {}
        match open.last() {
            Some((_, binding)) => Some(*binding),
            // The `T` of `T::new` looks like a variable.
            None if namespace == Namespace::Variable => self.innermost(Namespace::Type, offset),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests;
