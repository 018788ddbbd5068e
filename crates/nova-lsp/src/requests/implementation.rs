//! `textDocument/implementation`: the types below a type, or the methods that declare one anew.
//!
//! By name, like a definition. Where nothing is below, the declaration is its own implementation.

use std::sync::Arc;

use gen_lsp_types::{Definition, ImplementationParams, ImplementationResponse};
use nova_router::report::Symbol;
use nova_router::{MethodShape, Subtypes};
use nova_syntax::declarations::Kind;
use nova_syntax::header::Arity;

use super::definition::define;
use super::{Ask, CHOSEN_VERIFY_TIMEOUT, Failure};
use crate::symbols;
use crate::workspace::Workspace;

/// Nobody looks through more.
const IMPLEMENTATIONS_MAX: usize = 500;

pub(super) async fn answer(
    ask: Ask,
    params: ImplementationParams,
) -> Result<Option<ImplementationResponse>, Failure> {
    let Some((workspace, defined)) = define(&ask, &params.text_document_position_params).await?
    else {
        return Ok(None);
    };
    let found = implementations(&ask, &workspace, defined.candidates).await?;
    let documents = &ask.shared.documents;
    let locations: Vec<_> =
        found.iter().map(|symbol| symbols::location(documents, &workspace, symbol)).collect();
    let some = Some(locations).filter(|locations| !locations.is_empty());
    Ok(some
        .map(|locations| ImplementationResponse::Definition(Definition::LocationList(locations))))
}

async fn implementations(
    ask: &Ask,
    workspace: &Arc<Workspace>,
    declared: Vec<Symbol>,
) -> Result<Vec<Symbol>, Failure> {
    let Some(wanted) = below(&declared) else { return Ok(declared) };
    let found = workspace.subtypes(&wanted, CHOSEN_VERIFY_TIMEOUT, &ask.cancel).await?;
    Ok(if found.is_empty() { declared } else { found })
}

/// What to look for below some declarations; `None` if nothing can be.
fn below(declared: &[Symbol]) -> Option<Subtypes> {
    let first = declared.first()?;
    let shape = |symbol: &Symbol| (symbol.kind == Kind::Method).then(|| shape(symbol)).flatten();
    let method = shape(first);
    let of = declared.iter().filter(|it| match &method {
        Some(_) => shape(it) == method,
        None => it.kind.is_type(),
    });
    let of: Vec<String> =
        of.map(|it| if method.is_some() { it.around() } else { it.full_name() }).collect();
    (!of.is_empty()).then_some(Subtypes { of, method, limit: IMPLEMENTATIONS_MAX })
}

fn shape(method: &Symbol) -> Option<MethodShape> {
    let arity = Arity::of(&method.signature)?;
    Some(MethodShape { name: method.name.clone(), parameters: arity.parameters })
}
