//! The folder of one running router inside the cache folder.
//!
//! The router holds a lock in it for as long as it lives. Who finds such a folder unlocked knows that
//! its owner is dead, however it died, and removes it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use nova_index::ShardId;
use nova_protocol::path;
use nova_rpc::private;

const PREFIX: &str = "run-";
const LOCK_FILE: &str = "lock";
const NONCE_FILE: &str = "nonce";
/// Names the folder of the socket, where that is not this one.
const SOCKET_FOLDER_FILE: &str = "socket-folder";
/// The longest path that every platform takes for a socket is 103 bytes.
const SOCKET_PATH_BYTES_MAX: usize = 103;
const SOCKET_FILE: &str = "router.sock";

/// A running router's folder; removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Run {
    folder: PathBuf,
    socket_folder: PathBuf,
    nonce: [u8; 16],
    _lock: File,
}

impl Run {
    /// Makes the folder, with a nonce by which a worker proves that it shares this disk.
    pub(super) fn start(cache: &Path) -> io::Result<Self> {
        let nonce: [u8; 16] = rand::random();
        let name = format!("{PREFIX}{:032x}", u128::from_le_bytes(nonce));
        let folder = cache.join(&name);
        private::make_folder(&folder)?;
        let lock = File::create(folder.join(LOCK_FILE))?;
        lock.lock()?;
        let nonce: [u8; 16] = rand::random();
        fs::write(folder.join(NONCE_FILE), nonce)?;
        let socket_folder = socket_folder(&folder)?;
        Ok(Self { folder, socket_folder, nonce, _lock: lock })
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a worker writes the index of a shard; `attempt` keeps two of them apart.
    pub(crate) fn unpublished(&self, shard: ShardId, attempt: u32) -> PathBuf {
        self.folder.join(format!("shard_{}.{attempt}.bin", shard.0))
    }

    /// Where a worker notes which file of a shard is in work.
    pub(crate) fn record(&self, shard: ShardId, attempt: u32) -> PathBuf {
        self.folder.join(format!("shard_{}.{attempt}.record", shard.0))
    }

    /// Where this router listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.socket_folder.join(SOCKET_FILE)
    }

    /// The file that holds [`Self::nonce`].
    pub(crate) fn nonce_file(&self) -> PathBuf {
        self.folder.join(NONCE_FILE)
    }

    /// What a worker on this machine can read.
    pub(crate) fn nonce(&self) -> [u8; 16] {
        self.nonce
    }

    /// Removes the folder; a second time does nothing.
    pub(crate) fn remove(&self) {
        remove(&self.folder);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.remove();
    }
}

/// This folder, or a private one for temporary files where its path is too long for a socket.
fn socket_folder(folder: &Path) -> io::Result<PathBuf> {
    if folder.join(SOCKET_FILE).as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
        return Ok(folder.to_path_buf());
    }
    let elsewhere = std::env::temp_dir().join(format!("nova-{:016x}", rand::random::<u64>()));
    fs::write(folder.join(SOCKET_FOLDER_FILE), &*path::to_bytes(&elsewhere))?;
    private::make_folder(&elsewhere)?;
    Ok(elsewhere)
}

/// Removes the folders of routers that are dead.
pub(super) fn remove_dead(cache: &Path) {
    run_folders(cache).filter(|folder| !is_alive(folder)).for_each(|folder| remove(&folder));
}

/// Whether a router is at work in this cache folder.
pub(super) fn is_any_alive(cache: &Path) -> bool {
    run_folders(cache).any(|folder| is_alive(&folder))
}

/// Whether a run's folder may be called so: `run-` and thirty-two hexadecimal digits.
pub(super) fn is_run_folder(name: &str) -> bool {
    let digits = name.strip_prefix(PREFIX).unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

fn run_folders(cache: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(cache).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_run_folder))
        .map(|entry| entry.path())
}

fn is_alive(folder: &Path) -> bool {
    // The folders are made under the cache's lock, so one without a lock of its own was left half made.
    let lock = File::open(folder.join(LOCK_FILE));
    lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
}

fn remove(folder: &Path) {
    if let Ok(elsewhere) = fs::read(folder.join(SOCKET_FOLDER_FILE)) {
        let elsewhere = path::from_bytes(&elsewhere);
        drop(fs::remove_file(elsewhere.join(SOCKET_FILE)));
        drop(fs::remove_dir(elsewhere));
    }
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::debug!("cannot remove {}: {error}", folder.display());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_routers_folder_goes_and_a_living_ones_stays() {
        let cache = tempfile::tempdir().unwrap();
        let living = Run::start(cache.path()).unwrap();
        let dead = cache.path().join(format!("run-{:032x}", 1));
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join(LOCK_FILE), "").unwrap();
        fs::write(dead.join("shard_1.0.bin"), "half").unwrap();
        remove_dead(cache.path());
        assert!(!dead.exists());
        assert!(living.nonce_file().exists());
    }

    #[test]
    fn a_path_too_long_for_a_socket_gets_one_elsewhere_and_leaves_nothing() {
        let cache = tempfile::tempdir().unwrap();
        let deep = cache.path().join("d".repeat(120));
        fs::create_dir(&deep).unwrap();
        let run = Run::start(&deep).unwrap();
        let socket = run.socket();
        assert!(socket.as_os_str().len() <= SOCKET_PATH_BYTES_MAX, "{}", socket.display());
        fs::write(&socket, "").unwrap();
        drop(run);
        assert!(!socket.parent().unwrap().exists());
    }
}
