//! `nova status`: the layout, the shards and the cache of a workspace, as they are on the disk.

use std::io::{self, Write};
use std::process::ExitCode;

use nova_router::client::Found;
use nova_router::report::{Quarantined, ShardStatus, Status};
use nova_router::{
    Client, Record, Root, RouterStatus, Watching, WorkerStatus, Workspace, WorkspaceOptions,
};
use serde_json::{Value, json};

use crate::args::{GlobalArgs, IndexingArgs, StatusArgs};
use crate::output::json;
use crate::output::messages::{Messages, rough};
use crate::session::workspace_options;
use nova_router::in_words::counts::counted;
use nova_router::in_words::paths;
use nova_worker::size::Size;

pub(crate) async fn run(
    global: &GlobalArgs,
    args: &StatusArgs,
    messages: Messages,
) -> anyhow::Result<ExitCode> {
    let indexing = IndexingArgs::of_roots(args.roots.clone());
    let options = workspace_options(global, &indexing, None)?;
    let daemon = if args.no_daemon { None } else { daemon(&options, messages).await };
    let daemon = daemon.as_ref();
    let workspace = Workspace::open(options)?;
    let status = workspace.status()?;
    let mut out = io::stdout().lock();
    match (&status, args.json) {
        (_, true) => writeln!(out, "{}", to_json(status.as_ref(), &workspace, daemon))?,
        (None, false) => writeln!(
            out,
            "not indexed yet: `nova index` does it\ncache {}",
            paths::shown(workspace.cache_folder())
        )?,
        (Some(status), false) => write_text(&mut out, status, workspace.roots(), daemon)?,
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Asks the router that keeps the workspace open, if there is one, how it is.
async fn daemon(options: &WorkspaceOptions, messages: Messages) -> Option<(Record, RouterStatus)> {
    let client = match Client::connect(options, env!("CARGO_PKG_VERSION")).await {
        Found::Nobody => return None,
        Found::Somebody(client) => client,
        Found::Unusable(reason) => {
            messages.remark(&reason);
            return None;
        }
    };
    let status = client.status().await.ok()?;
    Some((client.record(), status))
}

fn write_text(
    out: &mut impl Write,
    status: &Status,
    roots: &[Root],
    daemon: Option<&(Record, RouterStatus)>,
) -> io::Result<()> {
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
    write_running(out, daemon)?;
    writeln!(out)?;
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

/// Who works on it now.
fn write_running(out: &mut impl Write, daemon: Option<&(Record, RouterStatus)>) -> io::Result<()> {
    let Some((record, status)) = daemon else { return writeln!(out, "workers   none running") };
    let frontends = counted(others(status), "other frontend");
    let age = record.since().elapsed().unwrap_or_default();
    writeln!(out, "served    by process {}, for {}, {frontends}", status.pid, rough(age))?;
    match &status.watching {
        Watching::Nothing => {}
        Watching::Events => writeln!(out, "changes   told by the system")?,
        Watching::Polling(reason) => writeln!(out, "changes   looked for: {reason}")?,
    }
    if status.workers.is_empty() {
        writeln!(out, "workers   none running")?;
    }
    for (position, worker) in status.workers.iter().enumerate() {
        let heading = if position == 0 { "workers " } else { "        " };
        writeln!(out, "{heading}  {}", worker_line(worker))?;
    }
    Ok(())
}

/// Who it is, where, what it has in hand, how fast it is, and what went wrong last.
fn worker_line(worker: &WorkerStatus) -> String {
    let WorkerStatus { name, address, shards, bytes_done, busy_ms, last_error, .. } = worker;
    let mut line = name.clone();
    if let Some(address) = address {
        line += &format!(" at {address}");
    }
    match &shards[..] {
        [] => line += ": at rest",
        shards => {
            let shards: Vec<_> = shards.iter().map(ToString::to_string).collect();
            line += &format!(": at shard {}", shards.join(", "));
        }
    }
    if let Some(per_second) = (bytes_done * 1000).checked_div(*busy_ms) {
        line += &format!(", {}/s", Size(per_second));
    }
    if let Some(error) = last_error {
        line += &format!("; last error: {error}");
    }
    line
}

/// The frontends beside this one.
fn others(status: &RouterStatus) -> u64 {
    status.frontends.saturating_sub(1)
}

fn daemon_json(record: &Record, status: &RouterStatus) -> Value {
    let roots: Vec<_> = record.roots().map(|root| paths::as_data(&root)).collect();
    json!({
        "pid": status.pid,
        "since": status.since_ms / 1000,
        "version": status.product_version,
        "roots": roots,
        "frontends": others(status),
        "watching": match &status.watching {
            Watching::Nothing => json!({ "mode": "nothing" }),
            Watching::Events => json!({ "mode": "events" }),
            Watching::Polling(reason) => json!({ "mode": "polling", "reason": reason }),
        },
        "unfolded_files": status.unfolded_files,
    })
}

fn to_json(
    status: Option<&Status>,
    workspace: &Workspace,
    daemon: Option<&(Record, RouterStatus)>,
) -> Value {
    let served = daemon.map(|(record, status)| daemon_json(record, status));
    let Some(status) = status else {
        let cache = paths::as_data(workspace.cache_folder());
        return json!({ "indexed": false, "cache": cache, "daemon": served });
    };
    let workers = daemon.map_or(&[][..], |(_, status)| &status.workers);
    let workers = workers.iter().map(json::worker);
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
        "revision": daemon.map_or(0, |(_, status)| status.revision),
        "files": totals.files,
        "symbols": status.symbols,
        "source_bytes": totals.source_bytes,
        "index_bytes": totals.index_bytes,
        "ready_shards": totals.ready,
        "shards": shards.collect::<Vec<_>>(),
        "roots": roots.collect::<Vec<_>>(),
        "workers": workers.collect::<Vec<_>>(),
        "daemon": served,
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
