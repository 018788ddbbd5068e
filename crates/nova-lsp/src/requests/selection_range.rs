//! `textDocument/selectionRange`: what stands around places, from the inside out.

use gen_lsp_types::{SelectionRange, SelectionRangeParams};
use nova_router::inspection::{Inspected, Inspection, Surroundings};

use super::{Ask, Failure};

pub(super) async fn answer(
    ask: Ask,
    params: SelectionRangeParams,
) -> Result<Option<Vec<SelectionRange>>, Failure> {
    let (document, positions) = (params.text_document.uri, params.positions);
    let documents = &ask.shared.documents;
    let places = |path: &std::path::PathBuf| {
        let places = positions.iter().map(|at| documents.place(path, *at));
        Inspection::Around(places.collect())
    };
    let Some((path, Inspected::Around(around))) = ask.inspect(&document, places).await? else {
        return Ok(None);
    };
    let columns = documents.columns(&path);
    // Each place has an answer, if it is only the place itself.
    let ranges = positions.iter().enumerate().map(|(number, &at)| {
        let innermost_first: &[_] = around.get(number).map_or(&[], |it: &Surroundings| &it.ranges);
        let chain = innermost_first.iter().rev().fold(None, |parent, range| {
            let range = columns.range(*range);
            Some(Box::new(SelectionRange { range, parent }))
        });
        let empty = gen_lsp_types::Range { start: at, end: at };
        chain.map_or(SelectionRange { range: empty, parent: None }, |chain| *chain)
    });
    Ok(Some(ranges.collect()))
}
