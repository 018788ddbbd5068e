//! `textDocument/definition` and `textDocument/declaration`: where what a name means is declared.

use gen_lsp_types::{
    Declaration, DeclarationParams, DeclarationResponse, Definition, DefinitionParams,
    DefinitionResponse, Location, TextDocumentPositionParams,
};
use nova_router::definition as router;
use nova_router::report::Symbol;

use super::{Ask, Failure, VERIFY_TIMEOUT};
use crate::workspace::Workspace;
use crate::{symbols, uri};

/// Nobody looks through more.
const CANDIDATES_MAX: usize = 50;

pub(super) async fn answer(
    ask: Ask,
    params: DefinitionParams,
) -> Result<Option<DefinitionResponse>, Failure> {
    let found = locations(&ask, &params.text_document_position_params).await?;
    Ok(found.map(|locations| DefinitionResponse::Definition(Definition::LocationList(locations))))
}

/// In Java a declaration is its definition.
pub(super) async fn answer_declaration(
    ask: Ask,
    params: DeclarationParams,
) -> Result<Option<DeclarationResponse>, Failure> {
    let found = locations(&ask, &params.text_document_position_params).await?;
    let list = |locations| DeclarationResponse::Declaration(Declaration::LocationList(locations));
    Ok(found.map(list))
}

/// What a place in a document may mean; `None` if the document is no file.
pub(super) async fn define(
    ask: &Ask,
    at: &TextDocumentPositionParams,
) -> Result<Option<(std::sync::Arc<Workspace>, router::Definition)>, Failure> {
    let Some(path) = uri::to_path(&at.text_document.uri) else { return Ok(None) };
    let workspace = ask.workspace().await?;
    let place = ask.shared.documents.place(&path, at.position);
    let defined = workspace.define(&path, place, VERIFY_TIMEOUT, &ask.cancel).await?;
    Ok(Some((workspace, defined)))
}

async fn locations(
    ask: &Ask,
    at: &TextDocumentPositionParams,
) -> Result<Option<Vec<Location>>, Failure> {
    let Some((workspace, defined)) = define(ask, at).await? else { return Ok(None) };
    let documents = &ask.shared.documents;
    if let Some(local) = defined.name.as_ref().and_then(|name| name.local.as_ref()) {
        let (uri, path) = (at.text_document.uri.clone(), uri::to_path(&at.text_document.uri));
        let range = documents.range(&path.unwrap_or_default(), local.range);
        return Ok(Some(vec![Location { uri, range }]));
    }
    let location = |symbol: &Symbol| symbols::location(documents, &workspace, symbol);
    let locations: Vec<_> = defined.candidates.iter().take(CANDIDATES_MAX).map(location).collect();
    Ok(Some(locations).filter(|locations| !locations.is_empty()))
}
