//! The requests that a router makes of a worker, and the answers.
//!
//! Paths are bytes: what a file system names need not be UTF-8. A shard index appears here only as a
//! path to its file or as the very bytes of it; this crate cannot read one. Lists are bounded by
//! [`LIST_ITEMS_MAX`](crate::limits::LIST_ITEMS_MAX).

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::dialogue::Dialogue;
use crate::inspection::{InspectFile, Inspected};
use crate::shipping::{BuildIndex, FetchIndex, IndexBuilt, Packed, StoreTexts};

/// A question of the router. Each is answered by the [`Response`] of the same name or by a
/// [`RequestError`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Build a shard's index and write it to a file.
    IndexShard(IndexShard),
    /// Scan one file and answer with the index of that file alone.
    UpdateFile(UpdateFile),
    /// Take the text of open files into memory: a restarted worker's way back.
    LoadFiles(LoadFiles),
    /// Forget open files.
    UnloadFiles(UnloadFiles),
    /// How the worker is doing.
    GetWorkerStats,
    /// Build a shard's index from texts that the worker keeps.
    BuildIndex(BuildIndex),
    /// Keep texts.
    StoreTexts(StoreTexts),
    /// Answer with a piece of an index that was built.
    FetchIndex(FetchIndex),
    /// Answer a question about one text.
    InspectFile(InspectFile),
}

/// An answer of the worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// See [`Request::IndexShard`].
    IndexShard(ShardIndexed),
    /// See [`Request::UpdateFile`].
    UpdateFile(FileUpdated),
    /// See [`Request::LoadFiles`].
    LoadFiles,
    /// See [`Request::UnloadFiles`].
    UnloadFiles,
    /// See [`Request::GetWorkerStats`].
    GetWorkerStats(WorkerStats),
    /// See [`Request::BuildIndex`].
    BuildIndex(IndexBuilt),
    /// See [`Request::StoreTexts`].
    StoreTexts,
    /// See [`Request::FetchIndex`].
    FetchIndex(Packed),
    /// See [`Request::InspectFile`].
    InspectFile(Inspected),
}

/// What a router asks its workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerDialogue;

impl Dialogue for WorkerDialogue {
    type Request = Request;
    type Response = Response;
    type Progress = Progress;

    fn is_answered_by(request: &Request, response: &Response) -> bool {
        if let (Request::InspectFile(request), Response::InspectFile(inspected)) =
            (request, response)
        {
            return request.inspection.is_answered_by(inspected);
        }
        matches!(
            (request, response),
            (Request::IndexShard(_), Response::IndexShard(_))
                | (Request::UpdateFile(_), Response::UpdateFile(_))
                | (Request::LoadFiles(_), Response::LoadFiles)
                | (Request::UnloadFiles(_), Response::UnloadFiles)
                | (Request::GetWorkerStats, Response::GetWorkerStats(_))
                | (Request::BuildIndex(_), Response::BuildIndex(_))
                | (Request::StoreTexts(_), Response::StoreTexts)
                | (Request::FetchIndex(_), Response::FetchIndex(_))
        )
    }
}

/// What a worker sends ahead of an answer that takes long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Files done so far, of those that the request listed.
    pub files: u64,
    /// Source bytes read so far.
    pub bytes: u64,
}

/// Why a request has no [`Response`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum RequestError {
    /// The asking side cancelled it.
    #[error("cancelled")]
    Cancelled,
    /// It took longer than the request allowed.
    #[error("its deadline passed")]
    DeadlineExceeded,
    /// The request cannot be meant so: the asking side's fault.
    #[error("the peer refused it: {0}")]
    Invalid(String),
    /// The answering side could not do it (disk full, no permission): says what and where.
    #[error("{0}")]
    Failed(String),
}

/// See [`Request::IndexShard`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexShard {
    /// The shard's number.
    pub shard: u32,
    /// What the index must carry as its identity.
    pub identity: [u8; 16],
    /// The file to write: a temporary name, which the router renames.
    pub output: Bytes,
    /// The file of an older index of this shard, with the same identity: its files are taken over,
    /// but for those listed below.
    pub base: Option<Bytes>,
    /// The files of `base` to leave out.
    #[serde(with = "crate::bounded")]
    pub dropped: Vec<SourceFile>,
    /// The source roots of the shard; files refer to them by position.
    #[serde(with = "crate::bounded")]
    pub roots: Vec<SourceRoot>,
    /// The files to read; they replace their rows of `base`.
    #[serde(with = "crate::bounded")]
    pub files: Vec<SourceFile>,
    /// Files to record as skipped, and not to read; they replace their rows of `base`.
    #[serde(with = "crate::bounded")]
    pub quarantined: Vec<QuarantinedFile>,
    /// How many threads may scan.
    pub threads: u16,
    /// A larger file is skipped and reported.
    pub file_bytes_max: u64,
    /// A file to note in which of `files` is in work, before each is read; one thread scans then. What is
    /// noted outlives the worker.
    pub record: Option<Bytes>,
}

/// A file that is known to break workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedFile {
    /// The file.
    pub file: SourceFile,
    /// What `stat` said of it when the router last looked at its content.
    pub stamp: FileStamp,
    /// The BLAKE3 hash of that content.
    pub content_hash: [u8; 32],
    /// What the index is to say of it.
    pub note: String,
}

/// What `stat` says of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    /// Length in bytes.
    pub size: u64,
    /// Time of the last change of content, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Time of the last change of content or metadata, in nanoseconds since 1970.
    pub ctime_ns: i64,
    /// The file's number in its file system.
    pub inode: u64,
}

/// A folder or a part of an archive from which package paths start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRoot {
    /// The root's name in the layout, which the index records.
    pub identity: Bytes,
    /// Where it is on this machine.
    pub location: Location,
}

/// Where a source root's files are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Location {
    /// A folder: absolute path.
    Folder(Bytes),
    /// Entries of a zip archive below a prefix (empty, or ending in `/`).
    Archive {
        /// The archive: absolute path.
        path: Bytes,
        /// The root inside it.
        prefix: Bytes,
    },
}

/// A file by its root and its path below that root, `/`-separated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Position in the request's list of roots.
    pub root: u32,
    /// The path below the root.
    pub path: Bytes,
}

/// See [`Response::IndexShard`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardIndexed {
    /// Length of the file written, in bytes.
    pub index_bytes: u64,
    /// Files whose text was scanned: neither taken over nor found unchanged by their content.
    pub rescanned_files: u64,
}

/// See [`Request::UpdateFile`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateFile {
    /// The shard that the file belongs to.
    pub shard: u32,
    /// What the file's index must carry as its identity.
    pub identity: [u8; 16],
    /// The file's source root.
    pub root: SourceRoot,
    /// The path below the root.
    pub path: Bytes,
    /// The frontend whose text it is: each has its own of a file.
    pub session: u64,
    /// The version of the text; a worker that knows a later one answers with the later one's.
    pub version: u64,
    /// The unsaved text, UTF-8; without one the file is read from the disk.
    pub text: Option<Bytes>,
    /// What `stat` said of the file, if the text is the one on the disk: a worker that is elsewhere cannot
    /// read it.
    pub stamp: Option<FileStamp>,
    /// A larger file is skipped and reported.
    pub file_bytes_max: u64,
}

/// See [`Response::UpdateFile`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileUpdated {
    /// The version of the text that was scanned.
    pub version: u64,
    /// A shard index that holds this file alone.
    pub index: Bytes,
}

/// See [`Request::LoadFiles`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadFiles {
    /// The open files.
    #[serde(with = "crate::bounded")]
    pub files: Vec<OpenFile>,
}

/// An open file's unsaved text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenFile {
    /// The frontend whose text it is.
    pub session: u64,
    /// The file: absolute path.
    pub path: Bytes,
    /// The version of the text.
    pub version: u64,
    /// The text, UTF-8.
    pub text: Bytes,
}

/// See [`Request::UnloadFiles`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnloadFiles {
    /// The frontend that has closed them.
    pub session: u64,
    /// Absolute paths.
    #[serde(with = "crate::bounded")]
    pub paths: Vec<Bytes>,
}

/// See [`Response::GetWorkerStats`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerStats {
    /// The worker's process.
    pub pid: u32,
    /// Time since it started, in milliseconds.
    pub uptime_ms: u64,
    /// Resident memory in bytes; zero where the platform does not tell.
    pub resident_bytes: u64,
    /// The most that `resident_bytes` has been.
    pub resident_bytes_peak: u64,
    /// Shard indexes built.
    pub shards_indexed: u64,
    /// Files scanned.
    pub files_scanned: u64,
    /// Source bytes scanned.
    pub bytes_scanned: u64,
    /// Requests being worked on.
    pub requests_in_flight: u32,
    /// Open files held in memory.
    pub open_files: u32,
    /// Cores that it may use.
    pub cores: u32,
    /// Memory that it may use, in bytes; zero where it does not know.
    pub memory_bytes: u64,
}
