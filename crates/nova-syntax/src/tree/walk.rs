//! The way through a tree: which nodes declare something, and in what scope.
//!
//! The walk keeps its own stack, since a hostile text nests as deeply as it is long.

use tree_sitter::{Node, Tree};

use super::declare::{Declare, FieldList, Place};
use crate::declarations::{Declarations, Kind};

/// What encloses a node.
#[derive(Clone, Copy)]
struct Scope<'n> {
    place: Place,
    members: Members<'n>,
}

/// Which of the nodes in a scope declare a member.
#[derive(Clone, Copy)]
enum Members<'n> {
    /// Methods, constructors and fields are members of the named type or of the file.
    All,
    /// A field declaration's declarators are.
    Declarators(FieldList<'n>),
    /// In bodies, initialisers and anonymous classes only named types are declared.
    None,
}

impl<'n> Scope<'n> {
    const FILE: Self = Self { place: Place { owner: None, local: false }, members: Members::All };

    fn of_type(owner: u32, local: bool) -> Self {
        Self { place: Place { owner: Some(owner), local }, members: Members::All }
    }

    fn fields(self, list: FieldList<'n>) -> Self {
        Self { members: Members::Declarators(list), ..self }
    }

    fn body(self) -> Self {
        Self { place: Place { local: true, ..self.place }, members: Members::None }
    }
}

/// The declarations of the whole tree, in source order.
pub(super) fn declarations(text: &str, tree: &Tree) -> Declarations {
    let mut declare = Declare::new(text);
    let mut cursor = tree.walk();
    let mut scope = Scope::FILE;
    let mut outer = Vec::new();
    loop {
        let inner = visit(&mut declare, cursor.node(), scope, outer.len() == 1);
        if let Some(inner) = inner
            && cursor.goto_first_child()
        {
            outer.push(std::mem::replace(&mut scope, inner));
            continue;
        }
        while !cursor.goto_next_sibling() {
            let Some(parents) = outer.pop() else { return declare.into_declarations() };
            cursor.goto_parent();
            scope = parents;
        }
    }
}

/// Declares what `node` declares; the scope of its children, unless there is nothing in them.
fn visit<'n>(
    declare: &mut Declare<'_>,
    node: Node<'n>,
    scope: Scope<'n>,
    at_top: bool,
) -> Option<Scope<'n>> {
    let place = scope.place;
    let is_member = matches!(scope.members, Members::All);
    match node.kind() {
        "package_declaration" if at_top => declare.package(node),
        "import_declaration" if at_top => declare.import(node),
        "module_declaration" if at_top => declare.module(node, place),
        "package_declaration" | "import_declaration" | "module_declaration" => {}
        // Their arguments are constants, whatever the grammar allows there.
        "annotation" | "marker_annotation" => {}

        "class_declaration" => return type_scope(declare, Kind::Class, node, place),
        "interface_declaration" => return type_scope(declare, Kind::Interface, node, place),
        "enum_declaration" => return type_scope(declare, Kind::Enum, node, place),
        "record_declaration" => return type_scope(declare, Kind::Record, node, place),
        "annotation_type_declaration" => return type_scope(declare, Kind::Annotation, node, place),

        "field_declaration" | "constant_declaration" if is_member => {
            return Some(scope.fields(declare.field_list(node)));
        }
        // The fields of a compact source file are variables to the grammar.
        "local_variable_declaration" if at_top => {
            return Some(scope.fields(declare.field_list(node)));
        }

        "variable_declarator" => {
            if let Members::Declarators(list) = scope.members {
                declare.field(list, node, place);
            }
            return Some(scope.body());
        }
        "method_declaration" | "annotation_type_element_declaration" => {
            if is_member {
                declare.method(node, place);
            }
            return Some(scope.body());
        }
        "constructor_declaration" => {
            if is_member {
                declare.constructor(node, place);
            }
            return Some(scope.body());
        }
        "compact_constructor_declaration" => {
            if is_member {
                declare.bare(Kind::Constructor, node, place);
            }
            return Some(scope.body());
        }
        "enum_constant" => {
            declare.bare(Kind::EnumConstant, node, place);
            return Some(scope.body());
        }
        "block" | "static_initializer" | "object_creation_expression" => return Some(scope.body()),
        _ => return Some(scope),
    }
    None
}

fn type_scope<'n>(
    declare: &mut Declare<'_>,
    kind: Kind,
    node: Node<'n>,
    place: Place,
) -> Option<Scope<'n>> {
    let owner = declare.named_type(kind, node, place)?;
    Some(Scope::of_type(owner, place.local))
}
