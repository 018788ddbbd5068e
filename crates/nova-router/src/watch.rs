//! Tells what changes in the folders of a workspace, or that it cannot tell.
//!
//! Folders are watched one by one, not as trees: those that the walk entered. So what is ignored costs
//! nothing, and a new folder is but a path that is reported; whoever walks it names what they entered.
//!
//! ```text
//!              no events to be had: watches used up, a network file system, no source
//!    ┌────────┐ ───────────────────────────────────────────────────────▶ ┌─────────┐
//!  ─▶│ Events │                                                          │ Polling │
//!    └────────┘ ◀─────────────────────────────────────────────────────── └─────────┘
//!   paths that changed,     set_folders, where they may be had now      every POLL_INTERVAL:
//!   or, where events                                                    anything may have
//!   were lost: anything                                                 changed
//!   may have changed
//! ```
//!
//! It reads no file, walks nothing, and does not say what became of a path: created, changed and gone are
//! told apart by `stat`, which is the truth. What no event tells (a write through a mapping, a write by
//! another machine, another tree mounted inside) it does not see either.

mod cookies;
mod ledger;
mod mounts;
mod pending;
mod source;
mod watched;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nova_protocol::path;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use ledger::Ledger;
use mounts::Mounts;
pub(crate) use pending::Changes;
use source::{Opener, Refusal, Sink, Source};
use watched::{Difference, Wanted};

/// Without events everything is to be looked at so often; and with them, whether the topmost folders
/// are still the same.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Whoever looks at everything asks so often whether that is of any use still.
const OVERTAKEN_INTERVAL: Duration = Duration::from_millis(50);
/// A fence that takes longer has failed.
const FENCE_TIMEOUT: Duration = Duration::from_secs(1);

/// Watches folders; says what changed, or that it cannot tell.
///
/// Nothing is missed by whoever keeps to this order:
///
/// 1. Walk, [`Self::set_folders`], then list the folders again that it returns; where that finds folders,
///    set them too, until none is new.
/// 2. Take changes. Where a path is a folder, or was one, walk it and set all folders again, as in 1: its
///    watch has gone with what it watched. If the changes are not complete, walk everything.
///
/// Dropping it ends its thread.
pub(crate) struct Watch {
    ledger: Arc<Ledger>,
    backend: Arc<Mutex<Backend>>,
    /// When the topmost folders are to be looked at next.
    next_check: Mutex<Instant>,
}

/// How changes come to be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchMode {
    /// The system tells.
    Events,
    /// Nobody tells, so everything is looked at again and again.
    Polling {
        /// Why, as a fragment of a sentence.
        reason: String,
    },
}

impl Watch {
    /// Watches nothing yet, so that anything may have changed. Cookies are made in `cookie_folder` (absolute), where nobody else makes files
    /// of their name.
    pub(crate) fn start(cookie_folder: &Path) -> Self {
        Self::with_source(cookie_folder, source::system(), Mounts::read)
    }

    fn with_source(cookie_folder: &Path, open: Opener, mounts: fn() -> Mounts) -> Self {
        let ledger = Arc::new(Ledger::new(cookie_folder));
        let mut backend = Backend { open, mounts, source: None, folders_max: usize::MAX };
        if let Err(reason) = backend.open(&ledger) {
            ledger.poll(reason);
        }
        Self {
            ledger,
            backend: Arc::new(Mutex::new(backend)),
            next_check: Mutex::new(Instant::now() + POLL_INTERVAL),
        }
    }

    /// Sets the folders (absolute) to watch from now on, each without those below it, and single files
    /// wherever they are, such as archives.
    ///
    /// Returns the folders whose watch began with this call. What happened in them before is not
    /// reported: list them again.
    pub(crate) async fn set_folders(
        &self,
        folders: BTreeSet<Vec<u8>>,
        files: BTreeSet<Vec<u8>>,
    ) -> Vec<Vec<u8>> {
        let (ledger, backend) = (Arc::clone(&self.ledger), Arc::clone(&self.backend));
        let setting = spawn_blocking(move || {
            let mut backend = backend.lock().unwrap_or_else(PoisonError::into_inner);
            backend.set_folders(&ledger, folders, files)
        });
        match setting.await {
            Ok(newly_watched) => newly_watched,
            Err(error) => {
                let mut backend = self.backend.lock().unwrap_or_else(PoisonError::into_inner);
                backend.give_up(&self.ledger, format!("the watcher has failed: {error}"));
                Vec::new()
            }
        }
    }

    /// Waits until something may have changed since it was last [taken](Self::take), and then until it is
    /// quiet. Without events that is after a while.
    pub(crate) async fn changed(&self) {
        loop {
            if self.ledger.is_polling() {
                if self.ledger.state().pending.is_empty() {
                    sleep(POLL_INTERVAL).await;
                }
                return;
            }
            let next_check = *self.next_check.lock().unwrap_or_else(PoisonError::into_inner);
            let is_settled = timeout_at(next_check, self.ledger.settled()).await.is_ok();
            if Instant::now() >= next_check {
                self.check_tops().await;
            }
            if is_settled {
                return;
            }
        }
    }

    /// Waits until every change made before the call is among those that [`Self::take`] returns; `false`
    /// if that cannot be told.
    pub(crate) async fn fence(&self) -> bool {
        if !self.ledger.has_cookies() {
            return false;
        }
        let ledger = Arc::clone(&self.ledger);
        let fenced = async {
            let made = spawn_blocking(move || {
                ledger.check_tops();
                ledger.cookies.make()
            });
            match made.await {
                Ok(Ok(mut cookie)) => cookie.is_seen().await,
                Ok(Err(error)) => {
                    tracing::debug!("cannot make a cookie: {error}");
                    false
                }
                Err(_) => false,
            }
        };
        timeout(FENCE_TIMEOUT, fenced).await.unwrap_or(false)
    }

    /// What changed since it was last told, without waiting.
    pub(crate) fn take(&self) -> Changes {
        self.ledger.take()
    }

    /// Waits until more paths than these have changed since it was last taken, or anything may have. Where
    /// nobody tells of changes that is never.
    pub(crate) async fn overtaken(&self, paths: usize) {
        while self.ledger.is_polling() || !self.ledger.state().pending.exceeds(paths) {
            sleep(OVERTAKEN_INTERVAL).await;
        }
    }

    /// What was taken is lost, so anything may have changed.
    pub(crate) fn forget(&self) {
        self.ledger.forget();
    }

    /// Waits until it is quiet, but not for long.
    pub(crate) async fn settled(&self) {
        self.ledger.settled().await;
    }

    /// How changes come to be known.
    pub(crate) fn mode(&self) -> WatchMode {
        self.ledger.state().mode.clone()
    }

    async fn check_tops(&self) {
        let ledger = Arc::clone(&self.ledger);
        // It fails only when the runtime ends.
        drop(spawn_blocking(move || ledger.check_tops()).await);
        let mut next_check = self.next_check.lock().unwrap_or_else(PoisonError::into_inner);
        *next_check = Instant::now() + POLL_INTERVAL;
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("mode", &self.mode()).finish_non_exhaustive()
    }
}

/// The source, and what it takes to have one. Whoever holds it may wait for the source's thread, which
/// takes the ledger's state: that is never held across a call.
struct Backend {
    open: Opener,
    mounts: fn() -> Mounts,
    source: Option<Box<dyn Source>>,
    /// With more folders the watches were used up before.
    folders_max: usize,
}

impl Backend {
    /// Has a source that is believed, and that tells of cookies.
    fn open(&mut self, ledger: &Arc<Ledger>) -> Result<(), String> {
        if self.source.is_some() {
            return Ok(());
        }
        let number = {
            let mut state = ledger.state();
            state.source += 1;
            state.source
        };
        let told = Arc::clone(ledger);
        let sink: Sink = Arc::new(move |signal| told.note(number, signal));
        let mut source = (self.open)(sink)?;
        watch_cookies(&mut *source, ledger);
        self.source = Some(source);
        Ok(())
    }

    fn set_folders(
        &mut self,
        ledger: &Arc<Ledger>,
        folders: BTreeSet<Vec<u8>>,
        files: BTreeSet<Vec<u8>>,
    ) -> Vec<Vec<u8>> {
        let wanted = Wanted::new(folders, files);
        if wanted.folders.len() > self.folders_max {
            return Vec::new();
        }
        if let Some(reason) = (self.mounts)().silent(&wanted) {
            self.give_up(ledger, reason);
            return Vec::new();
        }
        if ledger.is_polling() {
            // If there is a source it has ended by itself.
            self.source = None;
        }
        if let Err(reason) = self.open(ledger) {
            self.give_up(ledger, reason);
            return Vec::new();
        }
        let difference = ledger.state().watched.replace(wanted);
        match self.apply(ledger, difference) {
            Ok(newly_watched) => {
                ledger.state().mode = WatchMode::Events;
                self.folders_max = usize::MAX;
                newly_watched
            }
            Err(reason) => {
                self.give_up(ledger, reason);
                Vec::new()
            }
        }
    }

    /// Adds and removes watches, and returns the folders that have one since. Fails, with a reason, where
    /// no events are to be had.
    fn apply(&mut self, ledger: &Ledger, difference: Difference) -> Result<Vec<Vec<u8>>, String> {
        let Some(source) = &mut self.source else { return Err("there is no watcher".to_owned()) };
        let cookie_folder = ledger.cookies.folder();
        for folder in &difference.removed {
            let folder = path::from_bytes(folder);
            if folder != cookie_folder {
                source.unwatch(&folder);
            }
        }
        watch_cookies(&mut **source, ledger);
        for folder in difference.uncovered {
            let identity = watched::identity(&folder);
            ledger.state().watched.accept(&folder, identity);
        }
        let mut left = difference.added.len();
        let mut newly_watched = Vec::new();
        for folder in difference.added {
            let watched = source.watch(&path::from_bytes(&folder));
            let identity = watched::identity(&folder);
            match watched {
                Ok(()) => {
                    ledger.state().watched.accept(&folder, identity);
                    newly_watched.push(folder);
                }
                Err(Refusal::Missing) => {
                    if ledger.state().watched.refuse(&folder, identity) {
                        ledger.add(folder);
                    }
                }
                Err(Refusal::Denied(reason)) => {
                    if ledger.state().watched.refuse(&folder, identity) {
                        tracing::warn!("a folder cannot be watched: {reason}");
                        ledger.forget();
                    }
                }
                Err(Refusal::LimitReached) => {
                    self.folders_max = ledger.state().watched.folder_count().saturating_sub(left);
                    return Err(format!(
                        "the system lets this user watch no more than {} folders here \
                         (on Linux, fs.inotify.max_user_watches raises the limit)",
                        self.folders_max
                    ));
                }
                Err(Refusal::Failed(reason)) => return Err(reason),
            }
            left -= 1;
        }
        Ok(newly_watched)
    }

    fn give_up(&mut self, ledger: &Ledger, reason: String) {
        self.source = None;
        ledger.poll(reason);
    }
}

/// Has the folder of cookies watched, and anew where its watch has gone with it. Without it fences fail,
/// and all else works.
fn watch_cookies(source: &mut dyn Source, ledger: &Ledger) {
    let watched = source.watch(ledger.cookies.folder());
    if let Err(refusal) = &watched {
        tracing::debug!("no cookies are seen: {refusal:?}");
    }
    ledger.state().sees_cookies = watched.is_ok();
}

#[cfg(test)]
mod tests;
