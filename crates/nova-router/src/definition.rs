//! What a name in a text may mean: its candidate declarations by name, the likeliest first.
//!
//! ```text
//!  text, place ─▶ worker: the name, and what stands around it ─▶ searches for that name
//!                                                                       │
//!          the candidates of the best reason ◀─ judged: import, package, type around it
//! ```
//!
//! This is where a resolution by types will go: it will judge the same candidates by more than names.

mod judge;

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use nova_index::{Cancelled, Query};
use nova_protocol::inspection::{Import, ImportKind, Inspected, Inspection, NameInText};
use nova_protocol::place::TextPosition;
use nova_syntax::declarations::Kind;
use tokio_util::sync::CancellationToken;

use crate::answer::SearchRequest;
use crate::pool::InspectError;
use crate::report::Symbol;
use crate::session::Session;
pub use judge::Certainty;

/// Symbols of that very name that are looked at.
const NAMESAKES_MAX: usize = 300;
/// Symbols that a qualified name is taken for.
const QUALIFIED_MAX: usize = 50;
/// Qualified names that are looked for: imports on demand may be many.
const SEARCHES_MAX: usize = 24;

/// What a name may mean.
#[derive(Debug, Clone, Default)]
pub struct Definition {
    /// The name; none if no name stands at the place. If it means a local, that is all there is.
    pub name: Option<Box<NameInText>>,
    /// What it may be, the likeliest first.
    pub candidates: Vec<Symbol>,
    /// What speaks for them, and for no others.
    pub certainty: Certainty,
    /// How many others bear the name and could be meant, as far as they were looked at.
    pub others: usize,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum DefineError {
    /// The text cannot be asked about.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// The text cannot be read: says why.
    #[error("{0}")]
    Unreadable(String),
    /// Nobody waits any more.
    #[error("cancelled")]
    Cancelled,
}

impl From<Cancelled> for DefineError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl Session {
    /// What the name at a place of a file (absolute path), as this session sees it, may mean. Hits are verified
    /// within the time-out.
    pub async fn define(
        &self,
        path: &Path,
        at: TextPosition,
        verify_timeout: Duration,
        cancel: CancellationToken,
    ) -> Result<Definition, DefineError> {
        let name = match self.inspect(path, Inspection::Name(at)).await? {
            Inspected::Name(Some(name)) => name,
            Inspected::Unreadable(reason) => return Err(DefineError::Unreadable(reason)),
            _ => return Ok(Definition::default()),
        };
        if name.local.is_some() {
            return Ok(Definition { name: Some(name), ..Definition::default() });
        }
        let found = self.candidates(&name, path, verify_timeout, cancel).await?;
        Ok(Definition { name: Some(name), ..found })
    }

    /// What a name in a file (absolute path) may mean of what this session sees.
    pub async fn candidates(
        &self,
        name: &NameInText,
        path: &Path,
        verify_timeout: Duration,
        cancel: CancellationToken,
    ) -> Result<Definition, Cancelled> {
        let mut namesakes = Vec::new();
        let mut seen = HashSet::new();
        let searches = qualified(name).into_iter().map(|text| (text, QUALIFIED_MAX));
        for (text, limit) in searches.chain([(name.name.clone(), NAMESAKES_MAX)]) {
            let request = SearchRequest {
                query: Query::new(&text, &kinds(name)),
                limit,
                near: Some(path.to_path_buf()),
                verify_timeout,
                cancel: cancel.clone(),
            };
            let hits = self.search(&request).await?.hits.into_iter().map(|(symbol, _)| symbol);
            namesakes.extend(
                hits.filter(|symbol| is_called(symbol, &name.name))
                    .filter(|it| seen.insert((it.file.clone(), it.line, it.character, it.kind))),
            );
        }
        let (candidates, certainty, others) = judge::best(name, path, namesakes);
        Ok(Definition { name: None, candidates, certainty, others })
    }
}

impl Definition {
    /// The same with what was found elsewhere: the better reason counts, and of two that are as good this comes first.
    pub fn or(mut self, other: Self) -> Self {
        let others = self.others + other.others;
        let (here, there) = (self.candidates.len(), other.candidates.len());
        if here == 0 || (there > 0 && other.certainty > self.certainty) {
            let (candidates, certainty) = (other.candidates, other.certainty);
            return Self { candidates, certainty, others: others + here, ..self };
        }
        if there > 0 && other.certainty == self.certainty {
            self.candidates.extend(other.candidates);
            return Self { others, ..self };
        }
        Self { others: others + there, ..self }
    }
}

/// A package is called by its whole name.
fn is_called(symbol: &Symbol, name: &str) -> bool {
    match symbol.kind {
        Kind::Package => symbol.name.rsplit('.').next() == Some(name),
        _ => symbol.name == name,
    }
}

/// The kinds that the name may have, by its use; none for all.
fn kinds(name: &NameInText) -> Vec<Kind> {
    Kind::ALL.into_iter().filter(|kind| judge::fits(name, *kind)).collect()
}

/// The full names that the name may stand for, by what stands around it.
fn qualified(name: &NameInText) -> Vec<String> {
    let last = &name.name;
    let mut texts = Vec::new();
    let head = match name.qualifier.first() {
        Some(head) if head != "this" && head != "super" => {
            texts.push(format!("{}.{last}", name.qualifier.join(".")));
            head
        }
        _ => last,
    };
    let rest = |package: &str| match std::ptr::eq(head, last) {
        true => format!("{package}.{last}"),
        false => format!("{package}.{}.{last}", name.qualifier.join(".")),
    };
    for Import { path, kind } in &name.imports {
        match kind {
            ImportKind::Type | ImportKind::Static => {
                if let Some((around, imported)) = path.rsplit_once('.')
                    && imported == head
                {
                    texts.push(rest(around));
                }
            }
            ImportKind::TypeOnDemand | ImportKind::StaticOnDemand => texts.push(rest(path)),
            ImportKind::Module => {}
        }
    }
    texts.extend(name.enclosing.iter().map(|type_| format!("{type_}.{last}")));
    if !name.package.is_empty() {
        texts.push(rest(&name.package));
    }
    texts.push(rest("java.lang"));
    texts.truncate(SEARCHES_MAX);
    texts
}
