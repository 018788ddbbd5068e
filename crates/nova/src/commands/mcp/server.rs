//! What the server says of itself, and who answers a call.

use std::sync::Arc;
use std::time::Duration;

use rmcp::handler::server::tool::schema_for_input;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
    ToolAnnotations,
};
use rmcp::schemars::JsonSchema;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use super::failure::Failure;
use super::workspace::Workspace;
use super::{find_definition, outline, search_symbols, wait_until_indexed};

/// What takes longer is answered by an error: clients give up after a minute.
const CALL_TIMEOUT: Duration = Duration::from_secs(55);

const INSTRUCTIONS: &str = "Knows every declaration in the workspace's Java sources, by name, without a build. \
    Use it in place of a text search to find where a class, method or field is declared, or what a file \
    declares. Files that were just written are found: each tool waits until they are indexed. Lines count from 1. \
    It resolves no types and finds no usages.";

/// The server of one client.
pub(super) struct Server {
    workspace: Arc<Workspace>,
}

impl Server {
    pub(super) fn new(workspace: &Arc<Workspace>) -> Self {
        Self { workspace: Arc::clone(workspace) }
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("nova", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = [
            tool::<search_symbols::Arguments>(search_symbols::NAME, search_symbols::DESCRIPTION),
            tool::<outline::Arguments>(outline::NAME, outline::DESCRIPTION),
            tool::<find_definition::Arguments>(find_definition::NAME, find_definition::DESCRIPTION),
            tool::<wait_until_indexed::Arguments>(
                wait_until_indexed::NAME,
                wait_until_indexed::DESCRIPTION,
            ),
        ];
        let tools: Result<Vec<Tool>, String> = tools.into_iter().collect();
        tools
            .map(ListToolsResult::with_all_items)
            .map_err(|reason| ErrorData::internal_error(reason, None))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let workspace = &self.workspace;
        let answer = async {
            Ok(match &*request.name {
                search_symbols::NAME => search_symbols::call(workspace, arguments).await,
                outline::NAME => outline::call(workspace, arguments).await,
                find_definition::NAME => find_definition::call(workspace, arguments).await,
                wait_until_indexed::NAME => wait_until_indexed::call(workspace, arguments).await,
                unknown => {
                    let problem = format!("there is no tool {unknown:?}: tools/list names them");
                    return Err(ErrorData::invalid_params(problem, None));
                }
            })
        };
        let answer = tokio::select! {
            answer = timeout(CALL_TIMEOUT, answer) => match answer {
                Ok(answer) => answer?,
                Err(_) => Err(Failure::TooLong),
            },
            () = context.ct.cancelled() => Err(Failure::Cancelled),
        };
        let result = match answer {
            Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Err(failure) => CallToolResult::error(vec![ContentBlock::text(failure.to_string())]),
        };
        Ok(result.into())
    }
}

/// A tool that reads, and only that.
fn tool<A: JsonSchema + 'static>(
    name: &'static str,
    description: &'static str,
) -> Result<Tool, String> {
    let annotations = ToolAnnotations::new().read_only(true).open_world(false);
    Ok(Tool::new(name, description, schema_for_input::<A>()?).with_annotations(annotations))
}

/// What a tool was called with.
pub(super) fn read<A: DeserializeOwned>(arguments: Value) -> Result<A, Failure> {
    serde_json::from_value(arguments).map_err(|error| Failure::Arguments(error.to_string()))
}
