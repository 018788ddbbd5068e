//! The way through a tree: which nodes declare something, and in what scope.
//!
//! The walk keeps its own stack, since a hostile text nests as deeply as it is long.

use tree_sitter::{Node, Tree};

use super::declare::{Declare, Place};
use crate::declarations::{Declarations, Kind};

/// What encloses a node.
#[derive(Clone, Copy)]
struct Scope {
    place: Place,
    /// Methods, constructors and fields here are members of the owner or of the file, not of an
    /// anonymous class.
    members: bool,
}

impl Scope {
    const FILE: Self = Self { place: Place { owner: None, local: false }, members: true };

    fn of_type(owner: u32, local: bool) -> Self {
        Self { place: Place { owner: Some(owner), local }, members: true }
    }

    fn body(self) -> Self {
        Self { place: Place { local: true, ..self.place }, members: false }
    }
}

/// The declarations of the whole tree, in source order.
pub(super) fn declarations(text: &str, tree: &Tree) -> Declarations {
    let mut declare = Declare::new(text);
    let mut cursor = tree.walk();
    let mut scopes = vec![Scope::FILE];
    loop {
        let scope =
            *scopes.last().expect("one scope for each node above the cursor, and the file's");
        let inner = visit(&mut declare, cursor.node(), scope, scopes.len() == 2);
        if let Some(inner) = inner
            && cursor.goto_first_child()
        {
            scopes.push(inner);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return declare.into_declarations();
            }
            scopes.pop();
        }
    }
}

/// Declares what `node` declares; the scope of its children, unless there is nothing in them.
fn visit(declare: &mut Declare<'_>, node: Node<'_>, scope: Scope, at_top: bool) -> Option<Scope> {
    let Scope { place, members } = scope;
    match node.kind() {
        "package_declaration" if at_top => declare.package(node),
        "import_declaration" if at_top => declare.import(node),
        "module_declaration" if at_top => declare.module(node, place),
        "package_declaration" | "import_declaration" | "module_declaration" => {}
        // Their arguments are constants, whatever the grammar allows there.
        "annotation" | "marker_annotation" => {}

        "class_declaration" => return type_scope(declare, Kind::Class, node, scope),
        "interface_declaration" => return type_scope(declare, Kind::Interface, node, scope),
        "enum_declaration" => return type_scope(declare, Kind::Enum, node, scope),
        "record_declaration" => return type_scope(declare, Kind::Record, node, scope),
        "annotation_type_declaration" => return type_scope(declare, Kind::Annotation, node, scope),

        "method_declaration" | "annotation_type_element_declaration" => {
            if members {
                declare.method(node, place);
            }
            return Some(scope.body());
        }
        "constructor_declaration" => {
            if members {
                declare.constructor(node, place);
            }
            return Some(scope.body());
        }
        "compact_constructor_declaration" => {
            if members {
                declare.compact_constructor(node, place);
            }
            return Some(scope.body());
        }
        "field_declaration" | "constant_declaration" => {
            if members {
                declare.fields(node, place);
            }
            return Some(scope.body());
        }
        // The fields of a compact source file look like variables to the grammar.
        "local_variable_declaration" => {
            if at_top {
                declare.fields(node, place);
            }
            return Some(scope.body());
        }
        "enum_constant" => {
            declare.enum_constant(node, place);
            return Some(scope.body());
        }
        "block" | "static_initializer" | "object_creation_expression" => return Some(scope.body()),
        _ => return Some(scope),
    }
    None
}

fn type_scope(
    declare: &mut Declare<'_>,
    kind: Kind,
    node: Node<'_>,
    scope: Scope,
) -> Option<Scope> {
    let owner = declare.named_type(kind, node, scope.place)?;
    Some(Scope::of_type(owner, scope.place.local))
}
