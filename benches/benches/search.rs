//! Queries on one core, by a dictionary, as `nova` runs them: on the corpus, a shard a module. Run with
//! `cargo bench -p nova-benches --bench search`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use nova_benches::corpus::Corpus;
use nova_benches::workspace::Workspace;
use nova_index::{Query, SearchOptions, search};

/// Hits, as the command line asks for.
const OPTIONS: SearchOptions<'_> = SearchOptions { limit: 50, near: None, recent_from_ns: None };

/// A name, initials, a member of a type, words, what is everywhere, what is nowhere, everything, a slip.
const QUERIES: [&str; 9] = [
    "HashMap",
    "ConHM",
    "java.util.HashMap.put",
    "buffer byte",
    "get",
    "e",
    "xyzzy",
    "",
    "hahsmap",
];

criterion_group!(benches, searching);
criterion_main!(benches);

fn searching(criterion: &mut Criterion) {
    let scratch = tempfile::tempdir().expect("there is room for temporary files");
    let workspace = Workspace::of_modules(scratch.path(), &Corpus::find());
    let workspace = workspace.expect("the corpus fits into shards");
    workspace.write_dictionary().expect("the corpus fits into a dictionary");
    let view = workspace.open().expect("what was written can be opened");
    let mut group = criterion.benchmark_group("search");
    for text in QUERIES {
        group.bench_function(format!("{text:?}"), |bencher| {
            bencher.iter(|| {
                let query = Query::new(text, &[]);
                black_box(search(&view, &query, &OPTIONS, &|| false)).map(|it| it.total)
            });
        });
    }
    group.finish();
}
