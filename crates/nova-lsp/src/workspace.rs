//! The workspace that an editor has open: its folders, and the sources of libraries beside them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nova_router::definition::Definition;
use nova_router::inspection::{Inspected, Inspection};
pub(crate) use nova_router::open_workspace::OpenWorkspaceError as WorkspaceError;
use nova_router::place::TextPosition;
use nova_router::report::{Progress, Symbol};
use nova_router::workspace::FILE_BYTES_MAX_DEFAULT;
use nova_router::{
    Answer, COPIES_FOLDER, Launch, OpenWorkspace, Question, ReconcileError, Root,
    SHARD_BYTES_MAX_DEFAULT, Score, SearchRequest, Subtypes, Supervision, WorkerOptions,
    WorkspaceOptions, archive_of, in_words, path,
};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::archives::Archives;
use crate::args::LspOptions;
use crate::client::ClientAbilities;
use crate::library::{self, Library, places};
use crate::settings::{DaemonUse, Settings};

/// Libraries that are being indexed at the end are waited for so long, to be given up in good order.
const LIBRARY_END_TIMEOUT: Duration = Duration::from_secs(1);

/// Types of libraries below one, below which own types are looked for.
const LIBRARY_TYPES_MAX: usize = 20_000;

/// An open workspace.
#[derive(Debug)]
pub(crate) struct Workspace {
    own: OpenWorkspace,
    archives: Archives,
    settings: Settings,
    /// How libraries are opened; their ROOTs are yet to be found.
    library_options: WorkspaceOptions,
    /// Once they are indexed.
    library: Mutex<Option<Arc<Library>>>,
    /// Held while they are being opened.
    opening_library: tokio::sync::Mutex<()>,
    /// Triggered at the end.
    closing: CancellationToken,
}

impl Workspace {
    /// Opens these folders. What the cache has of them can be asked for at once. What is amiss is told in sentences.
    pub(crate) async fn open(
        folders: &[PathBuf],
        options: &LspOptions,
        settings: &Settings,
        editor: ClientAbilities,
        amiss: &mut Vec<String>,
    ) -> Result<Self, WorkspaceError> {
        let mut roots: Vec<Root> = Vec::new();
        for folder in folders {
            let root = Root::find(folder)?;
            if roots.iter().all(|known| known.real != root.real) {
                roots.push(root);
            }
        }
        let program = options;
        let options = workspace_options(roots, program, settings);
        if settings.daemon == DaemonUse::Start {
            amiss.extend(program.start_daemon(&options).await.err());
        }
        let libraries = library::cache_folder(&options)?;
        let library_options = WorkspaceOptions {
            roots: Vec::new(),
            cache_dir: Some(libraries.clone()),
            // No library lies in there, so that each is called by where it is.
            base: Some(libraries.clone()),
            ..options.clone()
        };
        let own = match settings.daemon {
            DaemonUse::Never => OpenWorkspace::open_here(options).await?,
            DaemonUse::Attach | DaemonUse::Start => {
                OpenWorkspace::open(options, env!("CARGO_PKG_VERSION")).await?
            }
        };
        Ok(Self {
            own,
            archives: Archives::new(libraries.join(COPIES_FOLDER), editor.asks_for_texts),
            settings: settings.clone(),
            library_options,
            library: Mutex::default(),
            opening_library: tokio::sync::Mutex::default(),
            closing: CancellationToken::new(),
        })
    }

    /// The workspace without libraries.
    pub(crate) fn own(&self) -> &OpenWorkspace {
        &self.own
    }

    /// Whether the text of a file may become another in the editor. What is in an archive stays as it is, and what
    /// the editor has of it is not told to anybody.
    pub(crate) fn can_change(&self, path: &Path) -> bool {
        self.archives.original(path).is_none()
    }

    /// Has the sources of libraries beside its own, those that there are now; takes as long as it takes to index what
    /// nobody has indexed. Returns what is amiss, in sentences.
    pub(crate) async fn open_library(
        &self,
        on_progress: impl FnMut(Progress) + Send,
        cancel: &CancellationToken,
    ) -> Vec<String> {
        let mut amiss = Vec::new();
        let _opening = self.opening_library.lock().await;
        if self.closing.is_cancelled() {
            return amiss;
        }
        let settings = self.settings.clone();
        let find = move || {
            let mut amiss = Vec::new();
            let jdk = places::jdk_sources(settings.jdk_sources.as_deref());
            let others = places::library_sources(&settings.library_sources, &mut amiss);
            let all: Vec<_> = jdk.into_iter().chain(others).collect();
            (places::roots(&all, &mut amiss), amiss)
        };
        let Ok((mut roots, not_found)) = spawn_blocking(find).await else { return amiss };
        amiss.extend(not_found);
        let own: HashSet<&Path> = self.own.roots().iter().map(|root| root.real.as_path()).collect();
        roots.retain(|root| !own.contains(root.real.as_path()));
        let opened = match self.open_archives(roots, on_progress, cancel).await {
            Ok((library, more)) => {
                amiss.extend(more);
                library.map(Arc::new)
            }
            Err(WorkspaceError::Cancelled) => return amiss,
            Err(error) => {
                amiss.push(format!("libraries are left out: {error}"));
                return amiss;
            }
        };
        let before = std::mem::replace(&mut *self.lock_library(), opened);
        before.inspect(|library| library.close());
        amiss
    }

    async fn open_archives(
        &self,
        roots: Vec<Root>,
        on_progress: impl FnMut(Progress) + Send,
        cancel: &CancellationToken,
    ) -> Result<(Option<Library>, Vec<String>), WorkspaceError> {
        if roots.is_empty() {
            return Ok((None, Vec::new()));
        }
        let options = WorkspaceOptions { roots, ..self.library_options.clone() };
        let given_up = self.closing.child_token();
        let mut opening = std::pin::pin!(Library::open(options, on_progress, &given_up));
        let opened = tokio::select! {
            opened = &mut opening => opened,
            () = cancel.cancelled() => {
                given_up.cancel();
                opening.await
            }
        };
        opened.map(|(library, amiss)| (Some(library), amiss))
    }

    /// The best symbols for a question; the first of them, those that are not of libraries, are told ahead.
    pub(crate) async fn search(
        &self,
        question: &Question,
        cancel: &CancellationToken,
        tell: impl FnOnce(&[(Symbol, Score)]),
    ) -> Result<Answer, WorkspaceError> {
        let mut answer = self.own.search(question, cancel).await?;
        tell(&answer.hits);
        let left = question.limit.saturating_sub(answer.hits.len());
        if let Some(library) = self.library().filter(|_| left > 0) {
            let request = SearchRequest { limit: left, ..question.request(cancel.clone()) };
            let found = library.session().search(&request).await;
            let mut found = found.map_err(|_| WorkspaceError::Cancelled)?.hits;
            // Who has the JDK's sources open has them once.
            let own: HashSet<_> = answer.hits.iter().map(|(symbol, _)| identity(symbol)).collect();
            found.retain(|(symbol, _)| !own.contains(&identity(symbol)));
            drop(own);
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
        let original = self.archives.original(path);
        let path = original.as_deref().unwrap_or(path);
        match self.library().filter(|library| library.has(path)) {
            Some(library) => Ok(library.session().inspect(path, inspection).await?),
            None => self.own.inspect(path, inspection).await,
        }
    }

    /// What a name may mean. In a library it means something of libraries.
    pub(crate) async fn define(
        &self,
        path: &Path,
        at: TextPosition,
        verify_timeout: Duration,
        cancel: &CancellationToken,
    ) -> Result<Definition, WorkspaceError> {
        let library = self.library();
        if let Some(original) = self.archives.original(path)
            && let Some(library) = library.as_ref().filter(|library| library.has(&original))
        {
            let session = library.session();
            return Ok(session.define(&original, at, verify_timeout, cancel.clone()).await?);
        }
        let own = self.own.define(path, at, verify_timeout, cancel).await?;
        let Some(library) = library else { return Ok(own) };
        let Some(name) = own.name.as_ref().filter(|name| name.local.is_none()) else {
            return Ok(own);
        };
        let session = library.session();
        let path = self.own.real(path);
        let heirs = own.elsewhere.clone();
        let other = session.candidates(name, &path, heirs, verify_timeout, cancel.clone()).await;
        Ok(own.or(other.map_err(|_| WorkspaceError::Cancelled)?))
    }

    /// What is declared below some types: first here, then in libraries.
    pub(crate) async fn subtypes(
        &self,
        wanted: &Subtypes,
        verify_timeout: Duration,
        cancel: &CancellationToken,
    ) -> Result<Vec<Symbol>, WorkspaceError> {
        let symbols = |answer: Answer| answer.hits.into_iter().map(|(symbol, _)| symbol);
        let Some(library) = self.library() else {
            return Ok(symbols(self.own.subtypes(wanted, verify_timeout, cancel).await?).collect());
        };
        let in_library = async |wanted: &Subtypes| {
            let found = library.session().subtypes(wanted, verify_timeout, cancel).await;
            found.map(symbols).map_err(|_| WorkspaceError::Cancelled)
        };
        let mut wanted = wanted.clone();
        let types = Subtypes { method: None, limit: LIBRARY_TYPES_MAX, ..wanted.clone() };
        let types_there: Vec<Symbol> = in_library(&types).await?.collect();
        let found_there = match wanted.method {
            None => types_there.clone(),
            Some(_) => in_library(&wanted).await?.collect(),
        };
        let directly = symbols(self.own.subtypes(&wanted, verify_timeout, cancel).await?);
        // What a library declares below them has subtypes here, too.
        wanted.of = types_there.iter().map(Symbol::full_name).collect();
        let below_those = symbols(self.own.subtypes(&wanted, verify_timeout, cancel).await?);
        let mut found: Vec<Symbol> = directly.collect();
        for more in [below_those.collect(), found_there] {
            let known: HashSet<_> = found.iter().map(identity).collect();
            let new = |it: &Symbol| !known.contains(&identity(it));
            let new: Vec<_> = more.into_iter().filter(new).collect();
            found.extend(new);
        }
        found.truncate(wanted.limit);
        Ok(found)
    }

    /// Why a file is in the index, or why not, in the lines of `nova explain`.
    pub(crate) async fn explain_path(&self, path: &Path) -> Result<String, WorkspaceError> {
        let original = self.archives.original(path);
        let path = original.as_deref().unwrap_or(path);
        let mut text = Vec::new();
        let written = match self.library().filter(|library| library.has(path)) {
            Some(library) => {
                let explained = library.explain_path(path.to_path_buf()).await;
                let explained = explained.map_err(ReconcileError::from)?;
                in_words::path::write_text(&mut text, &explained, library.roots())
            }
            None => {
                let explained = self.own.explain_path(&self.own.real(path)).await?;
                in_words::path::write_text(&mut text, &explained, self.own.roots())
            }
        };
        written.expect("memory takes all that is written to it");
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// What an editor can open for a file of the index.
    pub(crate) fn openable(&self, file: &[u8]) -> PathBuf {
        let path = path::from_bytes(file);
        match archive_of(file) {
            Some(_) => self.archives.openable(path),
            None => self.own.given(&path),
        }
    }

    /// The text of a file in an archive.
    pub(crate) fn text_in_archive(&self, file: &Path) -> std::io::Result<String> {
        self.archives.text(file)
    }

    /// Ends its workers, if they are ours.
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        self.own.close().await;
        drop(timeout(LIBRARY_END_TIMEOUT, self.opening_library.lock()).await);
        self.library().inspect(|library| library.close());
    }

    fn library(&self) -> Option<Arc<Library>> {
        self.lock_library().clone()
    }

    fn lock_library(&self) -> MutexGuard<'_, Option<Arc<Library>>> {
        self.library.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What makes a symbol the same in two places.
fn identity(symbol: &Symbol) -> [&str; 4] {
    let Symbol { package, container, name, signature, .. } = symbol;
    [package, container, name, signature]
}

fn workspace_options(
    roots: Vec<Root>,
    options: &LspOptions,
    settings: &Settings,
) -> WorkspaceOptions {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    WorkspaceOptions {
        roots,
        cache_dir: settings
            .cache_dir
            .as_deref()
            .map(places::expanded)
            .or_else(|| options.cache_dir.clone()),
        base: None,
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
        included: settings.include_ignored.clone(),
        rebuild: false,
        shard_bytes_max: SHARD_BYTES_MAX_DEFAULT,
        file_bytes_max: settings.max_file_size.unwrap_or(FILE_BYTES_MAX_DEFAULT),
    }
}
