//! Runs a query on a view: every name is matched once, and the best symbols are kept in a heap.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use thiserror::Error;

use crate::format::{NameRow, PostingRow, Section};
use crate::id::SymbolId;
use crate::matching::MatchClass;
use crate::query::Query;
use crate::rank::{Score, compare_equals};
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

/// Names matched between two looks at whether the search was cancelled: some tens of microseconds.
const NAMES_PER_CANCEL_CHECK: usize = 1024;

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

fn search_shard<'a>(
    shard: &'a ViewShard,
    query: &Query,
    best: &mut Best<'a>,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<(), Cancelled> {
    let index = shard.shard();
    let (names, text) = (index.rows::<NameRow>(), index.text(Section::NameText));
    let postings = index.rows::<PostingRow>();
    let (mut text_start, mut start) = (0, 0);
    for chunk in names.chunks(NAMES_PER_CANCEL_CHECK) {
        if is_cancelled() {
            return Err(Cancelled);
        }
        for row in chunk {
            let (text_end, end) = (row.text_end.get() as usize, row.postings_end.get() as usize);
            if let Some(class) = match_name(query, &text[text_start..text_end]) {
                search_postings(shard, query, class, &postings[start..end], best);
            }
            (text_start, start) = (text_end, end);
        }
    }
    Ok(())
}

fn search_postings<'a>(
    shard: &'a ViewShard,
    query: &Query,
    class: MatchClass,
    postings: &[PostingRow],
    best: &mut Best<'a>,
) {
    let can_enter = best.can_enter(Score::max_of(class));
    if !can_enter && query.needs_name_only() && shard.shows_all() {
        best.total += postings.len() as u64;
        return;
    }
    for posting in postings {
        let id = SymbolId(posting.0.get());
        let symbol = shard.shard().symbol(id).expect("opening checked the postings");
        if query.wants(symbol.kind()) && shard.shows(id) && query.places(&symbol) {
            best.total += 1;
            if can_enter {
                let score = Score::of_symbol(class, &symbol);
                best.offer(Hit { symbol: ViewSymbol::Declared(symbol), score });
            }
        }
    }
}

fn search_packages<'a>(view: &'a SymbolView, query: &Query, best: &mut Best<'a>) {
    if !query.wants(nova_syntax::declarations::Kind::Package) {
        return;
    }
    for package in view.packages() {
        let name = package.name();
        let last = name.rsplit('.').next().unwrap_or_default();
        let class = match_name(query, last.as_bytes());
        if let Some(class) = class.filter(|_| query.places_package(name)) {
            best.total += 1;
            best.offer(Hit { symbol: package, score: Score::of_package(class, &package) });
        }
    }
}

/// How a name matches the query: as well as the word that matches it least.
fn match_name(query: &Query, name: &[u8]) -> Option<MatchClass> {
    query
        .patterns
        .iter()
        .try_fold(MatchClass::Exact, |class, pattern| Some(class.min(pattern.matches(name)?)))
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
