//! Starts one worker and waits until it has connected.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use nova_worker::args::TOKEN_VARIABLE;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use super::Shared;
use super::backoff::Backoff;
use super::breaker::Next;
use super::in_process::{self, InProcess};
use super::worker::Worker;

/// A worker that has not connected by then never will.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// A killed process is gone by then; one that is not is stuck in the kernel.
const END_TIMEOUT: Duration = Duration::from_millis(50);

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
    InProcess(InProcess),
}

impl Launch {
    pub(super) fn needs_socket(&self) -> bool {
        matches!(self, Self::Process { .. })
    }
}

/// What ends a started worker, at the latest when it is dropped.
#[derive(Debug)]
pub(super) enum Life {
    Child {
        shared: Weak<Shared>,
        name: String,
        process: Option<u32>,
        _output: AbortOnDropHandle<String>,
    },
    Task(AbortOnDropHandle<()>),
}

impl Life {
    /// The id of its process, if it is one of its own.
    pub(super) fn process(&self) -> Option<u32> {
        match self {
            Self::Child { process, .. } => *process,
            Self::Task(_) => None,
        }
    }

    /// Kills it. What a worker in this very process is at goes on for nobody.
    pub(super) fn end(&self) {
        match self {
            Self::Child { shared, name, .. } => {
                let Some(shared) = shared.upgrade() else { return };
                if let Some(child) = shared.children().get_mut(name)
                    && let Err(error) = child.start_kill()
                {
                    tracing::debug!("cannot kill worker {name}: {error}");
                }
            }
            Self::Task(task) => task.abort(),
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if let Self::Child { shared, name, .. } = self
            && let Some(shared) = shared.upgrade()
        {
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
    #[error(
        "cannot start a worker from {}: {error}; see whether the file is there and may be executed",
        executable.display()
    )]
    Spawn {
        /// The program.
        executable: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// It ended before it had connected.
    #[error(
        "a worker that was started from {} ended before it had connected ({status}): {last_words}; \
         see whether this program runs at all, by its option --version",
        executable.display()
    )]
    Ended {
        /// The program.
        executable: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// The last line that it wrote.
        last_words: String,
    },
    /// It did not connect in time.
    #[error(
        "a worker that was started from {} did not connect within {CONNECT_TIMEOUT:?}; the machine may \
         have too much to do: fewer --workers may help",
        executable.display()
    )]
    TimedOut {
        /// The program.
        executable: PathBuf,
    },
    /// It broke off before it was taken, or was not taken; the log says why.
    #[error("a worker in this process did not join")]
    NotJoined,
    /// All workers are to come from elsewhere, and none is there that may do it.
    #[error(
        "no worker is there that may do it, and the router is to have none itself (--workers 0)"
    )]
    NobodyThere,
    /// There is no use for it any more.
    #[error("the router is ending")]
    Closed,
}

impl Shared {
    /// Starts a worker, with pauses between attempts, unless none could be started lately. Nobody else
    /// knows it yet.
    pub(super) async fn start(self: &Arc<Self>) -> Result<Arc<Worker>, Arc<LaunchError>> {
        let mut backoff = Backoff::new();
        loop {
            if self.is_closed() {
                return Err(Arc::new(LaunchError::Closed));
            }
            self.breaker.admit()?;
            match launch(self).await {
                Ok(worker) => {
                    self.breaker.started();
                    return Ok(Arc::new(worker));
                }
                Err(error) => {
                    let error = Arc::new(error);
                    match self.breaker.failed(&error) {
                        Next::TryAgain => tracing::info!("{error}; trying again"),
                        Next::GiveUp { is_news } => {
                            if is_news {
                                let pause = self.options.supervision.start_retry;
                                tracing::info!("{error}; trying again every {pause:?}");
                            }
                            return Err(error);
                        }
                    }
                }
            }
            backoff.wait().await;
        }
    }
}

/// Starts a worker and waits until it has connected.
async fn launch(shared: &Arc<Shared>) -> Result<Worker, LaunchError> {
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let name = format!("spawned-{}", STARTED.fetch_add(1, Ordering::Relaxed));
    let (sender, connected) = oneshot::channel();
    shared.expected().insert(name.clone(), sender);
    let result = match &shared.options.launch {
        Launch::Process { executable, arguments } => {
            start_process(shared, &name, executable, arguments, connected).await
        }
        Launch::InProcess(how) => in_process::start(shared, &name, how, connected).await,
    };
    shared.expected().remove(&name);
    result
}

async fn start_process(
    shared: &Arc<Shared>,
    name: &str,
    executable: &PathBuf,
    arguments: &[OsString],
    connected: oneshot::Receiver<Worker>,
) -> Result<Worker, LaunchError> {
    // The router's own program has another name than the one that it is started by.
    let shown = || std::fs::read_link(executable).unwrap_or_else(|_| executable.clone());
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
    let mut child =
        command.spawn().map_err(|error| LaunchError::Spawn { executable: shown(), error })?;
    let output = child.stderr.take().expect("the standard error was piped");
    let output = AbortOnDropHandle::new(tokio::spawn(log_output(output, name.to_owned())));
    tokio::select! {
        Ok(mut worker) = connected => {
            let process = child.id();
            shared.children().insert(name.to_owned(), child);
            let (shared, name) = (Arc::downgrade(shared), name.to_owned());
            worker.life = Some(Life::Child { shared, name, process, _output: output });
            Ok(worker)
        }
        status = child.wait() => {
            let status = status.unwrap_or_default();
            let last_words = output.await.unwrap_or_default();
            Err(LaunchError::Ended { executable: shown(), status, last_words })
        }
        () = tokio::time::sleep(CONNECT_TIMEOUT) => {
            Err(LaunchError::TimedOut { executable: shown() })
        }
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
