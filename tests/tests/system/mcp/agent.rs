//! An agent that speaks to `nova mcp`, with the client of the protocol's own SDK.

use std::fs;
use std::process::Stdio;

use rmcp::model::{CallToolRequestParams, CallToolResult, Tool};
use rmcp::service::{RunningService, ServiceError};
use rmcp::transport::TokioChildProcess;
use rmcp::{RoleClient, ServiceExt};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStderr, Command};

use crate::processes::{SOON, is_alive, workers};
use crate::programs::programs;
use crate::run::wait_for;
use crate::sandbox::Sandbox;

pub(super) struct Agent<'s> {
    sandbox: &'s Sandbox,
    client: RunningService<RoleClient, ()>,
    server: u32,
    stderr: ChildStderr,
}

impl<'s> Agent<'s> {
    /// Starts `nova mcp tree`, and greets it.
    pub(super) async fn start(sandbox: &'s Sandbox) -> Self {
        Self::start_with(sandbox, &["tree"]).await
    }

    /// The same with these ROOTs.
    pub(super) async fn start_with(sandbox: &'s Sandbox, roots: &[&str]) -> Self {
        let transport = TokioChildProcess::builder(command(sandbox, roots));
        let (transport, stderr) = transport.stderr(Stdio::piped()).spawn().unwrap();
        let server = transport.id().unwrap();
        let client = ().serve(transport).await.unwrap();
        Self { sandbox, client, server, stderr: stderr.unwrap() }
    }

    pub(super) fn client(&self) -> &RunningService<RoleClient, ()> {
        &self.client
    }

    pub(super) async fn tools(&self) -> Vec<Tool> {
        self.client.list_all_tools().await.unwrap()
    }

    /// Calls a tool; what it answers.
    #[track_caller]
    pub(super) fn call(&self, tool: &'static str, arguments: Value) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            let (text, is_error) = self.said(tool, arguments).await.unwrap();
            assert!(!is_error, "{caller}: {tool}: {text}");
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{caller}: {error}: {text}"))
        }
    }

    /// Calls a tool that has no answer; what it says.
    #[track_caller]
    pub(super) fn refused(
        &self,
        tool: &'static str,
        arguments: Value,
    ) -> impl Future<Output = String> {
        let caller = std::panic::Location::caller();
        async move {
            let (text, is_error) = self.said(tool, arguments).await.unwrap();
            assert!(is_error, "{caller}: {tool}: {text}");
            text
        }
    }

    /// The text that a tool answers, and whether it is an error.
    pub(super) async fn said(
        &self,
        tool: &'static str,
        arguments: Value,
    ) -> Result<(String, bool), ServiceError> {
        let mut params = CallToolRequestParams::new(tool);
        params.arguments = arguments.as_object().cloned();
        let result: CallToolResult = self.client.call_tool(params).await?;
        assert_eq!(result.structured_content, None, "the answer is said once");
        let [content] = &result.content[..] else { panic!("{result:?}") };
        Ok((content.as_text().unwrap().text.clone(), result.is_error == Some(true)))
    }

    /// The workers that the server has started.
    pub(super) fn workers(&self) -> Vec<u32> {
        let parent = format!("PPid:\t{}\n", self.server);
        let status =
            |id: &u32| fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        workers(self.sandbox).into_iter().filter(|id| status(id).contains(&parent)).collect()
    }

    /// Has enough: the server ends, and its workers, without a word.
    pub(super) async fn end(self) {
        assert_eq!(self.last_words().await, "");
    }

    /// The same; what it had said on standard error.
    pub(super) async fn last_words(mut self) -> String {
        self.client.close().await.unwrap();
        assert!(!is_alive(self.server), "it ends with its input");
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).await.unwrap();
        wait_for("the workers' end", SOON, || workers(self.sandbox).is_empty().then_some(()));
        said
    }
}

/// `nova mcp` in a sandbox.
pub(super) fn command(sandbox: &Sandbox, roots: &[&str]) -> Command {
    let mut command = Command::new(&programs().nova);
    command
        .args(["mcp", "--workers", "1", "--cache-dir"])
        .arg(sandbox.cache())
        .args(roots)
        .current_dir(sandbox.path(""))
        .env("HOME", sandbox.path("home"))
        .env("TMPDIR", sandbox.path("tmp"))
        .env_remove("NOVA_LOG");
    command
}
