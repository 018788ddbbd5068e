//! The command line of the language server, as `nova-lsp` and `nova lsp` take it.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Stdio;

use clap::Args;
use nova_router::WorkspaceOptions;

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
    /// What starts `nova serve` in the background, with options and ROOTs as further arguments; none if this program
    /// cannot.
    pub daemon: Option<(PathBuf, Vec<OsString>)>,
}

impl LspOptions {
    /// Starts `nova serve` for a workspace of these options, unless it runs already; and waits until it listens. Fails
    /// with a sentence.
    pub(crate) async fn start_daemon(&self, workspace: &WorkspaceOptions) -> Result<(), String> {
        let Some((program, arguments)) = &self.daemon else {
            return Err("this program cannot start nova serve: use `nova lsp`".to_owned());
        };
        let started = tokio::process::Command::new(program)
            .args(arguments)
            .args(serve_options(workspace))
            .arg("--")
            .args(workspace.roots.iter().map(|root| &root.real))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .await;
        match started {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("nova serve did not start ({status})")),
            Err(error) => Err(format!("nova serve cannot be started: {error}")),
        }
    }
}

/// The options of `nova serve` that make it keep such a workspace.
fn serve_options(workspace: &WorkspaceOptions) -> Vec<OsString> {
    let mut options: Vec<OsString> = Vec::new();
    // What begins with `-` is a value all the same.
    let mut set = |name: &str, value: &OsStr| {
        let mut option = OsString::from(format!("--{name}="));
        option.push(value);
        options.push(option);
    };
    if let Some(folder) = &workspace.cache_dir {
        set("cache-dir", folder.as_os_str());
    }
    set("workers", workspace.workers.count.to_string().as_ref());
    set("max-file-size", workspace.file_bytes_max.to_string().as_ref());
    workspace.included.paths().for_each(|path| set("include-ignored", path.as_os_str()));
    if !workspace.heed_ignore_files {
        options.push("--no-ignore".into());
    }
    options
}

impl LspArgs {
    /// Serves until the editor has had enough. Says whether it ended as the protocol wants it to.
    pub async fn run(self, options: LspOptions) -> Result<bool, TransportError> {
        // It says what there is anyway.
        let Self { stdio: _ } = self;
        server::serve(std::io::stdin(), std::io::stdout(), options).await
    }
}
