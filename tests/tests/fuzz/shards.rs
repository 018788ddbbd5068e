//! Shard files, as they come from a damaged disk or from a worker that lies.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use nova_index::{
    Dictionary, OpenShardError, Query, Revision, Root, SearchOptions, Shard, ShardBuilder,
    ShardIdentity, SymbolView, ViewShard, ViewSymbol, build_dictionary, search,
};

use crate::java::{TEXTS, shard};
use crate::random::Random;
use crate::runner::{Memory, Target};
use crate::sections::mutate_sections;
use crate::trace::Trace;

pub(crate) const TARGET: Target =
    Target { name: "shards", seeds, mutate, run, memory: Memory { per_byte: 64, beside: 4 << 20 } };

/// See docs/shard-format.md.
const IDENTITY: Range<usize> = 32..48;
const TABLE_OF_CONTENTS: Range<usize> = 80..320;

/// With and without words, qualifiers, filters, mistakes; some that every shard of the corpus answers.
const QUERIES: [&str; 8] =
    ["", "c", "C.größe", "a.b.C", "gröse", "kind:class n", "R N O u", "Cmxy"];

fn mutate(random: &mut Random, pool: &[Vec<u8>], input: &mut Vec<u8>) {
    mutate_sections(&TABLE_OF_CONTENTS, random, pool, input);
}

fn run(input: &[u8], trace: &mut Trace) {
    // Whoever reads it knows whose it is; here that may be anybody's.
    let identity = input.get(IDENTITY).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
    match Shard::from_bytes(Bytes::copy_from_slice(input), &ShardIdentity(identity)) {
        Ok(shard) => walk(&Arc::new(shard), trace),
        Err(OpenShardError::Inconsistent { section, problem }) => trace.note((section, problem)),
        Err(error) => trace.note_kind(&error),
    }
}

/// Reads everything that there is to be read.
fn walk(shard: &Arc<Shard>, trace: &mut Trace) {
    trace.note_count(shard.symbol_count() as usize);
    trace.note_count(shard.name_count() as usize);
    for file in shard.files() {
        let found = shard.find_file(file.root_identity(), &file.path());
        assert_eq!(found.map(|it| it.id()), Some(file.id()), "a file is not found by its path");
        let _ = (file.root(), file.stamp(), file.content_hash(), file.note(), file.digest());
        trace.note((file.flags().skipped, file.package_clause().is_some()));
        for import in file.imports() {
            trace.note_kind(&import.kind);
        }
        for symbol in file.symbols() {
            assert_eq!(symbol.file().id(), file.id(), "a symbol is of another file");
            trace.note(symbol.ancestors().count());
        }
    }
    let whole = SymbolView::new(Revision(1), vec![ViewShard::new(Arc::clone(shard), [])], None);
    whole.symbols().for_each(|symbol| drop(line_of(&symbol)));
    let dictionary = build_dictionary(&[Arc::clone(shard)]).map(|bytes| {
        Arc::new(Dictionary::from_bytes(bytes.into()).expect("what is built can be opened"))
    });
    trace.note(dictionary.is_ok());
    let merged = SymbolView::new(Revision(2), whole.shards().to_vec(), dictionary.ok());
    let first = shard.files().next().map(|file| file.id());
    let without = ViewShard::new(Arc::clone(shard), first);
    let without = SymbolView::new(Revision(3), vec![without], merged.dictionary().cloned());
    for view in [&whole, &merged, &without] {
        for text in QUERIES {
            ask(view, text, trace);
        }
    }
    copy(shard, trace);
}

/// Asks a view, and reads what it answers.
pub(crate) fn ask(view: &SymbolView, text: &str, trace: &mut Trace) {
    let near = Some((b"src".as_slice(), b"a/b/C.java".as_slice()));
    let options = SearchOptions { limit: 5, near, recent_from_ns: Some(0) };
    let found = search(view, &Query::new(text, &[]), &options, &|| false);
    let hits = found.expect("nobody cancels it").hits;
    assert!(hits.len() <= options.limit, "more hits than were wanted");
    trace.note(hits.len());
    hits.iter().for_each(|hit| drop(line_of(&hit.symbol)));
}

/// A shard that is made of all files of another has the same in it.
fn copy(shard: &Shard, trace: &mut Trace) {
    let roots = shard.roots();
    let roots = roots
        .map(|root| Root { identity: root.identity.to_vec(), archive_stamp: root.archive_stamp });
    let (id, identity) = (shard.id(), shard.identity());
    let mut builder = ShardBuilder::new(id, identity, shard.scanned_at_ns(), roots.collect());
    let copied = shard.files().try_for_each(|file| builder.copy(shard, file.id(), file.stamp()));
    let Ok(bytes) = copied.map_err(|_| ()).and_then(|()| builder.finish().map_err(|_| ())) else {
        trace.note("it is not copied");
        return;
    };
    let copy = Shard::from_bytes(bytes.into(), &identity).expect("what is built can be opened");
    assert_eq!(shard.file_count(), copy.file_count(), "files were lost");
    for (file, copy) in shard.files().zip(copy.files()) {
        let place = |file: nova_index::FileRef<'_>| (file.root_identity().to_vec(), file.path());
        assert_eq!(place(file), place(copy));
        assert_eq!((file.stamp(), file.note()), (copy.stamp(), copy.note()));
        assert_eq!(file.package_clause(), copy.package_clause());
        assert!(file.imports().eq(copy.imports()), "imports have changed");
        let line = |symbol| line_of(&ViewSymbol::Declared(symbol));
        assert!(file.symbols().map(line).eq(copy.symbols().map(line)), "symbols have changed");
    }
}

/// All that is said of a symbol.
fn line_of(symbol: &ViewSymbol<'_>) -> String {
    format!(
        "{}:{}:{} {} {} {}.{}.{} {:?} {}",
        String::from_utf8_lossy(&symbol.file().path()),
        symbol.line(),
        symbol.character(),
        symbol.kind().as_str(),
        symbol.package(),
        symbol.container(),
        symbol.name(),
        symbol.signature(),
        symbol.modifiers(),
        symbol.local(),
    )
}

fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let shard = |number, texts| shard(number, "src", texts).bytes().to_vec();
    vec![
        ("all", shard(1, &TEXTS[..])),
        ("class", shard(1, &TEXTS[..1])),
        ("record", shard(1, &TEXTS[2..3])),
        ("skipped", shard(1, &[])),
    ]
}
