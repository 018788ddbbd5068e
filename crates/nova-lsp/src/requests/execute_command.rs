//! `workspace/executeCommand`: what is asked for by name.

use gen_lsp_types::ExecuteCommandParams;
use nova_router::Look;
use serde_json::{Value, json};

use super::{Ask, Failure};

/// Looks at every file, whatever the watcher has told.
const REINDEX: &str = "nova.reindex";
/// Tells what there is, and who keeps it.
const STATUS: &str = "nova.status";

/// The commands that there are.
pub(crate) const COMMANDS: [&str; 2] = [REINDEX, STATUS];

pub(super) async fn answer(
    ask: Ask,
    params: ExecuteCommandParams,
) -> Result<Option<Value>, Failure> {
    let workspace = ask.workspace().await?;
    match params.command.as_str() {
        REINDEX => {
            let report = workspace.own().index(Look::AtEverything, |_| {}, &ask.cancel).await?;
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
        other => Err(Failure::UnknownCommand(other.to_owned())),
    }
}
