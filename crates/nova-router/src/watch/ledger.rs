//! What is known between a source, which tells, and whoever asks.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::WatchMode;
use super::cookies::Cookies;
use super::pending::{Changes, Pending};
use super::source::Signal;
use super::watched::{self, Watched};

/// Changes that come within so short a time belong together: a save is reported almost at once.
const QUIET: Duration = Duration::from_millis(20);
/// So long a batch is held back while more keeps coming: a checkout of thousands of files is one or a few.
const BATCH_MAX: Duration = Duration::from_millis(200);

pub(super) struct Ledger {
    /// Held for moments only, as a source's thread takes it for every event.
    state: Mutex<State>,
    /// Something was added to what is pending.
    arrived: Notify,
    pub(super) cookies: Cookies,
}

pub(super) struct State {
    pub(super) watched: Watched,
    pub(super) pending: Pending,
    pub(super) mode: WatchMode,
    /// Which of the sources, counted from the first, is to be believed.
    pub(super) source: u64,
    pub(super) sees_cookies: bool,
}

impl Ledger {
    pub(super) fn new(cookie_folder: &Path) -> Self {
        Self {
            state: Mutex::new(State {
                watched: Watched::default(),
                pending: Pending::new(),
                mode: WatchMode::Events,
                source: 0,
                sees_cookies: false,
            }),
            arrived: Notify::new(),
            cookies: Cookies::new(cookie_folder),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what a source tells.
    pub(super) fn note(&self, source: u64, signal: Signal) {
        match signal {
            Signal::Change(change) => {
                let mut state = self.state();
                if state.source != source || self.cookies.see(&change.path) {
                    return;
                }
                let reported = state.watched.judge(change);
                if reported.is_empty() {
                    return;
                }
                reported.into_iter().for_each(|path| state.pending.add(path));
            }
            Signal::Gap(reason) => {
                let mut state = self.state();
                if state.source != source {
                    return;
                }
                tracing::debug!("events are missing, so anything may have changed: {reason}");
                state.pending.forget();
                self.cookies.note_gap();
            }
            Signal::End(reason) => {
                if self.state().source == source {
                    self.poll(reason);
                }
            }
        }
        self.arrived.notify_one();
    }

    /// Something has changed.
    pub(super) fn add(&self, path: Vec<u8>) {
        self.state().pending.add(path);
        self.arrived.notify_one();
    }

    /// Anything may have changed.
    pub(super) fn forget(&self) {
        self.state().pending.forget();
        self.arrived.notify_one();
    }

    /// From now on there are no events.
    pub(super) fn poll(&self, reason: String) {
        let mut state = self.state();
        if !matches!(state.mode, WatchMode::Polling { .. }) {
            tracing::warn!("changes are looked for instead of being told: {reason}");
            state.pending.forget();
        }
        state.mode = WatchMode::Polling { reason };
        state.watched.clear();
        state.source += 1;
        drop(state);
        self.cookies.note_gap();
        self.arrived.notify_one();
    }

    pub(super) fn is_polling(&self) -> bool {
        matches!(self.state().mode, WatchMode::Polling { .. })
    }

    /// Whether a cookie tells anything.
    pub(super) fn has_cookies(&self) -> bool {
        let state = self.state();
        state.mode == WatchMode::Events && state.sees_cookies
    }

    pub(super) fn take(&self) -> Changes {
        let mut state = self.state();
        let changes = state.pending.take();
        match state.mode {
            WatchMode::Events => changes,
            WatchMode::Polling { .. } => Changes::anything(),
        }
    }

    /// Waits until something is pending, and then until it is quiet.
    pub(super) async fn settled(&self) {
        while self.state().pending.is_empty() {
            self.arrived.notified().await;
        }
        let last = Instant::now() + BATCH_MAX;
        loop {
            let quiet = (Instant::now() + QUIET).min(last);
            if timeout_at(quiet, self.arrived.notified()).await.is_err() || Instant::now() >= last {
                return;
            }
        }
    }

    /// Looks whether a folder's name has come to stand for another where nothing tells.
    pub(super) fn check_tops(&self) {
        let tops: Vec<_> = {
            let state = self.state();
            state.watched.tops().map(|(path, identity)| (path.to_vec(), identity)).collect()
        };
        for (path, before) in tops {
            let now = watched::identity(&path);
            if now != before && self.state().watched.is_replaced(&path, before, now) {
                self.forget();
            }
        }
    }
}
