//! Results as they travel between a router and a frontend, and back.
//!
//! What comes from the other side is checked here: a number that stands for no kind, for one, is an
//! error, not a symbol.

use std::time::Duration;

use bytes::Bytes;
use nova_index::{Digest, FileFlags, MethodShape, Score, ShardId, Subtypes, Total};
use nova_protocol::frontend as wire;
use nova_protocol::path;
use nova_protocol::place::TextPosition;
use nova_syntax::declarations::{Kind, Modifiers};

use crate::answer::Answer;
use crate::definition::{Certainty, Definition};
use crate::explain_path::{
    Cause, FolderContents, IndexedFile, LeftOut, PathExplanation, Rule, Verdict,
};
use crate::inclusion::Inclusion;
use crate::overlay::{Position, TextChange};
use crate::question::Question;
use crate::report::{Contents, FailedShard, IndexReport, Progress, Quarantined, Skipped, Symbol};
use crate::root::Root;
use crate::workspace::Coverage;

/// A message that says what cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {0} cannot be {1}")]
pub(crate) struct Nonsense(&'static str, u64);

pub(crate) fn from_question(question: &Question) -> wire::Search {
    wire::Search {
        text: question.text.clone(),
        kinds: question.kinds.iter().map(|kind| *kind as u8).collect(),
        unfiltered: question.unfiltered,
        limit: question.limit as u64,
        near: question.near.as_deref().map(|near| bytes(&path::to_bytes(near))),
        verify_timeout_ms: u64::try_from(question.verify_timeout.as_millis()).unwrap_or(u64::MAX),
    }
}

pub(crate) fn to_question(search: wire::Search) -> Result<Question, Nonsense> {
    Ok(Question {
        text: search.text,
        kinds: search.kinds.into_iter().map(to_kind).collect::<Result<_, _>>()?,
        unfiltered: search.unfiltered,
        limit: count(search.limit),
        near: search.near.map(|near| path::from_bytes(&near)),
        verify_timeout: Duration::from_millis(search.verify_timeout_ms),
    })
}

pub(crate) fn from_root(root: &Root) -> wire::Root {
    wire::Root { path: bytes(&path::to_bytes(&root.real)), is_archive: root.is_archive }
}

/// Equal ones are equal on the wire.
pub(crate) fn from_inclusion(inclusion: &Inclusion) -> Vec<Bytes> {
    inclusion.paths().map(|included| bytes(&path::to_bytes(&included))).collect()
}

pub(crate) fn to_root(root: &wire::Root) -> Root {
    let real = path::from_bytes(&root.path);
    Root { given: real.clone(), real, is_archive: root.is_archive }
}

pub(crate) fn from_progress(progress: Progress) -> wire::Progress {
    let Progress { bytes_total, bytes_done, files_total, files_done, shards_total, shards_shown } =
        progress;
    wire::Progress { bytes_total, bytes_done, files_total, files_done, shards_total, shards_shown }
}

pub(crate) fn to_progress(progress: wire::Progress) -> Progress {
    let wire::Progress {
        bytes_total,
        bytes_done,
        files_total,
        files_done,
        shards_total,
        shards_shown,
    } = progress;
    Progress { bytes_total, bytes_done, files_total, files_done, shards_total, shards_shown }
}

pub(crate) fn from_report(report: IndexReport) -> wire::IndexReport {
    wire::IndexReport {
        shards: report.shards as u64,
        workers: report.workers as u64,
        worker_stats: report.worker_stats,
        elapsed_us: u64::try_from(report.elapsed.as_micros()).unwrap_or(u64::MAX),
        rescanned_files: report.rescanned_files,
        files: report.files,
        skipped: report.skipped.into_iter().map(from_skipped).collect(),
        failed: report.failed.into_iter().map(from_failed).collect(),
        revision: report.revision,
    }
}

pub(crate) fn to_report(report: wire::IndexReport) -> Result<IndexReport, Nonsense> {
    if (report.failed.len() as u64) > report.shards {
        return Err(Nonsense("number of failed shards", report.failed.len() as u64));
    }
    Ok(IndexReport {
        shards: count(report.shards),
        workers: count(report.workers),
        worker_stats: report.worker_stats,
        elapsed: Duration::from_micros(report.elapsed_us),
        rescanned_files: report.rescanned_files,
        files: report.files,
        skipped: report.skipped.into_iter().map(to_skipped).collect(),
        failed: report.failed.into_iter().map(to_failed).collect(),
        revision: report.revision,
        ..IndexReport::default()
    })
}

pub(crate) fn from_contents(contents: Contents) -> wire::Contents {
    wire::Contents {
        files: contents.files,
        symbols: contents.symbols,
        source_bytes: contents.source_bytes,
        index_bytes: contents.index_bytes,
        dictionary_bytes: contents.dictionary_bytes,
        notes: contents.notes.into_iter().map(from_skipped).collect(),
        digest: contents.digest.to_bits(),
    }
}

pub(crate) fn to_contents(contents: wire::Contents) -> Contents {
    Contents {
        files: contents.files,
        symbols: contents.symbols,
        source_bytes: contents.source_bytes,
        index_bytes: contents.index_bytes,
        dictionary_bytes: contents.dictionary_bytes,
        notes: contents.notes.into_iter().map(to_skipped).collect(),
        digest: Digest::from_bits(contents.digest),
    }
}

pub(crate) fn from_definition(definition: Definition) -> wire::Defined {
    wire::Defined {
        name: definition.name,
        candidates: definition.candidates.into_iter().map(from_symbol).collect(),
        certainty: definition.certainty as u8,
        others: definition.others as u64,
        elsewhere: definition.elsewhere,
    }
}

pub(crate) fn to_definition(defined: wire::Defined) -> Result<Definition, Nonsense> {
    let certainty = Certainty::from_u8(defined.certainty);
    Ok(Definition {
        name: defined.name,
        candidates: defined.candidates.into_iter().map(to_symbol).collect::<Result<_, _>>()?,
        certainty: certainty
            .ok_or(Nonsense("certainty of a definition", u64::from(defined.certainty)))?,
        others: count(defined.others),
        elsewhere: defined.elsewhere,
    })
}

pub(crate) fn from_subtypes(wanted: &Subtypes, verify_timeout: Duration) -> wire::Subtypes {
    wire::Subtypes {
        of: wanted.of.clone(),
        method: wanted.method.as_ref().map(|method| (method.name.clone(), method.parameters)),
        limit: wanted.limit as u64,
        verify_timeout_ms: u64::try_from(verify_timeout.as_millis()).unwrap_or(u64::MAX),
    }
}

pub(crate) fn to_subtypes(wanted: wire::Subtypes) -> (Subtypes, Duration) {
    let method = wanted.method.map(|(name, parameters)| MethodShape { name, parameters });
    let limit = count(wanted.limit);
    (Subtypes { of: wanted.of, method, limit }, Duration::from_millis(wanted.verify_timeout_ms))
}

/// `coverage` is that of what the asker sees.
pub(crate) fn from_answer(answer: Answer, coverage: Coverage) -> wire::Answer {
    let hit = |(symbol, score): (Symbol, Score)| wire::Hit {
        symbol: from_symbol(symbol),
        score: score.get(),
    };
    wire::Answer {
        hits: answer.hits.into_iter().map(hit).collect(),
        total: answer.total.counted(),
        total_is_exact: answer.total.is_exact(),
        cut: answer.cut,
        revision: answer.revision,
        ready_shards: coverage.ready as u64,
        shards: coverage.total as u64,
        pending: answer.pending as u64,
    }
}

pub(crate) fn to_answer(answer: wire::Answer) -> Result<Answer, Nonsense> {
    let hit = |hit: wire::Hit| Ok((to_symbol(hit.symbol)?, Score::from_number(hit.score)));
    let total = if answer.total_is_exact { Total::Exactly } else { Total::AtLeast };
    Ok(Answer {
        hits: answer.hits.into_iter().map(hit).collect::<Result<_, _>>()?,
        total: total(answer.total),
        cut: answer.cut,
        revision: answer.revision,
        coverage: Coverage { ready: count(answer.ready_shards), total: count(answer.shards) },
        pending: count(answer.pending),
    })
}

pub(crate) fn from_symbol(symbol: Symbol) -> wire::Symbol {
    wire::Symbol {
        name: symbol.name,
        kind: symbol.kind as u8,
        container: symbol.container,
        package: symbol.package,
        file: symbol.file.into(),
        line: symbol.line,
        character: symbol.character,
        signature: symbol.signature,
        modifiers: symbol.modifiers.to_bits(),
        local: symbol.local,
    }
}

pub(crate) fn to_symbol(symbol: wire::Symbol) -> Result<Symbol, Nonsense> {
    Ok(Symbol {
        name: symbol.name,
        kind: to_kind(symbol.kind)?,
        container: symbol.container,
        package: symbol.package,
        file: symbol.file.into(),
        line: symbol.line,
        character: symbol.character,
        signature: symbol.signature,
        modifiers: Modifiers::from_bits(symbol.modifiers)
            .ok_or(Nonsense("list of modifiers", symbol.modifiers))?,
        local: symbol.local,
    })
}

pub(crate) fn from_change(change: TextChange) -> wire::TextChange {
    let at = |Position { line, character }| TextPosition { line, character };
    let range = change.range.map(|(start, end)| [at(start), at(end)]);
    wire::TextChange { range, text: change.text }
}

pub(crate) fn to_change(change: wire::TextChange) -> TextChange {
    let at = |TextPosition { line, character }| Position { line, character };
    let range = change.range.map(|[start, end]| (at(start), at(end)));
    TextChange { range, text: change.text }
}

pub(crate) fn from_explanation(explanation: PathExplanation) -> wire::PathExplanation {
    let verdict = match explanation.verdict {
        Verdict::Indexed(file) => wire::Verdict::Indexed(wire::IndexedFile {
            package: file.package,
            source_root: file.source_root.into(),
            shard: file.shard.0,
            symbols: file.symbols,
            types: file.types,
            source_bytes: file.source_bytes,
            latin1: file.flags.latin1,
            via_tree: file.flags.via_tree,
            doubtful: file.flags.doubtful,
        }),
        Verdict::Folder(contents) => wire::Verdict::Folder(wire::FolderContents {
            files: contents.files,
            symbols: contents.symbols,
            skipped: contents.skipped.into_iter().map(from_skipped).collect(),
            example: contents.example.map(|example| example.path.into()),
        }),
        Verdict::Skipped(skipped) => wire::Verdict::Skipped(from_skipped(skipped)),
        Verdict::Quarantined(quarantined) => wire::Verdict::Quarantined(wire::Quarantined {
            path: quarantined.path.into(),
            reason: quarantined.reason,
            content_hash: quarantined.content_hash,
        }),
        Verdict::LeftOut(LeftOut { path, cause: Cause::Hidden }) => {
            wire::Verdict::Hidden { path: path.into() }
        }
        Verdict::LeftOut(LeftOut { path, cause: Cause::Rule(rule) }) => wire::Verdict::Ignored {
            path: path.into(),
            glob: rule.glob,
            file: rule.file.into(),
            line: rule.line.map(|line| line as u64),
        },
        Verdict::Link { link, target } => {
            wire::Verdict::Link { link: link.into(), target: target.map(Bytes::from) }
        }
        Verdict::NotAFile => wire::Verdict::NotAFile,
        Verdict::NotJava => wire::Verdict::NotJava,
        Verdict::Missing { elsewhere } => {
            wire::Verdict::Missing { elsewhere: elsewhere.into_iter().map(Bytes::from).collect() }
        }
        Verdict::OutsideRoots => wire::Verdict::OutsideRoots,
        Verdict::ArchiveNotRoot { archive } => {
            wire::Verdict::ArchiveNotRoot { archive: archive.into() }
        }
        Verdict::ShardFailed(failed) => wire::Verdict::ShardFailed(from_failed(failed)),
        Verdict::NotSeenYet => wire::Verdict::NotSeenYet,
    };
    wire::PathExplanation { path: explanation.path.into(), verdict }
}

/// With the path of a file that is to be explained in a folder's place.
pub(crate) fn to_explanation(
    explanation: wire::PathExplanation,
) -> (PathExplanation, Option<Bytes>) {
    let mut example = None;
    let verdict = match explanation.verdict {
        wire::Verdict::Indexed(file) => Verdict::Indexed(IndexedFile {
            package: file.package,
            source_root: file.source_root.into(),
            shard: ShardId(file.shard),
            symbols: file.symbols,
            types: file.types,
            source_bytes: file.source_bytes,
            flags: FileFlags {
                latin1: file.latin1,
                via_tree: file.via_tree,
                doubtful: file.doubtful,
                skipped: false,
            },
        }),
        wire::Verdict::Folder(contents) => {
            example = contents.example;
            Verdict::Folder(FolderContents {
                files: contents.files,
                symbols: contents.symbols,
                skipped: contents.skipped.into_iter().map(to_skipped).collect(),
                example: None,
            })
        }
        wire::Verdict::Skipped(skipped) => Verdict::Skipped(to_skipped(skipped)),
        wire::Verdict::Quarantined(quarantined) => Verdict::Quarantined(Quarantined {
            path: quarantined.path.into(),
            reason: quarantined.reason,
            content_hash: quarantined.content_hash,
        }),
        wire::Verdict::Hidden { path } => {
            Verdict::LeftOut(LeftOut { path: path.into(), cause: Cause::Hidden })
        }
        wire::Verdict::Ignored { path, glob, file, line } => {
            let line = line.and_then(|line| usize::try_from(line).ok());
            let cause = Cause::Rule(Rule { glob, file: file.into(), line });
            Verdict::LeftOut(LeftOut { path: path.into(), cause })
        }
        wire::Verdict::Link { link, target } => {
            Verdict::Link { link: link.into(), target: target.map(Vec::from) }
        }
        wire::Verdict::NotAFile => Verdict::NotAFile,
        wire::Verdict::NotJava => Verdict::NotJava,
        wire::Verdict::Missing { elsewhere } => {
            Verdict::Missing { elsewhere: elsewhere.into_iter().map(Vec::from).collect() }
        }
        wire::Verdict::OutsideRoots => Verdict::OutsideRoots,
        wire::Verdict::ArchiveNotRoot { archive } => {
            Verdict::ArchiveNotRoot { archive: archive.into() }
        }
        wire::Verdict::ShardFailed(failed) => Verdict::ShardFailed(to_failed(failed)),
        wire::Verdict::NotSeenYet => Verdict::NotSeenYet,
    };
    (PathExplanation { path: explanation.path.into(), verdict }, example)
}

fn from_skipped(skipped: Skipped) -> wire::Skipped {
    wire::Skipped { path: skipped.path.into(), reason: skipped.reason }
}

fn to_skipped(skipped: wire::Skipped) -> Skipped {
    Skipped { path: skipped.path.into(), reason: skipped.reason }
}

fn from_failed(failed: FailedShard) -> wire::FailedShard {
    wire::FailedShard { shard: failed.shard.0, reason: failed.reason }
}

fn to_failed(failed: wire::FailedShard) -> FailedShard {
    FailedShard { shard: ShardId(failed.shard), reason: failed.reason }
}

fn to_kind(number: u8) -> Result<Kind, Nonsense> {
    Kind::from_u8(number).ok_or(Nonsense("kind", number.into()))
}

fn bytes(path: &[u8]) -> Bytes {
    Bytes::copy_from_slice(path)
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(kind: u8, modifiers: u64) -> wire::Symbol {
        wire::Symbol {
            name: "A".to_owned(),
            kind,
            container: String::new(),
            package: "p".to_owned(),
            file: Bytes::from_static(b"/w/\xff.java"),
            line: 1,
            character: 2,
            signature: "A".to_owned(),
            modifiers,
            local: true,
        }
    }

    #[test]
    fn a_symbol_comes_back_as_it_was_and_one_that_cannot_be_is_refused() {
        let sent = symbol(Kind::Record as u8, 1);
        assert_eq!(from_symbol(to_symbol(sent.clone()).unwrap()), sent);
        assert_eq!(to_symbol(symbol(99, 1)), Err(Nonsense("kind", 99)));
        let bits = u64::MAX;
        assert_eq!(to_symbol(symbol(0, bits)), Err(Nonsense("list of modifiers", bits)));
    }

    #[test]
    fn more_failures_than_shards_are_refused() {
        let failed = wire::FailedShard { shard: 1, reason: String::new() };
        let report = wire::IndexReport { failed: vec![failed], ..wire::IndexReport::default() };
        assert!(to_report(report).is_err());
    }
}
