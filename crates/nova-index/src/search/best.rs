//! The best hits so far.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};

use nova_syntax::declarations::Kind;

use super::{Hit, SearchResult, Total};
use crate::matching::MatchClass;
use crate::rank::{QualifiedName, Score, compare_places_of};
use crate::shard::Shard;
use crate::view::ViewSymbol;

/// What may be looked at beyond what can still be among the best, only to count it: some tens of
/// microseconds.
const COUNTED_BEYOND_MAX: u32 = 1024;

/// With so many better matches, a screenful, nobody looks for one by loose letters.
const LOOSE_BELOW: u64 = 20;

/// The best hits so far, at most `limit` of them.
pub(super) struct Best<'v> {
    heap: BinaryHeap<Worst<'v>>,
    limit: usize,
    total: u64,
    /// How many of these match but by loose letters.
    loose: u64,
    /// The class of the best match so far.
    top: Option<MatchClass>,
    is_exact: bool,
    beyond: u32,
    /// The symbols so far, if the same one may come twice.
    seen: Option<HashSet<(*const Shard, Kind, u32)>>,
}

impl<'v> Best<'v> {
    /// Without any; if the same symbol may come several times, it counts once.
    pub(super) fn new(limit: usize, may_repeat: bool) -> Self {
        Self {
            heap: BinaryHeap::new(),
            // With none a search could not tell whether anything better is left.
            limit: limit.max(1),
            total: 0,
            loose: 0,
            top: None,
            is_exact: true,
            beyond: 0,
            seen: may_repeat.then(HashSet::new),
        }
    }

    /// Whether any name matches this well.
    pub(super) fn reaches(&self, class: MatchClass) -> bool {
        self.top.is_some_and(|top| top >= class)
    }

    /// Whether matches by loose letters are shown, as far as it is known.
    pub(super) fn wants_loose(&self) -> bool {
        self.tight() < LOOSE_BELOW
    }

    /// Whether nothing has matched.
    pub(super) fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Whether what is not good enough can be left out.
    pub(super) fn is_full(&self) -> bool {
        self.heap.len() == self.limit
    }

    /// Whether a hit of this score might be among the best.
    pub(super) fn can_enter(&self, score: Score) -> bool {
        self.heap.len() < self.limit
            || self.heap.peek().is_some_and(|worst| score >= worst.hit.score)
    }

    /// Whether to look at so much more although nothing better can come, to count what there is. From the
    /// first `false` on the total is but a lower bound.
    pub(super) fn counts_on(&mut self, more: u32) -> bool {
        self.beyond = self.beyond.saturating_add(more);
        let counts_on = self.beyond <= COUNTED_BEYOND_MAX;
        self.is_exact &= counts_on;
        counts_on
    }

    /// The total is but a lower bound.
    pub(super) fn leave_out(&mut self) {
        self.is_exact = false;
    }

    /// A symbol that matches in this class, and cannot be among the best.
    pub(super) fn count(&mut self, symbol: &ViewSymbol<'v>, class: MatchClass) {
        if self.is_new(symbol) {
            self.add(class);
            self.top = self.top.max(Some(class));
        }
    }

    /// A symbol that matches. Returns whether it is among the best so far.
    pub(super) fn offer(&mut self, hit: Hit<'v>) -> bool {
        if !self.is_new(&hit.symbol) {
            return true;
        }
        self.add(hit.score.class());
        self.push(hit)
    }

    fn add(&mut self, class: MatchClass) {
        self.total += 1;
        self.loose += u64::from(class.is_loose());
    }

    fn push(&mut self, hit: Hit<'v>) -> bool {
        self.top = self.top.max(Some(hit.score.class()));
        let hit = Worst::new(hit);
        if self.heap.len() < self.limit {
            self.heap.push(hit);
            return true;
        }
        match self.heap.peek_mut() {
            Some(mut worst) if hit < *worst => {
                *worst = hit;
                true
            }
            _ => false,
        }
    }

    fn is_new(&mut self, symbol: &ViewSymbol<'v>) -> bool {
        self.seen.as_mut().is_none_or(|seen| seen.insert(symbol.key()))
    }

    /// The best of both; a symbol that is in both counts as it does here.
    pub(super) fn and(mut self, others: Self) -> Self {
        let is_exact = self.is_exact && others.is_exact;
        if self.is_empty() || others.is_empty() {
            let some = if self.is_empty() { others } else { self };
            return Self { is_exact, ..some };
        }
        // Of those that were but counted nobody knows whether they are in both.
        self.is_exact = is_exact && self.keeps_all() && others.keeps_all();
        let at_least = self.total.max(others.total);
        let at_least_tight = self.tight().max(others.tight());
        let known: HashSet<_> = self.heap.iter().map(|worst| worst.hit.symbol.key()).collect();
        for Worst { hit, .. } in others.heap {
            if known.contains(&hit.symbol.key()) {
                continue;
            }
            self.add(hit.score.class());
            // What is not shown takes no place from what is.
            if at_least_tight < LOOSE_BELOW || !hit.score.class().is_loose() {
                self.push(hit);
            }
        }
        if !self.is_exact {
            self.total = at_least;
            self.loose = at_least - at_least_tight;
        }
        self
    }

    /// How many match by more than loose letters.
    fn tight(&self) -> u64 {
        self.total - self.loose
    }

    fn keeps_all(&self) -> bool {
        self.total == self.heap.len() as u64
    }

    /// At most so many hits, the best first.
    pub(super) fn into_result(self, limit: usize) -> SearchResult<'v> {
        let wants_loose = self.wants_loose();
        let count = if wants_loose { self.total } else { self.tight() };
        let sorted = self.heap.into_sorted_vec().into_iter().map(|worst| worst.hit);
        let shown = sorted.take_while(|hit| wants_loose || !hit.score.class().is_loose());
        let hits: Vec<_> = shown.take(limit).collect();
        let total = if self.is_exact { Total::Exactly(count) } else { Total::AtLeast(count) };
        let is_full = hits.len() == limit;
        SearchResult { cut: count > hits.len() as u64 || (is_full && !self.is_exact), hits, total }
    }
}

/// Orders hits so that the worst is the greatest.
struct Worst<'v> {
    hit: Hit<'v>,
    qualified: QualifiedName<'v>,
}

impl<'v> Worst<'v> {
    fn new(hit: Hit<'v>) -> Self {
        Self { hit, qualified: QualifiedName::of(hit.symbol) }
    }
}

impl Ord for Worst<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = other.hit.score.cmp(&self.hit.score);
        by_score
            .then_with(|| self.qualified.compare(&other.qualified))
            .then_with(|| compare_places_of(&self.hit.symbol, &other.hit.symbol))
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
