//! The commands, a file each.

mod cache;
mod cert;
mod completions;
mod explain;
mod export;
mod index;
mod lsp;
mod mcp;
mod search;
mod serve;
mod status;

use std::process::ExitCode;

use nova_worker::args::name_process;

use crate::args::{Cli, Command};
use crate::output::messages::Messages;

/// Runs the command that was asked for.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let messages = Messages::new(&cli);
    let global = &cli.global;
    match cli.command {
        Command::Index(args) => index::run(global, &args, messages).await,
        Command::Search(args) => search::run(global, &args, messages).await,
        Command::Explain(args) => explain::run(global, &args, messages).await,
        Command::Export(args) => export::run(global, &args, messages).await,
        Command::Serve(args) => {
            // In the background it is started by itself.
            name_process("nova");
            serve::run(global, &args, messages).await
        }
        Command::Status(args) => status::run(global, &args, messages).await,
        Command::Cache(args) => cache::run(global, &args.action, messages),
        Command::Cert(args) => cert::run(&args, messages),
        Command::Lsp(args) => lsp::run(global, args).await,
        Command::Mcp(args) => mcp::run(global, args).await,
        Command::Worker(args) => args.run().await.map(|()| ExitCode::SUCCESS),
        Command::Completions { shell } => completions::run(shell),
    }
}
