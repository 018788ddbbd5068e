//! Finds what bears a name in what a session sees.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use nova_index::{Cancelled, Query};
use nova_protocol::inspection::{NameInText, NameRole};
use nova_protocol::path;
use nova_syntax::declarations::{Kind, Modifier};
use tokio_util::sync::CancellationToken;

use super::judge::{self, Certainty};
use super::name;
use crate::answer::SearchRequest;
use crate::report::Symbol;
use crate::session::Session;

/// Symbols of that very name that are looked at.
const NAMESAKES_MAX: usize = 300;
/// Symbols that a qualified name is taken for.
const QUALIFIED_MAX: usize = 50;
/// Qualified names that are looked for: imports on demand may be many.
const SEARCHES_MAX: usize = 24;

/// Looks for one name.
pub(super) struct Finder<'f> {
    pub(super) session: &'f Session,
    pub(super) name: &'f NameInText,
    /// The file that it stands in.
    pub(super) path: &'f Path,
    pub(super) verify_timeout: Duration,
    pub(super) cancel: CancellationToken,
}

/// Symbols that bear a name.
#[derive(Debug, Default)]
pub(super) struct Namesakes {
    pub(super) symbols: Vec<Symbol>,
    /// Whether these are all of them.
    is_complete: bool,
}

impl Namesakes {
    /// Whether there may be members of types among them beside these.
    pub(super) fn has_other_member(&self, symbols: &[Symbol]) -> bool {
        let is_other = |it: &&Symbol| symbols.iter().all(|symbol| place(symbol) != place(it));
        !self.is_complete
            || self.symbols.iter().filter(is_other).any(|symbol| !symbol.container.is_empty())
    }
}

impl Finder<'_> {
    /// All that bears the name and can be meant by its use; of very many those that can be meant by what stands
    /// around it, and others.
    pub(super) async fn namesakes(&self) -> Result<Namesakes, Cancelled> {
        let name = self.name;
        let mut meanings: Vec<_> = name::meanings(name).into_iter().map(|(_, it)| it).collect();
        if name::is_of_clause(name) {
            // That is its full name, so that no other is meant.
            let mut symbols = Vec::new();
            for meaning in &meanings {
                symbols.extend(self.search(meaning, &[], QUALIFIED_MAX).await?);
            }
            symbols.retain(|symbol| name::is_of(name, symbol));
            return Ok(Namesakes { symbols, is_complete: false });
        }
        if name.role == NameRole::Construction {
            let constructors = meanings.iter().map(|type_| format!("{type_}.{}", name.name));
            meanings.extend(constructors.collect::<Vec<_>>());
        }
        let kinds = name::kinds(name);
        // What is private in another file means nothing here.
        let own = path::to_bytes(self.path);
        let is_seen = |it: &Symbol| it.file == *own || !it.modifiers.contains(Modifier::Private);
        let is_it = |symbol: &Symbol| name::is_of(name, symbol) && is_seen(symbol);
        self.all_called(&name.name, &meanings, &kinds, is_it).await
    }

    /// Puts those first that the name itself speaks for, where nothing else does: what is in the same file, members of
    /// types that are called like the variable before the name, and what is in the same package.
    pub(super) async fn put_likely_first(&self, symbols: &mut [Symbol]) -> Result<(), Cancelled> {
        let name = self.name;
        let mut alike = HashMap::new();
        if !name.qualifier.is_empty() && name::instance(name).is_none() && symbols.len() > 1 {
            let text = format!("{}.{}", name.qualifier.join("."), name.name);
            let hits = self.search(&text, &name::kinds(name), QUALIFIED_MAX).await?;
            alike.extend(hits.iter().map(place).zip(0..));
        }
        let own = path::to_bytes(self.path);
        symbols.sort_by_cached_key(|symbol| {
            let rank = alike.get(&place(symbol)).copied().unwrap_or(usize::MAX);
            (symbol.file != *own, rank, symbol.package != name.package)
        });
        Ok(())
    }

    /// The types of the first of these full names that there is a type of.
    pub(super) async fn types_called(&self, meanings: &[String]) -> Result<Vec<Symbol>, Cancelled> {
        let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| kind.is_type()).collect();
        let Some(simple) = meanings.first().and_then(|it| it.rsplit('.').next()) else {
            return Ok(Vec::new());
        };
        let is_it = |type_: &Symbol| type_.name == simple;
        let namesakes = self.all_called(simple, meanings, &kinds, is_it).await?.symbols;
        let called = |meaning: &String| {
            let types = namesakes.iter().filter(|type_| type_.full_name() == *meaning);
            Some(types.cloned().collect::<Vec<_>>()).filter(|types| !types.is_empty())
        };
        Ok(self.nearest(meanings.iter().find_map(called).unwrap_or_default()))
    }

    /// The members of a type that are among these and that others inherit. What an enum has without declaring it stands
    /// for itself (JLS §8.9.3).
    pub(super) async fn members(
        &self,
        type_: &Symbol,
        namesakes: &Namesakes,
    ) -> Result<Vec<Symbol>, Cancelled> {
        if type_.kind == Kind::Enum && name::is_of_every_enum(self.name) {
            return Ok(vec![type_.clone()]);
        }
        let around = type_.full_name();
        let is_member = |symbol: &&Symbol| {
            name::is_of(self.name, symbol)
                && symbol.file == type_.file
                && symbol.around() == around
                && judge::is_inherited(symbol, type_, &self.name.package)
        };
        if namesakes.is_complete {
            return Ok(namesakes.symbols.iter().filter(is_member).cloned().collect());
        }
        let text = format!("{around}.{}", self.name.name);
        let hits = self.search(&text, &name::kinds(self.name), QUALIFIED_MAX).await?;
        Ok(hits.iter().filter(is_member).cloned().collect())
    }

    /// All of some kinds that are called so, if that are not too many: else also those of these full names.
    async fn all_called(
        &self,
        simple: &str,
        meanings: &[String],
        kinds: &[Kind],
        is_it: impl Fn(&Symbol) -> bool,
    ) -> Result<Namesakes, Cancelled> {
        let mut symbols = self.search(simple, kinds, NAMESAKES_MAX).await?;
        // Whatever is called so comes before all that is only called alike.
        let is_complete = symbols.len() < NAMESAKES_MAX
            || symbols.iter().any(|it| it.kind != Kind::Package && !is_exact(&it.name, simple));
        symbols.retain(&is_it);
        if !is_complete {
            let mut seen: HashSet<_> = symbols.iter().map(place).collect();
            for meaning in meanings.iter().take(SEARCHES_MAX) {
                let hits = self.search(meaning, kinds, QUALIFIED_MAX).await?;
                let new = hits.into_iter().filter(|it| is_it(it) && seen.insert(place(it)));
                symbols.extend(new);
            }
        }
        Ok(Namesakes { symbols, is_complete })
    }

    async fn search(
        &self,
        text: &str,
        kinds: &[Kind],
        limit: usize,
    ) -> Result<Vec<Symbol>, Cancelled> {
        let request = SearchRequest {
            query: Query::new(text, kinds),
            limit,
            near: Some(self.path.to_path_buf()),
            verify_timeout: self.verify_timeout,
            cancel: self.cancel.clone(),
        };
        let hits = self.session.search(&request).await?.hits;
        Ok(hits.into_iter().map(|(symbol, _)| symbol).collect())
    }

    /// Those for which the most speaks, in the order in which they come, and what that is.
    pub(super) fn best(&self, namesakes: Vec<Symbol>) -> (Vec<Symbol>, Certainty) {
        let (best, certainty) = judge::best(self.name, self.path, namesakes);
        (if certainty == Certainty::Name { best } else { self.nearest(best) }, certainty)
    }

    /// Of inherited members those that are meant; where one is constructed, by its constructors.
    pub(super) fn narrowed(&self, mut members: Vec<Symbol>, namesakes: &Namesakes) -> Vec<Symbol> {
        if self.name.role == NameRole::Construction {
            let types: Vec<_> = members.iter().map(Symbol::full_name).collect();
            let constructors = namesakes.symbols.iter().filter(|symbol| {
                symbol.kind == Kind::Constructor && types.contains(&symbol.around())
            });
            members.extend(constructors.cloned());
        }
        judge::narrow_by_arguments(self.name, &mut members);
        members
    }

    /// Of those with the same full name the one in the same file, else those of the same source root: that is what
    /// is compiled together.
    fn nearest(&self, symbols: Vec<Symbol>) -> Vec<Symbol> {
        if symbols.len() < 2 {
            return symbols;
        }
        let homes = self.session.workspace().homes();
        let path = path::to_bytes(self.path);
        let own_root = homes.of(&path).key.root;
        let nearness = |symbol: &Symbol| {
            let is_same_file = symbol.file == *path;
            (is_same_file, homes.of(&symbol.file).key.root == own_root)
        };
        let near: Vec<_> =
            symbols.iter().map(|symbol| (symbol.full_name(), nearness(symbol))).collect();
        let is_nearest = |(full_name, nearness): &(String, (bool, bool))| {
            let namesakes = near.iter().filter(|(other, _)| other == full_name);
            namesakes.map(|(_, other)| *other).max() == Some(*nearness)
        };
        let nearest = symbols.into_iter().zip(&near).filter(|(_, near)| is_nearest(near));
        nearest.map(|(symbol, _)| symbol).collect()
    }
}

/// What tells a symbol from all others.
fn place(symbol: &Symbol) -> (Vec<u8>, u32, u32, Kind) {
    (symbol.file.clone(), symbol.line, symbol.character, symbol.kind)
}

/// Whether a search takes these two for the same name.
fn is_exact(name: &str, other: &str) -> bool {
    let letters = |name: &str| {
        let letters = name.chars().filter(|char| *char != '_');
        letters.flat_map(char::to_lowercase).collect::<String>()
    };
    letters(name) == letters(other)
}
