//! Those who work on one assignment: a slot for each worker that the router keeps, and the guests.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use nova_index::ShardIdentity;
use nova_protocol::message::{Progress, Request, Response, ShardIndexed};
use nova_protocol::path;
use nova_rpc::CallError;
use tokio::sync::mpsc;

use super::backoff::Backoff;
use super::{Connected, LaunchError, Outcome, Shared};
use crate::assignment::{Assignment, TASK_ATTEMPTS_MAX, Task};

/// What those who work on one assignment share.
#[derive(Clone)]
pub(super) struct Crew {
    pub(super) shared: Arc<Shared>,
    pub(super) assignment: Arc<Assignment>,
    pub(super) outcomes: mpsc::UnboundedSender<Outcome>,
}

impl Crew {
    /// Keeps one worker at work, starting another in its place when it dies, until all is done or none
    /// can be started.
    pub(super) async fn fill_slot(self) -> Result<(), LaunchError> {
        let mut backoff = Backoff::new();
        loop {
            match self.shared.any_worker().await {
                Ok(worker) => {
                    backoff = Backoff::new();
                    if self.work(worker).await {
                        return Ok(());
                    }
                }
                Err(error) if backoff.is_exhausted() => return Err(error),
                Err(error) => tracing::warn!("{error}; trying again"),
            }
            backoff.wait().await;
        }
    }

    /// Has a guest at work until all is done or it leaves.
    pub(super) async fn employ(self, guest: Connected) -> Result<(), LaunchError> {
        self.work(guest).await;
        Ok(())
    }

    /// Gives shards to a worker; false if it was lost before all was done.
    async fn work(&self, worker: Connected) -> bool {
        while let Some(task) = self.assignment.next(worker.shards.as_deref()).await {
            if let Err(mut task) = self.index(&worker, task).await {
                task.failed_attempts += 1;
                tracing::warn!("worker {} was lost at shard {}", worker.name, task.shard());
                if task.failed_attempts < TASK_ATTEMPTS_MAX {
                    self.assignment.give_back(task);
                } else {
                    let reason = format!("{TASK_ATTEMPTS_MAX} workers were lost at it");
                    self.conclude(&task, Err(reason));
                }
                return false;
            }
        }
        self.shared.rest(worker);
        true
    }

    /// One shard; the task comes back if the worker was lost.
    async fn index(&self, worker: &Connected, task: Task) -> Result<(), Task> {
        let output = self.shared.run.unpublished(task.shard(), task.failed_attempts);
        let mut request = task.request.clone();
        request.output = Bytes::copy_from_slice(&path::to_bytes(&output));
        let mut counted = Progress { files: 0, bytes: 0 };
        let count = |now: Progress| {
            self.shared.files_done.fetch_add(now.files - counted.files, Ordering::Relaxed);
            self.shared.bytes_done.fetch_add(now.bytes - counted.bytes, Ordering::Relaxed);
            counted = now;
        };
        let request = Request::IndexShard(request);
        let answer = worker.caller.call_with_progress(&request, None, count).await;
        let result = match answer {
            Ok(Response::IndexShard(indexed)) => Ok((output, indexed)),
            Ok(_) => Err(CallError::WrongAnswer.to_string()),
            Err(CallError::Disconnected(_)) => return Err(task),
            Err(error) => Err(error.to_string()),
        };
        self.conclude(&task, result);
        Ok(())
    }

    fn conclude(&self, task: &Task, result: Result<(PathBuf, ShardIndexed), String>) {
        self.report(task, result);
        self.assignment.finish();
    }

    /// Gives up what is left when there is nobody to do it.
    pub(super) fn abandon(&self, error: Option<LaunchError>) {
        let reason = error.map_or_else(|| "no worker is left".to_owned(), |e| e.to_string());
        for task in self.assignment.abandon() {
            self.report(&task, Err(reason.clone()));
        }
    }

    fn report(&self, task: &Task, result: Result<(PathBuf, ShardIndexed), String>) {
        let identity = ShardIdentity(task.request.identity);
        if self.outcomes.send(Outcome { shard: task.shard(), identity, result }).is_err() {
            tracing::debug!("nobody waits for shard {} any more", task.shard());
        }
    }
}
