//! One worker as its pool sees it: what it has in hand, and what ended it.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use nova_protocol::frontend::WorkerStatus;
use nova_protocol::message::WorkerStats;
use nova_rpc::Caller;
use nova_worker::memory;
use tokio::sync::{OnceCell, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio_util::task::AbortOnDropHandle;

use super::elsewhere::Pass;
use super::launch::Life;
use super::loss::{Loss, OomKills};
use crate::assignment::WorkerId;

/// A worker at the other end of a connection.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) caller: Caller,
    pub(super) name: String,
    /// The only shards that it takes.
    pub(super) shards: Option<Vec<u32>>,
    /// Tells it from others of its name.
    pub(super) id: WorkerId,
    /// What ends it; nothing for a guest.
    pub(super) life: Option<Life>,
    /// Where it is.
    seat: Seat,
    /// How many give it shards, one each at a time.
    employers: AtomicUsize,
    /// What it was given.
    work: Mutex<Work>,
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
    /// Whether its loss was counted against it: it may have had several shards in hand.
    pub(super) is_loss_counted: AtomicBool,
}

/// Where a worker is.
#[derive(Debug)]
pub(super) enum Seat {
    /// On the router's disk.
    Here,
    /// On another one.
    Elsewhere {
        /// How many shards it does at a time.
        lanes: usize,
        /// What it may have.
        pass: Arc<Pass>,
        /// Its agent.
        _serving: AbortOnDropHandle<()>,
    },
}

/// The shards that a worker was given.
#[derive(Debug, Default)]
struct Work {
    in_hand: BTreeSet<u32>,
    bytes_done: u64,
    busy: Duration,
    last_error: Option<String>,
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
    pub(super) fn new(caller: Caller, name: String, shards: Option<Vec<u32>>, seat: Seat) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        Self {
            caller,
            id: WorkerId(MADE.fetch_add(1, Ordering::Relaxed)),
            name,
            shards,
            life: None,
            seat,
            employers: AtomicUsize::new(0),
            work: Mutex::default(),
            updates: AtomicU32::new(0),
            lane: Arc::default(),
            oom_kills: Mutex::default(),
            condemned: OnceLock::new(),
            lost: OnceCell::new(),
            is_loss_counted: AtomicBool::new(false),
        }
    }

    pub(super) fn is_guest(&self) -> bool {
        self.life.is_none()
    }

    /// Whether it reads and writes the router's disk.
    pub(super) fn shares_disk(&self) -> bool {
        matches!(self.seat, Seat::Here)
    }

    pub(super) fn is_alive(&self) -> bool {
        !self.caller.connection().is_closed() && self.condemned.get().is_none()
    }

    /// What one elsewhere was let in by.
    pub(super) fn pass(&self) -> Option<&Pass> {
        match &self.seat {
            Seat::Here => None,
            Seat::Elsewhere { pass, .. } => Some(pass),
        }
    }

    /// Whether it may be given files of a source root in a shard.
    pub(super) fn takes(&self, shard: u32, root: &[u8]) -> bool {
        self.shards.as_ref().is_none_or(|shards| shards.contains(&shard))
            && self.pass().is_none_or(|pass| pass.may_have(root))
    }

    /// Notes that it is given a shard, until what is returned is dropped.
    pub(super) fn take_in_hand(&self, shard: u32) -> InHand<'_> {
        self.work().in_hand.insert(shard);
        InHand { worker: self, shard, since: Instant::now() }
    }

    /// How it is, with what it says itself.
    pub(super) fn status(&self, stats: WorkerStats) -> WorkerStatus {
        let work = self.work();
        WorkerStatus {
            name: self.name.clone(),
            address: self.pass().map(|pass| pass.address().to_string()),
            shards: work.in_hand.iter().copied().collect(),
            bytes_done: work.bytes_done,
            busy_ms: u64::try_from(work.busy.as_millis()).unwrap_or(u64::MAX),
            last_error: work.last_error.clone(),
            stats,
        }
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many requests it has in hand.
    pub(super) fn requests(&self) -> u32 {
        self.updates.load(Ordering::Relaxed) + u32::from(self.is_employed())
    }

    /// Whether somebody gives it shards.
    pub(super) fn is_employed(&self) -> bool {
        self.employers.load(Ordering::Acquire) > 0
    }

    /// Its resident memory; `None` for one whose process is not known.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        memory::resident_bytes(self.life.as_ref()?.process()?)
    }

    /// The right to give it shards, if not as many have it as it does at a time.
    pub(super) fn employ(self: &Arc<Self>) -> Option<Employed> {
        let lanes = match &self.seat {
            Seat::Here => 1,
            Seat::Elsewhere { lanes, .. } => *lanes,
        };
        let one_more = |employers| (employers < lanes).then_some(employers + 1);
        let employed = self.employers.fetch_update(Ordering::Acquire, Ordering::Relaxed, one_more);
        employed.is_ok().then(|| Employed(Arc::clone(self)))
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

/// A shard that a worker was given.
pub(super) struct InHand<'w> {
    worker: &'w Worker,
    shard: u32,
    since: Instant,
}

impl InHand<'_> {
    /// Notes that so much source of it is done.
    pub(super) fn done(&self, bytes: u64) {
        let mut work = self.worker.work();
        work.bytes_done += bytes;
        work.busy += self.since.elapsed();
    }

    /// Notes why it is not done.
    pub(super) fn failed(&self, reason: &str) {
        self.worker.work().last_error = Some(reason.to_owned());
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.worker.work().in_hand.remove(&self.shard);
    }
}

impl Drop for Employed {
    fn drop(&mut self) {
        self.0.employers.fetch_sub(1, Ordering::Release);
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
