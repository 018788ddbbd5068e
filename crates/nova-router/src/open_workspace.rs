//! A workspace as a frontend has it open that stays for long: asked for at a running `nova serve`, or kept by a
//! router in this process. The frontend need not know which.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nova_index::Subtypes;
use nova_protocol::frontend::Look;
use nova_protocol::inspection::{Inspected, Inspection};
use nova_protocol::place::TextPosition;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::answer::Answer;
use crate::client::{AskError, Client, Found};
use crate::definition::{DefineError, Definition};
use crate::explain_path::PathExplanation;
use crate::overlay::{DocumentError, DocumentVersion, TextChange};
use crate::pool::InspectError;
use crate::question::Question;
use crate::reconcile::ReconcileError;
use crate::report::{Contents, IndexReport, Progress, Skipped};
use crate::root::{Root, RootError};
use crate::session::Session;
use crate::workspace::{NoCacheFolder, Workspace, WorkspaceOptions};

/// What is under way ends within this time, or in no order.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// An open workspace.
#[derive(Debug)]
pub struct OpenWorkspace {
    roots: Vec<Root>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// A router in this process.
    Here {
        session: Session,
        tending: OnceLock<()>,
        _ends_with_it: DropGuard,
        stop: CancellationToken,
    },
    /// `nova serve`, which is asked.
    Served(Box<Client>),
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum OpenWorkspaceError {
    /// A ROOT cannot be indexed.
    #[error(transparent)]
    Root(#[from] RootError),
    /// There is no place for the cache.
    #[error(transparent)]
    NoCacheFolder(#[from] NoCacheFolder),
    /// The index cannot be brought up to date.
    #[error(transparent)]
    Index(#[from] ReconcileError),
    /// Who keeps the workspace open does not answer.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The text cannot be shown.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The text cannot be asked about.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// The name cannot be looked up.
    #[error(transparent)]
    Define(#[from] DefineError),
    /// Nobody waits any more.
    #[error("cancelled")]
    Cancelled,
}

impl OpenWorkspace {
    /// Opens the workspace of these options. What the cache has of it can be asked for at once.
    pub async fn open(
        options: WorkspaceOptions,
        product_version: &str,
    ) -> Result<Self, OpenWorkspaceError> {
        match Client::find(&options, product_version).await {
            Found::Somebody(client) => {
                Ok(Self { roots: options.roots, source: Source::Served(client) })
            }
            Found::Nobody => Self::open_here(options).await,
            Found::Unusable(reason) => {
                tracing::warn!("working without it: {reason}");
                Self::open_here(options).await
            }
        }
    }

    /// The same in this process, whoever keeps it open.
    pub async fn open_here(options: WorkspaceOptions) -> Result<Self, OpenWorkspaceError> {
        let roots = options.roots.clone();
        let workspace = Arc::new(Workspace::open(options)?);
        if let Err(error) = workspace.publish_cached().await {
            tracing::warn!("the index before the first look cannot be used: {error}");
        }
        if let Err(error) = workspace.watch().await {
            tracing::warn!("changes are not watched: {error}");
        }
        let stop = CancellationToken::new();
        let session = Session::new(workspace, &[]);
        let ends_with_it = stop.clone().drop_guard();
        let source =
            Source::Here { session, tending: OnceLock::new(), _ends_with_it: ends_with_it, stop };
        Ok(Self { roots, source })
    }

    /// The ROOTs.
    pub fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// The process of the `nova serve` that is asked, if one is.
    pub fn served_by(&self) -> Option<u32> {
        match &self.source {
            Source::Here { .. } => None,
            Source::Served(client) => Some(client.record().pid),
        }
    }

    /// Waits until nobody keeps the workspace open any more that somebody else did: then it is to be opened anew.
    pub async fn lost(&self) {
        match &self.source {
            Source::Here { .. } => std::future::pending().await,
            Source::Served(client) => client.lost().await,
        }
    }

    /// Counts what there is.
    pub async fn contents(&self) -> Result<Contents, OpenWorkspaceError> {
        match &self.source {
            Source::Served(client) => Ok(client.contents().await?),
            Source::Here { session, .. } => {
                let workspace = Arc::clone(session.workspace());
                let counted = tokio::task::spawn_blocking(move || workspace.contents()).await;
                counted.map_err(|error| ReconcileError::from(error).into())
            }
        }
    }

    /// Brings the index into line with the disk, as it is when this is called or later.
    pub async fn index(
        &self,
        look: Look,
        on_progress: impl FnMut(Progress) + Send,
        cancel: &CancellationToken,
    ) -> Result<Arc<IndexReport>, OpenWorkspaceError> {
        match &self.source {
            Source::Served(client) => tokio::select! {
                report = client.catch_up(look, on_progress) => Ok(Arc::new(report?)),
                () = cancel.cancelled() => Err(OpenWorkspaceError::Cancelled),
            },
            Source::Here { session, .. } => {
                match session.workspace().catch_up_telling(look, on_progress, cancel).await {
                    Err(ReconcileError::Cancelled) => Err(OpenWorkspaceError::Cancelled),
                    report => Ok(report?),
                }
            }
        }
    }

    /// The revision of what is published.
    pub async fn revision(&self) -> Result<u64, OpenWorkspaceError> {
        Ok(match &self.source {
            Source::Here { session, .. } => session.view().revision().0,
            Source::Served(client) => client.status().await?.revision,
        })
    }

    /// Takes in what changes from now on.
    pub fn tend(&self) {
        if let Source::Here { session, stop, tending, .. } = &self.source {
            tending.get_or_init(|| {
                let (workspace, stop) = (Arc::clone(session.workspace()), stop.clone());
                tokio::spawn(async move { workspace.tend(&stop).await });
            });
        }
    }

    /// The best symbols for a question.
    pub async fn search(
        &self,
        question: &Question,
        cancel: &CancellationToken,
    ) -> Result<Answer, OpenWorkspaceError> {
        match &self.source {
            Source::Here { session, .. } => {
                let request = question.request(cancel.clone());
                session.search(&request).await.map_err(|_| OpenWorkspaceError::Cancelled)
            }
            Source::Served(client) => Ok(client.search(question).await?),
        }
    }

    /// Why a path is in the index, or why not, as far as the last look tells.
    pub async fn explain_path(&self, path: &Path) -> Result<PathExplanation, OpenWorkspaceError> {
        match &self.source {
            Source::Served(client) => Ok(client.explain_path(path).await?),
            Source::Here { session, .. } => {
                let (workspace, path) = (Arc::clone(session.workspace()), path.to_path_buf());
                let report = workspace.latest_report().unwrap_or_default();
                let explain = move || workspace.explain_path(&path, &report);
                let explained = tokio::task::spawn_blocking(explain).await;
                explained.map_err(|error| ReconcileError::from(error).into())
            }
        }
    }

    /// Files that are not in the index, as far as the last look tells, with the reasons.
    pub async fn skipped(&self) -> Result<Vec<Skipped>, OpenWorkspaceError> {
        let report = match &self.source {
            Source::Here { session, .. } => session.workspace().latest_report().unwrap_or_default(),
            Source::Served(client) => Arc::new(client.catch_up(Look::AtNothing, |_| {}).await?),
        };
        Ok(report.skipped.clone())
    }

    /// What there is to say of a text.
    pub async fn inspect(
        &self,
        path: &Path,
        inspection: Inspection,
    ) -> Result<Inspected, OpenWorkspaceError> {
        let path = self.real(path);
        Ok(match &self.source {
            Source::Here { session, .. } => session.inspect(&path, inspection).await?,
            Source::Served(client) => client.inspect(&path, inspection).await?,
        })
    }

    /// What a name may mean.
    pub async fn define(
        &self,
        path: &Path,
        at: TextPosition,
        verify_timeout: Duration,
        cancel: &CancellationToken,
    ) -> Result<Definition, OpenWorkspaceError> {
        let path = self.real(path);
        Ok(match &self.source {
            Source::Here { session, .. } => {
                session.define(&path, at, verify_timeout, cancel.clone()).await?
            }
            Source::Served(client) => client.define(&path, at, verify_timeout).await?,
        })
    }

    /// What is declared below some types.
    pub async fn subtypes(
        &self,
        wanted: &Subtypes,
        verify_timeout: Duration,
        cancel: &CancellationToken,
    ) -> Result<Answer, OpenWorkspaceError> {
        match &self.source {
            Source::Here { session, .. } => {
                let found = session.subtypes(wanted, verify_timeout, cancel).await;
                found.map_err(|_| OpenWorkspaceError::Cancelled)
            }
            Source::Served(client) => Ok(client.subtypes(wanted, verify_timeout).await?),
        }
    }

    /// Shows a text instead of a file's.
    pub async fn open_document(
        &self,
        path: &Path,
        version: DocumentVersion,
        text: String,
    ) -> Result<(), OpenWorkspaceError> {
        let path = self.real(path);
        match &self.source {
            Source::Here { session, .. } => session.open(&path, version, text)?,
            Source::Served(client) => client.open(&path, version, text).await?,
        }
        Ok(())
    }

    /// Changes such a text.
    pub async fn change_document(
        &self,
        path: &Path,
        version: DocumentVersion,
        changes: Vec<TextChange>,
    ) -> Result<(), OpenWorkspaceError> {
        let path = self.real(path);
        match &self.source {
            Source::Here { session, .. } => session.change(&path, version, &changes)?,
            Source::Served(client) => client.change(&path, version, changes).await?,
        }
        Ok(())
    }

    /// A file was saved.
    pub async fn save_document(&self, path: &Path) -> Result<(), OpenWorkspaceError> {
        let path = self.real(path);
        match &self.source {
            Source::Here { session, .. } => session.save(&path).await,
            Source::Served(client) => client.save(&path).await?,
        }
        Ok(())
    }

    /// Shows the file again.
    pub async fn close_document(&self, path: &Path) -> Result<(), OpenWorkspaceError> {
        let path = self.real(path);
        match &self.source {
            Source::Here { session, .. } => drop(tokio::spawn(session.close(&path))),
            Source::Served(client) => client.close(&path).await?,
        }
        Ok(())
    }

    /// The path without links, as the index has it.
    pub fn real(&self, path: &Path) -> PathBuf {
        let below = self.roots.iter().filter(|root| root.given != root.real).find_map(|root| {
            let rest = path.strip_prefix(&root.given).ok()?;
            Some(root.real.join(rest))
        });
        below.unwrap_or_else(|| path.to_path_buf())
    }

    /// The path as the editor calls it.
    pub fn given(&self, real: &Path) -> PathBuf {
        let below = self.roots.iter().filter(|root| root.given != root.real).find_map(|root| {
            let rest = real.strip_prefix(&root.real).ok()?;
            Some(root.given.join(rest))
        });
        below.unwrap_or_else(|| real.to_path_buf())
    }

    /// Ends its workers, if they are ours; when what is under way has ended, or after a while.
    pub async fn close(&self) {
        if let Source::Here { session, stop, .. } = &self.source {
            stop.cancel();
            drop(timeout(END_TIMEOUT, session.workspace().at_rest()).await);
            session.workspace().close();
        }
    }
}
