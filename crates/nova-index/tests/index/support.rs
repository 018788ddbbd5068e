//! Shards made of Java text.

use std::sync::Arc;

use bytes::Bytes;
use nova_index::{
    ContentHash, Dictionary, FileMeta, FileSymbols, Query, Revision, Root, SearchOptions,
    SearchResult, Shard, ShardBuilder, ShardId, ShardIdentity, Stamp, SymbolView, ViewShard,
    ViewSymbol, build_dictionary, search,
};
use nova_syntax::extract::{self, Fallback};

pub(crate) const IDENTITY: ShardIdentity = ShardIdentity(*b"identity of test");

/// A file as a worker would scan it.
pub(crate) fn scanned(root: u32, path: &str, text: &str) -> FileSymbols {
    let declarations = extract::declarations(text, Fallback::Tree).declarations;
    FileSymbols::new(meta(root, path, text), text, declarations)
}

pub(crate) fn meta(root: u32, path: &str, text: &str) -> FileMeta {
    FileMeta {
        root,
        path: path.as_bytes().to_vec(),
        stamp: Stamp { size: text.len() as u64, mtime_ns: 1, ctime_ns: 2, inode: 3 },
        content_hash: ContentHash::of(text.as_bytes()),
        source_bytes: text.len() as u64,
        ..FileMeta::default()
    }
}

/// A builder with roots of these identities.
pub(crate) fn builder(roots: &[&str]) -> ShardBuilder {
    let root =
        |identity: &&str| Root { identity: identity.as_bytes().to_vec(), archive_stamp: None };
    ShardBuilder::new(ShardId(7), IDENTITY, 1_000, roots.iter().map(root).collect())
}

/// The bytes of a shard with one root.
pub(crate) fn shard_bytes(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = builder(&["src"]);
    for (path, text) in files {
        builder.add(&scanned(0, path, text)).expect("a small file fits");
    }
    builder.finish().expect("the files are different")
}

pub(crate) fn open(bytes: Vec<u8>) -> Shard {
    Shard::from_bytes(Bytes::from(bytes), &IDENTITY).expect("the builder's bytes are sound")
}

/// A shard with one root, which has an identity of its own.
pub(crate) fn numbered(number: u32, root: &str, files: &[(&str, &str)]) -> Arc<Shard> {
    let scanned: Vec<_> = files.iter().map(|(path, text)| scanned(0, path, text)).collect();
    numbered_of(number, &[root], &scanned)
}

/// The same of any number of roots.
pub(crate) fn numbered_of(number: u32, roots: &[&str], files: &[FileSymbols]) -> Arc<Shard> {
    let mut identity = IDENTITY;
    identity.0[..4].copy_from_slice(&number.to_le_bytes());
    let root =
        |identity: &&str| Root { identity: identity.as_bytes().to_vec(), archive_stamp: None };
    let roots = roots.iter().map(root).collect();
    let mut builder = ShardBuilder::new(ShardId(number), identity, 1_000, roots);
    files.iter().for_each(|file| builder.add(file).expect("a small file fits"));
    let bytes = builder.finish().expect("the files are different");
    Arc::new(Shard::from_bytes(bytes.into(), &identity).expect("the builder's bytes are sound"))
}

/// The dictionary of some shards.
pub(crate) fn dictionary(shards: &[Arc<Shard>]) -> Arc<Dictionary> {
    let bytes = build_dictionary(shards).expect("a few shards fit");
    Arc::new(Dictionary::from_bytes(bytes.into()).expect("the builder's bytes are sound"))
}

/// A view of one shard with one root.
pub(crate) fn view(files: &[(&str, &str)]) -> SymbolView {
    view_of(open(shard_bytes(files)))
}

pub(crate) fn view_of(shard: Shard) -> SymbolView {
    SymbolView::new(Revision(1), vec![ViewShard::new(Arc::new(shard), [])], None)
}

/// The same, searched by a dictionary.
pub(crate) fn merged(view: &SymbolView) -> SymbolView {
    let shards: Vec<_> = view.shards().iter().map(|it| Arc::clone(it.shard())).collect();
    SymbolView::new(view.revision(), view.shards().to_vec(), Some(dictionary(&shards)))
}

/// The best symbols for a query.
pub(crate) fn found<'v>(view: &'v SymbolView, text: &str, limit: usize) -> SearchResult<'v> {
    let options = SearchOptions { limit, ..SearchOptions::default() };
    search(view, &Query::new(text, &[]), &options, &|| false).expect("nobody cancels it")
}

/// `path:line:character kind container.signature modifiers`
pub(crate) fn line_of(symbol: &ViewSymbol<'_>) -> String {
    let mut container = symbol.container();
    if !container.is_empty() {
        container.push('.');
    }
    let modifiers: Vec<_> = symbol.modifiers().iter().map(|it| it.as_str()).collect();
    let local = if symbol.local() { " (local)" } else { "" };
    format!(
        "{}:{}:{} {} {container}{} {modifiers:?}{local}",
        String::from_utf8_lossy(&symbol.file().path()),
        symbol.line(),
        symbol.character(),
        symbol.kind().as_str(),
        symbol.signature(),
    )
}
