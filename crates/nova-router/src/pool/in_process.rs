//! Workers of this very process, each at the far end of a pipe in memory.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use nova_worker::Worker as InProcessWorker;
use tokio::io::DuplexStream;
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use super::Shared;
use super::launch::{LaunchError, Life};
use super::worker::{Seat, Worker};

/// Buffer of the pipe, each way.
pub(super) const PIPE_BYTES: usize = 256 << 10;

type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How a worker of this process serves at the far end of its router's pipe. The router ends it by dropping the
/// future.
#[derive(Clone)]
pub struct InProcess(Arc<dyn Fn(InProcessWorker, DuplexStream) -> Serving + Send + Sync>);

impl InProcess {
    /// Calls this with each worker that the router starts: whatever lies between the pipe and the worker is the
    /// caller's business.
    pub fn new<F>(
        serve: impl Fn(InProcessWorker, DuplexStream) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(move |worker, pipe| Box::pin(serve(worker, pipe))))
    }
}

/// There is nothing in between.
impl Default for InProcess {
    fn default() -> Self {
        Self::new(async |worker: InProcessWorker, pipe| {
            if let Err(error) = worker.serve(pipe).await {
                tracing::warn!("a worker could not join: {error}");
            }
        })
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess(…)")
    }
}

/// Starts one and waits until it has joined.
pub(super) async fn start(
    shared: &Arc<Shared>,
    name: &str,
    InProcess(serve): &InProcess,
    mut connected: oneshot::Receiver<Worker>,
) -> Result<Worker, LaunchError> {
    let (near, far) = tokio::io::duplex(PIPE_BYTES);
    let worker = InProcessWorker {
        name: name.to_owned(),
        token: Some(shared.own_token.clone()),
        shards: None,
        cache_dir: Some(shared.cache_dir.clone()),
        texts: None,
        memory_bytes: None,
    };
    let task = AbortOnDropHandle::new(tokio::spawn(serve(worker, far)));
    shared.greet(near, Some(shared.own_token.clone()), Seat::Here).await;
    // Whoever was not taken by now never is: nobody else comes to this end of the pipe.
    let mut worker = connected.try_recv().map_err(|_| LaunchError::NotJoined)?;
    worker.life = Some(Life::Task(task));
    Ok(worker)
}
