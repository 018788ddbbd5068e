//! One connection to a router, from the handshake to the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nova_protocol::handshake::{Hello, NONCE_BYTES, Nonce};
use nova_protocol::inspection::InspectFile;
use nova_protocol::limits::HANDSHAKE_TIMEOUT;
use nova_protocol::message::{IndexShard, Request, RequestError, Response, UpdateFile};
use nova_protocol::shipping::{BuildIndex, IndexBuilt, StoreTexts};
use nova_protocol::{Token, path};
use nova_rpc::{HandshakeError, IncomingRequest, Responder, join};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::{JoinError, spawn_blocking};

use crate::index_shard::index_shard;
use crate::inspect_file::inspect_file;
use crate::job::Job;
use crate::open_files::OpenFiles;
use crate::scan_all::failed;
use crate::shipping::indexes::Indexes;
use crate::shipping::store::TextStore;
use crate::stats::{Stats, cores};
use crate::update_file::update_file;

/// How often a running [`IndexShard`] tells how far it got.
pub(crate) const PROGRESS_INTERVAL: Duration = Duration::from_millis(50);

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
    /// Where it keeps the texts that it is given, if it does not share the router's disk.
    pub texts: Option<Arc<TextStore>>,
    /// The memory that it says it may use; if nothing is said, half of what there is.
    pub memory_bytes: Option<u64>,
}

/// The router did not take this worker.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ServeError(#[from] pub HandshakeError);

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
        let mut is_local = false;
        let read_nonce = |path: &[u8]| {
            let nonce = read_nonce(&path::from_bytes(path), cache_dir.as_deref());
            is_local = nonce.is_some();
            nonce
        };
        let joined = join(stream, hello, HANDSHAKE_TIMEOUT, read_nonce).await?;
        tracing::debug!("joined as worker {}", joined.welcome.number);
        let mut incoming = joined.into_incoming();
        let state = Arc::new(State {
            stats: Stats::new(self.memory_bytes),
            open_files: is_local.then(OpenFiles::default),
            texts: self.texts.filter(|_| !is_local),
            indexes: Indexes::default(),
        });
        while let Some(incoming_request) = incoming.next().await {
            match incoming_request.request {
                // Pieces are taken in their order.
                Request::StoreTexts(texts) => {
                    incoming_request.responder.respond(state.store(&texts));
                }
                _ => drop(tokio::spawn(answer(incoming_request, Arc::clone(&state)))),
            }
        }
        if let Some(texts) = &state.texts {
            texts.forget_unfinished();
        }
        Ok(())
    }
}

pub(crate) fn read_nonce(path: &Path, cache_dir: Option<&Path>) -> Option<Nonce> {
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
    /// Of a worker that shares the router's disk.
    open_files: Option<OpenFiles>,
    /// Of one that does not.
    texts: Option<Arc<TextStore>>,
    indexes: Indexes,
}

impl State {
    fn store(&self, request: &StoreTexts) -> Result<Response, RequestError> {
        let texts = self.texts()?;
        request.pieces.iter().try_for_each(|piece| texts.take(piece)).map_err(failed)?;
        Ok(Response::StoreTexts)
    }

    /// A worker that was given a store for texts is on another machine than the router: whatever paths name
    /// here is none of the router's business, to read or to write.
    fn may_use_disk(&self) -> bool {
        self.texts.is_none()
    }

    fn texts(&self) -> Result<&Arc<TextStore>, RequestError> {
        let text = "this worker shares the router's disk, and keeps no texts";
        self.texts.as_ref().ok_or_else(|| RequestError::Invalid(text.to_owned()))
    }
}

fn nothing_to_read() -> RequestError {
    let text = "this worker does not share the router's disk, and reads no files";
    RequestError::Invalid(text.to_owned())
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
        Request::IndexShard(_) if !state.may_use_disk() => Err(nothing_to_read()),
        Request::UpdateFile(UpdateFile { text: None, .. }) if !state.may_use_disk() => {
            Err(nothing_to_read())
        }
        Request::InspectFile(InspectFile { text: None, .. }) if !state.may_use_disk() => {
            Err(nothing_to_read())
        }
        Request::InspectFile(request) => {
            let work = spawn_blocking(move || inspect_file(request));
            work.await.map_err(panicked)?.map(Response::InspectFile)
        }
        Request::IndexShard(request) => index(request, responder, state).await,
        Request::UpdateFile(request) => {
            let state = Arc::clone(state);
            let work = spawn_blocking(move || update_file(request, state.open_files.as_ref()));
            work.await.map_err(panicked)?.map(Response::UpdateFile)
        }
        Request::LoadFiles(request) => {
            if let Some(open_files) = &state.open_files {
                request.files.into_iter().for_each(|file| drop(open_files.load(file)));
            }
            Ok(Response::LoadFiles)
        }
        Request::UnloadFiles(request) => {
            if let Some(open_files) = &state.open_files {
                request.paths.into_iter().for_each(|path| open_files.unload(request.session, path));
            }
            Ok(Response::UnloadFiles)
        }
        Request::GetWorkerStats => {
            let open_files = state.open_files.as_ref().map_or(0, OpenFiles::count);
            Ok(Response::GetWorkerStats(state.stats.report(open_files)))
        }
        Request::BuildIndex(request) => build(request, responder, state).await,
        Request::FetchIndex(request) => {
            let state = Arc::clone(state);
            let work = spawn_blocking(move || state.indexes.fetch(&request));
            work.await.map_err(panicked)?.map(Response::FetchIndex)
        }
        Request::StoreTexts(request) => state.store(&request),
    }
}

async fn index(
    request: IndexShard,
    responder: &Responder,
    state: &State,
) -> Result<Response, RequestError> {
    let (indexed, job) = in_background(responder, move |job| index_shard(&request, job)).await?;
    state.stats.count_shard();
    state.stats.count_scanned(indexed.rescanned_files, job.progress().bytes);
    Ok(Response::IndexShard(indexed))
}

async fn build(
    request: BuildIndex,
    responder: &Responder,
    state: &Arc<State>,
) -> Result<Response, RequestError> {
    let (texts, shared) = (Arc::clone(state.texts()?), Arc::clone(state));
    let work = move |job: &Job| shared.indexes.build(&request, &texts, cores(), job);
    let (built, job) = in_background(responder, work).await?;
    if let IndexBuilt::Built { .. } = built {
        state.stats.count_shard();
        state.stats.count_scanned(job.progress().files, job.progress().bytes);
    }
    Ok(Response::BuildIndex(built))
}

/// Has a thread of its own do something that takes long, and tells how far it gets.
async fn in_background<T: Send + 'static>(
    responder: &Responder,
    work: impl FnOnce(&Job) -> Result<T, RequestError> + Send + 'static,
) -> Result<(T, Arc<Job>), RequestError> {
    let job = Arc::new(Job::new(responder.cancelled().clone()));
    let shared = Arc::clone(&job);
    let mut work = spawn_blocking(move || work(&shared));
    let mut tick = tokio::time::interval(PROGRESS_INTERVAL);
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            _ = tick.tick() => responder.progress(job.progress()),
        }
    };
    responder.progress(job.progress());
    Ok((result.map_err(panicked)??, job))
}

pub(crate) fn panicked(error: JoinError) -> RequestError {
    RequestError::Failed(format!("the worker failed, which is a bug: {error}"))
}
