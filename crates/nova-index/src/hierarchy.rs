//! Which types are declared below others, and what they declare anew: by name, from what the headers of types say.
//!
//! ```text
//!  names ─▶ types whose header names one of them, as imports and package have it ─▶ their names ─┐
//!    ▲                                                                                            │
//!    └────────────────────────────────────── until there are no new ones ◀────────────────────────┘
//! ```
//!
//! Not for anything that takes types to be resolved: what has no name of its own, such as an anonymous class, is not
//! found, and of two types with the same full name each is taken for the other.

use std::collections::HashSet;

use nova_syntax::declarations::{Kind, Modifier};
use nova_syntax::header::{self, Arity};
use nova_syntax::scope::{Rule, Scope};

use crate::rank::Score;
use crate::search::{Cancelled, Hit, SearchResult, Total};
use crate::shard::FileRef;
use crate::symbol_ref::SymbolRef;
use crate::view::{SymbolView, ViewShard, ViewSymbol};

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subtypes {
    /// The types: package, enclosing types and name, with dots between.
    pub of: Vec<String>,
    /// The method that they may declare anew; without one, they are looked for themselves.
    pub method: Option<MethodShape>,
    /// How many are wanted.
    pub limit: usize,
}

/// What a method has in common with those that override it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodShape {
    /// Its name.
    pub name: String,
    /// How many parameters it has.
    pub parameters: u32,
}

/// All types below some others, or the methods that they declare anew: the nearest first, then by name. They have no
/// scores.
pub fn subtypes<'v>(
    view: &'v SymbolView,
    wanted: &Subtypes,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<SearchResult<'v>, Cancelled> {
    // One of them may be below another.
    let mut known = HashSet::new();
    let mut frontier = wanted.of.clone();
    let mut found = Vec::new();
    while !frontier.is_empty() && found.len() <= wanted.limit {
        let mut level = directly_below(view, &frontier, is_cancelled)?;
        level.sort_by(|(a, _), (b, _)| a.cmp(b));
        frontier = level
            .iter()
            .filter(|(name, _)| known.insert(name.clone()))
            .map(|(name, _)| name.clone())
            .collect();
        let new: HashSet<&String> = frontier.iter().collect();
        let level = level.iter().filter(|(name, _)| new.contains(name)).map(|(_, type_)| *type_);
        match &wanted.method {
            None => found.extend(level),
            Some(method) => found.extend(level.flat_map(|type_| overriding(type_, method))),
        }
    }
    let total = found.len();
    found.truncate(wanted.limit);
    let hit = |symbol| Hit { symbol: ViewSymbol::Declared(symbol), score: Score::default() };
    Ok(SearchResult {
        hits: found.into_iter().map(hit).collect(),
        total: Total::AtLeast(total as u64),
        cut: total > wanted.limit,
    })
}

/// The members of a type that have the shape of a method.
fn overriding<'v>(
    type_: SymbolRef<'v>,
    method: &MethodShape,
) -> impl Iterator<Item = SymbolRef<'v>> {
    let has_shape = move |member: &SymbolRef<'_>| {
        member.name() == method.name
            && !member
                .modifiers()
                .iter()
                .any(|it| matches!(it, Modifier::Private | Modifier::Static))
            && match member.kind() {
                Kind::Method => Arity::of(member.signature_tail())
                    .is_some_and(|arity| arity.parameters == method.parameters),
                // Its accessor is declared with it.
                Kind::RecordComponent => method.parameters == 0,
                _ => false,
            }
    };
    type_.members().filter(has_shape)
}

/// The types whose headers name one of these, with their full names.
fn directly_below<'v>(
    view: &'v SymbolView,
    names: &[String],
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Vec<(String, SymbolRef<'v>)>, Cancelled> {
    let simple: HashSet<&str> = names.iter().map(|name| last_part(name)).collect();
    // What a header may mean: these, and whatever else is called so.
    let mut namesakes: HashSet<String> = names.iter().cloned().collect();
    let mut written = Vec::new();
    for file in view.shards().iter().flat_map(ViewShard::visible_files) {
        if is_cancelled() {
            return Err(Cancelled);
        }
        for type_ in file.symbols().filter(|symbol| symbol.kind().is_type()) {
            if simple.contains(type_.name()) {
                namesakes.insert(full_name(type_));
            }
            let alike = supertypes(type_).filter(|name| simple.contains(last_part(name)));
            written.extend(alike.map(|name| (type_, name)));
        }
    }
    let names: HashSet<&String> = names.iter().collect();
    let is_below = |(type_, name): &(SymbolRef<'_>, String)| {
        let mut meanings = meanings(*type_, name).into_iter();
        meanings.find(|it| namesakes.contains(it)).is_some_and(|it| names.contains(&it))
    };
    written.retain(is_below);
    // A header may name two of them.
    written.dedup_by_key(|(type_, _)| (std::ptr::from_ref(type_.shard()), type_.id().0));
    Ok(written.into_iter().map(|(type_, _)| (full_name(type_), type_)).collect())
}

/// The full names that a name in a type's header may have, what counts most first. What the types around it inherit
/// is known of their direct supertypes.
fn meanings(type_: SymbolRef<'_>, written: &str) -> Vec<String> {
    let around: Vec<_> = type_.ancestors().collect();
    let scope = scope_in(&around, type_.file());
    let inherited = around.iter().enumerate().flat_map(|(depth, outer)| {
        let scope = scope_in(&around[depth + 1..], type_.file());
        let meanings = supertypes(*outer).flat_map(move |name| scope.meanings(&name));
        meanings.map(|(_, name)| format!("{name}.{written}")).collect::<Vec<_>>()
    });
    let mut meanings = scope.meanings(written);
    let others = meanings.split_off(meanings.partition_point(|(rule, _)| *rule == Rule::Enclosing));
    let name = |(_, name)| name;
    meanings.into_iter().map(name).chain(inherited).chain(others.into_iter().map(name)).collect()
}

/// What a type's header names.
fn supertypes(type_: SymbolRef<'_>) -> impl Iterator<Item = String> {
    header::supertypes(type_.kind(), type_.signature_tail()).into_names()
}

/// What is known in these types of a file, the innermost first.
fn scope_in<'v>(types: &[SymbolRef<'v>], file: FileRef<'v>) -> Scope<'v> {
    Scope {
        package: file.package().unwrap_or_default(),
        types: types.iter().map(SymbolRef::name).collect(),
        imports: file.imports().map(|import| (import.kind, import.path)).collect(),
    }
}

/// Package, enclosing types and name of a type.
fn full_name(type_: SymbolRef<'_>) -> String {
    let (file, container) = (type_.file(), type_.container());
    let parts = [file.package().unwrap_or_default(), &container, type_.name()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
