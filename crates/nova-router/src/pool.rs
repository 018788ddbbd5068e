//! The workers of one router: started when there is work, started again when they die, and gone when
//! the router is.
//!
//! ```text
//!  slot: absent ──launch──▶ connected ──work──▶ idle ──▶ … ──▶ dropped with the pool
//!          ▲                    │ connection lost
//!          └── backoff ◀────────┘ (its shard goes back to the assignment)
//! ```
//!
//! Workers that a person starts come as guests: they are given shards like the others, and are not
//! started again.

mod backoff;
mod crew;
mod door;
mod launch;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nova_index::{ShardId, ShardIdentity};
use nova_protocol::Token;
use nova_protocol::message::{
    FileUpdated, Request, Response, ShardIndexed, UpdateFile, WorkerStats,
};
use nova_rpc::{CallError, Caller, Endpoint, EndpointError};
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::assignment::Assignment;
use crate::cache::run::Run;
use crew::Crew;
use door::Door;
pub use launch::Launch;
pub(crate) use launch::LaunchError;

/// Which workers a router has.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// How many it starts; none if only guests are to work.
    pub count: usize,
    /// Start one for each shard instead.
    pub one_per_shard: bool,
    /// How it starts one.
    pub launch: Launch,
    /// Where guests may connect.
    pub listen: Option<Endpoint>,
    /// The token that guests must show.
    pub token: Option<Token>,
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
#[error("cannot listen for workers: {0}")]
pub struct PoolError(#[from] EndpointError);

/// The workers of one router. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
    guests: tokio::sync::Mutex<mpsc::UnboundedReceiver<Connected>>,
    /// None once it is closed.
    doors: Mutex<Vec<Door>>,
}

#[derive(Debug)]
struct Shared {
    options: WorkerOptions,
    run: Arc<Run>,
    cache_dir: PathBuf,
    /// The token of the workers that this router starts.
    own_token: Token,
    idle: Mutex<Vec<Connected>>,
    /// The processes of started workers that have connected, by name.
    children: Mutex<HashMap<String, Child>>,
    /// Started workers that have not connected yet, by name.
    expected: Mutex<HashMap<String, oneshot::Sender<Connected>>>,
    guests: mpsc::UnboundedSender<Connected>,
    /// Workers that ever asked to join; the number of the next one.
    greeted: AtomicU32,
    /// Workers that ever joined.
    connected: AtomicU32,
    bytes_done: AtomicU64,
    files_done: AtomicU64,
}

/// A worker at the other end of a connection.
#[derive(Debug)]
struct Connected {
    caller: Caller,
    name: String,
    /// The only shards that it takes.
    shards: Option<Vec<u32>>,
    /// What ends it when it is dropped; nothing for a guest.
    _life: Option<launch::Life>,
}

impl Pool {
    /// Opens the doors that workers come in by; starts none.
    pub(crate) fn open(
        options: WorkerOptions,
        run: Arc<Run>,
        cache_dir: PathBuf,
    ) -> Result<Self, PoolError> {
        let own_token: [u8; 16] = rand::random();
        let own_token = Token::new(format!("{:032x}", u128::from_le_bytes(own_token)))
            .expect("thirty-two digits are a token");
        let (guests_in, guests) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            options,
            run,
            cache_dir,
            own_token,
            idle: Mutex::default(),
            children: Mutex::default(),
            expected: Mutex::default(),
            guests: guests_in,
            greeted: AtomicU32::new(0),
            connected: AtomicU32::new(0),
            bytes_done: AtomicU64::new(0),
            files_done: AtomicU64::new(0),
        });
        // A door that was opened before another failed may hold the run for longer than the process lives.
        let doors = door::open_all(&shared).inspect_err(|_| shared.run.remove())?;
        let guests = tokio::sync::Mutex::new(guests);
        Ok(Self { shared, guests, doors: Mutex::new(doors) })
    }

    /// Has workers do all that is, and will be, in the assignment; each shard has one outcome.
    pub(crate) async fn index(
        &self,
        assignment: Arc<Assignment>,
        slots: usize,
        outcomes: mpsc::UnboundedSender<Outcome>,
    ) {
        let mut guests = self.guests.lock().await;
        let mut working = JoinSet::new();
        let crew = Crew { shared: Arc::clone(&self.shared), assignment, outcomes };
        for _ in 0..slots {
            working.spawn(crew.clone().fill_slot());
        }
        let mut last_error = None;
        loop {
            if working.is_empty() && self.shared.options.listen.is_none() {
                crew.assignment.filled().await;
                crew.abandon(last_error.take());
            }
            tokio::select! {
                () = crew.assignment.finished() => break,
                Some(guest) = guests.recv() => {
                    working.spawn(crew.clone().employ(guest));
                }
                Some(ended) = working.join_next() => {
                    last_error = ended.ok().and_then(Result::err).or(last_error);
                }
            }
        }
        // Those who found nothing more to do are idle by now, or about to be.
        while working.join_next().await.is_some() {}
    }

    /// Has some worker scan one file.
    pub(crate) async fn update_file(
        &self,
        request: UpdateFile,
    ) -> Result<FileUpdated, UpdateError> {
        let worker = self.shared.any_worker().await?;
        let response = worker.caller.call(&Request::UpdateFile(request), None).await;
        self.shared.rest(worker);
        match response? {
            Response::UpdateFile(updated) => Ok(updated),
            _ => Err(UpdateError::Call(CallError::WrongAnswer)),
        }
    }

    /// What the idle workers say of themselves, by name.
    pub(crate) async fn stats(&self) -> Vec<(String, WorkerStats)> {
        let workers: Vec<(String, Caller)> =
            self.shared.idle().iter().map(|w| (w.name.clone(), w.caller.clone())).collect();
        let mut all = Vec::new();
        for (name, caller) in workers {
            if let Ok(Response::GetWorkerStats(stats)) =
                caller.call(&Request::GetWorkerStats, Some(STATS_DEADLINE)).await
            {
                all.push((name, stats));
            }
        }
        all
    }

    /// Ends the workers and removes the run's folder, in that order: nobody writes there any more.
    pub(crate) fn close(&self) {
        self.shared.idle().clear();
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

/// A worker that does not say how it is within this time has other work.
const STATS_DEADLINE: Duration = Duration::from_secs(1);

/// Why a file could not be scanned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpdateError {
    /// There is no worker.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// It did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl Shared {
    fn socket(&self) -> Endpoint {
        Endpoint::Unix(self.run.socket())
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connected>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn children(&self) -> MutexGuard<'_, HashMap<String, Child>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expected(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Connected>>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn any_worker(self: &Arc<Self>) -> Result<Connected, LaunchError> {
        let idle = self.idle().pop();
        match idle {
            Some(worker) if !worker.caller.connection().is_closed() => Ok(worker),
            _ => launch::launch(self).await,
        }
    }

    fn rest(&self, worker: Connected) {
        if !worker.caller.connection().is_closed() {
            self.idle().push(worker);
        }
    }
}
