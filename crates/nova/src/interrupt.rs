//! Ctrl-C and its like: asks what runs to stop, and stops it if it does not.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// The exit code of an interrupted command.
pub(crate) const EXIT_CODE: u8 = 130;

/// What has not stopped by then is stuck in a write that nobody reads.
const GRACE: Duration = Duration::from_millis(600);

/// The command was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interrupted;

impl std::error::Error for Interrupted {}

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

/// A token that is cancelled by the first signal to end.
pub(crate) fn watch() -> CancellationToken {
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        signalled().await;
        cancelled.cancel();
        tokio::time::sleep(GRACE).await;
        let unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(file) = unfinished {
            drop(std::fs::remove_file(file));
        }
        std::process::exit(i32::from(EXIT_CODE));
    });
    token
}

/// What stands in for the file that is being written.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Has a file removed should the command have to be stopped; `None` when there is none any more.
pub(crate) fn remove_at_exit(file: Option<PathBuf>) {
    *UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner) = file;
}

#[cfg(unix)]
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

#[cfg(not(unix))]
async fn signalled() {
    drop(tokio::signal::ctrl_c().await);
}
