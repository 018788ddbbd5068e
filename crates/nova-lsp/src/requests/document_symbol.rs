//! `textDocument/documentSymbol`: what a text declares, as a tree by what lies in what.

use std::path::Path;

use gen_lsp_types::{
    DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse, Location, SymbolInformation,
};
use nova_router::inspection::{Inspected, Inspection, Outlined};
use nova_syntax::declarations::{Kind, Modifiers};

use super::{Ask, Failure};
use crate::columns::Columns;
use crate::{symbols, uri};

/// Types nest far less deep; what lies deeper is shown at this level.
const DEPTH_MAX: usize = 64;

pub(super) async fn answer(
    ask: Ask,
    params: DocumentSymbolParams,
) -> Result<Option<DocumentSymbolResponse>, Failure> {
    let document = params.text_document.uri;
    let Some((path, Inspected::Outline(outline))) =
        ask.inspect(&document, |_| Inspection::Outline).await?
    else {
        return Ok(None);
    };
    let columns = ask.shared.documents.columns(&path);
    Ok(Some(match ask.shared.client.takes_trees {
        true => DocumentSymbolResponse::DocumentSymbolList(tree(&columns, &outline)),
        false => DocumentSymbolResponse::SymbolInformationList(list(&columns, &path, &outline)),
    }))
}

/// Parents stand before their children, so what is open on a stack is what the next one may lie in.
fn tree(columns: &Columns, outline: &[Outlined]) -> Vec<DocumentSymbol> {
    let mut open: Vec<(&Outlined, DocumentSymbol)> = Vec::new();
    let mut top = Vec::new();
    let close = |open: &mut Vec<(&Outlined, DocumentSymbol)>, top: &mut Vec<DocumentSymbol>| {
        let Some((_, closed)) = open.pop() else { return };
        match open.last_mut() {
            Some((_, around)) => around.children.get_or_insert_default().push(closed),
            None => top.push(closed),
        }
    };
    for outlined in outline {
        while open.last().is_some_and(|(around, _)| around.range.end < outlined.range.end)
            || open.len() >= DEPTH_MAX
        {
            close(&mut open, &mut top);
        }
        open.push((outlined, document_symbol(columns, outlined)));
    }
    while !open.is_empty() {
        close(&mut open, &mut top);
    }
    top
}

#[expect(deprecated, reason = "the type has the field")]
fn document_symbol(columns: &Columns, outlined: &Outlined) -> DocumentSymbol {
    let (kind, tags) = kind_and_tags(outlined);
    DocumentSymbol {
        name: outlined.name.clone(),
        detail: Some(outlined.signature.clone()).filter(|it| *it != outlined.name),
        kind,
        tags,
        deprecated: None,
        range: columns.range(outlined.range),
        selection_range: columns.range(outlined.name_range),
        children: None,
    }
}

#[expect(deprecated, reason = "the type has the field")]
fn list(columns: &Columns, path: &Path, outline: &[Outlined]) -> Vec<SymbolInformation> {
    let symbol = |outlined: &Outlined| {
        let (kind, tags) = kind_and_tags(outlined);
        let around = outlined.parent.and_then(|parent| outline.get(parent as usize));
        SymbolInformation {
            deprecated: None,
            location: Location { uri: uri::of_path(path), range: columns.range(outlined.range) },
            base_symbol_information: gen_lsp_types::BaseSymbolInformation {
                name: outlined.name.clone(),
                kind,
                tags,
                container_name: around.map(|it| it.name.clone()),
            },
        }
    };
    outline.iter().map(symbol).collect()
}

fn kind_and_tags(
    outlined: &Outlined,
) -> (gen_lsp_types::SymbolKind, Option<Vec<gen_lsp_types::SymbolTag>>) {
    // Another process said it.
    let kind = Kind::from_u8(outlined.kind).unwrap_or(Kind::Class);
    let modifiers = Modifiers::from_bits(outlined.modifiers).unwrap_or_default();
    (symbols::kind(kind), symbols::tags(modifiers))
}
