//! The requests that a frontend makes of a router, and the answers.
//!
//! A frontend that connects has a session of its own, which begins with [`Request::OpenSession`]. Paths
//! are bytes and absolute; kinds, modifiers, scores and digests are the numbers that `nova-syntax` and
//! `nova-index` give them, and whoever reads one checks it. Alternatives are only ever appended.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::dialogue::Dialogue;
use crate::inspection::{Inspected, Inspection, NameInText};
use crate::message::WorkerStats;
use crate::place::TextPosition;

/// What a frontend asks its router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrontendDialogue;

impl Dialogue for FrontendDialogue {
    type Request = Request;
    type Response = Response;
    type Progress = Progress;

    fn is_answered_by(request: &Request, response: &Response) -> bool {
        if let (Request::Inspect(request), Response::Inspect(inspected)) = (request, response) {
            return request.inspection.is_answered_by(inspected);
        }
        matches!(
            (request, response),
            (Request::OpenSession(_), Response::OpenSession(_))
                | (Request::CatchUp(_), Response::CatchUp(_))
                | (Request::Count, Response::Count(_))
                | (Request::Search(_), Response::Search(_))
                | (Request::ExplainPath(_), Response::ExplainPath(_))
                | (Request::Export(_), Response::Export(_))
                | (Request::Status, Response::Status(_))
                | (Request::OpenDocument(_), Response::OpenDocument)
                | (Request::ChangeDocument(_), Response::ChangeDocument)
                | (Request::SaveDocument(_), Response::SaveDocument)
                | (Request::CloseDocument(_), Response::CloseDocument)
                | (Request::Define(_), Response::Define(_))
                | (Request::Subtypes(_), Response::Subtypes(_))
        )
    }
}

/// A question of a frontend. Each is answered by the [`Response`] of the same name or by a
/// [`RequestError`](crate::message::RequestError).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Say which ROOTs the session is about. Comes first, and once.
    OpenSession(OpenSession),
    /// Bring the index into line with the disk as it is now.
    CatchUp(CatchUp),
    /// Count what there is.
    Count,
    /// The best symbols for a query.
    Search(Search),
    /// Why a path is in the index, or why not.
    ExplainPath(Bytes),
    /// The next part of all symbols.
    Export(Export),
    /// How the router is doing. Needs no session.
    Status,
    /// Show this session a text instead of a file's, until it is closed.
    OpenDocument(OpenDocument),
    /// Change such a text.
    ChangeDocument(ChangeDocument),
    /// A file was saved: everybody is to see what the disk has. Its absolute path.
    SaveDocument(Bytes),
    /// Show this session the file again. Its absolute path.
    CloseDocument(Bytes),
    /// Answer a question about a text as this session sees it.
    Inspect(Inspect),
    /// What the name at a place may mean.
    Define(Define),
    /// What is declared below some types.
    Subtypes(Subtypes),
}

/// An answer of the router.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// See [`Request::OpenSession`].
    OpenSession(SessionOpened),
    /// See [`Request::CatchUp`].
    CatchUp(IndexReport),
    /// See [`Request::Count`].
    Count(Contents),
    /// See [`Request::Search`].
    Search(Answer),
    /// See [`Request::ExplainPath`].
    ExplainPath(PathExplanation),
    /// See [`Request::Export`].
    Export(ExportPart),
    /// See [`Request::Status`].
    Status(RouterStatus),
    /// See [`Request::OpenDocument`].
    OpenDocument,
    /// See [`Request::ChangeDocument`].
    ChangeDocument,
    /// See [`Request::SaveDocument`].
    SaveDocument,
    /// See [`Request::CloseDocument`].
    CloseDocument,
    /// See [`Request::Inspect`].
    Inspect(Inspected),
    /// See [`Request::Define`].
    Define(Defined),
    /// See [`Request::Subtypes`].
    Subtypes(Answer),
}

/// What the router tells ahead of [`Response::CatchUp`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Files to scan; zero until the tree has been walked.
    pub files_total: u64,
    /// Files scanned.
    pub files_done: u64,
    /// Source bytes to scan.
    pub bytes_total: u64,
    /// Source bytes scanned.
    pub bytes_done: u64,
    /// Shards that there are.
    pub shards_total: u64,
    /// Shards that are shown.
    pub shards_shown: u64,
}

/// See [`Request::OpenSession`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSession {
    /// The folders and archives, by their real paths.
    #[serde(with = "crate::bounded")]
    pub roots: Vec<Root>,
    /// Whether `.gitignore` and its like are to be heeded.
    pub heed_ignore_files: bool,
    /// Folders where they are not, by their paths below any folder, in order.
    #[serde(with = "crate::bounded")]
    pub included: Vec<Bytes>,
    /// Larger files are to be skipped.
    pub file_bytes_max: u64,
    /// Larger source roots are to be sliced.
    pub shard_bytes_max: u64,
}

/// A ROOT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// Its real path.
    pub path: Bytes,
    /// Whether it is an archive.
    pub is_archive: bool,
}

/// See [`Response::OpenSession`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionOpened {
    /// The session is there.
    Opened,
    /// The router serves another set of files: says which part of the request it cannot do.
    NotServed(String),
}

/// See [`Request::CatchUp`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchUp {
    /// How thoroughly to look at the disk.
    pub look: Look,
}

/// How thoroughly a router looks at the disk before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Look {
    /// Not at all, if it ever did: the answer tells how the last look went.
    AtNothing,
    /// At what has changed, if there is a watcher that has missed nothing; else at everything.
    AtChanges,
    /// At every file.
    AtEverything,
}

/// How an index run went, as far as the session's ROOTs are concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexReport {
    /// Shards that hold files of the session.
    pub shards: u64,
    /// Worker processes that took part.
    pub workers: u64,
    /// What they say of themselves, by name.
    #[serde(with = "crate::bounded")]
    pub worker_stats: Vec<WorkerStatus>,
    /// How long it took, in microseconds.
    pub elapsed_us: u64,
    /// Files whose text was scanned, of all that the router serves.
    pub rescanned_files: u64,
    /// Files that the view shows, skipped ones included.
    pub files: u64,
    /// Files that are not in the index.
    #[serde(with = "crate::bounded")]
    pub skipped: Vec<Skipped>,
    /// Shards that are not up to date.
    #[serde(with = "crate::bounded")]
    pub failed: Vec<FailedShard>,
    /// The revision of the published view.
    pub revision: u64,
}

/// A file or folder, and a remark on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Its path.
    pub path: Bytes,
    /// The remark, as a fragment.
    pub reason: String,
}

/// A file that breaks workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Its path.
    pub path: Bytes,
    /// What it did, as a fragment.
    pub reason: String,
    /// The hash of the content that did it, in hexadecimal digits.
    pub content_hash: String,
}

/// A shard that could not be brought up to date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedShard {
    /// Its number.
    pub shard: u32,
    /// What went wrong, as a fragment.
    pub reason: String,
}

/// What the session's view holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Files, without the skipped ones.
    pub files: u64,
    /// Symbols, packages included.
    pub symbols: u64,
    /// Size of the files' source.
    pub source_bytes: u64,
    /// Size of the shard files.
    pub index_bytes: u64,
    /// Size of the dictionary.
    pub dictionary_bytes: u64,
    /// Files with something to say about them.
    #[serde(with = "crate::bounded")]
    pub notes: Vec<Skipped>,
    /// One value for all files' paths and what was found in them.
    pub digest: u128,
}

/// See [`Request::Search`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// What was typed.
    pub text: String,
    /// The kinds that are wanted; none for all.
    #[serde(with = "crate::bounded")]
    pub kinds: Vec<u8>,
    /// Leave the filters out.
    pub unfiltered: bool,
    /// How many hits are wanted.
    pub limit: u64,
    /// The file that the asker has before them.
    pub near: Option<Bytes>,
    /// How long the files of the hits may take to be verified.
    pub verify_timeout_ms: u64,
}

/// See [`Response::Search`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The best first.
    #[serde(with = "crate::bounded")]
    pub hits: Vec<Hit>,
    /// How many symbols match.
    pub total: u64,
    /// Whether they were all counted.
    pub total_is_exact: bool,
    /// Whether there are more than the hits.
    pub cut: bool,
    /// The view that the query ran on.
    pub revision: u64,
    /// Shards that are up to date in it.
    pub ready_shards: u64,
    /// Shards that there are.
    pub shards: u64,
    /// Files whose hits were left out, as they are changing.
    pub pending: u64,
}

/// A symbol that matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The symbol.
    pub symbol: Symbol,
    /// How well it matches.
    pub score: u32,
}

/// One symbol, spelled out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symbol {
    /// The declared name.
    pub name: String,
    /// What is declared.
    pub kind: u8,
    /// The enclosing named types.
    pub container: String,
    /// The package.
    pub package: String,
    /// The file.
    pub file: Bytes,
    /// Line of the name, from zero.
    pub line: u32,
    /// Column of the name in UTF-16 units, from zero.
    pub character: u32,
    /// The signature as written.
    pub signature: String,
    /// The modifiers, packed.
    pub modifiers: u64,
    /// Whether it is declared inside a body.
    pub local: bool,
}

/// See [`Request::Export`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// Begin anew, with the view as it is now; else go on where the part before ended.
    pub begin: bool,
}

/// See [`Response::Export`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportPart {
    /// The symbols, in their order.
    #[serde(with = "crate::bounded")]
    pub symbols: Vec<Symbol>,
    /// Whether these are the last.
    pub is_last: bool,
}

/// See [`Response::Status`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterStatus {
    /// The router's process.
    pub pid: u32,
    /// When it began to listen, in milliseconds since 1970.
    pub since_ms: u64,
    /// The version of its program.
    pub product_version: String,
    /// Frontends that are connected, whoever asks included.
    pub frontends: u64,
    /// The revision of the published view.
    pub revision: u64,
    /// How changes of the disk come to be known.
    pub watching: Watching,
    /// Files that changed on the disk and are not in their shards yet.
    pub unfolded_files: u64,
    /// The workers that are there.
    #[serde(with = "crate::bounded")]
    pub workers: Vec<WorkerStatus>,
}

/// A worker as its router sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerStatus {
    /// What it is called.
    pub name: String,
    /// Where it is, if it does not share the router's disk.
    pub address: Option<String>,
    /// The shards that it has in hand.
    #[serde(with = "crate::bounded")]
    pub shards: Vec<u32>,
    /// Source bytes of the shards that it was given and has done.
    pub bytes_done: u64,
    /// How long it took for these, in milliseconds; several at a time count each for itself.
    pub busy_ms: u64,
    /// Why it did not do the last shard that it did not do.
    pub last_error: Option<String>,
    /// What it says of itself.
    pub stats: WorkerStats,
}

/// How a router comes to know of changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Watching {
    /// Only by looking when somebody asks.
    #[default]
    Nothing,
    /// The system tells.
    Events,
    /// It looks at everything again and again, for this reason.
    Polling(String),
}

/// See [`Response::ExplainPath`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathExplanation {
    /// The path, without links.
    pub path: Bytes,
    /// Whether it is in the index, or why not.
    pub verdict: Verdict,
}

/// Whether a path is in the index, or why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// A file that is.
    Indexed(IndexedFile),
    /// A folder or an archive that was looked through.
    Folder(FolderContents),
    /// It could not be read or is beyond a bound.
    Skipped(Skipped),
    /// Its name, or that of a folder around it, begins with a dot.
    Hidden {
        /// What is passed over.
        path: Bytes,
    },
    /// A rule leaves it out.
    Ignored {
        /// What is passed over.
        path: Bytes,
        /// The rule as written.
        glob: String,
        /// The file that the rule stands in.
        file: Bytes,
        /// Its line there, from one.
        line: Option<u64>,
    },
    /// A link, or what is only reached through one.
    Link {
        /// The link.
        link: Bytes,
        /// Where the path leads.
        target: Option<Bytes>,
    },
    /// Neither a folder nor a regular file.
    NotAFile,
    /// A file whose name does not end in `.java`.
    NotJava,
    /// There is nothing of that name.
    Missing {
        /// Some files of the same name that are in the index.
        #[serde(with = "crate::bounded")]
        elsewhere: Vec<Bytes>,
    },
    /// It is under none of the ROOTs.
    OutsideRoots,
    /// It is an archive, or in one, that is not a ROOT itself.
    ArchiveNotRoot {
        /// The archive.
        archive: Bytes,
    },
    /// The shard that it belongs to could not be brought up to date.
    ShardFailed(FailedShard),
    /// It has come since the index run looked.
    NotSeenYet,
    /// It breaks workers, and is not read.
    Quarantined(Quarantined),
}

/// A file that is in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexedFile {
    /// Its package.
    pub package: Option<String>,
    /// Its source root.
    pub source_root: Bytes,
    /// The shard that it is in.
    pub shard: u32,
    /// How many symbols it declares.
    pub symbols: u64,
    /// Its top-level types.
    #[serde(with = "crate::bounded")]
    pub types: Vec<String>,
    /// How many bytes were read.
    pub source_bytes: u64,
    /// Whether it was taken for ISO-8859-1.
    pub latin1: bool,
    /// Whether its declarations come from the tree.
    pub via_tree: bool,
    /// Whether the scanner was not sure of them.
    pub doubtful: bool,
}

/// What there is in a folder that was looked through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderContents {
    /// Files below it that are in the index.
    pub files: u64,
    /// Symbols in them.
    pub symbols: u64,
    /// Files and folders below it that are not.
    #[serde(with = "crate::bounded")]
    pub skipped: Vec<Skipped>,
    /// Where there is neither, the first Java file below it; to be asked about in turn.
    pub example: Option<Bytes>,
}

/// See [`Request::Inspect`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspect {
    /// The file: absolute path.
    pub path: Bytes,
    /// What is asked.
    pub inspection: Inspection,
}

/// See [`Request::Define`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Define {
    /// The file: absolute path.
    pub path: Bytes,
    /// Where the name stands.
    pub at: TextPosition,
    /// How long the files of the candidates may take to be verified.
    pub verify_timeout_ms: u64,
}

/// See [`Response::Define`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defined {
    /// The name; none if no name stands there.
    pub name: Option<Box<NameInText>>,
    /// What it may be, the likeliest first.
    #[serde(with = "crate::bounded")]
    pub candidates: Vec<Symbol>,
    /// What speaks for them: the greater, the more.
    pub certainty: u8,
    /// How many others bear the name.
    pub others: u64,
    /// Types that this workspace does not have, and whose members are meant rather than these.
    #[serde(with = "crate::bounded")]
    pub elsewhere: Vec<TypeInText>,
}

/// A type as a text names it, whose members others may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeInText {
    /// Which of the types around the place has them, counted from the innermost.
    pub heir: u32,
    /// Whether it is a class by where it is named. What classes declare counts more than what interfaces do.
    pub is_class: bool,
    /// The full names that it may have, what counts most first: the first that there is a type of is the one.
    #[serde(with = "crate::bounded")]
    pub meanings: Vec<String>,
}

/// See [`Request::Subtypes`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subtypes {
    /// The full names of the types.
    #[serde(with = "crate::bounded")]
    pub of: Vec<String>,
    /// A method of theirs, if it is asked what declares it anew: its name, and how many parameters it has.
    pub method: Option<(String, u32)>,
    /// How many are wanted.
    pub limit: u64,
    /// How long the files of what is found may take to be verified.
    pub verify_timeout_ms: u64,
}

/// See [`Request::OpenDocument`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDocument {
    /// The file: absolute path.
    pub path: Bytes,
    /// Greater for newer text, for as long as the document is open.
    pub version: i64,
    /// The whole text.
    pub text: String,
}

/// See [`Request::ChangeDocument`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeDocument {
    /// The file: absolute path.
    pub path: Bytes,
    /// Of the text after these changes.
    pub version: i64,
    /// Each speaks of the text that the one before left.
    #[serde(with = "crate::bounded")]
    pub changes: Vec<TextChange>,
}

/// One change of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextChange {
    /// What is replaced, from the first position up to the second; none for the whole text.
    pub range: Option<[TextPosition; 2]>,
    /// What takes its place.
    pub text: String,
}
