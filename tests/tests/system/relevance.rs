//! Whether people find what they mean: the queries of `tests/relevance/jdk25.tsv`, and the examples of
//! `docs/search.md`, on the sources of JDK 25.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::jdk::source_archive_of;
use crate::sandbox::Sandbox;

/// So many of the queries must have what is meant as the first hit, and among the first five.
const TOP_1_MIN: f64 = 0.85;
const TOP_5_MIN: f64 = 0.97;

/// Hits that are looked at.
const HITS: usize = 20;

/// A query, and what a person means by it.
#[derive(Debug)]
struct Meant {
    category: String,
    query: String,
    /// Any of these.
    symbols: Vec<String>,
}

#[test]
fn people_find_in_the_jdk_what_they_mean() {
    let Some(archive) = source_archive_of(25) else {
        assert!(std::env::var_os("CI").is_none(), "no src.zip of JDK 25");
        eprintln!("skipped: no src.zip of JDK 25 in JAVA_HOME or /usr/lib/jvm");
        return;
    };
    let jdk = Jdk { sandbox: Sandbox::new(&[]), archive };
    jdk.nova("index", &[]).ok();
    the_examples_of_the_page_on_searching_are_true(&jdk);
    what_a_person_means_is_found_first(&jdk);
}

fn what_a_person_means_is_found_first(jdk: &Jdk) {
    let meant = relevance_set();
    let ranks = in_parallel(&meant, |meant| {
        let found = jdk.search(&meant.query);
        let rank = found.iter().position(|symbol| meant.symbols.contains(symbol));
        (rank, found.first().cloned().unwrap_or_default())
    });
    let mut categories: BTreeMap<&str, Vec<Option<usize>>> = BTreeMap::new();
    for (meant, (rank, _)) in meant.iter().zip(&ranks) {
        categories.entry(&meant.category).or_default().push(*rank);
        categories.entry("all").or_default().push(*rank);
    }
    eprintln!("{:12} {:>4} {:>6} {:>6} {:>6}", "queries", "", "top-1", "top-5", "MRR");
    for (category, ranks) in &categories {
        let (top_1, top_5, mrr) = scores(ranks);
        eprintln!("{category:12} {:4} {top_1:6.3} {top_5:6.3} {mrr:6.3}", ranks.len());
    }
    for (meant, (rank, first)) in meant.iter().zip(&ranks).filter(|(_, (rank, _))| *rank != Some(0))
    {
        let rank = rank.map_or("-".to_owned(), |rank| (rank + 1).to_string());
        eprintln!("{rank:>3} {:30} {:50} after {first}", meant.query, meant.symbols.join(" or "));
    }
    let (top_1, top_5, _) = scores(&categories["all"]);
    assert!(top_1 >= TOP_1_MIN, "top-1 is {top_1:.3}");
    assert!(top_5 >= TOP_5_MIN, "top-5 is {top_5:.3}");
}

fn the_examples_of_the_page_on_searching_are_true(jdk: &Jdk) {
    let examples = examples();
    assert!(examples.len() > 30, "{examples:?}");
    let found = in_parallel(&examples, |(query, _)| jdk.search(query).first().cloned());
    let wrong: Vec<_> = examples
        .iter()
        .zip(found)
        .filter(|((_, expected), found)| found.as_ref() != Some(expected))
        .map(|((query, expected), found)| format!("{query}: {found:?} instead of {expected}"))
        .collect();
    assert!(wrong.is_empty(), "docs/search.md says otherwise: {wrong:#?}");
}

/// Top-1, top-5 and mean reciprocal rank.
fn scores(ranks: &[Option<usize>]) -> (f64, f64, f64) {
    let share = |count: f64| count / ranks.len() as f64;
    let within = |most: usize| {
        share(ranks.iter().filter(|rank| rank.is_some_and(|rank| rank < most)).count() as f64)
    };
    let reciprocal = ranks.iter().flatten().map(|rank| 1.0 / (*rank as f64 + 1.0));
    (within(1), within(5), share(reciprocal.sum()))
}

fn relevance_set() -> Vec<Meant> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("relevance/jdk25.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let meant: Vec<Meant> = text
        .lines()
        .map(|line| {
            let [category, query, symbols] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("three columns, not {line:?}");
            };
            let symbols = symbols.split('|').map(str::to_owned).collect();
            Meant { category: category.to_owned(), query: query.to_owned(), symbols }
        })
        .collect();
    let distinct: HashSet<_> = meant.iter().map(|it| &it.query).collect();
    assert!(distinct.len() == meant.len() && meant.len() >= 200, "{} queries", distinct.len());
    meant
}

/// The rows of the page's tables that begin with a query and the symbol that comes first.
fn examples() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/search.md");
    let text = std::fs::read_to_string(path).unwrap();
    let code = |cell: &str| {
        let code = cell.trim().strip_prefix('`')?.strip_suffix('`')?;
        Some(code.to_owned())
    };
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix('|')?.split('|').collect();
        Some((code(cells.first()?)?, code(cells.get(1)?)?))
    });
    rows.collect()
}

/// The JDK's sources, indexed.
struct Jdk {
    sandbox: Sandbox,
    archive: PathBuf,
}

impl Jdk {
    fn nova(&self, command: &str, args: &[&str]) -> crate::run::Run {
        let own = ["--cache-dir", "cache", "--", self.archive.to_str().unwrap()];
        let (options, archive) = own.split_at(3);
        let (query, args) = args.split_first().map_or((None, args), |(q, rest)| (Some(*q), rest));
        let all = [command].into_iter().chain(args.iter().copied()).chain(options.iter().copied());
        self.sandbox.nova_at_home(all.chain(query).chain(archive.iter().copied()))
    }

    /// The first hits, each symbol once: `a.b.Type`, `a.b.Type#member`, `package a.b`.
    fn search(&self, query: &str) -> Vec<String> {
        let limit = HITS.to_string();
        let found = self.nova("search", &[query, "--json", "--limit", &limit]).ok().json_lines();
        let mut symbols = Vec::new();
        for symbol in found.iter().map(called) {
            if !symbols.contains(&symbol) {
                symbols.push(symbol);
            }
        }
        symbols
    }
}

fn called(symbol: &Value) -> String {
    let text = |field: &str| symbol[field].as_str().unwrap();
    let (name, kind) = (text("name"), text("kind"));
    let around = [text("package"), text("container")].into_iter().filter(|part| !part.is_empty());
    let around = around.collect::<Vec<_>>().join(".");
    match kind {
        "package" | "module" => format!("{kind} {name}"),
        "class" | "interface" | "enum" | "record" | "annotation" if around.is_empty() => {
            name.to_owned()
        }
        "class" | "interface" | "enum" | "record" | "annotation" => format!("{around}.{name}"),
        _ => format!("{around}#{name}"),
    }
}

/// Does something for each item, on as many threads as there are cores.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let worker = || {
            let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < items.len());
            std::iter::from_fn(take).map(|at| (at, work(&items[at]))).collect::<Vec<_>>()
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
