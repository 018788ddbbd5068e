//! One worker as its pool sees it: what it has in hand, and what ended it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use nova_rpc::Caller;
use nova_worker::memory;
use tokio::sync::{OnceCell, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use super::launch::Life;
use super::loss::{Loss, OomKills};

/// A worker at the other end of a connection.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) caller: Caller,
    pub(super) name: String,
    /// The only shards that it takes.
    pub(super) shards: Option<Vec<u32>>,
    /// What ends it; nothing for a guest.
    pub(super) life: Option<Life>,
    /// Somebody gives it shards.
    is_employed: AtomicBool,
    /// Single files that it is at.
    updates: AtomicU32,
    /// Shared by single files; held alone by who must know what the worker is at.
    lane: Arc<RwLock<()>>,
    /// What the system had counted when its last task began.
    oom_kills: Mutex<OomKills>,
    /// Why this router killed it.
    pub(super) condemned: OnceLock<Loss>,
    /// How it was lost, once that is known.
    pub(super) lost: OnceCell<Loss>,
}

/// The right to give shards to a worker.
#[derive(Debug)]
pub(super) struct Employed(pub(super) Arc<Worker>);

/// The right to have a single file scanned by a worker.
#[derive(Debug)]
pub(super) struct Errand {
    pub(super) worker: Arc<Worker>,
    _lane: OwnedRwLockReadGuard<()>,
}

impl Worker {
    pub(super) fn new(caller: Caller, name: String, shards: Option<Vec<u32>>) -> Self {
        Self {
            caller,
            name,
            shards,
            life: None,
            is_employed: AtomicBool::new(false),
            updates: AtomicU32::new(0),
            lane: Arc::default(),
            oom_kills: Mutex::default(),
            condemned: OnceLock::new(),
            lost: OnceCell::new(),
        }
    }

    pub(super) fn is_guest(&self) -> bool {
        self.life.is_none()
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.caller.connection().is_closed() && self.condemned.get().is_none()
    }

    pub(super) fn takes(&self, shard: u32) -> bool {
        self.shards.as_ref().is_none_or(|shards| shards.contains(&shard))
    }

    /// How many requests it has in hand.
    pub(super) fn requests(&self) -> u32 {
        self.updates.load(Ordering::Relaxed) + u32::from(self.is_employed())
    }

    /// Whether somebody gives it shards.
    pub(super) fn is_employed(&self) -> bool {
        self.is_employed.load(Ordering::Acquire)
    }

    /// Its resident memory; `None` for one whose process is not known.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        memory::resident_bytes(self.life.as_ref()?.process()?)
    }

    /// The right to give it shards, if nobody has it.
    pub(super) fn employ(self: &Arc<Self>) -> Option<Employed> {
        let was_free =
            self.is_employed.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
        was_free.is_ok().then(|| Employed(Arc::clone(self)))
    }

    /// The right to have a file scanned, unless somebody needs the worker alone.
    pub(super) fn errand(self: &Arc<Self>) -> Option<Errand> {
        let lane = Arc::clone(&self.lane).try_read_owned().ok()?;
        self.updates.fetch_add(1, Ordering::Relaxed);
        Some(Errand { worker: Arc::clone(self), _lane: lane })
    }

    /// Waits until no single file is in work, and keeps others away until the guard is dropped.
    pub(super) async fn alone(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.lane).write_owned().await
    }

    pub(super) fn note_oom_kills(&self, now: OomKills) {
        *self.oom_kills.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    pub(super) fn oom_kills(&self) -> OomKills {
        *self.oom_kills.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills it for this reason.
    pub(super) fn condemn(&self, loss: Loss) {
        // The first reason is the one.
        drop(self.condemned.set(loss));
        self.end();
    }

    /// Ends it, whatever it is at.
    pub(super) fn end(&self) {
        self.caller.connection().close();
        if let Some(life) = &self.life {
            life.end();
        }
    }
}

impl Drop for Employed {
    fn drop(&mut self) {
        self.0.is_employed.store(false, Ordering::Release);
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        self.worker.updates.fetch_sub(1, Ordering::Relaxed);
    }
}

type Rehydrating = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the pool's owner does with each worker before that is given work, such as to load the text of
/// open files.
#[derive(Clone)]
pub(crate) struct Rehydration(Arc<dyn Fn(Caller) -> Rehydrating + Send + Sync>);

impl Rehydration {
    /// Calls this with each worker that has connected, and waits for what it returns.
    pub(crate) fn new<F>(rehydrate: impl Fn(Caller) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(move |caller| Box::pin(rehydrate(caller))))
    }

    pub(super) async fn rehydrate(&self, caller: Caller) {
        (self.0)(caller).await;
    }
}

/// Does nothing.
impl Default for Rehydration {
    fn default() -> Self {
        Self(Arc::new(|_| Box::pin(std::future::ready(()))))
    }
}

impl fmt::Debug for Rehydration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rehydration(…)")
    }
}
