//! Measures how long it takes until an edit is found, with workers in processes of their own:
//!
//!     cargo run --release -p nova-benches --bin edits -- [FILES | TREE]
//!
//! The files (10,000 without a number) are small ones of one shard. Of a tree of someone's own only the warm
//! start is measured, and nothing in it is changed.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use nova_benches::{nova, tree};
use nova_router::workspace::FILE_BYTES_MAX_DEFAULT;
use nova_router::{
    DocumentVersion, Inclusion, Launch, Look, Query, Root, SHARD_BYTES_MAX_DEFAULT, SearchRequest,
    Session, Supervision, TextChange, WorkerOptions, Workspace, WorkspaceOptions,
};
use tokio_util::sync::CancellationToken;

const FILES_DEFAULT: u64 = 10_000;
/// Edits that are measured one by one.
const EDITS: usize = 1000;
/// Edits a second in the storm, and its length.
const STORM_RATE: u32 = 1000;
const STORM: Duration = Duration::from_secs(60);
/// Queries while it lasts come this often.
const QUERY_PAUSE: Duration = Duration::from_millis(20);
/// Times that all workers are killed, and warm starts.
const KILLS: usize = 20;
const STARTS: usize = 20;
/// Longer than anything should take.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let cache = scratch.path().join("cache");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let argument = std::env::args().nth(1);
    println!("| what | p50 | p99 | max |\n|---|---|---|---|");
    if let Some(tree) = argument.as_deref().filter(|it| it.parse::<u64>().is_err()) {
        return runtime.block_on(measure_start(Path::new(tree), &cache, &nova::build()?));
    }
    let files = argument.map(|n| n.parse()).transpose()?.unwrap_or(FILES_DEFAULT);
    let tree = scratch.path().join("tree");
    tree::generate(&tree, files)?;
    let nova = nova::build()?;
    runtime.block_on(measure_edits(&tree, &cache, &nova, files))?;
    runtime.block_on(measure_checkout(&tree, &cache, &nova, files))?;
    runtime.block_on(measure_start(&tree, &cache, &nova))
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent).div_ceil(100).max(1) - 1];
    let [p50, p99, max] = [50, 99, 100].map(at).map(|it| it.as_secs_f64() * 1e3);
    println!("| {what} | {p50:.2} ms | {p99:.2} ms | {max:.2} ms |");
}

async fn measure_edits(tree: &Path, cache: &Path, nova: &Path, files: u64) -> anyhow::Result<()> {
    let workspace = open(tree, cache, nova)?;
    let started = Instant::now();
    let report = workspace.reconcile(&CancellationToken::new()).await?;
    let cold = started.elapsed();
    let shards = report.shards;
    row(&format!("index {files} files in {shards} shards, cold"), vec![cold]);

    let mut editor = Editor::new(&workspace, tree);
    row("an edit, from the call until a query finds it", editor.edit_one_by_one(EDITS).await?);
    row("a query without edits", editor.query(EDITS).await?);
    let (found, queries) = editor.storm().await?;
    let what = format!("{STORM_RATE} edits a second for {STORM:?}: a query meanwhile");
    row(&what, queries);
    row("the last of them, until a query finds it", vec![found]);

    let mut recoveries = Vec::new();
    for _ in 0..KILLS {
        kill_workers(&workspace).await?;
        let started = Instant::now();
        editor.find("Class77").await?;
        assert_undelayed(started.elapsed())?;
        let name = editor.type_class()?;
        editor.find(&name).await?;
        recoveries.push(started.elapsed());
    }
    row("every worker killed: until a query and an edit are served", recoveries);

    let (found, folded) = edit_on_disk(&workspace, tree).await?;
    row("a write to the disk, until a query finds it", vec![found]);
    row("to fold it into its shard", vec![folded]);
    workspace.close();
    Ok(())
}

/// A query does not wait for a worker.
fn assert_undelayed(query: Duration) -> anyhow::Result<()> {
    anyhow::ensure!(query < Duration::from_millis(20), "a query waited {query:?} for a worker");
    Ok(())
}

/// Ends all workers as a lack of memory does.
async fn kill_workers(workspace: &Workspace) -> anyhow::Result<()> {
    let workers = workspace.worker_stats().await;
    anyhow::ensure!(!workers.is_empty(), "there is no worker to kill");
    for worker in workers {
        let pid = worker.stats.pid.to_string();
        let status = Command::new("kill").args(["-9", &pid]).status()?;
        anyhow::ensure!(status.success(), "a worker could not be killed");
    }
    Ok(())
}

/// Half of the files change at once, under a watcher.
async fn measure_checkout(
    tree: &Path,
    cache: &Path,
    nova: &Path,
    files: u64,
) -> anyhow::Result<()> {
    let workspace = open(tree, cache, nova)?;
    let cancel = CancellationToken::new();
    workspace.watch().await?;
    workspace.catch_up(Look::AtChanges, &cancel).await?;
    let changed = tree::rewrite_half(tree, files)?;
    let started = Instant::now();
    workspace.catch_up(Look::AtChanges, &cancel).await?;
    let taken_in = started.elapsed();
    let started = Instant::now();
    for file in &changed {
        std::hint::black_box(std::fs::read(file)?);
    }
    let read = started.elapsed();
    row(&format!("{} files changed at once: until all is taken in", changed.len()), vec![taken_in]);
    row("to read these files, one after the other", vec![read]);
    workspace.close();
    Ok(())
}

async fn measure_start(tree: &Path, cache: &Path, nova: &Path) -> anyhow::Result<()> {
    let workspace = open(tree, cache, nova)?;
    workspace.reconcile(&CancellationToken::new()).await?;
    let name =
        workspace.view().symbols().next().context("the tree has no symbol")?.name().to_owned();
    workspace.close();
    drop(workspace);
    let (mut answered, mut verified) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let started = Instant::now();
        let workspace = open(tree, cache, nova)?;
        workspace.publish_cached().await?;
        let answer = workspace.search(&request(&name)).await?;
        anyhow::ensure!(!answer.hits.is_empty(), "{name} was not found");
        answered.push(started.elapsed());
        workspace.reconcile(&CancellationToken::new()).await?;
        verified.push(started.elapsed());
        workspace.close();
    }
    row("a warm start, until the first answer", answered);
    row("the same, until all is compared with the disk", verified);
    Ok(())
}

fn open(tree: &Path, cache: &Path, nova: &Path) -> anyhow::Result<Arc<Workspace>> {
    let launch = Launch::Process { executable: nova.to_owned(), arguments: vec!["worker".into()] };
    let workers = WorkerOptions {
        count: 2,
        one_per_shard: false,
        launch,
        guests: None,
        supervision: Supervision::default(),
    };
    let options = WorkspaceOptions {
        base: None,
        roots: vec![Root::find(tree)?],
        cache_dir: Some(cache.to_owned()),
        workers,
        heed_ignore_files: true,
        included: Inclusion::default(),
        rebuild: false,
        shard_bytes_max: SHARD_BYTES_MAX_DEFAULT,
        file_bytes_max: FILE_BYTES_MAX_DEFAULT,
    };
    Ok(Arc::new(Workspace::open(options)?))
}

fn request(query: &str) -> SearchRequest {
    SearchRequest {
        query: Query::new(query, &[]),
        limit: 10,
        near: None,
        verify_timeout: PATIENCE,
        cancel: CancellationToken::new(),
    }
}

/// Someone who types into one file.
struct Editor {
    session: Session,
    file: PathBuf,
    version: i64,
}

impl Editor {
    fn new(workspace: &Arc<Workspace>, tree: &Path) -> Self {
        let file = tree.join("module0/src/main/java/org/example/p0/Class0.java");
        Self { session: Session::new(Arc::clone(workspace), &[]), file, version: 0 }
    }

    /// Types a class that nothing else is called like; its name.
    fn type_class(&mut self) -> anyhow::Result<String> {
        self.version += 1;
        let (version, name) = (DocumentVersion(self.version), format!("Zzz{}q", self.version));
        let text = format!("package org.example.p0;\n\npublic class {name} {{\n}}\n");
        if self.version == 1 {
            self.session.open(&self.file, version, text)?;
        } else {
            let change = TextChange { range: None, text };
            self.session.change(&self.file, version, &[change])?;
        }
        Ok(name)
    }

    async fn find(&self, name: &str) -> anyhow::Result<()> {
        let answer = self.session.search(&request(name)).await?;
        let first = answer.hits.first().context("the edit was not found")?;
        anyhow::ensure!(first.0.name == name, "{} was found, not {name}", first.0.name);
        Ok(())
    }

    async fn edit_one_by_one(&mut self, edits: usize) -> anyhow::Result<Vec<Duration>> {
        let mut times = Vec::with_capacity(edits);
        for _ in 0..edits {
            let started = Instant::now();
            let name = self.type_class()?;
            self.find(&name).await?;
            times.push(started.elapsed());
        }
        Ok(times)
    }

    async fn query(&self, queries: usize) -> anyhow::Result<Vec<Duration>> {
        let mut times = Vec::with_capacity(queries);
        for number in 0..queries {
            let started = Instant::now();
            self.find(&format!("Class{}", number + 1)).await?;
            times.push(started.elapsed());
        }
        Ok(times)
    }

    /// Types as fast as no person does; how long the last edit took to be found, and queries meanwhile.
    async fn storm(&mut self) -> anyhow::Result<(Duration, Vec<Duration>)> {
        let session = self.session.clone();
        let queries = tokio::spawn(async move {
            let (started, mut times) = (Instant::now(), Vec::new());
            while started.elapsed() < STORM {
                let asked = Instant::now();
                let answer = session.search(&request("Class77")).await;
                anyhow::ensure!(answer.is_ok_and(|it| !it.hits.is_empty()), "a query failed");
                times.push(asked.elapsed());
                tokio::time::sleep(QUERY_PAUSE).await;
            }
            Ok(times)
        });
        let mut tick = tokio::time::interval(Duration::from_secs(1) / STORM_RATE);
        let started = Instant::now();
        while started.elapsed() < STORM {
            tick.tick().await;
            self.type_class()?;
        }
        let started = Instant::now();
        let name = self.type_class()?;
        self.find(&name).await?;
        Ok((started.elapsed(), queries.await??))
    }
}

/// How long a write to a file of the disk takes to be found, and then to be folded into its shard.
async fn edit_on_disk(
    workspace: &Arc<Workspace>,
    tree: &Path,
) -> anyhow::Result<(Duration, Duration)> {
    let file = tree.join("module0/src/main/java/org/example/p1/Class21.java");
    let text = std::fs::read_to_string(&file)?.replace("count21", "counted21");
    std::fs::write(&file, text)?;
    let started = Instant::now();
    workspace.search(&request("Class21")).await?;
    let answer = workspace.search(&request("counted21")).await?;
    anyhow::ensure!(answer.hits.first().is_some_and(|it| it.0.name == "counted21"), "not found");
    let found = started.elapsed();
    let started = Instant::now();
    anyhow::ensure!(workspace.fold().await? == 1, "nothing was folded");
    Ok((found, started.elapsed()))
}
