//! The cache folder of one workspace: its layout, its shard files, its lock.
//!
//! ```text
//! <folder>/layout.json       root → shard; fsynced, for it cannot be rebuilt
//! <folder>/shard_<id>.bin    replaced by rename only, for it may be mapped
//! <folder>/names.bin         the dictionary of all shards' names; likewise
//! <folder>/quarantine.json  the files that broke a worker; replaced by rename
//! <folder>/CACHEDIR.TAG      marks the folder as a cache, so that what bears these names in it is ours
//! <folder>/lock              held while the layout changes and while a shard is published
//! <folder>/run-<nonce>/      one running router: its lock, unpublished shards, its socket
//! <folder>/serve.lock        held by the router that keeps the workspace open
//! <folder>/serve.json        who that is, and where it listens
//! <folder>/serve.log         what it had to say, if nobody watches it
//! <folder>/sources/          copies of what is in archives, for an editor to open
//! ```
//!
//! Readers take no lock. Several routers may work on one folder: each publishes whole, valid files,
//! and whichever is renamed last stands.

pub(crate) mod collection;
pub(crate) mod run;
pub(crate) mod serve;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use nova_index::{Dictionary, ShardId, write_index};
use nova_rpc::private;
use nova_worker::disk;

use crate::layout::{Layout, LayoutError};
use crate::quarantine::List;
use run::Run;

const LAYOUT_FILE: &str = "layout.json";
const NEW_LAYOUT_FILE: &str = "layout.json.new";
/// Below a cache folder, copies of what is in archives, which a frontend may make for people to read. They go with the
/// cache.
pub const COPIES_FOLDER: &str = "sources";
const DICTIONARY_FILE: &str = "names.bin";
const NEW_DICTIONARY_FILE: &str = "names.bin.new";
const QUARANTINE_FILE: &str = "quarantine.json";
const NEW_QUARANTINE_FILE: &str = "quarantine.json.new";
const LOCK_FILE: &str = "lock";

/// Marks a folder as a cache, for backup programs too: the standard of bford.info/cachedir. What bears
/// our names in a folder without it is not ours to touch.
const TAG_FILE: &str = "CACHEDIR.TAG";
const TAG: &str =
    "Signature: 8a477f597d28d172789f06886806bc55\n# The cache of a workspace of nova.\n";

/// One workspace's cache folder. It need not exist until something is written.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn shard_path(&self, shard: ShardId) -> PathBuf {
        self.folder.join(format!("shard_{}.bin", shard.0))
    }

    pub(crate) fn dictionary_path(&self) -> PathBuf {
        self.folder.join(DICTIONARY_FILE)
    }

    /// The layout; `None` where there is none yet, or none that this version can read (then the
    /// shard files are strangers, and are built again).
    pub(crate) fn load_layout(&self) -> Result<Option<Layout>, CacheError> {
        let path = self.folder.join(LAYOUT_FILE);
        let json = match fs::read(&path) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CacheError::new("cannot read", &path, error)),
        };
        match Layout::from_json(&json) {
            Ok(layout) => {
                self.note_use();
                Ok(Some(layout))
            }
            Err(error) => {
                self.warn_about_layout(&path, &error);
                Ok(None)
            }
        }
    }

    /// The layout, if there is a readable one, without counting as use of the workspace.
    fn peek_layout(&self) -> Option<Layout> {
        Layout::from_json(&fs::read(self.folder.join(LAYOUT_FILE)).ok()?).ok()
    }

    fn warn_about_layout(&self, path: &Path, error: &LayoutError) {
        tracing::warn!("{} cannot be used ({error}): indexing anew", path.display());
    }

    /// Records in the layout's file time that the workspace is in use; that it cannot is no matter.
    fn note_use(&self) {
        let file = OpenOptions::new().append(true).open(self.folder.join(LAYOUT_FILE));
        if let Err(error) = file.and_then(|file| file.set_modified(std::time::SystemTime::now())) {
            tracing::debug!("cannot note the use of {}: {error}", self.folder.display());
        }
    }

    /// Waits for the folder's lock, having made the folder if need be; it is free again when the file is
    /// dropped.
    pub(crate) fn lock(&self) -> Result<File, CacheError> {
        let path = self.folder.join(LOCK_FILE);
        loop {
            self.claim()?;
            let lock = || {
                let file = OpenOptions::new().create(true).append(true).open(&path)?;
                file.lock()?;
                Ok(file)
            };
            let file = lock().map_err(|error| CacheError::new("cannot lock", &path, error))?;
            // Who cleans the cache takes the lock's file away with the rest.
            let inode =
                |metadata: io::Result<fs::Metadata>| metadata.map(|m| disk::stamp(&m).inode);
            match (inode(file.metadata()), inode(fs::metadata(&path))) {
                (Ok(held), Ok(there)) if held != there => {}
                (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => {}
                _ => return Ok(file),
            }
        }
    }

    /// Makes the folder a cache folder, unless it is one or holds what is somebody else's.
    fn claim(&self) -> Result<(), CacheError> {
        let fail = |error| CacheError::new("cannot use the cache folder", &self.folder, error);
        private::make_folder(&self.folder).map_err(fail)?;
        if self.is_ours() {
            return Ok(());
        }
        let mut entries = fs::read_dir(&self.folder).map_err(fail)?;
        // Another run may be about to make it one.
        if entries.any(|entry| entry.is_ok_and(|it| it.file_name() != TAG_FILE)) && !self.is_ours()
        {
            return Err(fail(io::Error::other("it holds other files, and no cache of nova")));
        }
        fs::write(self.folder.join(TAG_FILE), TAG).map_err(fail)
    }

    /// Whether this is a cache folder, so that what bears our names in it is ours.
    fn is_ours(&self) -> bool {
        fs::read(self.folder.join(TAG_FILE)).is_ok_and(|tag| tag == TAG.as_bytes())
            || self.peek_layout().is_some()
    }

    /// Replaces the layout's file; the caller holds the lock.
    pub(crate) fn store_layout(&self, layout: &Layout, _lock: &File) -> Result<(), CacheError> {
        let path = self.folder.join(LAYOUT_FILE);
        let unfinished = self.folder.join(NEW_LAYOUT_FILE);
        let store = || {
            let mut file = File::create(&unfinished)?;
            file.write_all(&layout.to_json())?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)?;
            sync_folder(&self.folder)
        };
        store().map_err(|error| CacheError::new("cannot write", &path, error))
    }

    /// The quarantine; empty where there is none that can be read.
    pub(crate) fn load_quarantine(&self) -> List {
        match fs::read(self.folder.join(QUARANTINE_FILE)) {
            Ok(json) => List::from_json(&json),
            Err(_) => List::default(),
        }
    }

    /// Changes the quarantine as it is on the disk, where other routers may have changed it.
    pub(crate) fn change_quarantine(
        &self,
        change: impl FnOnce(&mut List),
    ) -> Result<List, CacheError> {
        let _lock = self.lock()?;
        let before = self.load_quarantine();
        let mut list = before.clone();
        change(&mut list);
        let path = self.folder.join(QUARANTINE_FILE);
        let unfinished = self.folder.join(NEW_QUARANTINE_FILE);
        let store = || match list.is_empty() {
            true => match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
            false => {
                fs::write(&unfinished, list.to_json())?;
                fs::rename(&unfinished, &path)
            }
        };
        if list != before {
            store().map_err(|error| CacheError::new("cannot write", &path, error))?;
        }
        Ok(list)
    }

    /// Makes a finished shard file the shard's own; the caller holds the lock.
    pub(crate) fn publish(
        &self,
        unpublished: &Path,
        shard: ShardId,
        _lock: &File,
    ) -> Result<(), CacheError> {
        let path = self.shard_path(shard);
        fs::rename(unpublished, &path)
            .map_err(|error| CacheError::new("cannot write", &path, error))
    }

    /// Writes a dictionary and maps it, in the place of the one before.
    pub(crate) fn publish_dictionary(&self, bytes: &[u8]) -> Result<Dictionary, CacheError> {
        // The lock makes the unfinished file this process's own.
        let lock = self.lock()?;
        let path = self.dictionary_path();
        let unfinished = self.folder.join(NEW_DICTIONARY_FILE);
        let publish = || {
            write_index(&unfinished, bytes)?;
            let dictionary = Dictionary::open(&unfinished).map_err(io::Error::other)?;
            fs::rename(&unfinished, &path)?;
            Ok(dictionary)
        };
        publish().map_err(|error| {
            self.remove_unfinished(&lock);
            CacheError::new("cannot write", &path, error)
        })
    }

    /// Removes what a run that died while it held the lock has left; the caller holds it now.
    fn remove_unfinished(&self, _lock: &File) {
        for name in [NEW_LAYOUT_FILE, NEW_DICTIONARY_FILE, NEW_QUARANTINE_FILE] {
            // Mostly there is none.
            let _ = fs::remove_file(self.folder.join(name));
        }
    }

    /// Removes the files of shards that the layout does not know; the caller holds the lock.
    pub(crate) fn remove_strangers(&self, layout: &Layout, _lock: &File) {
        let known = layout.shards();
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let shard = entry.file_name().to_str().and_then(shard_of_file_name);
            if shard.is_some_and(|shard| known.binary_search(&shard).is_err())
                && let Err(error) = fs::remove_file(entry.path())
            {
                tracing::debug!("cannot remove {}: {error}", entry.path().display());
            }
        }
    }

    /// Begins a run that will write: clears what dead runs left, and makes a folder for this one.
    pub(crate) fn start_run(&self) -> Result<Run, CacheError> {
        // So that nobody takes a folder for dead whose owner has not locked it yet.
        let lock = self.lock()?;
        run::remove_dead(&self.folder);
        self.remove_unfinished(&lock);
        Run::start(&self.folder).map_err(|error| {
            CacheError::new("cannot write to the cache folder", &self.folder, error)
        })
    }
}

/// Whether a file of this name in a cache folder is ours and but saves time.
fn is_rebuildable(name: &str) -> bool {
    const OTHERS: [&str; 5] = [
        NEW_LAYOUT_FILE,
        DICTIONARY_FILE,
        NEW_DICTIONARY_FILE,
        QUARANTINE_FILE,
        NEW_QUARANTINE_FILE,
    ];
    let is_other = OTHERS.contains(&name) || serve::FILES.contains(&name);
    shard_of_file_name(name).is_some() || is_other
}

fn shard_of_file_name(name: &str) -> Option<ShardId> {
    name.strip_prefix("shard_")?.strip_suffix(".bin")?.parse().ok().map(ShardId)
}

/// Makes a rename in the folder durable. Where folders cannot be opened as files, they need not be.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// The cache folder refused a read or a write.
#[derive(Debug, thiserror::Error)]
#[error("{action} {}: {error}; another folder can be named with --cache-dir", path.display())]
pub struct CacheError {
    action: &'static str,
    path: PathBuf,
    error: io::Error,
}

impl CacheError {
    fn new(action: &'static str, path: &Path, error: io::Error) -> Self {
        Self { action, path: path.to_path_buf(), error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_layout_counts_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_path_buf());
        assert!(cache.load_layout().unwrap().is_none());
        let lock = cache.lock().unwrap();
        cache.store_layout(&Layout::new("id".to_owned(), b"/w"), &lock).unwrap();
        assert!(cache.load_layout().unwrap().is_some());
        fs::write(folder.path().join(LAYOUT_FILE), "{").unwrap();
        assert!(cache.load_layout().unwrap().is_none());
    }

    #[test]
    fn files_of_unknown_shards_go_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_path_buf());
        let lock = cache.lock().unwrap();
        for name in ["shard_7.bin", "shard_x.bin", "notes.txt"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        cache.remove_strangers(&Layout::new("id".to_owned(), b"/w"), &lock);
        assert!(!folder.path().join("shard_7.bin").exists());
        assert!(folder.path().join("shard_x.bin").exists());
        assert!(folder.path().join("notes.txt").exists());
    }

    #[test]
    fn a_folder_with_other_files_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("shard_5.bin"), "mine").unwrap();
        let cache = Cache::new(folder.path().to_path_buf());
        let error = cache.lock().unwrap_err().to_string();
        assert!(error.contains("holds other files"), "{error}");
        assert!(folder.path().join("shard_5.bin").exists());
    }
}
