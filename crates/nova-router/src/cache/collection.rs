//! All workspaces' caches of this user: their list, and the removal of those long unused.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nova_protocol::path;
use xxhash_rust::xxh3::xxh3_64;

use super::{Cache, CacheError, LAYOUT_FILE, run, serve};
use crate::root::{self, Root};

/// A workspace that nobody used for so long is removed.
const UNUSED_AGE_MAX: Duration = Duration::from_secs(90 * 24 * 3600);

/// The folder that holds the cache folders of all workspaces.
#[derive(Debug, Clone)]
pub struct CacheCollection {
    folder: PathBuf,
}

/// One workspace in the cache.
#[derive(Debug, Clone)]
pub struct CachedWorkspace {
    /// Its cache folder.
    pub folder: PathBuf,
    /// The workspace's own folder; `None` if the cache does not tell.
    pub base: Option<PathBuf>,
    /// The size of all its files.
    pub bytes: u64,
    /// When a router last read or wrote it.
    pub last_used: Option<SystemTime>,
}

impl CacheCollection {
    /// The collection in the platform's cache folder; `None` if there is no home folder.
    pub fn of_user() -> Option<Self> {
        let folders = directories::ProjectDirs::from("", "", "nova")?;
        Some(Self { folder: folders.cache_dir().join("workspaces") })
    }

    /// A collection in a folder of one's choice.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The cache folder for the workspace whose base is this folder.
    pub fn folder_for(&self, base: &Path) -> PathBuf {
        let name = base.file_name().unwrap_or(base.as_os_str()).to_string_lossy();
        let name: String =
            name.chars().filter(|c| c.is_alphanumeric() || "-_.".contains(*c)).take(40).collect();
        self.folder.join(format!("{name}-{:016x}", xxh3_64(&path::to_bytes(base))))
    }

    /// The folder that stands for a workspace with these ROOTs: their checkout; else the nearest folder
    /// around them that is a workspace already; else the first of them.
    pub fn base_for(&self, roots: &[Root]) -> PathBuf {
        if let Some(checkout) = root::checkout(roots) {
            return checkout;
        }
        let first = root::first_folder(roots).unwrap_or(Path::new(""));
        let is_known = |folder: &&Path| self.folder_for(folder).join(LAYOUT_FILE).exists();
        first.ancestors().find(is_known).unwrap_or(first).to_path_buf()
    }

    /// The workspaces in the cache, by folder.
    pub fn list(&self) -> io::Result<Vec<CachedWorkspace>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let folders = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
        let mut workspaces: Vec<_> = folders.map(CachedWorkspace::in_folder).collect();
        workspaces.sort_by(|a, b| a.folder.cmp(&b.folder));
        Ok(workspaces)
    }

    /// Removes the workspaces that were not used for [`UNUSED_AGE_MAX`].
    pub(crate) fn remove_unused(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let layout = fs::metadata(entry.path().join(LAYOUT_FILE));
            let used = layout.and_then(|metadata| metadata.modified()).ok();
            let age = used.and_then(|used| used.elapsed().ok());
            if age.is_some_and(|age| age > UNUSED_AGE_MAX) {
                let workspace = CachedWorkspace::in_folder(entry.path());
                match workspace.remove() {
                    Ok(()) => tracing::info!("removed unused {}", workspace.folder.display()),
                    Err(error) => tracing::debug!("{}: {error}", workspace.folder.display()),
                }
            }
        }
    }
}

impl CachedWorkspace {
    /// What is known of the workspace cached in this folder.
    pub fn in_folder(folder: PathBuf) -> Self {
        let layout = fs::metadata(folder.join(LAYOUT_FILE));
        let last_used = layout.and_then(|metadata| metadata.modified()).ok();
        let layout = last_used.and_then(|_| Cache::new(folder.clone()).peek_layout());
        let base = layout.map(|layout| path::from_bytes(layout.base()));
        Self { base, bytes: size(&folder), last_used, folder }
    }

    /// Deletes what routers wrote into the cache folder, and the folder if nothing else is in it.
    pub fn remove(&self) -> Result<(), RemoveError> {
        let cache = Cache::new(self.folder.clone());
        if !cache.is_ours() {
            return Err(RemoveError::NotACache);
        }
        let _lock = cache.lock()?;
        if serve::is_held(&self.folder) {
            return Err(RemoveError::Served);
        }
        if run::is_any_alive(&self.folder) {
            return Err(RemoveError::InUse);
        }
        // Without its layout the cache is none, so that goes first; the lock goes last.
        remove_if_there(&self.folder.join(LAYOUT_FILE))?;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_own_folder = run::is_run_folder(&name) || name == super::COPIES_FOLDER;
            if entry.file_type()?.is_dir() && is_own_folder {
                fs::remove_dir_all(entry.path())?;
            } else if super::is_rebuildable(&name) {
                remove_if_there(&entry.path())?;
            }
        }
        remove_if_there(&self.folder.join(super::TAG_FILE))?;
        remove_if_there(&self.folder.join(super::LOCK_FILE))?;
        match fs::remove_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            other => Ok(other?),
        }
    }
}

/// Why a cached workspace was not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// A person can name any folder with `--cache-dir`.
    #[error("it is not a cache folder of nova")]
    NotACache,
    /// A router keeps it open.
    #[error("nova serve keeps it open; nova serve --stop ends that")]
    Served,
    /// Its files are being written.
    #[error("a nova process is indexing into it; try again when it has ended")]
    InUse,
    /// The folder refused it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The folder could not be locked.
    #[error(transparent)]
    Lock(#[from] CacheError),
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;

    #[test]
    fn a_workspace_is_listed_with_its_base_and_removed_without_touching_strangers() {
        let folder = tempfile::tempdir().unwrap();
        let collection = CacheCollection::in_folder(folder.path().to_path_buf());
        assert!(collection.list().unwrap().is_empty());
        let cache = Cache::new(collection.folder_for(Path::new("/w/project")));
        let lock = cache.lock().unwrap();
        cache.store_layout(&Layout::new("id".to_owned(), b"/w/project"), &lock).unwrap();
        drop(lock);
        fs::write(cache.folder().join("mine.txt"), "").unwrap();

        let listed = collection.list().unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].base.as_deref(), Some(Path::new("/w/project")));
        listed[0].remove().unwrap();
        assert!(cache.folder().join("mine.txt").exists());
        assert!(!cache.folder().join(LAYOUT_FILE).exists());
    }
}
