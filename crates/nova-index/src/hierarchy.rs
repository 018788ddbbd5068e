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

use std::collections::{HashMap, HashSet};

use nova_syntax::declarations::{ImportKind, Kind};
use nova_syntax::header::{self, Arity};

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
    let mut by_last_part: HashMap<&str, Vec<&str>> = HashMap::new();
    for name in names {
        by_last_part.entry(last_part(name)).or_default().push(name);
    }
    let mut found = Vec::new();
    for file in view.shards().iter().flat_map(ViewShard::visible_files) {
        if is_cancelled() {
            return Err(Cancelled);
        }
        for type_ in file.symbols().filter(|symbol| symbol.kind().is_type()) {
            let is_below = header::supertypes(type_.signature_tail()).iter().any(|written| {
                let namesakes = by_last_part.get(last_part(written));
                namesakes.is_some_and(|names| {
                    names.iter().any(|name| Header { file, type_ }.means(written, name))
                })
            });
            if is_below {
                found.push((full_name(type_), type_));
            }
        }
    }
    Ok(found)
}

/// Where a name is written.
struct Header<'v> {
    file: FileRef<'v>,
    type_: SymbolRef<'v>,
}

impl Header<'_> {
    /// Whether a name as it is written here stands for the type of this full name.
    fn means(&self, written: &str, full: &str) -> bool {
        let package = self.file.package().unwrap_or_default();
        let Some(around) = full.strip_suffix(written) else { return false };
        let Some(around) = around.strip_suffix('.') else {
            // The full name itself, and no more of it than that.
            return around.is_empty() && (written.contains('.') || package.is_empty());
        };
        if self.is_member_of(around, package) {
            return true;
        }
        let head = written.split('.').next().unwrap_or(written);
        let imported = |kind: ImportKind| {
            self.file.imports().filter(move |import| import.kind == kind).map(|import| import.path)
        };
        let is_head = |path: &&str| last_part(path) == head;
        let names_it = |path: &str| {
            path.strip_suffix(head).and_then(|it| it.strip_suffix('.')) == Some(around)
        };
        // An import of this very name leaves no choice.
        if let Some(path) = imported(ImportKind::Type).find(is_head) {
            return names_it(path);
        }
        let mut on_demand =
            imported(ImportKind::TypeOnDemand).chain(imported(ImportKind::StaticOnDemand));
        around == package
            || around == "java.lang"
            || on_demand.any(|path| path == around)
            || imported(ImportKind::Static).any(names_it)
    }

    /// Whether what is in `around` is known here by its simple name, as a member of the type, of one around it, or
    /// of a supertype of one of these, as far as headers say.
    fn is_member_of(&self, around: &str, package: &str) -> bool {
        let simple = last_part(around);
        let mut types = std::iter::once(self.type_).chain(self.type_.ancestors());
        let mut is_outside = false;
        types.any(|type_| {
            let is_own = type_.name() == simple && full_name(type_) == around;
            // What a type inherits is not known in its own header.
            let is_inherited = is_outside
                && around != package
                && header::supertypes(type_.signature_tail())
                    .iter()
                    .any(|it| last_part(it) == simple);
            is_outside = true;
            is_own || is_inherited
        })
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
