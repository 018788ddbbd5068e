//! What a name in a text may mean: its candidate declarations by name, the likeliest first.
//!
//! ```text
//!  text, place ─▶ worker: the name, and what stands around it ─▶ searches for that name ─▶ judged: import, package,
//!                                                                                          type around it
//!          the candidates of the best reason ◀── members of the types above those, where they would hide it ◀─┘
//! ```
//!
//! This is where a resolution by types will go: it will judge the same candidates by more than names.

mod finder;
mod inherited;
mod judge;
mod name;

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use nova_index::Cancelled;
use nova_protocol::frontend::TypeInText;
use nova_protocol::inspection::{Inspected, Inspection, NameInText};
use nova_protocol::place::TextPosition;
use tokio_util::sync::CancellationToken;

use crate::pool::InspectError;
use crate::report::Symbol;
use crate::session::Session;
use finder::Finder;
use inherited::Inherited;
pub use judge::Certainty;

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
    /// Types that are not of this workspace, and whose members are meant rather than these.
    pub elsewhere: Vec<TypeInText>,
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
        let heirs = inherited::heirs(&name);
        let found = self.candidates(&name, path, heirs, verify_timeout, cancel).await?;
        Ok(Definition { name: Some(name), ..found })
    }

    /// What a name in a file (absolute path) may mean of what this session sees. What none of the types around it
    /// declares may be a member of these types, or of one above them.
    pub async fn candidates(
        &self,
        name: &NameInText,
        path: &Path,
        heirs: Vec<TypeInText>,
        verify_timeout: Duration,
        cancel: CancellationToken,
    ) -> Result<Definition, Cancelled> {
        let finder = Finder { session: self, name, path, verify_timeout, cancel };
        let namesakes = finder.namesakes().await?;
        let (mut candidates, mut certainty) = finder.best(namesakes.symbols.clone());
        let heirs = inherited::that_count(heirs, name, &namesakes, (&candidates, certainty));
        let Inherited { members, elsewhere } = finder.inherited(heirs, &namesakes).await?;
        let is_better = !certainty.is_by_rule() || judge::any_takes(name, &members);
        if !members.is_empty() && is_better {
            (candidates, certainty) = (finder.narrowed(members, &namesakes), Certainty::Inherited);
        }
        if !certainty.is_by_rule() {
            finder.put_likely_first(&mut candidates).await?;
        }
        let others = namesakes.symbols.len().saturating_sub(candidates.len());
        Ok(Definition { name: None, candidates, certainty, others, elsewhere })
    }
}

impl Definition {
    /// The same with what was found where the types may be that are elsewhere: what they inherit counts, then the better
    /// reason, and of two that are as good this comes first.
    pub fn or(mut self, other: Self) -> Self {
        let others = self.others + other.others;
        let (here, there) = (self.candidates.len(), other.candidates.len());
        let is_inherited = other.certainty == Certainty::Inherited && !self.elsewhere.is_empty();
        let is_better = is_inherited || other.certainty > self.certainty;
        if here == 0 || (there > 0 && is_better) {
            let (candidates, certainty) = (other.candidates, other.certainty);
            return Self { candidates, certainty, others: others + here, ..self };
        }
        if there > 0 && other.certainty == self.certainty {
            // The own one of the same full name is the one that is built.
            let known: HashSet<_> = self.candidates.iter().map(Symbol::full_name).collect();
            let is_new =
                |it: &Symbol| self.certainty == Certainty::Name || !known.contains(&it.full_name());
            let new: Vec<_> = other.candidates.into_iter().filter(is_new).collect();
            let others = others + there - new.len();
            self.candidates.extend(new);
            return Self { others, ..self };
        }
        Self { others: others + there, ..self }
    }
}
