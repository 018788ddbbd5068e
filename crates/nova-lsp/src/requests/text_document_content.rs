//! `workspace/textDocumentContent`: the text of a file in an archive.

use gen_lsp_types::{TextDocumentContentParams, TextDocumentContentResult};

use super::{Ask, Failure};
use crate::uri;

pub(super) async fn answer(
    ask: Ask,
    params: TextDocumentContentParams,
) -> Result<TextDocumentContentResult, Failure> {
    let Some(file) = uri::to_path(&params.uri) else { return Err(Failure::NoText(params.uri.0)) };
    let workspace = ask.workspace().await?;
    let text = workspace.text_in_archive(&file);
    let text = text.map_err(|error| Failure::Unreadable { file, error })?;
    Ok(TextDocumentContentResult { text })
}
