//! What the editor tells: each is taken before the next message is looked at.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gen_lsp_types::{
    CancelParams, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, Id, ProgressToken, Uri,
    WorkDoneProgressCancelParams,
};
use lsp_server::{Notification, RequestId};
use nova_router::{DocumentVersion, Look, archive_of, path};
use serde::de::DeserializeOwned;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{End, Server, Shared, Stage, progress};
use crate::uri;
use crate::workspace::{Workspace, WorkspaceError};

/// What somebody does with files in the editor is looked at before the next message, unless that takes longer.
const LOOK_TIMEOUT: Duration = Duration::from_millis(200);

impl Server {
    pub(super) async fn notification(&mut self, notification: Notification) -> Option<End> {
        let Notification { method, params } = notification;
        match method.as_str() {
            "exit" => return Some(End::Exit { is_orderly: self.stage == Stage::Ending }),
            "initialized" if self.stage == Stage::Greeted => self.begin_work(),
            "$/cancelRequest" => {
                if let Some(CancelParams { id }) = read(&method, params) {
                    self.answers.cancel(&match id {
                        Id::Int(number) => RequestId::from(number),
                        Id::String(text) => RequestId::from(text),
                    });
                }
            }
            "window/workDoneProgress/cancel" => {
                if let Some(WorkDoneProgressCancelParams { token: ProgressToken::String(token) }) =
                    read(&method, params)
                    && let Some(cancel) = self.cancellable.remove(&token)
                {
                    cancel.cancel();
                    let what = match progress::is_of_libraries(&token) {
                        true => "libraries are not found",
                        false => "only what is indexed by now is found",
                    };
                    self.outbox.warn(&format!("cancelled: {what}, until nova.reindex"));
                }
            }
            "workspace/didChangeWorkspaceFolders" if self.stage == Stage::AtWork => {
                read(&method, params).into_iter().for_each(|params| self.change_folders(params));
            }
            "workspace/didChangeConfiguration" if self.stage == Stage::AtWork => {
                // Some editors send the settings, others want to be asked.
                match params.get("settings").filter(|it| it.get("nova").is_some()) {
                    Some(settings) => self.change_settings(settings),
                    None => self.ask_for_settings(),
                }
            }
            _ if self.stage == Stage::AtWork => {
                if let Some(shared) = self.shared.clone()
                    && let Err(error) = self.document(&shared, &method, params).await
                {
                    tracing::warn!("{method}: {error}");
                }
            }
            _ => {}
        }
        None
    }

    /// Something about a document.
    async fn document(
        &mut self,
        shared: &Arc<Shared>,
        method: &str,
        params: serde_json::Value,
    ) -> Result<(), WorkspaceError> {
        match method {
            "textDocument/didOpen" => {
                let Some(DidOpenTextDocumentParams { text_document: document }) =
                    read(method, params)
                else {
                    return Ok(());
                };
                let Some(path) = path_of(&document.uri) else { return Ok(()) };
                let version = DocumentVersion(i64::from(document.version));
                shared.documents.open(&path, version, &document.text);
                self.open_around(&path);
                match workspace(shared).await {
                    Some(it) if it.can_change(&path) => {
                        it.own().open_document(&path, version, document.text).await
                    }
                    _ => Ok(()),
                }
            }
            "textDocument/didChange" => {
                let Some(DidChangeTextDocumentParams { text_document, content_changes }) =
                    read(method, params)
                else {
                    return Ok(());
                };
                let Some(path) = path_of(&text_document.text_document_identifier.uri) else {
                    return Ok(());
                };
                let version = DocumentVersion(i64::from(text_document.version));
                let changes = shared.documents.change(&path, version, content_changes);
                match workspace(shared).await {
                    Some(it) if it.can_change(&path) => {
                        it.own().change_document(&path, version, changes).await
                    }
                    _ => Ok(()),
                }
            }
            "textDocument/didSave" => {
                let Some(DidSaveTextDocumentParams { text_document, .. }) = read(method, params)
                else {
                    return Ok(());
                };
                let Some(path) = path_of(&text_document.uri) else { return Ok(()) };
                if let Some(workspace) = workspace(shared).await {
                    // The file is looked at beside what comes next: a request verifies its hits anyway.
                    tokio::spawn(async move {
                        if let Err(error) = workspace.own().save_document(&path).await {
                            tracing::warn!("textDocument/didSave: {error}");
                        }
                    });
                }
                Ok(())
            }
            "workspace/didChangeWatchedFiles" => {
                drop(look(shared).await);
                Ok(())
            }
            // Somebody has just done it and wants to see it.
            "workspace/didCreateFiles"
            | "workspace/didRenameFiles"
            | "workspace/didDeleteFiles" => {
                drop(timeout(LOOK_TIMEOUT, look(shared).await).await);
                Ok(())
            }
            "textDocument/didClose" => {
                let Some(DidCloseTextDocumentParams { text_document }) = read(method, params)
                else {
                    return Ok(());
                };
                let Some(path) = path_of(&text_document.uri) else { return Ok(()) };
                shared.documents.close(&path);
                match workspace(shared).await {
                    Some(it) if it.can_change(&path) => it.own().close_document(&path).await,
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// Without a folder, the first file that is opened says what the workspace is.
    fn open_around(&mut self, file: &Path) {
        let is_file = archive_of(&path::to_bytes(file)).is_none() && !uri::is_untitled(file);
        if self.folders.is_empty() && is_file {
            self.folders = vec![folder_around(file)];
            self.open();
        }
    }
}

/// The repository that a file is in, else its folder.
fn folder_around(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(file);
    let repository = folder.ancestors().find(|folder| folder.join(".git").exists());
    repository.unwrap_or(folder).to_path_buf()
}

fn path_of(uri: &Uri) -> Option<PathBuf> {
    let path = uri::to_path(uri);
    if path.is_none() {
        tracing::debug!("{} is no file", uri.0);
    }
    path
}

/// Looks at what has changed on the disk, beside what comes next.
async fn look(shared: &Shared) -> JoinHandle<()> {
    let workspace = workspace(shared).await;
    tokio::spawn(async move {
        let Some(workspace) = workspace else { return };
        let cancel = CancellationToken::new();
        if let Err(error) = workspace.own().index(Look::AtChanges, |_| {}, &cancel).await {
            tracing::warn!("what has changed cannot be looked at: {error}");
        }
    })
}

async fn workspace(shared: &Shared) -> Option<Arc<Workspace>> {
    shared.workspace().await.ok()
}

fn read<T: DeserializeOwned>(method: &str, params: serde_json::Value) -> Option<T> {
    serde_json::from_value(params).inspect_err(|error| tracing::warn!("{method}: {error}")).ok()
}
