//! The `nova` command line: parses, runs one command, and turns its end into an exit code.
//!
//! What the commands do is the router's business; this crate knows terminals, pipes, JSON and signals.
//! `../README.md` of the repository is its manual.

mod args;
mod cert;
mod commands;
mod guests;
mod interrupt;
mod output;
mod period;
mod session;

use std::process::ExitCode;

use crate::args::Cli;
use crate::output::messages;

fn main() -> ExitCode {
    let cli = Cli::read();
    messages::start_log(&cli);
    let threads = cli.command.threads();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return messages::fail(&anyhow::Error::new(error).context("cannot start")),
    };
    let result = runtime.block_on(commands::run(cli));
    // A thread that is still walking or scanning works for nobody.
    runtime.shutdown_background();
    match result {
        Ok(code) => code,
        Err(error) => messages::fail(&error),
    }
}
