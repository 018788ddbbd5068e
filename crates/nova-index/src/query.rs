//! What someone looks for: the text that they typed, understood.
//!
//! ```text
//! text ─▶ trace, parse ─▶ Query ─▶ readings: what the name must be, and what must stand around it
//!                            └───▶ filters: kinds, files
//! ```
//!
//! `docs/search.md` says what can be typed. This module finds nothing.

mod describe;
mod filter;
mod parse;
mod reading;
mod trace;

use nova_syntax::declarations::Kind;

pub(crate) use filter::{FileFilter, KindSet};
pub(crate) use reading::{Around, NamePattern, Reading};
pub(crate) use trace::SourceLine;

use crate::matching::Pattern;

/// A query, ready to run on any view.
#[derive(Debug, Clone)]
pub struct Query {
    /// Before the name, from the outside in; only with one word.
    qualifiers: Vec<Pattern>,
    words: Vec<Pattern>,
    pub(crate) kinds: KindSet,
    pub(crate) files: Vec<FileFilter>,
    /// Where a stack trace says that something happened.
    pub(crate) line: Option<SourceLine>,
    problems: Vec<String>,
}

impl Query {
    /// Takes a text apart. Without kinds, every kind is wanted; an empty text matches everything.
    pub fn new(text: &str, kinds: &[Kind]) -> Self {
        let mut query = parse::query(text);
        query.kinds.restrict_to(KindSet::of(kinds));
        query
    }

    /// What in the text could not be understood, as fragments.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// The same query without what leaves symbols out by kind or by file; `None` if nothing does.
    pub fn unfiltered(&self) -> Option<Self> {
        let has_filters = !self.kinds.is_all() || !self.files.is_empty();
        has_filters.then(|| Self { kinds: KindSet::ALL, files: Vec::new(), ..self.clone() })
    }

    /// Whether it says nothing of the name.
    pub(crate) fn is_nameless(&self) -> bool {
        self.qualifiers.is_empty() && self.words.iter().all(Pattern::is_empty)
    }

    /// What the query can mean, the likeliest first. Of a single word without its matches by loose letters.
    pub(crate) fn readings(&self) -> Vec<Reading> {
        reading::readings(&self.qualifiers, &self.words)
    }

    /// What it means if letters may stand anywhere, as far as [`Self::readings`] leave that out; with typos
    /// those of [`Self::second_readings`] are left out, too.
    pub(crate) fn loose_reading(&self, without_typos: bool) -> Option<Reading> {
        reading::loose(&self.qualifiers, &self.words, without_typos)
    }

    /// The same if nothing was found.
    pub(crate) fn second_readings(&self) -> Vec<Reading> {
        reading::second_readings(&self.qualifiers, &self.words)
    }
}
