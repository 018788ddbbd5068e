//! `textDocument/foldingRange`: what can be folded.

use gen_lsp_types::{FoldingRange, FoldingRangeKind, FoldingRangeParams};
use nova_router::inspection::{FoldKind, Inspected, Inspection};

use super::{Ask, Failure};

pub(super) async fn answer(
    ask: Ask,
    params: FoldingRangeParams,
) -> Result<Option<Vec<FoldingRange>>, Failure> {
    let document = params.text_document.uri;
    let Some((path, Inspected::Folds(folds))) =
        ask.inspect(&document, |_| Inspection::Folds).await?
    else {
        return Ok(None);
    };
    let columns = ask.shared.documents.columns(&path);
    let ranges = folds.into_iter().map(|fold| {
        let range = columns.range(fold.range);
        FoldingRange {
            start_line: range.start.line,
            start_character: Some(range.start.character),
            end_line: range.end.line,
            end_character: Some(range.end.character),
            kind: match fold.kind {
                FoldKind::Comment => Some(FoldingRangeKind::Comment),
                FoldKind::Imports => Some(FoldingRangeKind::Imports),
                FoldKind::Body => None,
            },
            collapsed_text: None,
        }
    });
    Ok(Some(ranges.collect()))
}
