//! Shard indexes on one core: made of scanned files, taken over, opened and searched.
//!
//! All of the corpus is one shard here, larger than a shard is by default. Run with
//! `cargo bench -p nova-benches --bench index`.

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use nova_benches::corpus::{Corpus, CorpusFile};
use nova_index::{
    ContentHash, FileMeta, FileSymbols, Query, Revision, Root, SearchOptions, Shard, ShardBuilder,
    ShardId, ShardIdentity, SymbolView, ViewShard, search,
};
use nova_syntax::extract::{self, Fallback};

const IDENTITY: ShardIdentity = ShardIdentity(*b"a benched corpus");

/// Hits, as the command line asks for.
const OPTIONS: SearchOptions<'_> = SearchOptions { limit: 50, near: None, recent_from_ns: None };

criterion_group!(benches, indexing, searching);
criterion_main!(benches);

#[expect(clippy::print_stderr, reason = "a size is no time, and criterion prints times alone")]
fn indexing(criterion: &mut Criterion) {
    let corpus = Corpus::find();
    let files: Vec<_> = corpus.files.iter().map(scanned).collect();
    let bytes = Bytes::from(built(&files));
    let share = bytes.len() as f64 / corpus.source_bytes() as f64;
    eprintln!("shard index: {} bytes, {:.2}% of the source", bytes.len(), share * 100.0);
    let shard = opened(&bytes);

    let mut group = criterion.benchmark_group("index");
    group.sampling_mode(SamplingMode::Flat).sample_size(20);
    group.bench_function("resolve", |bencher| {
        bencher
            .iter(|| corpus.files.iter().map(scanned).map(|it| it.symbol_count()).sum::<usize>());
    });
    group.bench_function("build", |bencher| bencher.iter(|| built(&files)));
    group.bench_function("take over", |bencher| bencher.iter(|| taken_over(&shard)));
    group.bench_function("open", |bencher| bencher.iter(|| opened(&bytes)));
    group.finish();
}

fn searching(criterion: &mut Criterion) {
    let files: Vec<_> = Corpus::find().files.iter().map(scanned).collect();
    let shard = Arc::new(opened(&Bytes::from(built(&files))));
    let view = SymbolView::new(Revision(1), vec![ViewShard::new(shard, [])], None);
    let mut group = criterion.benchmark_group("search");
    for text in
        ["HashMap", "ConHM", "java.util.HashMap.put", "buffer byte", "get", "e", "xyzzy", ""]
    {
        let query = Query::new(text, &[]);
        group.bench_function(format!("{text:?}"), |bencher| {
            bencher
                .iter(|| black_box(search(&view, &query, &OPTIONS, &|| false)).map(|it| it.total));
        });
    }
    group.finish();
}

fn scanned(file: &CorpusFile) -> FileSymbols {
    let meta = FileMeta {
        path: file.path.clone().into_bytes(),
        content_hash: ContentHash::of(file.text.as_bytes()),
        source_bytes: file.text.len() as u64,
        ..FileMeta::default()
    };
    let declarations = extract::declarations(&file.text, Fallback::Tree).declarations;
    FileSymbols::new(meta, &file.text, declarations)
}

fn builder() -> ShardBuilder {
    let root = Root { identity: b"src".to_vec(), archive_stamp: None };
    ShardBuilder::new(ShardId(0), IDENTITY, 0, vec![root])
}

fn built(files: &[FileSymbols]) -> Vec<u8> {
    let mut builder = builder();
    files.iter().for_each(|file| builder.add(file).expect("the corpus fits into a shard"));
    builder.finish().expect("the corpus has each path once")
}

fn taken_over(shard: &Shard) -> Vec<u8> {
    let mut builder = builder();
    for file in shard.files() {
        builder.copy(shard, file.id(), file.stamp()).expect("what was in a shard fits into one");
    }
    builder.finish().expect("the shard has each path once")
}

fn opened(bytes: &Bytes) -> Shard {
    Shard::from_bytes(bytes.clone(), &IDENTITY).expect("what was built can be opened")
}
