//! From a node of the tree to its declaration: names, modifiers, signatures, spans.
//!
//! Knows the shapes of the grammar's nodes, and nothing of what encloses them.

use tree_sitter::Node;

use super::source::{Source, children, is_name, name_of, span};
use crate::declarations::{
    Declaration, Declarations, Import, ImportKind, Kind, Modifier, Modifiers, PackageClause,
};
use crate::signature::{self, Signed};

/// Collects the declarations of one text.
pub(super) struct Declare<'t> {
    source: Source<'t>,
    declarations: Declarations,
}

/// What encloses a declaration: the innermost named type, and whether that is in a body.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) owner: Option<u32>,
    pub(super) local: bool,
}

/// What the declarators of one declaration share.
#[derive(Clone, Copy)]
pub(super) struct FieldList<'n> {
    modifiers: Modifiers,
    written: Option<Node<'n>>,
    /// The declaration, if it has one declarator only.
    sole_of: Option<Node<'n>>,
}

impl<'t> Declare<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { source: Source(text), declarations: Declarations::default() }
    }

    pub(super) fn into_declarations(self) -> Declarations {
        self.declarations
    }

    pub(super) fn package(&mut self, node: Node<'_>) {
        let Some(name) = children(node).find(is_name) else {
            return;
        };
        let clause = PackageClause {
            name: signature::dotted(&mut self.declarations, self.source.of(name)),
            name_span: span(name),
            span: span(node),
            deprecated: self.source.modifiers_among(node).contains(Modifier::Deprecated),
        };
        self.declarations.package.get_or_insert(clause);
    }

    pub(super) fn import(&mut self, node: Node<'_>) {
        let Some(name) = children(node).find(is_name) else {
            return;
        };
        let has = |kind| children(node).any(|child| child.kind() == kind);
        let kind = match (has("module"), has("static"), has("asterisk")) {
            (true, ..) => ImportKind::Module,
            (_, false, false) => ImportKind::Type,
            (_, false, true) => ImportKind::TypeOnDemand,
            (_, true, false) => ImportKind::Static,
            (_, true, true) => ImportKind::StaticOnDemand,
        };
        let path = signature::dotted(&mut self.declarations, self.source.of(name));
        self.declarations.imports.push(Import { path, kind });
    }

    pub(super) fn module(&mut self, node: Node<'_>, place: Place) {
        let Some(name) = name_of(node) else { return };
        let name_text = signature::dotted(&mut self.declarations, self.source.of(name));
        let signed = Signed { name: name_text, signature: name_text };
        self.push(Kind::Module, signed, self.source.modifiers_among(node), place, name, node);
    }

    /// The type's own index, for what is declared in it.
    pub(super) fn named_type(&mut self, kind: Kind, node: Node<'_>, place: Place) -> Option<u32> {
        let name = name_of(node)?;
        let body = node.child_by_field_name("body")?;
        let rest = self.source.between(name.end_byte(), body.start_byte());
        let signed = signature::header(&mut self.declarations, self.source.of(name), rest);
        let index = self.declarations.symbols.len() as u32;
        self.push(kind, signed, self.source.modifiers_of(node), place, name, node);
        if kind == Kind::Record
            && let Some(components) = node.child_by_field_name("parameters")
        {
            let place = Place { owner: Some(index), ..place };
            children(components).for_each(|component| self.record_component(component, place));
        }
        Some(index)
    }

    fn record_component(&mut self, node: Node<'_>, place: Place) {
        // In `int... x` the name and its dimensions are wrapped as those of a variable.
        let declarator = children(node).find(|child| child.kind() == "variable_declarator");
        let declarator = declarator.unwrap_or(node);
        let Some(name) = name_of(declarator) else {
            return;
        };
        let Some(r#type) = node.child_by_field_name("type") else {
            return;
        };
        let written = self.source.between(r#type.start_byte(), name.start_byte());
        let dimensions = self.source.field(declarator, "dimensions");
        let signed =
            signature::typed(&mut self.declarations, self.source.of(name), written, dimensions);
        self.push(Kind::RecordComponent, signed, self.source.modifiers_of(node), place, name, node);
    }

    /// A method, or an annotation's element.
    pub(super) fn method(&mut self, node: Node<'_>, place: Place) {
        let Some(name) = name_of(node) else { return };
        let result = (self.source.field(node, "type"), self.source.field(node, "dimensions"));
        // An element's parentheses hold nothing but perhaps comments.
        let parameters = match node.child_by_field_name("parameters") {
            Some(parameters) => self.source.of(parameters),
            None => "()",
        };
        let signed = signature::callable(
            &mut self.declarations,
            self.source.of(name),
            self.source.field(node, "type_parameters"),
            parameters,
            Some(result),
        );
        self.push(Kind::Method, signed, self.source.modifiers_of(node), place, name, node);
    }

    pub(super) fn constructor(&mut self, node: Node<'_>, place: Place) {
        let Some(name) = name_of(node) else { return };
        let signed = signature::callable(
            &mut self.declarations,
            self.source.of(name),
            self.source.field(node, "type_parameters"),
            self.source.field(node, "parameters"),
            None,
        );
        self.push(Kind::Constructor, signed, self.source.modifiers_of(node), place, name, node);
    }

    /// What is no more than its name to a signature.
    pub(super) fn bare(&mut self, kind: Kind, node: Node<'_>, place: Place) {
        let Some(name) = name_of(node) else { return };
        let signed = signature::bare(&mut self.declarations, self.source.of(name));
        self.push(kind, signed, self.source.modifiers_of(node), place, name, node);
    }

    /// What the fields of one declaration share, read once however many they are.
    pub(super) fn field_list<'n>(&self, node: Node<'n>) -> FieldList<'n> {
        let mut declarators = children(node).filter(|child| child.kind() == "variable_declarator");
        FieldList {
            modifiers: self.source.modifiers_of(node),
            written: node.child_by_field_name("type"),
            sole_of: declarators.nth(1).is_none().then_some(node),
        }
    }

    /// One of the fields; the span of a sole one is the whole declaration.
    pub(super) fn field(&mut self, list: FieldList<'_>, declarator: Node<'_>, place: Place) {
        let Some(name) = name_of(declarator) else { return };
        let name_source = self.source.of(name);
        let written = list.written.map_or("", |written| self.source.of(written));
        let dimensions = self.source.field(declarator, "dimensions");
        let signed = signature::typed(&mut self.declarations, name_source, written, dimensions);
        let whole = list.sole_of.unwrap_or(declarator);
        self.push(Kind::Field, signed, list.modifiers, place, name, whole);
    }

    fn push(
        &mut self,
        kind: Kind,
        Signed { name, signature }: Signed,
        modifiers: Modifiers,
        Place { owner: parent, local }: Place,
        name_node: Node<'_>,
        node: Node<'_>,
    ) {
        self.declarations.symbols.push(Declaration {
            kind,
            name,
            signature,
            parent,
            modifiers,
            local,
            name_span: span(name_node),
            span: span(node),
        });
    }
}
