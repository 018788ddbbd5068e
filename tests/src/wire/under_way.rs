//! What was sent and has not arrived.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

/// Bytes that are under way at most: more than any wire here holds.
const BYTES_MAX: usize = 4 << 20;

/// What is under way in one direction, in its order.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    chunks: Mutex<Chunks>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Chunks {
    chunks: VecDeque<(Vec<u8>, Instant)>,
    bytes: usize,
    has_ended: bool,
}

impl UnderWay {
    /// Waits for room; what comes after the end goes nowhere.
    pub(super) fn push(&self, chunk: Vec<u8>, arrives_at: Instant) {
        let mut chunks = self.lock();
        while chunks.bytes > BYTES_MAX && !chunks.has_ended {
            chunks = self.changed.wait(chunks).unwrap_or_else(PoisonError::into_inner);
        }
        chunks.bytes += chunk.len();
        chunks.chunks.push_back((chunk, arrives_at));
        self.changed.notify_all();
    }

    /// Nothing more comes.
    pub(super) fn end(&self) {
        self.lock().has_ended = true;
        self.changed.notify_all();
    }

    /// What arrives next, when it does; nothing at the end.
    pub(super) fn next(&self) -> Option<Vec<u8>> {
        let mut chunks = self.lock();
        let (chunk, arrives_at) = loop {
            if let Some(first) = chunks.chunks.pop_front() {
                break first;
            }
            if chunks.has_ended {
                return None;
            }
            chunks = self.changed.wait(chunks).unwrap_or_else(PoisonError::into_inner);
        };
        chunks.bytes -= chunk.len();
        self.changed.notify_all();
        drop(chunks);
        thread::sleep(arrives_at.saturating_duration_since(Instant::now()));
        Some(chunk)
    }

    fn lock(&self) -> MutexGuard<'_, Chunks> {
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
