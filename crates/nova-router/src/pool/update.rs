//! Single files: an edit is scanned by whichever worker is at hand, and survives its death.

use std::sync::Arc;

use nova_index::{
    ContentHash, FileMeta, FileSymbols, Root, ShardBuilder, ShardId, ShardIdentity, Stamp,
};
use nova_protocol::message::{FileUpdated, Request, Response, UpdateFile};
use nova_rpc::CallError;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::launch::LaunchError;
use super::loss::{Blame, Loss};
use super::worker::{Errand, Worker};
use super::{GUEST_PATIENCE, Shared};
use crate::quarantine::{self, Entry};

/// An edit at which so many workers were lost is not scanned for now.
const UPDATE_ATTEMPTS_MAX: u32 = 5;

/// Why a file could not be scanned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpdateError {
    /// There is no worker.
    #[error("{0}")]
    Launch(Arc<LaunchError>),
    /// It did not do it.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It did not live to do it.
    #[error("{UPDATE_ATTEMPTS_MAX} workers were lost at it; of the last one: {last}")]
    Lost {
        /// How the last of them was lost, as a fragment.
        last: String,
    },
    /// What a quarantined file has in the place of symbols could not be made.
    #[error("cannot record a quarantined file: {0}")]
    Unrecorded(String),
    /// The router is ending.
    #[error("the router is ending")]
    Ending,
}

impl From<Arc<LaunchError>> for UpdateError {
    fn from(error: Arc<LaunchError>) -> Self {
        Self::Launch(error)
    }
}

/// What scanning one file came to.
enum Outcome {
    Updated(FileUpdated),
    Lost(Loss),
}

impl Shared {
    /// Has a file scanned, by the next worker if one dies at it. A file that breaks a worker that does
    /// nothing else is quarantined; its answer is that it was skipped.
    pub(super) async fn update(
        self: Arc<Self>,
        request: UpdateFile,
    ) -> Result<FileUpdated, UpdateError> {
        if let Some(entry) = self.quarantined(&request).await {
            return skipped(&request, &entry);
        }
        let (mut is_suspect, mut was_alone) = (false, false);
        let mut is_able: fn(&Worker) -> bool = |_| true;
        let mut last = Loss::Gone;
        for _ in 0..UPDATE_ATTEMPTS_MAX {
            let began_at_ns = now_ns();
            let outcome = match is_suspect && self.options.count > 0 {
                false => {
                    let errand =
                        self.errand(request.shard, &request.root.identity, is_able).await?;
                    let outcome = match self.scan(&errand.worker, &request).await {
                        // What one elsewhere cannot do, one here can.
                        Err(_) if !errand.worker.shares_disk() && self.options.count > 0 => {
                            is_able = Worker::shares_disk;
                            continue;
                        }
                        outcome => outcome?,
                    };
                    let worker = Arc::clone(&errand.worker);
                    drop(errand);
                    self.rest(&worker);
                    outcome
                }
                true => self.scan_alone(&request).await?,
            };
            let loss = match outcome {
                Outcome::Updated(updated) => return Ok(updated),
                Outcome::Lost(loss) => loss,
            };
            tracing::debug!("a worker was lost at {}: {loss}", path_text(&request.path));
            let is_proven = match loss.blame() {
                Blame::None => false,
                Blame::Possible => std::mem::replace(&mut was_alone, is_suspect),
                Blame::Certain => is_suspect,
            };
            if is_proven && let Some(entry) = self.condemn(&request, &loss, began_at_ns).await {
                return skipped(&request, &entry);
            }
            is_suspect |= loss.blame() != Blame::None;
            last = loss;
        }
        Err(UpdateError::Lost { last: last.to_string() })
    }

    /// The entry of the quarantine for what is to be scanned.
    async fn quarantined(self: &Arc<Self>, request: &UpdateFile) -> Option<Entry> {
        let identity = &request.root.identity;
        if !self.quarantine.has(identity, &request.path) {
            return None;
        }
        if let Some(text) = &request.text {
            return self.quarantine.judge_text(identity, &request.path, text);
        }
        let (shared, request) = (Arc::clone(self), request.clone());
        let judge = move || {
            let (stamp, content_hash) = fingerprint(&request)?;
            let identity = &request.root.identity;
            shared.quarantine.judge(identity, &request.path, stamp, || Some(content_hash))
        };
        spawn_blocking(judge).await.ok().flatten()
    }

    async fn scan(&self, worker: &Worker, request: &UpdateFile) -> Result<Outcome, UpdateError> {
        let request = Request::UpdateFile(request.clone());
        let call = worker.caller.call(&request, None);
        match self.watch(worker, call, self.options.supervision.update_timeout, || 0).await {
            Ok(Response::UpdateFile(updated)) => Ok(Outcome::Updated(updated)),
            Ok(_) => Err(CallError::WrongAnswer.into()),
            Err(CallError::Disconnected(_)) => Ok(Outcome::Lost(self.bury(worker).await)),
            Err(error) => Err(error.into()),
        }
    }

    /// The same by a new worker that does nothing else.
    async fn scan_alone(self: &Arc<Self>, request: &UpdateFile) -> Result<Outcome, UpdateError> {
        let worker = self.start().await?;
        let outcome = self.scan(&worker, request).await;
        match &outcome {
            Ok(Outcome::Updated(_)) if self.has_room() => self.register(&worker),
            _ => worker.end(),
        }
        outcome
    }

    /// Puts what broke a worker into the quarantine, unless it has changed since.
    async fn condemn(
        self: &Arc<Self>,
        request: &UpdateFile,
        loss: &Loss,
        began_at_ns: i64,
    ) -> Option<Entry> {
        let (shared, request, reason) = (Arc::clone(self), request.clone(), loss.to_string());
        let condemn = move || {
            let (content_hash, stamp) = match &request.text {
                Some(text) => (ContentHash::of(text), None),
                None => {
                    let (stamp, content_hash) = fingerprint(&request)?;
                    (stamp.ctime_ns < began_at_ns).then_some((content_hash, Some(stamp)))?
                }
            };
            let file = (&request.root.identity[..], &request.path[..]);
            let entry = Entry::new(file, reason, content_hash, stamp);
            shared.quarantine.add(entry.clone());
            Some(entry)
        };
        spawn_blocking(condemn).await.ok().flatten()
    }

    /// A worker for a single file: of those that are able the one with the least to do, else a new one.
    pub(super) async fn errand(
        self: &Arc<Self>,
        shard: u32,
        root: &[u8],
        is_able: fn(&Worker) -> bool,
    ) -> Result<Errand, Arc<LaunchError>> {
        if let Some(errand) = self.free_errand(shard, root, is_able) {
            return Ok(errand);
        }
        if self.options.count == 0 {
            return self.guest_errand(shard, root, is_able).await;
        }
        // One starts, and the others wait for it.
        let _starting = self.starting.lock().await;
        if let Some(errand) = self.free_errand(shard, root, is_able) {
            return Ok(errand);
        }
        let worker = self.start().await?;
        let errand = worker.errand().expect("nobody else knows the worker yet");
        self.register(&worker);
        Ok(errand)
    }

    /// The same where all workers are guests: one is waited for, but not for long.
    async fn guest_errand(
        &self,
        shard: u32,
        root: &[u8],
        is_able: fn(&Worker) -> bool,
    ) -> Result<Errand, Arc<LaunchError>> {
        let mut arrivals = self.arrivals.subscribe();
        let one_comes = async {
            loop {
                if let Some(errand) = self.free_errand(shard, root, is_able) {
                    return Some(errand);
                }
                arrivals.changed().await.ok()?;
            }
        };
        let errand = timeout(GUEST_PATIENCE, one_comes).await.ok().flatten();
        errand.ok_or_else(|| Arc::new(LaunchError::NobodyThere))
    }

    fn free_errand(&self, shard: u32, root: &[u8], is_able: fn(&Worker) -> bool) -> Option<Errand> {
        let workers = self.workers();
        let takes = |it: &Worker| it.takes(shard, root);
        let able = workers.iter().filter(|it| it.is_alive() && takes(it) && is_able(it));
        let mut able: Vec<_> = able.collect();
        // Of those that have as much to do, one on this disk.
        able.sort_by_key(|it| (it.requests(), it.is_employed(), !it.shares_disk()));
        able.into_iter().find_map(|worker| worker.errand())
    }
}

/// The index of a file that is not scanned.
fn skipped(request: &UpdateFile, entry: &Entry) -> Result<FileUpdated, UpdateError> {
    let unrecorded = |error: &dyn std::fmt::Display| UpdateError::Unrecorded(error.to_string());
    let roots = vec![Root { identity: request.root.identity.to_vec(), archive_stamp: None }];
    let (shard, identity) = (ShardId(request.shard), ShardIdentity(request.identity));
    let mut builder = ShardBuilder::new(shard, identity, now_ns(), roots);
    let stamp = match request.text {
        // What the disk says does not matter to unsaved text.
        Some(_) => Stamp::default(),
        None => entry.stamp().unwrap_or_default(),
    };
    let file = FileSymbols::skipped(FileMeta {
        path: request.path.to_vec(),
        stamp,
        content_hash: entry.content_hash,
        source_bytes: request.text.as_ref().map_or(stamp.size, |text| text.len() as u64),
        note: entry.note(),
        ..FileMeta::default()
    });
    builder.add(&file).map_err(|error| unrecorded(&error))?;
    let index = builder.finish().map_err(|error| unrecorded(&error))?;
    Ok(FileUpdated { version: request.version, index: index.into() })
}

fn fingerprint(request: &UpdateFile) -> Option<(Stamp, ContentHash)> {
    quarantine::fingerprint(&request.root.location, &request.path, request.file_bytes_max)
}

fn path_text(path: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(path)
}

/// Nanoseconds since 1970.
pub(super) fn now_ns() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.unwrap_or_default().as_nanos()).unwrap_or(i64::MAX)
}
