//! Which worker indexes which shard: the largest waiting one goes to whoever is free, so that all end
//! together. The one place that decides it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use nova_index::ShardId;
use nova_protocol::message::{IndexShard, SourceFile};
use tokio::sync::Notify;

/// A shard whose worker died this often, with no file to blame, is given up; the others go on.
pub(crate) const TASK_ATTEMPTS_MAX: u32 = 3;

/// A shard with more files that break workers is given up: it is not the files then.
pub(crate) const TASK_QUARANTINED_MAX: u32 = 100;

/// One shard to be indexed.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) request: IndexShard,
    /// Source bytes to read.
    pub(crate) bytes: u64,
    /// What became of it so far.
    pub(crate) trials: Trials,
}

/// How often a shard was tried, and how it is to be tried next.
///
/// ```text
///  swift ──worker lost──▶ careful ──worker lost──▶ the file in work is quarantined ──▶ careful …
///    │                       │ no file in work, or its worker was killed by others
///    │ by others             ▼
///    └──────────────▶ failed + 1 ──TASK_ATTEMPTS_MAX──▶ given up
/// ```
#[derive(Debug, Clone, Default)]
pub(crate) struct Trials {
    /// Workers that had it and died since a file was last found to blame.
    pub(crate) failed: u32,
    /// Files that were found to break workers.
    pub(crate) quarantined: u32,
    /// File by file, with a record of which is in work.
    pub(crate) is_careful: bool,
    /// The file that was in work when a worker died of something that may have come from elsewhere.
    pub(crate) suspect: Option<SourceFile>,
}

impl Task {
    pub(crate) fn shard(&self) -> ShardId {
        ShardId(self.request.shard)
    }
}

/// The shards of one run, from the first handed out to the last one answered.
///
/// It starts open and empty, so that workers can start while the run is still being planned; once it
/// is filled, nothing is added but what comes back.
#[derive(Debug)]
pub(crate) struct Assignment {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Ordered by size, the largest last.
    waiting: Vec<Task>,
    in_work: usize,
    is_filled: bool,
}

impl State {
    fn is_finished(&self) -> bool {
        self.is_filled && self.waiting.is_empty() && self.in_work == 0
    }
}

impl Assignment {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default(), changed: Notify::new() }
    }

    /// All the shards that there are to do.
    pub(crate) fn fill(&self, mut tasks: Vec<Task>) {
        tasks.sort_by_key(|task| (task.bytes, std::cmp::Reverse(task.request.shard)));
        let mut state = self.state();
        state.waiting = tasks;
        state.is_filled = true;
        drop(state);
        self.changed.notify_waiters();
    }

    /// Waits until all the shards are known.
    pub(crate) async fn filled(&self) {
        self.wait_for(|state| state.is_filled.then_some(())).await;
    }

    /// Waits until every shard is answered or given up.
    pub(crate) async fn finished(&self) {
        self.wait_for(|state| state.is_finished().then_some(())).await;
    }

    /// The next shard for a worker that takes only these (or any). Waits while there may be one yet, and
    /// is `None` when all is done.
    pub(crate) async fn next(&self, only: Option<&[u32]>) -> Option<Task> {
        let fits = |task: &Task| only.is_none_or(|only| only.contains(&task.request.shard));
        self.wait_for(|state| {
            if let Some(index) = state.waiting.iter().rposition(fits) {
                state.in_work += 1;
                return Some(Some(state.waiting.remove(index)));
            }
            state.is_finished().then_some(None)
        })
        .await
    }

    async fn wait_for<T>(&self, mut outcome: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let mut changed = std::pin::pin!(self.changed.notified());
            // Listening before looking, so that no change falls between the two.
            changed.as_mut().enable();
            if let Some(outcome) = outcome(&mut self.state()) {
                return outcome;
            }
            changed.await;
        }
    }

    /// A shard handed out is answered, or given up.
    pub(crate) fn finish(&self) {
        self.state().in_work -= 1;
        self.changed.notify_waiters();
    }

    /// A shard handed out has lost its worker.
    pub(crate) fn give_back(&self, task: Task) {
        let mut state = self.state();
        state.in_work -= 1;
        let at = state.waiting.partition_point(|other| other.bytes <= task.bytes);
        state.waiting.insert(at, task);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Takes all that waits, so that nothing more is handed out.
    pub(crate) fn abandon(&self) -> Vec<Task> {
        let waiting = std::mem::take(&mut self.state().waiting);
        self.changed.notify_waiters();
        waiting
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn task(shard: u32, bytes: u64) -> Task {
        let request = IndexShard {
            shard,
            identity: [0; 16],
            output: Bytes::new(),
            base: None,
            dropped: Vec::new(),
            roots: Vec::new(),
            files: Vec::new(),
            quarantined: Vec::new(),
            threads: 1,
            file_bytes_max: 0,
            record: None,
        };
        Task { request, bytes, trials: Trials::default() }
    }

    fn filled(tasks: Vec<Task>) -> Assignment {
        let assignment = Assignment::new();
        assignment.fill(tasks);
        assignment
    }

    /// Whether a future has nothing to say yet.
    async fn is_pending(future: std::pin::Pin<&mut impl Future>) -> bool {
        tokio::select! {
            biased;
            _ = future => false,
            () = std::future::ready(()) => true,
        }
    }

    #[tokio::test]
    async fn the_largest_goes_first_and_a_lost_one_comes_again() {
        let assignment = filled(vec![task(0, 5), task(1, 9), task(2, 5)]);
        let first = assignment.next(None).await.unwrap();
        assert_eq!(first.request.shard, 1);
        assert_eq!(assignment.next(Some(&[2])).await.unwrap().request.shard, 2);
        assignment.give_back(first);
        assert_eq!(assignment.next(None).await.unwrap().request.shard, 1);
        assert_eq!(assignment.next(None).await.unwrap().request.shard, 0);
        for _ in 0..3 {
            assignment.finish();
        }
        assert!(assignment.next(None).await.is_none());
    }

    #[tokio::test]
    async fn a_free_worker_waits_while_a_shard_may_come_back() {
        let assignment = filled(vec![task(0, 5)]);
        let taken = assignment.next(None).await.unwrap();
        let mut waiting = std::pin::pin!(assignment.next(None));
        assert!(is_pending(waiting.as_mut()).await);
        assignment.give_back(taken);
        assert_eq!(waiting.await.unwrap().request.shard, 0);
    }

    #[tokio::test]
    async fn workers_wait_for_a_plan_and_end_when_it_is_empty() {
        let assignment = Assignment::new();
        let mut waiting = std::pin::pin!(assignment.next(None));
        assert!(is_pending(waiting.as_mut()).await);
        assignment.fill(Vec::new());
        assert!(waiting.await.is_none());
        assignment.finished().await;
    }
}
