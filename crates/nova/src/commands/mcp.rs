//! `nova mcp`: a Model Context Protocol server over standard input and output, for coding agents. Only this file
//! and its folder know that protocol.
//!
//! ```text
//!  stdin ─ inlet ─▶ server ─▶ a tool ─▶ workspace: waits until it is up to date ─▶ router
//!  stdout ◀─ inlet ◀───────────┘ one JSON text, a symbol a line
//! ```
//!
//! Nothing is written to standard output but the protocol. It ends with standard input, and its workers with it.

mod answer;
mod failure;
mod file;
mod find_definition;
mod inlet;
mod outline;
mod search_symbols;
mod server;
mod wait_until_indexed;
mod workspace;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use rmcp::service::{ServerInitializeError, serve_server_with_ct};

use crate::args::{GlobalArgs, IndexingArgs, McpArgs};
use crate::interrupt::{self, Interrupted};
use crate::session::workspace_options;
use inlet::Inlet;
use server::Server;
use workspace::Workspace;

pub(crate) async fn run(global: &GlobalArgs, args: McpArgs) -> anyhow::Result<ExitCode> {
    let cancel = interrupt::watch();
    let options = workspace_options(global, &IndexingArgs::of_roots(args.roots), None)?;
    let workspace = Arc::new(Workspace::new(options));
    workspace.begin();
    let inlet = Inlet::new(rmcp::transport::stdio());
    // A token of its own: it is cancelled at the end, whatever that comes from.
    let stop = cancel.child_token();
    let served = serve_server_with_ct(Server::new(&workspace), inlet, stop).await;
    let outcome = match served {
        Ok(running) => running.waiting().await.map(drop).context("the server failed"),
        Err(ServerInitializeError::Cancelled) => Ok(()),
        // Who started it has changed their mind.
        Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(anyhow::Error::new(error).context("no client said hello")),
    };
    workspace.close().await;
    if cancel.is_cancelled() {
        return Err(Interrupted.into());
    }
    outcome.map(|()| ExitCode::SUCCESS)
}
