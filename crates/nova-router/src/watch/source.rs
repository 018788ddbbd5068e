//! Where events come from: the system, or a test. The two ways to the system's are below.
//!
//! There is no debouncer in between: it would hold the event of a cookie back, or overtake others with it.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(test, not(target_os = "linux")))]
mod portable;

use std::io;
use std::path::Path;
use std::sync::Arc;

/// What a source tells, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Signal {
    Change(Change),
    /// Events are missing here.
    Gap(String),
    /// There will be no more.
    End(String),
}

/// Something happened to what has this path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Absolute.
    pub(super) path: Vec<u8>,
    pub(super) kind: ChangeKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChangeKind {
    /// A file has the name now.
    FileAppeared,
    /// A folder has the name now, or the source does not tell what has.
    Appeared,
    /// What had the name has it no more.
    Vanished,
    /// What a file holds, or what `stat` says of it.
    Content,
    /// What `stat` says of a folder, or the source does not tell of what.
    Attributes,
}

impl ChangeKind {
    /// Whether the name stands for something else now, or for nothing.
    pub(super) fn is_of_name(self) -> bool {
        matches!(self, Self::FileAppeared | Self::Appeared | Self::Vanished)
    }
}

/// Watches folders, each without those below it.
pub(super) trait Source: Send {
    /// Watches a folder: whatever happens in it or to it after the return is told.
    fn watch(&mut self, folder: &Path) -> Result<(), Refusal>;

    /// Ends that; a folder that is not watched is none of its business.
    fn unwatch(&mut self, folder: &Path);
}

/// Why a folder is not watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is none.
    Missing,
    /// This user may not read it.
    Denied(String),
    /// The system gives no more watches.
    LimitReached,
    /// Anything else.
    Failed(String),
}

/// Takes signals, from whatever thread, and holds it up for moments only.
pub(super) type Sink = Arc<dyn Fn(Signal) + Send + Sync>;

/// Makes a source that tells `Sink`; it ends with the source. Fails with a reason.
pub(super) type Opener = Box<dyn Fn(Sink) -> Result<Box<dyn Source>, String> + Send>;

/// The system's events.
pub(super) fn system() -> Opener {
    #[cfg(target_os = "linux")]
    return Box::new(linux::open);
    #[cfg(not(target_os = "linux"))]
    return Box::new(portable::open);
}

/// The events of other systems, where this one has better.
#[cfg(test)]
pub(super) fn portable() -> Opener {
    Box::new(portable::open)
}

impl Refusal {
    fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Denied(error.to_string()),
            // Linux says so of watches, too.
            io::ErrorKind::StorageFull => Self::LimitReached,
            _ => Self::Failed(error.to_string()),
        }
    }
}
