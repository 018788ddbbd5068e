//! `workspace/symbol`: the best symbols of the workspace for what was typed; `workspaceSymbol/resolve`: where the one is
//! now that somebody has chosen.
//!
//! They are given in their order. Editors that sort by a score of their own go by the name, which
//! is the declared name and nothing else; see docs/lsp.md.

use gen_lsp_types::{
    BaseSymbolInformation, WorkspaceSymbol, WorkspaceSymbolParams, WorkspaceSymbolResponse,
};
use nova_router::report::Symbol;
use nova_router::{Question, Score};
use serde::{Deserialize, Serialize};

use super::{Ask, CHOSEN_VERIFY_TIMEOUT, Failure, VERIFY_TIMEOUT};
use crate::symbols;
use crate::workspace::Workspace;

/// Of so many symbols of the same full name, one is the chosen one.
const NAMESAKES_MAX: usize = 200;

/// What tells a symbol from all others, as the editor gives it back. Not the name: an editor's extension may show
/// another one.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    full_name: String,
    signature: String,
    kind: u8,
    /// The path, as the index has it; what is not UTF-8 in it is lost.
    file: String,
}

impl Identity {
    fn of(symbol: &Symbol) -> Self {
        Self {
            full_name: symbol.full_name(),
            signature: symbol.signature.clone(),
            kind: symbol.kind as u8,
            file: String::from_utf8_lossy(&symbol.file).into_owned(),
        }
    }

    /// How much of it another one shares, if it can be the same at all: a declaration may have moved or changed.
    fn likeness(&self, other: &Self) -> Option<(bool, bool)> {
        let can_be = self.full_name == other.full_name && self.kind == other.kind;
        can_be.then_some((self.signature == other.signature, self.file == other.file))
    }
}

pub(super) async fn answer(
    ask: Ask,
    params: WorkspaceSymbolParams,
) -> Result<Option<WorkspaceSymbolResponse>, Failure> {
    let workspace = ask.workspace().await?;
    let question = question(params.query, ask.shared.symbol_limit());
    let symbols = |hits: &[(Symbol, Score)]| -> Vec<WorkspaceSymbol> {
        hits.iter().map(|(symbol, _)| workspace_symbol(&ask, &workspace, symbol)).collect()
    };
    let Some(token) = params.partial_result_params.partial_result_token else {
        let answer = workspace.search(&question, &ask.cancel, |_| {}).await?;
        return Ok(Some(symbols(&answer.hits).into()));
    };
    let mut given = 0;
    let give = |hits: &[(Symbol, Score)]| {
        given = hits.len();
        ask.outbox.give_part(&token, symbols(hits));
    };
    let answer = workspace.search(&question, &ask.cancel, give).await?;
    if let Some(rest) = answer.hits.get(given..).filter(|rest| !rest.is_empty()) {
        ask.outbox.give_part(&token, symbols(rest));
    }
    // What was given in parts is not said again.
    Ok(Some(Vec::<WorkspaceSymbol>::new().into()))
}

pub(super) async fn resolve(ask: Ask, chosen: WorkspaceSymbol) -> Result<WorkspaceSymbol, Failure> {
    let Some(data) = chosen.data.clone() else { return Ok(chosen) };
    let identity: Identity = serde_json::from_value(data)
        .map_err(|_| Failure::Arguments("its data is not what this server gave"))?;
    let workspace = ask.workspace().await?;
    let question = Question {
        verify_timeout: CHOSEN_VERIFY_TIMEOUT,
        ..question(identity.full_name.clone(), NAMESAKES_MAX)
    };
    let found = workspace.search(&question, &ask.cancel, |_| {}).await?;
    let alike = found
        .hits
        .iter()
        .filter_map(|(symbol, _)| Some((identity.likeness(&Identity::of(symbol))?, symbol)));
    match alike.max_by_key(|(likeness, _)| *likeness) {
        Some((_, symbol)) => {
            let location = symbols::location(&ask.shared.documents, &workspace, symbol).into();
            Ok(WorkspaceSymbol { location, ..chosen })
        }
        None => Err(Failure::Gone(identity.full_name)),
    }
}

fn question(text: String, limit: usize) -> Question {
    Question {
        text,
        kinds: Vec::new(),
        unfiltered: false,
        limit,
        near: None,
        verify_timeout: VERIFY_TIMEOUT,
    }
}

fn workspace_symbol(ask: &Ask, workspace: &Workspace, symbol: &Symbol) -> WorkspaceSymbol {
    let container = symbol.around();
    let identity = || serde_json::to_value(Identity::of(symbol)).ok();
    WorkspaceSymbol {
        location: symbols::location(&ask.shared.documents, workspace, symbol).into(),
        data: ask.shared.client.resolves_symbols.then(identity).flatten(),
        base_symbol_information: BaseSymbolInformation {
            name: symbol.name.clone(),
            kind: symbols::kind(symbol.kind),
            tags: symbols::tags(symbol.modifiers),
            container_name: (!container.is_empty()).then_some(container),
        },
    }
}
