//! Workers on other machines: who they are, what they may have, and their end when they are trusted no more.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use nova_index::{ShardId, Stamp};
use nova_protocol::handshake::{Hello, Reject, RejectCode};
use nova_protocol::limits::HANDSHAKE_TIMEOUT;
use nova_protocol::message::{Request, Response, WorkerStats};
use nova_rpc::tls::{CertificateFiles, ServerTls, TlsError, TlsVersion};
use nova_rpc::{CallError, Fault, HandshakeError, Listener, Peer, Stream};
use nova_worker::disk;
use nova_worker::shipping::agent::Agent;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use super::Shared;
use super::door::Gate;
use super::in_process::PIPE_BYTES;
use super::worker::Seat;
use crate::trust::{AuditEvent, Identity, Lease, Refusal, Trust, TrustError, TrustFiles};

/// Shards that a worker elsewhere does at a time: one is sent while another is scanned ...
const LANES_MIN: usize = 2;
/// ... and beyond so many it is the wire that everybody waits for.
const LANES_MAX: usize = 8;
/// What a worker may need for each: the texts of a shard, their symbols, and the index.
const LANE_BYTES: u64 = 256 << 20;
/// How often the files that say whom to trust are looked at.
const TRUST_INTERVAL: Duration = Duration::from_secs(1);

/// By what workers on other machines know this router, and it them.
#[derive(Debug, Clone)]
pub struct TrustOptions {
    /// The router's certificate.
    pub certificate: CertificateFiles,
    /// Who vouches for the certificates of workers.
    pub client_ca: PathBuf,
    /// The oldest version of TLS that is spoken.
    pub oldest_tls: TlsVersion,
    /// Who may come in.
    pub files: TrustFiles,
}

/// Whom a router trusts, and what it shows of itself.
#[derive(Debug)]
pub(super) struct Gatekeeper {
    trust: Trust,
    options: TrustOptions,
}

/// What a worker elsewhere is let in by, for as long as it is connected.
#[derive(Debug)]
pub(super) struct Pass {
    address: SocketAddr,
    /// The workspace's folder.
    base: Arc<Mutex<Vec<u8>>>,
    /// Who it is; not known of one that came with the token that all show.
    known: Option<Known>,
}

#[derive(Debug)]
struct Known {
    identity: Arc<Identity>,
    gatekeeper: Arc<Gatekeeper>,
    _lease: Lease,
}

impl Gatekeeper {
    pub(super) fn new(options: &TrustOptions) -> Result<(Self, ServerTls), OpenTrustError> {
        let trust = Trust::open(options.files.clone())?;
        let gatekeeper = Self { trust, options: options.clone() };
        let tls = gatekeeper.load_tls()?;
        Ok((gatekeeper, tls))
    }

    fn load_tls(&self) -> Result<ServerTls, TlsError> {
        let TrustOptions { certificate, client_ca, oldest_tls, .. } = &self.options;
        ServerTls::load(certificate, client_ca, *oldest_tls)
    }

    /// Looks at the files again and again: cuts off who is trusted no more, and shows new certificates.
    pub(super) async fn keep(self: Arc<Self>, listener: Arc<Listener>, shared: Weak<Shared>) {
        let mut look = interval(TRUST_INTERVAL);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut shown = self.tls_stamps();
        loop {
            look.tick().await;
            self.trust.refresh();
            self.trust.record_left_out();
            let Some(shared) = shared.upgrade() else { return };
            for worker in shared.workers().iter() {
                if let Some(reason) = worker.pass().and_then(Pass::objection) {
                    tracing::warn!("worker {} is cut off: {reason}", worker.name);
                    worker.end();
                }
            }
            let now = self.tls_stamps();
            if now == shown {
                continue;
            }
            match self.load_tls() {
                Ok(tls) => {
                    listener.renew(tls);
                    shown = now;
                    tracing::info!("showing the new certificate");
                }
                // Key and certificate are not replaced at one moment.
                Err(error) => tracing::warn!("the old certificate goes on to hold: {error}"),
            }
        }
    }

    fn tls_stamps(&self) -> [Option<Stamp>; 3] {
        let TrustOptions { certificate, client_ca, .. } = &self.options;
        [&certificate.certificate, &certificate.key, client_ca]
            .map(|path| std::fs::metadata(path).ok().map(|metadata| disk::stamp(&metadata)))
    }

    /// Writes down that somebody was not taken.
    pub(super) fn record_refusal(&self, refusal: &Refusal, address: &str) {
        self.trust.record_refusal(refusal, address);
    }

    /// Whether somebody may come in.
    fn admit(self: &Arc<Self>, peer: &Peer, hello: &Hello) -> Result<Known, Refusal> {
        let identity = self.trust.judge(peer.certificate.as_deref(), hello.token.as_ref())?;
        let lease = self.trust.admit(&identity)?;
        Ok(Known { identity, gatekeeper: Arc::clone(self), _lease: lease })
    }
}

/// Why nobody can come in from elsewhere.
#[derive(Debug, thiserror::Error)]
pub enum OpenTrustError {
    /// Nobody knows whom to trust.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The router's certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Pass {
    /// Whether its worker may see the files of a source root.
    pub(super) fn may_have(&self, root: &[u8]) -> bool {
        let base = || self.base.lock().unwrap_or_else(PoisonError::into_inner);
        self.known.as_ref().is_none_or(|known| known.identity.scope().may_have(root, &base()))
    }

    /// Writes down that its worker is given a shard.
    pub(super) fn record_assigned(&self, shard: ShardId) {
        let address = self.address.to_string();
        if let Some(Known { identity, gatekeeper, .. }) = &self.known {
            let worker = identity.name();
            gatekeeper.trust.record(&AuditEvent::Assigned { worker, address: &address, shard });
        }
    }

    /// Writes down that its worker was cut off.
    pub(super) fn record_cut(&self, reason: &str) {
        let address = self.address.to_string();
        if let Some(Known { identity, gatekeeper, .. }) = &self.known {
            let worker = identity.name();
            gatekeeper.trust.record(&AuditEvent::Cut { worker, address: &address, reason });
        }
    }

    /// Where its worker is.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Why its worker is to go, if it is; that is written down.
    fn objection(&self) -> Option<&'static str> {
        let Known { identity, gatekeeper, .. } = self.known.as_ref()?;
        if gatekeeper.trust.still_trusts(identity) {
            return None;
        }
        let reason = "what it has shown is revoked or has expired, or it may see other shards now";
        self.record_cut(reason);
        Some(reason)
    }
}

/// Why someone is not taken who did not get as far as to be judged; nothing for one who left.
fn refusal_of(error: HandshakeError) -> Option<Refusal> {
    match error {
        HandshakeError::TimedOut(_) => Some(Refusal::TimedOut),
        HandshakeError::HungUp => None,
        HandshakeError::Refused(reject) => Some(Refusal::NotGreeted(reject.message)),
        error => Some(Refusal::NotGreeted(error.to_string())),
    }
}

/// How many shards a worker does at a time that says this of itself.
fn lanes(stats: &WorkerStats) -> usize {
    let by_cores = (stats.cores as usize).clamp(LANES_MIN, LANES_MAX);
    if stats.memory_bytes == 0 {
        return by_cores;
    }
    let by_memory = usize::try_from(stats.memory_bytes / LANE_BYTES).unwrap_or(usize::MAX);
    by_cores.min(by_memory).max(1)
}

impl Shared {
    /// The handshake with someone over a network. An agent stands for them that shares the disk: it sends them
    /// what they need of it.
    pub(super) async fn greet_from_afar(
        self: &Arc<Self>,
        stream: Stream,
        peer: Peer,
        address: SocketAddr,
        gate: Gate,
    ) {
        let from = address.to_string();
        let (mut known, mut is_judged) = (None, false);
        let token = match &gate {
            Gate::Token(token) => token.clone(),
            Gate::Trust(_) => None,
        };
        let admit = |hello: &Hello| {
            if let Gate::Trust(gatekeeper) = &gate {
                is_judged = true;
                let admitted = gatekeeper.admit(&peer, hello).map_err(|refusal| {
                    gatekeeper.record_refusal(&refusal, &from);
                    let code = match refusal {
                        Refusal::NothingShown
                        | Refusal::UnknownToken
                        | Refusal::TokenExpired { .. }
                        | Refusal::TokenRevoked { .. } => RejectCode::BadToken,
                        _ => RejectCode::NotWanted,
                    };
                    Reject::new(code, env!("CARGO_PKG_VERSION"), refusal.to_string())
                })?;
                known = Some(admitted);
            }
            Ok(())
        };
        let accepted = match self.accept(stream, token, true, admit).await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Strangers are not to fill the log.
                tracing::info!("{from} did not join: {error}");
                if let (Gate::Trust(gatekeeper), false) = (&gate, is_judged) {
                    refusal_of(error).inspect(|it| gatekeeper.record_refusal(it, &from));
                }
                return;
            }
        };
        let pass = Arc::new(Pass { address, base: Arc::clone(&self.base), known });
        let hello = &accepted.hello;
        let name = pass.known.as_ref().map(|known| known.identity.name().to_string());
        let agent = Agent {
            name: name.unwrap_or_else(|| hello.name.clone()),
            shards: hello.shards.clone(),
            token: Some(self.own_token.clone()),
            cache_dir: self.cache_dir.clone(),
            remote: accepted.into_caller(),
        };
        if let Some(Known { identity, gatekeeper, .. }) = &pass.known {
            gatekeeper.trust.record(&AuditEvent::Accepted { identity, address: &from });
        }
        let stats = agent.remote.call(&Request::GetWorkerStats, Some(HANDSHAKE_TIMEOUT)).await;
        let Ok(Response::GetWorkerStats(stats)) = stats else {
            tracing::warn!("worker {} does not say how it is: it is sent away", agent.name);
            if let Err(CallError::Disconnected(closed)) = stats
                && closed.fault() == Fault::Peer
            {
                pass.record_cut(&closed.to_string());
            }
            return;
        };
        tracing::info!("worker {} works from {address}", agent.name);
        let lanes = lanes(&stats);
        let (near, far) = tokio::io::duplex(PIPE_BYTES);
        let name = agent.name.clone();
        let served = Arc::clone(&pass);
        let serving = tokio::spawn(async move {
            match agent.serve(far).await {
                Ok(None) => {}
                Ok(Some(caught)) => {
                    tracing::warn!("worker {name} is cut off: {caught}");
                    served.record_cut(&caught);
                }
                Err(error) => tracing::warn!("worker {name} did not join: {error}"),
            }
        });
        let seat = Seat::Elsewhere { lanes, pass, _serving: AbortOnDropHandle::new(serving) };
        self.greet(near, Some(self.own_token.clone()), seat).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_much_a_worker_does_at_a_time_follows_from_its_cores_and_its_memory() {
        let check = |cores, memory_bytes, expected| {
            let stats = WorkerStats { cores, memory_bytes, ..WorkerStats::default() };
            assert_eq!(lanes(&stats), expected, "{cores} cores, {memory_bytes} bytes");
        };
        check(1, 64 << 30, LANES_MIN);
        check(4, 64 << 30, 4);
        check(64, 64 << 30, LANES_MAX);
        check(64, 0, LANES_MAX);
        check(64, 1 << 30, 4);
        check(64, 1 << 20, 1);
        check(1, u64::MAX, LANES_MIN);
    }
}
