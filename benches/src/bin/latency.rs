//! Measures how long queries take, on one core, and prints tables:
//!
//!     cargo run --release -p nova-benches --bin latency -- [--symbols N] [TREE]
//!
//! The queries are those of the relevance suite and all of their prefixes. Without a tree they run on
//! the newest JDK that is installed; with a number of symbols on a monorepo that is made of it as well.
#![expect(clippy::print_stdout, reason = "the tables are what this program is for")]

use std::ffi::OsString;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, ensure};
use nova_benches::corpus::Corpus;
use nova_benches::latency::Latencies;
use nova_benches::memory::anonymous_bytes;
use nova_benches::monorepo::{self, Size};
use nova_benches::workspace::{DictionaryBuild, Workspace};
use nova_benches::{naive, queries};
use nova_index::{Query, SearchOptions, SymbolView, search};

/// Hits, as a user interface asks for.
const OPTIONS: SearchOptions<'_> = SearchOptions { limit: 100, near: None, recent_from_ns: None };
const REPETITIONS: usize = 5;
/// Opening has touched every page, and all queries take minutes.
const REPETITIONS_MONOREPO: usize = 1;
const SLOWEST_SHOWN: usize = 10;
/// A shard of a monorepo has so many symbols.
const SYMBOLS_PER_SHARD: u64 = 10_000;
/// What this program is called with by itself: queries run in a process of their own, in which nothing
/// was generated.
const QUERY_ONLY: &str = "--query-only";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (symbols, tree) = match arguments.as_slice() {
        [flag, folder] if flag == QUERY_ONLY => return query_monorepo(Path::new(folder)),
        [flag, number, tree @ ..] if flag == "--symbols" => {
            let number = number.to_str().and_then(|it| it.parse::<u64>().ok());
            (Some(number.context("--symbols takes a number")?), tree)
        }
        tree => (None, tree),
    };
    ensure!(tree.len() <= 1, "name one folder of Java sources, or none");
    let tree = tree.first().map(PathBuf::from);
    let corpus = tree.map_or_else(Corpus::find, |tree| Corpus::from_folder(&tree));
    query_corpus(&corpus)?;
    if let Some(symbols) = symbols {
        measure_monorepo(corpus, symbols)?;
    }
    Ok(())
}

fn query_corpus(corpus: &Corpus) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let workspace = Workspace::of_modules(scratch.path(), corpus)?;
    let source_bytes = corpus.source_bytes() as f64;
    println!("{} files, {:.1} MB of source\n", corpus.files.len(), source_bytes / 1e6);
    let build = workspace.write_dictionary()?;
    let view = workspace.open()?;
    print_size(&workspace, &view, &build)?;

    let queries = queries::as_typed();
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    let by_dictionary = measure(&view, &queries, REPETITIONS);
    println!("{}", Latencies::heading());
    println!("{}", by_dictionary.row("nova, all queries"));
    println!("{}", by_dictionary.only(queries::is_plain_name).row("nova, plain names"));
    let plain: Vec<&str> = queries.into_iter().filter(|it| queries::is_plain_name(it)).collect();
    let names = naive::distinct_names(&view);
    let naive = Latencies::measure(&plain, REPETITIONS, |query| {
        black_box(naive::search(&names, query, OPTIONS.limit));
    });
    println!("{}", naive.row("scan of all names, plain names"));
    let config = frizbee::Config::default();
    let fuzzy = Latencies::measure(&plain, 1, |query| {
        black_box(frizbee::Matcher::new(query, &config).match_list(&names));
    });
    println!("{}", fuzzy.row("frizbee, plain names"));
    print_slowest(&by_dictionary);
    Ok(())
}

fn measure_monorepo(corpus: Corpus, symbols: u64) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let mut workspace = Workspace::new(scratch.path());
    let shards = u32::try_from(symbols.div_ceil(SYMBOLS_PER_SHARD))?;
    let started = Instant::now();
    monorepo::generate(&mut workspace, &corpus, Size { shards, symbols })?;
    drop(corpus);
    let seconds = started.elapsed().as_secs_f64();
    println!("A monorepo of the corpus, generated in {seconds:.1} s\n");
    let build = workspace.write_dictionary()?;
    print_size(&workspace, &workspace.open()?, &build)?;
    let own = std::env::current_exe()?;
    let status = Command::new(own).arg(QUERY_ONLY).arg(scratch.path()).status()?;
    ensure!(status.success(), "the process that queries failed");
    Ok(())
}

fn query_monorepo(folder: &Path) -> anyhow::Result<()> {
    let queries = queries::as_typed();
    let before = anonymous_bytes();
    let started = Instant::now();
    let view = Workspace::existing(folder)?.open()?;
    let (opening, opened) = (started.elapsed(), anonymous_bytes());
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    let all = measure(&view, &queries, REPETITIONS_MONOREPO);
    let queried = anonymous_bytes();
    println!("{}", Latencies::heading());
    println!("{}", all.row("nova, all queries"));
    println!("{}", all.only(queries::is_plain_name).row("nova, plain names"));
    print_slowest(&all);
    println!("| anonymous memory                   |              |");
    println!("|------------------------------------|-------------:|");
    let row = |what: &str, value: String| println!("| {what:<34} | {value:>12} |");
    row("before opening", megabytes(before));
    row("after opening", megabytes(opened));
    row("after all queries", megabytes(queried));
    row("opening took", format!("{:.2} s", opening.as_secs_f64()));
    println!();
    Ok(())
}

fn measure<'q>(view: &SymbolView, queries: &[&'q str], repetitions: usize) -> Latencies<'q> {
    Latencies::measure(queries, repetitions, |text| {
        let query = Query::new(text, &[]);
        black_box(search(view, &query, &OPTIONS, &|| false).map(|it| it.hits.len()).ok());
    })
}

fn print_size(
    workspace: &Workspace,
    view: &SymbolView,
    build: &DictionaryBuild,
) -> anyhow::Result<()> {
    let dictionary = view.dictionary().context("the workspace has a dictionary")?;
    let shards = view.shards().iter().map(|it| it.shard());
    let symbols: u64 = shards.clone().map(|it| u64::from(it.symbol_count())).sum();
    let pairs: u64 = shards.map(|it| u64::from(it.name_count())).sum();
    println!("| what                               |              |");
    println!("|------------------------------------|-------------:|");
    let row = |what: &str, value: String| println!("| {what:<34} | {value:>12} |");
    row("shards", view.shards().len().to_string());
    row("symbols", symbols.to_string());
    row("distinct names", dictionary.name_count().to_string());
    row("pairs of a shard and a name", pairs.to_string());
    row("shard files", megabytes(workspace.shard_bytes()?));
    row("dictionary", megabytes(dictionary.byte_count()));
    row("deriving it", format!("{:.2} s", build.time.as_secs_f64()));
    row("its peak heap", megabytes(build.peak_bytes));
    println!();
    Ok(())
}

fn print_slowest(latencies: &Latencies<'_>) {
    println!("\n| slowest query                            |         time |");
    println!("|------------------------------------------|-------------:|");
    for (query, time) in latencies.slowest(SLOWEST_SHOWN) {
        println!("| {:<40} | {time:>12} |", format!("`{query}`"));
    }
    println!();
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
