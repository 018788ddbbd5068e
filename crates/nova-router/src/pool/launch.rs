//! Starts one worker and waits until it has connected.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nova_worker::Worker;
use nova_worker::args::TOKEN_VARIABLE;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use super::{Connected, Shared};

/// A worker that has not connected by then never will.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// A killed process is gone by then; one that is not is stuck in the kernel.
const END_TIMEOUT: Duration = Duration::from_millis(50);
/// Buffer of an in-memory connection, each way.
const PIPE_BYTES: usize = 256 << 10;

/// How a router starts a worker.
#[derive(Debug, Clone)]
pub enum Launch {
    /// As a process of its own.
    Process {
        /// The program.
        executable: PathBuf,
        /// Its first arguments; where to connect follows them.
        arguments: Vec<OsString>,
    },
    /// In this process, over a pipe in memory: for tests and small embeddings.
    InProcess,
}

impl Launch {
    pub(super) fn needs_socket(&self) -> bool {
        matches!(self, Self::Process { .. })
    }
}

/// Ends a started worker when it is dropped.
#[derive(Debug)]
pub(super) enum Life {
    Child { shared: Arc<Shared>, name: String, _output: AbortOnDropHandle<String> },
    Task { _task: AbortOnDropHandle<()> },
}

impl Drop for Life {
    fn drop(&mut self) {
        if let Self::Child { shared, name, .. } = self {
            drop(shared.children().remove(name));
        }
    }
}

/// Kills processes and waits until they are gone, so that they write no more.
pub(super) fn end(mut children: Vec<Child>) {
    for child in &mut children {
        if let Err(error) = child.start_kill() {
            tracing::debug!("cannot kill a worker: {error}");
        }
    }
    let deadline = Instant::now() + END_TIMEOUT;
    while children.iter_mut().any(|child| matches!(child.try_wait(), Ok(None)))
        && Instant::now() < deadline
    {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Why a worker did not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LaunchError {
    /// Its program cannot be executed.
    #[error("cannot start a worker: {}: {error}", executable.display())]
    Spawn {
        /// The program.
        executable: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// It ended before it had connected.
    #[error("a worker ended before it had connected ({status}): {last_words}")]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// The last line that it wrote.
        last_words: String,
    },
    /// It did not connect in time.
    #[error("a worker did not connect within {CONNECT_TIMEOUT:?}")]
    TimedOut,
}

/// Starts a worker and waits until it has connected.
pub(super) async fn launch(shared: &Arc<Shared>) -> Result<Connected, LaunchError> {
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let name = format!("spawned-{}", STARTED.fetch_add(1, Ordering::Relaxed));
    let (sender, connected) = oneshot::channel();
    shared.expected().insert(name.clone(), sender);
    let result = match &shared.options.launch {
        Launch::Process { executable, arguments } => {
            start_process(shared, &name, executable, arguments, connected).await
        }
        Launch::InProcess => start_task(shared, &name, connected).await,
    };
    shared.expected().remove(&name);
    result
}

async fn start_process(
    shared: &Arc<Shared>,
    name: &str,
    executable: &PathBuf,
    arguments: &[OsString],
    connected: oneshot::Receiver<Connected>,
) -> Result<Connected, LaunchError> {
    let mut command = Command::new(executable);
    command
        .args(arguments)
        .arg("--connect")
        .arg(shared.socket().to_os_string())
        .arg("--cache-dir")
        .arg(&shared.cache_dir)
        .args(["--name", name])
        .env(TOKEN_VARIABLE, String::from_utf8_lossy(shared.own_token.reveal()).as_ref())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // An interrupt typed at the terminal is for the router, which then ends its workers itself.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(|error| {
        let executable = executable.clone();
        LaunchError::Spawn { executable, error }
    })?;
    let output = child.stderr.take().expect("the standard error was piped");
    let output = AbortOnDropHandle::new(tokio::spawn(log_output(output, name.to_owned())));
    tokio::select! {
        Ok(mut worker) = connected => {
            shared.children().insert(name.to_owned(), child);
            let (shared, name) = (Arc::clone(shared), name.to_owned());
            worker._life = Some(Life::Child { shared, name, _output: output });
            Ok(worker)
        }
        status = child.wait() => {
            let status = status.unwrap_or_default();
            Err(LaunchError::Ended { status, last_words: output.await.unwrap_or_default() })
        }
        () = tokio::time::sleep(CONNECT_TIMEOUT) => Err(LaunchError::TimedOut),
    }
}

/// Copies a worker's lines to the log; answers the last one.
async fn log_output(output: ChildStderr, name: String) -> String {
    let mut lines = BufReader::new(output).lines();
    let mut last = String::new();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::warn!(worker = name, "{line}");
        last = line;
    }
    last
}

async fn start_task(
    shared: &Arc<Shared>,
    name: &str,
    connected: oneshot::Receiver<Connected>,
) -> Result<Connected, LaunchError> {
    let (near, far) = tokio::io::duplex(PIPE_BYTES);
    let worker = Worker {
        name: name.to_owned(),
        token: Some(shared.own_token.clone()),
        shards: None,
        cache_dir: Some(shared.cache_dir.clone()),
    };
    let task = AbortOnDropHandle::new(tokio::spawn(async move {
        if let Err(error) = worker.serve(far).await {
            tracing::warn!("a worker could not join: {error}");
        }
    }));
    shared.greet(near, Some(shared.own_token.clone())).await;
    let mut worker = connected.await.map_err(|_| LaunchError::TimedOut)?;
    worker._life = Some(Life::Task { _task: task });
    Ok(worker)
}
