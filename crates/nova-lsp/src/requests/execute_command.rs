//! `workspace/executeCommand`: what is asked for by name.

use std::path::PathBuf;

use gen_lsp_types::{ExecuteCommandParams, Uri};
use nova_router::in_words::query::{self, ExplainedQuery};
use nova_router::{Look, Question};
use serde_json::{Value, json};

use super::{Ask, CHOSEN_VERIFY_TIMEOUT, Failure};
use crate::uri;
use crate::workspace::Workspace;

/// Looks at every file, whatever the watcher has told.
const REINDEX: &str = "nova.reindex";
/// Tells what there is, and who keeps it.
const STATUS: &str = "nova.status";

/// Tells why symbols rank as they do for a query, or why a file is in the index or is not.
const EXPLAIN: &str = "nova.explain";

/// The commands that there are.
pub(crate) const COMMANDS: [&str; 3] = [REINDEX, STATUS, EXPLAIN];

/// Symbols of which it is told why they rank as they do.
const EXPLAINED: usize = 20;

pub(super) async fn answer(
    ask: Ask,
    params: ExecuteCommandParams,
) -> Result<Option<Value>, Failure> {
    let workspace = ask.workspace().await?;
    match params.command.as_str() {
        REINDEX => {
            let report = workspace.own().index(Look::AtEverything, |_| {}, &ask.cancel).await?;
            // Whoever cancelled the first index wanted none of this then.
            workspace.own().tend();
            // They are not watched.
            let amiss = workspace.open_library(|_| {}, &ask.cancel).await;
            amiss.iter().for_each(|amiss| ask.outbox.warn(amiss));
            Ok(Some(json!({
                "files": report.files,
                "rescannedFiles": report.rescanned_files,
                "skippedFiles": report.skipped.len(),
                "failedShards": report.failed.len(),
                "revision": report.revision,
                "elapsedMs": report.elapsed.as_millis() as u64,
            })))
        }
        STATUS => {
            let contents = workspace.own().contents().await?;
            Ok(Some(json!({
                "files": contents.files,
                "symbols": contents.symbols,
                "sourceBytes": contents.source_bytes,
                "indexBytes": contents.index_bytes,
                "servedBy": workspace.own().served_by(),
            })))
        }
        EXPLAIN => match params.arguments.unwrap_or_default().first() {
            Some(Value::String(subject)) => {
                explain(&ask, &workspace, subject).await.map(|text| Some(Value::String(text)))
            }
            _ => Err(Failure::Arguments(
                "nova.explain takes a query, or the URI or the path of a file or a folder",
            )),
        },
        other => Err(Failure::UnknownCommand(other.to_owned())),
    }
}

/// The same lines as `nova explain` has.
async fn explain(ask: &Ask, workspace: &Workspace, subject: &str) -> Result<String, Failure> {
    let path = uri::to_path(&Uri(subject.to_owned()));
    let path = path.or_else(|| Some(PathBuf::from(subject)).filter(|path| path.is_absolute()));
    if let Some(path) = path {
        return Ok(workspace.explain_path(&path).await?);
    }
    let question = Question {
        text: subject.to_owned(),
        kinds: Vec::new(),
        unfiltered: false,
        limit: EXPLAINED,
        near: None,
        verify_timeout: CHOSEN_VERIFY_TIMEOUT,
    };
    let answer = workspace.search(&question, &ask.cancel, |_| {}).await?;
    let unfiltered = match query::unfiltered(&question) {
        Some(unfiltered) => Some(workspace.search(&unfiltered, &ask.cancel, |_| {}).await?.total),
        None => None,
    };
    let skipped = workspace.own().skipped().await?;
    let explained = ExplainedQuery::new(&question, &answer, unfiltered, &skipped);
    let mut text = Vec::new();
    let written = explained.write_text(&mut text, workspace.own().roots());
    // Memory takes all that is written to it.
    written.map_err(|_| Failure::Panicked)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
