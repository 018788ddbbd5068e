//! The dictionary of the workspace's names: when it is used, and when it is derived anew.
//!
//! No query waits for it: until there is one, and for shards that are younger than it, queries search the
//! shards directly. An index run publishes its view first. It ends when the dictionary is renewed, so that
//! the next process has it; but where the workspace stays open, that goes on beside what comes next.

use std::io::ErrorKind;
use std::sync::{Arc, PoisonError};

use nova_index::{Dictionary, OpenDictionaryError, Shard, build_dictionary};
use tokio::task::JoinError;

use crate::workspace::Workspace;

/// The dictionary is derived anew when this part of all symbols has come since, or is gone: so the work
/// stays in proportion to what changed.
const YOUNG_PART: u64 = 8;

impl Workspace {
    /// The dictionary of an earlier run, if there is a usable one.
    pub(crate) fn open_dictionary(&self) -> Option<Arc<Dictionary>> {
        let path = self.cache.dictionary_path();
        match Dictionary::open(&path) {
            Ok(dictionary) => Some(Arc::new(dictionary)),
            Err(OpenDictionaryError::Io(error)) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                tracing::info!("deriving {} again: {error}", path.display());
                None
            }
        }
    }

    /// Derives the dictionary from all shards of the workspace, and has queries go by it, if too many
    /// of them are younger than the one there is.
    pub(crate) async fn renew_dictionary(
        self: &Arc<Self>,
        shards: Vec<Arc<Shard>>,
    ) -> Result<(), JoinError> {
        let workspace = Arc::clone(self);
        let renewal = self.renewals.spawn_blocking(move || {
            // Two at a time would do the same work twice.
            let _turn = workspace.renewing.lock().unwrap_or_else(PoisonError::into_inner);
            workspace.renew_dictionary_now(&shards);
        });
        if self.watch.get().is_none() {
            renewal.await?;
        }
        Ok(())
    }

    fn renew_dictionary_now(&self, shards: &[Arc<Shard>]) {
        let view = self.view();
        if shards.is_empty() || !is_due(view.dictionary().map(Arc::as_ref), shards) {
            return;
        }
        let renewed =
            build_dictionary(shards).map_err(|error| error.to_string()).and_then(|bytes| {
                self.cache.publish_dictionary(&bytes).map_err(|error| error.to_string())
            });
        match renewed {
            Ok(dictionary) => self.published.renew_dictionary(Arc::new(dictionary)),
            Err(error) => tracing::warn!("searching without a dictionary of names: {error}"),
        }
    }
}

fn is_due(dictionary: Option<&Dictionary>, shards: &[Arc<Shard>]) -> bool {
    let Some(dictionary) = dictionary else { return true };
    let (known, young): (Vec<_>, Vec<_>) =
        shards.iter().partition(|shard| dictionary.speaks_of(shard));
    let count = |shards: Vec<&Arc<Shard>>| -> u64 {
        shards.into_iter().map(|shard| u64::from(shard.symbol_count())).sum()
    };
    let (known, young) = (count(known), count(young));
    let gone = dictionary.symbol_count().saturating_sub(known);
    let changed = young.max(gone);
    changed > 0 && changed * YOUNG_PART >= known + young
}
