//! What queries run on: the symbol views, and how they are replaced.
//!
//! ```text
//!  shards ─ replace ─▶ ┌──────────────────────┐
//!                      │ the view of the disk │ ─▶ for each frontend, what it has open laid over it
//!  deltas ─ supersede ▶└──────────────────────┘                     ▲
//!                                             unsaved ─ overlay ────┘
//! ```
//!
//! Whoever changes a view builds a new one beside the old and swaps them in one step; a query loads it
//! once and keeps it, so it neither waits nor sees half a change.
//!
//! What is known of a file is ordered by when reading it began: whatever was read earlier never takes
//! the place of what was read later, however late it arrives.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use nova_index::{
    Dictionary, FileId, FileRef, Revision, Shard, Stamp, Superseded, SymbolView, ViewShard,
};

use crate::file_key::FileKey;

/// The published symbol views.
#[derive(Debug, Default)]
pub(crate) struct Published {
    disk: ArcSwap<SymbolView>,
    orders: AtomicU64,
    /// What the views were made of. Held while the next ones are made, never by a query.
    state: Mutex<State>,
}

/// When something began to be read: whatever has a greater one is younger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Order(pub(crate) u64);

#[derive(Debug, Default)]
struct State {
    revision: u64,
    /// When the shards were last replaced: what was called somehow before may be called otherwise.
    replaced_at: Revision,
    parts: Vec<Part>,
    dictionary: Option<Arc<Dictionary>>,
    /// What changed on the disk since the shards were surveyed.
    deltas: Deltas,
    /// When the survey began that the shards are of.
    surveyed: Order,
    /// When reading those files began that were folded into the shards since.
    folded: HashMap<FileKey, Order>,
    overlays: HashMap<OverlayId, Overlay>,
    last_overlay: u64,
}

type Deltas = BTreeMap<FileKey, Delta>;

/// A shard, and which of its files do not count.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) shard: Arc<Shard>,
    pub(crate) hidden: HashSet<FileId>,
}

impl Part {
    /// Whether any of its files count.
    pub(crate) fn shows_any(&self) -> bool {
        self.hidden.len() < self.shard.file_count() as usize
    }
}

/// What is known of one file.
#[derive(Debug, Clone)]
pub(crate) struct Delta {
    pub(crate) order: Order,
    /// The index of this file alone; none if it is gone.
    pub(crate) index: Option<Arc<Shard>>,
}

/// One frontend's overlay among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct OverlayId(pub(crate) u64);

/// A frontend's own view: the disk's, within its scope, under what it has open.
struct Overlay {
    view: Arc<ArcSwap<SymbolView>>,
    in_scope: Option<InScope>,
    deltas: Deltas,
}

/// Tells of a file whether a frontend wants to see it.
pub(crate) type InScope = Box<dyn Fn(FileRef<'_>) -> bool + Send>;

impl Published {
    /// The view of the disk that queries run on now.
    pub(crate) fn view(&self) -> Arc<SymbolView> {
        self.disk.load_full()
    }

    /// To be asked for before a file, or a tree, begins to be read.
    pub(crate) fn next_order(&self) -> Order {
        Order(self.orders.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Replaces all shards by what a survey that began then has found. Younger deltas stay, unless their
    /// files are called otherwise by now.
    pub(crate) fn replace(
        &self,
        parts: Vec<Part>,
        dictionary: Option<Arc<Dictionary>>,
        since: Order,
        is_called_so: impl Fn(&FileKey) -> bool,
    ) {
        let mut state = self.state();
        state.parts = parts;
        state.dictionary = dictionary;
        state.deltas.retain(|key, delta| delta.order > since && is_called_so(key));
        state.surveyed = since;
        state.folded.clear();
        state.replaced_at = Revision(state.revision + 1);
        self.publish_all(&mut state);
    }

    /// Shows shards of which nothing is shown yet. How many there are now.
    pub(crate) fn add(&self, parts: Vec<Part>) -> usize {
        let mut state = self.state();
        let known: HashSet<_> = state.parts.iter().map(|part| part.shard.id()).collect();
        state.parts.extend(parts.into_iter().filter(|part| !known.contains(&part.shard.id())));
        self.publish_all(&mut state);
        state.parts.len()
    }

    /// Puts rebuilt shards in the place of the ones before: they hold what these deltas told, or what the files
    /// held when they were read from then on.
    pub(crate) fn fold(&self, parts: Vec<Part>, folded: &[(FileKey, Delta)], since: Order) {
        let mut state = self.state();
        for part in parts {
            let known = state.parts.iter_mut().find(|it| it.shard.id() == part.shard.id());
            match known {
                Some(known) => *known = part,
                None => state.parts.push(part),
            }
        }
        for (key, delta) in folded {
            // What was gone was not looked for again.
            let read_at = if delta.index.is_some() { since } else { delta.order };
            if state.deltas.get(key).is_some_and(|now| now.order <= read_at) {
                state.deltas.remove(key);
            }
            state.folded.insert(key.clone(), read_at);
        }
        self.publish_all(&mut state);
    }

    /// Goes by another dictionary from now on; what is shown stays the same.
    pub(crate) fn renew_dictionary(&self, dictionary: Arc<Dictionary>) {
        let mut state = self.state();
        state.dictionary = Some(dictionary);
        self.publish_all(&mut state);
    }

    /// Puts what a file on the disk holds in the place of what is known of it; `false` if something younger
    /// is known, or if the file, which was called so in a view of that revision, no longer is.
    pub(crate) fn supersede(&self, key: &FileKey, called_so_at: Revision, delta: Delta) -> bool {
        let mut state = self.state();
        let is_called_so = called_so_at >= state.replaced_at || state.has(key);
        if !is_called_so || delta.order <= state.read_at(key) {
            return false;
        }
        let revision = state.next_revision();
        self.disk.store(Arc::new(delta.laid_over(&self.disk.load(), revision, key)));
        for overlay in state.overlays.values() {
            overlay.see(key, &delta, revision, &self.disk);
        }
        state.deltas.insert(key.clone(), delta);
        true
    }

    /// The deltas of the disk, and the shards that they belong to as they are.
    pub(crate) fn unfolded(&self) -> (Vec<(FileKey, Delta)>, Vec<Part>) {
        let state = self.state();
        let deltas = state.deltas.iter().map(|(key, delta)| (key.clone(), delta.clone()));
        (deltas.collect(), state.parts.clone())
    }

    /// How many files changed on the disk since the shards were built.
    pub(crate) fn unfolded_count(&self) -> usize {
        self.state().deltas.len()
    }

    /// A view of its own for a frontend, until it [leaves](Self::leave).
    pub(crate) fn join(&self, in_scope: Option<InScope>) -> (OverlayId, Arc<ArcSwap<SymbolView>>) {
        let mut state = self.state();
        state.last_overlay += 1;
        let id = OverlayId(state.last_overlay);
        let view = Arc::new(ArcSwap::new(self.disk.load_full()));
        let overlay = Overlay { view: Arc::clone(&view), in_scope, deltas: Deltas::new() };
        let revision = state.next_revision();
        overlay.publish(&self.disk.load_full(), revision);
        state.overlays.insert(id, overlay);
        (id, view)
    }

    /// The frontend has gone, and its unsaved text with it.
    pub(crate) fn leave(&self, id: OverlayId) {
        self.state().overlays.remove(&id);
    }

    /// Shows a frontend its unsaved text in the place of the file; `false` if it saw something younger.
    pub(crate) fn overlay(&self, id: OverlayId, key: &FileKey, delta: Delta) -> bool {
        let mut state = self.state();
        let revision = state.next_revision();
        let Some(overlay) = state.overlays.get_mut(&id) else { return false };
        if !is_younger(&overlay.deltas, key, &delta) {
            return false;
        }
        overlay.view.store(Arc::new(delta.laid_over(&overlay.view.load(), revision, key)));
        overlay.deltas.insert(key.clone(), delta);
        true
    }

    /// Shows a frontend what is on the disk again.
    pub(crate) fn uncover(&self, id: OverlayId, key: &FileKey) {
        let mut state = self.state();
        let revision = state.next_revision();
        if let Some(overlay) = state.overlays.get_mut(&id)
            && overlay.deltas.remove(key).is_some()
        {
            overlay.publish(&self.disk.load_full(), revision);
        }
    }

    fn publish_all(&self, state: &mut State) {
        let revision = state.next_revision();
        let parts = state.parts.iter();
        let parts = parts
            .map(|part| ViewShard::new(Arc::clone(&part.shard), part.hidden.iter().copied()))
            .collect();
        let shards = SymbolView::new(revision, parts, state.dictionary.clone());
        let disk = Arc::new(laid_over(&state.deltas, &shards, revision));
        self.disk.store(Arc::clone(&disk));
        for overlay in state.overlays.values() {
            overlay.publish(&disk, revision);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next_revision(&mut self) -> Revision {
        self.revision += 1;
        Revision(self.revision)
    }

    /// When reading what is known of a file began.
    fn read_at(&self, key: &FileKey) -> Order {
        let delta = self.deltas.get(key).map(|delta| delta.order);
        let folded = self.folded.get(key).copied();
        delta.max(folded).max(Some(self.surveyed)).unwrap_or_default()
    }

    /// Whether the shards know a file by this name.
    fn has(&self, FileKey { root, path }: &FileKey) -> bool {
        self.parts.iter().any(|part| part.shard.find_file(root, path).is_some())
    }
}

impl Overlay {
    /// Makes the view anew.
    fn publish(&self, disk: &Arc<SymbolView>, revision: Revision) {
        let view = match &self.in_scope {
            None if self.deltas.is_empty() => Arc::clone(disk),
            None => Arc::new(laid_over(&self.deltas, disk, revision)),
            Some(in_scope) => {
                let in_scope = disk.restricted(revision, in_scope);
                Arc::new(laid_over(&self.deltas, &in_scope, revision))
            }
        };
        self.view.store(view);
    }

    /// A file on the disk has changed; what is open stands above it.
    fn see(&self, key: &FileKey, delta: &Delta, revision: Revision, disk: &ArcSwap<SymbolView>) {
        let is_wanted = |file: FileRef<'_>| self.in_scope.as_ref().is_none_or(|it| it(file));
        let changed = delta.index.as_ref().and_then(|index| index.files().next());
        if self.deltas.contains_key(key) || !changed.is_none_or(is_wanted) {
            return;
        }
        let view = match self.in_scope.is_none() && self.deltas.is_empty() {
            true => disk.load_full(),
            false => Arc::new(delta.laid_over(&self.view.load(), revision, key)),
        };
        self.view.store(view);
    }
}

impl Delta {
    /// What `stat` said of the file; none if it is gone.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.index.as_ref()?.files().next().map(FileRef::stamp)
    }

    fn laid_over(&self, view: &SymbolView, revision: Revision, key: &FileKey) -> SymbolView {
        view.superseding(revision, &[self.superseded(key)])
    }

    fn superseded<'d>(&'d self, key: &'d FileKey) -> Superseded<'d> {
        Superseded { root: &key.root, path: &key.path, delta: self.index.as_ref() }
    }
}

fn laid_over(deltas: &Deltas, view: &SymbolView, revision: Revision) -> SymbolView {
    let files: Vec<_> = deltas.iter().map(|(key, delta)| delta.superseded(key)).collect();
    view.superseding(revision, &files)
}

fn is_younger(deltas: &Deltas, key: &FileKey, delta: &Delta) -> bool {
    deltas.get(key).is_none_or(|known| known.order < delta.order)
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overlay").field("deltas", &self.deltas.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    use std::sync::Arc;

    use nova_index::{
        ContentHash, FileMeta, FileSymbols, Root, Shard, ShardBuilder, ShardId, ShardIdentity,
    };

    /// A shard of skipped files, told apart by their notes.
    pub(crate) fn shard(files: &[(&str, &str)]) -> Arc<Shard> {
        let (id, identity) = (ShardId(1), ShardIdentity([1; 16]));
        let root = Root { identity: b"src".to_vec(), archive_stamp: None };
        let mut builder = ShardBuilder::new(id, identity, 0, vec![root]);
        for (path, note) in files {
            let meta = FileMeta {
                path: path.as_bytes().to_vec(),
                note: (*note).to_owned(),
                content_hash: ContentHash::default(),
                ..FileMeta::default()
            };
            builder.add(&FileSymbols::skipped(meta)).unwrap();
        }
        let bytes = builder.finish().unwrap();
        Arc::new(Shard::from_bytes(bytes.into(), &identity).unwrap())
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::shard;
    use super::*;

    fn key(path: &str) -> FileKey {
        FileKey { root: b"src".to_vec(), path: path.as_bytes().to_vec() }
    }

    fn delta(published: &Published, path: &str, note: &str) -> Delta {
        Delta { order: published.next_order(), index: Some(shard(&[(path, note)])) }
    }

    fn part(files: &[(&str, &str)]) -> Vec<Part> {
        vec![Part { shard: shard(files), hidden: HashSet::new() }]
    }

    fn replace(published: &Published, files: &[(&str, &str)], since: Order) {
        published.replace(part(files), None, since, |_| true);
    }

    fn supersede(published: &Published, path: &str, delta: Delta) -> bool {
        published.supersede(&key(path), published.view().revision(), delta)
    }

    fn notes(view: &SymbolView) -> Vec<&str> {
        view.files().map(|file| file.note()).collect()
    }

    #[test]
    fn what_was_read_earlier_never_takes_the_place_of_what_was_read_later() {
        let published = Published::default();
        replace(&published, &[("A.java", "0"), ("B.java", "0")], published.next_order());
        let (early, late) = (delta(&published, "A.java", "1"), delta(&published, "A.java", "2"));
        assert!(supersede(&published, "A.java", late));
        assert!(!supersede(&published, "A.java", early));
        assert_eq!(notes(&published.view()), ["2", "0"]);
    }

    #[test]
    fn a_survey_replaces_what_was_read_before_it_and_nothing_younger() {
        let published = Published::default();
        replace(&published, &[("A.java", "0"), ("B.java", "0")], published.next_order());
        supersede(&published, "A.java", delta(&published, "A.java", "1"));
        let survey = published.next_order();
        supersede(&published, "B.java", delta(&published, "B.java", "3"));
        replace(&published, &[("A.java", "2"), ("B.java", "2")], survey);
        assert_eq!(notes(&published.view()), ["2", "3"]);
        assert_eq!(published.unfolded_count(), 1);
    }

    #[test]
    fn a_file_that_is_called_otherwise_by_now_is_not_shown_twice() {
        let published = Published::default();
        replace(&published, &[("A.java", "0")], published.next_order());
        let before = published.view().revision();
        replace(&published, &[("elsewhere/A.java", "1")], published.next_order());
        let late = delta(&published, "A.java", "2");
        assert!(!published.supersede(&key("A.java"), before, late.clone()));
        assert_eq!(notes(&published.view()), ["1"]);
        // In a view of now nobody knows it by that name, unless it is new.
        assert!(supersede(&published, "A.java", late));
    }

    #[test]
    fn folding_keeps_what_changed_meanwhile() {
        let published = Published::default();
        replace(&published, &[("A.java", "0"), ("B.java", "0")], published.next_order());
        supersede(&published, "A.java", delta(&published, "A.java", "1"));
        supersede(&published, "B.java", delta(&published, "B.java", "1"));
        let since = published.next_order();
        let (folded, _) = published.unfolded();
        supersede(&published, "B.java", delta(&published, "B.java", "2"));
        published.fold(part(&[("A.java", "1"), ("B.java", "1")]), &folded, since);
        assert_eq!(notes(&published.view()), ["1", "2"]);
        assert_eq!(published.unfolded_count(), 1);
    }

    #[test]
    fn what_was_read_before_the_shards_were_never_takes_their_place() {
        let published = Published::default();
        replace(&published, &[("A.java", "0"), ("B.java", "0")], published.next_order());
        let before_survey = delta(&published, "A.java", "1");
        replace(&published, &[("A.java", "2"), ("B.java", "0")], published.next_order());
        assert!(!supersede(&published, "A.java", before_survey));

        supersede(&published, "A.java", delta(&published, "A.java", "3"));
        let gone = Delta { order: published.next_order(), index: None };
        supersede(&published, "B.java", gone);
        let [of_a, of_b] = ["A.java", "B.java"].map(|path| delta(&published, path, "4"));
        let since = published.next_order();
        let (folded, _) = published.unfolded();
        published.fold(part(&[("A.java", "5")]), &folded, since);
        assert!(!supersede(&published, "A.java", of_a));
        assert_eq!(notes(&published.view()), ["5"]);
        // That one was not read again: whoever read it since knows more.
        assert!(supersede(&published, "B.java", of_b));
    }

    #[test]
    fn a_view_does_not_grow_with_the_edits_of_a_file() {
        let published = Published::default();
        replace(&published, &[("A.java", "0"), ("B.java", "0")], published.next_order());
        for _ in 0..100 {
            supersede(&published, "A.java", delta(&published, "A.java", "1"));
            let gone = Delta { order: published.next_order(), index: None };
            supersede(&published, "A.java", gone);
        }
        supersede(&published, "A.java", delta(&published, "A.java", "2"));
        assert_eq!(notes(&published.view()), ["2", "0"]);
        assert_eq!(published.view().shards().len(), 2);
    }

    #[test]
    fn an_overlay_stands_above_the_disk_whatever_happens_there() {
        let published = Published::default();
        replace(&published, &[("A.java", "0"), ("B.java", "0")], published.next_order());
        let (id, view) = published.join(None);
        assert!(published.overlay(id, &key("A.java"), delta(&published, "A.java", "mine")));
        supersede(&published, "A.java", delta(&published, "A.java", "1"));
        supersede(&published, "B.java", delta(&published, "B.java", "1"));
        assert_eq!(notes(&view.load()), ["mine", "1"]);
        replace(&published, &[("A.java", "2"), ("B.java", "2")], published.next_order());
        assert_eq!(notes(&view.load()), ["mine", "2"]);
        assert_eq!(notes(&published.view()), ["2", "2"]);
        published.uncover(id, &key("A.java"));
        assert_eq!(notes(&view.load()), ["2", "2"]);
    }
}
