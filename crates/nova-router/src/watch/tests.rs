//! The watcher with scripted events, where time is paused, and with the system's events.

mod disk;
mod scripted;

use std::collections::BTreeSet;

fn set<'p>(paths: impl IntoIterator<Item = &'p str>) -> BTreeSet<Vec<u8>> {
    paths.into_iter().map(|path| path.as_bytes().to_vec()).collect()
}
