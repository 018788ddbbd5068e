//! One connection for each worker: who has the place, and that it is free again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::name::WorkerName;
use super::refusal::Refusal;

/// The workers that are connected.
#[derive(Debug, Default)]
pub(super) struct Leases {
    taken: Arc<Mutex<HashSet<String>>>,
}

/// The place of one worker; free again when this is dropped.
#[derive(Debug)]
pub struct Lease {
    taken: Arc<Mutex<HashSet<String>>>,
    key: String,
}

impl Leases {
    pub(super) fn take(&self, worker: &WorkerName) -> Result<Lease, Refusal> {
        let key = worker.key();
        let is_free = self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        if !is_free {
            return Err(Refusal::AlreadyConnected(worker.clone()));
        }
        Ok(Lease { taken: Arc::clone(&self.taken), key })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
