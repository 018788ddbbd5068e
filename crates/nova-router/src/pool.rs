//! The workers of one router: started when there is work, kept for as long as the router lives, started
//! again when they die or hang or take too much memory, and gone when the router is.
//!
//! ```text
//!             start              rehydrate             employ, errand
//!  (none) ─────────────▶ connected ─────────▶ at rest ◀──────────────▶ at work
//!    ▲                       │                   │                        │
//!    │                       └───────────────────┴── lost, or killed for hanging or for its memory
//!    └── backoff, breaker ◀──────────────────────────┘ (what it was at goes to another one)
//! ```
//!
//! A worker is *employed* by who gives it shards, one at a time, and runs *errands* for single files beside
//! that. Workers that a person starts come as guests: they are given work like the others, and are not
//! started again.

mod backoff;
mod breaker;
mod crew;
mod door;
mod elsewhere;
mod in_process;
mod inspect;
mod launch;
mod loss;
mod memory;
mod spot_check;
mod standing;
mod supervise;
mod update;
mod worker;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nova_index::{ShardId, ShardIdentity};
use nova_protocol::Token;
use nova_protocol::frontend::WorkerStatus;
use nova_protocol::inspection::{InspectFile, Inspected};
use nova_protocol::message::{
    FileUpdated, Request, Response, ShardIndexed, UpdateFile, WorkerStats,
};
use nova_rpc::{Endpoint, EndpointError};
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::assignment::Assignment;
use crate::cache::run::Run;
use crate::quarantine::Quarantine;
use breaker::Breaker;
use crew::Crew;
use door::Door;
use elsewhere::OpenTrustError;
pub use elsewhere::TrustOptions;
pub use in_process::InProcess;
pub use inspect::InspectError;
pub use launch::Launch;
pub(crate) use launch::LaunchError;
pub use memory::WORKER_MEMORY_BYTES_MIN;
use standing::Standings;
pub use supervise::Supervision;
pub(crate) use update::UpdateError;
pub(crate) use worker::Rehydration;
use worker::{Employed, Worker};

/// Which workers a router has.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// How many it starts; none if only guests are to work.
    pub count: usize,
    /// Start one for each shard instead.
    pub one_per_shard: bool,
    /// How it starts one.
    pub launch: Launch,
    /// Whether it takes in workers that somebody else starts, and how.
    pub guests: Option<GuestOptions>,
    /// What it puts up with.
    pub supervision: Supervision,
}

/// How workers come in that somebody else starts.
#[derive(Debug, Clone)]
pub struct GuestOptions {
    /// Where they connect.
    pub listen: Endpoint,
    /// By what they are let in.
    pub admission: GuestAdmission,
    /// Whether work is given up for now if none of them is there, and there are no others.
    pub gives_up: bool,
}

/// By what workers are let in that somebody else starts.
#[derive(Debug, Clone)]
pub enum GuestAdmission {
    /// A token that all of them show.
    Token {
        /// The token.
        token: Token,
        /// Let `tcp:` leave this machine.
        allow_insecure: bool,
    },
    /// A certificate or a token of each worker's own, over `tcp+tls:`.
    Trust(TrustOptions),
}

/// What became of one shard.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) shard: ShardId,
    /// What the file must carry.
    pub(crate) identity: ShardIdentity,
    /// The unpublished file, or why there is none.
    pub(crate) result: Result<(PathBuf, ShardIndexed), String>,
}

/// The router cannot take workers at all.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// They have nowhere to come in.
    #[error("cannot listen for workers: {0}")]
    Endpoint(#[from] EndpointError),
    /// Nobody knows whom to trust.
    #[error("cannot take workers in: {0}")]
    Trust(#[from] OpenTrustError),
}

/// The workers of one router. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
    /// None once it is closed.
    doors: Mutex<Vec<Door>>,
}

#[derive(Debug)]
struct Shared {
    options: WorkerOptions,
    /// Memory that each worker may keep; `None` where nothing tells how much it takes.
    budget_bytes: Option<u64>,
    run: Arc<Run>,
    cache_dir: PathBuf,
    /// The workspace's folder, from which the layout's paths start.
    base: Arc<Mutex<Vec<u8>>>,
    quarantine: Arc<Quarantine>,
    rehydration: Rehydration,
    /// The token of the workers that this router starts.
    own_token: Token,
    breaker: Breaker,
    standings: Standings,
    /// Held by who starts a worker for a single file.
    starting: tokio::sync::Mutex<()>,
    /// Those that may be given work.
    workers: Mutex<Vec<Arc<Worker>>>,
    /// The processes of started workers that have connected, by name.
    children: Mutex<HashMap<String, Child>>,
    /// Started workers that have not connected yet, by name.
    expected: Mutex<HashMap<String, oneshot::Sender<Worker>>>,
    /// Guests that ever came.
    arrivals: watch::Sender<u64>,
    /// Workers that ever asked to join; the number of the next one.
    greeted: AtomicU32,
    /// Workers that ever joined.
    connected: AtomicU32,
    is_closed: AtomicBool,
    /// Attempts at shards: no two write the same file, also when a worker is still at a cancelled one.
    attempts: AtomicU32,
    bytes_done: AtomicU64,
    files_done: AtomicU64,
}

impl Pool {
    /// Opens the doors that workers come in by; starts none.
    pub(crate) fn open(
        options: WorkerOptions,
        run: Arc<Run>,
        (cache_dir, base): (PathBuf, Arc<Mutex<Vec<u8>>>),
        quarantine: Arc<Quarantine>,
        rehydration: Rehydration,
    ) -> Result<Self, PoolError> {
        let own_token: [u8; 16] = rand::random();
        let own_token = Token::new(format!("{:032x}", u128::from_le_bytes(own_token)))
            .expect("thirty-two digits are a token");
        let shared = Arc::new(Shared {
            budget_bytes: options.supervision.budget_bytes(options.count),
            breaker: Breaker::new(options.supervision.start_retry),
            standings: Standings::default(),
            options,
            run,
            cache_dir,
            base,
            quarantine,
            rehydration,
            own_token,
            starting: tokio::sync::Mutex::default(),
            workers: Mutex::default(),
            children: Mutex::default(),
            expected: Mutex::default(),
            arrivals: watch::Sender::new(0),
            greeted: AtomicU32::new(0),
            connected: AtomicU32::new(0),
            is_closed: AtomicBool::new(false),
            attempts: AtomicU32::new(0),
            bytes_done: AtomicU64::new(0),
            files_done: AtomicU64::new(0),
        });
        // A door that was opened before another failed may hold the run for longer than the process lives.
        let doors = door::open_all(&shared).inspect_err(|_| shared.run.remove())?;
        Ok(Self { shared, doors: Mutex::new(doors) })
    }

    /// Has workers do all that is, and will be, in the assignment; each shard has one outcome.
    pub(crate) async fn index(
        &self,
        assignment: Arc<Assignment>,
        slots: usize,
        outcomes: mpsc::UnboundedSender<Outcome>,
    ) {
        let mut arrivals = self.shared.arrivals.subscribe();
        let mut working = JoinSet::new();
        let crew = Crew { shared: Arc::clone(&self.shared), assignment, outcomes };
        for _ in 0..slots {
            working.spawn(crew.clone().fill_slot());
        }
        let (mut last_error, mut is_told) = (None, false);
        let mut idle_since: Option<Instant> = None;
        loop {
            for guest in self.shared.free_guests() {
                working.spawn(crew.clone().host(guest));
            }
            if working.is_empty() && self.shared.options.guests.is_none() {
                crew.assignment.filled().await;
                let error: Option<Arc<LaunchError>> = last_error.take();
                let reason = error.map_or("no worker is left".to_owned(), |it| it.to_string());
                crew.abandon(&reason);
            }
            let guests = self.shared.options.guests.as_ref();
            // Those who are there may not be let to see what there is to do.
            let is_idle = working.is_empty()
                || (self.shared.options.count == 0 && crew.assignment.is_stuck());
            idle_since = is_idle.then(|| idle_since.unwrap_or_else(Instant::now));
            tokio::select! {
                () = crew.assignment.finished() => break,
                Ok(()) = arrivals.changed() => {}
                Some(ended) = working.join_next() => {
                    last_error = ended.ok().and_then(Result::err).or(last_error);
                }
                () = sleep(IDLE_INTERVAL), if guests.is_some() => {
                    let Some(GuestOptions { listen, gives_up, .. }) = guests else { continue };
                    if idle_since.is_none_or(|since| since.elapsed() < GUEST_PATIENCE) {
                        continue;
                    }
                    let who = if working.is_empty() { "" } else { " that may have these shards" };
                    if *gives_up && crew.assignment.is_filled() {
                        crew.abandon(&format!("no worker{who} has come in at {listen}"));
                    } else if !gives_up && !is_told {
                        is_told = true;
                        tracing::warn!("waiting for a worker{who} to come in at {listen}");
                    }
                }
            }
        }
        // Those who found nothing more to do are at rest by now, or about to be.
        while working.join_next().await.is_some() {}
    }

    /// Has some worker scan one file; goes on when nobody waits for it any more, so that a file that
    /// breaks its worker is found.
    pub(crate) async fn update_file(
        &self,
        request: UpdateFile,
    ) -> Result<FileUpdated, UpdateError> {
        let update = tokio::spawn(Arc::clone(&self.shared).update(request));
        update.await.unwrap_or(Err(UpdateError::Ending))
    }

    /// Has some worker answer a question about one text.
    pub(crate) async fn inspect(&self, request: InspectFile) -> Result<Inspected, InspectError> {
        self.shared.inspect(request).await
    }

    /// Tells all workers something that they need not answer.
    pub(crate) fn tell_all(&self, request: &Request) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        for worker in self.shared.workers().iter() {
            let (caller, request) = (worker.caller.clone(), request.clone());
            runtime.spawn(async move {
                // Who is gone has nothing to be told.
                drop(caller.call(&request, None).await);
            });
        }
    }

    /// What the workers say of themselves, by name.
    pub(crate) async fn stats(&self) -> Vec<WorkerStatus> {
        let workers = self.shared.workers().clone();
        let mut all = JoinSet::new();
        for worker in workers {
            let trouble = self.shared.standings.trouble(&worker.name);
            all.spawn(async move {
                let ask = worker.caller.call(&Request::GetWorkerStats, Some(STATS_DEADLINE));
                let stats = match ask.await {
                    Ok(Response::GetWorkerStats(stats)) => stats,
                    // Who does not say is there all the same.
                    _ if worker.is_alive() => WorkerStats::default(),
                    _ => return None,
                };
                let trouble = trouble.filter(|_| !worker.shares_disk());
                let status = worker.status(stats);
                Some(WorkerStatus { last_error: trouble.or(status.last_error), ..status })
            });
        }
        let mut all: Vec<_> = all.join_all().await.into_iter().flatten().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Ends the workers and removes the run's folder, in that order: nobody writes there any more.
    pub(crate) fn close(&self) {
        self.shared.is_closed.store(true, Ordering::Relaxed);
        let workers = std::mem::take(&mut *self.shared.workers());
        workers.iter().for_each(|worker| worker.end());
        let children: Vec<Child> = self.shared.children().drain().map(|(_, child)| child).collect();
        launch::end(children);
        self.doors.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.shared.run.remove();
    }

    /// The folder of this run.
    pub(crate) fn run_folder(&self) -> &Path {
        self.shared.run.folder()
    }

    /// How many workers ever connected.
    pub(crate) fn connected(&self) -> usize {
        self.shared.connected.load(Ordering::Relaxed) as usize
    }

    /// Files and source bytes that workers report as done.
    pub(crate) fn done(&self) -> (u64, u64) {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (load(&self.shared.files_done), load(&self.shared.bytes_done))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close();
    }
}

/// Where all workers are guests one is waited for so long before anything is said or done about it.
const GUEST_PATIENCE: Duration = Duration::from_secs(3);

/// How often it is looked whether anything is done.
const IDLE_INTERVAL: Duration = Duration::from_millis(500);

/// A worker that does not say how it is within this time has other work.
const STATS_DEADLINE: Duration = Duration::from_secs(1);

impl Shared {
    fn socket(&self) -> Endpoint {
        Endpoint::Unix(self.run.socket())
    }

    fn workers(&self) -> MutexGuard<'_, Vec<Arc<Worker>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn children(&self) -> MutexGuard<'_, HashMap<String, Child>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expected(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Worker>>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// The guests that nobody employs.
    fn free_guests(&self) -> Vec<Employed> {
        let workers = self.workers();
        let guests = workers.iter().filter(|worker| worker.is_guest() && worker.is_alive());
        guests.flat_map(|guest| std::iter::from_fn(|| guest.employ())).collect()
    }

    /// Whether a worker elsewhere is the one to have a shard rather than the others: by the highest random
    /// weight, so that few shards move when one comes or goes, and texts are where they were.
    fn is_favourite(&self, worker: &Worker, shard: u32) -> bool {
        let weight = |name: &str| {
            let mut hasher = DefaultHasher::new();
            (name, shard).hash(&mut hasher);
            hasher.finish()
        };
        let workers = self.workers();
        let rivals = workers.iter().filter(|it| !it.shares_disk() && it.is_alive());
        rivals.map(|it| weight(&it.name)).max() == Some(weight(&worker.name))
    }

    /// A started worker to give shards to: one to which nobody gives any, else a new one.
    async fn employ(self: &Arc<Self>) -> Result<Employed, Arc<LaunchError>> {
        let free = {
            let workers = self.workers();
            let mut own = workers.iter().filter(|worker| !worker.is_guest() && worker.is_alive());
            own.find_map(|worker| worker.employ())
        };
        if let Some(employed) = free {
            return Ok(employed);
        }
        let worker = self.start().await?;
        let employed = worker.employ().expect("nobody else knows the worker yet");
        self.register(&worker);
        Ok(employed)
    }

    /// What becomes of a worker that has done something: it stays, unless it keeps too much memory or was
    /// only needed because others were not free.
    fn rest(&self, worker: &Arc<Worker>) {
        if worker.is_guest() || worker.requests() > 0 || !worker.is_alive() {
            return;
        }
        if self.is_over_budget(worker) || self.has_too_many() {
            // Nobody is to come upon it meanwhile.
            if let Some(_employed) = worker.employ() {
                self.retire(worker);
            }
        }
    }

    /// Whether fewer started workers live than the router is to have.
    fn has_room(&self) -> bool {
        self.own_workers() < self.options.count.max(1)
    }

    /// Whether more of them live.
    fn has_too_many(&self) -> bool {
        self.own_workers() > self.options.count.max(1)
    }

    fn own_workers(&self) -> usize {
        self.workers().iter().filter(|worker| !worker.is_guest() && worker.is_alive()).count()
    }
}

#[cfg(test)]
mod tests;
