//! Folding: the files that changed since their shards were built are read into the shards, so that the
//! deltas that stood in for them can go.
//!
//! A shard file is written beside the old one and renamed over it, so a crash leaves the old or the new. Unsaved
//! text has no part in this: the workers read the disk.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use nova_index::{FileId, FileRef, Shard, ShardId, Stamp};
use tokio::sync::mpsc;

use crate::assignment::Assignment;
use crate::collect::FirstSight;
use crate::file_key::FileKey;
use crate::layout::Layout;
use crate::plan::{self, ShardPlan};
use crate::published::{Delta, Part};
use crate::reconcile::ReconcileError;
use crate::scope;
use crate::source_root;
use crate::workspace::Workspace;

/// What changed, and the shards as they are.
struct Unfolded {
    deltas: Vec<(FileKey, Delta)>,
    parts: BTreeMap<ShardId, Part>,
}

impl Unfolded {
    /// The files of a rebuilt shard that are still to be hidden: they were before, and were not read.
    fn still_hidden(&self, rebuilt: &Shard) -> Vec<FileId> {
        let Some(part) = self.parts.get(&rebuilt.id()) else { return Vec::new() };
        let hidden = part.hidden.iter().filter_map(|file| part.shard.file(*file));
        let hidden: HashSet<_> = hidden.map(FileKey::of).collect();
        let read: HashSet<_> = self.deltas.iter().map(|(key, _)| key).collect();
        let files = rebuilt.files().filter(|file| {
            let key = FileKey::of(*file);
            hidden.contains(&key) && !read.contains(&key)
        });
        files.map(FileRef::id).collect()
    }
}

impl Workspace {
    /// Reads what changed since the shards were built into them, and drops its deltas. Returns how many
    /// files that were. Shards that cannot be built stay as they are, and so do their deltas.
    pub async fn fold(self: &Arc<Self>) -> Result<usize, ReconcileError> {
        let _building = self.building.lock().await;
        let since = self.published.next_order();
        let (deltas, parts) = self.published.unfolded();
        let Some(layout) = self.layout().filter(|_| !deltas.is_empty()) else { return Ok(0) };
        let parts = parts.into_iter().map(|part| (part.shard.id(), part)).collect();
        let unfolded = Unfolded { deltas, parts };

        let plans = self.plan_fold(&unfolded, &layout);
        let slots = self.options.workers.count.min(plans.len());
        let assignment = Arc::new(Assignment::new());
        assignment.fill(self.tasks(&plans, &layout, slots));
        let (outcomes_in, outcomes) = mpsc::unbounded_channel();
        let first_sight = FirstSight::default();
        let collecting = self.collect(outcomes, &first_sight);
        let (built, ()) =
            tokio::try_join!(collecting, self.index(&assignment, slots, outcomes_in))?;

        let base = self.base();
        let is_built = |key: &FileKey| {
            let shard = shard_of(key, &layout);
            shard.is_some_and(|shard| built.shards.contains_key(&shard))
        };
        let parts = built
            .shards
            .values()
            .map(|shard| self.part(Arc::clone(shard), unfolded.still_hidden(shard), &base));
        let parts = parts.collect();
        let deltas = unfolded.deltas.into_iter();
        let folded: Vec<_> = deltas.filter(|(key, _)| is_built(key)).collect();
        self.published.fold(parts, &folded, since);
        let (_, parts) = self.published.unfolded();
        self.renew_dictionary(parts.into_iter().map(|part| part.shard).collect()).await?;
        self.sessions.all().iter().for_each(|session| session.place_anew());
        Ok(folded.len())
    }

    /// How many files changed on the disk since their shards were built.
    pub fn unfolded_files(&self) -> usize {
        self.published.unfolded_count()
    }

    fn plan_fold(&self, unfolded: &Unfolded, layout: &Layout) -> Vec<ShardPlan> {
        let mut by_shard = BTreeMap::<ShardId, Vec<(&FileKey, Option<Stamp>)>>::new();
        for (key, delta) in &unfolded.deltas {
            if let Some(shard) = shard_of(key, layout) {
                by_shard.entry(shard).or_default().push((key, delta.stamp()));
            }
        }
        let base = self.base();
        let location = |root: &[u8]| {
            let folder = source_root::path(root, &base);
            plan::location(&folder, scope::archive_of(&folder))
        };
        let plans = by_shard.into_iter().filter_map(|(shard, files)| {
            let shard = &unfolded.parts.get(&shard)?.shard;
            Some(plan::plan_files(shard, files.into_iter(), location, self.terms()))
        });
        plans.collect()
    }
}

fn shard_of(key: &FileKey, layout: &Layout) -> Option<ShardId> {
    let folder = key.path.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
    layout.shard_of(&key.root, &key.path[..folder])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::published::Order;
    use crate::published::fixture::shard;

    #[test]
    fn folding_brings_nothing_back_that_a_failed_survey_has_hidden() {
        let key = |path: &str| FileKey { root: b"src".to_vec(), path: path.as_bytes().to_vec() };
        let files = [("Changed.java", "0"), ("Folded.java", "0"), ("Gone.java", "0")];
        let old = shard(&files);
        let hidden = old.files().map(FileRef::id).collect();
        let delta = Delta { order: Order(1), index: Some(shard(&[("Folded.java", "1")])) };
        let unfolded = Unfolded {
            deltas: vec![(key("Folded.java"), delta)],
            parts: BTreeMap::from([(old.id(), Part { shard: old, hidden })]),
        };
        let rebuilt = shard(&[("Changed.java", "0"), ("Folded.java", "1"), ("Gone.java", "0")]);
        let still = unfolded.still_hidden(&rebuilt);
        let still: Vec<_> = still.into_iter().filter_map(|id| rebuilt.file(id)).collect();
        let paths: Vec<_> = still.iter().map(|file| file.path()).collect();
        assert_eq!(paths, [&b"Changed.java"[..], b"Gone.java"]);
    }
}
