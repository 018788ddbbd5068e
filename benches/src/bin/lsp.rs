//! Measures the language server as an editor knows it, over its pipes:
//!
//!     cargo run --release -p nova-benches --bin lsp -- TREE
//!
//! The tree is one of Java sources, such as an unpacked `src.zip`; nothing in it is changed.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use nova_benches::language_server::Server;
use nova_benches::{memory, nova, queries};
use serde_json::{Value, json};

/// Starts of which the median is taken.
const STARTS: usize = 10;
/// Files in which requests about a document are made.
const FILES: usize = 60;
/// Names in each of them.
const NAMES: usize = 10;
/// Keystrokes, twenty a second.
const KEYSTROKES: u32 = 200;
const KEYSTROKE_PAUSE: Duration = Duration::from_millis(50);

fn main() -> anyhow::Result<()> {
    let tree = std::env::args().nth(1).context("say which tree to measure on")?;
    let tree = fs::canonicalize(tree)?;
    let nova = nova::build()?;
    let scratch = tempfile::tempdir()?;
    println!("| what | p50 | p99 | max |\n|---|---|---|---|");
    let mut cold = Vec::new();
    for start in 0..STARTS {
        let cache = scratch.path().join(format!("cold-{start}"));
        let mut server = Server::start(&nova, &tree, &cache)?;
        server.settle()?;
        ensure!(server.symbols("HashMap")? > 0, "the tree has no HashMap");
        cold.push(server.received - server.started);
        server.end()?;
    }
    row("cold, from the process's start to a complete answer", cold);
    let cache = scratch.path().join("cold-0");
    let mut warm = Vec::new();
    for _ in 0..STARTS {
        let mut server = Server::start(&nova, &tree, &cache)?;
        ensure!(server.symbols("HashMap")? > 0, "nothing is cached");
        warm.push(server.received - server.started);
        server.settle()?;
        server.end()?;
    }
    row("warm, from the process's start to the first answer", warm);
    let mut server = Server::start(&nova, &tree, &cache)?;
    server.settle()?;
    measure_queries(&mut server)?;
    let files = files_of(&tree)?;
    measure_documents(&mut server, &files)?;
    measure_typing(&mut server, &files)?;
    println!("\nresident: the server {} MB", resident_bytes(server.child.id())? >> 20);
    server.end()
}

fn measure_queries(server: &mut Server) -> anyhow::Result<()> {
    let mut times = Vec::new();
    for query in queries::as_typed() {
        let started = Instant::now();
        server.symbols(&query)?;
        times.push(server.received - started);
    }
    row("workspace/symbol, every prefix of 240 queries", times);
    Ok(())
}

/// Requests about documents, in files of all sizes.
fn measure_documents(server: &mut Server, files: &[PathBuf]) -> anyhow::Result<()> {
    let mut outlines = Vec::new();
    let mut largest = Vec::new();
    let (mut definitions, mut hovers, mut folds) = (Vec::new(), Vec::new(), Vec::new());
    for (number, file) in files.iter().enumerate() {
        let text = fs::read_to_string(file)?;
        let uri = format!("file://{}", file.display());
        server.open(&uri, &text)?;
        let document = json!({ "textDocument": { "uri": uri } });
        outlines.push(server.time("textDocument/documentSymbol", document.clone())?);
        if number == 0 {
            for _ in 0..50 {
                largest.push(server.time("textDocument/documentSymbol", document.clone())?);
            }
        }
        folds.push(server.time("textDocument/foldingRange", document.clone())?);
        for position in names(&text) {
            let at = json!({ "textDocument": { "uri": uri }, "position": position });
            definitions.push(server.time("textDocument/definition", at.clone())?);
            hovers.push(server.time("textDocument/hover", at)?);
        }
        server.tell("textDocument/didClose", document)?;
    }
    row("textDocument/documentSymbol", outlines);
    row("the same in the longest file", largest);
    row("textDocument/definition", definitions);
    row("textDocument/hover", hovers);
    row("textDocument/foldingRange", folds);
    Ok(())
}

/// Twenty keystrokes a second in the longest file, an outline after each.
fn measure_typing(server: &mut Server, files: &[PathBuf]) -> anyhow::Result<()> {
    let file = files.first().context("there is no file")?;
    let (text, uri) = (fs::read_to_string(file)?, format!("file://{}", file.display()));
    server.open(&uri, &text)?;
    let lines = text.lines().count();
    let before = processor_time(server.child.id())?;
    let (started, mut times) = (Instant::now(), Vec::new());
    for key in 0..KEYSTROKES {
        let at = json!({ "line": lines, "character": key });
        let change = json!({ "range": { "start": at, "end": at }, "text": "x" });
        let document = json!({ "uri": uri, "version": key + 2 });
        let params = json!({ "textDocument": document, "contentChanges": [change] });
        server.tell("textDocument/didChange", params)?;
        let params = json!({ "textDocument": { "uri": uri } });
        times.push(server.time("textDocument/documentSymbol", params)?);
        let due = started + KEYSTROKE_PAUSE * (key + 1);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    row("documentSymbol while typing in the longest file", times);
    let used = processor_time(server.child.id())? - before;
    let part = 100.0 * used.as_secs_f64() / started.elapsed().as_secs_f64();
    println!("\ntyping {lines} lines long: {part:.1}% of one core, workers included");
    Ok(())
}

/// The largest file and some others, from the largest on.
fn files_of(tree: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![tree.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.path().extension().is_some_and(|it| it == "java") {
                files.push((entry.metadata()?.len(), entry.path()));
            }
        }
    }
    // A list of names is not what people edit; and neither is what has over 5,000 lines.
    files.retain(|(bytes, _)| *bytes < 250_000);
    files.sort_unstable();
    files.reverse();
    let step = files.len().div_ceil(FILES).max(1);
    Ok(files.into_iter().step_by(step).map(|(_, file)| file).collect())
}

/// Where some names begin, spread over a text.
fn names(text: &str) -> Vec<Value> {
    let lines: Vec<_> = text.lines().enumerate().filter(|(_, line)| line.contains('(')).collect();
    let step = lines.len().div_ceil(NAMES).max(1);
    let place = |(number, line): &(usize, &str)| {
        let word = line.find('(').unwrap_or(0);
        let start = line[..word].rfind(|char: char| !char.is_alphanumeric()).map_or(0, |at| at + 1);
        json!({ "line": number, "character": start })
    };
    lines.iter().step_by(step).map(place).collect()
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent).div_ceil(100).max(1) - 1];
    let [p50, p99, max] = [50, 99, 100].map(at).map(|it| it.as_secs_f64() * 1e3);
    println!("| {what} | {p50:.2} ms | {p99:.2} ms | {max:.2} ms |");
}

fn resident_bytes(process: u32) -> anyhow::Result<u64> {
    memory::resident_bytes(process).context("the process is gone")
}

/// What a process and its children have used of the processors.
fn processor_time(process: u32) -> anyhow::Result<Duration> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    let mut processes: Vec<u32> = children.split_whitespace().flat_map(str::parse).collect();
    for task in fs::read_dir(format!("/proc/{process}/task"))?.flatten() {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        processes.extend(children.split_whitespace().flat_map(str::parse::<u32>));
    }
    processes.push(process);
    processes.sort_unstable();
    processes.dedup();
    let mut ticks = 0;
    for process in processes {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let fields = stat.rsplit(") ").next().unwrap_or_default().split_whitespace();
        // utime and stime, the 14th and 15th field of all.
        ticks += fields.skip(11).take(2).flat_map(str::parse::<u64>).sum::<u64>();
    }
    Ok(Duration::from_millis(ticks * 10))
}
