//! Runs a query on a view.
//!
//! ```text
//!               ┌─▶ names ──▶ merged   the dictionary's names, the best first, and their symbols
//! readings ─────┼─▶ names ──▶ members  what lies in the types that a qualifier names
//!               └─▶ direct             shards younger than the dictionary, and files near the asker
//!                        all ─▶ best   the best so far: what cannot be among them is only counted
//! ```

mod admission;
mod best;
mod direct;
mod members;
mod merged;
mod names;
mod passes;
mod place;
mod sets;
mod surroundings;
mod typos;

use thiserror::Error;

use crate::dictionary::Imports;
use crate::id::{FileId, SymbolId};
use crate::matching::{Grade, MatchClass, Pattern};
use crate::merit::{Access, Centrality, Merit, Purpose};
use crate::packages::{Package, precedes};
use crate::query::{Around, Query, Reading};
use crate::rank::{Nearness, PlaceMatch, Score};
use crate::shard::{FileRef, Shard};
use crate::symbol_ref::SymbolRef;
use crate::view::{SymbolView, ViewShard, ViewSymbol};
use admission::Admission;
use best::Best;
use direct::Favoured;
use surroundings::Surroundings;

/// The best symbols for a query, and how many more there are.
#[derive(Debug)]
pub struct SearchResult<'v> {
    /// The best first.
    pub hits: Vec<Hit<'v>>,
    /// How many symbols match.
    pub total: Total,
    /// Whether there are more than the hits.
    pub cut: bool,
}

/// How many symbols match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// All of them were counted.
    Exactly(u64),
    /// The search ended when nothing better could come.
    AtLeast(u64),
}

impl Total {
    /// How many were counted.
    pub fn counted(self) -> u64 {
        match self {
            Self::Exactly(count) | Self::AtLeast(count) => count,
        }
    }

    /// Whether there may be more.
    pub fn is_exact(self) -> bool {
        matches!(self, Self::Exactly(_))
    }
}

/// A symbol that matches.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'v> {
    /// The symbol.
    pub symbol: ViewSymbol<'v>,
    /// How well it matches.
    pub score: Score,
}

/// What is asked beside the query.
#[derive(Debug, Clone, Copy, Default)]
pub struct SearchOptions<'o> {
    /// How many hits are wanted.
    pub limit: usize,
    /// The file that the asker has before them: identity of its root, path below that.
    pub near: Option<(&'o [u8], &'o [u8])>,
    /// Files that were changed after this, in nanoseconds since 1970, are recent.
    pub recent_from_ns: Option<i64>,
}

/// Nobody waits for the result any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("cancelled")]
pub struct Cancelled;

/// Steps between two looks at whether the search was cancelled: some microseconds.
const STEPS_PER_CANCEL_CHECK: u32 = 256;

/// Finds the best symbols. `is_cancelled` is asked every now and then.
pub fn search<'v>(
    view: &'v SymbolView,
    query: &Query,
    options: &SearchOptions<'_>,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<SearchResult<'v>, Cancelled> {
    let readings = query.readings();
    let admission = &Admission::new(view, &query.files, names_beginning(view, &readings));
    let run = |best| Run {
        view,
        query,
        imports: view.dictionary().map(|it| it.imports()).unwrap_or_default(),
        admission,
        favoured: Favoured::new(view, query, options),
        best,
        packages: Vec::new(),
        last_file: None,
        last_type: None,
        is_cancelled,
        steps: 0,
    };
    let empty = |readings: &[Reading]| Best::new(options.limit, readings.len() > 1);
    let mut best = run(empty(&readings)).best_by(&readings)?;
    let has_match = best.reaches(MatchClass::Substring);
    if !has_match {
        // Nothing that anybody would call a match: perhaps a letter is wrong, or a word stands elsewhere.
        let readings = query.second_readings();
        best = run(empty(&readings)).best_by(&readings)?.and(best);
    }
    if best.wants_loose()
        && let Some(reading) = query.loose_reading(!has_match)
    {
        best = run(best).best_by(&[reading])?;
    }
    Ok(best.into_result(options.limit))
}

/// How many names begin as a query does that is but a word; else none.
fn names_beginning(view: &SymbolView, readings: &[Reading]) -> usize {
    let [Reading { name, around: Around::Anything }] = readings else { return 0 };
    let names = |word: &Pattern| Some(view.dictionary()?.names_beginning_with(word.letters()));
    name.single().and_then(names).map_or(0, <[_]>::len)
}

/// One search.
struct Run<'r, 'v> {
    view: &'v SymbolView,
    query: &'r Query,
    imports: Imports<'v>,
    admission: &'r Admission<'r>,
    favoured: Favoured,
    best: Best<'v>,
    /// Packages that match, some of them several times: each shard speaks for itself.
    packages: Vec<(Grade, PlaceMatch, Package<'v>)>,
    last_file: Option<((*const Shard, FileId), Purpose)>,
    last_type: Option<((*const Shard, SymbolId), Centrality)>,
    is_cancelled: &'r dyn Fn() -> bool,
    steps: u32,
}

impl<'v> Run<'_, 'v> {
    /// The best symbols by any of these readings.
    fn best_by(mut self, readings: &[Reading]) -> Result<Best<'v>, Cancelled> {
        for reading in readings {
            if let Admission::Few(files) = self.admission {
                direct::search_files(&mut self, reading, files)?;
            } else {
                direct::search(&mut self, reading)?;
                self.search_merged(reading)?;
            }
        }
        self.offer_packages();
        Ok(self.best)
    }

    /// Goes by the dictionary, if there is one: the best places come first.
    fn search_merged(&mut self, reading: &Reading) -> Result<(), Cancelled> {
        let Some(surroundings) = &Surroundings::new(self.view, &reading.around) else {
            return merged::search(self, reading);
        };
        for place in [PlaceMatch::Exact, PlaceMatch::Abbreviated] {
            merged::search_around(self, reading, surroundings, place)?;
        }
        members::search(self, reading, surroundings)?;
        merged::search_around(self, reading, surroundings, PlaceMatch::Gapped)
    }

    /// To be called with every name or symbol that is looked at.
    fn step(&mut self) -> Result<(), Cancelled> {
        self.steps = self.steps.wrapping_add(1);
        if self.steps % STEPS_PER_CANCEL_CHECK == 1 { self.go_on() } else { Ok(()) }
    }

    fn go_on(&self) -> Result<(), Cancelled> {
        if (self.is_cancelled)() { Err(Cancelled) } else { Ok(()) }
    }

    /// Whether a file of a shard is one that the view shows and the query lets in.
    fn shows(&self, index: u32, file: FileId) -> bool {
        self.shard(index).is_visible(file) && self.admission.admits(index, file)
    }

    /// The place of a symbol, if a trace says in which line something happened.
    fn place_by_line(&self, place: PlaceMatch, symbol: &SymbolRef<'_>) -> PlaceMatch {
        let line = self.query.line.as_ref();
        line.map_or(place, |line| place.min(place::of_line(line, symbol)))
    }

    /// Takes a symbol whose name, kind, file and place are as wanted; computes its merit only if it
    /// may be among the best.
    fn take(&mut self, symbol: SymbolRef<'v>, grade: Grade, place: PlaceMatch, near: Nearness) {
        let place = self.place_by_line(place, &symbol);
        let name_bytes = symbol.name().len();
        let at_most = Merit::most_of(symbol.kind(), symbol.local());
        if !self.best.can_enter(Score::new(grade, place, at_most, near, name_bytes)) {
            self.best.count(&ViewSymbol::Declared(symbol), grade.class());
            return;
        }
        let parent = symbol.parent();
        let merit = Merit::of_symbol(
            symbol.kind(),
            symbol.local(),
            Access::of(symbol.kind(), symbol.modifiers(), parent.map(|parent| parent.kind())),
            symbol.is_deprecated(),
            self.purpose_of(symbol.file()),
            self.centrality_of(if symbol.kind().is_type() { Some(symbol) } else { parent }),
        );
        let score = Score::new(grade, place, merit, near, name_bytes);
        self.best.offer(Hit { symbol: ViewSymbol::Declared(symbol), score });
    }

    /// Symbols come file by file, and so each file is looked into once.
    fn purpose_of(&mut self, file: FileRef<'v>) -> Purpose {
        let key = (std::ptr::from_ref(file.shard()), file.id());
        match self.last_file {
            Some((last, purpose)) if last == key => purpose,
            _ => {
                let purpose = Purpose::of_file(file);
                self.last_file = Some((key, purpose));
                purpose
            }
        }
    }

    /// How central a type is; likewise.
    fn centrality_of(&mut self, type_: Option<SymbolRef<'v>>) -> Centrality {
        let Some(type_) = type_ else { return Centrality::default() };
        let key = (std::ptr::from_ref(type_.shard()), type_.id());
        match self.last_type {
            Some((last, centrality)) if last == key => centrality,
            _ => {
                let centrality = self.imports.centrality_of(&type_);
                self.last_type = Some((key, centrality));
                centrality
            }
        }
    }

    /// Each package once, at the file that stands for it among all.
    fn offer_packages(&mut self) {
        let mut packages = std::mem::take(&mut self.packages);
        packages.sort_by(|(a_grade, a_place, a), (b_grade, b_place, b)| {
            let by_match = (b_grade, b_place).cmp(&(a_grade, a_place));
            a.name.cmp(b.name).then(by_match)
        });
        for same in packages.chunk_by(|(.., a), (.., b)| a.name == b.name) {
            let (grade, place, first) = same[0];
            let others = same.iter().map(|(.., package)| *package);
            let package =
                others.fold(first, |best, it| if precedes(it.file, best.file) { it } else { best });
            let bytes = package.name.len();
            let score = Score::new(grade, place, package.merit(), Nearness::Far, bytes);
            let symbol = ViewSymbol::Package(package.file);
            self.best.offer(Hit { symbol, score });
        }
    }

    fn shard(&self, index: u32) -> &'v ViewShard {
        &self.view.shards()[index as usize]
    }
}
