//! `nova-lsp`: the language server as a program of its own. It is its own worker: `nova-lsp worker`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use nova_lsp::args::{LspArgs, LspOptions};
use nova_worker::args::WorkerArgs;
use tracing_subscriber::EnvFilter;

/// The Java symbol server for editors.
#[derive(Debug, Parser)]
#[command(name = "nova-lsp", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    lsp: LspArgs,
    /// The workspace's cache folder [default: one per workspace in the platform's cache folder]
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
    /// How many worker processes to start [default: one per core]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Work for a router; it starts these itself
    #[command(hide = true)]
    Worker(WorkerArgs),
}

#[expect(clippy::print_stderr, reason = "the last words of a process that failed")]
fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("NOVA_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let result = match cli.command {
        Some(Command::Worker(worker)) => {
            runtime(1).and_then(|runtime| runtime.block_on(worker.run())).map(|()| true)
        }
        None => serve(cli.lsp, cli.cache_dir, cli.workers),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        // As the protocol has it for an `exit` without a `shutdown`.
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(lsp: LspArgs, cache_dir: Option<PathBuf>, workers: Option<usize>) -> anyhow::Result<bool> {
    let options = LspOptions {
        worker: nova_worker::args::own_executable()?,
        worker_arguments: vec!["worker".into()],
        cache_dir,
        workers,
        daemon: None,
    };
    let runtime = runtime(2)?;
    let served = runtime.block_on(lsp.run(options));
    // A thread that still reads standard input waits for nobody.
    runtime.shutdown_background();
    Ok(served?)
}

fn runtime(threads: usize) -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    Ok(builder.worker_threads(threads).enable_all().build()?)
}
