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

impl Server {
    /// Opens the workspace in the place of the one before, with all documents that are open, and has its index
    /// brought up to date. Whatever asks meanwhile waits until it is open.
    pub(super) fn open(&mut self) {
        let Some(shared) = self.shared.clone() else { return };
        self.runs += 1;
        let run = self.runs;
        let before = shared.workspace.send_replace(Opened::NotYet(run));
        let (options, settings) = (self.options.clone(), self.settings.clone());
        let (folders, cancel) = (self.folders.clone(), CancellationToken::new());
        let mut progress = Indexing::begin(&self.outbox, shared.client.shows_progress, run);
        if let Some(progress) = &progress {
            self.cancellable.insert(progress.token().to_owned(), cancel.clone());
        }
        let lost = self.lost.clone();
        self.openings.spawn(async move {
            if let Opened::Open(workspace) = before {
                workspace.close().await;
            }
            let editor = shared.client;
            let workspace = match Workspace::open(&folders, &options, &settings, editor).await {
                Ok(workspace) => Arc::new(workspace),
                Err(error) => {
                    tracing::error!("the workspace cannot be opened: {error}");
                    shared.has_opened(run, Opened::Failed(error.to_string()));
                    return;
                }
            };
            for (path, version, text) in shared.documents.all() {
                if workspace.can_change(&path)
                    && let Err(error) = workspace.own().open_document(&path, version, text).await
                {
                    tracing::warn!("{}: {error}", path.display());
                }
            }
            if !shared.has_opened(run, Opened::Open(Arc::clone(&workspace))) {
                return workspace.close().await;
            }
            tokio::spawn(tell_of_loss(Arc::clone(&shared), Arc::clone(&workspace), lost, run));
            let report = |now| {
                if let Some(progress) = &mut progress {
                    progress.report(now);
                }
            };
            match workspace.own().index(Look::AtChanges, report, &cancel).await {
                // Whoever did not want it now can ask for it by a command.
                Err(WorkspaceError::Cancelled) => return,
                Err(error) => tracing::warn!("the index is not up to date: {error}"),
                Ok(_) => {}
            }
            workspace.own().tend();
            workspace.open_library().await;
        });
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
                let message = format!("the settings of Nova make no sense: {error}");
                self.outbox.notify("window/showMessage", json!({ "type": 2, "message": message }));
                false
            }
        }
    }
}
