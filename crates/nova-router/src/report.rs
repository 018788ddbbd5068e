//! What a run tells its caller: numbers, and what went wrong with which file or shard.

use std::time::Duration;

use nova_index::{Digest, ShardId};
use nova_protocol::frontend::Look;
use nova_protocol::frontend::WorkerStatus;
use nova_syntax::declarations::{Kind, Modifiers};

/// A file or folder that is not in the index, or that there is something to say about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Absolute path, as bytes.
    pub path: Vec<u8>,
    /// Why, as a fragment.
    pub reason: String,
}

/// A file that broke a worker and is not tried again until it holds something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Absolute path, as bytes.
    pub path: Vec<u8>,
    /// What it did, as a fragment.
    pub reason: String,
    /// The BLAKE3 hash of the content that did it, in hexadecimal digits.
    pub content_hash: String,
}

/// A shard that could not be brought up to date; what it had before is still served, without the
/// files that changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedShard {
    /// The shard.
    pub shard: ShardId,
    /// What went wrong, as a fragment.
    pub reason: String,
}

/// How an index run went.
#[derive(Debug, Clone)]
pub struct IndexReport {
    /// How thoroughly the disk was looked at.
    pub look: Look,
    /// Shards that hold files of the workspace.
    pub shards: usize,
    /// Worker processes that took part in this run.
    pub workers: usize,
    /// What those that are still there say of themselves, by name.
    pub worker_stats: Vec<WorkerStatus>,
    /// Time from the start to the published view.
    pub elapsed: Duration,
    /// Files whose text was scanned in this run.
    pub rescanned_files: u64,
    /// Files that the published view shows, skipped ones included.
    pub files: u64,
    /// Files that are not in the index, by path.
    pub skipped: Vec<Skipped>,
    /// Shards that are not up to date.
    pub failed: Vec<FailedShard>,
    /// The revision of the published view.
    pub revision: u64,
    /// Why no run could be made, if none could: the view is that of the cache then.
    pub out_of_date: Option<String>,
}

/// That of no run.
impl Default for IndexReport {
    fn default() -> Self {
        Self {
            look: Look::AtEverything,
            shards: 0,
            files: 0,
            workers: 0,
            worker_stats: Vec::new(),
            elapsed: Duration::ZERO,
            out_of_date: None,
            rescanned_files: 0,
            skipped: Vec::new(),
            failed: Vec::new(),
            revision: 0,
        }
    }
}

/// What the published view holds, counted.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// Files, without the skipped ones.
    pub files: u64,
    /// Symbols, packages included.
    pub symbols: u64,
    /// Size of the files' source.
    pub source_bytes: u64,
    /// Size of the shard files.
    pub index_bytes: u64,
    /// Size of the dictionary that queries go by.
    pub dictionary_bytes: u64,
    /// Files with something to say about them (read as ISO-8859-1), by path.
    pub notes: Vec<Skipped>,
    /// One value for all files' paths below their ROOTs and what was found in them.
    pub digest: Digest,
}

/// Counts of a run in progress, for a progress bar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Source bytes to scan; zero until the tree has been walked.
    pub bytes_total: u64,
    /// Source bytes scanned.
    pub bytes_done: u64,
    /// Files to scan.
    pub files_total: u64,
    /// Files scanned.
    pub files_done: u64,
    /// Shards that there are, as far as it is known.
    pub shards_total: u64,
    /// Shards that can be searched.
    pub shards_shown: u64,
}

/// The state of a workspace's cache, as far as it can be told without a walk of the tree.
#[derive(Debug, Clone)]
pub struct Status {
    /// The cache folder.
    pub cache: std::path::PathBuf,
    /// The folder that root names are relative to.
    pub base: std::path::PathBuf,
    /// The source roots with their shards.
    pub roots: Vec<(Vec<u8>, Vec<ShardId>)>,
    /// The shards.
    pub shards: Vec<ShardStatus>,
    /// Symbols of all of them, packages included.
    pub symbols: u64,
    /// Files that are known and not in the index, without the quarantined ones.
    pub skipped: Vec<Skipped>,
    /// Files that broke a worker, the earliest first.
    pub quarantined: Vec<Quarantined>,
}

/// The state of one shard.
#[derive(Debug, Clone)]
pub struct ShardStatus {
    /// The shard.
    pub shard: ShardId,
    /// Its file, or why it must be built again.
    pub state: Result<ShardFacts, String>,
}

/// What a readable shard file holds.
#[derive(Debug, Clone)]
pub struct ShardFacts {
    /// Files in it, without the skipped ones.
    pub files: u64,
    /// Symbols in it, without the packages, which it may share with others.
    pub symbols: u64,
    /// Size of its source.
    pub source_bytes: u64,
    /// Size of its file.
    pub index_bytes: u64,
    /// Its digest.
    pub digest: Digest,
}

/// One symbol, spelled out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// The declared name.
    pub name: String,
    /// What is declared.
    pub kind: Kind,
    /// The enclosing named types, joined by dots; empty for a top-level symbol.
    pub container: String,
    /// The package; empty for the unnamed one.
    pub package: String,
    /// The absolute path of the file, as bytes; in an archive `/w/src.zip!/a/A.java`.
    pub file: Vec<u8>,
    /// Line of the name, from zero.
    pub line: u32,
    /// Column of the name in UTF-16 units, from zero.
    pub character: u32,
    /// The signature as written.
    pub signature: String,
    /// The modifiers as written, then `deprecated`.
    pub modifiers: Modifiers,
    /// Whether it is declared inside a body, or is a member of such a type.
    pub local: bool,
}

impl Symbol {
    /// Package and enclosing types, with dots between; nothing for a package or a module, whose name says it all.
    pub fn around(&self) -> String {
        match (self.kind, self.package.as_str(), self.container.as_str()) {
            (Kind::Package | Kind::Module, ..) => String::new(),
            (_, package, "") => package.to_owned(),
            (_, "", container) => container.to_owned(),
            (_, package, container) => format!("{package}.{container}"),
        }
    }

    /// The same with its name.
    pub fn full_name(&self) -> String {
        let around = self.around();
        let dot = if around.is_empty() { "" } else { "." };
        format!("{around}{dot}{}", self.name)
    }
}
