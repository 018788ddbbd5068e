//! The tool `outline`: what a file declares.

use std::sync::Arc;

use nova_router::inspection::{Inspected, Outlined};
use nova_router::path;
use nova_syntax::declarations::Kind;
use rmcp::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer;
use super::failure::Failure;
use super::workspace::Workspace;
use super::{file, server};
use nova_router::in_words::paths;

pub(super) const NAME: &str = "outline";

pub(super) const DESCRIPTION: &str = "List what a Java file declares, in the order of the text, as it is on the disk \
    now. Answers a JSON object: revision; path; total, and cut, whether some are left out; symbols, each with name, \
    kind, container (the enclosing types in this file), line and end_line (from 1; the line of the name, and the last of \
    the declaration) and signature.";

/// Declarations that are listed.
const SYMBOLS_MAX: usize = 1000;

/// Types nest far less deep.
const DEPTH_MAX: usize = 64;

/// Which file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "schemars")]
pub(super) struct Arguments {
    /// The file, as answers of search_symbols have it, or absolute
    path: String,
}

#[derive(Serialize)]
struct About {
    revision: u64,
    path: String,
    total: usize,
    cut: bool,
}

#[derive(Serialize)]
struct OutlineLine<'o> {
    name: &'o str,
    kind: &'static str,
    container: String,
    line: u32,
    end_line: u32,
    signature: String,
}

pub(super) async fn call(workspace: &Arc<Workspace>, arguments: Value) -> Result<String, Failure> {
    let Arguments { path } = server::read(arguments)?;
    let file = file::find(workspace.roots(), &path)?;
    let (revision, inspected) = workspace.outline(&file).await?;
    let outline = match inspected {
        Inspected::Outline(outline) => outline,
        Inspected::Unreadable(reason) => return Err(Failure::Unreadable { path, reason }),
        _ => return Err(Failure::Bug),
    };
    let about = About {
        revision,
        path: paths::for_programs(workspace.roots(), &path::to_bytes(&file)),
        total: outline.len(),
        cut: outline.len() > SYMBOLS_MAX,
    };
    let lines = outline.iter().take(SYMBOLS_MAX).map(|outlined| OutlineLine {
        name: &outlined.name,
        // Another process said it.
        kind: Kind::from_u8(outlined.kind).unwrap_or(Kind::Class).as_str(),
        container: container(&outline, outlined),
        line: outlined.name_range.start.line + 1,
        end_line: outlined.range.end.line + 1,
        signature: answer::signature(&outlined.signature),
    });
    answer::write(&about, lines).map_err(|_| Failure::Bug)
}

/// The types around a declaration, joined by dots.
fn container(outline: &[Outlined], outlined: &Outlined) -> String {
    let parent = |it: &&Outlined| it.parent.and_then(|parent| outline.get(parent as usize));
    let around = std::iter::successors(parent(&outlined), parent).take(DEPTH_MAX);
    let mut names: Vec<&str> = around.map(|it| it.name.as_str()).collect();
    names.reverse();
    names.join(".")
}
