//! What queries run on: the symbol view, and how it is replaced.
//!
//! Whoever changes it builds a new one beside the old and swaps them in one step; a query loads it
//! once and keeps it, so it neither waits nor sees half a change.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use nova_index::{Dictionary, FileId, Revision, Shard, SymbolView, ViewShard};

/// The published symbol view.
#[derive(Debug, Default)]
pub(crate) struct Published {
    current: ArcSwap<SymbolView>,
    /// What the current view was made of. Held while the next one is made, never by a query.
    parts: Mutex<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    revision: u64,
    parts: Vec<Part>,
    dictionary: Option<Arc<Dictionary>>,
}

/// A shard, or a delta, and which of its files do not count.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) shard: Arc<Shard>,
    pub(crate) hidden: HashSet<FileId>,
}

impl Published {
    /// The view that queries run on now.
    pub(crate) fn view(&self) -> Arc<SymbolView> {
        self.current.load_full()
    }

    /// Replaces everything.
    pub(crate) fn replace(&self, parts: Vec<Part>, dictionary: Option<Arc<Dictionary>>) {
        let mut all = self.parts();
        all.parts = parts;
        all.dictionary = dictionary;
        self.publish(&mut all);
    }

    /// Goes by another dictionary from now on; what is shown stays the same.
    pub(crate) fn renew_dictionary(&self, dictionary: Arc<Dictionary>) {
        let mut all = self.parts();
        all.dictionary = Some(dictionary);
        self.publish(&mut all);
    }

    /// Puts the index of one file, or none if the file is gone, in the place of what is known of it.
    pub(crate) fn supersede(&self, root: &[u8], path: &[u8], delta: Option<Arc<Shard>>) {
        let mut all = self.parts();
        for part in &mut all.parts {
            if let Some(file) = part.shard.find_file(root, path) {
                part.hidden.insert(file.id());
            }
        }
        all.parts.retain(|part| part.hidden.len() < part.shard.file_count() as usize);
        all.parts.extend(delta.map(|shard| Part { shard, hidden: HashSet::new() }));
        self.publish(&mut all);
    }

    fn publish(&self, all: &mut Parts) {
        all.revision += 1;
        let shards = all
            .parts
            .iter()
            .map(|part| ViewShard::new(Arc::clone(&part.shard), part.hidden.iter().copied()));
        let view =
            SymbolView::new(Revision(all.revision), shards.collect(), all.dictionary.clone());
        self.current.store(Arc::new(view));
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
