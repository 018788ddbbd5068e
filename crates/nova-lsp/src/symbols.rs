//! Nova's symbols in the protocol's words.

use gen_lsp_types::{Location, SymbolKind, SymbolTag};
use nova_router::place::{TextPosition, TextRange};
use nova_router::report::Symbol;
use nova_syntax::declarations::{Kind, Modifier, Modifiers};

use crate::documents::Documents;
use crate::uri;
use crate::workspace::Workspace;

/// The protocol's kind.
pub(crate) fn kind(kind: Kind) -> SymbolKind {
    match kind {
        Kind::Module => SymbolKind::Module,
        Kind::Package => SymbolKind::Package,
        Kind::Class => SymbolKind::Class,
        Kind::Interface | Kind::Annotation => SymbolKind::Interface,
        Kind::Enum => SymbolKind::Enum,
        Kind::Record => SymbolKind::Struct,
        Kind::Method => SymbolKind::Method,
        Kind::Constructor => SymbolKind::Constructor,
        Kind::Field | Kind::RecordComponent => SymbolKind::Field,
        Kind::EnumConstant => SymbolKind::EnumMember,
    }
}

/// The protocol's tags, if there are any.
pub(crate) fn tags(modifiers: Modifiers) -> Option<Vec<SymbolTag>> {
    modifiers.contains(Modifier::Deprecated).then(|| vec![SymbolTag::Deprecated])
}

/// Where a symbol's name is written.
pub(crate) fn location(documents: &Documents, workspace: &Workspace, symbol: &Symbol) -> Location {
    let file = workspace.openable(&symbol.file);
    let start = TextPosition { line: symbol.line, character: symbol.character };
    let end = TextPosition { character: start.character + utf16_length(&symbol.name), ..start };
    let range = documents.range(&file, TextRange { start, end });
    Location { uri: uri::of_path(&file), range }
}

fn utf16_length(text: &str) -> u32 {
    text.chars().map(|char| char.len_utf16() as u32).sum()
}
