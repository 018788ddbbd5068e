//! Answers queries, and never with a line that is wrong by now.
//!
//! The files of the hits are compared with the disk before anyone sees them. What changed is scanned
//! and the query runs again; what could not be settled in time is left out, and counted.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use nova_index::{
    Cancelled, FileRef, Hit, Query, Revision, Score, SearchOptions, SearchResult, Subtypes,
    SymbolView, Total, ViewSymbol, search, subtypes,
};
use nova_protocol::path;
use nova_worker::disk;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::file_key::FileKey;
use crate::folder;
use crate::published::Order;
use crate::refresh::Place;
use crate::report::Symbol;
use crate::source_root;
use crate::workspace::{Coverage, Workspace};

/// The best symbols for a query.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The symbols with their scores, the best first.
    pub hits: Vec<(Symbol, Score)>,
    /// How many symbols match in all.
    pub total: Total,
    /// Whether there are more than were asked for.
    pub cut: bool,
    /// The view that the query ran on.
    pub revision: u64,
    /// How much of the workspace that view shows.
    pub coverage: Coverage,
    /// Files whose hits were left out: they changed, and could not be scanned in time.
    pub pending: usize,
}

/// What a frontend sees, and what it has open.
pub(crate) trait Frontend {
    /// The view that its queries run on now.
    fn view(&self) -> Arc<SymbolView>;
    /// Whether its view of that revision shows unsaved text in the place of a file, which is called so there;
    /// `None` if it has not opened the file (absolute path), so that the disk tells.
    fn covers(&self, path: &[u8], key: &FileKey, at: Revision) -> Option<bool>;
    /// Has what is open shown where it belongs by now.
    fn place_anew(&self);
    /// The texts that came and that the view does not show yet, by the absolute paths of their files.
    fn awaited(&self) -> Vec<(Vec<u8>, Order)>;
    /// Waits until the view shows these texts, or newer ones of their files.
    fn shown(&self, texts: &[(Vec<u8>, Order)]) -> impl Future<Output = ()> + Send;
}

/// One without unsaved text.
impl Frontend for Workspace {
    fn view(&self) -> Arc<SymbolView> {
        self.published.view()
    }

    fn covers(&self, _: &[u8], _: &FileKey, _: Revision) -> Option<bool> {
        None
    }

    fn place_anew(&self) {}

    fn awaited(&self) -> Vec<(Vec<u8>, Order)> {
        Vec::new()
    }

    async fn shown(&self, _: &[(Vec<u8>, Order)]) {}
}

/// What to look for, and how.
#[derive(Debug, Clone)]
pub struct SearchRequest {
    /// What is looked for.
    pub query: Query,
    /// How many hits are wanted.
    pub limit: usize,
    /// The file that the asker has before them: what is in it or beside it comes before its equals.
    pub near: Option<PathBuf>,
    /// How long the files of the hits may take to be verified.
    pub verify_timeout: Duration,
    /// Triggered when nobody waits any more, for one when the next key was pressed.
    pub cancel: CancellationToken,
}

/// A query runs so often at most: once more for what has changed, and again where meanwhile a survey that had
/// begun before was published, or what is open has come to belong elsewhere.
const QUERY_RUNS_MAX: u32 = 4;

/// Without a query, files that were changed since then come first.
const RECENT: Duration = Duration::from_secs(24 * 60 * 60);

/// Finds something in a view.
type Find<'f> = dyn for<'v> Fn(&'v SymbolView) -> Result<SearchResult<'v>, Cancelled> + Sync + 'f;

/// Files that are on the disk otherwise than a view has them.
type Changed = BTreeMap<FileKey, Place>;

impl Workspace {
    /// The best symbols for a query, each verified to be where it is said to be. Takes little longer than
    /// the request's time-out.
    pub async fn search(&self, request: &SearchRequest) -> Result<Answer, Cancelled> {
        self.search_for(self, request).await
    }

    /// The same for a frontend that may have unsaved text.
    pub(crate) async fn search_for(
        &self,
        frontend: &impl Frontend,
        request: &SearchRequest,
    ) -> Result<Answer, Cancelled> {
        let find: &Find<'_> = &|view| self.run_query(view, request);
        self.answer_for(frontend, request.verify_timeout, find).await
    }

    /// What is declared below some types, as a frontend sees it; verified like the hits of a search.
    pub(crate) async fn subtypes_for(
        &self,
        frontend: &impl Frontend,
        wanted: &Subtypes,
        verify_timeout: Duration,
        cancel: &CancellationToken,
    ) -> Result<Answer, Cancelled> {
        let find: &Find<'_> = &|view| subtypes(view, wanted, &|| cancel.is_cancelled());
        self.answer_for(frontend, verify_timeout, find).await
    }

    /// What is found in the frontend's view, with what was not as the view has it brought in.
    async fn answer_for(
        &self,
        frontend: &impl Frontend,
        verify_timeout: Duration,
        find: &Find<'_>,
    ) -> Result<Answer, Cancelled> {
        let deadline = Instant::now() + verify_timeout;
        let mut runs = 0;
        let (mut view, mut behind, mut result, mut changed);
        loop {
            behind = self::behind(frontend, deadline).await;
            view = frontend.view();
            result = find(&view)?;
            changed = self.changed(frontend, view.revision(), &result.hits, runs == 0);
            runs += 1;
            if changed.is_empty() || runs == QUERY_RUNS_MAX || Instant::now() >= deadline {
                break;
            }
            frontend.place_anew();
            self.refresh(&changed, view.revision(), deadline).await;
        }
        let settled = result.hits.iter().filter(|hit| {
            let file = hit.symbol.file();
            !changed.contains_key(&FileKey::of(file))
                && (behind.is_empty() || !behind.contains(&self.path_of(file)))
        });
        Ok(Answer {
            hits: settled.map(|hit| (self.symbol(hit.symbol), hit.score)).collect(),
            total: result.total,
            cut: result.cut,
            revision: view.revision().0,
            coverage: self.coverage(),
            pending: changed.len() + behind.len(),
        })
    }

    fn run_query<'v>(
        &self,
        view: &'v SymbolView,
        request: &SearchRequest,
    ) -> Result<SearchResult<'v>, Cancelled> {
        let near = request.near.as_deref().and_then(|path| self.place_of(view, path));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let recent_from = now.saturating_sub(RECENT).as_nanos();
        let options = SearchOptions {
            limit: request.limit,
            near: near.as_ref().map(|key| (key.root.as_slice(), key.path.as_slice())),
            recent_from_ns: i64::try_from(recent_from).ok(),
        };
        search(view, &request.query, &options, &|| request.cancel.is_cancelled())
    }

    /// The root that a file lies in, as the view names it, and its path below that.
    pub(crate) fn place_of(&self, view: &SymbolView, path: &Path) -> Option<FileKey> {
        let path = path::to_bytes(path);
        let base = self.base();
        let roots = view.shards().iter().flat_map(|shard| shard.shard().roots());
        let below = roots.filter_map(|root| {
            let below = folder::below(&path, &source_root::path(root.identity, &base))?.to_vec();
            Some(FileKey { root: root.identity.to_vec(), path: below })
        });
        below.min_by_key(|key| key.path.len())
    }

    /// A symbol of the view, spelled out.
    pub fn symbol(&self, symbol: ViewSymbol<'_>) -> Symbol {
        Symbol {
            name: symbol.name().to_owned(),
            kind: symbol.kind(),
            container: symbol.container(),
            package: symbol.package().to_owned(),
            file: self.path_of(symbol.file()),
            line: symbol.line(),
            character: symbol.character(),
            signature: symbol.signature(),
            modifiers: symbol.modifiers(),
            local: symbol.local(),
        }
    }

    /// Of the files of some hits, those that are not on the disk as they were indexed; or that are open, and the
    /// view does not show that because it has just come to call them otherwise. `with_unsettled` are among them that
    /// were read so soon after they had changed that their stamps may hide another change.
    fn changed(
        &self,
        frontend: &impl Frontend,
        at: Revision,
        hits: &[Hit<'_>],
        with_unsettled: bool,
    ) -> Changed {
        let files = hits.iter().map(|hit| hit.symbol.file());
        let files: BTreeMap<FileKey, FileRef<'_>> =
            files.map(|file| (FileKey::of(file), file)).collect();
        let is_changed = |key: &FileKey, file: FileRef<'_>| {
            let path = self.path_of(file);
            match frontend.covers(&path, key, at) {
                Some(covers) => !covers,
                None => {
                    let is_settled = disk::is_settled(file.stamp(), file.shard().scanned_at_ns());
                    let is_unsettled = with_unsettled && !is_settled;
                    is_unsettled || self.stamp_now(&path, file.stamp()) != Some(file.stamp())
                }
            }
        };
        let changed = files.into_iter().filter(|(key, file)| is_changed(key, *file));
        changed.map(|(key, file)| (key, Place::of(file.shard()))).collect()
    }

    /// Has changed files scanned and published, as many as the deadline allows.
    async fn refresh(&self, changed: &Changed, seen_at: Revision, deadline: Instant) {
        for (key, place) in changed {
            match timeout_at(deadline, self.refresh_file(key, *place, seen_at)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!("{}: {error}", String::from_utf8_lossy(&key.path)),
                Err(_) => return,
            }
        }
    }
}

/// Waits for the texts that came before the query; the files of which the view does not show them at the
/// deadline.
async fn behind(frontend: &impl Frontend, deadline: Instant) -> HashSet<Vec<u8>> {
    let awaited = frontend.awaited();
    if awaited.is_empty() || timeout_at(deadline, frontend.shown(&awaited)).await.is_ok() {
        return HashSet::new();
    }
    let still = frontend.awaited().into_iter().map(|(path, _)| path);
    let awaited: HashSet<Vec<u8>> = awaited.into_iter().map(|(path, _)| path).collect();
    still.filter(|path| awaited.contains(path)).collect()
}
