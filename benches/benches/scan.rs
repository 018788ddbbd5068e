//! Scanning alone, on one core, and a full tree-sitter parse of a sample beside it.
//!
//! Run with `cargo bench -p nova-benches --bench scan`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use nova_benches::corpus::Corpus;
use nova_syntax::declarations::Declarations;
use nova_syntax::extract::{self, Fallback};
use nova_syntax::scanner::scan;
use nova_syntax::{escapes, tree};

/// A tree costs some fifty times what a scan does, so every so manieth file must do.
const TREE_SAMPLE_STEP: usize = 100;

criterion_group!(benches, scanning);
criterion_main!(benches);

fn scanning(criterion: &mut Criterion) {
    let corpus = Corpus::find();
    let mut group = criterion.benchmark_group("scan");
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .measurement_time(Duration::from_secs(5));

    group.throughput(Throughput::Bytes(corpus.source_bytes()));
    group.bench_function("scanner", |bencher| bencher.iter(|| symbols(&corpus, scanned)));
    group.bench_function("scanner and fallback", |bencher| {
        bencher.iter(|| symbols(&corpus, extracted));
    });
    let sample = corpus.sample(TREE_SAMPLE_STEP);
    group.throughput(Throughput::Bytes(sample.source_bytes()));
    group.bench_function("tree-sitter", |bencher| bencher.iter(|| symbols(&sample, parsed)));
    group.finish();
}

fn symbols(corpus: &Corpus, declarations: impl Fn(&str) -> Declarations) -> usize {
    corpus.files.iter().map(|file| black_box(declarations(&file.text)).symbols.len()).sum()
}

fn scanned(text: &str) -> Declarations {
    scan(escapes::translate(text).text()).declarations
}

fn extracted(text: &str) -> Declarations {
    extract::declarations(text, Fallback::Tree).declarations
}

fn parsed(text: &str) -> Declarations {
    tree::parse(escapes::translate(text).text()).unwrap_or_default()
}
