//! The tool `wait_until_indexed`: everything that was written before is in the index.

use std::sync::Arc;

use rmcp::schemars::{self, JsonSchema};
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::Failure;
use super::server;
use super::workspace::Workspace;

pub(super) const NAME: &str = "wait_until_indexed";

pub(super) const DESCRIPTION: &str = "Wait until every file that was written before this call is indexed: after a large \
    change, such as a checkout, or when another tool says that the index is not up to date. The other tools wait by \
    themselves, for less than a minute, as this one does: if it says that it is not done yet, call it again. Answers a \
    JSON object: revision; files, how many are indexed or skipped; skipped, how many could not be read; \
    failed_shards, how many parts of the index could not be brought up to date.";

/// Nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "schemars")]
pub(super) struct Arguments {}

pub(super) async fn call(workspace: &Arc<Workspace>, arguments: Value) -> Result<String, Failure> {
    let Arguments {} = server::read(arguments)?;
    let report = workspace.catch_up().await?;
    let about = json!({
        "revision": report.revision,
        "files": report.files,
        "skipped": report.skipped.len(),
        "failed_shards": report.failed.len(),
    });
    Ok(about.to_string())
}
