//! Workers that do not start: after some failures in a row none is tried for a while.
//!
//! ```text
//!  closed ──START_ATTEMPTS_MAX failures──▶ open ──start_retry is over──▶ one attempt
//!    ▲                                      ▲                              │    │
//!    └───────────── a worker starts ────────┼──────────────────────────────┘    │
//!                                           └───────────── it fails ────────────┘
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::launch::LaunchError;

/// After so many attempts without a worker in between, starting pauses.
const START_ATTEMPTS_MAX: u32 = 4;

#[derive(Debug)]
pub(super) struct Breaker {
    /// How long it stays open.
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Since when it is open, and why.
    open: Option<(Instant, Arc<LaunchError>)>,
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    TryAgain,
    /// It is open; whether that is news.
    GiveUp {
        is_news: bool,
    },
}

impl Breaker {
    pub(super) fn new(pause: Duration) -> Self {
        Self { pause, state: Mutex::default() }
    }

    /// Whether a worker may be started; else why the last one could not.
    pub(super) fn admit(&self) -> Result<(), Arc<LaunchError>> {
        let mut state = self.state();
        match &mut state.open {
            Some((since, why)) if since.elapsed() < self.pause => Err(Arc::clone(why)),
            Some((since, _)) => {
                // This one may; the others wait for what becomes of it.
                *since = Instant::now();
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(super) fn started(&self) {
        *self.state() = State::default();
    }

    pub(super) fn failed(&self, why: &Arc<LaunchError>) -> Next {
        let mut state = self.state();
        state.failures += 1;
        if state.failures < START_ATTEMPTS_MAX {
            return Next::TryAgain;
        }
        let is_news = state.open.is_none();
        state.open = Some((Instant::now(), Arc::clone(why)));
        Next::GiveUp { is_news }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_failures_in_a_row_one_attempt_is_made_in_each_interval() {
        let breaker = Breaker::new(Duration::from_secs(30));
        let why = Arc::new(LaunchError::Closed);
        for _ in 1..START_ATTEMPTS_MAX {
            assert_eq!(breaker.failed(&why), Next::TryAgain);
            assert!(breaker.admit().is_ok());
        }
        assert_eq!(breaker.failed(&why), Next::GiveUp { is_news: true });
        assert!(breaker.admit().is_err());
        tokio::time::advance(Duration::from_secs(30)).await;
        assert!(breaker.admit().is_ok());
        assert!(breaker.admit().is_err());
        assert_eq!(breaker.failed(&why), Next::GiveUp { is_news: false });
        tokio::time::advance(Duration::from_secs(30)).await;
        assert!(breaker.admit().is_ok());
        breaker.started();
        assert!(breaker.admit().is_ok());
        assert_eq!(breaker.failed(&why), Next::TryAgain);
    }
}
