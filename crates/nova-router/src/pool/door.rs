//! Where workers come in: listens, greets, and sends away who does not belong.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use nova_protocol::handshake::{Hello, Nonce, Reject};
use nova_protocol::limits::HANDSHAKE_TIMEOUT;
use nova_protocol::{Token, path};
use nova_rpc::tls::TlsFailure;
use nova_rpc::{
    AcceptPolicy, Accepted, Admission, Challenge, Endpoint, EndpointError, HandshakeError,
    Listener, ServerSecurity, Visitor, accept,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::elsewhere::Gatekeeper;
use super::worker::{Seat, Worker};
use super::{GuestAdmission, GuestOptions, PoolError, Shared};
use crate::trust::Refusal;

/// Handshakes at a time; who comes later waits in the socket's queue.
const HANDSHAKES_MAX: usize = 64;
/// A worker that has not taken the open files by then is not given any work.
const REHYDRATE_TIMEOUT: Duration = Duration::from_secs(10);
/// Of these by one address.
const HANDSHAKES_PER_ADDRESS_MAX: usize = 8;
/// An error of the listening socket (out of file descriptors) does not go away at once.
const ACCEPT_ERROR_PAUSE: Duration = Duration::from_millis(100);

/// By what a worker is let in.
#[derive(Debug, Clone)]
pub(super) enum Gate {
    /// The token that it shows.
    Token(Option<Token>),
    /// Its certificate, or a token of its own.
    Trust(Arc<Gatekeeper>),
}

impl Gate {
    /// Writes down that somebody was not taken, where that is written down at all.
    fn record_refusal(&self, refusal: &Refusal, from: &str) {
        if let Self::Trust(gatekeeper) = self {
            gatekeeper.record_refusal(refusal, from);
        }
    }
}

/// Takes in workers for as long as it is not dropped.
#[derive(Debug)]
pub(super) struct Door {
    endpoint: Endpoint,
    _tasks: Vec<AbortOnDropHandle<()>>,
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
pub(super) fn open_all(shared: &Arc<Shared>) -> Result<Vec<Door>, PoolError> {
    let mut doors = Vec::new();
    if shared.options.launch.needs_socket() {
        let own = Gate::Token(Some(shared.own_token.clone()));
        doors.push(open(shared, Listener::bind(&shared.socket())?, own));
    }
    if let Some(GuestOptions { listen, admission, .. }) = &shared.options.guests {
        let (gate, security) = match admission {
            GuestAdmission::Token { token, allow_insecure } => {
                let allow_insecure = *allow_insecure;
                let security = ServerSecurity { tls: None, allow_insecure };
                (Gate::Token(Some(token.clone())), security)
            }
            GuestAdmission::Trust(options) => {
                let (gatekeeper, tls) = Gatekeeper::new(options)?;
                let security = ServerSecurity { tls: Some(tls), allow_insecure: false };
                (Gate::Trust(Arc::new(gatekeeper)), security)
            }
        };
        doors.push(open(shared, Listener::bind_securely(listen, &security)?, gate));
    }
    Ok(doors)
}

/// Takes in whoever connects and may come in.
fn open(shared: &Arc<Shared>, listener: Listener, gate: Gate) -> Door {
    let endpoint = listener.endpoint().clone();
    tracing::info!("workers may come in at {endpoint}");
    let listener = Arc::new(listener);
    let mut tasks = Vec::new();
    if let Gate::Trust(gatekeeper) = &gate {
        let keeping = Arc::clone(gatekeeper).keep(Arc::clone(&listener), Arc::downgrade(shared));
        tasks.push(AbortOnDropHandle::new(tokio::spawn(keeping)));
    }
    let taking_in = take_in_all(Arc::clone(shared), listener, gate);
    tasks.push(AbortOnDropHandle::new(tokio::spawn(taking_in)));
    Door { endpoint, _tasks: tasks }
}

async fn take_in_all(shared: Arc<Shared>, listener: Arc<Listener>, gate: Gate) {
    let mut handshakes = JoinSet::new();
    let mut addresses: HashMap<Option<IpAddr>, usize> = HashMap::new();
    loop {
        tokio::select! {
            visitor = listener.accept(), if handshakes.len() < HANDSHAKES_MAX => match visitor {
                Ok(visitor) => {
                    let from = visitor.address().map(|address| address.ip());
                    let pending = addresses.entry(from).or_default();
                    if from.is_some() && *pending >= HANDSHAKES_PER_ADDRESS_MAX {
                        tracing::info!("sent one of many away that come from {}", visitor.from());
                        gate.record_refusal(&Refusal::TooManyAtOnce, &visitor.from());
                        continue;
                    }
                    *pending += 1;
                    let (shared, gate) = (Arc::clone(&shared), gate.clone());
                    handshakes.spawn(async move {
                        shared.let_in(visitor, gate).await;
                        from
                    });
                }
                Err(error) => {
                    tracing::warn!("{error}");
                    tokio::time::sleep(ACCEPT_ERROR_PAUSE).await;
                }
            },
            Some(from) = handshakes.join_next() => {
                // One that panicked is a bug, and keeps its place.
                if let Ok(from) = from
                    && let Entry::Occupied(mut pending) = addresses.entry(from)
                {
                    *pending.get_mut() -= 1;
                    if *pending.get() == 0 {
                        pending.remove();
                    }
                }
            }
        }
    }
}

impl Shared {
    /// Finds out who has connected, and greets them.
    async fn let_in(self: &Arc<Self>, visitor: Visitor, gate: Gate) {
        let address = visitor.address();
        let from = visitor.from();
        match (timeout(HANDSHAKE_TIMEOUT, visitor.open()).await, address, &gate) {
            (Ok(Ok((stream, peer))), Some(address), _) => {
                self.greet_from_afar(stream, peer, address, gate).await;
            }
            (Ok(Ok((stream, _))), None, Gate::Token(token)) => {
                self.greet(stream, token.clone(), Seat::Here).await;
            }
            // A socket has no certificates.
            (Ok(Ok(_)), None, Gate::Trust(_)) => {}
            // Strangers are not to fill the log.
            (Ok(Err(error)), ..) => {
                tracing::info!("{from} did not join: {error}");
                match error {
                    // Who leaves is not refused.
                    EndpointError::Tls { failure: TlsFailure::HungUp, .. } => {}
                    EndpointError::Tls { failure, .. } => {
                        gate.record_refusal(&Refusal::Tls(failure), &from);
                    }
                    _ => {}
                }
            }
            (Err(_), ..) => {
                tracing::info!("{from} did not join within {HANDSHAKE_TIMEOUT:?}");
                gate.record_refusal(&Refusal::TimedOut, &from);
            }
        }
    }

    /// The handshake with someone who connected; a worker that was started goes to who waits for it.
    pub(super) async fn greet<S>(self: &Arc<Self>, stream: S, token: Option<Token>, seat: Seat)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let is_own = token.as_ref() == Some(&self.own_token) && matches!(seat, Seat::Here);
        let accepted = match self.accept(stream, token, false, |_| Ok(())).await {
            Ok(accepted) => accepted,
            Err(error) => return tracing::warn!("a worker did not join: {error}"),
        };
        if !accepted.local {
            tracing::warn!(
                "sent worker {} away: it does not see the cache folder {}; start it with --cache-dir",
                accepted.hello.name,
                self.cache_dir.display()
            );
            return;
        }
        self.take_in(accepted, seat, is_own).await;
    }

    /// The handshake; `admit` has the last word. Who is on another machine is held to a pace.
    pub(super) async fn accept<S>(
        &self,
        stream: S,
        token: Option<Token>,
        is_paced: bool,
        admit: impl FnOnce(&Hello) -> Result<(), Reject>,
    ) -> Result<Accepted<S>, HandshakeError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin,
    {
        let number = self.greeted.fetch_add(1, Ordering::Relaxed);
        let policy = AcceptPolicy::new(env!("CARGO_PKG_VERSION"), token);
        let policy = AcceptPolicy { is_paced, ..policy };
        let challenge = Challenge {
            path: Bytes::copy_from_slice(&path::to_bytes(&self.run.nonce_file())),
            nonce: Nonce(self.run.nonce()),
        };
        let admit = |hello: &Hello| {
            admit(hello)?;
            Ok(Admission { number, challenge: Some(challenge) })
        };
        accept(stream, &policy, admit).await
    }

    /// Puts a worker that shares the disk among those that are given work.
    async fn take_in<S>(self: &Arc<Self>, accepted: Accepted<S>, seat: Seat, is_own: bool)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.connected.fetch_add(1, Ordering::Relaxed);
        let (name, shards) = (printable(&accepted.hello.name), accepted.hello.shards.clone());
        let caller = accepted.into_caller();
        let rehydrating = self.rehydration.rehydrate(caller.clone());
        if timeout(REHYDRATE_TIMEOUT, rehydrating).await.is_err() {
            tracing::warn!("worker {name} did not take the open files: it is sent away");
            return;
        }
        let worker = Worker::new(caller, name, shards, seat);
        let waiting = if is_own { self.expected().remove(&worker.name) } else { None };
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

/// A name that stays on its line of a log.
fn printable(name: &str) -> String {
    name.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}
