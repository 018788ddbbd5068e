//! The workspace that an editor has open: asked for at a running `nova serve`, or kept by a router of our own.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nova_router::client::{AskError, Found};
use nova_router::definition::{DefineError, Definition};
use nova_router::inspection::{Inspected, Inspection};
use nova_router::path;
use nova_router::place::TextPosition;
use nova_router::report::{Contents, IndexReport, Progress, Symbol};
use nova_router::root::RootError;
use nova_router::workspace::{FILE_BYTES_MAX_DEFAULT, NoCacheFolder};
use nova_router::{
    Answer, Cancelled, Client, DocumentError, DocumentVersion, InspectError, Launch, Look,
    Question, ReconcileError, Root, SHARD_BYTES_MAX_DEFAULT, SearchRequest, Session, Supervision,
    TextChange, WorkerOptions, WorkspaceOptions,
};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::args::LspOptions;
use crate::library::{self, Library};
use crate::settings::{DaemonUse, Settings};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What is under way ends within this time, or in no order.
const END_TIMEOUT: Duration = Duration::from_secs(1);
/// How often it is told how far an index run is.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// An open workspace.
#[derive(Debug)]
pub(crate) struct Workspace {
    roots: Vec<Root>,
    source: Source,
    /// Once they are indexed.
    library: OnceLock<Library>,
}

#[derive(Debug)]
enum Source {
    /// A router in this process.
    Here { session: Session, _tending: DropGuard, stop: CancellationToken },
    /// `nova serve`, which is asked.
    Served(Box<Client>),
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkspaceError {
    #[error(transparent)]
    Root(#[from] RootError),
    #[error(transparent)]
    NoCacheFolder(#[from] NoCacheFolder),
    #[error(transparent)]
    Index(#[from] ReconcileError),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Inspect(#[from] InspectError),
    #[error(transparent)]
    Define(#[from] DefineError),
    #[error("cancelled")]
    Cancelled,
}

impl From<Cancelled> for WorkspaceError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl Workspace {
    /// Opens these folders. What the cache has of them can be asked for at once.
    pub(crate) async fn open(
        folders: &[PathBuf],
        options: &LspOptions,
        settings: &Settings,
    ) -> Result<Self, WorkspaceError> {
        let mut roots: Vec<Root> = Vec::new();
        for folder in folders {
            let root = Root::find(folder)?;
            if roots.iter().all(|known| known.real != root.real) {
                roots.push(root);
            }
        }
        if settings.daemon == DaemonUse::Start {
            options.start_daemon(&roots).await;
        }
        let options = workspace_options(roots.clone(), options, settings);
        let found = match settings.daemon {
            DaemonUse::Never => Found::Nobody,
            DaemonUse::Attach | DaemonUse::Start => Client::find(&options, VERSION).await,
        };
        let source = match found {
            Found::Somebody(client) => Source::Served(client),
            Found::Nobody => Self::here(options).await?,
            Found::Unusable(reason) => {
                tracing::warn!("working without it: {reason}");
                Self::here(options).await?
            }
        };
        Ok(Self { roots, source, library: OnceLock::new() })
    }

    /// Has the sources of libraries beside its own; takes as long as it takes to index them, if nobody has.
    pub(crate) async fn open_library(&self, options: &LspOptions, settings: &Settings) {
        let archives: Vec<PathBuf> = settings.jdk_sources().into_iter().collect();
        let roots = library::roots(&archives);
        let is_own = |root: &Root| self.roots.iter().any(|own| own.real == root.real);
        if roots.is_empty() || roots.iter().any(is_own) {
            return;
        }
        let options = workspace_options(roots, options, settings);
        // It has a cache of its own, which other workspaces have, too.
        let beside = |folder: PathBuf| {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            folder.with_file_name(format!("{name}-libraries"))
        };
        let options =
            WorkspaceOptions { cache_dir: options.cache_dir.clone().map(beside), ..options };
        match Library::open(options).await {
            Ok(library) => drop(self.library.set(library)),
            Err(error) => tracing::warn!("libraries are left out: {error}"),
        }
    }

    async fn here(options: WorkspaceOptions) -> Result<Source, WorkspaceError> {
        let workspace = Arc::new(nova_router::Workspace::open(options)?);
        if let Err(error) = workspace.publish_cached().await {
            tracing::warn!("the index before the first look cannot be used: {error}");
        }
        if let Err(error) = workspace.watch().await {
            tracing::warn!("changes are not watched: {error}");
        }
        let stop = CancellationToken::new();
        let session = Session::new(workspace, &[]);
        Ok(Source::Here { session, _tending: stop.clone().drop_guard(), stop })
    }

    /// Brings the index into line with the disk, and has it kept so from then on.
    pub(crate) async fn index(
        &self,
        look: Look,
        mut on_progress: impl FnMut(Progress) + Send,
        cancel: &CancellationToken,
    ) -> Result<IndexReport, WorkspaceError> {
        match &self.source {
            Source::Served(client) => {
                tokio::select! {
                    report = client.catch_up(look, on_progress) => Ok(report?),
                    () = cancel.cancelled() => Err(WorkspaceError::Cancelled),
                }
            }
            Source::Here { session, .. } => {
                let workspace = session.workspace();
                let mut look = std::pin::pin!(workspace.catch_up(look, cancel));
                let mut tick = tokio::time::interval(PROGRESS_INTERVAL);
                loop {
                    tokio::select! {
                        report = &mut look => return match report {
                            Ok(report) => Ok(IndexReport::clone(&report)),
                            Err(ReconcileError::Cancelled) => Err(WorkspaceError::Cancelled),
                            Err(error) => Err(error.into()),
                        },
                        _ = tick.tick() => on_progress(workspace.progress()),
                    }
                }
            }
        }
    }

    /// Who keeps the index: the process of a running `nova serve`, or none.
    pub(crate) fn served_by(&self) -> Option<u32> {
        match &self.source {
            Source::Here { .. } => None,
            Source::Served(client) => Some(client.record().pid),
        }
    }

    /// Counts what there is.
    pub(crate) async fn contents(&self) -> Result<Contents, WorkspaceError> {
        match &self.source {
            Source::Served(client) => Ok(client.contents().await?),
            Source::Here { session, .. } => {
                let workspace = Arc::clone(session.workspace());
                let counted = tokio::task::spawn_blocking(move || workspace.contents()).await;
                counted.map_err(|error| WorkspaceError::Index(error.into()))
            }
        }
    }

    /// Takes in what changes from now on.
    pub(crate) fn tend(&self) {
        if let Source::Here { session, stop, .. } = &self.source {
            let (workspace, stop) = (Arc::clone(session.workspace()), stop.clone());
            tokio::spawn(async move { workspace.tend(&stop).await });
        }
    }

    /// The best symbols for a question.
    pub(crate) async fn search(
        &self,
        question: &Question,
        cancel: &CancellationToken,
    ) -> Result<Answer, WorkspaceError> {
        let mut answer = match &self.source {
            Source::Here { session, .. } => {
                let request = question.request(cancel.clone());
                session.search(&request).await?
            }
            Source::Served(client) => client.search(question).await?,
        };
        let left = question.limit.saturating_sub(answer.hits.len());
        if let Some(library) = self.library.get().filter(|_| left > 0) {
            let request = SearchRequest { limit: left, ..question.request(cancel.clone()) };
            let mut found = library.session().search(&request).await?.hits;
            // Who has the JDK's sources open has them once.
            let own: HashSet<_> = answer.hits.iter().map(|(symbol, _)| identity(symbol)).collect();
            found.retain(|(symbol, _)| !own.contains(&identity(symbol)));
            answer.hits.extend(found);
        }
        Ok(answer)
    }

    /// What there is to say of a text.
    pub(crate) async fn inspect(
        &self,
        path: &Path,
        inspection: Inspection,
    ) -> Result<Inspected, WorkspaceError> {
        let path = self.real(path);
        if let Some(library) = self.library.get().filter(|library| library.has(&path)) {
            return Ok(library.session().inspect(&path, inspection).await?);
        }
        Ok(match &self.source {
            Source::Here { session, .. } => session.inspect(&path, inspection).await?,
            Source::Served(client) => client.inspect(&path, inspection).await?,
        })
    }

    /// What a name may mean.
    pub(crate) async fn define(
        &self,
        path: &Path,
        at: TextPosition,
        verify_timeout: Duration,
        cancel: &CancellationToken,
    ) -> Result<Definition, WorkspaceError> {
        let path = self.real(path);
        let own = match &self.source {
            Source::Here { session, .. } => {
                session.define(&path, at, verify_timeout, cancel.clone()).await?
            }
            Source::Served(client) => client.define(&path, at, verify_timeout).await?,
        };
        let Some(library) = self.library.get() else { return Ok(own) };
        let Some(name) = own.name.as_ref().filter(|name| name.local.is_none()) else {
            return Ok(own);
        };
        let session = library.session();
        let other = session.candidates(name, &path, verify_timeout, cancel.clone()).await?;
        Ok(own.or(other))
    }

    /// Shows a text instead of a file's.
    pub(crate) async fn open_document(
        &self,
        path: &Path,
        version: DocumentVersion,
        text: String,
    ) -> Result<(), WorkspaceError> {
        let path = self.real(path);
        match &self.source {
            Source::Here { session, .. } => session.open(&path, version, text)?,
            Source::Served(client) => client.open(&path, version, text).await?,
        }
        Ok(())
    }

    /// Changes such a text.
    pub(crate) async fn change_document(
        &self,
        path: &Path,
        version: DocumentVersion,
        changes: Vec<TextChange>,
    ) -> Result<(), WorkspaceError> {
        let path = self.real(path);
        match &self.source {
            Source::Here { session, .. } => session.change(&path, version, &changes)?,
            Source::Served(client) => client.change(&path, version, changes).await?,
        }
        Ok(())
    }

    /// A file was saved.
    pub(crate) async fn save_document(&self, path: &Path) -> Result<(), WorkspaceError> {
        let path = self.real(path);
        match &self.source {
            Source::Here { session, .. } => session.save(&path).await,
            Source::Served(client) => client.save(&path).await?,
        }
        Ok(())
    }

    /// Shows the file again.
    pub(crate) async fn close_document(&self, path: &Path) -> Result<(), WorkspaceError> {
        let path = self.real(path);
        match &self.source {
            Source::Here { session, .. } => drop(tokio::spawn(session.close(&path))),
            Source::Served(client) => client.close(&path).await?,
        }
        Ok(())
    }

    /// The path without links, as the index has it.
    pub(crate) fn real(&self, path: &Path) -> PathBuf {
        let below = self.roots.iter().filter(|root| root.given != root.real).find_map(|root| {
            let rest = path.strip_prefix(&root.given).ok()?;
            Some(root.real.join(rest))
        });
        below.unwrap_or_else(|| path.to_path_buf())
    }

    /// What an editor can open for a file of the index.
    pub(crate) fn openable(&self, file: &[u8]) -> PathBuf {
        let file = path::from_bytes(file);
        let copy = self.library.get().and_then(|library| library.copy_of(&file));
        copy.unwrap_or_else(|| self.given(&file))
    }

    /// The path as the editor calls it.
    pub(crate) fn given(&self, real: &Path) -> PathBuf {
        let below = self.roots.iter().filter(|root| root.given != root.real).find_map(|root| {
            let rest = real.strip_prefix(&root.real).ok()?;
            Some(root.given.join(rest))
        });
        below.unwrap_or_else(|| real.to_path_buf())
    }

    /// Ends its workers, if they are ours; when what is under way has ended, or after a while.
    pub(crate) async fn close(&self) {
        if let Source::Here { session, stop, .. } = &self.source {
            stop.cancel();
            drop(timeout(END_TIMEOUT, session.workspace().at_rest()).await);
            session.workspace().close();
        }
        self.library.get().inspect(|library| library.close());
    }
}

/// What makes a symbol the same in two places.
fn identity(symbol: &Symbol) -> (String, String, String, String) {
    let Symbol { package, container, name, signature, .. } = symbol.clone();
    (package, container, name, signature)
}

fn workspace_options(
    roots: Vec<Root>,
    options: &LspOptions,
    settings: &Settings,
) -> WorkspaceOptions {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    WorkspaceOptions {
        roots,
        cache_dir: settings.cache_dir.clone().or_else(|| options.cache_dir.clone()),
        workers: WorkerOptions {
            count: settings.workers.or(options.workers).unwrap_or(cores).max(1),
            one_per_shard: false,
            launch: Launch::Process {
                executable: options.worker.clone(),
                arguments: options.worker_arguments.clone(),
            },
            guests: None,
            supervision: Supervision::default(),
        },
        heed_ignore_files: settings.heed_ignore_files.unwrap_or(true),
        rebuild: false,
        shard_bytes_max: SHARD_BYTES_MAX_DEFAULT,
        file_bytes_max: settings.max_file_size.unwrap_or(FILE_BYTES_MAX_DEFAULT),
    }
}
