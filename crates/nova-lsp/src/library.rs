//! The sources of libraries: archives that every workspace has beside its own files.
//!
//! All of them are one workspace of its own, with one cache, so that each is indexed once, whoever has which of them:
//! the layout keeps those that a run does not name, and a new one is the only one that is read.

mod artifact;
pub(crate) mod places;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nova_router::explain_path::PathExplanation;
use nova_router::report::Progress;
use nova_router::{Look, ReconcileError, Root, Session, WorkspaceOptions, archive_of, path};
use tokio::task::{JoinError, spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::workspace::WorkspaceError;

/// The name of the cache folder, beside those of workspaces.
const CACHE_FOLDER: &str = "java-libraries";
/// So many archives that cannot be read are told by name.
const UNREADABLE_TOLD_MAX: usize = 10;

/// The libraries' sources.
#[derive(Debug)]
pub(crate) struct Library {
    session: Session,
    roots: Vec<Root>,
    /// The archives, as folders.
    archives: HashSet<Vec<u8>>,
}

/// Where the libraries' cache is, for a workspace of these options.
pub(crate) fn cache_folder(own: &WorkspaceOptions) -> Result<PathBuf, WorkspaceError> {
    Ok(own.cache_folder()?.with_file_name(CACHE_FOLDER))
}

impl Library {
    /// Opens the archives that are these options' ROOTs, and brings their index up to date. Tells what is amiss, in
    /// sentences.
    pub(crate) async fn open(
        options: WorkspaceOptions,
        on_progress: impl FnMut(Progress) + Send,
        cancel: &CancellationToken,
    ) -> Result<(Self, Vec<String>), WorkspaceError> {
        let as_folder = |root: &Root| [&path::to_bytes(&root.real), &b"!"[..]].concat();
        let roots = options.roots.clone();
        let archives = roots.iter().map(as_folder).collect();
        let workspace = Arc::new(nova_router::Workspace::open(options)?);
        let report = workspace.catch_up_telling(Look::AtChanges, on_progress, cancel).await;
        // Nobody has it, so nobody else ends what it began.
        let report = report.inspect_err(|_| workspace.close()).map_err(|error| match error {
            ReconcileError::Cancelled => WorkspaceError::Cancelled,
            error => error.into(),
        })?;
        let is_archive = |path: &[u8]| archive_of(path).is_some_and(|it| it == path);
        let unreadable = report.skipped.iter().filter(|skipped| is_archive(&skipped.path));
        let told = unreadable.clone().take(UNREADABLE_TOLD_MAX);
        let mut amiss: Vec<String> =
            told.map(|skipped| format!("a library is left out: {}", skipped.reason)).collect();
        if let Some(more) = unreadable.count().checked_sub(UNREADABLE_TOLD_MAX).filter(|it| *it > 0)
        {
            amiss.push(format!("{more} more libraries cannot be read"));
        }
        Ok((Self { session: Session::new(workspace, &[]), roots, archives }, amiss))
    }

    /// Who is to be asked about them.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Whether a path leads into one of them.
    pub(crate) fn has(&self, file: &Path) -> bool {
        archive_of(&path::to_bytes(file)).is_some_and(|archive| self.archives.contains(archive))
    }

    /// The archives.
    pub(crate) fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// Why a path in one of them is in the index, or why not.
    pub(crate) async fn explain_path(&self, path: PathBuf) -> Result<PathExplanation, JoinError> {
        let workspace = Arc::clone(self.session.workspace());
        let report = workspace.latest_report().unwrap_or_default();
        spawn_blocking(move || workspace.explain_path(&path, &report)).await
    }

    /// Ends its workers.
    pub(crate) fn close(&self) {
        self.session.workspace().close();
    }
}
