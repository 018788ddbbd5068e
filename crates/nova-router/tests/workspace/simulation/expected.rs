//! The symbols that there must be: those of each text, scanned for itself.

use std::sync::Arc;

use nova_index::{FileMeta, FileSymbols, Revision, Root, Shard, ShardBuilder, ShardId};
use nova_index::{ShardIdentity, SymbolView, ViewShard};
use nova_router::report::Symbol;
use nova_syntax::declarations::Kind;
use nova_syntax::extract::{self, Fallback};

use super::Texts;

/// The symbols of some texts, each scanned for itself.
pub(super) fn expected(texts: &Texts) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, text) in texts {
        let identity = ShardIdentity([7; 16]);
        let root = Root { identity: b"src".to_vec(), archive_stamp: None };
        let mut builder = ShardBuilder::new(ShardId(0), identity, 0, vec![root]);
        let meta = FileMeta { path: path.as_bytes().to_vec(), ..FileMeta::default() };
        let declarations = extract::declarations(text, Fallback::Tree).declarations;
        builder.add(&FileSymbols::new(meta, text, declarations)).unwrap();
        let shard = Shard::from_bytes(builder.finish().unwrap().into(), &identity).unwrap();
        let parts = vec![ViewShard::new(Arc::new(shard), [])];
        let view = SymbolView::new(Revision(0), parts, None);
        lines.extend(view.symbols().map(|symbol| {
            let symbol = Symbol {
                name: symbol.name().to_owned(),
                kind: symbol.kind(),
                container: symbol.container(),
                package: symbol.package().to_owned(),
                file: Vec::new(),
                line: symbol.line(),
                character: symbol.character(),
                signature: symbol.signature(),
                modifiers: symbol.modifiers(),
                local: symbol.local(),
            };
            line(path, &symbol)
        }));
    }
    lines.sort();
    lines.dedup_by(|a, b| a == b && a.starts_with("package "));
    lines
}

/// A package is one symbol, at whichever of its files.
pub(super) fn line(path: &str, symbol: &Symbol) -> String {
    let Symbol { kind: Kind::Package, name, .. } = symbol else {
        let Symbol { package, container, signature, line, character, .. } = symbol;
        return format!("{path}:{line}:{character} {package} {container} {signature}");
    };
    format!("package {name}")
}
