//! What is watched, and what an event means for it.
//!
//! A watch holds on to a folder, not to its name. When the name comes to stand for something else the
//! watch is **lost**, with all below: it is to be given anew, and the folder listed once more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Bound;

use nova_protocol::path;
use nova_worker::disk;

use super::source::{Change, ChangeKind};
use crate::folder;
use crate::walk;

/// Files that decide what the walk enters.
const IGNORE_FILES: [&[u8]; 2] = [b".gitignore", b".ignore"];

/// Which of the things in a folder matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interest {
    /// Java files, ignore files, folders.
    All,
    /// Files that were named, no others.
    NamedFiles,
}

/// What tells one folder from another that takes its place.
pub(super) type Identity = Option<u64>;

/// What somebody wants to be watched.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) folders: BTreeMap<Vec<u8>, Interest>,
    files: BTreeSet<Vec<u8>>,
}

impl Wanted {
    pub(super) fn new(folders: BTreeSet<Vec<u8>>, files: BTreeSet<Vec<u8>>) -> Self {
        let parents = files.iter().filter_map(|file| folder::parent(file));
        let mut all: BTreeMap<_, _> =
            parents.map(|parent| (parent.to_vec(), Interest::NamedFiles)).collect();
        all.extend(folders.into_iter().map(|folder| (folder, Interest::All)));
        Self { folders: all, files }
    }

    /// Those that are in none of the others.
    pub(super) fn tops(&self) -> impl Iterator<Item = &[u8]> {
        let is_inside = |path: &[u8]| {
            folder::parent(path).is_some_and(|parent| self.folders.contains_key(parent))
        };
        self.folders.keys().map(Vec::as_slice).filter(move |path| !is_inside(path))
    }
}

#[derive(Debug, Default)]
pub(super) struct Watched {
    /// The folders with a watch, or about to be given one.
    folders: BTreeMap<Vec<u8>, Interest>,
    /// Files that matter whatever their names.
    files: BTreeSet<Vec<u8>>,
    /// Their watch may still be there, or may not.
    lost: BTreeSet<Vec<u8>>,
    /// Folders that could not be watched, so that it is said once.
    refused: BTreeSet<Vec<u8>>,
    /// Folders that are in none of the others: nothing tells when their names come back.
    tops: BTreeMap<Vec<u8>, Identity>,
}

/// What a source has to do, in this order: a folder that was renamed has one watch under both its names.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) removed: Vec<Vec<u8>>,
    pub(super) added: Vec<Vec<u8>>,
    /// Folders that have become tops and are watched already.
    pub(super) uncovered: Vec<Vec<u8>>,
}

impl Watched {
    /// Sets what is to be watched. The folders to add count as watched from now on.
    pub(super) fn replace(&mut self, wanted: Wanted) -> Difference {
        let mut removed: Vec<_> = std::mem::take(&mut self.lost).into_iter().collect();
        let is_wanted = |path: &&Vec<u8>| wanted.folders.contains_key(*path);
        removed.extend(self.folders.keys().filter(|path| !is_wanted(path)).cloned());
        let is_new = |path: &&Vec<u8>| !self.folders.contains_key(*path);
        let added: Vec<_> = wanted.folders.keys().filter(is_new).cloned().collect();
        self.refused.retain(|path| is_wanted(&path));
        let is_watched = |top: &&[u8]| self.folders.contains_key(*top);
        let is_uncovered = |top: &&[u8]| is_watched(top) && !self.tops.contains_key(*top);
        let uncovered = wanted.tops().filter(is_uncovered).map(<[u8]>::to_vec).collect();
        let known = |top: &[u8]| self.tops.get(top).copied().flatten();
        self.tops = wanted.tops().map(|top| (top.to_vec(), known(top))).collect();
        self.folders = wanted.folders;
        self.files = wanted.files;
        Difference { removed, added, uncovered }
    }

    /// A folder that was to be added is watched.
    pub(super) fn accept(&mut self, path: &[u8], identity: Identity) {
        self.refused.remove(path);
        if let Some(known) = self.tops.get_mut(path) {
            *known = identity;
        }
    }

    /// A folder that was to be added cannot be watched; says whether that is news.
    pub(super) fn refuse(&mut self, path: &[u8], identity: Identity) -> bool {
        self.folders.remove(path);
        if let Some(known) = self.tops.get_mut(path) {
            *known = identity;
        }
        self.refused.insert(path.to_vec())
    }

    /// Nothing is watched any more.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn folder_count(&self) -> usize {
        self.folders.len()
    }

    pub(super) fn tops(&self) -> impl Iterator<Item = (&[u8], Identity)> {
        self.tops.iter().map(|(path, identity)| (&path[..], *identity))
    }

    /// Takes note of what a top is now; says whether it has become another, or nothing.
    pub(super) fn is_replaced(&mut self, top: &[u8], before: Identity, now: Identity) -> bool {
        match self.tops.get_mut(top) {
            // If it is not as before, someone else has taken note.
            Some(known) if *known == before && before != now => *known = now,
            _ => return false,
        }
        self.lose(top);
        true
    }

    /// The paths to report.
    pub(super) fn judge(&mut self, change: Change) -> Vec<Vec<u8>> {
        let Change { path, kind } = change;
        let mut reported = Vec::new();
        let is_lost = kind.is_of_name() && self.lose(&path);
        if is_lost {
            let gone = self.files.range(path.clone()..);
            let gone = gone.take_while(|file| folder::below(file, &path).is_some());
            reported.extend(gone.cloned());
        }
        if is_lost || self.matters(&path, kind) {
            reported.push(path);
        }
        reported
    }

    fn matters(&self, path: &[u8], kind: ChangeKind) -> bool {
        if self.files.contains(path) {
            return true;
        }
        let parent = folder::parent(path);
        if parent.and_then(|parent| self.folders.get(parent)) == Some(&Interest::All) {
            let parent = parent.unwrap_or_default();
            let name = folder::below(path, parent).unwrap_or_default();
            let is_read = walk::is_java(name) || IGNORE_FILES.contains(&name);
            // Another name may be a folder's. One that is gone matters only if it was watched.
            return is_read || matches!(kind, ChangeKind::Appeared | ChangeKind::Attributes);
        }
        kind == ChangeKind::Attributes && self.folders.contains_key(path)
    }

    /// Whether there was any watch to lose.
    fn lose(&mut self, path: &[u8]) -> bool {
        // Between `path/` and `path0`, the next byte, are those below.
        let (first, end) = ([path, b"/"].concat(), [path, b"0"].concat());
        let below =
            self.folders.range::<[u8], _>((Bound::Included(&first[..]), Bound::Excluded(&end[..])));
        let mut lost: Vec<_> = below.map(|(folder, _)| folder.clone()).collect();
        if self.folders.contains_key(path) {
            lost.push(path.to_vec());
        }
        for folder in &lost {
            self.folders.remove(folder);
        }
        let any = !lost.is_empty();
        self.lost.extend(lost);
        any
    }
}

/// What a folder is now; `None` if there is none.
pub(super) fn identity(folder: &[u8]) -> Identity {
    let metadata = fs::metadata(path::from_bytes(folder)).ok()?;
    Some(disk::stamp(&metadata).inode)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(paths: &[&str]) -> BTreeSet<Vec<u8>> {
        paths.iter().map(|path| path.as_bytes().to_vec()).collect()
    }

    fn wanted(folders: &[&str], files: &[&str]) -> Wanted {
        Wanted::new(set(folders), set(files))
    }

    fn watched() -> Watched {
        let mut watched = Watched::default();
        watched.replace(wanted(&["/w", "/w/a", "/w/a/b", "/w/a-b"], &["/lib/src.zip"]));
        watched
    }

    fn judged(watched: &mut Watched, path: &str, kind: ChangeKind) -> Vec<String> {
        let reported = watched.judge(Change { path: path.as_bytes().to_vec(), kind });
        reported.iter().map(|path| String::from_utf8_lossy(path).into_owned()).collect()
    }

    #[test]
    fn only_what_may_change_the_index_is_reported() {
        use ChangeKind::{Appeared, Attributes, Content, FileAppeared, Vanished};
        const ALL: [ChangeKind; 5] = [FileAppeared, Appeared, Vanished, Content, Attributes];
        fn check(path: &str, expected: &[ChangeKind]) {
            for kind in ALL {
                let reported = judged(&mut watched(), path, kind);
                assert_eq!(!reported.is_empty(), expected.contains(&kind), "{path} {kind:?}");
            }
        }
        check("/w/A.java", &ALL);
        check("/w/a/b/.gitignore", &ALL);
        check("/w/a/.ignore", &ALL);
        check("/lib/src.zip", &ALL);
        check("/w/readme.md", &[Appeared, Attributes]);
        check("/w/new", &[Appeared, Attributes]);
        check("/w/a", &[FileAppeared, Appeared, Vanished, Attributes]);
        check("/w", &[FileAppeared, Appeared, Vanished, Attributes]);
        check("/lib/A.java", &[]);
        check("/lib/new", &[]);
        check("/w/out/A.java", &[]);
        check("/elsewhere", &[]);
    }

    #[test]
    fn a_folder_that_is_another_takes_those_below_along_and_is_watched_anew() {
        let mut watched = watched();
        assert_eq!(judged(&mut watched, "/w/a", ChangeKind::Vanished), ["/w/a"]);
        assert!(judged(&mut watched, "/w/a/b/A.java", ChangeKind::Content).is_empty());
        assert_eq!(judged(&mut watched, "/w/a-b/A.java", ChangeKind::Content), ["/w/a-b/A.java"]);
        let folders = ["/w", "/w/a", "/w/a/b", "/w/a-b"];
        let difference = watched.replace(wanted(&folders, &["/lib/src.zip"]));
        assert_eq!(difference.added, [b"/w/a".to_vec(), b"/w/a/b".to_vec()]);
        assert_eq!(difference.removed, difference.added);
        let difference = watched.replace(wanted(&folders, &[]));
        assert_eq!(difference.removed, [b"/lib".to_vec()]);
        assert!(difference.added.is_empty());
    }

    #[test]
    fn an_archive_is_reported_when_its_folder_goes() {
        let mut watched = watched();
        assert_eq!(judged(&mut watched, "/lib", ChangeKind::Vanished), ["/lib/src.zip", "/lib"]);
    }

    #[test]
    fn tops_are_the_folders_in_no_other() {
        let watched = watched();
        let tops: Vec<_> = watched.tops().map(|(path, _)| path).collect();
        assert_eq!(tops, [&b"/lib"[..], b"/w"]);
    }

    #[test]
    fn a_refusal_is_news_once() {
        let mut watched = watched();
        assert!(watched.refuse(b"/w/a", None));
        watched.replace(wanted(&["/w", "/w/a"], &[]));
        assert!(!watched.refuse(b"/w/a", None));
        watched.replace(wanted(&["/w"], &[]));
        watched.replace(wanted(&["/w", "/w/a"], &[]));
        assert!(watched.refuse(b"/w/a", None));
    }
}
