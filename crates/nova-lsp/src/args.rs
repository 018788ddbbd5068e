//! The command line of the language server, as `nova-lsp` and `nova lsp` take it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;

use clap::Args;
use nova_router::Root;

use crate::server;
use crate::transport::TransportError;

/// Serve an editor over standard input and output.
#[derive(Debug, Clone, Args)]
pub struct LspArgs {
    /// Speak over standard input and output, which it does in any case
    #[arg(long)]
    stdio: bool,
}

/// What the language server is told by who starts it.
#[derive(Debug, Clone)]
pub struct LspOptions {
    /// The program that a router starts as a worker.
    pub worker: PathBuf,
    /// And its arguments.
    pub worker_arguments: Vec<OsString>,
    /// The workspace's cache folder, if not that of the collection.
    pub cache_dir: Option<PathBuf>,
    /// How many workers to start; one per core if it is not said.
    pub workers: Option<usize>,
    /// What starts `nova serve` in the background, with ROOTs as further arguments; none if this program cannot.
    pub daemon: Option<(PathBuf, Vec<OsString>)>,
}

impl LspOptions {
    /// Starts `nova serve`, unless it runs already; and waits until it listens.
    pub(crate) async fn start_daemon(&self, roots: &[Root]) {
        let Some((program, arguments)) = &self.daemon else {
            tracing::warn!("this program cannot start nova serve: use `nova lsp`");
            return;
        };
        let roots = roots.iter().map(|root| root.real.as_os_str());
        let started = tokio::process::Command::new(program)
            .args(arguments)
            .arg("--")
            .args(roots)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .await;
        match started {
            Ok(status) if status.success() => {}
            Ok(status) => tracing::warn!("nova serve did not start ({status})"),
            Err(error) => tracing::warn!("nova serve cannot be started: {error}"),
        }
    }
}

impl LspArgs {
    /// Serves until the editor has had enough. Says whether it ended as the protocol wants it to.
    pub async fn run(self, options: LspOptions) -> Result<bool, TransportError> {
        // It says what there is anyway.
        let Self { stdio: _ } = self;
        server::serve(std::io::stdin(), std::io::stdout(), options).await
    }
}
