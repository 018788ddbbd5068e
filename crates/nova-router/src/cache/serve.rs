//! The files of the router that keeps a workspace open: its lock, who it is, what it had to say.
//!
//! ```text
//! serve.lock   held for as long as the router lives, so whoever finds it free knows that the rest is stale
//! serve.json   written by rename when the router listens; how frontends find it
//! serve.log    the standard error of a router that nobody watches
//! ```
//!
//! The lock is taken, tried and removed under the cache folder's own lock only, so nobody who merely
//! looks is ever taken for a router.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nova_protocol::handshake::VersionRange;
use nova_protocol::path;
use nova_rpc::Endpoint;
use nova_worker::disk;
use serde::{Deserialize, Serialize};
use tokio::time::{sleep, timeout};

use super::{Cache, CacheError, run};
use crate::layout::PathText;
use crate::workspace::WorkspaceOptions;

const LOCK_FILE: &str = "serve.lock";
const RECORD_FILE: &str = "serve.json";
const NEW_RECORD_FILE: &str = "serve.json.new";
const LOG_FILE: &str = "serve.log";

/// A router that has the lock listens by then, or never will.
const STARTING_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a router looks whether its lock is still where it was.
const LOST_INTERVAL: Duration = Duration::from_secs(2);
/// A log that has become longer begins anew.
const LOG_BYTES_MAX: u64 = 4 << 20;
/// How often it is looked whether a router listens.
const LOOK_PAUSE: Duration = Duration::from_millis(5);

/// What a router that keeps a workspace open has in the cache folder.
pub(super) const FILES: [&str; 4] = [LOCK_FILE, RECORD_FILE, NEW_RECORD_FILE, LOG_FILE];

/// Who keeps a workspace open, and where it listens. `pid` and `socket` mean the same in every version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its process.
    pub pid: u32,
    socket: PathText,
    /// The version of its program.
    #[serde(default)]
    pub product_version: String,
    /// The protocol versions that it speaks.
    #[serde(default)]
    protocol: (u16, u16),
    /// When it began to listen, in milliseconds since 1970.
    #[serde(default)]
    pub since_ms: u64,
    #[serde(default)]
    roots: Vec<PathText>,
    #[serde(default)]
    heed_ignore_files: bool,
    #[serde(default)]
    file_bytes_max: u64,
    #[serde(default)]
    shard_bytes_max: u64,
}

impl Record {
    /// This process, listening there.
    pub(crate) fn new(socket: &Path, options: &WorkspaceOptions, product_version: &str) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let VersionRange { min, max } = VersionRange::CURRENT;
        let path = |path: &Path| PathText::new(&path::to_bytes(path));
        Self {
            pid: std::process::id(),
            socket: path(socket),
            product_version: product_version.to_owned(),
            protocol: (min.0, max.0),
            since_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            roots: options.roots.iter().map(|root| path(&root.real)).collect(),
            heed_ignore_files: options.heed_ignore_files,
            file_bytes_max: options.file_bytes_max,
            shard_bytes_max: options.shard_bytes_max,
        }
    }

    /// What the cache folder tells; it may be stale.
    pub(crate) fn read(cache: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(cache.join(RECORD_FILE)).ok()?).ok()
    }

    /// What whoever has the lock tells; it may have taken that a moment ago, and not listen yet.
    pub(crate) async fn wait_for(cache: &Path) -> Option<Self> {
        let record = async {
            loop {
                match Self::read(cache) {
                    Some(record) => return record,
                    None => sleep(LOOK_PAUSE).await,
                }
            }
        };
        timeout(STARTING_TIMEOUT, record).await.ok()
    }

    /// Has frontends find this.
    pub(crate) fn write(&self, cache: &Path) -> io::Result<()> {
        let unfinished = cache.join(NEW_RECORD_FILE);
        fs::write(&unfinished, serde_json::to_vec(self)?)?;
        fs::rename(&unfinished, cache.join(RECORD_FILE))
    }

    /// Where it listens.
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint::Unix(path::from_bytes(self.socket.as_bytes()))
    }

    /// The ROOTs that it serves.
    pub fn roots(&self) -> impl Iterator<Item = PathBuf> {
        self.roots.iter().map(|root| path::from_bytes(root.as_bytes()))
    }

    /// When it began to listen.
    pub fn since(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.since_ms)
    }
}

/// The right to keep a workspace open, which only one process has.
#[derive(Debug)]
pub(crate) struct ServeLock {
    cache: Cache,
    lock: File,
}

impl ServeLock {
    /// Takes the lock, and clears away what a dead owner left; `None` if another process has it.
    pub(crate) fn take(cache: &Cache) -> Result<Option<Self>, CacheError> {
        let _guard = cache.lock()?;
        let path = cache.folder().join(LOCK_FILE);
        let open = || OpenOptions::new().create(true).append(true).open(&path);
        let lock = open().map_err(|error| CacheError::new("cannot open", &path, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => {
                return Err(CacheError::new("cannot lock", &path, error));
            }
        }
        let serve = Self { cache: cache.clone(), lock };
        serve.withdraw();
        Ok(Some(serve))
    }

    /// Waits until somebody has deleted the cache folder: then nobody finds this router, and another one
    /// may have come in its place. Meanwhile it sees to the log, which nobody else does.
    pub(crate) async fn lost(&self) {
        while self.is_in_place() {
            self.bound_log();
            sleep(LOST_INTERVAL).await;
        }
    }

    /// Whoever writes there appends, so that it goes on at the beginning.
    fn bound_log(&self) {
        let log = OpenOptions::new().write(true).open(self.cache.folder().join(LOG_FILE));
        let Ok(log) = log else { return };
        if log.metadata().is_ok_and(|log| log.len() > LOG_BYTES_MAX)
            && let Err(error) = log.set_len(0)
        {
            tracing::debug!("cannot shorten the log: {error}");
        }
    }

    fn is_in_place(&self) -> bool {
        let inode = |metadata: io::Result<fs::Metadata>| metadata.map(|it| disk::stamp(&it).inode);
        let there = inode(fs::metadata(self.cache.folder().join(LOCK_FILE)));
        match (inode(self.lock.metadata()), there) {
            (Ok(held), Ok(there)) => held == there,
            (_, Err(error)) => error.kind() != io::ErrorKind::NotFound,
            (Err(_), _) => true,
        }
    }

    /// Has nobody find this router any more.
    pub(crate) fn withdraw(&self) {
        if !self.is_in_place() {
            return;
        }
        for name in [RECORD_FILE, NEW_RECORD_FILE] {
            // Mostly there is none.
            drop(fs::remove_file(self.cache.folder().join(name)));
        }
    }

    /// Removes the files. The lock itself stays held until the process has ended, so that whoever waits
    /// for it waits for that.
    pub(crate) fn end(self) {
        if self.is_in_place() {
            let guard = self.cache.lock();
            self.withdraw();
            for name in [LOCK_FILE, LOG_FILE] {
                drop(fs::remove_file(self.cache.folder().join(name)));
            }
            drop(guard);
        }
        std::mem::forget(self.lock);
    }
}

/// Whether some process keeps the workspace open; asked under the cache folder's lock.
pub(super) fn is_held(cache: &Path) -> bool {
    let lock = File::open(cache.join(LOCK_FILE));
    lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
}

/// The lock of the process that keeps the workspace open now, whatever comes after it.
#[derive(Debug)]
pub(crate) struct Owner {
    cache: Cache,
    lock: Option<File>,
}

impl Owner {
    /// Looks for one.
    pub(crate) fn of(cache: &Cache) -> Self {
        let lock = File::open(cache.folder().join(LOCK_FILE)).ok();
        Self { cache: cache.clone(), lock }
    }

    /// Whether it is still there.
    pub(crate) fn is_alive(&self) -> bool {
        let Some(lock) = &self.lock else { return false };
        let _guard = self.cache.lock();
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => true,
            _ => {
                drop(lock.unlock());
                false
            }
        }
    }
}

/// Clears away what a dead router left.
pub(crate) fn clear(cache: &Cache) -> Result<(), CacheError> {
    if !cache.is_ours() {
        return Ok(());
    }
    let is_there = FILES.iter().any(|name| cache.folder().join(name).exists());
    if is_there && let Some(lock) = ServeLock::take(cache)? {
        lock.end();
    }
    let guard = cache.lock()?;
    run::remove_dead(cache.folder());
    cache.remove_unfinished(&guard);
    Ok(())
}

/// Opens the file for what a router has to say that nobody watches.
pub(crate) fn open_log(cache: &Cache) -> Result<File, CacheError> {
    cache.claim()?;
    let path = cache.folder().join(LOG_FILE);
    let opened = OpenOptions::new().create(true).read(true).append(true).open(&path);
    opened.map_err(|error| CacheError::new("cannot open", &path, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn cache(folder: &tempfile::TempDir) -> Cache {
        Cache::new(folder.path().join("cache"))
    }

    #[test]
    fn one_has_the_lock_and_its_end_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder);
        let first = ServeLock::take(&cache).unwrap().unwrap();
        assert!(ServeLock::take(&cache).unwrap().is_none());
        let owner = Owner::of(&cache);
        assert!(owner.is_alive());
        first.end();
        let names = fs::read_dir(cache.folder()).unwrap().map(|it| it.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, ["CACHEDIR.TAG", "lock"]);
        assert!(ServeLock::take(&cache).unwrap().is_some());
        // This process has not ended, so the first one has not.
        assert!(owner.is_alive());
    }

    #[test]
    fn a_log_that_has_become_long_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder);
        let lock = ServeLock::take(&cache).unwrap().unwrap();
        lock.bound_log();
        let mut log = open_log(&cache).unwrap();
        let line = vec![b'x'; LOG_BYTES_MAX as usize];
        log.write_all(&line).unwrap();
        lock.bound_log();
        assert_eq!(log.metadata().unwrap().len(), LOG_BYTES_MAX);
        log.write_all(b"x").unwrap();
        lock.bound_log();
        log.write_all(b"new").unwrap();
        assert_eq!(fs::read(cache.folder().join(LOG_FILE)).unwrap(), b"new");
        lock.end();
    }

    #[test]
    fn what_a_dead_router_left_is_found_stale_and_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder);
        drop(cache.lock().unwrap());
        for name in [LOCK_FILE, RECORD_FILE] {
            fs::write(cache.folder().join(name), "{").unwrap();
        }
        assert!(!Owner::of(&cache).is_alive());
        assert!(Record::read(cache.folder()).is_none());
        let lock = ServeLock::take(&cache).unwrap().unwrap();
        assert!(!cache.folder().join(RECORD_FILE).exists());
        lock.end();
    }

    #[test]
    fn a_record_of_another_version_still_tells_who_and_where() {
        let folder = tempfile::tempdir().unwrap();
        let later = r#"{"pid":7,"socket":"/run/s","roots":[[47,255]],"moods":["good"]}"#;
        fs::write(folder.path().join(RECORD_FILE), later).unwrap();
        let record = Record::read(folder.path()).unwrap();
        assert_eq!((record.pid, record.endpoint().to_string()), (7, "unix:/run/s".to_owned()));
    }
}
