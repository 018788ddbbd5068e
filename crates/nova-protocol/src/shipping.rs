//! What goes to and from a worker that does not share the router's disk: texts by their hash, and the index
//! of a shard in pieces.
//!
//! ```text
//!  router                                      worker
//!    │ BuildIndex: a manifest ────────────────▶ │
//!    │ ◀─────────────── Lacking: some positions │   unless it has all texts
//!    │ StoreTexts: pieces of these ───────────▶ │   several at a time
//!    │ BuildIndex: the same manifest ─────────▶ │
//!    │ ◀──────────────────── Built: its length  │
//!    │ FetchIndex: from an offset on ─────────▶ │   several at a time
//!    │ ◀─────────────────────────────── a piece │
//! ```
//!
//! Whatever is lost on the way, the router asks again, and what has arrived stays.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::message::{FileStamp, SourceFile};

/// A piece of a text or of an index, before it is packed.
pub const PIECE_BYTES_MAX: usize = 256 * 1024;

/// Build a shard's index from texts that the worker keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildIndex {
    /// The shard's number.
    pub shard: u32,
    /// What the index must carry as its identity.
    pub identity: [u8; 16],
    /// When the router began to read the files, in nanoseconds since 1970.
    pub read_at_ns: i64,
    /// The names of the source roots in the layout; files refer to them by position.
    #[serde(with = "crate::bounded")]
    pub roots: Vec<Bytes>,
    /// The files to scan.
    #[serde(with = "crate::bounded")]
    pub files: Vec<ManifestFile>,
}

/// A file by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// The file.
    pub file: SourceFile,
    /// What `stat` said of it when it was read.
    pub stamp: FileStamp,
    /// The BLAKE3 hash of its bytes.
    pub content_hash: [u8; 32],
}

/// What became of [`BuildIndex`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum IndexBuilt {
    /// These of its files the worker has no text of, by their positions, which ascend.
    Lacking(#[serde(with = "crate::bounded")] Vec<u32>),
    /// The index is there to be fetched.
    Built {
        /// What the worker calls it.
        index: u64,
        /// Its length in bytes.
        index_bytes: u64,
    },
}

/// Keep these texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreTexts {
    /// Pieces of texts. Those of one text come in their order, in one message or in several.
    #[serde(with = "crate::bounded")]
    pub pieces: Vec<TextPiece>,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextPiece {
    /// The BLAKE3 hash of the whole text.
    pub content_hash: [u8; 32],
    /// The length of the whole text.
    pub text_bytes: u64,
    /// Where the piece begins in it.
    pub offset: u64,
    /// What it is.
    pub piece: Packed,
}

/// At most [`PIECE_BYTES_MAX`] bytes, as one LZ4 block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    /// How many bytes it unpacks to.
    pub unpacked_bytes: u32,
    /// The block (the LZ4 block format, without a frame).
    pub block: Bytes,
}

/// A piece of an index that was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchIndex {
    /// What the worker called it.
    pub index: u64,
    /// Where the piece begins. It is as long as a piece may be, or ends with the index.
    pub offset: u64,
}
