//! What the commands that look at a tree have in common: open it, bring it up to date, tell what
//! went wrong.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::bail;
use nova_index::ShardId;
use nova_router::client::{AskError, Found};
use nova_router::explain_path::PathExplanation;
use nova_router::report::{Contents, FailedShard, IndexReport, Progress, Skipped, Symbol};
use nova_router::{
    Answer, Cancelled, Client, GuestOptions, Inclusion, Launch, Look, Question, ReconcileError,
    Root, Supervision, WORKER_MEMORY_BYTES_MIN, WorkerOptions, Workspace, WorkspaceOptions,
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::args::{GlobalArgs, IndexArgs, IndexingArgs, TreeArgs};
use crate::guests;
use crate::interrupt::{self, Interrupted};
use crate::output::messages::{self, Messages};
use crate::output::progress;
use nova_router::in_words::counts::counted;
use nova_router::in_words::paths;
use nova_worker::args::own_executable;
use nova_worker::size::Size;

/// How many skipped files are named; the others are counted.
const SKIPPED_SHOWN_MAX: usize = 10;

/// A run that was interrupted ends in good order within this time, or in no order.
const END_TIMEOUT: Duration = Duration::from_millis(300);

/// Symbols between two looks at whether the command was interrupted.
const SYMBOLS_PER_LOOK: usize = 1024;

/// A workspace, brought up to date: opened here, or kept open by another process that is asked.
pub(crate) struct Session {
    source: Source,
    options: WorkspaceOptions,
    pub(crate) report: IndexReport,
    pub(crate) cancel: CancellationToken,
    strict: bool,
    pub(crate) messages: Messages,
}

/// Who does the work.
enum Source {
    Here(Arc<Workspace>),
    Served(Box<Client>),
}

impl Session {
    /// Opens the tree and brings its index up to date, with a progress bar if that takes long. Who keeps it
    /// open already looks at the disk as thoroughly as `look` says.
    pub(crate) async fn open(
        global: &GlobalArgs,
        tree: &TreeArgs,
        index: Option<&IndexArgs>,
        look: Look,
        messages: Messages,
    ) -> anyhow::Result<Self> {
        let cancel = interrupt::watch();
        let guests = index.map(|index| guests::options(&index.guests, false));
        let options = workspace_options(global, &tree.indexing, guests.transpose()?.flatten())?;
        let options =
            WorkspaceOptions { rebuild: index.is_some_and(|index| index.rebuild), ..options };
        let may_ask = !tree.no_daemon && !is_for_this_process(global, tree, index);
        let served = if may_ask { find(&options, look, &cancel, messages).await? } else { None };
        let (source, report) = match served {
            Some((client, report)) => (Source::Served(client), report),
            None => {
                let (workspace, report) = open_here(&options, &cancel, messages).await?;
                (Source::Here(workspace), report)
            }
        };
        let session = Self { source, options, report, cancel, strict: tree.strict, messages };
        session.tell_problems();
        Ok(session)
    }

    /// The ROOTs, each once.
    pub(crate) fn roots(&self) -> &[Root] {
        &self.options.roots
    }

    /// Counts what there is.
    pub(crate) async fn contents(&mut self) -> anyhow::Result<Contents> {
        if let Source::Served(client) = &self.source
            && let Some(contents) = self.heard(client.contents()).await?
        {
            return Ok(contents);
        }
        Ok(self.here().await?.contents())
    }

    /// The best symbols for a question.
    pub(crate) async fn search(&mut self, question: &Question) -> anyhow::Result<Answer> {
        if let Source::Served(client) = &self.source
            && let Some(answer) = self.heard(client.search(question)).await?
        {
            return Ok(answer);
        }
        let answer = self.here().await?.search(&question.request(self.cancel.clone())).await;
        answer.map_err(|Cancelled| anyhow::Error::new(Interrupted))
    }

    /// Why a path is in the index, or why not.
    pub(crate) async fn explain_path(&mut self, path: &Path) -> anyhow::Result<PathExplanation> {
        if let Source::Served(client) = &self.source
            && let Some(explanation) = self.heard(client.explain_path(path)).await?
        {
            return Ok(explanation);
        }
        Ok(self.here().await?.explain_path(path, &self.report))
    }

    /// Every symbol, in the order of their places.
    pub(crate) async fn each_symbol(
        &mut self,
        mut take: impl FnMut(&Symbol) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        let mut has_begun = false;
        while let Source::Served(client) = &self.source {
            match self.heard(client.export(!has_begun)).await? {
                Some((symbols, is_last)) => {
                    symbols.iter().try_for_each(&mut take)?;
                    if is_last {
                        return Ok(());
                    }
                    has_begun = true;
                }
                // What was taken is of a state that is gone.
                None if has_begun => {
                    bail!("nova serve ended while it was answering: run the command again")
                }
                None => break,
            }
        }
        let workspace = self.here().await?;
        let view = workspace.view();
        for (number, symbol) in view.symbols().enumerate() {
            if number % SYMBOLS_PER_LOOK == 0 && self.cancel.is_cancelled() {
                return Err(Interrupted.into());
            }
            take(&workspace.symbol(symbol))?;
        }
        Ok(())
    }

    /// What the router answers; `None` if it does not, and the work is to be done here.
    async fn heard<T>(
        &self,
        answer: impl Future<Output = Result<T, AskError>>,
    ) -> anyhow::Result<Option<T>> {
        heard(answer, &self.cancel).await
    }

    /// The workspace in this process, opened now if it was another one that was asked before.
    async fn here(&mut self) -> anyhow::Result<Arc<Workspace>> {
        if let Source::Here(workspace) = &self.source {
            return Ok(Arc::clone(workspace));
        }
        let (workspace, report) = open_here(&self.options, &self.cancel, self.messages).await?;
        self.report = report;
        self.source = Source::Here(Arc::clone(&workspace));
        Ok(workspace)
    }

    fn tell_problems(&self) {
        let report = &self.report;
        let is_empty = report.files == 0;
        if is_empty && report.skipped.is_empty() && report.failed.is_empty() {
            let roots = self.roots().iter();
            let roots: Vec<_> = roots.map(|root| paths::shown(&root.given)).collect();
            self.messages.warn(&format!("no Java files in {}", roots.join(", ")));
        }
        for Skipped { path, reason } in report.skipped.iter().take(SKIPPED_SHOWN_MAX) {
            let path = paths::for_people(self.roots(), path);
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
        if let Some(reason) = &self.report.out_of_date {
            messages::error(&format!("what has changed is left out: {reason}"));
        }
        let is_strict_failure = self.strict && !self.report.skipped.is_empty();
        if is_strict_failure {
            let files = counted(self.report.skipped.len(), "file");
            messages::error(&format!("{files} skipped (--strict)"));
        }
        if is_strict_failure || !self.report.failed.is_empty() || self.report.out_of_date.is_some()
        {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Source::Here(workspace) = &self.source {
            workspace.close();
        }
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

/// How thoroughly the disk is looked at for a command that may not want to wait.
pub(crate) fn look(no_wait: bool) -> Look {
    if no_wait { Look::AtNothing } else { Look::AtChanges }
}

/// Whether the command line asks for what only the process can do that it started.
fn is_for_this_process(global: &GlobalArgs, tree: &TreeArgs, index: Option<&IndexArgs>) -> bool {
    let indexing = &tree.indexing;
    let names_workers =
        global.workers.is_some() || indexing.worker_per_shard || indexing.worker_memory.is_some();
    names_workers || index.is_some_and(|index| index.rebuild || index.guests.listen.is_some())
}

/// Opens a workspace in this process and brings it up to date.
async fn open_here(
    options: &WorkspaceOptions,
    cancel: &CancellationToken,
    messages: Messages,
) -> anyhow::Result<(Arc<Workspace>, IndexReport)> {
    let workspace = Arc::new(Workspace::open(options.clone())?);
    let report = {
        let looked_at = Arc::clone(&workspace);
        let _progress = progress::show(move || looked_at.progress(), messages);
        workspace.reconcile(cancel).await
    };
    match report {
        Ok(report) => Ok((workspace, report)),
        // Without room for a layout what was indexed before is still there, and its hits are verified.
        Err(ReconcileError::Cache(error))
            if workspace.publish_cached().await.is_ok_and(|it| it) =>
        {
            let report = workspace.latest_report().map(|it| IndexReport::clone(&it));
            let out_of_date = Some(error.to_string());
            Ok((workspace, IndexReport { out_of_date, ..report.unwrap_or_default() }))
        }
        Err(error) => {
            drop(timeout(END_TIMEOUT, workspace.at_rest()).await);
            workspace.close();
            Err(match error {
                ReconcileError::Cancelled => anyhow::Error::new(Interrupted),
                other => other.into(),
            })
        }
    }
}

/// Finds a router that keeps the tree open, and has it catch up with the disk.
async fn find(
    options: &WorkspaceOptions,
    look: Look,
    cancel: &CancellationToken,
    messages: Messages,
) -> anyhow::Result<Option<(Box<Client>, IndexReport)>> {
    let found = tokio::select! {
        biased;
        () = cancel.cancelled() => return Err(Interrupted.into()),
        found = Client::find(options, env!("CARGO_PKG_VERSION")) => found,
    };
    let client = match found {
        Found::Nobody => return Ok(None),
        Found::Somebody(client) => client,
        Found::Unusable(reason) => {
            messages.remark(&format!("working without it: {reason}"));
            return Ok(None);
        }
    };
    let latest = Arc::new(Mutex::new(Progress::default()));
    let shown = Arc::clone(&latest);
    let on_progress = move |now| *latest.lock().unwrap_or_else(PoisonError::into_inner) = now;
    let report = {
        let look_at = move || *shown.lock().unwrap_or_else(PoisonError::into_inner);
        let _progress = progress::show(look_at, messages);
        heard(client.catch_up(look, on_progress), cancel).await?
    };
    Ok(report.map(|report| (client, report)))
}

/// What a router answers; `None` if it does not.
async fn heard<T>(
    answer: impl Future<Output = Result<T, AskError>>,
    cancel: &CancellationToken,
) -> anyhow::Result<Option<T>> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Interrupted.into()),
        answer = answer => match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => {
                tracing::info!("working without nova serve: {error}");
                Ok(None)
            }
        },
    }
}

/// The ROOTs that were named, each once, or the current folder.
pub(crate) fn find_roots(given: &[PathBuf]) -> anyhow::Result<Vec<Root>> {
    let current = [PathBuf::from(".")];
    let given = if given.is_empty() { &current[..] } else { given };
    let mut roots: Vec<Root> = Vec::new();
    for root in given {
        let root = Root::find(root)?;
        if roots.iter().all(|known| known.real != root.real) {
            roots.push(root);
        }
    }
    Ok(roots)
}

/// What the router is to do, by the command line.
pub(crate) fn workspace_options(
    global: &GlobalArgs,
    indexing: &IndexingArgs,
    guests: Option<GuestOptions>,
) -> anyhow::Result<WorkspaceOptions> {
    if global.workers == Some(0) && guests.is_none() {
        bail!(
            "--workers 0 leaves nobody to do the work, unless --listen of `nova index` or `nova serve` \
             takes workers in"
        );
    }
    let memory = indexing.worker_memory.map(|Size(bytes)| bytes);
    if memory.is_some_and(|bytes| bytes < WORKER_MEMORY_BYTES_MIN) {
        bail!("--worker-memory must be at least {}", Size(WORKER_MEMORY_BYTES_MIN));
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(WorkspaceOptions {
        roots: find_roots(&indexing.roots)?,
        cache_dir: global.cache_dir.clone(),
        base: None,
        workers: WorkerOptions {
            count: global.workers.unwrap_or(cores),
            one_per_shard: indexing.worker_per_shard,
            launch: Launch::Process {
                executable: own_executable()?,
                arguments: vec!["worker".into()],
            },
            guests,
            supervision: Supervision { memory_bytes: memory, ..Supervision::default() },
        },
        heed_ignore_files: !indexing.no_ignore,
        included: Inclusion::new(&indexing.include_ignored)?,
        rebuild: false,
        shard_bytes_max: indexing.max_shard_size.0,
        file_bytes_max: indexing.max_file_size.0,
    })
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
