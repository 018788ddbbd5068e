//! Which worker indexes which shard: the largest waiting one goes to whoever is free, so that all end
//! together. The one place that decides it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nova_index::ShardId;
use nova_protocol::message::{IndexShard, SourceFile};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// A shard whose worker died this often, with no file to blame, is given up; the others go on.
pub(crate) const TASK_ATTEMPTS_MAX: u32 = 3;

/// A shard with more files that break workers is given up: it is not the files then.
pub(crate) const TASK_QUARANTINED_MAX: u32 = 100;

/// A shard that a worker has for so long is handed to another one, too, that has nothing to do.
const STEAL_AFTER: Duration = Duration::from_secs(10);

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
    /// Workers elsewhere that would not do it.
    pub(crate) refused_by: Vec<WorkerId>,
    /// Workers elsewhere that had it and were lost.
    pub(crate) lost_elsewhere: u32,
    /// Workers elsewhere could not do it: the router's own are to try.
    pub(crate) is_for_own: bool,
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

/// Tells workers apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WorkerId(pub(crate) u64);

/// Who asks for a shard.
#[derive(Clone, Copy)]
pub(crate) struct Taker<'t> {
    /// The worker.
    pub(crate) worker: WorkerId,
    /// Whether it is one of the router's own.
    pub(crate) is_own: bool,
    /// Whether it may have a shard at all.
    pub(crate) may_have: &'t (dyn Fn(&Task) -> bool + Sync),
    /// Whether it should have it rather than another, as it may know its texts.
    pub(crate) prefers: &'t (dyn Fn(&Task) -> bool + Sync),
}

/// The shards of one run, from the first handed out to the last one answered.
///
/// It starts open and empty, so that workers can start while the run is still being planned; once it
/// is filled, nothing is added but what comes back. A shard that is in work for long is handed out once more
/// to who has nothing else to do, and the first right answer counts: a slow worker holds nobody up.
#[derive(Debug)]
pub(crate) struct Assignment {
    state: Mutex<State>,
    changed: Notify,
    /// After so long a shard is handed out once more.
    steal_after: Duration,
}

#[derive(Debug, Default)]
struct State {
    /// Ordered by size, the largest last.
    waiting: Vec<Task>,
    in_work: BTreeMap<ShardId, InWork>,
    is_filled: bool,
}

/// A shard that some worker has.
#[derive(Debug)]
struct InWork {
    task: Task,
    since: Instant,
    /// Who has it, and whether that is one of the router's own.
    holders: Vec<(WorkerId, bool)>,
}

impl InWork {
    /// Whether another one may have it as well: two at most, and one of the router's own in any case.
    fn admits(&self, taker: Taker<'_>) -> bool {
        let holds = self.holders.iter().any(|(worker, _)| *worker == taker.worker);
        let has_own = self.holders.iter().any(|(_, is_own)| *is_own);
        !holds && (self.holders.len() < 2 || (taker.is_own && !has_own))
    }
}

impl State {
    fn is_finished(&self) -> bool {
        self.is_filled && self.waiting.is_empty() && self.in_work.is_empty()
    }

    fn take(&mut self, taker: Taker<'_>) -> Option<Task> {
        let preferred =
            self.waiting.iter().rposition(|it| (taker.may_have)(it) && (taker.prefers)(it));
        let position = preferred.or_else(|| self.waiting.iter().rposition(taker.may_have))?;
        let task = self.waiting.remove(position);
        let holders = vec![(taker.worker, taker.is_own)];
        let in_work = InWork { task: task.clone(), since: Instant::now(), holders };
        self.in_work.insert(task.shard(), in_work);
        Some(task)
    }

    /// Of what others have for longer than this, what they have had the longest.
    fn steal(&mut self, taker: Taker<'_>, steal_after: Duration) -> Option<Task> {
        let stolen = self.slow(taker).min_by_key(|it| it.since)?;
        if stolen.since.elapsed() < steal_after {
            return None;
        }
        stolen.holders.push((taker.worker, taker.is_own));
        Some(stolen.task.clone())
    }

    /// What may be handed out once more, now or later. What is tried with care is for one alone.
    fn slow(&mut self, taker: Taker<'_>) -> impl Iterator<Item = &mut InWork> {
        let is_slow = move |it: &&mut InWork| {
            it.admits(taker) && !it.task.trials.is_careful && (taker.may_have)(&it.task)
        };
        self.in_work.values_mut().filter(is_slow)
    }
}

impl Assignment {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::default(), changed: Notify::new(), steal_after: STEAL_AFTER }
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

    /// Nobody needs any of it any more: who has a shard may drop it.
    pub(crate) fn stop(&self) {
        *self.state() = State { is_filled: true, ..State::default() };
        self.changed.notify_waiters();
    }

    /// Whether all the shards are known.
    pub(crate) fn is_filled(&self) -> bool {
        self.state().is_filled
    }

    /// Whether there are shards to do and nobody is at any.
    pub(crate) fn is_stuck(&self) -> bool {
        let state = self.state();
        !state.waiting.is_empty() && state.in_work.is_empty()
    }

    /// Waits until all the shards are known.
    pub(crate) async fn filled(&self) {
        self.wait_for(|state| state.is_filled.then_some(())).await;
    }

    /// Waits until every shard is answered or given up.
    pub(crate) async fn finished(&self) {
        self.wait_for(|state| state.is_finished().then_some(())).await;
    }

    /// Waits until a shard that was handed out needs no more work.
    pub(crate) async fn settled(&self, shard: ShardId) {
        self.wait_for(|state| (!state.in_work.contains_key(&shard)).then_some(())).await;
    }

    /// The next shard for a worker. Waits while there may be one yet, and is `None` when all is done.
    pub(crate) async fn next(&self, taker: Taker<'_>) -> Option<Task> {
        loop {
            let next = self.wait_for(|state| {
                let task = state.take(taker).or_else(|| state.steal(taker, self.steal_after));
                task.map(Some).or_else(|| state.is_finished().then_some(None))
            });
            // What comes into work meanwhile is stolen a little later.
            let oldest = self.state().slow(taker).map(|it| it.since).min();
            let look_again = oldest.unwrap_or_else(Instant::now) + self.steal_after;
            tokio::select! {
                next = next => return next,
                () = sleep_until(look_again) => {}
            }
        }
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

    /// A shard handed out has an answer, right or not. Says whether that counts: it does not if there is a
    /// right one already, or if another worker may yet give one.
    pub(crate) fn answer(&self, shard: ShardId, worker: WorkerId, is_right: bool) -> bool {
        let mut state = self.state();
        let Some(in_work) = state.in_work.get_mut(&shard) else { return false };
        in_work.holders.retain(|(holder, _)| *holder != worker);
        if !is_right && !in_work.holders.is_empty() {
            return false;
        }
        state.in_work.remove(&shard);
        drop(state);
        self.changed.notify_waiters();
        true
    }

    /// A shard handed out has lost its worker, or that will not do it. Who else has it goes on.
    pub(crate) fn give_back(&self, task: Task, worker: WorkerId) {
        let mut state = self.state();
        let Some(in_work) = state.in_work.get_mut(&task.shard()) else { return };
        in_work.holders.retain(|(holder, _)| *holder != worker);
        if !in_work.holders.is_empty() {
            in_work.task.trials = task.trials;
            return;
        }
        state.in_work.remove(&task.shard());
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

    const ME: WorkerId = WorkerId(1);
    const ANY: Taker<'_> =
        Taker { worker: ME, is_own: false, may_have: &|_| true, prefers: &|_| false };
    const OTHER: Taker<'_> = Taker { worker: WorkerId(2), ..ANY };
    const OWN: Taker<'_> = Taker { worker: WorkerId(3), is_own: true, ..ANY };

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
        let first = assignment.next(ANY).await.unwrap();
        assert_eq!(first.request.shard, 1);
        assert_eq!(
            assignment
                .next(Taker { may_have: &|it| it.shard().0 == 2, ..ANY })
                .await
                .unwrap()
                .request
                .shard,
            2
        );
        assignment.give_back(first, ME);
        assert_eq!(assignment.next(ANY).await.unwrap().request.shard, 1);
        assert_eq!(assignment.next(ANY).await.unwrap().request.shard, 0);
        for shard in 0..3 {
            assert!(assignment.answer(ShardId(shard), ME, true));
        }
        assert!(assignment.next(ANY).await.is_none());
    }

    #[tokio::test]
    async fn a_free_worker_waits_while_a_shard_may_come_back() {
        let assignment = filled(vec![task(0, 5)]);
        let taken = assignment.next(ANY).await.unwrap();
        let mut waiting = std::pin::pin!(assignment.next(ANY));
        assert!(is_pending(waiting.as_mut()).await);
        assignment.give_back(taken, ME);
        assert_eq!(waiting.await.unwrap().request.shard, 0);
    }

    #[tokio::test]
    async fn workers_wait_for_a_plan_and_end_when_it_is_empty() {
        let assignment = Assignment::new();
        let mut waiting = std::pin::pin!(assignment.next(ANY));
        assert!(is_pending(waiting.as_mut()).await);
        assignment.fill(Vec::new());
        assert!(waiting.await.is_none());
        assignment.finished().await;
    }

    #[tokio::test]
    async fn who_knows_a_shard_is_given_that_one_first() {
        let assignment = filled(vec![task(0, 5), task(1, 9)]);
        let knows = Taker { prefers: &|it| it.shard().0 == 0, ..ANY };
        assert_eq!(assignment.next(knows).await.unwrap().request.shard, 0);
        assert_eq!(assignment.next(knows).await.unwrap().request.shard, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_worker_holds_nobody_up_and_the_first_right_answer_counts() {
        let assignment = filled(vec![task(0, 5)]);
        let began = Instant::now();
        assert_eq!(assignment.next(ANY).await.unwrap().shard(), ShardId(0));
        let stolen = assignment.next(OTHER).await.unwrap();
        assert_eq!(stolen.shard(), ShardId(0));
        assert!(began.elapsed() >= STEAL_AFTER);
        let third = Taker { worker: WorkerId(4), ..ANY };
        let waits =
            async |taker| tokio::time::timeout(3 * STEAL_AFTER, assignment.next(taker)).await;
        assert!(waits(ANY).await.is_err(), "nobody steals from itself");
        assert!(waits(third).await.is_err(), "two are enough");
        assert_eq!(
            waits(OWN).await.unwrap().unwrap().shard(),
            ShardId(0),
            "but for the router's own"
        );
        // A wrong answer does not count while a right one may come, and only one counts.
        assert!(!assignment.answer(ShardId(0), ME, false));
        assert!(assignment.answer(ShardId(0), OWN.worker, true));
        assert!(!assignment.answer(ShardId(0), OTHER.worker, true));
        assignment.give_back(stolen, OTHER.worker);
        assignment.settled(ShardId(0)).await;
        assert!(assignment.next(ANY).await.is_none());
    }

    #[tokio::test]
    async fn once_it_is_stopped_nobody_has_anything_to_do() {
        let assignment = filled(vec![task(0, 5), task(1, 9), task(2, 3)]);
        let (lost, slow) =
            (assignment.next(ANY).await.unwrap(), assignment.next(OTHER).await.unwrap());
        assignment.stop();
        assignment.settled(slow.shard()).await;
        assignment.give_back(lost, ME);
        assert!(!assignment.answer(slow.shard(), OTHER.worker, true));
        assert!(assignment.next(ANY).await.is_none());
        assignment.finished().await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_handed_out_while_one_waits_is_stolen_in_time() {
        let assignment = Assignment::new();
        let (first, second) = tokio::join!(
            async {
                assignment.fill(vec![task(0, 5)]);
                assignment.next(ANY).await.unwrap()
            },
            assignment.next(OTHER)
        );
        assert_eq!(first.shard(), second.unwrap().shard());
    }
}
