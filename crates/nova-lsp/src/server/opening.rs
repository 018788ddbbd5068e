//! Opens the workspace: at first, and again when its folders or the settings have changed.

use std::path::PathBuf;
use std::sync::Arc;

use gen_lsp_types::DidChangeWorkspaceFoldersParams;
use nova_router::Look;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::progress::Indexing;
use super::{Opened, Server, Shared};
use crate::args::LspOptions;
use crate::outbox::Outbox;
use crate::settings::Settings;
use crate::uri;
use crate::workspace::{Workspace, WorkspaceError};

/// Tells when nobody keeps the workspace of a run open any more, unless another one has taken its place.
async fn tell_of_loss(
    shared: Arc<Shared>,
    workspace: Arc<Workspace>,
    lost: mpsc::UnboundedSender<u32>,
    run: u32,
) {
    let mut opened = shared.workspace.subscribe();
    let is_replaced =
        |now: &Opened| !matches!(now, Opened::Open(it) if Arc::ptr_eq(it, &workspace));
    tokio::select! {
        () = workspace.own().lost() => drop(lost.send(run)),
        _ = opened.wait_for(is_replaced) => {}
    }
}

/// One run of opening: whatever asks meanwhile waits until the workspace is open.
struct Opening {
    run: u32,
    shared: Arc<Shared>,
    outbox: Outbox,
    options: LspOptions,
    settings: Settings,
    folders: Vec<PathBuf>,
    own: Indexing,
    libraries: Indexing,
    lost: mpsc::UnboundedSender<u32>,
}

impl Opening {
    /// Opens the workspace, with all documents that are open, and has its index brought up to date.
    async fn run(mut self, before: Opened) {
        if let Opened::Open(workspace) = before {
            workspace.close().await;
        }
        let Some(workspace) = self.open().await else { return };
        let cancel = self.own.cancel.clone();
        let report = |now| self.own.report(now);
        match workspace.own().index(Look::AtChanges, report, &cancel).await {
            // Whoever did not want it now can ask for it by a command.
            Err(WorkspaceError::Cancelled) => return,
            Err(error) => self.outbox.warn(&format!("the index is not up to date: {error}")),
            Ok(_) => {}
        }
        drop(self.own);
        workspace.own().tend();
        let cancel = self.libraries.cancel.clone();
        let report = |now| self.libraries.report(now);
        let amiss = workspace.open_library(report, &cancel).await;
        amiss.iter().for_each(|amiss| self.outbox.warn(amiss));
    }

    /// The workspace, unless it cannot be opened, or another run has begun since.
    async fn open(&self) -> Option<Arc<Workspace>> {
        let Self { run, shared, settings, .. } = self;
        let mut amiss = Vec::new();
        let opening =
            Workspace::open(&self.folders, &self.options, settings, shared.client, &mut amiss);
        let opened = opening.await;
        amiss.iter().for_each(|amiss| self.outbox.warn(amiss));
        let workspace = match opened {
            Ok(workspace) => Arc::new(workspace),
            Err(error) => {
                tracing::error!("the workspace cannot be opened: {error}");
                shared.has_opened(*run, Opened::Failed(error.to_string()));
                return None;
            }
        };
        for (path, version, text) in shared.documents.all() {
            if workspace.can_change(&path)
                && let Err(error) = workspace.own().open_document(&path, version, text).await
            {
                tracing::warn!("{}: {error}", path.display());
            }
        }
        if !shared.has_opened(*run, Opened::Open(Arc::clone(&workspace))) {
            workspace.close().await;
            return None;
        }
        let lost = self.lost.clone();
        tokio::spawn(tell_of_loss(Arc::clone(shared), Arc::clone(&workspace), lost, *run));
        Some(workspace)
    }
}

impl Server {
    /// Opens the workspace in the place of the one before.
    pub(super) fn open(&mut self) {
        let Some(shared) = self.shared.clone() else { return };
        self.runs += 1;
        let run = self.runs;
        let before = shared.workspace.send_replace(Opened::NotYet(run));
        let is_shown = shared.client.shows_progress;
        let opening = Opening {
            run,
            shared,
            outbox: self.outbox.clone(),
            options: self.options.clone(),
            settings: self.settings.clone(),
            folders: self.folders.clone(),
            own: Indexing::begin(&self.outbox, is_shown, run),
            libraries: Indexing::of_libraries(&self.outbox, is_shown, run),
            lost: self.lost.clone(),
        };
        for indexing in [&opening.own, &opening.libraries] {
            self.cancellable.insert(indexing.token().to_owned(), indexing.cancel.clone());
        }
        self.openings.spawn(opening.run(before));
    }

    /// Closes the workspace, as its last folder is gone; the next file that is opened says what comes next.
    fn leave(&self) {
        let Some(shared) = &self.shared else { return };
        self.cancellable.values().for_each(CancellationToken::cancel);
        if let Opened::Open(workspace) = shared.has_no_folder() {
            self.openings.spawn(async move { workspace.close().await });
        }
    }

    /// Folders were added or removed.
    pub(super) fn change_folders(&mut self, params: DidChangeWorkspaceFoldersParams) {
        let paths = |folders: Vec<gen_lsp_types::WorkspaceFolder>| -> Vec<PathBuf> {
            folders.iter().filter_map(|folder| uri::to_path(&folder.uri)).collect()
        };
        let (added, removed) = (paths(params.event.added), paths(params.event.removed));
        let before = self.folders.clone();
        self.folders.retain(|folder| !removed.contains(folder));
        self.folders.extend(added);
        if self.folders == before {
            return;
        }
        match self.folders.is_empty() {
            true => self.leave(),
            false => self.open(),
        }
    }

    /// Asks for the settings, if the editor can be asked.
    pub(super) fn ask_for_settings(&mut self) {
        if self.shared.as_ref().is_some_and(|shared| shared.client.can_be_asked_for_settings) {
            let items = json!({ "items": [{ "section": "nova" }] });
            self.settings_asked = Some(self.outbox.ask("workspace/configuration", items));
        }
    }

    /// Takes settings, and opens the workspace anew if that is of any consequence.
    pub(super) fn change_settings(&mut self, value: &Value) {
        if self.set(value) && !self.folders.is_empty() {
            self.open();
        }
    }

    /// Takes settings; whether they are others now.
    pub(super) fn set(&mut self, value: &Value) -> bool {
        match Settings::read(value) {
            Ok(Some(settings)) => {
                let is_other = settings != self.settings;
                if let Some(shared) = &self.shared {
                    shared.set_symbol_limit(settings.symbol_limit);
                }
                self.settings = settings;
                is_other
            }
            Ok(None) => false,
            Err(error) => {
                self.outbox.warn(&format!("the settings make no sense: {error}"));
                false
            }
        }
    }
}
