//! Who may work for this router: which workers are known, by what, and what they may see.
//!
//! One file, `workers.toml`, says so. [`Trust`] holds what it says, judges whoever connects by the certificate
//! and the token that it shows, keeps each worker to one connection, notices when the file changes, and writes
//! down what came of it all.
//!
//! ```text
//!  certificate, token ─▶ judge ─▶ Identity ─▶ admit ─▶ Lease ─▶ (one connection) ─▶ dropped
//!                          │          ▲
//!  workers.toml ─ refresh ─┴─▶ Policy ┴─ still_trusts, once a second
//! ```
//!
//! It knows nothing of TLS but what can go wrong with it: that a certificate was signed by the right authority, and
//! that whoever shows it has its key, the handshake proves before anybody is judged here.

pub mod audit;
pub mod policy;

mod fingerprint;
mod flood;
mod hex;
mod identity;
mod lease;
mod moment;
mod name;
mod refusal;
mod scope;
mod token_hash;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use nova_index::Stamp;
use nova_rpc::private::{self, PrivateFileError};
use nova_worker::disk;
use time::OffsetDateTime;

pub use audit::{Audit, AuditEvent};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use identity::{Identity, KnownBy};
pub use lease::Lease;
pub use moment::Moment;
pub use name::{WorkerName, WorkerNameError};
pub use nova_protocol::Token;
pub use policy::{Policy, PolicyError};
pub use refusal::Refusal;
pub use scope::{ShardScope, ShardScopeError};
pub use token_hash::{TokenHash, TokenHashError, new_token};

use flood::Flood;
use identity::Shown;
use lease::Leases;

/// Where trust is written down.
#[derive(Debug, Clone)]
pub struct TrustFiles {
    /// `workers.toml`: who is known.
    pub policy: PathBuf,
    /// Where to write down what was decided; nowhere if there is none.
    pub audit: Option<PathBuf>,
}

/// Who may work for this router, as the policy's file says now.
#[derive(Debug)]
pub struct Trust {
    policy_path: PathBuf,
    policy: ArcSwap<Policy>,
    /// The file as it was when it was read last; held while it is read.
    seen: Mutex<Seen>,
    leases: Leases,
    audit: Option<Audit>,
    /// Of those whom nobody knows, and of workers.
    refused: [Flood; 2],
    /// Whether the last line of the audit could not be written, and a warning said so.
    audit_fails: AtomicBool,
}

/// Why there is no telling whom to trust.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The policy cannot be read.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The policy makes no sense.
    #[error("{}: {source}", path.display())]
    Policy {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        source: PolicyError,
    },
}

impl Trust {
    /// Reads the policy, and sees to it that the audit can be written.
    pub fn open(files: TrustFiles) -> Result<Self, TrustError> {
        let seen = Seen::now(&files.policy);
        let policy = load(&files.policy)?;
        let audit = files.audit.map(Audit::open).transpose()?;
        Ok(Self {
            policy_path: files.policy,
            policy: ArcSwap::from_pointee(policy),
            seen: Mutex::new(seen),
            leases: Leases::default(),
            audit,
            refused: Default::default(),
            audit_fails: AtomicBool::new(false),
        })
    }

    /// Who shows this certificate (DER) and this token. All that is shown must be good, and be of one worker.
    pub fn judge(
        &self,
        certificate: Option<&[u8]>,
        token: Option<&Token>,
    ) -> Result<Arc<Identity>, Refusal> {
        let shown = Shown::new(certificate, token)?;
        self.policy.load().judge(shown, OffsetDateTime::now_utc()).map(Arc::new)
    }

    /// Whether somebody who was judged before would be judged the same now: not if it was revoked, if what it
    /// showed has expired, or if it may see other shards than it could.
    pub fn still_trusts(&self, identity: &Identity) -> bool {
        let again = self.policy.load().judge(identity.shown().clone(), OffsetDateTime::now_utc());
        again.is_ok_and(|again| again == *identity)
    }

    /// Takes the one place that there is for a worker; it is free again when the lease is dropped.
    pub fn admit(&self, identity: &Identity) -> Result<Lease, Refusal> {
        self.leases.take(identity.name())
    }

    /// Reads the policy again if its file has changed since; tells whether it says something else now. If it
    /// makes no sense, a warning says so once, and what it said before goes on to hold.
    pub fn refresh(&self) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Seen::now(&self.policy_path);
        if !seen.calls_for_reading(now) {
            return false;
        }
        let is_same_file = now.stamp == seen.stamp;
        *seen = now;
        match load(&self.policy_path) {
            Ok(policy) => self.replace(policy),
            Err(error) => {
                if !is_same_file {
                    tracing::warn!("{error}; what it said before goes on to hold");
                }
                false
            }
        }
    }

    fn replace(&self, new: Policy) -> bool {
        let old = self.policy.load_full();
        if *old == new {
            return false;
        }
        for (worker, token) in old.revoked_by(&new) {
            self.record(&AuditEvent::Revoked { worker, token });
        }
        self.policy.store(Arc::new(new));
        true
    }

    /// Writes down that somebody was not taken, unless too many were lately: these are counted. Strangers leave
    /// room for workers.
    pub fn record_refusal(&self, refusal: &Refusal, address: &str) {
        self.record_left_out();
        let flood = &self.refused[usize::from(refusal.worker().is_some())];
        if flood.admits(Instant::now()) {
            self.record(&AuditEvent::Rejected { refusal, address });
        }
    }

    /// Writes down how many refusals were not, once it is known.
    pub fn record_left_out(&self) {
        for flood in &self.refused {
            if let Some(count) = flood.left_out(Instant::now()) {
                self.record(&AuditEvent::LeftOut { count });
            }
        }
    }

    /// Writes a line into the audit. If that fails a warning says so, once until it succeeds again.
    pub fn record(&self, event: &AuditEvent<'_>) {
        let Some(audit) = &self.audit else { return };
        let written = audit.write(event);
        let failed_before = self.audit_fails.swap(written.is_err(), Ordering::Relaxed);
        if let Err(error) = written
            && !failed_before
        {
            tracing::warn!("the audit has gaps: {error}");
        }
    }
}

/// What `stat` said of a file, and whether a later change is sure to show in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    stamp: Option<Stamp>,
    is_settled: bool,
}

impl Seen {
    fn now(path: &Path) -> Self {
        let now_ns = OffsetDateTime::now_utc().unix_timestamp_nanos();
        let now_ns = i64::try_from(now_ns).unwrap_or(i64::MAX);
        let stamp = std::fs::metadata(path).ok().map(|metadata| disk::stamp(&metadata));
        Self { stamp, is_settled: stamp.is_none_or(|stamp| disk::is_settled(stamp, now_ns)) }
    }

    /// Whether the file, being so now, is to be read, having been so when it was read last. One that was changed
    /// in its place a moment ago may be half written, and half a policy would send workers away.
    fn calls_for_reading(self, now: Self) -> bool {
        let inode = |seen: Self| seen.stamp.map(|stamp| stamp.inode);
        let is_replaced = inode(self) != inode(now);
        let may_differ = self.stamp != now.stamp || !self.is_settled;
        may_differ && (is_replaced || now.is_settled)
    }
}

fn load(path: &Path) -> Result<Policy, TrustError> {
    let bytes = private::read_guarded(path, policy::POLICY_BYTES_MAX)?;
    let policy = Policy::parse(&String::from_utf8_lossy(&bytes));
    policy.map_err(|source| TrustError::Policy { path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests;
