//! A router that keeps a workspace open for frontends to ask.
//!
//! ```text
//!            serve.lock, serve.json                       ┌─ catch_up ─▶ looks at the disk, one at a time
//! frontend ─────── socket ──▶ accept ──▶ conversation ────┤
//!                                        (one each)       └─ lens ─▶ its session, its part of the view
//! ```
//!
//! There is one for a workspace at a time: the one that holds the lock. Each frontend has a session of
//! its own, and none waits for another one, but for an index run that both want.

mod conversation;
mod export;
mod served;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use nova_protocol::frontend::{FrontendDialogue, Look};
use nova_protocol::handshake::{Hello, Reject, RejectCode, Role};
use nova_protocol::limits::Limits;
use nova_rpc::{
    AcceptPolicy, Admission, Endpoint, EndpointError, HandshakeError, Incoming, Listener, Visitor,
    accept,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::cache::run::Run;
use crate::cache::serve::{Record, ServeLock};
use crate::cache::{Cache, CacheError};
use crate::workspace::{NoCacheFolder, Workspace, WorkspaceOptions};
use conversation::Conversation;
use served::State;

/// Frontends at a time.
const FRONTENDS_MAX: usize = 64;
/// Handshakes at a time; who comes later waits in the socket's queue.
const HANDSHAKES_MAX: usize = 64;
/// Requests of one frontend that are not answered yet.
const FRONTEND_REQUESTS_MAX: u32 = 32;
/// How long an index run may take to stop at the end.
const STOP_TIMEOUT: Duration = Duration::from_millis(300);
/// An error of the listening socket does not go away at once.
const ACCEPT_ERROR_PAUSE: Duration = Duration::from_millis(100);

/// A router that listens for frontends.
#[derive(Debug)]
pub struct Daemon {
    state: Arc<State>,
    lock: ServeLock,
    listener: Listener,
    /// The folder that the socket is in.
    run: Run,
}

/// Why a daemon came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Somebody asked it to end.
    Asked,
    /// Nobody was connected for as long as was allowed.
    Idle,
    /// Whoever runs it wanted it to.
    Cancelled,
    /// Its cache folder was deleted, so nobody could find it any more.
    Displaced,
}

/// Why there is no daemon.
#[derive(Debug, thiserror::Error)]
pub enum StartDaemonError {
    /// There is one already.
    #[error("the workspace is kept open already{}", by(.0.as_deref()))]
    Running(Option<Box<Record>>),
    /// There is no place for the cache.
    #[error(transparent)]
    NoCacheFolder(#[from] NoCacheFolder),
    /// The cache folder cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// Nobody can be listened to.
    #[error("cannot listen for frontends: {0}")]
    Endpoint(#[from] EndpointError),
    /// Nobody can be told.
    #[error("cannot write to the cache folder: {0}")]
    Record(#[from] io::Error),
}

fn by(record: Option<&Record>) -> String {
    record.map_or_else(String::new, |record| format!(" by process {}", record.pid))
}

/// Someone who came in.
type Guest = (Incoming<FrontendDialogue>, OwnedSemaphorePermit);

impl Daemon {
    /// Opens a workspace and listens; the index comes up to date once it runs.
    pub async fn start(
        options: WorkspaceOptions,
        product_version: &str,
    ) -> Result<Self, StartDaemonError> {
        let workspace = Arc::new(Workspace::open(options)?);
        let cache = Cache::new(workspace.cache_folder().to_path_buf());
        let Some(lock) = ServeLock::take(&cache)? else {
            return Err(StartDaemonError::Running(
                Record::wait_for(cache.folder()).await.map(Box::new),
            ));
        };
        let (listener, run, record) = match listen(&cache, &workspace, product_version) {
            Ok(listening) => listening,
            Err(error) => {
                lock.end();
                return Err(error);
            }
        };
        let places = Arc::new(Semaphore::new(FRONTENDS_MAX));
        let state = Arc::new(State { workspace, record, places });
        Ok(Self { state, lock, listener, run })
    }

    /// Who it is, and where it listens.
    pub fn record(&self) -> &Record {
        &self.state.record
    }

    /// Serves frontends until somebody wants it to end, or nobody was there for `idle_timeout`. Leaves
    /// nothing behind.
    pub async fn serve(self, idle_timeout: Option<Duration>, cancel: &CancellationToken) -> End {
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        running.spawn(keep_open(Arc::clone(&self.state.workspace), stop.clone()));
        let mut conversations = JoinSet::new();
        let end = tokio::select! {
            end = self.take_in(&mut conversations, idle_timeout) => end,
            () = cancel.cancelled() => End::Cancelled,
            () = self.lock.lost() => End::Displaced,
        };
        self.lock.withdraw();
        drop(self.listener);
        conversations.abort_all();
        stop.cancel();
        let ending = async {
            running.join_next().await;
            self.state.workspace.at_rest().await;
        };
        drop(timeout(STOP_TIMEOUT, ending).await);
        self.state.workspace.close();
        self.run.remove();
        self.lock.end();
        end
    }

    /// Takes in frontends, and has each of them answered.
    async fn take_in(
        &self,
        conversations: &mut JoinSet<()>,
        idle_timeout: Option<Duration>,
    ) -> End {
        let mut handshakes = JoinSet::new();
        loop {
            let may_idle = conversations.is_empty() && handshakes.is_empty();
            let idle = idle_timeout.filter(|_| may_idle);
            tokio::select! {
                visitor = self.listener.accept(), if handshakes.len() < HANDSHAKES_MAX => {
                    match visitor {
                        Ok(visitor) => {
                            drop(handshakes.spawn(greet(Arc::clone(&self.state), visitor)));
                        }
                        Err(error) => {
                            tracing::warn!("{error}");
                            sleep(ACCEPT_ERROR_PAUSE).await;
                        }
                    }
                }
                Some(greeted) = handshakes.join_next() => match greeted {
                    Ok(Ok((incoming, place))) => {
                        let state = Arc::clone(&self.state);
                        conversations.spawn(async move {
                            Conversation::hold(state, incoming).await;
                            drop(place);
                        });
                    }
                    Ok(Err(HandshakeError::AskedToEnd)) => return End::Asked,
                    Ok(Err(error)) => tracing::debug!("a frontend did not come in: {error}"),
                    Err(error) => tracing::warn!("a handshake failed, which is a bug: {error}"),
                },
                Some(_) = conversations.join_next() => {}
                () = sleep(idle.unwrap_or_default()), if idle.is_some() => {
                    if !self.state.workspace.is_building() {
                        return End::Idle;
                    }
                }
            }
        }
    }
}

/// Brings the index up to date, and keeps it so.
async fn keep_open(workspace: Arc<Workspace>, stop: CancellationToken) {
    if let Err(error) = workspace.publish_cached().await {
        tracing::warn!("the index before the first look cannot be used: {error}");
    }
    if let Err(error) = workspace.watch().await {
        tracing::warn!("changes are not watched: {error}");
    }
    // Nobody waits for the first look, but it is due.
    if let Err(error) = workspace.catch_up(Look::AtChanges, &stop).await {
        tracing::warn!("the index is not up to date: {error}");
    }
    workspace.tend(&stop).await;
}

/// Listens, and has frontends find out where.
fn listen(
    cache: &Cache,
    workspace: &Workspace,
    product_version: &str,
) -> Result<(Listener, Run, Record), StartDaemonError> {
    let run = cache.start_run()?;
    let listener = Listener::bind(&Endpoint::Unix(run.socket()))?;
    let record = Record::new(&run.socket(), &workspace.options, product_version);
    record.write(cache.folder())?;
    Ok((listener, run, record))
}

/// The handshake with someone who connected.
async fn greet(state: Arc<State>, visitor: Visitor) -> Result<Guest, HandshakeError> {
    let (stream, _) = visitor.open().await.map_err(|_| HandshakeError::HungUp)?;
    let version = &state.record.product_version;
    let policy = AcceptPolicy {
        role: Role::Frontend,
        limits: Limits { requests_in_flight_max: FRONTEND_REQUESTS_MAX, ..Limits::default() },
        ..AcceptPolicy::new(version.clone(), None)
    };
    let mut place = None;
    let admit = |_: &Hello| {
        place = Arc::clone(&state.places).try_acquire_owned().ok();
        if place.is_none() {
            let message = format!("{FRONTENDS_MAX} frontends are connected, as many as it takes");
            return Err(Reject::new(RejectCode::NotWanted, version.clone(), message));
        }
        Ok(Admission { number: state.frontends() as u32, challenge: None })
    };
    let accepted = accept(stream, &policy, admit).await?;
    let place = place.expect("whoever was accepted was admitted");
    Ok((accepted.into_incoming(), place))
}
