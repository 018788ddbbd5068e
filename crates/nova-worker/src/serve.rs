//! One connection to a router, from the handshake to the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nova_protocol::handshake::{Hello, NONCE_BYTES, Nonce};
use nova_protocol::limits::HANDSHAKE_TIMEOUT;
use nova_protocol::message::{IndexShard, Request, RequestError, Response};
use nova_protocol::{Token, path};
use nova_rpc::{HandshakeError, IncomingRequest, Responder, join};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::{JoinError, spawn_blocking};

use crate::index_shard::index_shard;
use crate::job::Job;
use crate::open_files::OpenFiles;
use crate::stats::Stats;
use crate::update_file::update_file;

/// How often a running [`IndexShard`] tells how far it got.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(50);

/// What a worker tells its router of itself.
#[derive(Debug, Clone, Default)]
pub struct Worker {
    /// What to call it in logs.
    pub name: String,
    /// The secret that lets it in.
    pub token: Option<Token>,
    /// The only shards that it works on.
    pub shards: Option<Vec<u32>>,
    /// The workspace's cache folder, if this worker shares the router's disk: the one folder where it
    /// looks for the file that proves it.
    pub cache_dir: Option<PathBuf>,
}

/// The router did not take this worker.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ServeError(#[from] HandshakeError);

impl Worker {
    /// Works for the router at the other end of a stream until either closes it.
    pub async fn serve<S>(self, stream: S) -> Result<(), ServeError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let hello = Hello {
            token: self.token,
            shards: self.shards,
            ..Hello::worker(self.name, env!("CARGO_PKG_VERSION"))
        };
        let cache_dir = self.cache_dir;
        let read_nonce = |path: &[u8]| read_nonce(&path::from_bytes(path), cache_dir.as_deref());
        let joined = join(stream, hello, HANDSHAKE_TIMEOUT, read_nonce).await?;
        tracing::debug!("joined as worker {}", joined.welcome.number);
        let mut incoming = joined.into_incoming();
        let state = Arc::new(State { stats: Stats::new(), open_files: OpenFiles::default() });
        while let Some(incoming_request) = incoming.next().await {
            tokio::spawn(answer(incoming_request, Arc::clone(&state)));
        }
        Ok(())
    }
}

fn read_nonce(path: &Path, cache_dir: Option<&Path>) -> Option<Nonce> {
    // A router that is not what it seems must not learn what other files hold.
    let cache_dir = std::fs::canonicalize(cache_dir?).ok()?;
    let path = std::fs::canonicalize(path).ok()?;
    if !path.starts_with(cache_dir) {
        return None;
    }
    let nonce: [u8; NONCE_BYTES] = std::fs::read(path).ok()?.try_into().ok()?;
    Some(Nonce(nonce))
}

#[derive(Debug)]
struct State {
    stats: Stats,
    open_files: OpenFiles,
}

async fn answer(incoming: IncomingRequest, state: Arc<State>) {
    let IncomingRequest { request, responder } = incoming;
    state.stats.begin_request();
    let result = work(request, &responder, &state).await;
    state.stats.end_request();
    responder.respond(result);
}

async fn work(
    request: Request,
    responder: &Responder,
    state: &Arc<State>,
) -> Result<Response, RequestError> {
    match request {
        Request::IndexShard(request) => index(request, responder, state).await,
        Request::UpdateFile(request) => {
            let state = Arc::clone(state);
            let work = spawn_blocking(move || update_file(request, &state.open_files));
            work.await.map_err(panicked)?.map(Response::UpdateFile)
        }
        Request::LoadFiles(request) => {
            for file in request.files {
                state.open_files.load(file);
            }
            Ok(Response::LoadFiles)
        }
        Request::UnloadFiles(request) => {
            for path in request.paths {
                state.open_files.unload(request.session, path);
            }
            Ok(Response::UnloadFiles)
        }
        Request::GetWorkerStats => {
            Ok(Response::GetWorkerStats(state.stats.report(state.open_files.count())))
        }
    }
}

async fn index(
    request: IndexShard,
    responder: &Responder,
    state: &State,
) -> Result<Response, RequestError> {
    let job = Arc::new(Job::new(responder.cancelled().clone()));
    let shared = Arc::clone(&job);
    let mut work = spawn_blocking(move || index_shard(&request, &shared));
    let mut tick = tokio::time::interval(PROGRESS_INTERVAL);
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            _ = tick.tick() => responder.progress(job.progress()),
        }
    };
    responder.progress(job.progress());
    let indexed = result.map_err(panicked)??;
    state.stats.count_shard();
    state.stats.count_scanned(indexed.rescanned_files, job.progress().bytes);
    Ok(Response::IndexShard(indexed))
}

fn panicked(error: JoinError) -> RequestError {
    RequestError::Failed(format!("the worker failed, which is a bug: {error}"))
}
