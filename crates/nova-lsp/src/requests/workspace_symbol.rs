//! `workspace/symbol`: the best symbols of the workspace for what was typed.
//!
//! They are given in their order. Editors that sort by a score of their own go by the name, which
//! is the declared name and nothing else; see docs/lsp.md.

use gen_lsp_types::{
    BaseSymbolInformation, WorkspaceSymbol, WorkspaceSymbolParams, WorkspaceSymbolResponse,
};
use nova_router::Question;
use nova_router::report::Symbol;

use super::{Ask, Failure, VERIFY_TIMEOUT};
use crate::documents::Documents;
use crate::symbols;
use crate::workspace::Workspace;

pub(super) async fn answer(
    ask: Ask,
    params: WorkspaceSymbolParams,
) -> Result<Option<WorkspaceSymbolResponse>, Failure> {
    let workspace = ask.workspace().await?;
    let question = Question {
        text: params.query,
        kinds: Vec::new(),
        unfiltered: false,
        limit: ask.shared.symbol_limit(),
        near: None,
        verify_timeout: VERIFY_TIMEOUT,
    };
    let answer = workspace.search(&question, &ask.cancel).await?;
    let documents = &ask.shared.documents;
    let symbol = |(symbol, _): &(Symbol, _)| workspace_symbol(documents, &workspace, symbol);
    let symbols: Vec<_> = answer.hits.iter().map(symbol).collect();
    Ok(Some(symbols.into()))
}

fn workspace_symbol(
    documents: &Documents,
    workspace: &Workspace,
    symbol: &Symbol,
) -> WorkspaceSymbol {
    let container = symbol.around();
    WorkspaceSymbol {
        location: symbols::location(documents, workspace, symbol).into(),
        data: None,
        base_symbol_information: BaseSymbolInformation {
            name: symbol.name.clone(),
            kind: symbols::kind(symbol.kind),
            tags: symbols::tags(symbol.modifiers),
            container_name: (!container.is_empty()).then_some(container),
        },
    }
}
