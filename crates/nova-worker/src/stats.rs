//! Counts of what a worker did.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use nova_protocol::message::WorkerStats;

use crate::memory::{self, Memory};

/// Counts since the worker started.
#[derive(Debug)]
pub(crate) struct Stats {
    started: Instant,
    memory_bytes: u64,
    shards_indexed: AtomicU64,
    files_scanned: AtomicU64,
    bytes_scanned: AtomicU64,
    requests_in_flight: AtomicU32,
}

impl Stats {
    /// Of a worker that may use so much memory; half of what there is, if nothing is said.
    pub(crate) fn new(memory_bytes: Option<u64>) -> Self {
        let half = || memory::machine_bytes().unwrap_or(0) / 2;
        Self {
            started: Instant::now(),
            memory_bytes: memory_bytes.unwrap_or_else(half),
            shards_indexed: AtomicU64::new(0),
            files_scanned: AtomicU64::new(0),
            bytes_scanned: AtomicU64::new(0),
            requests_in_flight: AtomicU32::new(0),
        }
    }

    pub(crate) fn count_shard(&self) {
        self.shards_indexed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_scanned(&self, files: u64, bytes: u64) {
        self.files_scanned.fetch_add(files, Ordering::Relaxed);
        self.bytes_scanned.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn begin_request(&self) {
        self.requests_in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end_request(&self) {
        self.requests_in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn report(&self, open_files: usize) -> WorkerStats {
        let memory = Memory::of_this_process();
        WorkerStats {
            pid: std::process::id(),
            uptime_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            resident_bytes: memory.resident_bytes,
            resident_bytes_peak: memory.resident_bytes_peak,
            shards_indexed: self.shards_indexed.load(Ordering::Relaxed),
            files_scanned: self.files_scanned.load(Ordering::Relaxed),
            bytes_scanned: self.bytes_scanned.load(Ordering::Relaxed),
            requests_in_flight: self.requests_in_flight.load(Ordering::Relaxed),
            open_files: u32::try_from(open_files).unwrap_or(u32::MAX),
            cores: u32::try_from(cores()).unwrap_or(u32::MAX),
            memory_bytes: self.memory_bytes,
        }
    }
}

/// How many threads may work at a time.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
