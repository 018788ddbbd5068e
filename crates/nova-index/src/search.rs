//! Runs a query on a view: every name is matched once, and the best symbols are kept in a heap.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use nova_syntax::declarations::Kind;
use thiserror::Error;

use crate::format::{NameRow, Section};
use crate::matching::MatchClass;
use crate::query::Query;
use crate::rank::{Score, compare_equals};
use crate::shard::Shard;
use crate::view::{SymbolView, ViewShard, ViewSymbol};

/// The best symbols for a query, and how many more there are.
#[derive(Debug)]
pub struct SearchResult<'a> {
    /// The best first.
    pub hits: Vec<Hit<'a>>,
    /// How many symbols match.
    pub total: u64,
    /// Whether there are more than the hits.
    pub cut: bool,
}

/// A symbol that matches.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    /// The symbol.
    pub symbol: ViewSymbol<'a>,
    /// How well it matches.
    pub score: Score,
}

/// Nobody waits for the result any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("cancelled")]
pub struct Cancelled;

/// Names matched, and files gone through, between two looks at whether the search was cancelled:
/// some tens of microseconds.
const NAMES_PER_CANCEL_CHECK: usize = 1024;
const FILES_PER_CANCEL_CHECK: usize = 128;

/// Finds the best `limit` symbols. `is_cancelled` is asked every now and then.
pub fn search<'a>(
    view: &'a SymbolView,
    query: &Query,
    limit: usize,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<SearchResult<'a>, Cancelled> {
    let mut best = Best { heap: BinaryHeap::new(), limit, total: 0 };
    for shard in view.shards() {
        search_shard(shard, query, &mut best, is_cancelled)?;
    }
    search_packages(view, query, &mut best);
    let hits: Vec<_> = best.heap.into_sorted_vec().into_iter().map(|Worst(hit)| hit).collect();
    let cut = best.total > hits.len() as u64;
    Ok(SearchResult { hits, total: best.total, cut })
}

/// Matches each name once, then goes through the symbols in their order, which costs less than to
/// look up each name's symbols: they lie next to each other, and so do their files.
fn search_shard<'a>(
    shard: &'a ViewShard,
    query: &Query,
    best: &mut Best<'a>,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<(), Cancelled> {
    let classes = match_names(shard.shard(), query, is_cancelled)?;
    if classes.iter().all(|class| *class == MatchClass::Absent) {
        return Ok(());
    }
    for (index, file) in shard.visible_files().enumerate() {
        if index % FILES_PER_CANCEL_CHECK == 0 && is_cancelled() {
            return Err(Cancelled);
        }
        for symbol in file.symbols() {
            let class = classes[symbol.name_number()];
            let matches = class > MatchClass::Absent && query.wants(symbol.kind());
            if !matches || !query.places(&symbol, file) {
                continue;
            }
            best.total += 1;
            if best.can_enter(Score::max_of(class, &symbol)) {
                let score = Score::of_symbol(class, &symbol);
                best.offer(Hit { symbol: ViewSymbol::Declared(symbol), score });
            }
        }
    }
    Ok(())
}

/// How each name of a shard matches.
fn match_names(
    shard: &Shard,
    query: &Query,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Vec<MatchClass>, Cancelled> {
    let (names, text) = (shard.rows::<NameRow>(), shard.text(Section::NameText));
    let mut classes = Vec::with_capacity(names.len());
    let mut start = 0;
    for chunk in names.chunks(NAMES_PER_CANCEL_CHECK) {
        if is_cancelled() {
            return Err(Cancelled);
        }
        classes.extend(chunk.iter().map(|row| {
            let end = row.text_end.get() as usize;
            match_name(query, &text[std::mem::replace(&mut start, end)..end])
        }));
    }
    Ok(classes)
}

fn search_packages<'a>(view: &'a SymbolView, query: &Query, best: &mut Best<'a>) {
    if !query.wants(Kind::Package) {
        return;
    }
    for package in view.packages() {
        let name = package.name();
        let last = name.rsplit('.').next().unwrap_or_default();
        let class = match_name(query, last.as_bytes());
        if class > MatchClass::Absent && query.places_dotted(name) {
            best.total += 1;
            best.offer(Hit { symbol: package, score: Score::of_package(class, &package) });
        }
    }
}

/// How a name matches the query: as well as the word that matches it least.
fn match_name(query: &Query, name: &[u8]) -> MatchClass {
    let classes = query.patterns.iter().map(|pattern| pattern.class_in(name));
    classes.min().unwrap_or(MatchClass::Exact)
}

/// The best hits so far, at most `limit` of them.
struct Best<'a> {
    heap: BinaryHeap<Worst<'a>>,
    limit: usize,
    total: u64,
}

impl<'a> Best<'a> {
    /// Whether a hit of this score might be among the best.
    fn can_enter(&self, score: Score) -> bool {
        self.heap.len() < self.limit
            || self.heap.peek().is_some_and(|Worst(worst)| score >= worst.score)
    }

    fn offer(&mut self, hit: Hit<'a>) {
        if self.heap.len() < self.limit {
            self.heap.push(Worst(hit));
        } else if let Some(mut worst) = self.heap.peek_mut()
            && Worst(hit) < *worst
        {
            *worst = Worst(hit);
        }
    }
}

/// Orders hits so that the worst is the greatest.
struct Worst<'a>(Hit<'a>);

impl Ord for Worst<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (Self(a), Self(b)) = (self, other);
        b.score.cmp(&a.score).then_with(|| compare_equals(&a.symbol, &b.symbol))
    }
}

impl PartialOrd for Worst<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Worst<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Worst<'_> {}
