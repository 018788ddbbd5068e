//! Explanations as objects: what `explain --json` writes.

use nova_router::explain_path::{
    Cause, FolderContents, IndexedFile, LeftOut, PathExplanation, Verdict,
};
use nova_router::in_words::paths;
use nova_router::in_words::query::{ExplainedQuery, access, class, near, place, purpose};
use nova_router::report::Quarantined;
use nova_router::{Group, Reasons, Root, Total};
use serde_json::{Value, json};

use crate::output::json;

/// The object of `explain --json`.
pub(crate) fn of_path(explanation: &PathExplanation, roots: &[Root]) -> Value {
    let path = |path: &[u8]| for_programs(roots, path);
    let (verdict, facts) = match &explanation.verdict {
        Verdict::Indexed(file) => ("indexed", file_json(file, roots)),
        Verdict::Folder(contents) => ("folder", folder_json(contents, roots)),
        Verdict::Skipped(skipped) => {
            ("skipped", json!({ "because_of": path(&skipped.path), "reason": skipped.reason }))
        }
        Verdict::Quarantined(quarantined) => {
            let Quarantined { path: file, reason, content_hash } = quarantined;
            let facts = json!({
                "because_of": path(file),
                "reason": reason,
                "content_hash": content_hash,
            });
            ("quarantined", facts)
        }
        Verdict::LeftOut(LeftOut { path: passed, cause: Cause::Hidden }) => {
            ("hidden", json!({ "because_of": path(passed) }))
        }
        Verdict::LeftOut(LeftOut { path: passed, cause: Cause::Rule(rule) }) => (
            "ignored",
            json!({
                "because_of": path(passed),
                "rule": rule.glob,
                "rule_file": path(&rule.file),
                "rule_line": rule.line,
            }),
        ),
        Verdict::Link { link, target } => {
            ("link", json!({ "because_of": path(link), "target": target.as_deref().map(path) }))
        }
        Verdict::NotAFile => ("not-a-file", json!({})),
        Verdict::NotJava => ("not-java", json!({})),
        Verdict::Missing { elsewhere } => {
            let elsewhere: Vec<_> = elsewhere.iter().map(|it| path(it)).collect();
            ("missing", json!({ "elsewhere": elsewhere }))
        }
        Verdict::OutsideRoots => {
            let roots: Vec<_> = roots.iter().map(|root| paths::as_data(&root.real)).collect();
            ("outside", json!({ "roots": roots }))
        }
        Verdict::ArchiveNotRoot { archive } => {
            ("archive-not-a-root", json!({ "because_of": path(archive) }))
        }
        Verdict::ShardFailed(failed) => {
            ("shard-failed", json!({ "shard": failed.shard.0, "reason": failed.reason }))
        }
        Verdict::NotSeenYet => ("not-seen-yet", json!({})),
    };
    let mut object = json!({ "path": path(&explanation.path), "verdict": verdict });
    if let (Value::Object(object), Value::Object(facts)) = (&mut object, facts) {
        object.extend(facts);
    }
    object
}

/// As everywhere, with a dot for the one ROOT itself.
fn for_programs(roots: &[Root], path: &[u8]) -> String {
    let path = paths::for_programs(roots, path);
    if path.is_empty() { ".".to_owned() } else { path }
}

fn file_json(file: &IndexedFile, roots: &[Root]) -> Value {
    json!({
        "package": file.package.as_deref().unwrap_or_default(),
        "types": file.types,
        "symbols": file.symbols,
        "source_bytes": file.source_bytes,
        "source_root": for_programs(roots, &file.source_root),
        "shard": file.shard.0,
        "latin1": file.flags.latin1,
        "via_tree": file.flags.via_tree,
        "doubtful": file.flags.doubtful,
    })
}

fn folder_json(contents: &FolderContents, roots: &[Root]) -> Value {
    json!({
        "files": contents.files,
        "symbols": contents.symbols,
        "skipped": json::reasons(&contents.skipped, roots),
        "example": contents.example.as_deref().map(|example| of_path(example, roots)),
    })
}

/// The object of a query.
pub(crate) fn of_query(explained: &ExplainedQuery<'_>, roots: &[Root]) -> Value {
    let answer = explained.answer;
    let hits = (1..).zip(&answer.hits).map(|(rank, (symbol, score))| {
        json!({
            "rank": rank,
            "symbol": json::symbol(roots, symbol, Some(score.get())),
            "reasons": reasons(score.reasons()),
        })
    });
    json!({
        "query": explained.question.text,
        "read_as": explained.query.to_string(),
        "problems": explained.query.problems(),
        "total": answer.total.counted(),
        "total_is_exact": answer.total.is_exact(),
        "cut": answer.cut,
        "unfiltered_total": explained.unfiltered.map(Total::counted),
        "unfiltered_total_is_exact": explained.unfiltered.map(Total::is_exact),
        "pending": answer.pending,
        "skipped": explained.skipped.iter().map(|it| json::reason(it, roots)).collect::<Vec<_>>(),
        "hits": hits.collect::<Vec<_>>(),
    })
}

fn reasons(reasons: Reasons) -> Value {
    json!({
        "match": class(reasons.class),
        "case_as_typed": reasons.case_as_typed,
        "place": place(reasons.place),
        "group": group(reasons.group),
        "local": reasons.is_local,
        "access": access(reasons.access),
        "deprecated": reasons.is_deprecated,
        "where": purpose(reasons.purpose),
        "near": near(reasons.near),
        "imports_at_least": reasons.centrality.imports_min(),
    })
}

fn group(group: Group) -> &'static str {
    match group {
        Group::Constructor => "constructor",
        Group::Member => "member",
        Group::Package => "package",
        Group::Type => "type",
    }
}
