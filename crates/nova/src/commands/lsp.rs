//! `nova lsp`: the language server.

use std::process::ExitCode;

use nova_lsp::args::{LspArgs, LspOptions};
use nova_worker::args::own_executable;

use crate::args::GlobalArgs;

pub(crate) async fn run(global: &GlobalArgs, args: LspArgs) -> anyhow::Result<ExitCode> {
    let executable = own_executable()?;
    let serve = ["serve", "--detach", "--quiet"].map(Into::into).to_vec();
    let options = LspOptions {
        worker: executable.clone(),
        worker_arguments: vec!["worker".into()],
        cache_dir: global.cache_dir.clone(),
        workers: global.workers,
        daemon: Some((executable, serve)),
    };
    // As the protocol has it for an `exit` without a `shutdown`.
    Ok(if args.run(options).await? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
