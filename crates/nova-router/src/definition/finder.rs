//! Finds what bears a name in what a session sees.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use nova_index::{Cancelled, Query};
use nova_protocol::inspection::{NameInText, NameRole};
use nova_protocol::path;
use nova_syntax::declarations::Kind;
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

impl Finder<'_> {
    /// All that bears the name and can be meant by its use, as far as so many are looked at.
    pub(super) async fn namesakes(&self) -> Result<Vec<Symbol>, Cancelled> {
        let mut texts: Vec<_> = name::meanings(self.name).into_iter().map(|(_, it)| it).collect();
        if self.name.role == NameRole::Construction {
            let constructors = texts.iter().map(|type_| format!("{type_}.{}", self.name.name));
            texts.extend(constructors.collect::<Vec<_>>());
        }
        texts.truncate(SEARCHES_MAX);
        let kinds = name::kinds(self.name);
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        let searches = texts.iter().map(|text| (text.as_str(), QUALIFIED_MAX));
        for (text, limit) in searches.chain([(self.name.name.as_str(), NAMESAKES_MAX)]) {
            let hits = self.search(text, &kinds, limit).await?;
            let new = hits
                .into_iter()
                .filter(|symbol| name::is_of(self.name, symbol))
                .filter(|it| seen.insert((it.file.clone(), it.line, it.character, it.kind)));
            found.extend(new);
        }
        Ok(found)
    }

    /// The types of the first of these full names that there is a type of.
    pub(super) async fn types_called(&self, meanings: &[String]) -> Result<Vec<Symbol>, Cancelled> {
        let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| kind.is_type()).collect();
        for meaning in meanings.iter().take(SEARCHES_MAX) {
            let hits = self.search(meaning, &kinds, QUALIFIED_MAX).await?;
            let is_it = |type_: &Symbol| type_.full_name() == *meaning;
            let types: Vec<_> = hits.into_iter().filter(is_it).collect();
            if !types.is_empty() {
                return Ok(self.nearest(types));
            }
        }
        Ok(Vec::new())
    }

    /// The members of a type that bear the name and that others inherit. What an enum has without declaring it stands
    /// for itself (JLS §8.9.3).
    pub(super) async fn members(&self, type_: &Symbol) -> Result<Vec<Symbol>, Cancelled> {
        if type_.kind == Kind::Enum && name::is_of_every_enum(self.name) {
            return Ok(vec![type_.clone()]);
        }
        let around = type_.full_name();
        let text = format!("{around}.{}", self.name.name);
        let hits = self.search(&text, &name::kinds(self.name), QUALIFIED_MAX).await?;
        let is_member = |symbol: &Symbol| {
            name::is_of(self.name, symbol)
                && symbol.file == type_.file
                && symbol.around() == around
                && judge::is_inherited(symbol)
        };
        Ok(hits.into_iter().filter(is_member).collect())
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

    /// Of inherited members those that are meant.
    pub(super) fn narrowed(&self, mut members: Vec<Symbol>) -> Vec<Symbol> {
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
