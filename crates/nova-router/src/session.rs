//! One frontend's session with a workspace: its own view of it, with what it has open and did not save.
//!
//! ```text
//!  open, change ─▶ overlay ─▶ UpdateFile ─▶ worker ─▶ delta ─▶ this session's view
//!  close ────────▶ overlay ──────────────────────────────────▶ the disk's, again
//!  save ─────────▶ the file on the disk, looked at again ────▶ everybody's view
//! ```
//!
//! No session sees the unsaved text of another.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use nova_index::{Cancelled, FileRef, Revision, Subtypes, SymbolView};
use nova_protocol::frontend::Look;
use nova_protocol::inspection::{Inspected, Inspection};
use nova_protocol::message::{OpenFile, Request, UnloadFiles};
use nova_protocol::path;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::answer::{Answer, Frontend, SearchRequest};
use crate::file_key::FileKey;
use crate::home::{Homes, SCRATCH};
use crate::overlay::{
    DocumentError, DocumentVersion, Overlay, Snapshot, TextChange, check_path, check_size,
};
use crate::plan;
use crate::pool::InspectError;
use crate::published::{Delta, Order, OverlayId};
use crate::refresh::Unsaved;
use crate::root::Root;
use crate::scope::Scope;
use crate::workspace::Workspace;

/// A text that could not be scanned is tried again after this, then after twice as long, and so on.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(100);
/// But not later than this.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// A frontend's session. When the last handle is dropped, its unsaved text is gone.
#[derive(Debug, Clone)]
pub struct Session(Arc<Inner>);

/// What the handles of a session share.
#[derive(Debug)]
pub(crate) struct Inner {
    workspace: Arc<Workspace>,
    id: OverlayId,
    view: Arc<ArcSwap<SymbolView>>,
    overlay: Mutex<Overlay>,
    /// A view has come closer to what is open.
    shown: Notify,
    /// The session has ended.
    ended: CancellationToken,
}

impl Session {
    /// A session that sees of the workspace what is under these ROOTs; all of it without any.
    pub fn new(workspace: Arc<Workspace>, roots: &[Root]) -> Self {
        let in_scope = (!roots.is_empty()).then(|| {
            let (scope, workspace) = (Scope::new(roots), Arc::downgrade(&workspace));
            let in_scope = move |file: FileRef<'_>| {
                let workspace = workspace.upgrade();
                workspace.is_some_and(|it| plan::is_in_scope(&it.base(), &scope)(&file))
            };
            Box::new(in_scope) as _
        });
        let (id, view) = workspace.published.join(in_scope);
        let inner = Arc::new(Inner {
            workspace,
            id,
            view,
            overlay: Mutex::default(),
            shown: Notify::new(),
            ended: CancellationToken::new(),
        });
        inner.workspace.sessions.add(&inner);
        Self(inner)
    }

    /// The workspace.
    pub fn workspace(&self) -> &Arc<Workspace> {
        &self.0.workspace
    }

    /// The view that queries run on now.
    pub fn view(&self) -> Arc<SymbolView> {
        self.0.view.load_full()
    }

    /// The best symbols for a query, each verified to be where it is said to be: on the disk, or in what is
    /// open.
    pub async fn search(&self, request: &SearchRequest) -> Result<Answer, Cancelled> {
        self.0.workspace.search_for(self, request).await
    }

    /// What is declared below some types, each verified like the hits of a search.
    pub async fn subtypes(
        &self,
        wanted: &Subtypes,
        verify_timeout: Duration,
        cancel: &CancellationToken,
    ) -> Result<Answer, Cancelled> {
        self.0.workspace.subtypes_for(self, wanted, verify_timeout, cancel).await
    }

    /// Shows this text of a file (absolute path) instead of the disk's, from now on until it is closed.
    pub fn open(
        &self,
        path: &Path,
        version: DocumentVersion,
        text: String,
    ) -> Result<(), DocumentError> {
        let workspace = &self.0.workspace;
        check_path(path)?;
        check_size(&text, workspace.options.file_bytes_max)?;
        let order = workspace.published.next_order();
        let path = path::to_bytes(path);
        let home = workspace.homes().of(&path);
        let key = self.0.overlay().open(path.to_vec(), home, version, text, order)?;
        self.0.keep_up(key);
        // The shards may have changed when nobody knew yet that it is open.
        self.0.move_home(&path, &workspace.homes());
        Ok(())
    }

    /// Changes the text of an open file: all of these changes or, with an error, none.
    pub fn change(
        &self,
        path: &Path,
        version: DocumentVersion,
        changes: &[TextChange],
    ) -> Result<(), DocumentError> {
        let workspace = &self.0.workspace;
        let order = workspace.published.next_order();
        let bytes_max = workspace.options.file_bytes_max;
        let path = path::to_bytes(path);
        let key = self.0.overlay().change(&path, version, changes, order, bytes_max)?;
        self.0.keep_up(key);
        Ok(())
    }

    /// A file was saved: everybody is to see what the disk has now. It stays open.
    pub async fn save(&self, path: &Path) {
        let workspace = &self.0.workspace;
        let path = path::to_bytes(path);
        if workspace.refresh_shown(&path).await {
            return;
        }
        // A new file, or one that is ignored: whoever looks at what has changed can tell.
        let is_inside = workspace.homes().of(&path).place != SCRATCH;
        if is_inside
            && let Err(error) = workspace.catch_up(Look::AtChanges, &CancellationToken::new()).await
        {
            tracing::warn!("{}: {error}", String::from_utf8_lossy(&path));
        }
    }

    /// Forgets the text of an open file at once; from now on its symbols are those of the disk, which is looked
    /// at again when the future is awaited.
    pub fn close(&self, path: &Path) -> impl Future<Output = ()> + Send + use<> {
        let path = path::to_bytes(path).into_owned();
        let closed = self.0.overlay().close(&path);
        let workspace = Arc::clone(&self.0.workspace);
        if let Some(home) = &closed {
            workspace.published.uncover(self.0.id, &home.key);
            self.0.shown.notify_waiters();
            workspace.forget_files(self.0.id, std::slice::from_ref(&home.key));
        }
        async move {
            if closed.is_some() {
                workspace.refresh_shown(&path).await;
            }
        }
    }

    /// What a worker says of a text as this session sees it: of a file (absolute path) that is open, or of what
    /// is on the disk.
    pub async fn inspect(
        &self,
        path: &Path,
        inspection: Inspection,
    ) -> Result<Inspected, InspectError> {
        let path = path::to_bytes(path);
        let open = self.0.overlay().document(&path);
        let (key, place, text) = match open {
            Some((key, Snapshot { place, text, .. })) => (key, place, Some(text)),
            None => {
                let home = self.0.workspace.homes().of(&path);
                (home.key, home.place, None)
            }
        };
        self.0.workspace.inspect_file(&key, place, text, inspection).await
    }

    /// Waits until the view shows everything that was opened, changed and closed before.
    pub async fn caught_up(&self) {
        self.shown(&self.awaited()).await;
    }
}

impl Frontend for Session {
    fn view(&self) -> Arc<SymbolView> {
        self.view()
    }

    fn covers(&self, path: &[u8], key: &FileKey, at: Revision) -> Option<bool> {
        self.0.overlay().covers(path, key, at)
    }

    fn place_anew(&self) {
        self.0.place_anew();
    }

    fn awaited(&self) -> Vec<(Vec<u8>, Order)> {
        self.0.overlay().awaited()
    }

    async fn shown(&self, texts: &[(Vec<u8>, Order)]) {
        loop {
            let shown = self.0.shown.notified();
            if texts.iter().all(|(path, order)| self.0.overlay().is_shown(path, *order)) {
                return;
            }
            shown.await;
        }
    }
}

impl Inner {
    /// Has the newest text of a document shown, and every newer one that comes meanwhile.
    fn keep_up(self: &Arc<Self>, key: FileKey) {
        if self.overlay().take_on(&key) {
            let (session, ended) = (Arc::downgrade(self), self.ended.clone());
            tokio::spawn(ended.run_until_cancelled_owned(async move {
                let mut pause = RETRY_PAUSE_MIN;
                // Not held while waiting, so that the session can end.
                while let Some(is_shown) = match session.upgrade() {
                    Some(session) => session.show_next(&key).await,
                    None => None,
                } {
                    pause = if is_shown { RETRY_PAUSE_MIN } else { pause };
                    if !is_shown {
                        tokio::time::sleep(pause).await;
                        pause = (pause * 2).min(RETRY_PAUSE_MAX);
                    }
                }
            }));
        }
    }

    /// Scans the newest text of a document and shows it; whether that worked. `None` if it is shown
    /// already, or closed.
    async fn show_next(&self, key: &FileKey) -> Option<bool> {
        let text = self.overlay().next_text(key)?;
        let OverlayId(session) = self.id;
        let unsaved = Unsaved { session, version: text.order.0, text: text.text };
        let scanned = self.workspace.scan_file(key, text.place, Some(unsaved)).await;
        let index = match scanned {
            Ok(index) => index,
            Err(error) => {
                tracing::warn!("{}: {error}; trying again", String::from_utf8_lossy(&key.path));
                return Some(false);
            }
        };
        let mut overlay = self.overlay();
        if !overlay.has(key) {
            // The worker has it from a text that overtook the word that it is closed.
            self.workspace.forget_files(self.id, std::slice::from_ref(key));
        }
        if overlay.wants(key, text.order) {
            let delta = Delta { order: text.order, index };
            self.workspace.published.overlay(self.id, key, delta);
            overlay.show(key, text.order, self.view.load().revision());
        }
        drop(overlay);
        self.shown.notify_waiters();
        Some(true)
    }

    /// The shards have changed: what is open may belong elsewhere by now.
    pub(crate) fn place_anew(self: &Arc<Self>) {
        let paths = self.overlay().paths();
        if !paths.is_empty() {
            let homes = self.workspace.homes();
            paths.iter().for_each(|path| self.move_home(path, &homes));
        }
    }

    /// Shows a document where it belongs.
    fn move_home(self: &Arc<Self>, path: &[u8], homes: &Homes) {
        let home = homes.of(path);
        let key = home.key.clone();
        let left = self.overlay().move_to(path, home);
        if let Some(left) = left {
            self.workspace.published.uncover(self.id, &left);
            self.keep_up(key);
        }
    }

    /// What is open, as workers know it.
    pub(crate) fn open_files(&self) -> Vec<OpenFile> {
        let overlay = self.overlay();
        let texts = overlay.texts();
        let file = |(key, Snapshot { order, text, .. }): (&FileKey, Snapshot)| {
            let path = self.workspace.file_path(key).into();
            OpenFile { session: self.id.0, path, version: order.0, text }
        };
        texts.map(file).collect()
    }

    fn overlay(&self) -> MutexGuard<'_, Overlay> {
        self.overlay.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.ended.cancel();
        self.workspace.published.leave(self.id);
        self.workspace.forget_files(self.id, &self.overlay().keys());
    }
}

impl Workspace {
    /// Tells the workers that a session has closed these.
    fn forget_files(&self, session: OverlayId, files: &[FileKey]) {
        let paths: Vec<_> = files.iter().map(|key| self.file_path(key).into()).collect();
        if !paths.is_empty() {
            self.tell_workers(Request::UnloadFiles(UnloadFiles { session: session.0, paths }));
        }
    }

    /// Looks at a file again, if the view shows it; whether it does.
    async fn refresh_shown(&self, path: &[u8]) -> bool {
        let homes = self.homes();
        if !homes.shows(path) {
            return false;
        }
        let home = homes.of(path);
        let refreshed = self.refresh_file(&home.key, home.place, homes.revision()).await;
        if let Err(error) = refreshed {
            tracing::warn!("{}: {error}", String::from_utf8_lossy(path));
        }
        true
    }
}
