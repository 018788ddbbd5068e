//! Workers elsewhere that fail again and again: each is left alone for a while, and for longer each time. They are told
//! apart by name, so that one that breaks off and comes again is the same.
//!
//! ```text
//!  good ──FAILURES_MAX in a row──▶ at rest ──the rest is over──▶ on trial: one shard
//!   ▲                                 ▲                           │       │
//!   │                                 └────────── it fails ───────┘       │
//!   └──────────────────── a shard is done ────────────────────────────────┘
//! ```

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

/// After so many failures in a row a worker is left alone ...
const FAILURES_MAX: u32 = 3;
/// ... for so long, and after each failure on trial for twice as long ...
const REST_MIN: Duration = Duration::from_secs(5);
/// ... up to this.
const REST_MAX: Duration = Duration::from_secs(120);
/// Workers whose failures are remembered.
const NAMES_MAX: usize = 1024;

/// How workers elsewhere have done lately; nothing is kept of those that do well.
#[derive(Debug, Default)]
pub(super) struct Standings {
    failing: Mutex<HashMap<String, Standing>>,
    recovered: Notify,
}

#[derive(Debug)]
struct Standing {
    /// In a row, without those that came while it was at rest.
    failures: u32,
    rests_until: Option<Instant>,
    /// Somebody tries it, until `rests_until` at the latest.
    is_on_trial: bool,
    last_error: String,
}

impl Standings {
    /// A worker did not do a shard. What it had in hand when its rest began says nothing new.
    pub(super) fn failed(&self, name: &str, reason: &str) {
        let (mut failing, now) = (self.failing(), Instant::now());
        if failing.len() >= NAMES_MAX && !failing.contains_key(name) {
            return;
        }
        let standing = failing.entry(name.to_owned()).or_insert_with(Standing::good);
        reason.clone_into(&mut standing.last_error);
        if standing.rest(now).is_some_and(|_| !standing.is_on_trial) {
            return;
        }
        standing.is_on_trial = false;
        standing.failures += 1;
        if let Some(more) = standing.failures.checked_sub(FAILURES_MAX) {
            let rest = REST_MIN.saturating_mul(1 << more.min(16)).min(REST_MAX);
            standing.rests_until = Some(now + rest);
            if more == 0 {
                tracing::warn!("worker {name} is left alone for {rest:?}: {reason}");
            }
        }
    }

    /// A worker did a shard.
    pub(super) fn succeeded(&self, name: &str) {
        if self.failing().remove(name).is_some() {
            self.recovered.notify_waiters();
        }
    }

    /// How long a worker is to be given nothing. When that is over, whoever asks first may try it; the others
    /// wait for what becomes of that.
    pub(super) fn admit(&self, name: &str) -> Result<(), Duration> {
        let (mut failing, now) = (self.failing(), Instant::now());
        let Some(standing) = failing.get_mut(name) else { return Ok(()) };
        match (standing.rest(now), standing.rests_until) {
            (Some(rest), _) => Err(rest),
            (None, None) => Ok(()),
            (None, Some(_)) => {
                standing.is_on_trial = true;
                standing.rests_until = Some(now + REST_MIN);
                Ok(())
            }
        }
    }

    /// Whether a worker is given nothing now.
    pub(super) fn rests(&self, name: &str) -> bool {
        self.failing().get(name).is_some_and(|standing| standing.rest(Instant::now()).is_some())
    }

    /// What went wrong last with a worker that is failing, for people.
    pub(super) fn trouble(&self, name: &str) -> Option<String> {
        let failing = self.failing();
        let Standing { failures, last_error, .. } = failing.get(name)?;
        let rest = failing.get(name)?.rest(Instant::now());
        Some(match rest {
            Some(rest) => {
                let seconds = rest.as_secs() + 1;
                format!(
                    "{last_error}; left alone for {seconds} s after {failures} failures in a row"
                )
            }
            None => last_error.clone(),
        })
    }

    /// Some worker does well again.
    pub(super) fn recovered(&self) -> Notified<'_> {
        self.recovered.notified()
    }

    fn failing(&self) -> MutexGuard<'_, HashMap<String, Standing>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing {
    fn good() -> Self {
        Self { failures: 0, rests_until: None, is_on_trial: false, last_error: String::new() }
    }

    fn rest(&self, now: Instant) -> Option<Duration> {
        self.rests_until?.checked_duration_since(now).filter(|rest| !rest.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_fails_again_and_again_is_left_alone_for_longer_each_time() {
        let standings = Standings::default();
        for _ in 1..FAILURES_MAX {
            standings.failed("big", "disk full");
            assert_eq!(standings.admit("big"), Ok(()));
        }
        // Several shards fail at a time.
        (0..8).for_each(|_| standings.failed("big", "disk full"));
        assert_eq!(standings.admit("big"), Err(REST_MIN));
        assert_eq!(standings.admit("other"), Ok(()));
        let trouble = standings.trouble("big").unwrap();
        assert_eq!(trouble, "disk full; left alone for 6 s after 3 failures in a row");
        tokio::time::advance(REST_MIN).await;
        assert!(!standings.rests("big"));
        assert_eq!(standings.admit("big"), Ok(()), "one is tried");
        assert!(standings.admit("big").is_err(), "and the others wait for it");
        standings.failed("big", "disk full");
        assert_eq!(standings.admit("big"), Err(2 * REST_MIN));
        for _ in 0..20 {
            tokio::time::advance(REST_MAX).await;
            assert_eq!(standings.admit("big"), Ok(()));
            standings.failed("big", "disk full");
        }
        assert_eq!(standings.admit("big"), Err(REST_MAX));
    }

    #[tokio::test(start_paused = true)]
    async fn one_shard_that_is_done_makes_up_for_it() {
        let standings = Standings::default();
        (0..FAILURES_MAX).for_each(|_| standings.failed("big", "disk full"));
        tokio::time::advance(REST_MIN).await;
        assert_eq!(standings.admit("big"), Ok(()));
        let mut waiting = std::pin::pin!(standings.recovered());
        waiting.as_mut().enable();
        standings.succeeded("big");
        waiting.await;
        assert_eq!((standings.admit("big"), standings.trouble("big")), (Ok(()), None));
        standings.failed("big", "disk full");
        assert_eq!(standings.admit("big"), Ok(()), "it begins from nothing");
    }
}
