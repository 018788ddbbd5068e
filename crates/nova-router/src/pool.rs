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
mod launch;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use nova_index::{ShardId, ShardIdentity};
use nova_protocol::handshake::{Hello, Nonce};
use nova_protocol::message::{
    FileUpdated, Request, Response, ShardIndexed, UpdateFile, WorkerStats,
};
use nova_protocol::{Token, path};
use nova_rpc::{
    AcceptPolicy, Admission, CallError, Caller, Challenge, Endpoint, EndpointError, Listener, accept,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::assignment::{Assignment, TASK_ATTEMPTS_MAX, Task};
use crate::cache::run::Run;
use backoff::Backoff;
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
    _doors: Vec<AbortOnDropHandle<()>>,
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
    /// Workers that ever connected.
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
            connected: AtomicU32::new(0),
            bytes_done: AtomicU64::new(0),
            files_done: AtomicU64::new(0),
        });
        let mut doors = Vec::new();
        if shared.options.launch.needs_socket() {
            let own = Some(shared.own_token.clone());
            doors.push(door(&shared, &shared.socket(), own)?);
        }
        if let Some(endpoint) = &shared.options.listen {
            doors.push(door(&shared, endpoint, shared.options.token.clone())?);
        }
        Ok(Self { shared, guests: tokio::sync::Mutex::new(guests), _doors: doors })
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
            tokio::select! {
                () = crew.assignment.finished() => break,
                Some(guest) = guests.recv() => {
                    working.spawn(crew.clone().employ(guest));
                }
                Some(ended) = working.join_next() => {
                    last_error = ended.ok().and_then(Result::err).or(last_error);
                    if working.is_empty() && self.shared.options.listen.is_none() {
                        crew.abandon(last_error.take());
                    }
                }
            }
        }
        // Those who found nothing more to do are idle by now, or about to be.
        while working.join_next().await.is_some() {}
    }

    /// Has some worker scan one file.
    pub(crate) async fn update_file(&self, request: UpdateFile) -> Result<FileUpdated, UpdateError> {
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
        self.shared.run.remove();
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

/// Handshakes at a time; who comes later waits in the socket's queue.
const HANDSHAKES_MAX: usize = 64;
/// An error of the listening socket (out of file descriptors) does not go away at once.
const ACCEPT_ERROR_PAUSE: Duration = Duration::from_millis(100);

/// Takes in whoever connects and shows the token.
fn door(
    shared: &Arc<Shared>,
    endpoint: &Endpoint,
    token: Option<Token>,
) -> Result<AbortOnDropHandle<()>, EndpointError> {
    let listener = Listener::bind(endpoint)?;
    let shared = Arc::clone(shared);
    Ok(AbortOnDropHandle::new(tokio::spawn(async move {
        let mut handshakes = JoinSet::new();
        loop {
            tokio::select! {
                stream = listener.accept(), if handshakes.len() < HANDSHAKES_MAX => match stream {
                    Ok(stream) => {
                        let (shared, token) = (Arc::clone(&shared), token.clone());
                        handshakes.spawn(async move { shared.greet(stream, token).await });
                    }
                    Err(error) => {
                        tracing::warn!("{error}");
                        tokio::time::sleep(ACCEPT_ERROR_PAUSE).await;
                    }
                },
                Some(_) = handshakes.join_next() => {}
            }
        }
    })))
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

    /// The handshake with someone who connected; a worker that was started goes to who waits for it.
    async fn greet<S>(&self, stream: S, token: Option<Token>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let number = self.connected.fetch_add(1, Ordering::Relaxed);
        let policy = AcceptPolicy::new(env!("CARGO_PKG_VERSION"), token);
        let challenge = Challenge {
            path: Bytes::copy_from_slice(&path::to_bytes(&self.run.nonce_file())),
            nonce: Nonce(self.run.nonce()),
        };
        let admit = |_: &Hello| Ok(Admission { worker: number, challenge: Some(challenge) });
        let accepted = match accept(stream, &policy, admit).await {
            Ok(accepted) if accepted.local => accepted,
            Ok(accepted) => {
                tracing::warn!(
                    "sent worker {number} ({}) away: it does not see the cache folder {}; start it \
                     with --cache-dir",
                    accepted.hello.name,
                    self.cache_dir.display()
                );
                return;
            }
            Err(error) => {
                tracing::warn!("worker {number} did not join: {error}");
                return;
            }
        };
        let (name, shards) = (accepted.hello.name.clone(), accepted.hello.shards.clone());
        let waiting = self.expected().remove(&name);
        let caller = accepted.into_caller();
        let worker = Connected { caller, name, shards, _life: None };
        let undelivered = match waiting {
            Some(waiting) => waiting.send(worker).is_err(),
            None => self.guests.send(worker).is_err(),
        };
        if undelivered {
            tracing::debug!("worker {number} joined when nobody wanted it any more");
        }
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

/// What those who work on one assignment share.
#[derive(Clone)]
struct Crew {
    shared: Arc<Shared>,
    assignment: Arc<Assignment>,
    outcomes: mpsc::UnboundedSender<Outcome>,
}

impl Crew {
    /// Keeps one worker at work, starting another in its place when it dies, until all is done or none
    /// can be started.
    async fn fill_slot(self) -> Result<(), LaunchError> {
        let mut backoff = Backoff::new();
        loop {
            match self.shared.any_worker().await {
                Ok(worker) => {
                    if self.work(worker).await {
                        return Ok(());
                    }
                }
                Err(error) if backoff.is_exhausted() => return Err(error),
                Err(error) => tracing::warn!("{error}; trying again"),
            }
            backoff.wait().await;
        }
    }

    /// Has a guest at work until all is done or it leaves.
    async fn employ(self, guest: Connected) -> Result<(), LaunchError> {
        self.work(guest).await;
        Ok(())
    }

    /// Gives shards to a worker; false if it was lost before all was done.
    async fn work(&self, worker: Connected) -> bool {
        while let Some(task) = self.assignment.next(worker.shards.as_deref()).await {
            if let Err(mut task) = self.index(&worker, task).await {
                task.failed_attempts += 1;
                tracing::warn!("worker {} was lost at shard {}", worker.name, task.shard());
                if task.failed_attempts < TASK_ATTEMPTS_MAX {
                    self.assignment.give_back(task);
                } else {
                    let reason = format!("{TASK_ATTEMPTS_MAX} workers were lost at it");
                    self.conclude(&task, Err(reason));
                }
                return false;
            }
        }
        self.shared.rest(worker);
        true
    }

    /// One shard; the task comes back if the worker was lost.
    async fn index(&self, worker: &Connected, task: Task) -> Result<(), Task> {
        let output = self.shared.run.unpublished(task.shard(), task.failed_attempts);
        let mut request = task.request.clone();
        request.output = Bytes::copy_from_slice(&path::to_bytes(&output));
        let mut counted = nova_protocol::message::Progress { files: 0, bytes: 0 };
        let count = |now: nova_protocol::message::Progress| {
            self.shared.files_done.fetch_add(now.files - counted.files, Ordering::Relaxed);
            self.shared.bytes_done.fetch_add(now.bytes - counted.bytes, Ordering::Relaxed);
            counted = now;
        };
        let request = Request::IndexShard(request);
        let answer = worker.caller.call_with_progress(&request, None, count).await;
        let result = match answer {
            Ok(Response::IndexShard(indexed)) => Ok((output, indexed)),
            Ok(_) => Err(CallError::WrongAnswer.to_string()),
            Err(CallError::Disconnected(_)) => return Err(task),
            Err(error) => Err(error.to_string()),
        };
        self.conclude(&task, result);
        Ok(())
    }

    fn conclude(&self, task: &Task, result: Result<(PathBuf, ShardIndexed), String>) {
        self.report(task, result);
        self.assignment.finish();
    }

    /// Gives up what is left when there is nobody to do it.
    fn abandon(&self, error: Option<LaunchError>) {
        let reason = error.map_or_else(|| "no worker is left".to_owned(), |e| e.to_string());
        for task in self.assignment.abandon() {
            self.report(&task, Err(reason.clone()));
        }
    }

    fn report(&self, task: &Task, result: Result<(PathBuf, ShardIndexed), String>) {
        let identity = ShardIdentity(task.request.identity);
        if self.outcomes.send(Outcome { shard: task.shard(), identity, result }).is_err() {
            tracing::debug!("nobody waits for shard {} any more", task.shard());
        }
    }
}
