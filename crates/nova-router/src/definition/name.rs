//! A name in a text, and what it may be by what stands around it.

use nova_protocol::inspection::{ImportKind, NameInText, NameRole};
use nova_syntax::declarations::{self, Kind};
use nova_syntax::scope::{Rule, Scope};

use crate::report::Symbol;

/// What can be used by name where the name stands.
pub(super) fn scope(name: &NameInText) -> Scope<'_> {
    let imports = name.imports.iter();
    Scope {
        package: &name.package,
        types: name.enclosing.iter().map(|type_| type_.name.as_str()).collect(),
        imports: imports.map(|import| (import_kind(import.kind), import.path.as_str())).collect(),
    }
}

/// The full names that the name may have, what counts most first.
pub(super) fn meanings(name: &NameInText) -> Vec<(Rule, String)> {
    let written = written(name);
    if is_of_clause(name) {
        return vec![(Rule::FullName, written)];
    }
    match instance(name) {
        Some(Instance::Super) => Vec::new(),
        Some(Instance::This) => around(name),
        None => scope(name).meanings(&written),
    }
}

/// The name with what is written before it.
fn written(name: &NameInText) -> String {
    let names = name.qualifier.iter().chain([&name.name]);
    names.map(String::as_str).collect::<Vec<_>>().join(".")
}

/// Whether it stands in a clause before the types, where names are full ones, and declares nothing.
pub(super) fn is_of_clause(name: &NameInText) -> bool {
    matches!(name.role, NameRole::Import | NameRole::PackageClause) && name.declares.is_none()
}

/// The full name of what is so called in the type of `this`, or of `Outer.this`.
pub(super) fn around(name: &NameInText) -> Vec<(Rule, String)> {
    let scope = scope(name);
    let member = |depth| (Rule::Enclosing, format!("{}.{}", scope.type_around(depth), name.name));
    let depth = depth_of_instance(name).filter(|depth| *depth < scope.types.len());
    depth.map(member).into_iter().collect()
}

/// Which of the types around the name `this`, `super`, `Outer.this` and `Outer.super` speak of, counted from the
/// innermost; none if `Outer` is not around it.
pub(super) fn depth_of_instance(name: &NameInText) -> Option<usize> {
    match type_of_instance(name) {
        Some(type_) => name.enclosing.iter().position(|it| it.name == type_),
        None => instance(name).map(|_| 0),
    }
}

/// Which of the types around the name declares a symbol, or is that; counted from the innermost.
pub(super) fn depth(name: &NameInText, symbol: &Symbol) -> Option<usize> {
    let (scope, owner, full_name) = (scope(name), symbol.around(), symbol.full_name());
    let depths = 0..scope.types.len();
    depths
        .map(|depth| (depth, scope.type_around(depth)))
        .find_map(|(depth, type_)| (type_ == owner || type_ == full_name).then_some(depth))
}

/// What an expression names the instance by whose members follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instance {
    /// `this`, `Outer.this`
    This,
    /// `super`, `Outer.super`
    Super,
}

/// Whose member the name is, if that is said by a keyword.
pub(super) fn instance(name: &NameInText) -> Option<Instance> {
    match name.qualifier.last()?.as_str() {
        "this" => Some(Instance::This),
        "super" => Some(Instance::Super),
        _ => None,
    }
}

/// The type of `Outer.this` and `Outer.super`.
pub(super) fn type_of_instance(name: &NameInText) -> Option<&str> {
    instance(name)?;
    name.qualifier.iter().rev().nth(1).map(String::as_str)
}

/// Whether what the name stands for can be of this kind, by its use.
pub(super) fn fits(name: &NameInText, kind: Kind) -> bool {
    if let Some(declared) = &name.declares {
        return declared.kind == kind as u8;
    }
    match name.role {
        NameRole::Call => kind == Kind::Method || kind == Kind::RecordComponent,
        NameRole::Construction => kind.is_type() || kind == Kind::Constructor,
        NameRole::Annotation => kind == Kind::Annotation,
        NameRole::MethodReference => kind == Kind::Method,
        NameRole::PackageClause => kind == Kind::Package,
        NameRole::Import | NameRole::DocLink => true,
        NameRole::Other => kind != Kind::Method && kind != Kind::Constructor,
    }
}

/// Whether it is one of the methods that an enum has without declaring them (JLS §8.9.3).
pub(super) fn is_of_every_enum(name: &NameInText) -> bool {
    let takes = |count| name.arguments == Some(count) || name.role == NameRole::MethodReference;
    (name.name == "values" && takes(0)) || (name.name == "valueOf" && takes(1))
}

/// The kinds that the name may have, by its use.
pub(super) fn kinds(name: &NameInText) -> Vec<Kind> {
    Kind::ALL.into_iter().filter(|kind| fits(name, *kind)).collect()
}

/// Whether a symbol bears the name. A package and a module are always called by their whole names.
pub(super) fn is_of(name: &NameInText, symbol: &Symbol) -> bool {
    match symbol.kind {
        Kind::Package | Kind::Module if name.declares.is_none() => symbol.name == written(name),
        _ => symbol.name == name.name,
    }
}

fn import_kind(kind: ImportKind) -> declarations::ImportKind {
    match kind {
        ImportKind::Type => declarations::ImportKind::Type,
        ImportKind::TypeOnDemand => declarations::ImportKind::TypeOnDemand,
        ImportKind::Static => declarations::ImportKind::Static,
        ImportKind::StaticOnDemand => declarations::ImportKind::StaticOnDemand,
        ImportKind::Module => declarations::ImportKind::Module,
    }
}
