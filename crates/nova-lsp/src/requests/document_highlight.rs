//! `textDocument/documentHighlight`: where else in the text a name stands.

use gen_lsp_types::{DocumentHighlight, DocumentHighlightKind, DocumentHighlightParams};
use nova_router::inspection::{Inspected, Inspection};

use super::{Ask, Failure};

pub(super) async fn answer(
    ask: Ask,
    params: DocumentHighlightParams,
) -> Result<Option<Vec<DocumentHighlight>>, Failure> {
    let at = params.text_document_position_params;
    let documents = &ask.shared.documents;
    let inspection =
        |path: &std::path::PathBuf| Inspection::Occurrences(documents.place(path, at.position));
    let Some((path, Inspected::Occurrences(occurrences))) =
        ask.inspect(&at.text_document.uri, inspection).await?
    else {
        return Ok(None);
    };
    let columns = documents.columns(&path);
    let highlights = occurrences.into_iter().map(|occurrence| DocumentHighlight {
        range: columns.range(occurrence.range),
        kind: Some(match occurrence.is_written {
            true => DocumentHighlightKind::Write,
            false => DocumentHighlightKind::Read,
        }),
    });
    Ok(Some(highlights.collect()))
}
