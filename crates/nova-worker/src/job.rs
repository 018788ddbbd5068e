//! A request being worked on: whether it is still wanted, and how far it got.

use std::sync::atomic::{AtomicU64, Ordering};

use nova_protocol::message::Progress;
use tokio_util::sync::CancellationToken;

/// Shared by the threads that work on one request and the task that reports on it.
#[derive(Debug, Default)]
pub(crate) struct Job {
    cancelled: CancellationToken,
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Job {
    pub(crate) fn new(cancelled: CancellationToken) -> Self {
        Self { cancelled, ..Self::default() }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.is_cancelled()
    }

    /// Counts a file that is done, of so many bytes.
    pub(crate) fn count_file(&self, bytes: u64) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn progress(&self) -> Progress {
        Progress {
            files: self.files.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }
}
