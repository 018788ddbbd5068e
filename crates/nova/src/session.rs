//! What the commands that look at a tree have in common: open it, bring it up to date, tell what
//! went wrong.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use nova_index::ShardId;
use nova_router::report::{FailedShard, IndexReport, Skipped};
use nova_router::{
    Launch, ReconcileError, Root, Supervision, WORKER_MEMORY_BYTES_MIN, WorkerOptions, Workspace,
    WorkspaceOptions,
};
use nova_worker::args::read_token;
use tokio_util::sync::CancellationToken;

use crate::args::{GlobalArgs, IndexArgs, TreeArgs};
use crate::interrupt::{self, Interrupted};
use crate::output::messages::{self, Messages};
use crate::output::paths;
use crate::output::progress;
use crate::size::Size;

/// How many skipped files are named; the others are counted.
const SKIPPED_SHOWN_MAX: usize = 10;

/// An open workspace, brought up to date.
pub(crate) struct Session {
    pub(crate) workspace: Arc<Workspace>,
    pub(crate) report: IndexReport,
    pub(crate) cancel: CancellationToken,
    strict: bool,
    pub(crate) messages: Messages,
}

impl Session {
    /// Opens the tree and brings its index up to date, with a progress bar if that takes long.
    pub(crate) async fn open(
        global: &GlobalArgs,
        tree: &TreeArgs,
        index: Option<&IndexArgs>,
        messages: Messages,
    ) -> anyhow::Result<Self> {
        let cancel = interrupt::watch();
        let options = workspace_options(global, tree, index)?;
        let workspace = Arc::new(Workspace::open(options)?);
        let report = {
            let _progress = progress::show(&workspace, messages);
            workspace.reconcile(&cancel).await
        };
        let report = report.map_err(|error| {
            workspace.close();
            match error {
                ReconcileError::Cancelled => anyhow::Error::new(Interrupted),
                other => other.into(),
            }
        })?;
        let session = Self { workspace, report, cancel, strict: tree.strict, messages };
        session.tell_problems();
        Ok(session)
    }

    fn tell_problems(&self) {
        let report = &self.report;
        let is_empty = self.workspace.view().file_count() == 0;
        if is_empty && report.skipped.is_empty() && report.failed.is_empty() {
            let roots = self.workspace.roots().iter();
            let roots: Vec<_> = roots.map(|root| paths::shown(&root.given)).collect();
            self.messages.warn(&format!("no Java files in {}", roots.join(", ")));
        }
        for Skipped { path, reason } in report.skipped.iter().take(SKIPPED_SHOWN_MAX) {
            let path = paths::for_people(self.workspace.roots(), path);
            self.messages.warn(&format!("skipped {path}: {reason}"));
        }
        if report.skipped.len() > SKIPPED_SHOWN_MAX {
            let more = report.skipped.len() - SKIPPED_SHOWN_MAX;
            self.messages.warn(&format!("skipped {more} more; `nova index --json` lists them all"));
        }
    }

    /// How the command ends, after it has printed what there is: shards that failed are a failure, and
    /// under --strict a skipped file is one too.
    pub(crate) fn exit_code(&self) -> ExitCode {
        for (shards, reason) in by_reason(&self.report.failed) {
            messages::error(&match shards[..] {
                [shard] => format!("shard {shard} is not up to date: {reason}"),
                _ => {
                    let shards: Vec<_> = shards.iter().map(ShardId::to_string).collect();
                    format!("shards {} are not up to date: {reason}", shards.join(", "))
                }
            });
        }
        let is_strict_failure = self.strict && !self.report.skipped.is_empty();
        if is_strict_failure {
            let files = messages::counted(self.report.skipped.len(), "file");
            messages::error(&format!("{files} skipped (--strict)"));
        }
        if is_strict_failure || !self.report.failed.is_empty() {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.workspace.close();
    }
}

/// The shards that failed, together where it was for the same reason.
fn by_reason(failed: &[FailedShard]) -> Vec<(Vec<ShardId>, &str)> {
    let mut reasons: Vec<(Vec<ShardId>, &str)> = Vec::new();
    for FailedShard { shard, reason } in failed {
        match reasons.iter_mut().find(|(_, known)| known == reason) {
            Some((shards, _)) => shards.push(*shard),
            None => reasons.push((vec![*shard], reason)),
        }
    }
    reasons
}

/// The ROOTs that were named, or the current folder.
pub(crate) fn find_roots(given: &[PathBuf]) -> anyhow::Result<Vec<Root>> {
    let current = [PathBuf::from(".")];
    let given = if given.is_empty() { &current[..] } else { given };
    Ok(given.iter().map(|root| Root::find(root)).collect::<Result<_, _>>()?)
}

/// What the router is to do, by the command line.
pub(crate) fn workspace_options(
    global: &GlobalArgs,
    tree: &TreeArgs,
    index: Option<&IndexArgs>,
) -> anyhow::Result<WorkspaceOptions> {
    let takes_workers_in = index.is_some_and(|index| index.listen.is_some());
    if global.workers == Some(0) && !takes_workers_in {
        bail!(
            "--workers 0 leaves nobody to do the work, unless `nova index --listen` takes workers in"
        );
    }
    let token = match index.and_then(|index| index.auth_token_file.as_deref()) {
        Some(file) => Some(read_token(file)?),
        None => None,
    };
    let memory = tree.worker_memory.map(|Size(bytes)| bytes);
    if memory.is_some_and(|bytes| bytes < WORKER_MEMORY_BYTES_MIN) {
        bail!("--worker-memory must be at least {}", Size(WORKER_MEMORY_BYTES_MIN));
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(WorkspaceOptions {
        roots: find_roots(&tree.roots)?,
        cache_dir: global.cache_dir.clone(),
        workers: WorkerOptions {
            count: global.workers.unwrap_or(cores),
            one_per_shard: tree.worker_per_shard,
            launch: Launch::Process {
                executable: own_executable()?,
                arguments: vec!["worker".into()],
            },
            listen: index.and_then(|index| index.listen.clone()),
            token,
            supervision: Supervision { memory_bytes: memory, ..Supervision::default() },
        },
        heed_ignore_files: !tree.no_ignore,
        rebuild: index.is_some_and(|index| index.rebuild),
        shard_bytes_max: tree.max_shard_size.0,
        file_bytes_max: tree.max_file_size.0,
    })
}

/// This very program, even if its file was replaced since it started.
fn own_executable() -> anyhow::Result<PathBuf> {
    const SELF: &str = "/proc/self/exe";
    if Path::new(SELF).exists() {
        return Ok(PathBuf::from(SELF));
    }
    std::env::current_exe().context("cannot find the program to start workers from")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_that_failed_for_one_reason_are_told_together() {
        let failed =
            |shard, reason: &str| FailedShard { shard: ShardId(shard), reason: reason.to_owned() };
        let failed = [failed(0, "no worker"), failed(3, "disk full"), failed(2, "no worker")];
        let expected =
            [(vec![ShardId(0), ShardId(2)], "no worker"), (vec![ShardId(3)], "disk full")];
        assert_eq!(by_reason(&failed), expected);
    }
}
