//! Shard indexes on one core: made of scanned files, taken over and opened.
//!
//! All of the corpus is one shard here, larger than a shard is by default. Run with
//! `cargo bench -p nova-benches --bench index`.

use bytes::Bytes;
use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use nova_benches::corpus::{Corpus, CorpusFile};
use nova_benches::workspace;
use nova_index::{FileSymbols, Root, Shard, ShardBuilder, ShardId, ShardIdentity};

const IDENTITY: ShardIdentity = ShardIdentity(*b"a benched corpus");

criterion_group!(benches, indexing);
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

fn scanned(file: &CorpusFile) -> FileSymbols {
    workspace::scanned(&file.path, &file.text)
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
