//! `nova status`: the layout, the shards and the cache of a workspace, as they are on the disk.

use std::io::{self, Write};
use std::process::ExitCode;

use nova_router::report::{Quarantined, ShardStatus, Status};
use nova_router::{Root, Workspace};
use serde_json::{Value, json};

use crate::args::{GlobalArgs, StatusArgs, TreeArgs};
use crate::output::messages::counted;
use crate::output::{json, paths};
use crate::session::workspace_options;
use crate::size::Size;

pub(crate) fn run(global: &GlobalArgs, args: &StatusArgs) -> anyhow::Result<ExitCode> {
    let tree = TreeArgs { roots: args.roots.clone(), ..TreeArgs::default() };
    let workspace = Workspace::open(workspace_options(global, &tree, None)?)?;
    let status = workspace.status()?;
    let mut out = io::stdout().lock();
    match (&status, args.json) {
        (_, true) => writeln!(out, "{}", to_json(status.as_ref(), &workspace))?,
        (None, false) => writeln!(
            out,
            "not indexed yet: `nova index` does it\ncache {}",
            paths::shown(workspace.cache_folder())
        )?,
        (Some(status), false) => write_text(&mut out, status, workspace.roots())?,
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn write_text(out: &mut impl Write, status: &Status, roots: &[Root]) -> io::Result<()> {
    let totals = Totals::of(status);
    writeln!(out, "workspace {}", paths::shown(&status.base))?;
    writeln!(out, "cache     {} ({})", paths::shown(&status.cache), Size(totals.index_bytes))?;
    writeln!(
        out,
        "shards    {} of {} ready: {}, {}, {} of source",
        totals.ready,
        status.shards.len(),
        counted(totals.files, "file"),
        counted(status.symbols, "symbol"),
        Size(totals.source_bytes),
    )?;
    writeln!(out, "workers   none running\n")?;
    for ShardStatus { shard, state } in &status.shards {
        match state {
            Ok(facts) => writeln!(
                out,
                "shard_{shard}.bin  {}, {}, {}",
                counted(facts.files, "file"),
                counted(facts.symbols, "symbol"),
                Size(facts.index_bytes)
            )?,
            Err(reason) => writeln!(out, "shard_{shard}.bin  to be built again: {reason}")?,
        }
    }
    writeln!(out)?;
    for (root, shards) in &status.roots {
        let name = if root.is_empty() { ".".to_owned() } else { paths::printable(root) };
        let shards: Vec<_> = shards.iter().map(ToString::to_string).collect();
        writeln!(out, "source root {name}  in shard {}", shards.join(", "))?;
    }
    for skipped in &status.skipped {
        let path = paths::for_people(roots, &skipped.path);
        writeln!(out, "skipped {path}: {}", skipped.reason)?;
    }
    for Quarantined { path, reason, .. } in &status.quarantined {
        writeln!(out, "quarantined {}: {reason}", paths::for_people(roots, path))?;
    }
    Ok(())
}

fn to_json(status: Option<&Status>, workspace: &Workspace) -> Value {
    let Some(status) = status else {
        return json!({ "indexed": false, "cache": paths::as_data(workspace.cache_folder()) });
    };
    let totals = Totals::of(status);
    let shards = status.shards.iter().map(|ShardStatus { shard, state }| match state {
        Ok(facts) => json!({
            "id": shard.0,
            "ready": true,
            "files": facts.files,
            "symbols": facts.symbols,
            "source_bytes": facts.source_bytes,
            "index_bytes": facts.index_bytes,
            "digest": facts.digest.to_string(),
        }),
        Err(reason) => json!({ "id": shard.0, "ready": false, "reason": reason }),
    });
    let roots = status.roots.iter().map(|(root, shards)| {
        let shards: Vec<u32> = shards.iter().map(|shard| shard.0).collect();
        json!({ "root": paths::escaped(root), "shards": shards })
    });
    json!({
        "indexed": true,
        "workspace": paths::as_data(&status.base),
        "cache": paths::as_data(&status.cache),
        "revision": workspace.view().revision().0,
        "files": totals.files,
        "symbols": status.symbols,
        "source_bytes": totals.source_bytes,
        "index_bytes": totals.index_bytes,
        "ready_shards": totals.ready,
        "shards": shards.collect::<Vec<_>>(),
        "roots": roots.collect::<Vec<_>>(),
        "workers": [],
        "skipped": json::reasons(&status.skipped, workspace.roots()),
        "quarantined": status.quarantined.iter().map(|quarantined| json!({
            "path": paths::for_programs(workspace.roots(), &quarantined.path),
            "reason": quarantined.reason,
            "content_hash": quarantined.content_hash,
        })).collect::<Vec<_>>(),
    })
}

/// Sums over the shards that are ready.
#[derive(Default)]
struct Totals {
    ready: usize,
    files: u64,
    source_bytes: u64,
    index_bytes: u64,
}

impl Totals {
    fn of(status: &Status) -> Self {
        let mut totals = Self::default();
        for facts in status.shards.iter().filter_map(|shard| shard.state.as_ref().ok()) {
            totals.ready += 1;
            totals.files += facts.files;
            totals.source_bytes += facts.source_bytes;
            totals.index_bytes += facts.index_bytes;
        }
        totals
    }
}
