//! A tree, its cache, and a router on it whose workers are real processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nova_router::client::Found;
use nova_router::report::IndexReport;
use nova_router::workspace::FILE_BYTES_MAX_DEFAULT;
use nova_router::{
    Client, InProcess, Inclusion, Launch, Query, Root, SearchRequest, Supervision, WorkerOptions,
    Workspace, WorkspaceOptions,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::programs::{Programs, programs};

/// So that a few files are several shards.
const SHARD_BYTES_MAX: u64 = 1 << 19;
/// What takes longer hangs.
const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

/// Little of it, and more than a busy machine needs.
pub(crate) const PATIENCE: Supervision = Supervision {
    memory_bytes: None,
    task_stall: Duration::from_millis(800),
    update_timeout: Duration::from_millis(500),
    start_retry: Duration::from_secs(30),
};

/// As much as the command line has.
pub(crate) fn patient() -> Supervision {
    Supervision::default()
}

pub(crate) struct Fixture {
    folder: tempfile::TempDir,
}

impl Fixture {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let fixture = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(fixture.tree()).unwrap();
        for (path, text) in files {
            fixture.write(path, text);
        }
        fixture
    }

    fn tree(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.tree().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn workspace(&self, count: usize, supervision: Supervision) -> Arc<Workspace> {
        let Programs { nova, nova_worker } = programs();
        // Either program is a worker.
        let (executable, arguments) = match count {
            1 => (nova_worker.clone(), vec![]),
            _ => (nova.clone(), vec!["worker".into()]),
        };
        self.workspace_with(count, supervision, Launch::Process { executable, arguments })
    }

    pub(crate) fn workspace_with(
        &self,
        count: usize,
        supervision: Supervision,
        launch: Launch,
    ) -> Arc<Workspace> {
        let workers =
            WorkerOptions { count, one_per_shard: false, launch, guests: None, supervision };
        Arc::new(Workspace::open(self.options(workers)).unwrap())
    }

    fn options(&self, workers: WorkerOptions) -> WorkspaceOptions {
        WorkspaceOptions {
            roots: vec![Root::find(&self.tree()).unwrap()],
            cache_dir: Some(self.cache()),
            base: None,
            workers,
            heed_ignore_files: true,
            included: Inclusion::default(),
            rebuild: false,
            shard_bytes_max: SHARD_BYTES_MAX,
            file_bytes_max: FILE_BYTES_MAX_DEFAULT,
        }
    }

    /// Has a router of its own process keep the workspace open.
    pub(crate) async fn serve(&self) -> Served {
        let mut serve = Command::new(&programs().nova);
        let shard_bytes_max = SHARD_BYTES_MAX.to_string();
        serve.args(["serve", "--max-shard-size", &shard_bytes_max, "--cache-dir"]);
        let process = serve.arg(self.cache()).arg(self.tree()).stderr(Stdio::null()).spawn();
        let served = Served(process.unwrap());
        let record = self.cache().join("serve.json");
        let pid = format!("\"pid\":{},", served.0.id());
        wait_for("a router to listen", || {
            fs::read_to_string(&record).is_ok_and(|it| it.contains(&pid)).then_some(())
        })
        .await;
        served
    }

    /// A frontend of that router.
    pub(crate) async fn frontend(&self) -> Box<Client> {
        let workers = WorkerOptions {
            count: 1,
            one_per_shard: false,
            launch: Launch::InProcess(InProcess::default()),
            guests: None,
            supervision: Supervision::default(),
        };
        match Client::find(&self.options(workers), env!("CARGO_PKG_VERSION")).await {
            Found::Somebody(client) => client,
            other => panic!("{other:?}"),
        }
    }

    /// The absolute path of a file, as the index has it.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        fs::canonicalize(self.tree()).unwrap().join(path)
    }

    pub(crate) async fn index(&self, workspace: &Arc<Workspace>) -> IndexReport {
        self.start_index(workspace).await.unwrap()
    }

    pub(crate) fn start_index(&self, workspace: &Arc<Workspace>) -> JoinHandle<IndexReport> {
        let workspace = Arc::clone(workspace);
        tokio::spawn(async move {
            let cancel = CancellationToken::new();
            let run = tokio::time::timeout(WAIT_TIMEOUT, workspace.reconcile(&cancel));
            run.await.expect("a run comes to an end").unwrap()
        })
    }

    /// A search for a name.
    pub(crate) fn request(&self, name: &str) -> SearchRequest {
        SearchRequest {
            query: Query::new(name, &[]),
            limit: 10,
            near: None,
            verify_timeout: WAIT_TIMEOUT,
            cancel: CancellationToken::new(),
        }
    }

    /// The lines at which symbols of this very name stand.
    pub(crate) async fn lines(&self, workspace: &Workspace, name: &str) -> Vec<u32> {
        let answer = workspace.search(&self.request(name)).await.expect("nobody cancels it");
        assert_eq!(answer.pending, 0);
        let hits = answer.hits.iter().filter(|(symbol, _)| symbol.name == name);
        hits.map(|(symbol, _)| symbol.line).collect()
    }

    /// Waits until a worker that is asked how it is has something else in hand as well.
    pub(crate) async fn busy_with_a_shard(&self, workspace: &Workspace) {
        let deadline = Instant::now() + WAIT_TIMEOUT;
        while workspace.worker_stats().await.iter().all(|it| it.stats.requests_in_flight < 2) {
            assert!(Instant::now() < deadline, "waited {WAIT_TIMEOUT:?} for a shard in work");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The processes of this router's workers.
    pub(crate) fn workers(&self) -> Vec<u32> {
        let cache = self.cache().into_os_string().into_encoded_bytes();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter(|id| {
            let arguments = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            arguments.windows(cache.len()).any(|window| window == cache)
        })
        .collect()
    }

    /// Waits for a worker that has begun to read sources.
    pub(crate) async fn busy_worker(&self) -> u32 {
        wait_for("a worker that reads", || {
            self.workers().into_iter().find(|id| {
                let counts = fs::read_to_string(format!("/proc/{id}/io")).unwrap_or_default();
                let read = counts.lines().find_map(|line| line.strip_prefix("rchar: "));
                read.and_then(|read| read.parse().ok()).unwrap_or(0) > 128 << 10
            })
        })
        .await
    }
}

/// A router in a process of its own.
pub(crate) struct Served(Child);

impl Served {
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Ends it as a lack of memory does.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The terminating signal, so that it leaves nothing; one that was killed is gone.
        signal(self.0.id(), "TERM");
        drop(self.0.wait());
    }
}

/// Sends a signal, such as `KILL`; a process that is gone does not mind.
pub(crate) fn signal(id: u32, name: &str) {
    let kill = Command::new("sh").arg("-c").arg(format!("kill -{name} {id} 2>&1")).output();
    kill.expect("a shell can be started");
}

/// Looks again and again until there is an outcome, and lets the router go on meanwhile.
pub(crate) async fn wait_for<T>(what: &str, mut outcome: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + WAIT_TIMEOUT;
    loop {
        if let Some(outcome) = outcome() {
            return outcome;
        }
        assert!(Instant::now() < deadline, "waited {WAIT_TIMEOUT:?} for {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
