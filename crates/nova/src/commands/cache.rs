//! `nova cache`: the cached workspaces of this user.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use nova_router::{CacheCollection, CachedWorkspace};
use serde_json::{Value, json};

use crate::args::{CacheAction, GlobalArgs};
use crate::output::messages::{Messages, rough};
use crate::session::find_roots;
use nova_router::in_words::paths;
use nova_worker::size::Size;

pub(crate) fn run(
    global: &GlobalArgs,
    action: &CacheAction,
    messages: Messages,
) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    match action {
        CacheAction::List { json } => {
            for workspace in known(global)? {
                write(&mut out, &workspace, *json)?;
            }
        }
        CacheAction::Clean { roots, json } => {
            let chosen = choose(global, roots, messages)?;
            for workspace in chosen {
                workspace.remove().with_context(|| {
                    format!("cannot remove {}", paths::shown(&workspace.folder))
                })?;
                write(&mut out, &workspace, *json)?;
            }
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The workspace that --cache-dir names, or all of them.
fn known(global: &GlobalArgs) -> anyhow::Result<Vec<CachedWorkspace>> {
    if let Some(folder) = &global.cache_dir {
        let workspace = CachedWorkspace::in_folder(folder.clone());
        return Ok(workspace.last_used.is_some().then_some(workspace).into_iter().collect());
    }
    let collection = CacheCollection::of_user().context("there is no home folder")?;
    collection.list().context("cannot read the cache folder")
}

/// The workspaces with these ROOTs, or all; tells which are not there.
fn choose(
    global: &GlobalArgs,
    roots: &[PathBuf],
    messages: Messages,
) -> anyhow::Result<Vec<CachedWorkspace>> {
    let mut known = known(global)?;
    if roots.is_empty() {
        if known.is_empty() {
            messages.remark("nothing is cached");
        }
        return Ok(known);
    }
    let collection = CacheCollection::of_user().context("there is no home folder")?;
    let mut folders = Vec::new();
    for root in find_roots(roots)? {
        let name = paths::shown(&root.given);
        let folder = collection.folder_for(&collection.base_for(&[root]));
        if !known.iter().any(|workspace| workspace.folder == folder) {
            messages.remark(&format!("the workspace of {name} is not cached"));
        }
        folders.push(folder);
    }
    known.retain(|workspace| folders.contains(&workspace.folder));
    Ok(known)
}

fn write(out: &mut impl Write, workspace: &CachedWorkspace, json: bool) -> io::Result<()> {
    if json {
        return writeln!(out, "{}", to_json(workspace));
    }
    let base = match &workspace.base {
        Some(base) => paths::shown(base),
        None => "(unknown workspace)".to_owned(),
    };
    let age = workspace.last_used.and_then(|used| used.elapsed().ok());
    let age = age.map_or_else(|| "never".to_owned(), |age| format!("{} ago", rough(age)));
    let size = Size(workspace.bytes).to_string();
    writeln!(out, "{size:>10}  {age:>12}  {base}  {}", paths::shown(&workspace.folder))
}

fn to_json(workspace: &CachedWorkspace) -> Value {
    let seconds = |used: SystemTime| used.duration_since(UNIX_EPOCH).ok().map(|d| d.as_secs());
    json!({
        "workspace": workspace.base.as_ref().map(|base| paths::as_data(base)),
        "cache": paths::as_data(&workspace.folder),
        "bytes": workspace.bytes,
        "last_used": workspace.last_used.and_then(seconds),
    })
}
