//! What an editor asks: a file for each request.

mod definition;
mod document_highlight;
mod document_symbol;
mod execute_command;
mod folding_range;
mod hover;
mod implementation;
mod selection_range;
mod text_document_content;
mod workspace_symbol;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gen_lsp_types as lsp;
use gen_lsp_types::{LspRequestMethod as Method, Uri};
use lsp_server::{ErrorCode, Request};
use nova_router::inspection::{Inspected, Inspection};
use tokio_util::sync::CancellationToken;

pub(crate) use execute_command::COMMANDS;

use crate::outbox::Outbox;
use crate::server::{Owed, Shared};
use crate::uri;
use crate::workspace::{Workspace, WorkspaceError};

/// How long the files of hits may take to be verified while somebody is typing: later an answer is of no use.
const VERIFY_TIMEOUT: Duration = Duration::from_millis(100);
/// The same where somebody has chosen something, and waits.
const CHOSEN_VERIFY_TIMEOUT: Duration = Duration::from_secs(1);

/// What a request is answered from.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) shared: Arc<Shared>,
    /// For what is told ahead of the answer.
    pub(crate) outbox: Outbox,
    /// Triggered when the editor needs no answer any more.
    pub(crate) cancel: CancellationToken,
}

/// Why a request has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("cancelled")]
    Cancelled,
    #[error("it took too long")]
    TooLong,
    #[error("it failed, which is a bug")]
    Panicked,
    #[error("{0} is not there any more")]
    Gone(String),
    #[error("{0}")]
    Arguments(&'static str),
    #[error("there is no command {0}")]
    UnknownCommand(String),
    #[error("{0}")]
    NoWorkspace(String),
    #[error("{0} is nothing that Nova has")]
    NoText(String),
    #[error("{file} cannot be read: {error}", file = file.display())]
    Unreadable { file: PathBuf, error: std::io::Error },
    #[error(transparent)]
    Workspace(WorkspaceError),
}

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        match error {
            WorkspaceError::Cancelled => Self::Cancelled,
            error => Self::Workspace(error),
        }
    }
}

impl Failure {
    pub(crate) fn code(&self) -> ErrorCode {
        match self {
            Self::Cancelled => ErrorCode::RequestCanceled,
            Self::Panicked => ErrorCode::InternalError,
            Self::Gone(_) => ErrorCode::ContentModified,
            Self::Arguments(_) | Self::UnknownCommand(_) | Self::NoText(_) => {
                ErrorCode::InvalidParams
            }
            Self::TooLong | Self::NoWorkspace(_) | Self::Unreadable { .. } | Self::Workspace(_) => {
                ErrorCode::RequestFailed
            }
        }
    }
}

impl Ask {
    /// The workspace, once it is open.
    async fn workspace(&self) -> Result<Arc<Workspace>, Failure> {
        self.shared.workspace().await.map_err(Failure::NoWorkspace)
    }

    /// What there is to say of a document's text; `None` if the document is no file, or cannot be read.
    async fn inspect(
        &self,
        uri: &Uri,
        inspection: impl FnOnce(&PathBuf) -> Inspection,
    ) -> Result<Option<(PathBuf, Inspected)>, Failure> {
        let Some(path) = uri::to_path(uri) else { return Ok(None) };
        let inspected = self.workspace().await?.inspect(&path, inspection(&path)).await?;
        if let Inspected::Unreadable(reason) = &inspected {
            tracing::debug!("{}: {reason}", path.display());
            return Ok(None);
        }
        Ok(Some((path, inspected)))
    }
}

/// Has a request answered by whom it is for.
pub(crate) fn dispatch(owed: Owed, shared: Arc<Shared>, request: Request) {
    let Request { method, params, .. } = request;
    match Method::from(method.as_str()) {
        Method::WorkspaceSymbol => {
            owed.run::<lsp::WorkspaceSymbolRequest, _>(shared, params, workspace_symbol::answer);
        }
        Method::WorkspaceSymbolResolve => {
            owed.run::<lsp::WorkspaceSymbolResolveRequest, _>(
                shared,
                params,
                workspace_symbol::resolve,
            );
        }
        Method::TextDocumentDocumentSymbol => {
            owed.run::<lsp::DocumentSymbolRequest, _>(shared, params, document_symbol::answer);
        }
        Method::TextDocumentDefinition => {
            owed.run::<lsp::DefinitionRequest, _>(shared, params, definition::answer);
        }
        Method::TextDocumentDeclaration => {
            owed.run::<lsp::DeclarationRequest, _>(shared, params, definition::answer_declaration);
        }
        Method::TextDocumentImplementation => {
            owed.run::<lsp::ImplementationRequest, _>(shared, params, implementation::answer);
        }
        Method::TextDocumentHover => {
            owed.run::<lsp::HoverRequest, _>(shared, params, hover::answer);
        }
        Method::TextDocumentFoldingRange => {
            owed.run::<lsp::FoldingRangeRequest, _>(shared, params, folding_range::answer);
        }
        Method::TextDocumentSelectionRange => {
            owed.run::<lsp::SelectionRangeRequest, _>(shared, params, selection_range::answer);
        }
        Method::TextDocumentDocumentHighlight => {
            owed.run::<lsp::DocumentHighlightRequest, _>(
                shared,
                params,
                document_highlight::answer,
            );
        }
        Method::WorkspaceTextDocumentContent => {
            owed.run::<lsp::TextDocumentContentRequest, _>(
                shared,
                params,
                text_document_content::answer,
            );
        }
        Method::WorkspaceExecuteCommand => {
            owed.run::<lsp::ExecuteCommandRequest, _>(shared, params, execute_command::answer);
        }
        _ => owed.fail(ErrorCode::MethodNotFound, &format!("{method} is not supported")),
    }
}
