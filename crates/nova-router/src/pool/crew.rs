//! Those who work on one assignment: a slot for each worker that the router keeps, and the guests.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use nova_index::ShardIdentity;
use nova_protocol::message::{Progress, Request, Response, ShardIndexed, SourceFile, SourceRoot};
use nova_protocol::path;
use nova_rpc::CallError;
use nova_worker::record::InWork;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::backoff::Backoff;
use super::loss::{Blame, Loss};
use super::update::now_ns;
use super::worker::{Employed, Worker};
use super::{LaunchError, Outcome, Shared};
use crate::assignment::{Assignment, TASK_ATTEMPTS_MAX, TASK_QUARANTINED_MAX, Taker, Task, Trials};
use crate::quarantine::{self, Entry};

/// A shard at which so many workers elsewhere were lost is for the router's own.
const LOSSES_ELSEWHERE_MAX: u32 = 2;
/// Where there are none of these it is given up after so many.
const LOSSES_WITHOUT_OWN_MAX: u32 = 16;

/// While a worker is left alone, how often it is looked whether others are still there.
const OTHERS_INTERVAL: Duration = Duration::from_secs(1);

/// What those who work on one assignment share.
#[derive(Clone)]
pub(super) struct Crew {
    pub(super) shared: Arc<Shared>,
    pub(super) assignment: Arc<Assignment>,
    pub(super) outcomes: mpsc::UnboundedSender<Outcome>,
}

/// Why a worker is given no more shards.
enum End {
    /// All is done.
    Done,
    /// It was lost; whether it had done some before.
    Lost { after_work: bool },
    /// It keeps too much memory.
    Retired,
}

impl Crew {
    /// Keeps one worker at work, starting another in its place when it dies, until all is done or none
    /// can be started.
    pub(super) async fn fill_slot(self) -> Result<(), Arc<LaunchError>> {
        let mut backoff = Backoff::new();
        loop {
            let employed = self.shared.employ().await?;
            match self.work(&employed).await {
                End::Done => {
                    let worker = Arc::clone(&employed.0);
                    drop(employed);
                    self.shared.rest(&worker);
                    return Ok(());
                }
                End::Retired => {}
                End::Lost { after_work } => {
                    if after_work {
                        backoff = Backoff::new();
                    }
                    backoff.wait().await;
                }
            }
        }
    }

    /// Has a guest at work until all is done or it leaves.
    pub(super) async fn host(self, guest: Employed) -> Result<(), Arc<LaunchError>> {
        self.work(&guest).await;
        Ok(())
    }

    /// Gives shards to a worker.
    async fn work(&self, Employed(worker): &Employed) -> End {
        let mut after_work = false;
        let closed = worker.caller.connection().clone();
        loop {
            let task = tokio::select! {
                biased;
                // Its place is free for who comes again.
                _ = closed.closed() => return End::Lost { after_work },
                task = self.next(worker) => task,
            };
            let Some(task) = task else { return End::Done };
            // What a worker dies of alone is what it was at.
            let _alone = match task.trials.is_careful {
                true => Some(worker.alone().await),
                false => None,
            };
            if !worker.is_alive() {
                self.assignment.give_back(task, worker.id);
                return End::Lost { after_work };
            }
            if !self.index(worker, task).await {
                return End::Lost { after_work };
            }
            after_work = true;
            if !worker.is_guest() && self.shared.is_over_budget(worker) {
                tracing::info!("worker {} keeps too much memory: another takes over", worker.name);
                self.shared.retire(worker);
                return End::Retired;
            }
        }
    }

    /// The next shard for a worker. One elsewhere rather takes what it would have had before, too.
    async fn next(&self, worker: &Worker) -> Option<Task> {
        if !worker.shares_disk() {
            self.wait_out(worker).await;
        }
        let has_own = self.shared.options.count > 0;
        let may_have = |task: &Task| {
            let Trials { is_careful, is_for_own, refused_by, .. } = &task.trials;
            let takes = |root: &SourceRoot| worker.takes(task.request.shard, &root.identity);
            task.request.roots.iter().all(takes)
                && !refused_by.contains(&worker.id)
                && (worker.shares_disk() || !has_own || !(*is_careful || *is_for_own))
        };
        let prefers = |task: &Task| {
            !worker.shares_disk() && self.shared.is_favourite(worker, task.request.shard)
        };
        let (is_own, worker) = (!worker.is_guest(), worker.id);
        let taker = Taker { worker, is_own, may_have: &may_have, prefers: &prefers };
        self.assignment.next(taker).await
    }

    /// Waits while a worker that fails again and again is left alone, as far as there is somebody else.
    async fn wait_out(&self, worker: &Worker) {
        let standings = &self.shared.standings;
        let is_able = |other: &Arc<Worker>| {
            other.id != worker.id && other.is_alive() && !standings.rests(&other.name)
        };
        let has_others =
            || self.shared.options.count > 0 || self.shared.workers().iter().any(is_able);
        while let Err(rest) = standings.admit(&worker.name)
            && has_others()
        {
            tokio::select! {
                () = tokio::time::sleep(rest.min(OTHERS_INTERVAL)) => {}
                () = standings.recovered() => {}
                () = self.assignment.finished() => return,
            }
        }
    }

    /// One shard; false if the worker was lost.
    async fn index(&self, worker: &Worker, task: Task) -> bool {
        let attempt = Attempt::new(&self.shared, &task);
        let counted =
            Counted { shared: &self.shared, files: AtomicU64::new(0), bytes: AtomicU64::new(0) };
        let request = Request::IndexShard(attempt.request(&task));
        let call = worker.caller.call_with_progress(&request, None, |now| counted.count(now));
        let stall = self.shared.options.supervision.task_stall;
        worker.pass().inspect(|pass| pass.record_assigned(task.shard()));
        let in_hand = worker.take_in_hand(task.request.shard);
        let answer = tokio::select! {
            biased;
            answer = self.shared.watch(worker, call, stall, || counted.sum()) => answer,
            // Another one was faster.
            () = self.assignment.settled(task.shard()) => {
                attempt.remove_output();
                return true;
            }
        };
        let result = match answer {
            Ok(Response::IndexShard(indexed)) => Ok((attempt.output.clone(), indexed)),
            Ok(_) => Err(CallError::WrongAnswer.to_string()),
            Err(CallError::Disconnected(_)) => {
                let loss = self.shared.bury(worker).await;
                tracing::warn!("worker {} was lost at shard {}: {loss}", worker.name, task.shard());
                match worker.shares_disk() {
                    true => self.after_loss(worker, task, &attempt, &loss).await,
                    false => self.after_loss_elsewhere(worker, task, &attempt, &loss),
                }
                return false;
            }
            Err(error) => Err(error.to_string()),
        };
        attempt.remove_record();
        let result = match result {
            Ok(done) if !worker.shares_disk() => self.checked(worker, &task, done).await,
            result => result,
        };
        match &result {
            Ok(_) => in_hand.done(task.bytes),
            Err(reason) => in_hand.failed(reason),
        }
        match &result {
            _ if worker.shares_disk() => {}
            Ok(_) => self.shared.standings.succeeded(&worker.name),
            Err(reason) => self.shared.standings.failed(&worker.name, reason),
        }
        match result {
            Err(reason) if !worker.shares_disk() && self.may_others_do(worker, &task) => {
                let (name, shard) = (&worker.name, task.shard());
                tracing::info!("worker {name} did not do shard {shard}: {reason}");
                attempt.remove_output();
                let mut task = task;
                task.trials.is_for_own = true;
                task.trials.refused_by.push(worker.id);
                self.assignment.give_back(task, worker.id);
            }
            result => {
                if !self.conclude(worker, &task, result) {
                    attempt.remove_output();
                }
            }
        }
        true
    }

    /// Whether there is somebody else to do what a worker would not.
    fn may_others_do(&self, worker: &Worker, task: &Task) -> bool {
        let refused = |id| id == worker.id || task.trials.refused_by.contains(&id);
        let is_able = |other: &Worker| {
            let takes = |root: &SourceRoot| other.takes(task.request.shard, &root.identity);
            !refused(other.id) && other.is_alive() && task.request.roots.iter().all(takes)
        };
        self.shared.options.count > 0 || self.shared.workers().iter().any(|other| is_able(other))
    }

    /// What came from elsewhere, unless it is found to be wrong. Who sent that is cut off.
    async fn checked(
        &self,
        worker: &Worker,
        task: &Task,
        done: (PathBuf, ShardIndexed),
    ) -> Result<(PathBuf, ShardIndexed), String> {
        let check = self.shared.spot_check(&task.request, &done.0).await;
        check.map(|()| done).map_err(|caught| {
            tracing::warn!("worker {} is cut off: {caught}", worker.name);
            worker.pass().inspect(|pass| pass.record_cut(&caught.to_string()));
            worker.end();
            caught.to_string()
        })
    }

    /// Has a shard tried again that lost a worker elsewhere: mostly it is the wire that was cut. Should it be a
    /// file that breaks workers, the router's own find out which.
    fn after_loss_elsewhere(
        &self,
        worker: &Worker,
        mut task: Task,
        attempt: &Attempt,
        loss: &Loss,
    ) {
        attempt.remove_output();
        if !worker.is_loss_counted.swap(true, Ordering::Relaxed) {
            self.shared.standings.failed(&worker.name, &loss.to_string());
        }
        task.trials.lost_elsewhere += 1;
        let losses = task.trials.lost_elsewhere;
        if self.shared.options.count > 0 {
            task.trials.is_for_own |= losses >= LOSSES_ELSEWHERE_MAX;
        } else if losses >= LOSSES_WITHOUT_OWN_MAX {
            let reason =
                format!("{losses} workers were lost at it, and the router has none itself");
            self.conclude(worker, &task, Err(reason));
            return;
        }
        self.assignment.give_back(task, worker.id);
    }

    /// Has a shard tried again that lost its worker, without the file that is to blame, or gives it up.
    async fn after_loss(&self, worker: &Worker, mut task: Task, attempt: &Attempt, loss: &Loss) {
        let in_work = attempt.in_work().filter(|in_work| loss.fits(in_work.resident_bytes));
        attempt.remove_output();
        attempt.remove_record();
        let trials = &mut task.trials;
        trials.failed += 1;
        let suspect = in_work.and_then(|it| task.request.files.get(it.position).cloned());
        let is_proven = match loss.blame() {
            Blame::Certain => true,
            Blame::Possible => trials.suspect.is_some() && trials.suspect == suspect,
            Blame::None => false,
        };
        if loss.blame() != Blame::None {
            trials.is_careful = true;
            trials.suspect.clone_from(&suspect);
        }
        if is_proven && let Some(file) = suspect {
            self.quarantine(&mut task, &file, loss, attempt.began_at_ns).await;
        }
        let reason = if task.trials.quarantined > TASK_QUARANTINED_MAX {
            format!(
                "more than {TASK_QUARANTINED_MAX} of its files break workers, the last one {loss}"
            )
        } else if task.trials.failed < TASK_ATTEMPTS_MAX {
            return self.assignment.give_back(task, worker.id);
        } else {
            format!("{TASK_ATTEMPTS_MAX} workers were lost at it; of the last one: {loss}")
        };
        self.conclude(worker, &task, Err(reason));
    }

    /// Takes a file out of what is to be read, unless it has changed since the worker read it.
    async fn quarantine(&self, task: &mut Task, file: &SourceFile, loss: &Loss, began_at_ns: i64) {
        let Some(root) = task.request.roots.get(file.root as usize).cloned() else { return };
        let (path, bytes_max) = (file.path.clone(), task.request.file_bytes_max);
        let fingerprint =
            spawn_blocking(move || quarantine::fingerprint(&root.location, &path, bytes_max));
        let Ok(Some((stamp, content_hash))) = fingerprint.await else { return };
        if stamp.ctime_ns >= began_at_ns {
            return;
        }
        let identity = task.request.roots[file.root as usize].identity.clone();
        let entry =
            Entry::new((&identity, &file.path), loss.to_string(), content_hash, Some(stamp));
        let (shared, kept) = (Arc::clone(&self.shared), entry.clone());
        if spawn_blocking(move || shared.quarantine.add(kept)).await.is_err() {
            tracing::debug!("the quarantine was not written: the router is ending");
        }
        task.request.files.retain(|other| other != file);
        task.request.quarantined.push(entry.to_message(file.clone()));
        task.trials.quarantined += 1;
        task.trials.failed = 0;
        task.trials.suspect = None;
    }

    /// Says whether there is a file that is of use.
    fn conclude(
        &self,
        worker: &Worker,
        task: &Task,
        result: Result<(PathBuf, ShardIndexed), String>,
    ) -> bool {
        let is_right = result.is_ok();
        let counts = self.assignment.answer(task.shard(), worker.id, is_right);
        if counts {
            self.report(task, result);
        }
        counts && is_right
    }

    /// Gives up what is left when there is nobody to do it.
    pub(super) fn abandon(&self, reason: &str) {
        for task in self.assignment.abandon() {
            self.report(&task, Err(reason.to_owned()));
        }
    }

    fn report(&self, task: &Task, result: Result<(PathBuf, ShardIndexed), String>) {
        let identity = ShardIdentity(task.request.identity);
        if self.outcomes.send(Outcome { shard: task.shard(), identity, result }).is_err() {
            tracing::debug!("nobody waits for shard {} any more", task.shard());
        }
    }
}

/// The files of one attempt at a shard.
struct Attempt {
    output: PathBuf,
    record: Option<PathBuf>,
    began_at_ns: i64,
}

impl Attempt {
    fn new(shared: &Shared, task: &Task) -> Self {
        let (shard, number) = (task.shard(), shared.attempts.fetch_add(1, Ordering::Relaxed));
        Self {
            output: shared.run.unpublished(shard, number),
            record: task.trials.is_careful.then(|| shared.run.record(shard, number)),
            began_at_ns: now_ns(),
        }
    }

    fn request(&self, task: &Task) -> nova_protocol::message::IndexShard {
        let bytes = |path: &Path| Bytes::copy_from_slice(&path::to_bytes(path));
        let mut request = task.request.clone();
        request.output = bytes(&self.output);
        request.record = self.record.as_deref().map(bytes);
        request
    }

    /// The file at which the worker was last.
    fn in_work(&self) -> Option<InWork> {
        InWork::read(self.record.as_deref()?)
    }

    fn remove_output(&self) {
        remove_if_there(&self.output);
    }

    fn remove_record(&self) {
        self.record.as_deref().into_iter().for_each(remove_if_there);
    }
}

fn remove_if_there(path: &Path) {
    // The run's folder takes along what stays.
    drop(fs::remove_file(path));
}

/// What one attempt has done, counted into the whole.
struct Counted<'s> {
    shared: &'s Shared,
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Counted<'_> {
    fn count(&self, now: Progress) {
        let count = |total: &AtomicU64, own: &AtomicU64, now: u64| {
            total
                .fetch_add(now.saturating_sub(own.swap(now, Ordering::Relaxed)), Ordering::Relaxed);
        };
        count(&self.shared.files_done, &self.files, now.files);
        count(&self.shared.bytes_done, &self.bytes, now.bytes);
    }

    /// A number that is another one whenever there is progress.
    fn sum(&self) -> u64 {
        self.files.load(Ordering::Relaxed).wrapping_add(self.bytes.load(Ordering::Relaxed))
    }
}
