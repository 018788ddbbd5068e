//! The watcher with scripted events, where time is paused, and with the system's events.

mod disk;
mod scripted;

use std::collections::BTreeSet;

use super::{Changes, Watch};

fn set<'p>(paths: impl IntoIterator<Item = &'p str>) -> BTreeSet<Vec<u8>> {
    paths.into_iter().map(|path| path.as_bytes().to_vec()).collect()
}

impl Watch {
    /// Waits for changes, and takes them.
    async fn changes(&self) -> Changes {
        loop {
            self.changed().await;
            let changes = self.take();
            if !changes.is_empty() {
                return changes;
            }
        }
    }
}
