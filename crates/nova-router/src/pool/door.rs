//! Where workers come in: listens, greets, and sends away who does not belong.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use nova_protocol::handshake::{Hello, Nonce};
use nova_protocol::{Token, path};
use nova_rpc::{AcceptPolicy, Admission, Challenge, Endpoint, EndpointError, Listener, accept};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::Shared;
use super::worker::Worker;

/// Handshakes at a time; who comes later waits in the socket's queue.
const HANDSHAKES_MAX: usize = 64;
/// A worker that has not taken the open files by then is not given any work.
const REHYDRATE_TIMEOUT: Duration = Duration::from_secs(10);
/// An error of the listening socket (out of file descriptors) does not go away at once.
const ACCEPT_ERROR_PAUSE: Duration = Duration::from_millis(100);

/// Takes in workers for as long as it is not dropped.
#[derive(Debug)]
pub(super) struct Door {
    endpoint: Endpoint,
    _task: AbortOnDropHandle<()>,
}

impl Drop for Door {
    fn drop(&mut self) {
        // The listener does so too, but a process that ends does not wait for its task.
        if let Endpoint::Unix(socket) = &self.endpoint {
            drop(std::fs::remove_file(socket));
        }
    }
}

/// One for the workers that this router starts, one for guests.
pub(super) fn open_all(shared: &Arc<Shared>) -> Result<Vec<Door>, EndpointError> {
    let mut doors = Vec::new();
    if shared.options.launch.needs_socket() {
        let own = Some(shared.own_token.clone());
        doors.push(open(shared, shared.socket(), own)?);
    }
    if let Some(endpoint) = &shared.options.listen {
        doors.push(open(shared, endpoint.clone(), shared.options.token.clone())?);
    }
    Ok(doors)
}

/// Takes in whoever connects and shows the token.
fn open(
    shared: &Arc<Shared>,
    endpoint: Endpoint,
    token: Option<Token>,
) -> Result<Door, EndpointError> {
    let listener = Listener::bind(&endpoint)?;
    let shared = Arc::clone(shared);
    let task = tokio::spawn(async move {
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
    });
    Ok(Door { endpoint, _task: AbortOnDropHandle::new(task) })
}

impl Shared {
    /// The handshake with someone who connected; a worker that was started goes to who waits for it.
    pub(super) async fn greet<S>(self: &Arc<Self>, stream: S, token: Option<Token>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let number = self.greeted.fetch_add(1, Ordering::Relaxed);
        let policy = AcceptPolicy::new(env!("CARGO_PKG_VERSION"), token);
        let challenge = Challenge {
            path: Bytes::copy_from_slice(&path::to_bytes(&self.run.nonce_file())),
            nonce: Nonce(self.run.nonce()),
        };
        let admit = |_: &Hello| Ok(Admission { number, challenge: Some(challenge) });
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
        self.connected.fetch_add(1, Ordering::Relaxed);
        let (name, shards) = (accepted.hello.name.clone(), accepted.hello.shards.clone());
        let caller = accepted.into_caller();
        let rehydrating = self.rehydration.rehydrate(caller.clone());
        if timeout(REHYDRATE_TIMEOUT, rehydrating).await.is_err() {
            tracing::warn!("worker {number} did not take the open files: it is sent away");
            return;
        }
        let worker = Worker::new(caller, name, shards);
        let waiting = self.expected().remove(&worker.name);
        match waiting {
            Some(waiting) => {
                if waiting.send(worker).is_err() {
                    tracing::debug!("worker {number} joined when nobody wanted it any more");
                }
            }
            None => {
                self.register(&Arc::new(worker));
                self.arrivals.send_modify(|arrivals| *arrivals += 1);
            }
        }
    }
}
