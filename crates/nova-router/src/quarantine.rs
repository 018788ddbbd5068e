//! The quarantine: the files that broke a worker, with the content that did it.
//!
//! A file is on the list by what is in it. With another stamp it is looked at again: the same content
//! stays on the list, any other is tried. The list is kept in the cache folder and may be lost at the
//! price of finding its files anew.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nova_index::{ContentHash, Stamp};
use nova_protocol::message::{FileStamp, Location, QuarantinedFile, SourceFile};
use nova_protocol::path;
use nova_worker::archive::Archive;
use nova_worker::disk;
use serde::{Deserialize, Serialize};

use crate::cache::Cache;
use crate::folder;
use crate::layout::PathText;
use crate::scope;
use crate::source_root;

/// Of more files the earliest are forgotten, and found again when they break another worker.
pub(crate) const QUARANTINED_FILES_MAX: usize = 1000;

/// What notes of quarantined files begin with.
const NOTE_PREFIX: &str = "quarantined: ";

/// One content of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The identity of the source root.
    root: PathText,
    /// The path below that.
    path: PathText,
    /// What it did, as a fragment.
    pub(crate) reason: String,
    #[serde(with = "hex")]
    pub(crate) content_hash: ContentHash,
    /// What `stat` says of a file with this content; `None` for text that was never saved.
    stamp: Option<FileStamp>,
}

impl Entry {
    pub(crate) fn new(
        (root, path): (&[u8], &[u8]),
        reason: String,
        content_hash: ContentHash,
        stamp: Option<Stamp>,
    ) -> Self {
        let stamp = stamp.map(on_wire);
        let (root, path) = (PathText::new(root), PathText::new(path));
        Self { root, path, reason, content_hash, stamp }
    }

    /// What a shard says of the file.
    pub(crate) fn note(&self) -> String {
        format!("{NOTE_PREFIX}{}", self.reason)
    }

    pub(crate) fn stamp(&self) -> Option<Stamp> {
        let FileStamp { size, mtime_ns, ctime_ns, inode } = self.stamp?;
        Some(Stamp { size, mtime_ns, ctime_ns, inode })
    }

    /// What a worker is told, so that it records the file and does not read it.
    pub(crate) fn to_message(&self, file: SourceFile) -> QuarantinedFile {
        let stamp = self.stamp.unwrap_or_default();
        QuarantinedFile { file, stamp, content_hash: self.content_hash.0, note: self.note() }
    }

    /// The absolute path of the file.
    pub(crate) fn absolute_path(&self, base: &[u8]) -> Vec<u8> {
        folder::join(&source_root::path(self.root.as_bytes(), base), self.path.as_bytes())
    }

    fn is_of(&self, root: &[u8], path: &[u8]) -> bool {
        self.path.as_bytes() == path && self.root.as_bytes() == root
    }
}

/// Whether a shard's note says that the file was on the list when the shard was made.
pub(crate) fn is_note(note: &str) -> bool {
    reason(note).is_some()
}

/// What a quarantined file did, by its shard's note.
pub(crate) fn reason(note: &str) -> Option<&str> {
    note.strip_prefix(NOTE_PREFIX)
}

fn on_wire(stamp: Stamp) -> FileStamp {
    let Stamp { size, mtime_ns, ctime_ns, inode } = stamp;
    FileStamp { size, mtime_ns, ctime_ns, inode }
}

/// The entries, the earliest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct List(Vec<Entry>);

/// The version of the list's file.
const LIST_VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct ListFile {
    version: u32,
    files: Vec<Entry>,
}

impl List {
    /// Reads the list's file; what cannot be read counts as empty.
    pub(crate) fn from_json(json: &[u8]) -> Self {
        match serde_json::from_slice(json) {
            Ok(ListFile { version: LIST_VERSION, mut files }) => {
                files.drain(..files.len().saturating_sub(QUARANTINED_FILES_MAX));
                Self(files)
            }
            Ok(ListFile { version, .. }) => {
                tracing::info!("the quarantine has format version {version}: begun anew");
                Self::default()
            }
            Err(error) => {
                tracing::info!("the quarantine is damaged ({error}): begun anew");
                Self::default()
            }
        }
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        let file = ListFile { version: LIST_VERSION, files: self.0.clone() };
        serde_json::to_vec(&file).expect("strings, numbers and lists are always JSON")
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }

    pub(crate) fn of_file(&self, root: &[u8], path: &[u8]) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(move |entry| entry.is_of(root, path))
    }

    /// Adds an entry in the place of one for the same content.
    fn add(&mut self, entry: Entry) {
        self.0.retain(|old| {
            !(old.is_of(entry.root.as_bytes(), entry.path.as_bytes())
                && old.content_hash == entry.content_hash)
        });
        self.0.push(entry);
        let excess = self.0.len().saturating_sub(QUARANTINED_FILES_MAX);
        self.0.drain(..excess);
    }
}

/// The list of one workspace, shared by its planning and its workers' pool.
#[derive(Debug)]
pub(crate) struct Quarantine {
    cache: Cache,
    list: Mutex<List>,
}

impl Quarantine {
    /// An empty one until it is read.
    pub(crate) fn new(cache: Cache) -> Self {
        Self { cache, list: Mutex::default() }
    }

    /// Reads the list, as other routers may have left it, without the files that are gone.
    pub(crate) fn read(&self, base: &[u8]) {
        let list = self.cache.load_quarantine();
        let is_gone = |entry: &Entry| !exists(&entry.absolute_path(base));
        let has_gone = list.entries().iter().any(is_gone);
        *self.list() = list;
        if has_gone {
            self.change(|list| list.0.retain(|entry| !is_gone(entry)));
        }
    }

    /// The list as it is now.
    #[cfg(test)]
    pub(crate) fn snapshot(&self) -> List {
        self.list().clone()
    }

    /// Whether any content of a file is listed.
    pub(crate) fn has(&self, root: &[u8], path: &[u8]) -> bool {
        self.list().of_file(root, path).next().is_some()
    }

    /// Takes an entry in.
    pub(crate) fn add(&self, entry: Entry) {
        self.change(|list| list.add(entry));
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        self.change(|list| list.0.clear());
    }

    /// Whether a file on the disk is quarantined. `content_hash` is asked if its stamp does not tell; a
    /// file with another content than any that is listed comes off the list.
    pub(crate) fn judge(
        &self,
        root: &[u8],
        path: &[u8],
        stamp: Stamp,
        content_hash: impl FnOnce() -> Option<ContentHash>,
    ) -> Option<Entry> {
        let known: Vec<Entry> = self.list().of_file(root, path).cloned().collect();
        if known.is_empty() {
            return None;
        }
        if let Some(entry) = known.iter().find(|entry| entry.stamp() == Some(stamp)) {
            return Some(entry.clone());
        }
        let content_hash = content_hash()?;
        match known.into_iter().find(|entry| entry.content_hash == content_hash) {
            Some(entry) => {
                let entry = Entry { stamp: Some(on_wire(stamp)), ..entry };
                self.add(entry.clone());
                Some(entry)
            }
            None => {
                // What was typed and not saved says nothing of the file.
                let is_outdated = |entry: &Entry| entry.is_of(root, path) && entry.stamp.is_some();
                self.change(|list| list.0.retain(|entry| !is_outdated(entry)));
                None
            }
        }
    }

    /// Whether an unsaved text is quarantined.
    pub(crate) fn judge_text(&self, root: &[u8], path: &[u8], text: &[u8]) -> Option<Entry> {
        let list = self.list();
        let mut known = list.of_file(root, path).peekable();
        known.peek()?;
        let content_hash = ContentHash::of(text);
        known.find(|entry| entry.content_hash == content_hash).cloned()
    }

    /// Changes what is on the disk, and this copy of it.
    fn change(&self, change: impl FnOnce(&mut List)) {
        match self.cache.change_quarantine(change) {
            Ok(list) => *self.list() = list,
            Err(error) => tracing::warn!("the quarantine is not kept: {error}"),
        }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn exists(path: &[u8]) -> bool {
    let archive = scope::archive_of(path).map(|folder| folder.strip_suffix(b"!").unwrap_or(folder));
    let is_there = |path: &[u8]| path::from_bytes(path).symlink_metadata().is_ok();
    is_there(path) || archive.is_some_and(is_there)
}

/// What a file holds now, and what `stat` says of it; `None` if it cannot be read, is larger than the
/// bound or does not hold still.
pub(crate) fn fingerprint(
    location: &Location,
    path: &[u8],
    bytes_max: u64,
) -> Option<(Stamp, ContentHash)> {
    match location {
        Location::Folder(folder) => {
            fingerprint_on_disk(&path::from_bytes(&folder::join(folder, path)), bytes_max).ok()?
        }
        Location::Archive { path: archive, prefix } => {
            let entry = [prefix, path].concat();
            let mut archive = Archive::open(&path::from_bytes(archive)).ok()?;
            let (files, _) = archive.java_files();
            let found = files.binary_search_by(|file| file.path.as_slice().cmp(&entry)).ok()?;
            let stamp = files[found].stamp;
            let content = archive.read_start(&entry, bytes_max.saturating_add(1)).ok()?;
            let is_whole = content.len() as u64 <= bytes_max;
            is_whole.then(|| (stamp, ContentHash::of(&content)))
        }
    }
}

fn fingerprint_on_disk(
    path: &std::path::Path,
    bytes_max: u64,
) -> io::Result<Option<(Stamp, ContentHash)>> {
    let metadata = std::fs::metadata(path)?;
    let stamp = disk::stamp(&metadata);
    if !metadata.is_file() || stamp.size > bytes_max {
        return Ok(None);
    }
    let mut content = Vec::new();
    File::open(path)?.take(stamp.size + 1).read_to_end(&mut content)?;
    let holds_still = disk::stamp(&std::fs::metadata(path)?) == stamp;
    Ok(holds_still.then(|| (stamp, ContentHash::of(&content))))
}

mod hex {
    //! A hash as text.

    use nova_index::ContentHash;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(
        hash: &ContentHash,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::hash_text(hash))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ContentHash, D::Error> {
        let text = String::deserialize(deserializer)?;
        let hash = blake3::Hash::from_hex(text).map_err(de::Error::custom)?;
        Ok(ContentHash(*hash.as_bytes()))
    }
}

/// A hash in hexadecimal digits.
pub(crate) fn hash_text(hash: &ContentHash) -> String {
    blake3::Hash::from_bytes(hash.0).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &[u8] = b"src";
    const PATH: &[u8] = b"a/\xff.java";

    fn stamp(size: u64) -> Stamp {
        Stamp { size, ..Stamp::default() }
    }

    fn quarantine() -> (tempfile::TempDir, Quarantine) {
        let folder = tempfile::tempdir().unwrap();
        let quarantine = Quarantine::new(Cache::new(folder.path().join("cache")));
        let hash = ContentHash::of(b"bad");
        let reason = "killed its worker (SIGABRT)".to_owned();
        quarantine.add(Entry::new((ROOT, PATH), reason, hash, Some(stamp(1))));
        (folder, quarantine)
    }

    #[test]
    fn a_file_stays_for_as_long_as_it_holds_the_same_and_is_known_by_its_new_stamp_then() {
        let (_folder, quarantine) = quarantine();
        let judge = |size, content: Option<&[u8]>| {
            let hash = || Some(ContentHash::of(content.expect("the stamp does not tell")));
            quarantine.judge(ROOT, PATH, stamp(size), hash).is_some()
        };
        assert!(judge(1, None));
        assert!(judge(2, Some(b"bad")));
        assert!(judge(2, None));
        assert!(!judge(3, Some(b"good")));
        assert!(quarantine.snapshot().is_empty());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_tried_and_stays_on_the_list() {
        let (_folder, quarantine) = quarantine();
        assert_eq!(quarantine.judge(ROOT, PATH, stamp(2), || None), None);
        assert!(!quarantine.snapshot().is_empty());
    }

    #[test]
    fn unsaved_text_is_known_by_its_content_and_leaves_the_file_alone() {
        let (_folder, quarantine) = quarantine();
        assert!(quarantine.judge_text(ROOT, PATH, b"bad").is_some());
        assert!(quarantine.judge_text(ROOT, PATH, b"good").is_none());
        assert!(!quarantine.snapshot().is_empty());
        let hash = ContentHash::of(b"typed");
        quarantine.add(Entry::new((ROOT, PATH), "hung for 10 s".to_owned(), hash, None));
        assert!(
            quarantine.judge(ROOT, PATH, stamp(2), || Some(ContentHash::of(b"good"))).is_none()
        );
        assert!(quarantine.judge_text(ROOT, PATH, b"typed").is_some());
    }

    #[test]
    fn the_list_outlives_its_router_and_is_empty_when_it_is_damaged() {
        let (folder, quarantine) = quarantine();
        let cache = Cache::new(folder.path().join("cache"));
        assert_eq!(cache.load_quarantine(), quarantine.snapshot());
        std::fs::write(folder.path().join("cache/quarantine.json"), "{").unwrap();
        assert!(cache.load_quarantine().is_empty());
    }

    #[test]
    fn the_list_is_bounded_and_forgets_the_earliest() {
        let mut list = List::default();
        for number in 0..=QUARANTINED_FILES_MAX as u64 {
            let hash = ContentHash::of(&number.to_le_bytes());
            list.add(Entry::new((ROOT, PATH), String::new(), hash, Some(stamp(number))));
        }
        assert_eq!(list.entries().len(), QUARANTINED_FILES_MAX);
        assert_eq!(list.entries()[0].stamp(), Some(stamp(1)));
        assert_eq!(List::from_json(&list.to_json()), list);
    }

    #[test]
    fn files_that_are_gone_are_forgotten() {
        let (folder, quarantine) = quarantine();
        let base = path::to_bytes(folder.path()).into_owned();
        let hash = ContentHash::of(b"here");
        std::fs::write(folder.path().join("A.java"), "here").unwrap();
        quarantine.add(Entry::new((b"", b"A.java"), String::new(), hash, Some(stamp(4))));
        quarantine.read(&base);
        assert_eq!(quarantine.snapshot().entries().len(), 1);
    }
}
