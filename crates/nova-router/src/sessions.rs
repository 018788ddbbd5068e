//! The sessions that there are, and what workers are told of their open files.
//!
//! Workers keep the text of open files; a new one is given all of it before it has anything else to do, so
//! the death of the others costs nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use nova_protocol::message::{LoadFiles, OpenFile, Request};
use nova_rpc::Caller;

use crate::session::Inner;

/// Text that a worker is given at a time, unless one file has more.
const LOAD_BYTES_MAX: usize = 8 << 20;

/// The sessions with one workspace.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Vec<Weak<Inner>>>);

impl Sessions {
    /// One more is there.
    pub(crate) fn add(&self, session: &Arc<Inner>) {
        let mut sessions = self.lock();
        sessions.retain(|session| session.strong_count() > 0);
        sessions.push(Arc::downgrade(session));
    }

    /// Those that are there.
    pub(crate) fn all(&self) -> Vec<Arc<Inner>> {
        self.lock().iter().filter_map(Weak::upgrade).collect()
    }

    /// Tells a worker that has just come what is open.
    pub(crate) async fn rehydrate(&self, worker: Caller) {
        let mut files: Vec<OpenFile> = Vec::new();
        let mut bytes = 0;
        for session in self.all() {
            for file in session.open_files() {
                if bytes + file.text.len() > LOAD_BYTES_MAX {
                    load(&worker, std::mem::take(&mut files)).await;
                    bytes = 0;
                }
                bytes += file.text.len();
                files.push(file);
            }
        }
        load(&worker, files).await;
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Inner>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn load(worker: &Caller, files: Vec<OpenFile>) {
    if !files.is_empty()
        && let Err(error) = worker.call(&Request::LoadFiles(LoadFiles { files }), None).await
    {
        // Every text goes along with its update as well.
        tracing::debug!("a worker was not told what is open: {error}");
    }
}
