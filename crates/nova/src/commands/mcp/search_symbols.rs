//! The tool `search_symbols`: the best symbols for a query.

use std::sync::Arc;

use nova_syntax::declarations::Kind;
use rmcp::schemars::{self, JsonSchema};
use serde::Deserialize;
use serde_json::Value;

use super::answer::{self, About, SymbolLine};
use super::failure::Failure;
use super::server;
use super::workspace::Workspace;
use crate::args::parse_kind;
use crate::commands::search::question;

pub(super) const NAME: &str = "search_symbols";

pub(super) const DESCRIPTION: &str = "Find Java declarations by name, or a part of it, the best first. Waits first \
    until files written before the call are indexed. A query may be HashMap, HM, hash_map, HashMap.put, \
    java.util.HashMap, put( (methods only), several words in any order, a line of a stack trace; and may have filters: \
    kind:record, path:core, -path:test. Answers a JSON object: revision; total, how many match, and whether that \
    is exact; cut, whether some are left out; symbols, each with name, kind, container (package and enclosing types), \
    path (relative to the workspace's folder if there is one, else absolute), line (from 1) and signature.";

/// Hits without a limit.
const LIMIT_DEFAULT: usize = 20;

/// The greatest limit.
const LIMIT_MAX: usize = 100;

/// What is looked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "schemars")]
pub(super) struct Arguments {
    /// A name, or what is known of it
    query: String,
    /// Only these: module, package, class, interface, enum, record, annotation, method, constructor, field,
    /// enum-constant, record-component
    #[serde(default)]
    kinds: Vec<String>,
    /// How many symbols to list, from 1 to 100
    #[serde(default = "limit_default")]
    #[schemars(range(min = 1, max = 100))]
    limit: usize,
}

fn limit_default() -> usize {
    LIMIT_DEFAULT
}

pub(super) async fn call(workspace: &Arc<Workspace>, arguments: Value) -> Result<String, Failure> {
    let Arguments { query, kinds, limit } = server::read(arguments)?;
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Failure::Arguments(format!("limit is a number from 1 to {LIMIT_MAX}")));
    }
    let kinds: Result<Vec<Kind>, _> = kinds.iter().map(|kind| parse_kind(kind)).collect();
    let question = question(&query, &kinds.map_err(Failure::Arguments)?, limit, None);
    workspace.catch_up().await?;
    let found = workspace.search(&question).await?;
    let problems = question.query().problems().iter().map(ToString::to_string).collect();
    let about = About { problems, ..About::new(&found) };
    let symbols = found.hits.iter().map(|(symbol, _)| SymbolLine::new(workspace.roots(), symbol));
    answer::write(&about, symbols).map_err(|_| Failure::Bug)
}
