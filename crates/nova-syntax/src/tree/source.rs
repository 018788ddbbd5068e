//! What can be read off a node: its text, its name, its modifiers.

use tree_sitter::Node;

use crate::declarations::{Modifier, Modifiers, Span};
use crate::signature;

/// The text that the nodes belong to.
#[derive(Clone, Copy)]
pub(super) struct Source<'t>(pub(super) &'t str);

impl<'t> Source<'t> {
    /// The modifiers in the node that the grammar keeps for them.
    pub(super) fn modifiers_of(self, node: Node<'_>) -> Modifiers {
        let first = children(node).next().filter(|child| child.kind() == "modifiers");
        first.map(|list| self.modifiers_among(list)).unwrap_or_default()
    }

    /// The modifiers among the node's own children.
    pub(super) fn modifiers_among(self, node: Node<'_>) -> Modifiers {
        let mut modifiers = Modifiers::default();
        let mut deprecated = false;
        for child in children(node) {
            match child.kind() {
                "annotation" | "marker_annotation" => deprecated |= self.is_deprecated(child),
                "modifier" | "visibility" | "open" => {
                    let keyword = self.of(child);
                    let modifier = Modifier::ALL.into_iter().find(|m| m.as_str() == keyword);
                    modifier.into_iter().for_each(|modifier| modifiers.push(modifier));
                }
                _ => {}
            }
        }
        if deprecated {
            modifiers.push(Modifier::Deprecated);
        }
        modifiers
    }

    fn is_deprecated(self, annotation: Node<'_>) -> bool {
        signature::is_deprecated(self.field(annotation, "name"))
    }

    pub(super) fn field(self, node: Node<'_>, field: &str) -> &'t str {
        node.child_by_field_name(field).map_or("", |child| self.of(child))
    }

    pub(super) fn of(self, node: Node<'_>) -> &'t str {
        self.between(node.start_byte(), node.end_byte())
    }

    pub(super) fn between(self, start: usize, end: usize) -> &'t str {
        self.0.get(start..end).unwrap_or_default()
    }
}

pub(super) fn children<'n>(node: Node<'n>) -> impl Iterator<Item = Node<'n>> {
    let mut cursor = node.walk();
    let mut more = cursor.goto_first_child();
    std::iter::from_fn(move || {
        let child = more.then(|| cursor.node());
        more = more && cursor.goto_next_sibling();
        child
    })
}

pub(super) fn name_of<'n>(node: Node<'n>) -> Option<Node<'n>> {
    node.child_by_field_name("name")
}

pub(super) fn is_name(node: &Node<'_>) -> bool {
    matches!(node.kind(), "identifier" | "scoped_identifier")
}

pub(super) fn span(node: Node<'_>) -> Span {
    Span { start: node.start_byte() as u32, end: node.end_byte() as u32 }
}
