//! Stands at the router for a worker that is elsewhere: reads the files that the worker lacks, and writes the
//! index that it builds.
//!
//! It scans nothing: what a hostile file could break is the worker. It believes nothing: an index that comes
//! back is checked like any foreign file, and its list of files against what was to be scanned.

mod exchange;
mod manifest;
mod merge;
mod ship;

use std::sync::Arc;

use bytes::Bytes;
use nova_index::{ContentHash, OpenShardError, Shard, ShardIdentity};
use nova_protocol::Token;
use nova_protocol::handshake::Hello;
use nova_protocol::inspection::{InspectFile, Inspected};
use nova_protocol::limits::HANDSHAKE_TIMEOUT;
use nova_protocol::message::{FileUpdated, Location, Request, RequestError, Response, UpdateFile};
use nova_rpc::{CallError, Caller, Fault, IncomingRequest, Responder, join};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::disk;
use crate::scan_all::{Texts, failed};
use crate::scan_file::{Scanned, scan_read};
use crate::serve::{ServeError, panicked, read_nonce};
use crate::{inspect_file, update_file};

/// What an agent tells the router of its worker.
#[derive(Debug, Clone)]
pub struct Agent {
    /// The worker, at the other end of a network.
    pub remote: Caller,
    /// What to call it in logs.
    pub name: String,
    /// The only shards that it works on.
    pub shards: Option<Vec<u32>>,
    /// What lets the agent in at the router.
    pub token: Option<Token>,
    /// The router's cache folder.
    pub cache_dir: std::path::PathBuf,
}

/// A worker that did not do what was asked.
#[derive(Debug, thiserror::Error)]
enum AgentError {
    /// For this or that reason the request is not done; the worker may well do the next one.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// It is gone.
    #[error("{0}")]
    Gone(String),
    /// It answers what no worker would.
    #[error("{0}")]
    Caught(String),
}

impl From<CallError> for AgentError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Request(error) => Self::Request(error),
            CallError::Disconnected(_) => Self::Gone(error.to_string()),
            CallError::DeadlineExceeded(_) | CallError::Unsendable(_) => {
                Self::Request(failed(error))
            }
            CallError::Unreadable(_) | CallError::WrongAnswer => Self::Caught(error.to_string()),
        }
    }
}

impl Agent {
    /// Works for the router at the other end of a stream until either closes it, or the worker is gone.
    /// What it was cut off for, if it was.
    pub async fn serve<S>(self, stream: S) -> Result<Option<String>, ServeError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let hello = Hello {
            token: self.token.clone(),
            shards: self.shards.clone(),
            ..Hello::worker(self.name.clone(), env!("CARGO_PKG_VERSION"))
        };
        let nonce =
            |path: &[u8]| read_nonce(&nova_protocol::path::from_bytes(path), Some(&self.cache_dir));
        let mut incoming = join(stream, hello, HANDSHAKE_TIMEOUT, nonce).await?.into_incoming();
        let agent = Arc::new(self);
        let (cut, mut is_cut) = mpsc::channel::<Option<String>>(1);
        let gone = agent.remote.connection().clone();
        let caught = loop {
            let request = tokio::select! {
                request = incoming.next() => request,
                closed = gone.closed() => {
                    tracing::info!("worker {} is gone: {closed}", agent.name);
                    if closed.fault() == Fault::Peer {
                        break Some(closed.to_string());
                    }
                    None
                }
                Some(caught) = is_cut.recv() => break caught,
            };
            let Some(request) = request else { break None };
            tokio::spawn(Arc::clone(&agent).answer(request, cut.clone()));
        };
        agent.remote.connection().close();
        Ok(caught)
    }

    async fn answer(self: Arc<Self>, incoming: IncomingRequest, cut: mpsc::Sender<Option<String>>) {
        let IncomingRequest { request, responder } = incoming;
        let cancelled = responder.cancelled().clone();
        let result = tokio::select! {
            result = self.work(request, &responder) => result,
            () = cancelled.cancelled() => Err(RequestError::Cancelled.into()),
        };
        match result {
            Ok(response) => responder.respond(Ok(response)),
            Err(AgentError::Request(error)) => responder.respond(Err(error)),
            // The router finds the connection closed, and has others do what was in hand.
            Err(error @ (AgentError::Gone(_) | AgentError::Caught(_))) => {
                let is_caught = matches!(error, AgentError::Caught(_));
                // Of several the first says why.
                drop(cut.try_send(is_caught.then(|| error.to_string())));
                // Once the connection has ended there is nobody to be answered.
                cancelled.cancelled().await;
            }
        }
    }

    async fn work(
        self: &Arc<Self>,
        request: Request,
        responder: &Responder,
    ) -> Result<Response, AgentError> {
        match request {
            Request::IndexShard(request) => {
                self.index_shard(request, responder).await.map(Response::IndexShard)
            }
            Request::UpdateFile(request) => {
                self.update_file(request).await.map(Response::UpdateFile)
            }
            Request::InspectFile(request) => {
                self.inspect_file(request).await.map(Response::InspectFile)
            }
            // The texts of open files go along with each request.
            Request::LoadFiles(_) => Ok(Response::LoadFiles),
            Request::UnloadFiles(_) => Ok(Response::UnloadFiles),
            Request::GetWorkerStats => Ok(self.remote.call(&request, None).await?),
            Request::BuildIndex(_) | Request::StoreTexts(_) | Request::FetchIndex(_) => {
                Err(RequestError::Invalid("this worker reads files itself".to_owned()).into())
            }
        }
    }

    async fn inspect_file(&self, request: InspectFile) -> Result<Inspected, AgentError> {
        let read = move || inspect_file::with_text(request);
        let mut request = match spawn_blocking(read).await.map_err(panicked)?? {
            Ok(request) => request,
            Err(unreadable) => return Ok(unreadable),
        };
        // Where the file lies here is nobody's business there.
        request.root.location = Location::Folder(Bytes::new());
        match self.remote.call(&Request::InspectFile(request), None).await? {
            Response::InspectFile(inspected) => Ok(inspected),
            _ => Err(AgentError::Caught(CallError::WrongAnswer.to_string())),
        }
    }

    async fn update_file(&self, mut request: UpdateFile) -> Result<FileUpdated, AgentError> {
        if request.text.is_none() {
            let read = spawn_blocking(move || read_text(request)).await.map_err(panicked)??;
            match read {
                Read::Text(with_text) => request = *with_text,
                Read::Nothing(updated) => return Ok(updated),
            }
        }
        // Where the file lies here is nobody's business there.
        request.root.location = Location::Folder(Bytes::new());
        let (identity, root) = (request.identity, request.root.identity.clone());
        let (path, version) = (request.path.clone(), request.version);
        let stamp = request.stamp;
        let content_hash = ContentHash::of(request.text.as_deref().unwrap_or_default());
        let Response::UpdateFile(updated) =
            self.remote.call(&Request::UpdateFile(request), None).await?
        else {
            return Err(AgentError::Caught(CallError::WrongAnswer.to_string()));
        };
        let check = || -> Result<bool, OpenShardError> {
            let index = Shard::from_bytes(updated.index.clone(), &ShardIdentity(identity))?;
            let file = index.find_file(&root, &path);
            let is_of_text = file.is_some_and(|file| {
                let has_stamp = |stamp| file.stamp() == disk::from_message(stamp);
                file.content_hash() == content_hash && stamp.is_none_or(has_stamp)
            });
            Ok(is_of_text && index.file_count() == 1 && updated.version == version)
        };
        match check() {
            Ok(true) => Ok(updated),
            Ok(false) => Err(AgentError::Caught("its index is not of the text given".to_owned())),
            Err(error) => Err(AgentError::Caught(format!("its index is damaged: {error}"))),
        }
    }
}

enum Read {
    /// The request with the text that is on the disk.
    Text(Box<UpdateFile>),
    /// There is no text, and this is what is to be said of the file.
    Nothing(FileUpdated),
}

fn read_text(request: UpdateFile) -> Result<Read, RequestError> {
    let file = update_file::file(&request);
    let mut reader = update_file::reader(&request.root, &file, request.file_bytes_max);
    let text = match reader.read(0) {
        Ok(text) => text,
        Err(error) => {
            let nothing: Scanned = scan_read(&file, Err(error), None);
            return update_file::index_of(&request, request.version, nothing).map(Read::Nothing);
        }
    };
    let (content, stamp) = (Bytes::copy_from_slice(text.content), disk::to_message(text.stamp));
    let request = UpdateFile { text: Some(content), stamp: Some(stamp), ..request };
    Ok(Read::Text(Box::new(request)))
}
