//! What an identifier is by its place in the tree: what it names, and where that has this name.

use tree_sitter::Node;

use super::flow;

/// How an identifier is used.
pub(super) struct Used {
    pub(super) namespace: Namespace,
    /// Declared here or assigned to.
    pub(super) is_written: bool,
    pub(super) binds: Option<Binds>,
}

/// Names of different spaces do not hide each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Namespace {
    Variable,
    Type,
    Label,
    /// Methods, and what stands behind a dot: never a local.
    Member,
}

/// What a declaration does to its name.
pub(super) struct Binds {
    /// Nothing outside can mean it. If not, the declaration but hides locals further out.
    pub(super) is_local: bool,
    /// Where the name means it: starts and ends.
    pub(super) scopes: Vec<(usize, usize)>,
}

impl Used {
    fn read(namespace: Namespace) -> Self {
        Self { namespace, is_written: false, binds: None }
    }

    fn declared(namespace: Namespace, is_local: bool, scopes: Vec<(usize, usize)>) -> Self {
        Self { namespace, is_written: true, binds: Some(Binds { is_local, scopes }) }
    }

    fn local(scope: (usize, usize)) -> Self {
        Self::declared(Namespace::Variable, true, vec![scope])
    }
}

/// How `node` is used, an identifier whose ancestors are `path`, the root first.
pub(super) fn of<'n>(node: Node<'n>, path: &[Node<'n>]) -> Used {
    let nth = |back: usize| path.len().checked_sub(back).map(|at| path[at]);
    let Some(parent) = nth(1) else { return Used::read(Namespace::Member) };
    let outer = nth(2).unwrap_or(parent);
    let outermost = nth(3).unwrap_or(outer);
    let is = |field: &str| is_field(parent, field, node);
    let is_first = node.start_byte() == parent.start_byte();
    match parent.kind() {
        "variable_declarator" if is("name") => declarator(node, path),
        "formal_parameter" if is("name") => parameter(outer, outermost),
        "catch_formal_parameter" if is("name") => Used::local(whole(outer)),
        "enhanced_for_statement" if is("name") => {
            Used::local(parent.child_by_field_name("body").map_or_else(|| whole(parent), whole))
        }
        "resource" if is("name") => {
            let body = outermost.child_by_field_name("body").unwrap_or(outermost);
            Used::local((parent.start_byte(), body.end_byte()))
        }
        "lambda_expression" if is("parameters") => Used::local(whole(parent)),
        "inferred_parameters" => Used::local(whole(outer)),
        "instanceof_expression" if is("name") => pattern(node, path),
        "type_pattern" | "record_pattern_component" if node.kind() == "identifier" => {
            pattern(node, path)
        }
        "type_parameter" => Used::declared(Namespace::Type, true, vec![whole(outermost)]),
        "labeled_statement" if is_first => {
            Used::declared(Namespace::Label, true, vec![whole(parent)])
        }
        "break_statement" | "continue_statement" => Used::read(Namespace::Label),

        "enum_constant" if is("name") => {
            Used::declared(Namespace::Variable, false, vec![whole(outer)])
        }
        "class_declaration"
        | "interface_declaration"
        | "enum_declaration"
        | "record_declaration"
        | "annotation_type_declaration"
            if is("name") =>
        {
            Used::declared(Namespace::Type, false, vec![whole(outer)])
        }
        "method_declaration"
        | "constructor_declaration"
        | "compact_constructor_declaration"
        | "annotation_type_element_declaration"
            if is("name") =>
        {
            Used { is_written: true, ..Used::read(Namespace::Member) }
        }

        "field_access" if is("field") => {
            let is_written = is_target(parent, outer);
            Used { is_written, ..Used::read(Namespace::Member) }
        }
        "method_invocation" if is("name") => Used::read(Namespace::Member),
        "element_value_pair" if is("key") => Used::read(Namespace::Member),
        "method_reference" | "scoped_type_identifier" if !is_first => Used::read(Namespace::Member),
        "scoped_identifier"
        | "annotation"
        | "marker_annotation"
        | "package_declaration"
        | "import_declaration"
        | "module_declaration" => Used::read(Namespace::Member),
        "record_pattern" | "receiver_parameter" => Used::read(Namespace::Type),
        _ if node.kind() == "type_identifier" => Used::read(Namespace::Type),
        _ => Used { is_written: is_target(node, parent), ..Used::read(Namespace::Variable) },
    }
}

/// The name of a declarator: of a field, a local variable or a variable parameter.
fn declarator<'n>(node: Node<'n>, path: &[Node<'n>]) -> Used {
    let nth = |back: usize| path.len().checked_sub(back).map(|at| path[at]);
    let (Some(list), around) = (nth(2), nth(3)) else { return Used::read(Namespace::Variable) };
    let Some(around) = around else { return Used::local((node.start_byte(), list.end_byte())) };
    let is_member = match list.kind() {
        "field_declaration" | "constant_declaration" => true,
        // The fields of a compact source file.
        "local_variable_declaration" => around.kind() == "program",
        "spread_parameter" => return parameter(around, nth(4).unwrap_or(around)),
        // The list is broken; around it is more than belongs to it.
        _ => return Used::local((node.start_byte(), list.end_byte())),
    };
    if is_member {
        return Used::declared(Namespace::Variable, false, vec![whole(around)]);
    }
    let until = match around.kind() {
        // Further groups of the same switch see it as well.
        "switch_block_statement_group" => nth(4).unwrap_or(around),
        _ => around,
    };
    Used::local((node.start_byte(), until.end_byte()))
}

/// A parameter in `list`, of `owner`.
fn parameter(list: Node<'_>, owner: Node<'_>) -> Used {
    match (list.kind(), owner.kind()) {
        // Components are fields and methods as well.
        ("formal_parameters", "record_declaration") => {
            Used::declared(Namespace::Variable, false, vec![whole(owner)])
        }
        ("formal_parameters", _) => Used::local(whole(owner)),
        _ => Used::local(whole(list)),
    }
}

fn pattern<'n>(node: Node<'n>, path: &[Node<'n>]) -> Used {
    Used::declared(Namespace::Variable, true, flow::scopes(node.start_byte(), path))
}

/// Whether `node` is assigned to, or counted up or down, in `parent`.
fn is_target(node: Node<'_>, parent: Node<'_>) -> bool {
    match parent.kind() {
        "assignment_expression" => is_field(parent, "left", node),
        "update_expression" => true,
        _ => false,
    }
}

pub(super) fn is_field(parent: Node<'_>, field: &str, node: Node<'_>) -> bool {
    parent.child_by_field_name(field) == Some(node)
}

pub(super) fn whole(node: Node<'_>) -> (usize, usize) {
    (node.start_byte(), node.end_byte())
}
