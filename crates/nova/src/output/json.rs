//! JSON as `docs/commands.md` promises it: field names and their meaning are a contract with scripts.

use std::io::{self, Write};

use nova_router::in_words::paths;
use nova_router::report::{Contents, IndexReport, Skipped, Symbol};
use nova_router::{Root, WorkerStatus};
use serde::Serialize;
use serde_json::json;

/// One line of `search --json` and of `export --format jsonl`.
#[derive(Debug, Serialize)]
struct SymbolLine<'s> {
    name: &'s str,
    kind: &'s str,
    container: &'s str,
    package: &'s str,
    path: String,
    line: u32,
    character: u32,
    signature: &'s str,
    modifiers: Vec<&'s str>,
    local: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<u32>,
}

/// One symbol as one line.
pub(crate) fn symbol<'s>(
    roots: &[Root],
    symbol: &'s Symbol,
    score: Option<u32>,
) -> impl Serialize + use<'s> {
    SymbolLine {
        name: &symbol.name,
        kind: symbol.kind.as_str(),
        container: &symbol.container,
        package: &symbol.package,
        path: paths::for_programs(roots, &symbol.file),
        line: symbol.line,
        character: symbol.character,
        signature: &symbol.signature,
        modifiers: symbol.modifiers.iter().map(|modifier| modifier.as_str()).collect(),
        local: symbol.local,
        score,
    }
}

/// Writes one symbol as one line.
pub(crate) fn write_symbol(
    out: &mut impl Write,
    roots: &[Root],
    symbol: &Symbol,
    score: Option<u32>,
) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &self::symbol(roots, symbol, score))?;
    out.write_all(b"\n")
}

/// The object of `index --json`.
pub(crate) fn index_report(
    report: &IndexReport,
    contents: &Contents,
    roots: &[Root],
) -> serde_json::Value {
    json!({
        "files": contents.files,
        "symbols": contents.symbols,
        "source_bytes": contents.source_bytes,
        "index_bytes": contents.index_bytes,
        "dictionary_bytes": contents.dictionary_bytes,
        "shards": report.shards,
        "ready_shards": report.shards - report.failed.len(),
        "workers": report.workers,
        "worker_stats": report
            .worker_stats
            .iter()
            .map(worker)
            .collect::<Vec<_>>(),
        "elapsed_ms": report.elapsed.as_secs_f64() * 1e3,
        "rescanned_files": report.rescanned_files,
        "skipped": reasons(&report.skipped, roots),
        "notes": reasons(&contents.notes, roots),
        "failed": report.failed.iter().map(|failed| {
            json!({ "shard": failed.shard.0, "reason": failed.reason })
        }).collect::<Vec<_>>(),
        "revision": report.revision,
        "digest": contents.digest.to_string(),
    })
}

/// What a worker says of itself.
pub(crate) fn worker(worker: &WorkerStatus) -> serde_json::Value {
    let WorkerStatus { name, address, shards, bytes_done, busy_ms, last_error, stats } = worker;
    json!({
        "name": name,
        "address": address,
        "shards": shards,
        "bytes_done": bytes_done,
        "busy_ms": busy_ms,
        "last_error": last_error,
        "pid": stats.pid,
        "cores": stats.cores,
        "memory_bytes": stats.memory_bytes,
        "requests_in_flight": stats.requests_in_flight,
        "files_scanned": stats.files_scanned,
        "bytes_scanned": stats.bytes_scanned,
        "resident_bytes_peak": stats.resident_bytes_peak,
    })
}

/// A list of `{"path","reason"}`.
pub(crate) fn reasons(skipped: &[Skipped], roots: &[Root]) -> Vec<serde_json::Value> {
    skipped.iter().map(|skipped| reason(skipped, roots)).collect()
}

/// `{"path","reason"}`
pub(crate) fn reason(skipped: &Skipped, roots: &[Root]) -> serde_json::Value {
    json!({ "path": paths::for_programs(roots, &skipped.path), "reason": skipped.reason })
}
