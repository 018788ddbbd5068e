//! Watches over workers at work: kills those that hang or take too much memory, and finds out how those
//! that are gone were lost.

use std::sync::Arc;
use std::time::Duration;

use nova_protocol::message::Response;
use nova_rpc::CallError;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::loss::{Loss, OomKills, is_stopped};
use super::memory::{self, RUNAWAY_FACTOR};
use super::worker::Worker;
use super::{Shared, launch::Life};

/// A shard of which no file and no byte was done for so long hangs.
pub(super) const TASK_STALL_MAX: Duration = Duration::from_secs(30);
/// A single file that is not done by then hangs.
pub(super) const UPDATE_TIMEOUT: Duration = Duration::from_secs(10);
/// While no worker can be started, one attempt is made so often.
pub(super) const START_RETRY_INTERVAL: Duration = Duration::from_secs(30);
/// How often a worker at work is looked at.
const WATCH_INTERVAL: Duration = Duration::from_millis(100);
/// Looks within a bound, at least.
const LOOKS_MIN: u32 = 8;
/// A process that closed its connection has ended by then, or is ended.
const REAP_TIMEOUT: Duration = Duration::from_secs(2);

/// How much a router puts up with from its workers.
#[derive(Debug, Clone, Copy)]
pub struct Supervision {
    /// Memory that each may keep; without a value, its share of the machine's.
    pub memory_bytes: Option<u64>,
    /// How long the work on a shard may stand still.
    pub task_stall: Duration,
    /// How long one file may take.
    pub update_timeout: Duration,
    /// How often to try again where no worker starts.
    pub start_retry: Duration,
}

impl Default for Supervision {
    fn default() -> Self {
        Self {
            memory_bytes: None,
            task_stall: TASK_STALL_MAX,
            update_timeout: UPDATE_TIMEOUT,
            start_retry: START_RETRY_INTERVAL,
        }
    }
}

impl Supervision {
    /// The memory of each of so many workers.
    pub(super) fn budget_bytes(&self, workers: usize) -> Option<u64> {
        self.memory_bytes.or_else(|| memory::budget_bytes(workers))
    }
}

impl Shared {
    /// Waits for the answer of a worker, and kills that if `progress` shows nothing new for so long or if
    /// it takes far too much memory. The call is then disconnected.
    pub(super) async fn watch(
        &self,
        worker: &Worker,
        call: impl Future<Output = Result<Response, CallError>>,
        bound: Duration,
        progress: impl Fn() -> u64,
    ) -> Result<Response, CallError> {
        worker.note_oom_kills(OomKills::now());
        let mut call = std::pin::pin!(call);
        let pause = WATCH_INTERVAL.min(bound / LOOKS_MIN);
        let mut look = interval(pause);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Looks are counted, not time: this process may have been stopped itself.
        let looks_max = bound.as_nanos().div_ceil(pause.as_nanos().max(1));
        let (mut seen, mut looks) = (progress(), 0);
        loop {
            tokio::select! {
                biased;
                answer = &mut call => return answer,
                _ = look.tick() => {}
            }
            let now = progress();
            looks = if now == seen { looks + 1 } else { 0 };
            seen = now;
            let is_stuck = looks > looks_max;
            if let Some(loss) =
                is_stuck.then(|| hung(worker, bound)).or_else(|| self.runaway(worker))
            {
                worker.condemn(loss);
            }
        }
    }

    fn runaway(&self, worker: &Worker) -> Option<Loss> {
        let (budget_bytes, resident_bytes) = (self.budget_bytes?, worker.resident_bytes()?);
        let is_runaway = resident_bytes > budget_bytes.saturating_mul(RUNAWAY_FACTOR);
        is_runaway.then_some(Loss::OverBudget { resident_bytes, budget_bytes })
    }

    /// Whether a worker keeps more than it may, so that another takes its place between two tasks.
    pub(super) fn is_over_budget(&self, worker: &Worker) -> bool {
        let resident_bytes = self.budget_bytes.and_then(|_| worker.resident_bytes());
        resident_bytes > self.budget_bytes
    }

    /// Ends a worker that is at nothing.
    pub(super) fn retire(&self, worker: &Worker) {
        self.forget(worker);
        worker.end();
    }

    /// How a worker was lost whose connection has ended. Its process is gone afterwards.
    pub(super) async fn bury(&self, worker: &Worker) -> Loss {
        worker.lost.get_or_init(|| self.find_loss(worker)).await.clone()
    }

    async fn find_loss(&self, worker: &Worker) -> Loss {
        self.forget(worker);
        let was_stopped = worker.life.as_ref().and_then(Life::process).is_some_and(is_stopped);
        // A guest may be called like one of the router's own.
        let is_own = worker.life.is_some();
        let child = if is_own { self.children().remove(&worker.name) } else { None };
        let condemned = || worker.condemned.get().cloned();
        let Some(mut child) = child else { return condemned().unwrap_or(Loss::Gone) };
        if let Ok(Ok(status)) = timeout(REAP_TIMEOUT, child.wait()).await {
            let of_process = || Loss::of_process(status, worker.oom_kills(), OomKills::now());
            return condemned().unwrap_or_else(of_process);
        }
        // Dropping it kills it.
        drop(child);
        let silent = if was_stopped { Loss::Stopped } else { Loss::Gone };
        condemned().unwrap_or(silent)
    }

    /// Puts a worker among those that are given work, and takes it out when its connection ends.
    pub(super) fn register(self: &Arc<Self>, worker: &Arc<Worker>) {
        self.workers().push(Arc::clone(worker));
        let connection = worker.caller.connection().clone();
        let (shared, worker) = (Arc::downgrade(self), Arc::downgrade(worker));
        tokio::spawn(async move {
            connection.closed().await;
            if let (Some(shared), Some(worker)) = (shared.upgrade(), worker.upgrade()) {
                let loss = shared.bury(&worker).await;
                tracing::debug!("worker {} is gone: {loss}", worker.name);
            }
        });
    }

    fn forget(&self, worker: &Worker) {
        self.workers().retain(|other| !std::ptr::eq(&raw const **other, worker));
    }
}

fn hung(worker: &Worker, bound: Duration) -> Loss {
    let process = worker.life.as_ref().and_then(Life::process);
    if process.is_some_and(is_stopped) { Loss::Stopped } else { Loss::Hung(bound) }
}
