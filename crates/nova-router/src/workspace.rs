//! The workspace: what a frontend opens, indexes and asks.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use nova_index::{FileRef, Revision, Shard, Stamp, SymbolView, ViewShard};
use nova_protocol::frontend::WorkerStatus;
use nova_protocol::message::Request;
use nova_protocol::path;
use rayon::prelude::*;
use tokio::sync::OnceCell;
use tokio_util::task::TaskTracker;

use crate::cache::collection::CacheCollection;
use crate::cache::{Cache, CacheError};
use crate::catch_up::CatchUp;
use crate::explain_path::ignored::git_excludes;
use crate::folder;
use crate::home::Homes;
use crate::inclusion::Inclusion;
use crate::layout::Layout;
use crate::plan::Terms;
use crate::pool::{Pool, PoolError, Rehydration, WorkerOptions};
use crate::published::Published;
use crate::quarantine::{self, Quarantine};
use crate::report::{Contents, Progress, Quarantined, ShardFacts, ShardStatus, Skipped, Status};
use crate::root::{self, Root};
use crate::scope::Scope;
use crate::sessions::Sessions;
use crate::source_root;
use crate::watch::Watch;

/// A larger file is skipped, unless the command line says otherwise.
pub const FILE_BYTES_MAX_DEFAULT: u64 = 16 << 20;

/// What leaves files out, in a folder that they are below.
const RULE_FILES: [&str; 2] = [".gitignore", ".ignore"];

/// What to serve, and how.
#[derive(Debug, Clone)]
pub struct WorkspaceOptions {
    /// The folders and archives; at least one.
    pub roots: Vec<Root>,
    /// The workspace's cache folder; without one, its place in the user's collection.
    pub cache_dir: Option<PathBuf>,
    /// The folder that the index calls source roots relative to; without one, that of the ROOTs. A new index goes by it.
    pub base: Option<PathBuf>,
    /// The workers.
    pub workers: WorkerOptions,
    /// Heed `.gitignore` and `.ignore`, and pass over hidden folders.
    pub heed_ignore_files: bool,
    /// Folders where that is not done.
    pub included: Inclusion,
    /// Place all roots anew.
    pub rebuild: bool,
    /// Larger roots are sliced.
    pub shard_bytes_max: u64,
    /// Larger files are skipped.
    pub file_bytes_max: u64,
}

impl WorkspaceOptions {
    /// The workspace's cache folder.
    pub fn cache_folder(&self) -> Result<PathBuf, NoCacheFolder> {
        self.place().map(|(_, folder)| folder)
    }

    /// The workspace's own folder, and its cache folder.
    pub(crate) fn place(&self) -> Result<(PathBuf, PathBuf), NoCacheFolder> {
        let named = self.base.clone();
        let (base, folder) = match &self.cache_dir {
            Some(folder) => (named.unwrap_or_else(|| root::base(&self.roots)), folder.clone()),
            None => {
                let collection = CacheCollection::of_user().ok_or(NoCacheFolder)?;
                let base = named.unwrap_or_else(|| collection.base_for(&self.roots));
                let folder = collection.folder_for(&base);
                (base, folder)
            }
        };
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        Ok((base, folder))
    }
}

/// An open workspace.
#[derive(Debug)]
pub struct Workspace {
    pub(crate) options: WorkspaceOptions,
    pub(crate) scope: Scope,
    pub(crate) cache: Cache,
    /// The folder that root identities are relative to, once a layout was read or made.
    base: Arc<Mutex<Vec<u8>>>,
    pub(crate) published: Published,
    /// The layout that the published shards were placed by.
    layout: Mutex<Option<Arc<Layout>>>,
    /// Held by whoever builds shards and publishes them, up to the end of that even if nobody waits for it any
    /// more: so one builds upon what the other has published, and never publishes after it.
    pub(crate) building: Arc<tokio::sync::Mutex<()>>,
    pub(crate) catching_up: CatchUp,
    /// Where files belong, by the latest view that somebody asked about.
    pub(crate) homes: Mutex<Option<Arc<Homes>>>,
    /// Held by who derives the dictionary.
    pub(crate) renewing: Mutex<()>,
    /// Those who derive it, or are about to.
    pub(crate) renewals: TaskTracker,
    /// What tells of changes, if anybody wants that.
    pub(crate) watch: OnceLock<Watch>,
    /// The folders that the last survey entered.
    entered: Mutex<Vec<Vec<u8>>>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) quarantine: Arc<Quarantine>,
    pool: OnceCell<Pool>,
    /// What the current index run has to do, and what was done before it began.
    meter: Mutex<Progress>,
    /// What `stat` said of the archives when they were listed.
    archives: Mutex<HashMap<Vec<u8>, Stamp>>,
    /// How many shards the view has, and how many there are.
    coverage: Mutex<Coverage>,
}

/// How much of the workspace a view shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Shards that are up to date in the view.
    pub ready: usize,
    /// Shards that there are.
    pub total: usize,
}

/// The workspace has no place for its cache.
#[derive(Debug, thiserror::Error)]
#[error("there is no home folder to keep a cache in; name a folder with --cache-dir")]
pub struct NoCacheFolder;

/// Workers cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum StartPoolError {
    /// The cache folder cannot be written.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// There is no listening for workers.
    #[error(transparent)]
    Pool(#[from] PoolError),
}

impl Workspace {
    /// Opens a workspace; reads and writes nothing yet.
    pub fn open(mut options: WorkspaceOptions) -> Result<Self, NoCacheFolder> {
        let mut seen = Vec::new();
        options.roots.retain(|root| {
            let is_new = !seen.contains(&root.real);
            seen.push(root.real.clone());
            is_new
        });
        let (base, folder) = options.place()?;
        let cache = Cache::new(folder);
        Ok(Self {
            scope: Scope::new(&options.roots),
            quarantine: Arc::new(Quarantine::new(cache.clone())),
            cache,
            base: Arc::new(Mutex::new(path::to_bytes(&base).into_owned())),
            published: Published::default(),
            layout: Mutex::default(),
            building: Arc::default(),
            catching_up: CatchUp::default(),
            homes: Mutex::default(),
            renewing: Mutex::default(),
            renewals: TaskTracker::new(),
            watch: OnceLock::new(),
            entered: Mutex::default(),
            sessions: Arc::default(),
            pool: OnceCell::new(),
            meter: Mutex::default(),
            archives: Mutex::default(),
            coverage: Mutex::default(),
            options,
        })
    }

    /// The ROOTs, each once.
    pub fn roots(&self) -> &[Root] {
        &self.options.roots
    }

    /// The view that queries run on now.
    pub fn view(&self) -> Arc<SymbolView> {
        self.published.view()
    }

    /// The absolute path of a file of the view; of one in an archive, `/w/src.zip!/a/A.java`.
    pub fn path_of(&self, file: FileRef<'_>) -> Vec<u8> {
        folder::join(&source_root::path(file.root_identity(), &self.base()), &file.path())
    }

    /// How far the current index run is.
    pub fn progress(&self) -> Progress {
        let mut progress = *self.meter();
        let (files, bytes) = self.pool.get().map_or((0, 0), Pool::done);
        progress.files_done = files.saturating_sub(progress.files_done);
        progress.bytes_done = bytes.saturating_sub(progress.bytes_done);
        let Coverage { ready, total } = self.coverage();
        (progress.shards_shown, progress.shards_total) = (ready as u64, total as u64);
        progress
    }

    /// Begins to count anew.
    pub(crate) fn reset_progress(&self) {
        let (files_done, bytes_done) = self.pool.get().map_or((0, 0), Pool::done);
        *self.meter() = Progress { files_done, bytes_done, ..Progress::default() };
    }

    /// How many workers were started or taken in.
    pub fn workers(&self) -> usize {
        self.pool.get().map_or(0, Pool::connected)
    }

    /// Waits until nobody builds shards any more: a run that was cancelled ends in good order, and a process that ends
    /// before would leave half a file behind.
    pub async fn at_rest(&self) {
        drop(self.building.lock().await);
        self.renewals.close();
        self.renewals.wait().await;
    }

    /// Whether shards are being built.
    pub(crate) fn is_building(&self) -> bool {
        self.building.try_lock().is_err()
    }

    /// Ends the workers and leaves nothing of this run behind; the view stays.
    pub fn close(&self) {
        if let Some(pool) = self.pool.get() {
            pool.close();
        }
    }

    /// What the workers at rest say of themselves, by name.
    pub async fn worker_stats(&self) -> Vec<WorkerStatus> {
        match self.pool.get() {
            Some(pool) => pool.stats().await,
            None => Vec::new(),
        }
    }

    /// What the cache holds; looks at no source file.
    pub fn status(&self) -> Result<Option<Status>, CacheError> {
        let Some(mut layout) = self.cache.load_layout()? else { return Ok(None) };
        self.settle_base(&mut layout);
        let mut status = Status {
            cache: self.cache.folder().to_path_buf(),
            base: path::from_bytes(layout.base()),
            roots: layout.roots().map(|(root, shards)| (root.to_vec(), shards)).collect(),
            shards: Vec::new(),
            symbols: 0,
            skipped: Vec::new(),
            quarantined: Vec::new(),
        };
        let base = self.base();
        for entry in self.cache.load_quarantine().entries() {
            status.quarantined.push(Quarantined {
                path: entry.absolute_path(&base),
                reason: entry.reason.clone(),
                content_hash: quarantine::hash_text(&entry.content_hash),
            });
        }
        let mut ready = Vec::new();
        for id in layout.shards() {
            let opened = Shard::open(&self.cache.shard_path(id), &layout.shard_identity(id));
            if let Ok(shard) = &opened {
                let skipped = shard.files().filter(|file| file.flags().skipped);
                let skipped = skipped.map(|file| self.skipped(file));
                let is_listed = |path: &[u8]| status.quarantined.iter().any(|it| it.path == path);
                status.skipped.extend(skipped.filter(|skipped| {
                    !(quarantine::is_note(&skipped.reason) && is_listed(&skipped.path))
                }));
            }
            let state = opened.as_ref().map(facts).map_err(|error| error.to_string());
            status.shards.push(ShardStatus { shard: id, state });
            ready.extend(opened.ok().map(|shard| ViewShard::new(Arc::new(shard), [])));
        }
        // Shards may share a package, so their counts do not add up.
        status.symbols = SymbolView::new(Revision(0), ready, None).symbol_count();
        Ok(Some(status))
    }

    /// A skipped file, or one with something to say about it.
    pub(crate) fn skipped(&self, file: FileRef<'_>) -> Skipped {
        Skipped { path: self.path_of(file), reason: file.note().to_owned() }
    }

    /// Counts what the published view holds.
    pub fn contents(&self) -> Contents {
        self.contents_of(&self.view(), self.roots())
    }

    /// Counts what a view holds of these ROOTs.
    pub(crate) fn contents_of(&self, view: &SymbolView, roots: &[Root]) -> Contents {
        let mut contents = Contents {
            symbols: view.symbol_count(),
            dictionary_bytes: view.dictionary().map_or(0, |it| it.byte_count()),
            ..Contents::default()
        };
        for part in view.shards() {
            contents.index_bytes += part.shard().bytes().len() as u64;
            let visible = part.shard().files().filter(|file| part.is_visible(file.id()));
            for file in visible.filter(|file| !file.flags().skipped) {
                contents.files += 1;
                contents.source_bytes += file.source_bytes();
                contents.digest.add(below_root(roots, &self.path_of(file)), file.digest());
                if !file.note().is_empty() {
                    contents.notes.push(self.skipped(file));
                }
            }
        }
        contents.notes.sort_by(|a, b| a.path.cmp(&b.path));
        contents
    }

    /// The cache folder.
    pub fn cache_folder(&self) -> &Path {
        self.cache.folder()
    }

    pub(crate) fn base(&self) -> Vec<u8> {
        self.base.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Settles the base by the layout, which outlives a run; a workspace that was moved takes its
    /// layout along.
    pub(crate) fn settle_base(&self, layout: &mut Layout) {
        let mut base = self.base.lock().unwrap_or_else(PoisonError::into_inner);
        if path::from_bytes(layout.base()).exists() {
            *base = layout.base().to_vec();
        } else {
            layout.move_to(&base);
        }
    }

    pub(crate) fn layout(&self) -> Option<Arc<Layout>> {
        self.layout.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_layout(&self, layout: Layout) {
        *self.layout.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(layout));
    }

    pub(crate) fn set_entered(&self, folders: Vec<Vec<u8>>) {
        *self.entered.lock().unwrap_or_else(PoisonError::into_inner) = folders;
    }

    /// The folders that the last survey entered, the ROOTs whether they were there or not, and the single files
    /// that decide about them: archives, and the rules above the ROOTs.
    pub(crate) fn surveyed_places(&self) -> (BTreeSet<Vec<u8>>, BTreeSet<Vec<u8>>) {
        let entered = self.entered.lock().unwrap_or_else(PoisonError::into_inner);
        let (archives, folders): (Vec<_>, Vec<_>) =
            self.options.roots.iter().partition(|root| root.is_archive);
        let real = |root: &&Root| path::to_bytes(&root.real).into_owned();
        let mut files: BTreeSet<_> = archives.iter().map(real).collect();
        if self.options.heed_ignore_files {
            let around = folders.iter().flat_map(|root| root.real.ancestors());
            let rules = around.flat_map(|folder| {
                let names = RULE_FILES.map(|name| folder.join(name));
                names.into_iter().chain(git_excludes(folder))
            });
            let below = entered.par_iter().filter_map(|folder| {
                let folder = path::from_bytes(folder);
                if folder.join(".git").exists() { git_excludes(&folder) } else { None }
            });
            files.extend(rules.map(|rule| path::to_bytes(&rule).into_owned()));
            let below: Vec<_> = below.map(|rule| path::to_bytes(&rule).into_owned()).collect();
            files.extend(below);
        }
        (entered.iter().cloned().chain(folders.iter().map(real)).collect(), files)
    }

    pub(crate) fn archives(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Stamp>> {
        self.archives.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a plan goes by.
    pub(crate) fn terms(&self) -> Terms<'_> {
        Terms {
            scope: &self.scope,
            quarantine: &self.quarantine,
            file_bytes_max: self.options.file_bytes_max,
        }
    }

    pub(crate) fn set_coverage(&self, ready: usize, total: usize) {
        *self.coverage.lock().unwrap_or_else(PoisonError::into_inner) = Coverage { ready, total };
    }

    /// How much of the workspace the published view shows.
    pub fn coverage(&self) -> Coverage {
        *self.coverage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn meter(&self) -> MutexGuard<'_, Progress> {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the workers that there are, and waits for none.
    pub(crate) fn tell_workers(&self, request: Request) {
        if let Some(pool) = self.pool.get() {
            pool.tell_all(&request);
        }
    }

    /// The workers' pool, opened at the first need.
    pub(crate) async fn pool(&self) -> Result<&Pool, StartPoolError> {
        let open = || async {
            let run = Arc::new(self.cache.start_run()?);
            let folder = self.cache.folder().to_path_buf();
            let quarantine = Arc::clone(&self.quarantine);
            let options = self.options.workers.clone();
            let base = Arc::clone(&self.base);
            let sessions = Arc::clone(&self.sessions);
            let rehydration = Rehydration::new(move |worker| {
                let sessions = Arc::clone(&sessions);
                async move { sessions.rehydrate(worker).await }
            });
            Ok(Pool::open(options, run, (folder, base), quarantine, rehydration)?)
        };
        self.pool.get_or_try_init(open).await
    }
}

/// The path below the innermost ROOT.
fn below_root<'p>(roots: &[Root], path: &'p [u8]) -> &'p [u8] {
    let below = roots.iter().filter_map(|root| root.relative(path));
    below.min_by_key(|rest| rest.len()).unwrap_or(path)
}

fn facts(shard: &Shard) -> ShardFacts {
    let mut facts = ShardFacts {
        files: 0,
        symbols: u64::from(shard.symbol_count()),
        source_bytes: 0,
        index_bytes: shard.bytes().len() as u64,
        digest: shard.digest(),
    };
    for file in shard.files().filter(|file| !file.flags().skipped) {
        facts.files += 1;
        facts.source_bytes += file.source_bytes();
    }
    facts
}
