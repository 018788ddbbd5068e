//! The sources of libraries: archives that every workspace has beside its own files.
//!
//! All of them are one workspace of its own, with one cache, so that each is indexed once, whoever has which of them:
//! the layout keeps those that a run does not name, and a new one is the only one that is read.

mod artifact;
pub(crate) mod places;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nova_router::{Look, Root, Session, WorkspaceOptions, archive_of, path};
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
    /// The archives, as folders.
    archives: HashSet<Vec<u8>>,
}

/// Where the libraries' cache is, for a workspace of these options.
pub(crate) fn cache_folder(own: &WorkspaceOptions) -> Result<PathBuf, WorkspaceError> {
    Ok(own.cache_folder()?.with_file_name(CACHE_FOLDER))
}

impl Library {
    /// Opens the archives that are these options' ROOTs, and brings their index up to date.
    pub(crate) async fn open(
        options: WorkspaceOptions,
        cancel: &CancellationToken,
    ) -> Result<Self, WorkspaceError> {
        let as_folder = |root: &Root| [&path::to_bytes(&root.real), &b"!"[..]].concat();
        let archives = options.roots.iter().map(as_folder).collect();
        let workspace = Arc::new(nova_router::Workspace::open(options)?);
        let report = workspace.catch_up(Look::AtChanges, cancel).await;
        // Nobody has it, so nobody else ends what it began.
        let report = report.inspect_err(|_| workspace.close())?;
        let is_archive = |path: &[u8]| archive_of(path).is_some_and(|it| it == path);
        let unreadable = report.skipped.iter().filter(|skipped| is_archive(&skipped.path));
        for skipped in unreadable.clone().take(UNREADABLE_TOLD_MAX) {
            tracing::warn!("a library is left out: {}", skipped.reason);
        }
        if let Some(more) = unreadable.count().checked_sub(UNREADABLE_TOLD_MAX).filter(|it| *it > 0)
        {
            tracing::warn!("{more} more libraries cannot be read");
        }
        Ok(Self { session: Session::new(workspace, &[]), archives })
    }

    /// Who is to be asked about them.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Whether a path leads into one of them.
    pub(crate) fn has(&self, file: &Path) -> bool {
        archive_of(&path::to_bytes(file)).is_some_and(|archive| self.archives.contains(archive))
    }

    /// Ends its workers.
    pub(crate) fn close(&self) {
        self.session.workspace().close();
    }
}
