//! From the greeting to the work, and what the server can do.

use std::path::PathBuf;
use std::sync::Arc;

use gen_lsp_types as lsp;
use gen_lsp_types::{InitializeParams, InitializeResult, ServerCapabilities, ServerInfo};
use lsp_server::{ErrorCode, Request};
use serde_json::json;

use super::{Server, Shared, Stage};
use crate::client::ClientAbilities;
use crate::{requests, uri};

impl Server {
    /// Takes a request, and has it answered.
    pub(super) async fn request(&mut self, request: Request) {
        let owed = self.answers.owe(request.id.clone()).await;
        match (self.stage, request.method.as_str()) {
            (Stage::New, "initialize") => {
                match serde_json::from_value::<InitializeParams>(request.params) {
                    Ok(params) => {
                        let process = params.process_id.and_then(|id| u32::try_from(id).ok());
                        self.parent.send_replace(process);
                        let result = self.initialize(&params);
                        owed.answer(&result);
                    }
                    Err(error) => owed.fail(ErrorCode::InvalidParams, &error.to_string()),
                }
            }
            (Stage::New, _) => {
                owed.fail(ErrorCode::ServerNotInitialized, "`initialize` comes first");
            }
            (Stage::Ending, _) => {
                owed.fail(ErrorCode::InvalidRequest, "only `exit` may follow `shutdown`");
            }
            (_, "initialize") => {
                owed.fail(ErrorCode::InvalidRequest, "the server is initialized already");
            }
            (_, "shutdown") => {
                self.stage = Stage::Ending;
                // Some editors kill a server as soon as it has answered.
                self.close().await;
                owed.answer(&());
                self.answers.settled().await;
            }
            (_, _) => match &self.shared {
                Some(shared) => requests::dispatch(owed, Arc::clone(shared), request),
                None => owed.fail(ErrorCode::InternalError, "the server forgot its client"),
            },
        }
    }

    fn initialize(&mut self, params: &InitializeParams) -> InitializeResult {
        let client = ClientAbilities::of(params);
        self.folders = folders(params);
        self.shared = Some(Arc::new(Shared::new(client)));
        if let Some(options) = &params.initialization_options {
            self.set(options);
        }
        self.stage = Stage::Greeted;
        InitializeResult {
            capabilities: capabilities(client),
            server_info: Some(ServerInfo {
                name: "nova".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        }
    }

    /// Opens the workspace, and has its index brought up to date.
    pub(super) fn begin_work(&mut self) {
        self.stage = Stage::AtWork;
        if self.shared.as_ref().is_some_and(|shared| shared.client.can_watch_files) {
            self.watch_files();
        }
        self.ask_for_settings();
        if !self.folders.is_empty() {
            self.open();
        } else if let Some(shared) = &self.shared {
            shared.has_no_folder();
        }
    }

    /// Has the editor tell of changed files. Nova watches them itself; but an editor may know sooner, and of file
    /// systems that tell nothing.
    fn watch_files(&self) {
        let watchers = ["**/*.java", "**/.gitignore", "**/.ignore"].map(|glob| {
            lsp::FileSystemWatcher { glob_pattern: glob.to_owned().into(), kind: None }
        });
        let options = lsp::DidChangeWatchedFilesRegistrationOptions { watchers: watchers.to_vec() };
        let registration = json!({
            "id": "nova-files", "method": "workspace/didChangeWatchedFiles",
            "registerOptions": options,
        });
        self.outbox.ask("client/registerCapability", json!({ "registrations": [registration] }));
    }
}

/// The folders that the editor has open.
fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    let given = match &params.workspace_folders_initialize_params.workspace_folders {
        Some(lsp::WorkspaceFolders::WorkspaceFolderList(folders)) => {
            folders.iter().filter_map(|folder| uri::to_path(&folder.uri)).collect()
        }
        _ => Vec::new(),
    };
    #[expect(deprecated, reason = "what older editors say instead")]
    let root = params.root_uri.as_ref().and_then(uri::to_path);
    if given.is_empty() { root.into_iter().collect() } else { given }
}

/// What the server can do.
fn capabilities(client: ClientAbilities) -> ServerCapabilities {
    let sync = lsp::TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(lsp::TextDocumentSyncKind::Incremental),
        save: Some(lsp::SaveOptions { include_text: Some(false) }.into()),
        ..Default::default()
    };
    let folders = lsp::WorkspaceFoldersServerCapabilities {
        supported: Some(true),
        change_notifications: Some(true.into()),
    };
    let texts =
        || lsp::TextDocumentContentOptions { schemes: vec![uri::ARCHIVE_SCHEME.to_owned()] };
    ServerCapabilities {
        position_encoding: Some(client.encoding.kind()),
        text_document_sync: Some(sync.into()),
        workspace_symbol_provider: Some(
            lsp::WorkspaceSymbolOptions { resolve_provider: Some(true), ..Default::default() }
                .into(),
        ),
        document_symbol_provider: Some(true.into()),
        definition_provider: Some(true.into()),
        declaration_provider: Some(true.into()),
        implementation_provider: Some(true.into()),
        hover_provider: Some(true.into()),
        folding_range_provider: Some(true.into()),
        selection_range_provider: Some(true.into()),
        document_highlight_provider: Some(true.into()),
        execute_command_provider: Some(lsp::ExecuteCommandOptions {
            commands: requests::COMMANDS.map(str::to_owned).to_vec(),
            ..Default::default()
        }),
        workspace: Some(lsp::WorkspaceOptions {
            workspace_folders: Some(folders),
            file_operations: Some(lsp::FileOperationOptions {
                did_create: Some(java_files()),
                did_rename: Some(java_files()),
                did_delete: Some(java_files()),
                ..Default::default()
            }),
            text_document_content: client.asks_for_texts.then(|| texts().into()),
        }),
        ..Default::default()
    }
}

/// Java files, and folders of which the editor names no file.
fn java_files() -> lsp::FileOperationRegistrationOptions {
    let filter = |glob: &str, matches| lsp::FileOperationFilter {
        scheme: Some("file".to_owned()),
        pattern: lsp::FileOperationPattern {
            glob: glob.to_owned(),
            matches: Some(matches),
            options: None,
        },
    };
    let kind = lsp::FileOperationPatternKind::File;
    let filters =
        vec![filter("**/*.java", kind), filter("**", lsp::FileOperationPatternKind::Folder)];
    lsp::FileOperationRegistrationOptions { filters }
}

/// Whether a process is there.
#[cfg(target_os = "linux")]
pub(super) fn is_alive(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // After the name, which may have anything in it. One that nobody has waited for yet is a zombie, and gone.
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// Where it cannot be told the end of the pipe tells.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_alive(_process: u32) -> bool {
    true
}
