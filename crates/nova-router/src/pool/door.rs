//! Where workers come in: listens, greets, and sends away who does not belong.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use nova_protocol::handshake::{Hello, Nonce};
use nova_protocol::limits::HANDSHAKE_TIMEOUT;
use nova_protocol::message::{Request, Response, WorkerStats};
use nova_protocol::{Token, path};
use nova_rpc::{
    AcceptPolicy, Accepted, Admission, Challenge, Endpoint, EndpointError, Listener, Stream,
    Visitor, accept,
};
use nova_worker::shipping::agent::Agent;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::launch::PIPE_BYTES;
use super::worker::{Seat, Worker};
use super::{GuestOptions, Shared};

/// Handshakes at a time; who comes later waits in the socket's queue.
const HANDSHAKES_MAX: usize = 64;
/// A worker that has not taken the open files by then is not given any work.
const REHYDRATE_TIMEOUT: Duration = Duration::from_secs(10);
/// Shards that a worker elsewhere does at a time: one is sent while another is scanned ...
const LANES_MIN: usize = 2;
/// ... and beyond so many it is the wire that everybody waits for.
const LANES_MAX: usize = 8;
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
        doors.push(open(shared, Listener::bind(&shared.socket())?, own));
    }
    if let Some(guests) = &shared.options.guests {
        let GuestOptions { listen, token, security } = guests;
        doors.push(open(shared, Listener::bind_securely(listen, security)?, token.clone()));
    }
    Ok(doors)
}

/// Takes in whoever connects and shows the token.
fn open(shared: &Arc<Shared>, listener: Listener, token: Option<Token>) -> Door {
    let endpoint = listener.endpoint().clone();
    let shared = Arc::clone(shared);
    let task = tokio::spawn(async move {
        let mut handshakes = JoinSet::new();
        loop {
            tokio::select! {
                visitor = listener.accept(), if handshakes.len() < HANDSHAKES_MAX => match visitor {
                    Ok(visitor) => {
                        let (shared, token) = (Arc::clone(&shared), token.clone());
                        handshakes.spawn(async move { shared.let_in(visitor, token).await });
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
    Door { endpoint, _task: AbortOnDropHandle::new(task) }
}

impl Shared {
    /// Finds out who has connected, and greets them.
    async fn let_in(self: &Arc<Self>, visitor: Visitor, token: Option<Token>) {
        match timeout(HANDSHAKE_TIMEOUT, visitor.open()).await {
            Ok(Ok((stream, peer))) if peer.address.is_some() => {
                self.greet_from_afar(stream, token).await;
            }
            Ok(Ok((stream, _))) => self.greet(stream, token, Seat::Here).await,
            Ok(Err(error)) => tracing::warn!("a worker did not join: {error}"),
            Err(_) => tracing::warn!("a worker did not join within {HANDSHAKE_TIMEOUT:?}"),
        }
    }

    /// The handshake with someone over a network. Unless they share the disk all the same, an agent stands for
    /// them that does: it sends them what they need of it.
    async fn greet_from_afar(self: &Arc<Self>, stream: Stream, token: Option<Token>) {
        let Some(accepted) = self.accept(stream, token).await else { return };
        if accepted.local {
            return self.take_in(accepted, Seat::Here).await;
        }
        let hello = &accepted.hello;
        let agent = Agent {
            name: hello.name.clone(),
            shards: hello.shards.clone(),
            token: Some(self.own_token.clone()),
            cache_dir: self.cache_dir.clone(),
            remote: accepted.into_caller(),
        };
        let stats = agent.remote.call(&Request::GetWorkerStats, Some(HANDSHAKE_TIMEOUT)).await;
        let Ok(Response::GetWorkerStats(WorkerStats { cores, .. })) = stats else {
            tracing::warn!("worker {} does not say how it is: it is sent away", agent.name);
            return;
        };
        let seat = Seat::Elsewhere { lanes: (cores as usize).clamp(LANES_MIN, LANES_MAX) };
        let (near, far) = tokio::io::duplex(PIPE_BYTES);
        let name = agent.name.clone();
        let serving = async move {
            if let Err(error) = agent.serve(far).await {
                tracing::warn!("worker {name} did not join: {error}");
            }
        };
        tokio::spawn(serving);
        self.greet(near, Some(self.own_token.clone()), seat).await;
    }

    /// The handshake with someone who connected; a worker that was started goes to who waits for it.
    pub(super) async fn greet<S>(self: &Arc<Self>, stream: S, token: Option<Token>, seat: Seat)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Some(accepted) = self.accept(stream, token).await else { return };
        if !accepted.local {
            tracing::warn!(
                "sent worker {} away: it does not see the cache folder {}; start it with --cache-dir",
                accepted.hello.name,
                self.cache_dir.display()
            );
            return;
        }
        self.take_in(accepted, seat).await;
    }

    async fn accept<S>(&self, stream: S, token: Option<Token>) -> Option<Accepted<S>>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin,
    {
        let number = self.greeted.fetch_add(1, Ordering::Relaxed);
        let policy = AcceptPolicy::new(env!("CARGO_PKG_VERSION"), token);
        let challenge = Challenge {
            path: Bytes::copy_from_slice(&path::to_bytes(&self.run.nonce_file())),
            nonce: Nonce(self.run.nonce()),
        };
        let admit = |_: &Hello| Ok(Admission { number, challenge: Some(challenge) });
        let accepted = accept(stream, &policy, admit).await;
        accepted.inspect_err(|error| tracing::warn!("worker {number} did not join: {error}")).ok()
    }

    /// Puts a worker that shares the disk among those that are given work.
    async fn take_in<S>(self: &Arc<Self>, accepted: Accepted<S>, seat: Seat)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.connected.fetch_add(1, Ordering::Relaxed);
        let (name, shards) = (accepted.hello.name.clone(), accepted.hello.shards.clone());
        let caller = accepted.into_caller();
        let rehydrating = self.rehydration.rehydrate(caller.clone());
        if timeout(REHYDRATE_TIMEOUT, rehydrating).await.is_err() {
            tracing::warn!("worker {name} did not take the open files: it is sent away");
            return;
        }
        let worker = Worker::new(caller, name, shards, seat);
        let waiting = self.expected().remove(&worker.name);
        match waiting {
            Some(waiting) => {
                if waiting.send(worker).is_err() {
                    tracing::debug!("a worker joined when nobody wanted it any more");
                }
            }
            None => {
                self.register(&Arc::new(worker));
                self.arrivals.send_modify(|arrivals| *arrivals += 1);
            }
        }
    }
}
